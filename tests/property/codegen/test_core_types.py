"""What servers store of a type of Kubernetes in a custom resource is read and written unchanged by the core types."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubeloop.codegen.core_matches import CoreMatches
from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.model_files import emit_models
from kubeloop.codegen.target import Target
from kubeloop.objects.json.decode import decode
from kubeloop.objects.json.encode import encode
from tests.support.core_schemas import core_schema
from tests.support.definitions import definition
from tests.support.imported import imported

TARGET = Target("..models", lambda _: "# Generated.")
TYPES = {
    "container": "core_v1.Container",
    "volume": "core_v1.Volume",
    "affinity": "core_v1.Affinity",
    "toleration": "core_v1.Toleration",
    "podSecurityContext": "core_v1.PodSecurityContext",
    "claim": "core_v1.PersistentVolumeClaimSpec",
    "selector": "meta_v1.LabelSelector",
    "condition": "meta_v1.Condition",
}
SCHEMAS = {field: core_schema(name) for field, name in TYPES.items()}
QUANTITIES = st.sampled_from(["1", "100m", "1.50Gi", "0"])
TIMES = st.sampled_from(["2026-01-02T03:04:05Z", "1970-01-01T00:00:00Z"])


def _values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what a server can store of a schema, but for zeros that Go's types do not write."""
    if "pattern" in schema:
        return QUANTITIES
    if schema.get("x-kubernetes-int-or-string"):
        return st.one_of(st.integers(0, 9), st.sampled_from(["http", "50%"]))
    match schema["type"], schema.get("format"):
        case "string", "date-time":
            return TIMES
        case "string", "byte":
            return st.sampled_from(["YQ==", "AAEC"])
        case "string", _:
            return st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)
        case "integer", _:
            return st.integers(1, 2**31 - 1)
        case "boolean", _:
            return st.just(value=True)
        case "array", _:
            return st.lists(_values(schema["items"]), max_size=2)
        case _:
            pass
    if schema == {"type": "object"}:  # the metadata of a template
        return st.sampled_from([{}, {"labels": {"a": "b"}}, {"name": "a", "annotations": {}}])
    if "properties" not in schema:
        return st.dictionaries(st.sampled_from("abc"), _values(schema["additionalProperties"]))
    required = schema.get("required", [])
    values = {name: _values(one) for name, one in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: values[name] for name in required},
        optional={name: value for name, value in values.items() if name not in required},
    )


def _without_nulls(value: Any) -> Any:
    """Remove what servers remove before they validate: Go writes null for a pointer without omitempty."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("field", TYPES)
def test_values_of_the_schema_survive_the_core_type(field: str) -> None:
    module = read_crds([definition(properties={field: SCHEMAS[field]})], "test")["example_com_v1"]
    text = emit_models(module, TARGET)
    assert f": {TYPES[field]} | None = None\n" in text

    with imported(text) as generated:

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(_values(SCHEMAS[field]))
        def survives(value: Any) -> None:
            whole = {"apiVersion": "example.com/v1", "kind": "Thing", field: value}
            thing = decode(json.dumps(whole), generated.Thing)
            assert _without_nulls(json.loads(encode(thing))) == whole
            assert not thing.draft().finish()

        survives()


FLAWS = st.sampled_from(
    [
        {"nullable": True},
        {"format": "password"},
        {"type": "number"},
        {"x-kubernetes-preserve-unknown-fields": True, "type": "object", "properties": {"x": {"type": "string"}}},
    ]
)


def _fields(schema: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, one in schema.get("properties", {}).items():
        found += [(*path, "properties", name), *_fields(one, (*path, "properties", name))]
    for holder in ("items", "additionalProperties"):
        found += _fields(schema[holder], (*path, holder)) if holder in schema else []
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_fields(SCHEMAS["container"])), FLAWS)
def test_one_field_with_other_values_anywhere_is_enough_for_a_class(
    path: tuple[str, ...], flaw: dict[str, Any]
) -> None:
    schema = json.loads(json.dumps(SCHEMAS["container"]))
    node = schema
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = {"type": "string", **flaw}
    module = read_crds([definition(properties={"container": schema})], "test")["example_com_v1"]
    assert "ThingContainer" in module.structs
    assert CoreMatches("example_com_v1", module.structs, {}).find("ThingContainer") == ""
