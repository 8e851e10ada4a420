"""Repair JSON values that Go reads and our types refuse, after decoding them has failed.

Nulls become Go's zero, base64 loses its newlines, numbers become quantities, and times get the form that msgspec reads.
msgspec refuses some times that Go reads (a comma, an hour of one digit, offsets of a day), and rounds digits finer than
microseconds, which we cut off; only documents of users are searched for such digits, because the search is slow.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from kubeloop.objects.exact_time import ExactTime
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.markers import Mended
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["Repair", "has_fine_digits"]

_EXACT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]([01]\d|2[0-3]):?[0-5]\d)", re.ASCII)
_fine_digits = re.compile(rb"\.\d{7}").search


class Repair:
    """Repairs a JSON value according to the types of a class."""

    def __init__(self) -> None:
        self.changed = False
        self._mended: list[tuple[str | int, ...]] = []

    def mend_object(self, tree: dict[str, Any], cls: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
        """Repair the fields of an object in place, and return it; a field that is null is removed."""
        for field in fields_of(cls).values():
            value = tree.get(field.wire)
            if value is None:
                if field.wire in tree and not field.shape.optional:
                    del tree[field.wire]
                    self.changed = True
            else:
                tree[field.wire] = self.mend(value, field.shape, (*path, field.name))
        return tree

    def mend_lazy(self, value: Any, shape: Shape) -> Any:
        """Return the repaired value of a lazy field."""
        return [self._item(each, shape.item, ()) for each in value] if shape.item and is_list(value) else value

    def mend(self, value: Any, shape: Shape, path: tuple[str | int, ...]) -> Any:
        """Return the repaired form of a value that is not null."""
        category = shape.category
        if category == "lazy":
            return value  # it is kept as bytes, which are repaired when they are read
        if category == "object" and is_dict(value):
            return self.mend_object(value, shape.model, path)
        item = shape.item
        if item is not None and is_list(value):
            if None in value and not item.optional:
                self._mended.append(path)
            return [self._item(each, item, (*path, n)) for n, each in enumerate(value)]
        if item is not None and is_dict(value):
            return {key: self._item(each, item, (*path, key)) for key, each in value.items()}
        if category == "scalar":
            return self._scalar(value, shape)
        return value

    def mark(self, obj: Any) -> None:
        """Mark the lists of a decoded object in which an item was null: patches must not use their indexes."""
        for path in self._mended:
            owner = obj
            for step in path[:-1]:
                owner = getattr(owner, step) if isinstance(step, str) and hasattr(owner, step) else owner[step]
            name = path[-1]
            if isinstance(name, str) and hasattr(owner, name):
                force(owner, name, Mended(getattr(owner, name)))

    def _item(self, value: Any, shape: Shape, path: tuple[str | int, ...]) -> Any:
        if value is not None:
            return self.mend(value, shape, path)
        if shape.optional:
            return None
        self.changed = True
        return _zero(shape)

    def _scalar(self, value: Any, shape: Shape) -> Any:
        fixed = value
        if shape.go == "Quantity" and type(value) in (int, float):
            fixed = repr(value)
        elif shape.accepts == (bytes,) and isinstance(value, str):
            fixed = value.replace("\n", "").replace("\r", "")
        elif _is_time(shape) and isinstance(value, str):
            fixed = _time_text(value)
        if fixed is not value:
            self.changed = self.changed or fixed != value
        return fixed


def _zero(shape: Shape) -> Any:
    """Return Go's zero, as JSON, for a null in a list or map."""
    if shape.category in ("object", "map", "object_map"):
        return {}
    if shape.item is not None:
        return []
    if shape.go == "Quantity":
        return "0"
    zeros: dict[type, Any] = {str: "", bytes: "", int: 0, float: 0.0, bool: False}
    return next((zeros[kind] for kind in shape.accepts if kind in zeros), None)


def _is_time(shape: Shape) -> bool:
    """Return whether a field of this shape holds a time that msgspec reads."""
    return shape.accepts == (datetime,) and shape.hint is not ExactTime


def _time_text(text: str) -> str:
    """Return a time in a form that msgspec reads exactly; a text that is not a time is returned unchanged."""
    if _EXACT.fullmatch(text):
        return text
    from kubeloop.meta.times import parse_time

    try:
        return parse_time(text).isoformat()
    except ValueError:
        return text


def has_fine_digits(data: bytes) -> bool:
    """Return whether a body may have a time with digits finer than microseconds."""
    return _fine_digits(data) is not None
