"""The difference of two values of one model, as a tree of edits.

Untouched parts are the same object, so they cost nothing. A field that holds its default is absent and is sent as a
removal, while a zero that was set is sent as such. The server may lack what we hold (an explicit zero and an absent
one read the same), so JSON patches `add` single values, which replaces an existing one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cache, partial
from typing import Any, cast

from kubeloop.objects.compare_data import NAMES, data_difference, member_edits
from kubeloop.objects.equality import same
from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.given_fields import is_removed
from kubeloop.objects.json.encode import value_of
from kubeloop.objects.markers import NULLABLE, Mended
from kubeloop.objects.merge_and_json_patches import Edit, Items, Members, Removal, Replacement, has_objects
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_dict, is_list, is_mapping, is_tuple
from kubeloop.objects.unknown_members import rest_of

__all__ = ["model_difference"]

_REMOVABLE = frozenset({"object", "objects", "object_map", "list", "map", "lazy", "any"})
_TESTABLE_REMOVALS = frozenset({"scalar", "list", "map"})


def model_difference(old: Any, new: Any) -> Members:
    """Return the edits that turn one value of a model into another, by API field name."""
    edits = member_edits(rest_of(old), rest_of(new))
    for field, before, after in _changed(old, new):
        edits[field.wire] = _field_edit(field, before, after, is_absent=_is_absent(field, after, new))
    return Members(edits)


def _field_edit(field: Field, before: Any, after: Any, *, is_absent: bool) -> Edit:
    shape, category = field.shape, field.category
    if category == "lazy":
        return Replacement(partial(_lazy_items, after))
    old = partial(value_of, before, shape)
    if is_absent:
        return Removal(old if category in _TESTABLE_REMOVALS else None)
    is_there = before is not field.absent
    whole = Replacement(
        partial(value_of, after, shape),
        tested=old if is_there and category == "scalar" else None,
        drops_objects=has_objects(before),
    )
    nested = None if after is None else _nested(shape, before, after)
    if nested is None:
        return whole
    if is_there and _is_container(category, before):
        return nested
    return Members(nested.edits, whole) if isinstance(nested, Members) else whole


def _nested(shape: Shape, before: Any, after: Any) -> Edit | None:
    """Return the edits of the parts of a value, None where the value has no parts that can be edited."""
    category = shape.category
    if category == "object":
        return model_difference(before if isinstance(before, FrozenStruct) else shape.model(), after)
    if category == "any":
        both = (is_dict(before) and is_dict(after)) or (is_list(before) and is_list(after))
        return data_difference(before, after) if both else None
    if shape.item is None:
        return None
    if is_mapping(before) and is_mapping(after):
        return Members(_entries(shape.item, before, after))
    if category in ("objects", "list") and is_tuple(before) and before and not isinstance(before, Mended):
        # The indexes of a mended list are not the server's.
        return Items(
            before,
            after,
            edit=partial(_item_edit, shape.item),
            name_of=_name_of,
            write=partial(value_of, shape=shape.item),
        )
    return None


def _entries(item: Shape, before: Any, after: Any) -> dict[str, Edit]:
    is_plain = item.category != "object" or item.optional
    edits: dict[str, Edit] = {
        key: Removal(partial(value_of, value, item) if is_plain else None)
        for key, value in before.items()
        if key not in after
    }
    for key, value in after.items():
        if key not in before:
            edits[key] = Replacement(partial(value_of, value, item))
        elif not same(before[key], value) and (edit := _item_edit(item, before[key], value)) is not None:
            edits[key] = edit
    return edits


def _item_edit(item: Shape, before: Any, after: Any) -> Edit | None:
    if isinstance(before, FrozenStruct) and isinstance(after, FrozenStruct):  # either may be null
        difference = model_difference(before, after)
        return difference if difference.edits else None
    return data_difference(value_of(before, item), value_of(after, item))


def _changed(old: Any, new: Any) -> Iterator[tuple[Field, Any, Any]]:
    """Yield the fields that differ, with their values.

    Raises:
        NotKept: The old value has dropped a field that the new one has: a part of which only some fields were kept was
            replaced as a whole.
    """
    dropped = cast("Any", type(old)).__dropped__ & cast("Any", type(new)).__dropped__
    for field, stored in _stored_fields(class_of(old)):
        if stored in dropped:
            continue
        before, after = getattr(old, stored), getattr(new, stored)
        if before is after:
            continue
        alike = type(before) is type(after) or (is_dict(before) and is_dict(after))
        if alike and same(before, after) and (before is field.default) == (after is field.default):
            continue
        if field.category == "lazy" and getattr(old, field.name) == getattr(new, field.name):
            continue
        yield field, before, after


@cache
def _stored_fields(cls: Any) -> tuple[tuple[Field, str], ...]:
    """Return the fields of a class, each with the attribute that holds its value."""
    return tuple((field, field.stored) for field in fields_of(cls).values())


def _is_absent(field: Field, value: Any, owner: Any) -> bool:
    """Return whether a field is removed, rather than set to what it holds."""
    if value is None:
        return not _null_is_value(field) or (field.always and is_removed(owner, field.name))
    if value is NULLABLE:
        return True
    if field.always or value is not field.default:
        return False
    return field.category in _REMOVABLE or is_removed(owner, field.name)


def _null_is_value(field: Field) -> bool:
    return field.nullable or field.always


def _is_container(category: str, value: Any) -> bool:
    """Return whether the server surely has a value there that can be edited by its parts."""
    if category == "object" or value is None:
        return value is not None
    if category == "any":
        return is_dict(value) or is_list(value)
    return len(value) > 0


def _lazy_items(raw: Any) -> Any:
    return (value_of(raw) if bytes(raw) else None) or []


def _name_of(item: Any) -> Hashable:
    if not isinstance(item, FrozenStruct):
        return None
    fields = fields_of(class_of(item))
    name = next((getattr(item, key) for key in NAMES if key in fields), None)
    return name if isinstance(name, str) else None
