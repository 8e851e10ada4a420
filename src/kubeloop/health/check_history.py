"""`CheckHistory`: which results of checks are news, and at which level they are logged. It knows no clock."""

from __future__ import annotations

import logging
from typing import NamedTuple

from kubeloop._kit.durations import in_seconds

__all__ = ["CheckHistory", "News"]


class News(NamedTuple):
    """A line for the log: its level and its text."""

    level: int
    text: str


class CheckHistory:
    """The last results of checks, by name.

    A check that begins to fail is news, and so is its recovery; a repeated result is a line at DEBUG.

    Args:
        may_fail_at_start: Whether it is part of a normal start that a check fails until it passes for the first time.
    """

    def __init__(self, *, may_fail_at_start: bool) -> None:
        self._may_fail_at_start = may_fail_at_start
        self._passed: set[str] = set()
        self._failing_since: dict[str, float] = {}

    def record(self, name: str, error: str, now: float) -> News:
        """Record a result, and return what is logged.

        Args:
            name: The name of the check.
            error: Why it failed; `""` if it passed.
            now: The time in seconds.
        """
        since = self._failing_since.get(name)
        if error:
            self._failing_since.setdefault(name, now)
            if since is not None:
                return News(logging.DEBUG, f"has failed for {in_seconds(now - since)}: {error}")
            if self._may_fail_at_start and name not in self._passed:
                return News(logging.INFO, f"does not pass yet: {error}")
            return News(logging.WARNING, f"fails: {error}")
        self._passed.add(name)
        if since is None:
            return News(logging.DEBUG, "passes")
        del self._failing_since[name]
        return News(logging.INFO, f"passes again, after {in_seconds(now - since)}")
