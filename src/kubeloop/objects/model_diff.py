"""Patches between two values of one model.

What was not touched is the same object, so it costs nothing. A default means absent: it is sent as a removal, while a
zero that was set is sent as such. What we hold may not be on the server (an explicit zero and an absent one read the
same), so single values are added, which replaces what is there.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from kubeloop.objects.data_diff import (
    NAMES,
    Ops,
    data_merge,
    data_ops,
    escape,
    has_null,
    list_ops,
    merge_loses,
    remove,
)
from kubeloop.objects.equality import same
from kubeloop.objects.given import is_removed
from kubeloop.objects.json.encode import value_of
from kubeloop.objects.model import NULLABLE, Mended, Model
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_dict, is_list, is_mapping
from kubeloop.objects.unknown_members import rest_of

__all__ = ["model_merge", "model_ops", "rewrites"]

_REMOVABLE = frozenset({"object", "objects", "object_map", "list", "map", "lazy", "any", "union"})


def model_merge(old: Any, new: Any) -> dict[str, Any]:
    """Give the merge patch of two values of one model."""
    patch: dict[str, Any] = {}
    for field, before, after in _changed(old, new):
        patch[field.wire] = _merge_field(field, before, after, is_absent=_is_absent(field, after, new))
    patch |= data_merge(rest_of(old), rest_of(new))
    return patch


def _merge_field(field: Field, before: Any, after: Any, *, is_absent: bool) -> Any:
    if is_absent or after is None:
        return [] if field.category == "lazy" else None
    if field.category == "object":
        return model_merge(before if isinstance(before, Model) else field.shape.model(), after)
    return _wire(field, after) if field.category == "lazy" else _merge_value(field.shape, before, after)


def _merge_value(shape: Shape, before: Any, after: Any) -> Any:
    """Return what a merge patch says where both have a value."""
    if isinstance(before, Model) and isinstance(after, Model) and shape.category == "object":
        return model_merge(before, after)
    if shape.item is not None and is_mapping(before) and is_mapping(after):
        patch: dict[str, Any] = {key: None for key in before if key not in after}
        for key, value in after.items():
            if key not in before:
                patch[key] = value_of(value, shape.item)
            elif not same(before[key], value):
                patch[key] = _merge_value(shape.item, before[key], value)
        return patch
    if shape.category == "any" and is_dict(before) and is_dict(after):
        return data_merge(before, after)
    return value_of(after, shape)


def rewrites(old: Any, new: Any) -> bool:
    """Return whether a merge patch would send a whole list of objects, and so erase what our models do not know in it.

    It is true as well where null is a value: a merge patch deletes instead.
    """
    if merge_loses(rest_of(old), rest_of(new)):
        return True
    return any(
        not _is_absent(field, after, new) and (after is None or _rewrites_value(field.shape, before, after))
        for field, before, after in _changed(old, new)
    )


def _rewrites_value(shape: Shape, before: Any, after: Any) -> bool:
    category = shape.category
    if category == "object" and isinstance(before, Model) and isinstance(after, Model):
        return rewrites(before, after)
    if category == "objects" and before is not NULLABLE and before:
        return True
    if category in ("scalar", "lazy"):
        return after is None and shape.optional and before is not None
    if shape.item is not None and is_mapping(before) and is_mapping(after):
        item = shape.item
        return any(
            _rewrites_value(item, before[key], value) if key in before else has_null(value_of(value, item))
            for key, value in after.items()
            if key not in before or not same(before[key], value)
        )
    was = None if before is NULLABLE else value_of(before)
    if category in ("any", "union"):
        return merge_loses(was, value_of(after))
    return has_null(value_of(after, shape)) or merge_loses(was, value_of(after))


def model_ops(old: Any, new: Any, path: str, ops: Ops, *, test: bool) -> None:
    """Add the JSON-patch operations that make `new` of `old` at a path."""
    data_ops(rest_of(old), rest_of(new), path, ops, test=test)
    for field, before, after in _changed(old, new):
        at = f"{path}/{escape(field.wire)}"
        category = field.category
        there = before is not field.absent
        single = category in ("scalar", "union")
        if field.category == "lazy":
            ops.append({"op": "add", "path": at, "value": _wire(field, after) or []})
        elif _is_absent(field, after, new):
            value = _wire(field, before) if test else None
            remove(ops, at, value, test=test and category in ("scalar", "list", "map"))
        elif not there or single or after is None or not _is_container(category, before):
            if test and there and single:
                ops.append({"op": "test", "path": at, "value": _wire(field, before)})
            ops.append({"op": "add", "path": at, "value": _wire(field, after)})
        elif category == "object":
            model_ops(before, after, at, ops, test=test)
        elif category == "any":
            data_ops(before, after, at, ops, test=test)
        elif category in ("map", "object_map"):
            _map_ops(field.shape, before, after, at, ops, test=test)
        else:
            _list_field(field.shape, before, after, at, ops, test=test)


def _list_field(shape: Shape, before: Any, after: Any, at: str, ops: Ops, *, test: bool) -> None:
    if isinstance(before, Mended):  # its indexes are not the server's
        ops.append({"op": "add", "path": at, "value": value_of(after, shape)})
        return

    def edit(a: Any, b: Any, where: str) -> None:
        if isinstance(a, Model) and isinstance(b, Model):  # either may be null
            model_ops(a, b, where, ops, test=test)
        else:
            data_ops(value_of(a, shape.item), value_of(b, shape.item), where, ops, test=test)

    def write(item: Any) -> Any:
        return value_of(item, shape.item)

    list_ops(before, after, at, ops, edit=edit, name_of=_name_of, write=write, test=test)


def _map_ops(shape: Shape, before: Any, after: Any, at: str, ops: Ops, *, test: bool) -> None:
    plain = shape.category == "map"
    for key, value in before.items():
        if key not in after:
            remove(ops, f"{at}/{escape(key)}", value_of(value, shape.item), test=test and plain)
    for key, value in after.items():
        where = f"{at}/{escape(key)}"
        if key not in before:
            ops.append({"op": "add", "path": where, "value": value_of(value, shape.item)})
        elif not same(before[key], value):
            if isinstance(before[key], Model) and isinstance(value, Model):  # either may be null
                model_ops(before[key], value, where, ops, test=test)
            else:
                data_ops(value_of(before[key], shape.item), value_of(value, shape.item), where, ops, test=test)


def _changed(old: Any, new: Any) -> Iterator[tuple[Field, Any, Any]]:
    for field in fields_of(class_of(old)).values():
        before, after = getattr(old, field.stored), getattr(new, field.stored)
        if before is after:
            continue
        alike = type(before) is type(after) or (is_dict(before) and is_dict(after))
        if alike and same(before, after) and (before is field.default) == (after is field.default):
            continue
        if field.category == "lazy" and getattr(old, field.name) == getattr(new, field.name):
            continue
        yield field, before, after


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
    """Say if the server surely has something there that can be edited by its parts."""
    if category == "object" or value is None:
        return value is not None
    if category == "any":
        return is_dict(value) or is_list(value)
    return len(value) > 0


def _wire(field: Field, value: Any) -> Any:
    return value_of(value, field.shape) if field.category != "lazy" else value_of(value) if bytes(value) else []


def _name_of(item: Any) -> Hashable:
    if not isinstance(item, Model):
        return None
    fields = fields_of(class_of(item))
    name = next((getattr(item, key) for key in NAMES if key in fields), None)
    return name if isinstance(name, str) else None
