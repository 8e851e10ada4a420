"""The generated patch keys: what is in the table, and what the generator refuses."""

from __future__ import annotations

import pytest

from kubeloop.codegen.patch_keys import emit_patch_keys
from kubeloop.codegen.schema import Module, SchemaError, SchemaField, Struct, Type

OBJECTS = Type("list", of=Type("ref", name="house_v1.Window"))
TEXTS = Type("list", of=Type("string"))


def emitted(*fields: SchemaField) -> str:
    return emit_patch_keys([Module("house_v1", "house.example", "v1", {"Door": Struct("Door", fields)}, {})], "# Made")


def field(wire: str, kind: Type, *strategies: str, key: str = "") -> SchemaField:
    return SchemaField(wire, kind, patch_strategies=strategies, patch_merge_key=key)


def test_a_row_names_the_strategies_and_the_merge_key_of_each_field() -> None:
    text = emitted(
        field("windows", OBJECTS, "merge", "retainKeys", key="name"),
        field("colors", TEXTS, "merge"),
        field("lock", Type("ref", name="house_v1.Lock"), "replace"),
        field("width", Type("int")),
    )
    assert '    "house_v1.Door": "windows=merge,retainKeys:name colors=merge lock=replace",' in text.splitlines()


def test_a_type_without_strategies_has_no_row() -> None:
    assert "Door" not in emitted(field("width", Type("int")))


@pytest.mark.parametrize("strategies", [("sort",), ("merge", "replace"), ("retainKeys", "merge", "replace")])
def test_unknown_and_contradicting_strategies_are_refused(strategies: tuple[str, ...]) -> None:
    with pytest.raises(SchemaError, match=r"house_v1\.Door\.lock: expected a patch strategy"):
        emitted(field("lock", Type("ref", name="house_v1.Lock"), *strategies))


@pytest.mark.parametrize(("kind", "key"), [(OBJECTS, ""), (TEXTS, "name")])
def test_a_merge_key_belongs_to_lists_of_objects(kind: Type, key: str) -> None:
    with pytest.raises(SchemaError, match="expected a merge key for a list of objects"):
        emitted(field("windows", kind, "merge", key=key))
