"""Conflicts of two strategic merge patches."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.wire.patches.merge_rules import rules_for
from kubeloop.wire.patches.patch_errors import PatchFailed
from kubeloop.wire.patches.strategic_conflicts import have_conflicts


def conflict(left: Any, right: Any, api_version: str = "v1", kind: str = "Pod") -> bool:
    rules = rules_for(api_version, kind)
    assert rules is not None
    found = have_conflicts(left, right, rules)
    assert have_conflicts(right, left, rules) == found
    return found


def spec(**fields: Any) -> Any:
    return {"spec": fields}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (spec(nodeName="a"), spec(nodeName="b")),
        (spec(nodeName="a"), spec(nodeName=None)),
        (spec(priority=1), spec(priority=1.0)),
        (spec(priority=1), {"spec": None}),
        (spec(containers=[{"name": "a", "image": "x"}]), spec(containers=[{"name": "a", "image": "y"}])),
        (spec(containers=[{"name": "a", "$patch": "delete"}]), spec(containers=[{"name": "a", "image": "y"}])),
        (spec(tolerations=[{"key": "a"}]), spec(tolerations=[{"key": "b"}])),
        (spec(tolerations=[{"key": "a"}]), spec(tolerations=[{"key": "a"}, {"key": "a"}])),
        (spec(**{"$patch": "replace"}), spec(**{"$patch": "delete"})),
        (spec(**{"$patch": "replace"}), spec(nodeName="a")),
    ],
)
def test_different_values_of_one_field_are_a_conflict(left: Any, right: Any) -> None:
    assert conflict(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (spec(nodeName="a"), spec(nodeName="a", hostname="b")),
        (spec(containers=[{"name": "a", "image": "x"}]), spec(containers=[{"name": "b", "image": "y"}])),
        (spec(containers=[{"name": "a", "image": "x"}]), spec(containers=[{"name": "a", "tty": True}])),
        ({"metadata": {"finalizers": ["a"]}}, {"metadata": {"finalizers": ["b"]}}),
        (spec(tolerations=[{"key": "a"}]), spec(tolerations=[{"key": "a", "value": "b"}])),
        (spec(**{"$retainKeys": ["a"]}), spec(**{"$retainKeys": ["b"]})),
    ],
)
def test_changes_that_go_together_are_no_conflict(left: Any, right: Any) -> None:
    assert not conflict(left, right)


def test_lists_of_scalars_are_compared_without_their_order() -> None:
    left, right = (
        spec(containers=[{"name": "a", "args": ["x", "y"]}]),
        spec(containers=[{"name": "a", "args": ["y", "x"]}]),
    )
    assert not conflict(left, right)


def test_objects_that_are_replaced_are_no_conflict() -> None:
    left, right = spec(selector={"matchLabels": {"a": "b"}}), spec(selector={"matchLabels": {"a": "c"}})
    assert not conflict(left, right, "policy/v1", "PodDisruptionBudget")


def test_items_without_a_merge_key_cannot_be_compared() -> None:
    rules = rules_for("v1", "Pod")
    assert rules is not None
    with pytest.raises(PatchFailed, match="cannot find merge key `name` in merging list element:map"):
        have_conflicts(spec(containers=[{"image": "x"}]), spec(containers=[{"name": "a"}]), rules)
