"""Type guards for JSON values, which tell type checkers the types of the items; `isinstance` leaves them unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

__all__ = ["class_of", "is_dict", "is_items", "is_list", "is_mapping", "is_tuple"]


def is_dict(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Return whether a value is a JSON array."""
    return isinstance(value, list)


def is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    """Return whether a value is a tuple, which is how models hold lists."""
    return isinstance(value, tuple)


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Return whether a value is a mapping."""
    return isinstance(value, Mapping)


def is_items(value: Any) -> TypeGuard[Iterable[Any]]:
    """Return whether a value is iterable, but neither text, bytes nor a mapping."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping))


def class_of(value: Any) -> Any:
    """Return the class of a model as Any, because type checkers do not know its private attributes."""
    return value.__class__
