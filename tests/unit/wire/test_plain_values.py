"""Plain data is written unchanged; any other value is copied and checked first, with the same result."""

from __future__ import annotations

import enum
import json
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.errors import EncodeError
from kubeloop.models import core_v1
from kubeloop.unstructured import Unstructured
from kubeloop.wire.plain_values import is_plain, to_data
from kubeloop.wire.serializers.json_serializer import JSON

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text('aé\x7f\n"'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab"'), inner),
)


class Color(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


@given(PLAIN)
def test_plain_data_is_written_as_it_is(value: Any) -> None:
    assert is_plain(value)
    assert json.loads(JSON.encode(value)) == value
    assert JSON.encode(value) == JSON.encode(to_data(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, "a"), [1, "a"]),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (frozenset({"a"}), ["a"]),
        (b"ab", "YWI="),
        (datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2023-12-31T22:00:00Z"),
        (Color.RED, "red"),
        (Size.BIG, 3),
        (core_v1.Namespace(), {"apiVersion": "v1", "kind": "Namespace"}),
        (Unstructured({"kind": "A"}), {"kind": "A"}),
    ],
)
def test_other_values_are_not_plain_wherever_they_stand(value: Any, expected: Any) -> None:
    for outer in ([{"deep": [value]}], {"deep": [{"a": value}]}):
        assert not is_plain(outer)
        assert expected == json.loads(JSON.encode({"x": value}))["x"]
        text = json.dumps(json.loads(JSON.encode(outer)))
        assert json.dumps(expected) in text


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.5"),
        datetime(2024, 1, 1),  # noqa: DTZ001  # a time without a zone is what is refused
        timedelta(seconds=1),
        UUID(int=1),
        {1: "a"},
        {True: "a"},
        {None: "a"},
        {Size.BIG: "a"},
        float("nan"),
        float("inf"),
        "\ud800",
        {"\ud800": 1},
        pytest.param(object(), id="object()"),
        1j,
    ],
    ids=repr,
)
def test_what_has_no_json_form_is_refused_wherever_it_stands(value: Any) -> None:
    for outer in ({"spec": value}, [value], {"spec": [{"a": value}]}):
        with pytest.raises(EncodeError):
            JSON.encode(outer)


def test_what_contains_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = [endless]
    assert not is_plain(endless)
    with pytest.raises(EncodeError, match="nested too deeply"):
        JSON.encode(endless)
