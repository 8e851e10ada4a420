"""When a watch sends its bookmarks.

Reference: apiserver pkg/storage/cacher, cacheWatcher.nextBookmarkTime. The real server looks once per second whether a
bookmark must be sent; here a bookmark is sent at its time.
"""

from __future__ import annotations

__all__ = ["BookmarkSchedule"]

_INTERVAL = 60.0
_BEFORE_DEADLINE = 2.0
_FIRST_LOOK = 1.0


class BookmarkSchedule:
    """The time of the next bookmark: once per minute, and two seconds before the watch ends.

    Attributes:
        next_at: When the next bookmark must be sent; None for never.
    """

    __slots__ = ("_deadline", "next_at")

    def __init__(self, now: float, deadline: float, *, at_once: bool = False) -> None:
        """Create a schedule.

        Args:
            now: The time at which the watch begins.
            deadline: The time at which the watch ends.
            at_once: Whether the first bookmark follows after a second, as after initial events.
        """
        self._deadline = deadline
        self.next_at: float | None = now + _FIRST_LOOK if at_once else self._after(now)

    def advance(self, now: float) -> None:
        """Set the time of the bookmark that follows the one sent now."""
        self.next_at = self._after(now)

    def _after(self, now: float) -> float | None:
        time = min(now + _INTERVAL, self._deadline - _BEFORE_DEADLINE)
        return time if time > now else None
