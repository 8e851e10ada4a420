"""The generated protobuf field numbers: what is in the table, and what the generator refuses."""

from __future__ import annotations

import pytest

from kubeloop.codegen.field_numbers import emit_field_numbers
from kubeloop.codegen.schema import Module, SchemaError, SchemaField, Struct, Type
from kubeloop.models.kind_index import KINDS
from kubeloop.scheme import Scheme
from kubeloop.wire.protobuf.message_fields import has_message, message_of


def module(*fields: SchemaField, name: str = "Door") -> Module:
    return Module("house_v1", "house.example", "v1", {name: Struct(name, fields)}, {})


def field(wire: str, *numbers: int) -> SchemaField:
    return SchemaField(wire, Type("string"), numbers=numbers)


def test_a_field_of_a_flattened_message_has_the_numbers_of_both() -> None:
    text = emit_field_numbers(module(field("color", 1), field("handle", 2, 1)), "# Generated")
    assert '    "Door": "color=1 handle=2.1",' in text.splitlines()


def test_a_type_without_numbers_is_not_in_the_table() -> None:
    assert "Door" not in emit_field_numbers(module(field("color")), "# Generated")


@pytest.mark.parametrize("fields", [(field("a", 1), field("b")), (field("a", 1), field("b", 1))])
def test_a_missing_number_and_a_number_used_twice_are_refused(fields: tuple[SchemaField, ...]) -> None:
    with pytest.raises(SchemaError, match=r"house_v1.Door: a protobuf number is missing or used twice"):
        emit_field_numbers(module(*fields), "# Generated")


def test_every_built_in_kind_but_tables_has_numbers_and_metadata_first() -> None:
    without: list[str] = []
    for version, kind in KINDS:
        cls = Scheme().lookup(version, kind)
        assert cls is not None
        if not has_message(cls):
            without.append(kind)
            continue
        numbers = {each.wire: each.number for each in message_of(cls)}
        assert numbers.get("metadata", 1) == 1, kind
    assert without == ["Table"]
