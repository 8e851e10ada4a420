"""Each type of the neutral form has its annotation, default, static type and draft type."""

from __future__ import annotations

import pytest

from kubeloop.codegen.schema import Field, Module, Type
from kubeloop.codegen.shape import Shape, shape

MODULE = Module("apps_v1", "apps", "v1", structs={}, kinds={})
STRING, INT, TIME = Type("string"), Type("int"), Type("time")
OWN, OTHER = Type("ref", name="apps_v1.Own"), Type("ref", name="core_v1.Pod")


def _ptr(kind: Type) -> Type:
    return Type("ptr", of=kind)


def _list(kind: Type) -> Type:
    return Type("list", of=kind)


def _map(kind: Type) -> Type:
    return Type("map", of=kind)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (STRING, Shape("str", '""', "str", "str")),
        (Type("float"), Shape("float | int", "0.0", "float", "float")),
        (Type("bytes"), Shape("Bytes", 'b""', "bytes", "bytes")),
        (_ptr(INT), Shape("int | None", "None", "int | None", "int | None")),
        (Type("quantity"), Shape("Quantity | None", "None", "str | None", "str | None")),
        (Type("int_or_string"), Shape("IntOrString | None", "None", "int | str | None", "int | str | None")),
        (_ptr(TIME), Shape("Time | None", "None", "datetime | None", "datetime | None")),
        (OWN, Shape("Own", "Own()", "Own", "Nested[Own, Own.Draft]")),
        (
            _ptr(OTHER),
            Shape("core_v1.Pod | None", "None", "core_v1.Pod | None", "Nested[core_v1.Pod, core_v1.Pod.Draft]"),
        ),
        (_list(STRING), Shape("Seq[str]", "SEQ", "Sequence[str]", "Lists[str]")),
        (_list(OWN), Shape("Seq[Own]", "SEQ", "Sequence[Own]", "Objects[Own, Own.Draft]")),
        (_list(_list(INT)), Shape("Seq[Seq[int]]", "SEQ", "Sequence[Sequence[int]]", "Lists[Sequence[int]]")),
        (_map(STRING), Shape("Map[str]", "MAP", "Mapping[str, str]", "Dicts[str]")),
        (_map(OWN), Shape("Map[Own]", "MAP", "Mapping[str, Own]", "ObjectMap[Own, Own.Draft]")),
        (_map(_list(STRING)), Shape("Map[Seq[str]]", "MAP", "Mapping[str, Sequence[str]]", "Dicts[Sequence[str]]")),
        (_map(TIME), Shape("Map[Time | None]", "MAP", "Mapping[str, datetime | None]", "Dicts[datetime | None]")),
        (_map(_ptr(INT)), Shape("Map[int | None]", "MAP", "Mapping[str, int | None]", "Dicts[int | None]")),
        (_list(Type("raw")), Shape("Seq[Any]", "SEQ", "Sequence[Any]", "Lists[Any]")),
        (_ptr(Type("raw")), Shape("Any", "None", "Any", "Any")),
        (Type("any"), Shape("Any", "None", "Any", "Any")),
        (_ptr(_list(OWN)), Shape("Seq[Own]", "SEQ", "Sequence[Own]", "Objects[Own, Own.Draft]")),
    ],
)
def test_a_field_that_is_left_out_when_empty(kind: Type, expected: Shape) -> None:
    assert shape(Field("a", kind), MODULE) == expected


@pytest.mark.parametrize(
    ("kind", "annotation", "default"),
    [
        (STRING, "str", "STR"),
        (INT, "int", "INT"),
        (Type("bool"), "bool", "BOOL"),
        (Type("bytes"), "NullBytes", "BYTES_OR_NULL"),
        (_list(OWN), "NullSeq[Own]", "SEQ"),
        (_map(STRING), "NullMap[str]", "MAP"),
        (TIME, "Time | None", "NULL"),
        (Type("raw"), "Any", "NULL"),
        (_ptr(TIME), "Time | None", "NULL"),
        (_ptr(STRING), "str | None", "NULL"),
        (_ptr(OWN), "Own | None", "NULL"),
        (Type("quantity"), "Quantity | None", "None"),
        (Type("int_or_string"), "IntOrString | None", "None"),
    ],
)
def test_a_field_that_is_always_written(kind: Type, annotation: str, default: str) -> None:
    found = shape(Field("a", kind, omit_empty=False), MODULE)
    assert (found.annotation, found.default) == (annotation, default)


def test_required_bytes_of_a_custom_type_are_written_when_empty() -> None:
    found = shape(Field("a", Type("bytes"), omit_empty=False, required=True), MODULE)
    assert (found.annotation, found.default) == ("Bytes", "BYTES")


def test_managed_fields_stay_bytes_until_they_are_read() -> None:
    found = shape(Field("managedFields", _list(OWN)), MODULE)
    assert (found.annotation, found.default, found.static) == ("Lazy[Own]", "LAZY", "Sequence[Own]")


def test_checkers_see_the_values_of_an_enum_and_the_run_time_does_not() -> None:
    found = shape(Field("a", _list(STRING), enum="core_v1.Mode"), MODULE)
    assert (found.annotation, found.static) == ("Seq[str]", "Sequence[core_v1.Mode]")
