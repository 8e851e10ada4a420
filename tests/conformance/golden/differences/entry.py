"""The entries of the tables, and functions that describe which cases an entry covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Difference", "Names", "differing", "only", "refused"]

Names = Callable[[Any, Any, Any], bool]


class Difference(NamedTuple):
    """One kind of difference on one surface.

    Attributes:
        surface: The surface.
        reason: The reason for the difference; for a fault, its cause and its owner.
        names: Whether a case, with Go's result and ours, is of this kind.
    """

    surface: str
    reason: str
    names: Names

    def covers(self, case: Any, go: Any, ours: Any) -> bool:
        """Return whether the entry covers the case. A result whose form makes `names` fail is not covered."""
        try:
            return self.names(case, go, ours)
        except (LookupError, TypeError, ValueError, AttributeError):
            return False


def refused(result: Any) -> bool:
    """Return whether a result is a refusal."""
    return isinstance(result, dict) and result.get("error") is True


def differing(go: Any, ours: Any) -> set[str]:
    """Return the fields in which two results that are objects differ; for other results, no fields."""
    if not isinstance(go, dict) or not isinstance(ours, dict):
        return set()
    return {name for name in go.keys() | ours.keys() if go.get(name) != ours.get(name)}


def only(*fields: str) -> Names:
    """Cover the cases in which nothing but some of these fields differs."""
    return lambda _, go, ours: bool(found := differing(go, ours)) and found <= set(fields)
