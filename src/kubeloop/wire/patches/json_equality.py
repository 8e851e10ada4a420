"""Equality of JSON data as Go has it: numbers of different types differ, as do true and 1."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from kubeloop.wire.patches.patch_errors import PatchFailed

__all__ = ["same_json", "scalar_key"]


def same_json(left: Any, right: Any) -> bool:
    """Return whether two values are equal and of the same types (reflect.DeepEqual)."""
    if left.__class__ is not right.__class__:
        return False
    if left.__class__ is dict:
        return left.keys() == right.keys() and all(same_json(value, right[key]) for key, value in left.items())
    if left.__class__ is list:
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)


def scalar_key(value: Any) -> Hashable:
    """Return what finds a scalar in a dict; two keys are equal if the scalars are the same JSON.

    Raises:
        PatchFailed: The value is a list or an object, which Go cannot compare with `==`.
    """
    kind = value.__class__
    if kind is str or kind is int or value is None:
        return value  # type: ignore[no-any-return]  # the value is JSON data, a scalar by now
    if kind is dict or kind is list:
        raise PatchFailed(f"expected a scalar, got {'an object' if kind is dict else 'a list'}")
    return kind, value
