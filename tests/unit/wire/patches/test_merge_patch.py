"""JSON merge patches: RFC 7386, and what the API server does beyond it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.patches.patch_errors import MalformedPatch


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "foo"}, ["c"], ["c"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(before: Any, patch: Any, after: Any) -> None:
    assert apply_merge_patch(before, patch) == after


def test_nulls_are_removed_from_objects_within_lists_but_remain_as_items() -> None:
    assert apply_merge_patch({}, {"a": [{"b": None, "c": 1}, None]}) == {"a": [{"c": 1}, None]}


def test_a_list_that_replaces_an_object_is_taken_as_it_is() -> None:
    assert apply_merge_patch({"a": {}}, {"a": [{"b": None}]}) == {"a": [{"b": None}]}


@pytest.mark.parametrize("patch", [None, 1, "x", True])
def test_a_scalar_is_no_patch(patch: Any) -> None:
    with pytest.raises(MalformedPatch, match=r"^Invalid JSON Patch$"):
        apply_merge_patch({}, patch)


def test_a_deep_patch_is_malformed() -> None:
    patch: dict[str, Any] = {}
    for _ in range(100_000):
        patch = {"a": patch}
    with pytest.raises(MalformedPatch, match="nested"):
        apply_merge_patch({}, patch)


SCALARS = st.none() | st.booleans() | st.integers() | st.text("ab")
JSON = st.recursive(
    SCALARS | st.lists(SCALARS, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def as_in_the_rfc(target: Any, patch: Any) -> Any:
    """Apply a patch as the pseudocode of RFC 7386 does."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = as_in_the_rfc(result.get(name), value)
    return result


@given(OBJECTS, OBJECTS)
def test_a_patch_without_objects_in_lists_has_the_result_of_the_rfc(document: Any, patch: Any) -> None:
    kept = copy.deepcopy((document, patch))
    assert apply_merge_patch(document, patch) == as_in_the_rfc(document, patch)
    assert (document, patch) == kept
