"""The order and the imports of a module's classes."""

from __future__ import annotations

import pytest

from kubeloop.codegen.plan import imports, plan
from kubeloop.codegen.schema import Module, SchemaError, SchemaField, Struct, Type


def _holding(name: str, *held: str, pointer: bool = False) -> Struct:
    types = [Type("ref", name=f"x_v1.{one}") for one in held]
    return Struct(
        name, [SchemaField(f"f{n}", Type("ptr", of=kind) if pointer else kind) for n, kind in enumerate(types)]
    )


def _module(*structs: Struct) -> Module:
    return Module("x_v1", "x", "v1", structs={one.name: one for one in structs}, kinds={})


def test_classes_come_after_those_that_they_hold() -> None:
    module = _module(_holding("A", "C"), _holding("B"), _holding("C", "D"), _holding("D"))
    assert [one.name for one in plan(module)] == ["D", "C", "A", "B"]


def test_pointers_do_not_order_classes() -> None:
    module = _module(_holding("A", "B", pointer=True), _holding("B", "A", pointer=True))
    assert [one.name for one in plan(module)] == ["A", "B"]


def test_an_object_that_holds_itself_by_value_is_an_error() -> None:
    with pytest.raises(SchemaError, match="A in B in A"):
        plan(_module(_holding("A", "B"), _holding("B", "A")))


def test_imports_are_the_modules_of_other_types_and_enums() -> None:
    fields = [
        SchemaField("a", Type("list", of=Type("ptr", of=Type("ref", name="y_v1.Y")))),
        SchemaField("b", Type("string"), enum="z_v1.Mode"),
        SchemaField("c", Type("ref", name="x_v1.B")),
    ]
    assert imports(_module(Struct("A", fields), Struct("B", []))) == ["y_v1", "z_v1"]
