"""Equality of JSON values: true is not 1, however deep it stands in free-form data. Python says that they are equal."""

from __future__ import annotations

from functools import cache
from typing import Any

from kubeloop.models._base import Model
from kubeloop.models._encode import dumps, is_below
from kubeloop.models._guards import class_of, is_list, is_mapping, is_tuple
from kubeloop.models._rest import rest_of

__all__ = ["same"]


def same(a: Any, b: Any) -> bool:
    """Return whether two values, plain or frozen, are the same JSON."""
    if a is b:
        return True
    if isinstance(a, Model):
        alike = bool(a == b)
        return alike and (not (rest_of(a) or _has_free_form(class_of(a))) or dumps(a) == dumps(b))
    if is_mapping(a) and is_mapping(b):
        return a.keys() == b.keys() and all(same(each, b[key]) for key, each in a.items())
    if (is_tuple(a) and is_tuple(b)) or (is_list(a) and is_list(b)):
        return len(a) == len(b) and all(map(same, a, b))
    return isinstance(a, bool) is isinstance(b, bool) and bool(a == b)


@cache
def _has_free_form(cls: Any) -> bool:
    return is_below(cls, lambda shape: shape.category in ("any", "union"))
