"""CustomResourceDefinitions to modules."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kubeloop.codegen.crd import VERBS, read_crds
from kubeloop.codegen.model_files import emit_models
from kubeloop.codegen.schema import Kind, Module, SchemaError, SchemaField, Type
from kubeloop.codegen.target import Target
from kubeloop.meta import yaml

CRDS = Path(__file__).parents[2] / "support" / "crds"


def _read(name: str) -> dict[str, Module]:
    return read_crds(yaml.load_all((CRDS / name).read_bytes()), name)


def _definition(openapi: dict[str, Any] | None, **version: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": openapi}, **version}],
        },
    }


def _field(schema: dict[str, Any], *, required: bool = False) -> SchemaField:
    properties = {"type": "object", "properties": {"a": schema}, "required": ["a"] if required else []}
    module = read_crds([_definition({"type": "object", "properties": {"spec": properties}})], "test")["example_com_v1"]
    return module.structs["ThingSpec"].fields[0]


def test_each_served_version_is_a_module() -> None:
    assert sorted(_read("fleets.yaml")) == ["apps_example_com_v1", "apps_example_com_v1alpha1"]


def test_a_kind_has_its_list_and_resource() -> None:
    module = _read("certificates.yaml")["cert_manager_io_v1"]
    assert module.kinds["CertificateList"] == Kind(
        "CertificateList", "CertificateList", "cert-manager.io/v1", items="cert_manager_io_v1.Certificate"
    )
    items = next(field for field in module.structs["CertificateList"].fields if field.wire == "items")
    assert not items.omit_empty  # As in all lists of Kubernetes, an empty list is written, too.
    certificates = next(one for one in module.resources if one.plural == "certificates")
    assert (certificates.namespaced, certificates.status, certificates.verbs) == (True, True, VERBS)


PASSWORD = {"type": "string", "format": "password"}


@pytest.mark.parametrize(
    ("schema", "value", "shown"),
    [
        (PASSWORD, "hunter2", "<7 bytes>"),
        ({"type": "array", "items": PASSWORD}, ["hunter2"], "[<7 bytes>]"),
        ({"type": "object", "additionalProperties": PASSWORD}, {"x": "hunter2"}, "{'x': <7 bytes>}"),
        ({"type": "string"}, "public", "'public'"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"x": "public"}, "{'x': 'public'}"),
    ],
)
def test_fields_of_the_format_password_are_secrets(
    monkeypatch: pytest.MonkeyPatch, schema: dict[str, Any], value: Any, shown: str
) -> None:
    properties = {"spec": {"type": "object", "properties": {"a": schema}}}
    module = read_crds([_definition({"type": "object", "properties": properties})], "test")["example_com_v1"]
    models = ModuleType("example_com_v1")
    monkeypatch.setitem(sys.modules, models.__name__, models)
    exec(emit_models(module, Target("example", lambda _module: "# Generated.")), vars(models))
    spec = models.ThingSpec(a=value)
    assert repr(spec) == f"ThingSpec(a={shown})"
    assert spec.to_dict() == {"a": value}


def test_scale_and_scope_are_read() -> None:
    fleets = _read("fleets.yaml")["apps_example_com_v1"].resources[0]
    assert [sub.name for sub in fleets.subresources] == ["scale"]
    pools = _read("nodepools.yaml")["compute_example_com_v1beta1"].resources[0]
    assert (pools.namespaced, pools.status, list(pools.subresources)) == (False, False, [])


def test_a_list_kind_may_have_any_name() -> None:
    definition = _definition({"type": "object"})
    definition["spec"]["names"]["listKind"] = "Things"
    module = read_crds([definition], "test")["example_com_v1"]
    assert (module.model("Thing"), module.list_model("Thing")) == ("example_com_v1.Thing", "example_com_v1.Things")


def test_a_kind_that_python_has_something_against_keeps_its_name_on_the_wire() -> None:
    definition = _definition({"type": "object"})
    definition["spec"]["names"]["kind"] = "Sequence"
    module = read_crds([definition], "test")["example_com_v1"]
    assert module.model("Sequence") == "example_com_v1.Sequence_"
    assert module.kinds["SequenceList"].items == "example_com_v1.Sequence_"


def test_nested_objects_are_named_by_their_path() -> None:
    structs = _read("certificates.yaml")["cert_manager_io_v1"].structs
    assert {"CertificateSpecKeystoresPkcs12", "CertificateSpecSecretTemplate"} <= structs.keys()


def test_a_nested_name_that_a_kind_has_is_numbered() -> None:
    request = {"type": "object", "properties": {"a": {"type": "string"}}}
    first = _definition({"type": "object", "properties": {"list": request}})
    structs = read_crds([first], "test")["example_com_v1"].structs
    assert {"ThingList", "ThingList2"} <= structs.keys()


@pytest.mark.parametrize(
    ("schema", "required", "expected"),
    [
        ({"type": "string"}, True, Type("string")),
        ({"type": "string"}, False, Type("ptr", of=Type("string"))),
        ({"type": "string", "nullable": True}, True, Type("ptr", of=Type("string"))),
        ({"type": "integer", "default": 1}, True, Type("ptr", of=Type("int"))),
        ({"type": "number"}, True, Type("float")),
        ({"type": "string", "format": "date-time"}, True, Type("exact_time")),
        ({"type": "string", "format": "byte"}, False, Type("ptr", of=Type("bytes"))),
        ({"x-kubernetes-int-or-string": True}, True, Type("int_or_string")),
        ({"x-kubernetes-preserve-unknown-fields": True}, False, Type("any")),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, False, Type("map", of=Type("any"))),
        ({"type": "object", "x-kubernetes-embedded-resource": True}, False, Type("map", of=Type("any"))),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, False, Type("map", of=Type("int"))),
        (
            {"type": "object", "additionalProperties": {"type": "integer", "nullable": True}},
            False,
            Type("map", of=Type("ptr", of=Type("int"))),
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            False,
            Type("list", of=Type("list", of=Type("int"))),
        ),
        ({"type": "array"}, False, Type("list", of=Type("any"))),
        (
            {"type": "object", "properties": {"b": {"type": "string"}}},
            True,
            Type("ref", name="example_com_v1.ThingSpecA"),
        ),
        (
            {"type": "object", "properties": {"b": {"type": "string"}}},
            False,
            Type("ptr", of=Type("ref", name="example_com_v1.ThingSpecA")),
        ),
    ],
)
def test_schemas_become_types(schema: dict[str, Any], required: bool, expected: Type) -> None:
    assert _field(schema, required=required).type == expected


def test_only_required_scalars_are_always_written() -> None:
    assert not _field({"type": "string"}, required=True).omit_empty
    assert _field({"type": "array", "items": {"type": "string"}}, required=True).omit_empty
    assert _field({"type": "string", "format": "date-time"}, required=True).omit_zero


def test_enums_are_kept_for_strings_and_lists_of_them() -> None:
    module = _read("certificates.yaml")["cert_manager_io_v1"]
    assert module.enums["CertificateSpecPrivateKeyAlgorithm"] == ["RSA", "ECDSA", "Ed25519"]
    assert "server auth" in module.enums["CertificateSpecUsages"]


def test_descriptions_and_defaults_are_kept() -> None:
    field = _field({"type": "integer", "default": 3, "description": "How many."})
    assert (field.description, field.default) == ("How many.", "3")


def test_an_embedded_resource_with_fields_has_those_of_every_object_too() -> None:
    schema = {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}}
    definition = _definition({"type": "object", "properties": {"template": schema}})
    fields = read_crds([definition], "test")["example_com_v1"].structs["ThingTemplate"].fields
    assert [field.wire for field in fields] == ["apiVersion", "kind", "metadata", "spec"]


def test_lists_of_definitions_are_read() -> None:
    whole = {"kind": "CustomResourceDefinitionList", "items": [_definition({"type": "object"})]}
    assert sorted(read_crds([None, {"kind": "Secret"}, whole], "test")) == ["example_com_v1"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"kind": "Pod"}, "no CustomResourceDefinition"),
        ({**_definition({}), "apiVersion": "apiextensions.k8s.io/v2"}, "v2"),
        ({**_definition({}), "spec": {"group": "a"}}, r"missing required field `names`"),
        (_definition(None), "no schema"),
        (_definition({"type": "object", "properties": {"a": {"$ref": "#/b"}}}), r"\$ref"),
        (_definition({"type": "object", "properties": {"a": {"type": "tuple"}}}), "tuple"),
    ],
)
def test_what_cannot_be_read_is_said(document: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        read_crds([document], "test")
