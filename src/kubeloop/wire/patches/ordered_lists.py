"""The order of merged lists: items of the patch in its order, other items in the order that they had.

An item of a list of objects is identified by its merge key, an item of a list of scalars by itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any

from kubeloop.wire.patches.go_value import go_text, go_type
from kubeloop.wire.patches.json_equality import scalar_key
from kubeloop.wire.patches.patch_errors import PatchFailed, UnprocessablePatch

__all__ = ["arrange", "check_has_key", "element_class", "key_of_object", "keys_of", "sort_like"]

_Keyed = tuple[Hashable, Any]

# Up to this length, a list whose order does not name all items is sorted exactly as by Go's insertion sort.
_INSERTION_SORTED = 20

# The types of scalars that are their own `scalar_key`.
_OWN_KEYS = frozenset((str, int, NoneType))
_ELEMENTS: frozenset[type[Any]] = frozenset((dict, str, int, float, bool))


def arrange(items: list[Any], order: list[Any], previous: list[Any], merge_key: str) -> list[Any]:
    """Return items of a merged list in the order of the patch (strategicpatch.normalizeElementOrder).

    Args:
        items: The merged items.
        order: The items in the order of the patch, or only their merge keys.
        previous: The list before the merge.
        merge_key: The merge key; `""` for a list of scalars.

    Raises:
        PatchFailed: An item is no object or has no merge key.
    """
    if merge_key:
        _check_are_objects(order, items, merge_key)
    wanted = _first_positions(order, merge_key)
    chosen: list[_Keyed] = []
    others: list[_Keyed] = []
    for each in zip(keys_of(items, merge_key), items, strict=True):
        (chosen if each[0] in wanted else others).append(each)
    before = _first_positions(previous, merge_key)
    return _interleaved(_sorted(others, before, merge_key), _sorted(chosen, wanted, merge_key), before)


def sort_like(items: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    """Return items in the order of another list (strategicpatch.normalizeSliceOrder); deletions come last.

    Raises:
        PatchFailed: An item is no object or has no merge key.
    """
    keyed = list(zip(keys_of(items, merge_key), items, strict=True))
    return [item for _, item in _sorted(keyed, _first_positions(order, merge_key), merge_key)]


def keys_of(items: list[Any], merge_key: str) -> list[Hashable]:
    """Return what finds each item: by its merge key, or by itself if the merge key is `""`.

    Raises:
        PatchFailed: An item is no object, or has no merge key or one that is not a scalar.
    """
    try:
        keys = [item[merge_key] for item in items] if merge_key else items
    except (KeyError, TypeError):
        return [key_of_object(item, merge_key) for item in items]
    return keys if _OWN_KEYS.issuperset(map(type, keys)) else list(map(scalar_key, keys))


def key_of_object(item: Any, merge_key: str) -> Hashable:
    """Return what finds an item by its merge key.

    Raises:
        PatchFailed: The item is no object or has no merge key.
    """
    check_has_key(item, merge_key)
    return scalar_key(item[merge_key])


def check_has_key(item: Any, merge_key: str) -> None:
    """Refuse an item without a merge key.

    Raises:
        PatchFailed: The item is no object or has no merge key.
    """
    if item.__class__ is not dict:
        raise PatchFailed(f"expected a map[string]interface {{}}, but received a {go_type(item)}")
    if merge_key not in item:
        raise PatchFailed(f"map: {go_text(item)} does not contain declared merge key: {merge_key}")


def element_class(*lists: Sequence[Any]) -> type[Any]:
    """Return the class of the elements of some lists, of which at least one has elements.

    Raises:
        PatchFailed: The elements have several types or are null, or there are none.
        UnprocessablePatch: The elements are lists.
    """
    kinds = set(map(type, chain.from_iterable(lists)))
    if len(kinds) == 1 and kinds <= _ELEMENTS:
        return kinds.pop()
    found: type[Any] | None = None
    for elements in lists:
        for element in elements:
            if found is None:
                found = element.__class__
                if element is None:
                    raise PatchFailed("expected list elements, got null")
                if found is list:
                    raise UnprocessablePatch("lists of lists are not supported")
            elif element.__class__ is not found:
                raise PatchFailed(f"list element types are not identical: {go_text(list(lists))}")
    if found is None:
        raise PatchFailed("no elements in any of the given slices")
    return found


def _check_are_objects(order: list[Any], items: list[Any], merge_key: str) -> None:
    """Refuse an order with a scalar or a list, in the words that Go has for one before the place of an item."""
    for place, each in enumerate(order):
        if each.__class__ is not dict:
            before = _first_positions(order[:place], merge_key)
            if any(key not in before for key in keys_of(items, merge_key)):
                raise PatchFailed(f"value for key {place} is not a map")
            return


def _first_positions(items: list[Any], merge_key: str) -> dict[Hashable, int]:
    keys = keys_of(items, merge_key)
    return dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))


def _sorted(keyed: list[_Keyed], positions: Mapping[Hashable, int], merge_key: str) -> list[_Keyed]:
    if merge_key and any("$patch" in item for _, item in keyed):
        deletions = [each for each in keyed if each[1].get("$patch") == "delete"]
        remaining = [each for each in keyed if each[1].get("$patch") != "delete"]
        return _by_position(remaining, positions) + deletions
    return _by_position(keyed, positions)


def _by_position(keyed: list[_Keyed], positions: Mapping[Hashable, int]) -> list[_Keyed]:
    if len(keyed) < 2:
        return keyed
    try:
        return sorted(keyed, key=lambda each: positions[each[0]])
    except KeyError:
        unknown = [each for each in keyed if each[0] not in positions]
    if len(keyed) > _INSERTION_SORTED:
        known = [each for each in keyed if each[0] in positions]
        return sorted(known, key=lambda each: positions[each[0]]) + unknown
    # Go's comparison is true if one of two items has no position, whichever way they are compared.
    done: list[_Keyed] = []
    for each in keyed:
        place = len(done)
        position = positions.get(each[0])
        while place:
            other = positions.get(done[place - 1][0])
            if position is not None and other is not None and position >= other:
                break
            place -= 1
        done.insert(place, each)
    return done


def _interleaved(left: list[_Keyed], right: list[_Keyed], positions: Mapping[Hashable, int]) -> list[Any]:
    """Merge two sorted lists: an item of the left one comes first where both have positions and its own is lower."""
    if not left or not right:
        return [item for _, item in left or right]
    merged: list[Any] = []
    taken = 0
    for key, item in right:
        position = positions.get(key)
        while position is not None and taken < len(left):
            own = positions.get(left[taken][0])
            if own is None or own >= position:
                break
            merged.append(left[taken][1])
            taken += 1
        merged.append(item)
    return merged + [item for _, item in left[taken:]]
