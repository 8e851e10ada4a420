"""How deeply JSON may be nested. Python 3.11 reads up to its recursion limit, newer versions some 10,000 levels."""

from __future__ import annotations

from kubeloop.errors import DecodeError
from kubeloop.objects.json.decode import parse

__all__ = ["TOO_DEEP", "is_too_deep", "nested"]

TOO_DEEP = 200_000
"""A number of levels that no Python reads."""


def nested(depth: int) -> bytes:
    """Return JSON of this number of nested objects."""
    return b'{"a":' * depth + b"1" + b"}" * depth


def is_too_deep(depth: int) -> bool:
    """Return whether this Python cannot read this number of levels; an object around the document costs four more."""
    try:
        parse(nested(depth + 4), "body")
    except DecodeError:
        return True
    return False
