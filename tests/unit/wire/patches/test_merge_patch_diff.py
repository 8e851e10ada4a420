"""Three-way merge patches: deletions come from the last configuration, changes from the current document."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.patches.merge_patch_diff import three_way_merge_patch
from kubeloop.wire.patches.patch_errors import MalformedPatch


def test_what_the_configuration_lost_is_deleted_and_what_others_added_remains() -> None:
    original = {"a": 1, "b": {"c": 1, "d": 2}}
    modified = {"b": {"c": 5}, "e": [1]}
    current = {"a": 1, "b": {"c": 1, "d": 2, "other": 3}, "status": {}}
    patch = three_way_merge_patch(original, modified, current)
    assert patch == {"a": None, "b": {"c": 5, "d": None}, "e": [1]}
    assert apply_merge_patch(current, patch) == {"b": {"c": 5, "other": 3}, "e": [1], "status": {}}


def test_a_change_by_others_is_set_back() -> None:
    assert three_way_merge_patch({"a": 1}, {"a": 1}, {"a": 2}) == {"a": 1}


def test_an_empty_object_is_a_value() -> None:
    assert three_way_merge_patch({}, {"a": {}}, {}) == {"a": {}}


def test_nothing_is_sent_for_nothing() -> None:
    assert three_way_merge_patch({"a": {"b": 1}}, {"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}) == {}


def test_integers_keep_all_their_digits() -> None:
    assert three_way_merge_patch({}, {"a": 2**53 + 1}, {"a": 2**53}) == {"a": 2**53 + 1}


def test_a_deep_document_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(MalformedPatch):
        three_way_merge_patch({}, deep, {})
