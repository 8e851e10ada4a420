"""How deep JSON may be nested. Python 3.11 reads as deep as its recursion limit, newer ones some 10,000 levels."""

from __future__ import annotations

from kubeloop.errors import DecodeError
from kubeloop.objects.json.decode import parse

__all__ = ["TOO_DEEP", "is_too_deep", "nested"]

TOO_DEEP = 200_000
"""Levels that no Python reads."""


def nested(depth: int) -> bytes:
    """Return JSON of so many objects within each other."""
    return b'{"a":' * depth + b"1" + b"}" * depth


def is_too_deep(depth: int) -> bool:
    """Return whether this Python cannot read so many levels; an object around them costs four more."""
    try:
        parse(nested(depth + 4), "body")
    except DecodeError:
        return True
    return False
