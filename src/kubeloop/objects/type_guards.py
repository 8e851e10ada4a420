"""What a JSON value is, said so that type checkers know the items: `isinstance` alone leaves them unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

__all__ = ["class_of", "is_dict", "is_items", "is_list", "is_mapping", "is_tuple"]


def is_dict(value: Any) -> TypeGuard[dict[str, Any]]:
    """A JSON object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """A JSON array."""
    return isinstance(value, list)


def is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    """A list as models hold it."""
    return isinstance(value, tuple)


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Any mapping."""
    return isinstance(value, Mapping)


def is_items(value: Any) -> TypeGuard[Iterable[Any]]:
    """Anything that gives items, but neither text nor a mapping."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping))


def class_of(value: Any) -> Any:
    """The class of a model, whose private marks checkers need not know."""
    return value.__class__
