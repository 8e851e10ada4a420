"""Values in the words of Go's fmt package; the expected texts were printed by Go."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.wire.patches.go_value import go_string, go_text, go_type


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "<nil>"), (True, "true"), (False, "false"), (1, "1"), (2**70, "1180591620717411303424"), ("a b", "a b"),
        (1.0, "1"), (1e5, "100000"), (1e6, "1e+06"), (123456789.0, "1.23456789e+08"), (1e20, "1e+20"), (1.5, "1.5"),
        (0.0001, "0.0001"), (0.00001, "1e-05"), (-2.5e-7, "-2.5e-07"), (0.0, "0"), (100.0, "100"), (-0.0, "-0"),
        (1234567.5, "1.2345675e+06"), (1e100, "1e+100"), ([1, "a", None], "[1 a <nil>]"), ([], "[]"), ({}, "map[]"),
        ({"b": 1, "a": {"c": [2.5]}}, "map[a:map[c:[2.5]] b:1]"),
    ],
)  # fmt: skip
def test_values_are_written_as_by_go(value: Any, text: str) -> None:
    assert go_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (1, "%!s(int64=1)"), (1.5, "%!s(float64=1.5)"), (True, "%!s(bool=true)"), (None, "%!s(<nil>)"),
     ({"a": [1]}, "map[a:[%!s(int64=1)]]")],
)  # fmt: skip
def test_a_verb_for_texts_reports_other_values(value: Any, text: str) -> None:
    assert go_string(value) == text


@pytest.mark.parametrize(
    ("value", "name"),
    [({}, "map[string]interface {}"), ([], "[]interface {}"), ("", "string"), (1, "int64"), (1.0, "float64"),
     (True, "bool"), (None, "%!s(<nil>)")],
)  # fmt: skip
def test_types_have_gos_names(value: Any, name: str) -> None:
    assert go_type(value) == name
