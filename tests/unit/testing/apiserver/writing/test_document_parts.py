"""Reading and comparing documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.testing.apiserver.writing.document_parts import (
    is_same,
    list_in,
    mapping_in,
    metadata_of,
    name_of,
    number_in,
    part_of,
    text_in,
)


def test_parts_that_are_missing_or_have_another_type_are_empty() -> None:
    document: dict[str, Any] = {"metadata": {"name": 3, "labels": None}, "spec": [1], "flag": True}

    assert mapping_in(document, "metadata", "labels") == {}
    assert mapping_in(document, "spec", "template") == {}
    assert list_in(document, "spec", "x") == []
    assert list_in(document, "spec") == [1]
    assert text_in(document, "metadata", "name") == ""
    assert name_of(document) == ""
    assert number_in(document, "metadata", "name") == 3
    assert number_in(document, "flag") is None


def test_a_missing_part_becomes_part_of_the_document() -> None:
    document: dict[str, Any] = {}

    metadata_of(document)["name"] = "a"
    part_of(document, "spec")

    assert document == {"metadata": {"name": "a"}, "spec": {}}


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_empty_fields_are_the_same_as_missing_ones(empty: object) -> None:
    assert is_same(empty, None)
    assert is_same(None, empty)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": None, "b": 1}, {"b": 1}),
        ({"a": []}, {}),
        ({"a": ""}, {"b": None}),
        ([{"a": None}], [{}]),
    ],
)
def test_empty_members_do_not_make_a_difference(one: Any, other: Any) -> None:
    assert is_same(one, other)
    assert is_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"emptyDir": {}}, {"emptyDir": None}),
        ({"replicas": 0}, {}),
        ({"flag": False}, {}),
        ([1, 2], [1]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, 3),
    ],
)
def test_choices_zeros_and_orders_make_a_difference(one: Any, other: Any) -> None:
    assert not is_same(one, other)
    assert not is_same(other, one)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(_json, _json)
def test_sameness_is_reflexive_and_symmetric(one: Any, other: Any) -> None:
    assert is_same(one, one)
    assert is_same(one, other) == is_same(other, one)
