"""Each type of the neutral form has its annotation, default, static type and draft type."""

from __future__ import annotations

import pytest

from kubeloop.codegen.field_source import FieldSource, field_source
from kubeloop.codegen.schema import Module, SchemaField, Type

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
        (STRING, FieldSource("str", '""', "str", "str")),
        (Type("float"), FieldSource("float | int", "0.0", "float", "float")),
        (Type("bytes"), FieldSource("Bytes", 'b""', "bytes", "bytes")),
        (_ptr(INT), FieldSource("int | None", "None", "int | None", "int | None")),
        (Type("quantity"), FieldSource("Quantity | None", "None", "str | None", "str | None")),
        (Type("int_or_string"), FieldSource("IntOrString | None", "None", "int | str | None", "int | str | None")),
        (_ptr(TIME), FieldSource("Time | None", "None", "datetime | None", "datetime | None")),
        (OWN, FieldSource("Own", "Own()", "Own", "Nested[Own, Own.Draft]")),
        (
            _ptr(OTHER),
            FieldSource("core_v1.Pod | None", "None", "core_v1.Pod | None", "Nested[core_v1.Pod, core_v1.Pod.Draft]"),
        ),
        (_list(STRING), FieldSource("Seq[str]", "SEQ", "Sequence[str]", "Lists[str]")),
        (_list(OWN), FieldSource("Seq[Own]", "SEQ", "Sequence[Own]", "Objects[Own, Own.Draft]")),
        (
            _list(_list(INT)),
            FieldSource("Seq[Seq[int]]", "SEQ", "Sequence[Sequence[int]]", "Views[Sequence[int], Lists[int]]"),
        ),
        (
            _list(_map(_list(OWN))),
            FieldSource(
                "Seq[Map[Seq[Own]]]",
                "SEQ",
                "Sequence[Mapping[str, Sequence[Own]]]",
                "Views[Mapping[str, Sequence[Own | Own.Draft | Mapping[str, object]]], "
                "ViewMap[Sequence[Own | Own.Draft | Mapping[str, object]], Objects[Own, Own.Draft]]]",
            ),
        ),
        (_map(STRING), FieldSource("Map[str]", "MAP", "Mapping[str, str]", "Dicts[str]")),
        (_map(OWN), FieldSource("Map[Own]", "MAP", "Mapping[str, Own]", "ObjectMap[Own, Own.Draft]")),
        (
            _map(_list(STRING)),
            FieldSource("Map[Seq[str]]", "MAP", "Mapping[str, Sequence[str]]", "ViewMap[Sequence[str], Lists[str]]"),
        ),
        (_map(TIME), FieldSource("Map[Time | None]", "MAP", "Mapping[str, datetime | None]", "Dicts[datetime | None]")),
        (_map(_ptr(INT)), FieldSource("Map[int | None]", "MAP", "Mapping[str, int | None]", "Dicts[int | None]")),
        (_list(Type("raw")), FieldSource("Seq[Any]", "SEQ", "Sequence[Any]", "Lists[Any]")),
        (_ptr(Type("raw")), FieldSource("Any", "None", "Any", "Any")),
        (Type("any"), FieldSource("Any", "None", "Any", "Any")),
        (_ptr(_list(OWN)), FieldSource("Seq[Own]", "SEQ", "Sequence[Own]", "Objects[Own, Own.Draft]")),
    ],
)
def test_a_field_that_is_left_out_when_empty(kind: Type, expected: FieldSource) -> None:
    assert field_source(SchemaField("a", kind), MODULE) == expected


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
    found = field_source(SchemaField("a", kind, omit_empty=False), MODULE)
    assert (found.annotation, found.default) == (annotation, default)


def test_required_bytes_of_a_custom_type_are_written_when_empty() -> None:
    found = field_source(SchemaField("a", Type("bytes"), omit_empty=False, required=True), MODULE)
    assert (found.annotation, found.default) == ("Bytes", "BYTES")


def test_managed_fields_stay_bytes_until_they_are_read() -> None:
    found = field_source(SchemaField("managedFields", _list(OWN)), MODULE)
    assert (found.annotation, found.default, found.static) == ("Lazy[Own]", "LAZY", "Sequence[Own]")


def test_checkers_see_the_values_of_an_enum_and_the_run_time_does_not() -> None:
    found = field_source(SchemaField("a", _list(STRING), enum="core_v1.Mode"), MODULE)
    assert (found.annotation, found.static) == ("Seq[str]", "Sequence[core_v1.Mode]")
