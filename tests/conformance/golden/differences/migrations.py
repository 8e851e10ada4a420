"""Intended differences in the move from client-side to server-side apply."""

from __future__ import annotations

from typing import Any

from .entry import Difference, differing

__all__ = ["INTENDED"]


def _changes_nothing(case: Any, go: Any, ours: Any) -> bool:
    """Return whether Go's patch writes the managed fields that the object has."""
    is_same = go["patch"][0]["value"] == case["managedFields"]
    return is_same and differing(go, ours) == {"patch"} and ours["patch"] is None


INTENDED = [
    Difference(
        "migrations",
        "A patch that writes the same sets in another order is not sent. Servers write sets in the order of client-go, "
        "which then sends no patch either.",
        _changes_nothing,
    ),
]
