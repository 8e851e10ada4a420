"""Conflicts of two strategic merge patches: fields that both set, to different values (MergingMapsHaveConflicts)."""

from __future__ import annotations

from typing import Any

from kubeloop.wire.patches.go_value import go_text
from kubeloop.wire.patches.json_equality import same_json, scalar_key
from kubeloop.wire.patches.merge_rules import FieldRule, MergeRules
from kubeloop.wire.patches.ordered_lists import element_class
from kubeloop.wire.patches.patch_errors import PatchFailed
from kubeloop.wire.patches.strategic_merge import RETAIN_KEYS

__all__ = ["have_conflicts"]


def have_conflicts(left: dict[str, Any], right: dict[str, Any], rules: MergeRules) -> bool:
    """Return whether two patches of the same kind contain different values for a field.

    Raises:
        PatchError: The patches have values that the rules cannot compare.
    """
    return _values_conflict(left, right, rules, _DEFAULT)


_DEFAULT = FieldRule()


def _values_conflict(left: Any, right: Any, rules: MergeRules, rule: FieldRule) -> bool:
    if left.__class__ is not right.__class__:
        return True
    if left.__class__ is dict:
        if ("$patch" in left) != ("$patch" in right):
            return True
        if "$patch" in left and not same_json(left["$patch"], right["$patch"]):
            return True
        return rule.strategy != "replace" and _objects_conflict(left, right, rules)
    if left.__class__ is list:
        return _lists_conflict(left, right, rules, rule)
    return bool(left != right)


def _objects_conflict(left: dict[str, Any], right: dict[str, Any], rules: MergeRules) -> bool:
    for name, value in left.items():
        if name in ("$patch", RETAIN_KEYS) or name not in right:
            continue
        rule, inner = _DEFAULT, rules
        if value.__class__ is list:
            rule, inner = rules.list_field(name)
        elif value.__class__ is dict:
            rule, inner = rules.object_field(name)
        if _values_conflict(value, right[name], inner, rule):
            return True
    return False


def _lists_conflict(left: list[Any], right: list[Any], rules: MergeRules, rule: FieldRule) -> bool:
    kind = element_class(left, right)
    if rule.strategy == "merge":
        # Two patches of a merged list of scalars add and remove items, which is no conflict.
        if kind is not dict:
            return False
        others = _by_merge_key(right, rule.merge_key)
        return any(
            key in others and _values_conflict(item, others[key], rules, _DEFAULT)
            for key, item in _by_merge_key(left, rule.merge_key).items()
        )
    if len(left) != len(right):
        return True
    if kind is not dict:
        left, right = _distinct(left), _distinct(right)
    return any(_values_conflict(one, other, rules, _DEFAULT) for one, other in zip(left, right, strict=False))


def _by_merge_key(items: list[Any], merge_key: str) -> dict[Any, Any]:
    for item in items:
        if merge_key not in item:
            raise PatchFailed(f"cannot find merge key `{merge_key}` in merging list element:{go_text(item)}")
    return {scalar_key(item[merge_key]): item for item in items}


def _distinct(items: list[Any]) -> list[Any]:
    return sorted({scalar_key(item): item for item in items}.values(), key=go_text)
