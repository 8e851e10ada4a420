"""CustomResourceDefinitions of v1beta1, the version that Kubernetes removed, and the objects of that time."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.schema import Module, SchemaError
from kubeloop.codegen.v1beta1 import V1, V1BETA1, as_v1

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "properties": {
                "size": {"type": "integer"},
                "parts": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
                "map": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "properties": {"a": {"type": "string"}}},
                },
            }
        }
    },
}


def definition(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": V1BETA1,
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            **spec,
        },
    }


def read(document: dict[str, Any]) -> dict[str, Module]:
    return read_crds([document], "test")


def test_a_single_version_without_a_schema_preserves_everything() -> None:
    """(H6) The definitions of argo-workflows are like this."""
    module = read(definition(version="v1alpha1"))["example_com_v1alpha1"]
    thing = module.structs["Thing"]
    assert ([field.wire for field in thing.fields], thing.preserve) == (["metadata"], True)
    assert module.resources[0].plural == "things"


def test_one_schema_and_its_subresources_count_for_all_versions() -> None:
    """(H6)"""
    versions = [{"name": "v1", "served": True, "storage": True}, {"name": "v2", "served": True, "storage": False}]
    modules = read(
        definition(versions=versions, validation={"openAPIV3Schema": SCHEMA}, subresources={"status": {}, "scale": {}})
    )
    assert sorted(modules) == ["example_com_v1", "example_com_v2"]
    for module in modules.values():
        assert "size" in [field.wire for field in module.structs["ThingSpec"].fields]
        assert module.resources[0].status
        assert [one.name for one in module.resources[0].subresources] == ["scale"]


def test_a_version_of_its_own_schema_has_that() -> None:
    other = {"type": "object", "properties": {"other": {"type": "string"}}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": other}}]
    thing = read(definition(versions=versions, preserveUnknownFields=False))["example_com_v1"].structs["Thing"]
    assert [field.wire for field in thing.fields] == ["metadata", "other"]
    assert not thing.preserve


@pytest.mark.parametrize("preserve", [None, True, False])
def test_every_object_preserves_unknown_fields_unless_the_definition_prunes(preserve: bool | None) -> None:
    """(H6, I4)"""
    said = {} if preserve is None else {"preserveUnknownFields": preserve}
    document = definition(version="v1", validation={"openAPIV3Schema": SCHEMA}, **said)
    before = copy.deepcopy(document)
    structs = read(document)["example_com_v1"].structs
    names = ("Thing", "ThingSpec", "ThingSpecParts", "ThingSpecMap")
    assert [structs[name].preserve for name in names] == [preserve is not False] * 4
    assert document == before


@pytest.mark.parametrize("preserve", [True, False])
def test_a_definition_of_today_can_preserve_everything_from_its_time_before(preserve: bool) -> None:
    """(I4)"""
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
    document = {**definition(versions=[version], preserveUnknownFields=preserve), "apiVersion": V1}
    assert read(document)["example_com_v1"].structs["ThingSpec"].preserve is preserve


def test_a_list_of_definitions_says_their_version() -> None:
    item = definition(version="v1")
    del item["apiVersion"], item["kind"]
    listed = {"apiVersion": V1BETA1, "kind": "CustomResourceDefinitionList", "items": [item]}
    assert "example_com_v1" in read(listed)


@pytest.mark.parametrize("spec", [None, 5, [], {"versions": 5}, {"versions": [5]}, {"validation": []}])
def test_what_has_another_type_is_left_to_the_reader(spec: Any) -> None:
    document = {"apiVersion": V1BETA1, "kind": "CustomResourceDefinition", "spec": spec}
    assert as_v1(document)["apiVersion"] == V1


def test_any_other_version_is_refused() -> None:
    with pytest.raises(SchemaError, match="v1alpha1"):
        read({**definition(version="v1"), "apiVersion": "apiextensions.k8s.io/v1alpha1"})
