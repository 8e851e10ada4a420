"""Which objects of a range are on a page."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop import fields, labels
from kubeloop.testing.apiserver.reading.item_page import after_key, cut_page
from kubeloop.testing.apiserver.reading.selection import select
from kubeloop.testing.apiserver.storage.stored import Key, Stored
from tests.support.read_world import PODS

EVERYTHING = select(PODS, "", labels.everything(), fields.Selector())
WEB = select(PODS, "", labels.equals("app", "web"), fields.Selector())


def items(apps: str) -> list[Stored]:
    """Return objects whose names are 0, 1, 2, ..., of which those with a `w` are selected by WEB."""
    found: list[Stored] = []
    for index, letter in enumerate(apps):
        metadata = {"labels": {"app": "web" if letter == "w" else "db"}}
        found.append(Stored(Key("pods", "ns", str(index)), 5, 5, json.dumps({"metadata": metadata}).encode()))
    return found


@pytest.mark.parametrize(("count", "limit", "following", "expected"), [
    (3, 0, 0, (3, None, None)),
    (3, 3, 0, (3, None, None)),
    (3, 4, 0, (3, None, None)),
    (3, 2, 0, (2, "1", 1)),
    (3, 1, 0, (1, "0", 2)),
    (3, 3, 7, (3, "2", 7)),
    (0, 3, 0, (0, None, None)),
])  # fmt: skip
def test_a_page_without_a_selector_says_how_many_follow(
    count: int, limit: int, following: int, expected: tuple[int, str | None, int | None]
) -> None:
    page = cut_page(items("w" * count), EVERYTHING, limit, following=following)
    assert (len(page.items), page.last and page.last.key.name, page.remaining) == expected


@pytest.mark.parametrize(("apps", "limit", "names", "last"), [
    ("wdwd", 0, "02", None),
    ("wdwd", 1, "0", "0"),
    ("wdwd", 2, "02", "2"),
    ("wdw", 2, "02", None),
    ("wdwd", 3, "02", None),
    ("dddd", 1, "", None),
])  # fmt: skip
def test_a_page_with_a_selector_ends_with_the_last_selected_object(
    apps: str, limit: int, names: str, last: str | None
) -> None:
    page = cut_page(items(apps), WEB, limit)
    assert "".join(item.key.name for item in page.items) == names
    assert (page.last.key.name if page.last else None) == last
    assert page.remaining is None


@pytest.mark.parametrize(("start", "namespace", "after"), [
    ("", "", ""), ("", "ns", ""), ("ns/a\0", "", "ns/a"), ("a\0", "ns", "ns/a"),
])  # fmt: skip
def test_a_range_begins_after_the_key_of_a_token(start: str, namespace: str, after: str) -> None:
    assert after_key(start, namespace) == after


KEYS = st.text("abz-./", min_size=1, max_size=5)


@given(start=KEYS, keys=st.lists(KEYS), is_exclusive=st.booleans())
def test_no_key_is_between_the_bound_and_the_start(start: str, keys: list[str], is_exclusive: bool) -> None:
    start += "\0" * is_exclusive
    bound = after_key(start, "")
    assert [key for key in keys if key > bound] == [key for key in keys if key >= start]
