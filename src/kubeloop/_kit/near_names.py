"""Suggestions for misspelt names in error messages."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean"]

_MANY = 1_000


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'list'?"` for the known name that is most like this one; `""` if none is like it.

    Of thousands of names, as a server with many CustomResourceDefinitions has, only those with the same first letter
    are compared: comparing all of them would hold the event loop for 50 ms.
    """
    import difflib

    names = list(known)
    if len(names) > _MANY:
        first = name[:1].lower()
        names = [each for each in names if each[:1].lower() == first]
    near = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
