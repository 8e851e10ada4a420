"""The order of merged lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.wire.patches.ordered_lists import arrange, element_class, sort_like
from kubeloop.wire.patches.patch_errors import PatchFailed, UnprocessablePatch


@pytest.mark.parametrize(
    ("items", "order", "previous", "result"),
    [
        ("abc", "ca", "abc", "bca"),
        ("abx", "xa", "ab", "xab"),
        ("abcx", "bx", "abc", "abxc"),
        ("abc", "", "abc", "abc"),
        ("xy", "yx", "", "yx"),
        ("abcd", "dcba", "abcd", "dcba"),
    ],
)
def test_the_patch_decides_first_and_the_previous_list_second(
    items: str, order: str, previous: str, result: str
) -> None:
    assert arrange(list(items), list(order), list(previous), "") == list(result)
    objects = [[{"k": each} for each in texts] for texts in (items, order, previous)]
    assert [each["k"] for each in arrange(*objects, merge_key="k")] == list(result)


@given(st.lists(st.integers(0, 40), unique=True), st.lists(st.integers(0, 40), unique=True), st.randoms())
def test_both_orders_are_kept(previous: list[int], order: list[int], random: Any) -> None:
    items = list({*previous, *order})
    random.shuffle(items)
    result = arrange(items, order, previous, "")
    assert sorted(result) == sorted(items)
    assert [each for each in result if each in order] == order
    assert [each for each in result if each not in order] == [each for each in previous if each not in order]


def test_deletions_come_last() -> None:
    items: list[Any] = [{"k": 1, "$patch": "delete"}, {"k": 3}, {"k": 2}]
    assert sort_like(items, [{"k": 1}, {"k": 2}, {"k": 3}], "k") == [{"k": 2}, {"k": 3}, {"k": 1, "$patch": "delete"}]


def test_more_items_than_go_sorts_by_insertion_keep_the_unknown_ones_at_the_end() -> None:
    items = ["z", *map(str, reversed(range(10, 40)))]
    assert sort_like(items, list(map(str, range(10, 40))), "") == [*map(str, range(10, 40)), "z"]


def test_unknown_items_of_a_short_list_are_ordered_as_by_go() -> None:
    assert sort_like(["x", "a", "y", "b"], ["a", "b"], "") == ["y", "a", "b", "x"]


@pytest.mark.parametrize(
    ("lists", "text"),
    [
        ([["a"], [1]], "list element types are not identical: [[a] [1]]"),
        ([[1], [True]], "list element types are not identical: [[1] [true]]"),
        ([[], []], "no elements in any of the given slices"),
        ([[None]], "expected list elements, got null"),
    ],
)
def test_the_elements_of_merged_lists_have_one_type(lists: Any, text: str) -> None:
    with pytest.raises(PatchFailed) as caught:
        element_class(*lists)
    assert str(caught.value) == text


def test_lists_within_lists_are_refused() -> None:
    with pytest.raises(UnprocessablePatch, match="lists of lists are not supported"):
        element_class([], [[1]])
