"""Raising an exception without the one that is being handled."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["raise_alone"]


def raise_alone(error: Exception) -> NoReturn:
    """Raise an exception that does not keep the one that is being handled.

    `from None` hides that one from tracebacks only. It stays reachable as `__context__`, with its attributes: those of
    a library may hold the text that it could not read, or a request with its headers.
    """
    try:
        raise error
    finally:
        error.__context__ = None
