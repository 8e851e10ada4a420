"""Strategic merge patches, computed from two documents (strategicpatch.CreateTwoWayMergeMapPatch)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubeloop._kit.value import Value
from kubeloop.wire.patches.go_value import go_text
from kubeloop.wire.patches.json_depth import check_depth
from kubeloop.wire.patches.json_equality import same_json, scalar_key
from kubeloop.wire.patches.merge_rules import MergeRules
from kubeloop.wire.patches.ordered_lists import element_class, keys_of, sort_like
from kubeloop.wire.patches.patch_errors import PatchFailed
from kubeloop.wire.patches.strategic_merge import DELETE_FROM_PRIMITIVE_LIST, RETAIN_KEYS, SET_ELEMENT_ORDER

__all__ = ["DiffScope", "diff_objects", "two_way_patch"]

_Object = dict[str, Any]


class DiffScope(Value, frozen=True):
    """The differences that a patch contains.

    Attributes:
        additions: Whether fields and items that are new or changed are in the patch.
        deletions: Whether fields and items that no longer exist are deleted.
        order: Whether the patch sets the order of merged lists.
    """

    additions: bool = True
    deletions: bool = True
    order: bool = True


_ALL = DiffScope()


def two_way_patch(original: _Object, modified: _Object, rules: MergeRules) -> _Object:
    """Return the strategic merge patch that changes one document into another.

    As in Go, the patch does not change the order of a merged list of scalars that only becomes sorted. The order in
    which the patch deletes scalars that a list contains several times differs from Go's.

    Args:
        original: The document to which the patch will be applied.
        modified: The document that results.
        rules: The rules of the kind of both documents.

    Raises:
        PatchError: A merged list has items without a merge key or of several types, or a document is nested too deeply.
    """
    check_depth(original)
    check_depth(modified)
    return diff_objects(original, modified, rules, _ALL)


def diff_objects(
    original: _Object, modified: _Object, rules: MergeRules, scope: DiffScope, *, retains_keys: bool = False
) -> _Object:
    """Return the patch that changes one object into another, as far as the scope goes (strategicpatch.diffMaps).

    Args:
        original: The object before.
        modified: The object afterwards.
        rules: The rules of the objects' type.
        scope: The differences that the patch contains.
        retains_keys: Whether a patch names the fields that remain.

    Raises:
        PatchError: The objects cannot be compared by the rules.
    """
    patch: _Object = {}
    for name, after in modified.items():
        if name not in original:
            if scope.additions:
                patch[name] = after
            continue
        before = original[name]
        if name == "$patch":
            if before.__class__ is not str or after.__class__ is not str:
                raise PatchFailed("invalid value for special key: $patch")
            if before != after:
                patch[name] = after
        elif before.__class__ is not after.__class__:
            if scope.additions:
                patch[name] = after
        elif after.__class__ is dict:
            patch.update(_object_diff(name, before, after, rules, scope))
        elif after.__class__ is list:
            patch.update(_list_diff(name, before, after, rules, scope))
        elif before != after and scope.additions:
            patch[name] = after
    if scope.deletions:
        for name in original:
            if name not in modified:
                patch[name] = None
    if retains_keys:
        retained = sorted(name for name, after in modified.items() if after is not None)
        removes = any(before is not None and name not in modified for name, before in original.items())
        if retained and (patch or removes):
            patch[RETAIN_KEYS] = retained
    return patch


def _object_diff(
    name: str, before: _Object, after: _Object, rules: MergeRules, scope: DiffScope
) -> Iterator[tuple[str, Any]]:
    try:
        rule, inner = rules.object_field(name)
    except PatchFailed:
        if same_json(before, after):
            return
        raise
    if rule.strategy == "replace":
        if scope.additions:
            yield name, after
        return
    patch = diff_objects(before, after, inner, scope, retains_keys=rule.retain_keys)
    if patch:
        yield name, patch


def _list_diff(
    name: str, before: list[Any], after: list[Any], rules: MergeRules, scope: DiffScope
) -> Iterator[tuple[str, Any]]:
    try:
        rule, inner = rules.list_field(name)
    except PatchFailed:
        if same_json(before, after):
            return
        raise
    if rule.strategy != "merge":
        if scope.additions and not same_json(before, after):
            yield name, after
        return
    if not before:
        if after and scope.additions:
            yield name, after
        return
    if element_class(before, after) is dict:
        changes, order = _objects_diff(before, after, inner, rule.merge_key, scope, rule.retain_keys)
        deletions: list[Any] = []
    else:
        changes, deletions, order = _scalars_diff(before, after, rule.merge_key, scope)
    if changes:
        yield name, changes
    if deletions:
        yield f"{DELETE_FROM_PRIMITIVE_LIST}/{name}", deletions
    if order:
        yield f"{SET_ELEMENT_ORDER}/{name}", order


def _objects_diff(
    before: list[Any], after: list[Any], rules: MergeRules, merge_key: str, scope: DiffScope, retains_keys: bool
) -> tuple[list[Any], list[Any]]:
    """Return the changes of a list of objects, with its deletions, and the list that sets its order."""
    changes: list[Any] = []
    deletions: list[Any] = []
    for old, new in _paired(_by_key_text(before, merge_key), _by_key_text(after, merge_key)):
        if new is None:
            if scope.deletions:
                deletions.append({merge_key: old[merge_key], "$patch": "delete"})
        elif old is None:
            if scope.additions:
                changes.append(new)
        else:
            patch = diff_objects(old, new, rules, scope, retains_keys=retains_keys)
            if patch:
                patch[merge_key] = new[merge_key]
                changes.append(patch)
    changes = sort_like(changes, after, merge_key) + deletions
    moved = keys_of(before, merge_key) != keys_of(after, merge_key)
    if scope.order and ((scope.additions and (changes or moved)) or (scope.deletions and changes)):
        return changes, [{merge_key: each[merge_key]} for each in after]
    return changes, []


def _scalars_diff(
    before: list[Any], after: list[Any], merge_key: str, scope: DiffScope
) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the items that a list of scalars gains, those that it loses, and the list that sets its order."""
    sorted_before = [(go_text(each), each) for each in before]
    sorted_before.sort(key=_text)
    additions: list[Any] = []
    deletions: dict[Any, Any] = {}
    for old, new in _paired(sorted_before, sorted(((go_text(each), each) for each in after), key=_text)):
        if new is None and scope.deletions:
            deletions.setdefault(scalar_key(old), old)
        elif old is None and scope.additions:
            additions.append(new)
    # Go sorts the list before it compares the order: it sets the order of every list that is not sorted by text.
    moved = not same_json([each for _, each in sorted_before], after)
    ordered = scope.order and ((scope.deletions and deletions) or (scope.additions and moved))
    return sort_like(additions, after, merge_key), list(deletions.values()), after if ordered else []


def _text(pair: tuple[str, Any]) -> str:
    return pair[0]


def _by_key_text(items: list[Any], merge_key: str) -> list[tuple[str, Any]]:
    """Return objects with the texts of their keys, sorted by these; equal ones are reversed, as Go leaves them."""
    keys_of(items, merge_key)
    return sorted(((go_text(item[merge_key]), item) for item in reversed(items)), key=_text)


def _paired(before: list[tuple[str, Any]], after: list[tuple[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of two sorted lists that have the same text; None stands for a missing partner."""
    left = right = 0
    while left < len(before) or right < len(after):
        if right == len(after) or (left < len(before) and before[left][0] < after[right][0]):
            yield before[left][1], None
            left += 1
        elif left == len(before) or before[left][0] > after[right][0]:
            yield None, after[right][1]
            right += 1
        else:
            yield before[left][1], after[right][1]
            left += 1
            right += 1
