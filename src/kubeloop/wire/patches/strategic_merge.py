"""Strategic merge patches, applied (strategicpatch.StrategicMergeMapPatch), or combined with another patch."""

from __future__ import annotations

from collections.abc import Hashable
from types import NoneType
from typing import Any

from kubeloop.wire.patches.go_value import go_string, go_text, go_type
from kubeloop.wire.patches.json_depth import check_depth
from kubeloop.wire.patches.json_equality import same_json, scalar_key
from kubeloop.wire.patches.merge_rules import FieldRule, MergeRules
from kubeloop.wire.patches.ordered_lists import arrange, check_has_key, element_class, key_of_object, keys_of
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchFailed

__all__ = [
    "DELETE_FROM_PRIMITIVE_LIST",
    "RETAIN_KEYS",
    "SET_ELEMENT_ORDER",
    "apply_strategic_patch",
    "combine_strategic_patches",
]

DELETE_FROM_PRIMITIVE_LIST = "$deleteFromPrimitiveList"
RETAIN_KEYS = "$retainKeys"
SET_ELEMENT_ORDER = "$setElementOrder"

_Object = dict[str, Any]


def apply_strategic_patch(document: _Object, patch: Any, rules: MergeRules) -> _Object:
    """Return a document with a strategic merge patch applied.

    Differences from Go: where Go would compare lists or objects with `==` and crash, the patch fails.

    Args:
        document: The document; it is not changed.
        patch: The patch; it is not changed.
        rules: The rules of the document's kind.

    Raises:
        MalformedPatch: The patch or a directive does not have the right form, or the patch is nested too deeply.
        UnprocessablePatch: A list to merge contains lists.
        PatchFailed: The document and the patch have values that cannot be merged by the rules.
    """
    if patch is None:
        return document
    if patch.__class__ is not dict:
        kind = {list: "array", str: "string", bool: "bool"}.get(patch.__class__, "number")
        raise MalformedPatch(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
    check_depth(patch)
    return _merge_objects(document, patch, rules, False)


def combine_strategic_patches(first: _Object, second: _Object, rules: MergeRules) -> _Object:
    """Return a patch with the effect of two patches, of which the second wins; nulls and directives are kept.

    Raises:
        PatchError: The patches cannot be combined.
    """
    return _merge_objects(first, second, rules, True)


def _merge_objects(original: _Object, patch: _Object, rules: MergeRules, combining: bool) -> _Object:
    """Merge a patch into an object (strategicpatch.mergeMap). `combining` means that the object is a patch too."""
    if "$patch" in patch:
        return _directed(patch)
    merged = dict(original)
    if "$" in "".join(patch):  # as in the names of all directives
        patch = dict(patch)
        if RETAIN_KEYS in patch:
            _retain_keys(merged, patch, combining)
        for name in [name for name in patch if name.startswith(SET_ELEMENT_ORDER)]:
            _merge_ordered(merged, patch, name, rules, combining)
    for name, value in patch.items():
        deletes = name.startswith(DELETE_FROM_PRIMITIVE_LIST)
        if deletes:
            if combining:
                merged[name] = value
                continue
            name = _field_of(name, DELETE_FROM_PRIMITIVE_LIST) or name
        kind = value.__class__
        if kind is NoneType:
            merged.pop(name, None)
            if not combining:
                continue
        if name not in merged or merged[name].__class__ is not kind:
            if not deletes:
                _put(merged, name, value, combining)
        elif kind is dict:
            rule, inner = rules.object_field(name)
            replaces = rule.strategy == "replace"
            merged[name] = value if replaces else _merge_objects(merged[name], value, inner, combining)
        elif kind is list:
            rule, inner = rules.list_field(name)
            merged[name] = _merge_field(merged[name], value, inner, rule, combining, deletes)
        else:
            merged[name] = value
    return merged


def _directed(patch: _Object) -> _Object:
    """Return what an object with `$patch` becomes."""
    directive = patch["$patch"]
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != "$patch"}
    if directive == "delete":
        return {}
    raise PatchFailed(f"unknown patch type: {go_string(directive)} in map: {go_text(patch)}")


def _put(merged: _Object, name: str, value: Any, combining: bool) -> None:
    """Set a field that was absent or of another type."""
    if value.__class__ is dict or value.__class__ is list:
        if value.__class__ is dict and "$patch" in value:
            merged.pop(name, None)
            return
        value = _without_directives(value, not combining)
    merged[name] = value


def _without_directives(value: Any, drop_nulls: bool) -> Any:
    """Return a value of a patch without the objects that have a `$patch`, and without null fields."""
    if value.__class__ is dict:
        return {
            name: _without_directives(each, drop_nulls) if each.__class__ is dict or each.__class__ is list else each
            for name, each in value.items()
            if not ((drop_nulls and each is None) or (each.__class__ is dict and "$patch" in each))
        }
    return [
        _without_directives(each, drop_nulls) if each.__class__ is dict or each.__class__ is list else each
        for each in value
        if not (each.__class__ is dict and "$patch" in each)
    ]


def _field_of(directive: str, prefix: str) -> str:
    """Return the field that a directive is for (strategicpatch.extractKey)."""
    found, slash, name = directive.partition("/")
    if found != prefix or not slash:
        lists = "primitive list" if prefix == DELETE_FROM_PRIMITIVE_LIST else "setElementOrder list"
        raise MalformedPatch(f"invalid patch format of {lists}")
    return name


def _retain_keys(merged: _Object, patch: _Object, combining: bool) -> None:
    """Remove the fields that `$retainKeys` does not name, and the directive from the patch."""
    directive = patch.pop(RETAIN_KEYS)
    if combining:
        if not same_json(merged.setdefault(RETAIN_KEYS, directive), directive):
            raise PatchFailed(
                f"{go_text(merged[RETAIN_KEYS])} and {go_text(directive)} are not deep equal: "
                "this may happen when calculating the 3-way diff patch"
            )
        return
    if directive.__class__ is not list:
        raise MalformedPatch("invalid patch format of retainKeys")
    retained = {scalar_key(each) for each in directive}
    for name, value in patch.items():
        is_directive = name.startswith((DELETE_FROM_PRIMITIVE_LIST, SET_ELEMENT_ORDER))
        if value is not None and not is_directive and name not in retained:
            raise MalformedPatch("invalid patch format of retainKeys")
    for name in [name for name in merged if name not in retained]:
        del merged[name]


def _merge_ordered(merged: _Object, patch: _Object, directive: str, rules: MergeRules, combining: bool) -> None:
    """Merge the list that `$setElementOrder` is for, and remove both from the patch (mergePatchIntoOriginal)."""
    order = patch.pop(directive)
    if combining and not same_json(merged.setdefault(directive, order), order):
        raise MalformedPatch("invalid patch format of setElementOrder list")
    _check_is_list(order)
    name = _field_of(directive, SET_ELEMENT_ORDER)
    for place in (merged, patch):
        if name in place:
            _check_is_list(place[name])
    rule, inner = rules.list_field(name)
    before, changes = merged.get(name, []), patch.get(name, [])
    _check_follows(changes, order, rule.merge_key)
    if name not in patch:
        if name not in merged:
            return
        items = before
    elif name not in merged:
        items = _without_directives(changes, False)
    else:
        items = _merge_field(before, changes, inner, rule, combining, False)
        if rule.strategy == "merge" and rule.merge_key:
            before = _overwritten(before, changes, rule.merge_key)
    element_class(before, changes)
    merged[name] = arrange(items, order, before, rule.merge_key)
    patch.pop(name, None)


def _overwritten(before: list[Any], changes: list[Any], merge_key: str) -> list[Any]:
    """Return the list before the merge as Go sees it after the merge.

    Go deletes items in place and then adds new ones, which fills the freed places: they count as items that were there.
    """
    directives = [item for item in changes if "$patch" in item]
    if not directives:
        return before
    deleted = set(keys_of([item for item in directives if item["$patch"] == "delete"], merge_key))
    found = [item for key, item in zip(keys_of(before, merge_key), before, strict=True) if key not in deleted]
    if all(item["$patch"] == "delete" for item in directives):
        known = set(keys_of(found, merge_key))
        for item in changes:
            if "$patch" not in item and (key := key_of_object(item, merge_key)) not in known:
                known.add(key)
                found.append(item)
    return found[: len(before)]


def _check_is_list(value: Any) -> None:
    if value.__class__ is not list:
        raise PatchFailed(f"expected a []interface {{}}, but received a {go_type(value)}")


def _check_follows(changes: list[Any], order: list[Any], merge_key: str) -> None:
    """Check that the items of the patch are in the list of `$setElementOrder`, in the same order."""
    if not order or not changes:
        return
    items = changes
    if merge_key:
        for item in changes:
            if item.__class__ is not dict:
                raise PatchFailed(f"expected a map[string]interface {{}}, but received a {go_type(item)}")
        items = [item for item in changes if item.get("$patch") != "delete"]
    taken = place = 0
    while taken < len(items) and place < len(order):
        item = items[taken]
        if item.__class__ is dict and "$patch" in item:
            taken += 1
            continue
        taken += _same_key(item, order[place], merge_key)
        place += 1
    if taken < len(items):
        raise PatchFailed(
            f"The order in patch list:\n{go_text(changes)}\n doesn't match {SET_ELEMENT_ORDER} list:\n"
            f"{go_text(order)}\n"
        )


def _same_key(left: Any, right: Any, merge_key: str) -> bool:
    if merge_key:
        for item in (left, right):
            check_has_key(item, merge_key)
        left, right = left[merge_key], right[merge_key]
    return left.__class__ is right.__class__ and scalar_key(left) == scalar_key(right)


def _merge_field(
    original: list[Any], patch: list[Any], rules: MergeRules, rule: FieldRule, combining: bool, deletes: bool
) -> list[Any]:
    if not deletes and rule.strategy != "merge":
        return patch
    return _merge_lists(original, patch, rules, rule.merge_key, combining, deletes)


def _merge_lists(
    original: list[Any], patch: list[Any], rules: MergeRules, merge_key: str, combining: bool, deletes: bool
) -> list[Any]:
    """Merge two lists (strategicpatch.mergeSlice). `deletes` means that the patch lists scalars to remove."""
    if not original and not patch:
        return original
    if element_class(original, patch) is not dict:
        if deletes:
            removed = {scalar_key(each) for each in patch}
            return [each for each in original if scalar_key(each) not in removed]
        merged = list({scalar_key(each): each for each in (*original, *patch)}.values())
    else:
        if not merge_key:
            raise PatchFailed(f"cannot merge lists without merge key for {_go_kind(rules)}")
        original, patch = _carry_out_directives(original, patch, merge_key)
        merged = _merge_items(original, patch, rules, merge_key, combining)
    return arrange(merged, patch, original, merge_key)


def _go_kind(rules: MergeRules) -> str:
    return rules.name if rules.name in ("map", "slice", "string") else "struct"


def _carry_out_directives(original: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Carry out the items with `$patch`; return what remains to be merged (mergeSliceWithSpecialElements)."""
    if not any("$patch" in item for item in patch):
        return original, patch
    remaining: list[Any] = []
    deleted: set[Hashable] = set()
    replaces = False
    for item in patch:
        if "$patch" not in item:
            remaining.append(item)
            continue
        directive = item["$patch"]
        if directive == "delete":
            deleted.add(key_of_object(item, merge_key))
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise PatchFailed("merging lists cannot yet be specified in the patch")
        else:
            raise PatchFailed(f"unknown patch type: {go_string(directive)} in map: {go_text(item)}")
    if replaces:
        return remaining, []
    if deleted:
        original = [item for item in original if merge_key not in item or scalar_key(item[merge_key]) not in deleted]
    return original, remaining


def _merge_items(
    original: list[Any], patch: list[Any], rules: MergeRules, merge_key: str, combining: bool
) -> list[Any]:
    """Merge each item of the patch into the item with the same key, or add it."""
    merged = list(original)
    places: dict[Hashable, int] = {}
    for place, item in enumerate(original):
        if merge_key in item:
            places.setdefault(scalar_key(item[merge_key]), place)
    for key, item in zip(keys_of(patch, merge_key), patch, strict=True):
        place = places.setdefault(key, len(merged))
        if place == len(merged):
            merged.append(item)
        else:
            merged[place] = _merge_objects(merged[place], item, rules, combining)
    return merged
