"""How durations are written in messages and tables."""

from __future__ import annotations

__all__ = ["in_seconds"]


def in_seconds(value: float) -> str:
    """Return a duration as people write it: `"0.25 s"`, `"5 s"`, `"600 s"`.

    >>> in_seconds(4.99998)
    '5 s'
    """
    return f"{value:.0f} s" if value >= 9.95 else f"{value:.2g} s"
