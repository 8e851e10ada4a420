"""Depth, equality and copies of JSON data."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.wire.patches.json_copy import json_copy
from kubeloop.wire.patches.json_depth import MAX_DEPTH, check_depth
from kubeloop.wire.patches.json_equality import same_json, scalar_key
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchFailed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_the_limit_is_the_number_of_levels() -> None:
    check_depth(nested(MAX_DEPTH))
    check_depth(1)
    with pytest.raises(MalformedPatch, match=f"exceeded the limit of {MAX_DEPTH} nested"):
        check_depth(nested(MAX_DEPTH + 1))


def test_a_hundred_thousand_levels_are_refused_too() -> None:
    with pytest.raises(MalformedPatch):
        check_depth(nested(100_000))


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1.0), (1, True), (0, False), ("1", 1), (None, False), ([], {}), ({"a": 1}, {"b": 1}), ([1], [1, 1]),
     ([1], [True]), ({"a": [1]}, {"a": [1.0]})],
)  # fmt: skip
def test_values_of_different_types_differ(left: Any, right: Any) -> None:
    assert not same_json(left, right)
    assert not same_json(right, left)


def test_the_order_of_members_does_not_count() -> None:
    assert same_json({"a": [1, None], "b": {}}, {"b": {}, "a": [1, None]})


@given(JSON)
def test_a_copy_is_the_same_json_and_shares_nothing(value: Any) -> None:
    copied, _ = json_copy(value)
    assert same_json(copied, value)
    if isinstance(value, (list, dict)):
        assert copied is not value


@pytest.mark.parametrize(
    ("value", "size"),
    [(None, 4), (True, 4), (False, 5), (-12, 3), ("", 2), ("aé", 5), ('"\n', 6), ("<&>", 20), ("\x01", 8),
     ("\u2028", 8), ([], 2), ([1, 2], 5), ({}, 2), ({"a": 1, "b": []}, 14), ({"<": 1}, 12)],
)  # fmt: skip
def test_the_size_is_that_of_gos_json(value: Any, size: int) -> None:
    assert json_copy(value)[1] == size


@pytest.mark.parametrize("value", [[], {}])
def test_lists_and_objects_are_no_keys(value: Any) -> None:
    with pytest.raises(PatchFailed, match="expected a scalar"):
        scalar_key(value)


def test_scalars_of_different_types_have_different_keys() -> None:
    values: list[Any] = [1, 1.0, True, "1", None, 0, 0.0, False, ""]
    assert len({scalar_key(value) for value in values}) == len(values)
