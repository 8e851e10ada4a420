"""Equality of JSON values, in which true differs from 1 at every depth, unlike in Python."""

from __future__ import annotations

from typing import Any

from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.json.encode import value_of
from kubeloop.objects.type_guards import is_list, is_mapping, is_tuple

__all__ = ["same"]


def same(a: Any, b: Any) -> bool:
    """Return whether two values, plain or frozen, have the same JSON."""
    if a is b:
        return True
    if isinstance(a, FrozenStruct):  # models are equal even if one has null and the other an empty list
        cls: Any = type(a)
        return bool(a == b) and (bool(cls.__dropped__) or same(value_of(a), value_of(b)))
    if is_mapping(a) and is_mapping(b):
        return a.keys() == b.keys() and all(same(each, b[key]) for key, each in a.items())
    if (is_tuple(a) and is_tuple(b)) or (is_list(a) and is_list(b)):
        return len(a) == len(b) and all(map(same, a, b))
    return isinstance(a, bool) is isinstance(b, bool) and bool(a == b)
