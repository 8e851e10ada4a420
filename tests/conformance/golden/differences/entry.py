"""What an entry of the tables is, and words for saying which cases it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Difference", "Names", "differing", "only", "refused"]

Names = Callable[[Any, Any, Any], bool]


class Difference(NamedTuple):
    """One kind of difference on one surface.

    Attributes:
        surface: The surface.
        reason: Why we differ; for a fault what is wrong, and whose it is.
        names: Whether a case, with Go's answer and ours, is of this kind.
    """

    surface: str
    reason: str
    names: Names

    def covers(self, case: Any, go: Any, ours: Any) -> bool:
        """Whether the entry names the case. An answer of a shape that `names` trips over is not of its kind."""
        try:
            return self.names(case, go, ours)
        except (LookupError, TypeError, ValueError, AttributeError):
            return False


def refused(answer: Any) -> bool:
    """Whether an answer is a refusal."""
    return isinstance(answer, dict) and answer.get("error") is True


def differing(go: Any, ours: Any) -> set[str]:
    """Return the fields in which two answers that are objects differ; of other answers none."""
    if not isinstance(go, dict) or not isinstance(ours, dict):
        return set()
    return {name for name in go.keys() | ours.keys() if go.get(name) != ours.get(name)}


def only(*fields: str) -> Names:
    """Name cases in which nothing but some of these fields differs."""
    return lambda _, go, ours: bool(found := differing(go, ours)) and found <= set(fields)
