"""Raising an exception without a reference to the exception that is being handled."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["raise_alone"]


def raise_alone(error: Exception) -> NoReturn:
    """Raise an exception without a `__context__`.

    `from None` hides the handled exception only from tracebacks. It stays in `__context__`, and the attributes of a
    library's exception may contain the text that it could not parse, or a request with its headers.
    """
    try:
        raise error
    finally:
        error.__context__ = None
        del error  # the traceback refers to this frame, which would otherwise refer to the error
