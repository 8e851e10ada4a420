"""Three-way strategic merge patches: deletions from the last configuration, changes against the current document."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubeloop.wire.patches.merge_rules import MergeRules, rules_for
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchConflict
from kubeloop.wire.patches.strategic_merge import apply_strategic_patch
from kubeloop.wire.patches.three_way_patch import three_way_patch


def rules() -> MergeRules:
    found = rules_for("v1", "Pod")
    assert found is not None
    return found


def pod(*containers: Any, **labels: str) -> Any:
    items = [{"name": each} if isinstance(each, str) else each for each in containers]
    return {"metadata": {"labels": labels}, "spec": {"containers": items}}


def test_what_the_configuration_lost_is_deleted_and_what_others_added_remains() -> None:
    original, modified, current = pod("a", "b", x="1"), pod("a", "d", y="2"), pod("a", "b", "sidecar", x="1", z="3")
    kept = copy.deepcopy((original, modified, current))
    patch = three_way_patch(original, modified, current, rules(), overwrite=True)
    assert patch["metadata"] == {"labels": {"x": None, "y": "2"}}
    assert patch["spec"]["containers"] == [{"name": "d"}, {"name": "b", "$patch": "delete"}]
    result = apply_strategic_patch(current, patch, rules())
    assert {each["name"] for each in result["spec"]["containers"]} == {"a", "d", "sidecar"}
    assert result["metadata"] == {"labels": {"y": "2", "z": "3"}}
    assert (original, modified, current) == kept


def test_a_field_that_others_changed_is_a_conflict_unless_it_may_be_overwritten() -> None:
    original, modified, current = pod(x="1"), pod(x="2"), pod(x="3")
    with pytest.raises(PatchConflict) as caught:
        three_way_patch(original, modified, current, rules(), overwrite=False)
    assert (caught.value.code, caught.value.reason) == (409, "Conflict")
    patch = three_way_patch(original, modified, current, rules(), overwrite=True)
    assert patch == {"metadata": {"labels": {"x": "2"}}}


def test_the_same_change_by_others_is_no_conflict() -> None:
    assert three_way_patch(pod(x="1"), pod(x="2"), pod(x="2"), rules(), overwrite=False) == {}


def test_changes_of_other_fields_are_no_conflict() -> None:
    patch = three_way_patch(pod("a", x="1"), pod("a", x="2"), pod("a", "b", x="1"), rules(), overwrite=False)
    assert patch["metadata"] == {"labels": {"x": "2"}}


def test_a_deep_document_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(MalformedPatch):
        three_way_patch({}, {}, deep, rules(), overwrite=True)
