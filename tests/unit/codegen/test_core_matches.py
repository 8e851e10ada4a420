"""Types of Kubernetes that a definition embeds are those of `kubeloop.models`, if they are safe there and meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubeloop.codegen.core_types import core_types
from kubeloop.codegen.crd import find_definitions, modules_of
from kubeloop.codegen.custom import ModuleNames, generate_package
from kubeloop.codegen.given_names import FILE, GivenNames, read_names
from kubeloop.codegen.schema import Module, references
from tests.support.core_schemas import core_schema
from tests.support.definitions import definition

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}
KEY: dict[str, Any] = {
    "type": "object",
    "required": ["key"],
    "properties": {"key": TEXT, "name": {**TEXT, "default": ""}, "optional": {"type": "boolean"}},
    "x-kubernetes-map-type": "atomic",
}


def _module(given: GivenNames | None = None, /, **spec: Any) -> Module:
    documents = [definition(properties={"spec": {"type": "object", "properties": spec}})]
    return modules_of(find_definitions(documents, "test"), ModuleNames(given))["example_com_v1"]


def _used(module: Module, owner: str = "ThingSpec") -> dict[str, str]:
    """Return the types of the fields of a class."""
    return {field.wire: next(references(field.type), field.type.kind) for field in module.structs[owner].fields}


def _found(field: str, schema: dict[str, Any]) -> str:
    return _used(_module(**{field: schema}))[field]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("template", "core_v1.PodTemplateSpec"),
        ("podSpec", "core_v1.PodSpec"),
        ("container", "core_v1.Container"),
        ("volume", "core_v1.Volume"),
        ("env", "core_v1.EnvVar"),
        ("mount", "core_v1.VolumeMount"),
        ("affinity", "core_v1.Affinity"),
        ("podAntiAffinity", "core_v1.PodAntiAffinity"),
        ("podAffinity", "core_v1.PodAffinity"),
        ("toleration", "core_v1.Toleration"),
        ("resources", "core_v1.ResourceRequirements"),
        ("securityContext", "core_v1.SecurityContext"),
        ("probe", "core_v1.Probe"),
        ("claim", "core_v1.PersistentVolumeClaimSpec"),
        ("secretRef", "core_v1.LocalObjectReference"),
        ("passwordSecret", "core_v1.SecretKeySelector"),
        ("caConfigMap", "core_v1.ConfigMapKeySelector"),
        ("owner", "core_v1.ObjectReference"),
        ("selector", "meta_v1.LabelSelector"),
        ("condition", "meta_v1.Condition"),
    ],
)
def test_a_type_of_kubernetes_in_a_definition_is_the_class_of_kubeloop(field: str, name: str) -> None:
    module = _module(**{field: core_schema(name)})
    assert _used(module) == {field: name}
    assert set(module.structs) == {"Thing", "ThingList", "ThingSpec"}, "what is inside it needs no classes either"
    assert dict(module.enums) == {}


@pytest.mark.parametrize("missing", [("resources",), ("resizePolicy", "restartPolicyRules", "volumeDevices")])
def test_a_definition_of_an_older_kubernetes_has_fewer_fields(missing: tuple[str, ...]) -> None:
    assert _found("container", core_schema("core_v1.Container", without=missing)) == "core_v1.Container"


def test_a_field_that_the_class_does_not_have_makes_a_class_and_leaves_its_parts_alone() -> None:
    schema = core_schema("core_v1.Container")
    schema["properties"]["mirrorVolumeMounts"] = {"type": "boolean"}
    module = _module(container=schema)
    assert _used(module)["container"] == "example_com_v1.ThingSpecContainer"
    inner = _used(module, "ThingSpecContainer")
    assert [inner[word] for word in ("env", "resources", "livenessProbe")] == [
        "core_v1.EnvVar",
        "core_v1.ResourceRequirements",
        "core_v1.Probe",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"path": {**TEXT, "nullable": True}},
        {"path": {**TEXT, "format": "password"}},
        {"path": NUMBER},
        {"mode": {"x-kubernetes-preserve-unknown-fields": True}},
        {"more": TEXT},
    ],
)
def test_a_field_with_other_values_makes_a_class(change: dict[str, Any]) -> None:
    properties = {"key": TEXT, "path": TEXT, "mode": NUMBER}
    schema: dict[str, Any] = {"type": "object", "required": ["key", "path"], "properties": properties}
    assert _found("item", schema) == "core_v1.KeyToPath"
    assert _found("item", {**schema, "properties": {**properties, **change}}) == "example_com_v1.ThingSpecItem"


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "nullable": True}


def test_a_null_that_the_class_cannot_hold_makes_a_class() -> None:
    """A null item would become a zero, and a null list or map, or a required null, would become absent."""
    resources = core_schema("core_v1.ResourceRequirements")
    limits, own = resources["properties"]["limits"], "example_com_v1.ThingSpecResources"
    null_items = {**limits, "additionalProperties": _nullable(limits["additionalProperties"])}
    for change, expected in ((limits, "core_v1.ResourceRequirements"), (null_items, own), (_nullable(limits), own)):
        changed = {**resources, "properties": {**resources["properties"], "limits": change}}
        assert _found("resources", changed) == expected
    container = core_schema("core_v1.Container")
    env, args = container["properties"]["env"], container["properties"]["args"]
    for change in (
        {"env": _nullable(env)},
        {"env": {**env, "items": _nullable(env["items"])}},
        {"args": {**args, "items": _nullable(args["items"])}},
    ):
        changed = {**container, "properties": {**container["properties"], **change}}
        assert _found("container", changed) == "example_com_v1.ThingSpecContainer"
    mount = core_schema("core_v1.VolumeMount")
    required = {**mount, "required": [*mount["required"], "subPathExpr"]}
    required["properties"] = {**mount["properties"], "subPathExpr": {**TEXT, "nullable": True}}
    assert _found("mount", required) == "example_com_v1.ThingSpecMount"


def test_what_keeps_unknown_fields_makes_a_class() -> None:
    schema = {**core_schema("core_v1.Toleration"), "x-kubernetes-preserve-unknown-fields": True}
    assert _found("toleration", schema) == "example_com_v1.ThingSpecToleration"


def test_a_zero_that_the_class_always_writes_must_be_required() -> None:
    schema = core_schema("core_v1.EnvVar")
    del schema["required"]
    assert _found("env", schema) == "example_com_v1.ThingSpecEnv"


def test_a_zero_that_the_class_never_writes_must_not_be_required() -> None:
    schema = core_schema("core_v1.Toleration")
    assert _found("toleration", {**schema, "required": ["key"]}) == "example_com_v1.ThingSpecToleration"


@pytest.mark.parametrize(("default", "is_core"), [(False, True), (True, False)])
def test_a_zero_that_the_class_never_writes_must_be_the_default(*, default: bool, is_core: bool) -> None:
    schema = core_schema("core_v1.VolumeMount")
    schema["properties"]["readOnly"] = {"type": "boolean", "default": default}
    assert (_found("mount", schema) == "core_v1.VolumeMount") is is_core


def test_a_pointer_tells_zero_from_absent_and_may_have_any_default() -> None:
    schema = core_schema("core_v1.Toleration")
    schema["properties"]["tolerationSeconds"] = {**NUMBER, "default": 300}
    assert _found("toleration", schema) == "core_v1.Toleration"


def test_half_of_the_fields_are_not_enough() -> None:
    properties = {"key": TEXT, "operator": TEXT, "effect": TEXT, "value": TEXT}
    assert _found("toleration", {"type": "object", "properties": properties}) == "core_v1.Toleration"
    del properties["effect"], properties["value"]
    assert _found("toleration", {"type": "object", "properties": properties}) == "example_com_v1.ThingSpecToleration"


def test_parts_need_half_of_the_fields_too() -> None:
    schema = core_schema("core_v1.EnvVar")
    source = schema["properties"]["valueFrom"]
    source["properties"] = {"secretKeyRef": source["properties"]["secretKeyRef"]}
    assert _found("header", schema) == "example_com_v1.ThingSpecHeader"


@pytest.mark.parametrize(
    "fields",
    [("name", "value"), ("name", "namespace"), ("host", "port"), ("command",), ("key", "value"), ("apiGroup", "kind")],
)
def test_fields_that_everything_has_show_no_type(fields: tuple[str, ...]) -> None:
    schema = {"type": "object", "required": list(fields), "properties": dict.fromkeys(fields, TEXT)}
    assert _found("secret", schema) == "example_com_v1.ThingSpecSecret"


def test_of_types_with_the_same_fields_the_words_of_the_field_choose() -> None:
    module = _module(
        tokenSecretRef={**KEY, "description": "Not in a ConfigMap."}, configMapKeyRef=KEY, token=KEY, tlsKey=KEY
    )
    assert _used(module) == {
        "tokenSecretRef": "core_v1.SecretKeySelector",
        "configMapKeyRef": "core_v1.ConfigMapKeySelector",
        "token": "example_com_v1.ThingSpecToken",
        "tlsKey": "example_com_v1.ThingSpecTlsKey",
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The key of the secret to select from.", "core_v1.SecretKeySelector"),
        ("The ConfigMap to select from.", "core_v1.ConfigMapKeySelector"),
        ("A key of a Secret or of a ConfigMap.", "example_com_v1.ThingSpecToken"),
    ],
)
def test_if_they_cannot_the_words_of_the_descriptions_choose(text: str, name: str) -> None:
    described = {**KEY, "properties": {**KEY["properties"], "key": {**TEXT, "description": text}}}
    assert _found("token", described) == name
    assert _found("token", {**KEY, "description": text}) == name


def test_a_condition_of_one_kind_is_not_that_of_another() -> None:
    assert _found("condition", core_schema("core_v1.NodeCondition")) == "example_com_v1.ThingSpecCondition"


def test_a_type_that_has_a_class_keeps_it(tmp_path: Path) -> None:
    schema = core_schema("core_v1.Toleration")
    grown = {**schema, "properties": {**schema["properties"], "more": TEXT}}
    before = _module(toleration=grown)
    (tmp_path / FILE).write_text(generate_package({before.name: before}, "# Generated.")[FILE])
    after = _module(read_names(tmp_path), toleration=schema, other=schema)
    assert _used(after) == {
        "toleration": "example_com_v1.ThingSpecToleration",
        "other": "core_v1.Toleration",
    }


def test_the_files_of_a_package_import_the_modules_of_its_core_types() -> None:
    module = _module(template=core_schema("core_v1.PodTemplateSpec"))
    files = generate_package({module.name: module}, "# Generated.")
    assert "from kubeloop.models import core_v1, meta_v1\n" in files["models/example_com_v1.py"]
    assert "template: core_v1.PodTemplateSpec | None = None\n" in files["models/example_com_v1.py"]
    assert (
        "template: Nested[core_v1.PodTemplateSpec, core_v1.PodTemplateSpec.Draft]" in files["models/example_com_v1.pyi"]
    )


def test_core_types_are_read_as_the_schema_of_go_has_them() -> None:
    container = core_types()["core_v1.Container"].fields
    assert (container["name"].always, container["image"].drops_zero) == (True, True)
    assert (container["securityContext"].always, container["securityContext"].drops_zero) == (False, False)
    assert container["env"].type.item.name == "core_v1.EnvVar"
    assert core_types()["core_v1.PodTemplateSpec"].fields["metadata"].type.name == "meta_v1.ObjectMeta"
    assert "core_v1.Pod" not in core_types()
