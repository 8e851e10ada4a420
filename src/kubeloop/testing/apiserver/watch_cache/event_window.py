"""`EventWindow`: how many events a watch cache keeps."""

from __future__ import annotations

from collections import deque

__all__ = ["FRESH_DURATION", "GREATEST_CAPACITY", "LEAST_CAPACITY", "EventWindow"]

LEAST_CAPACITY = 100
GREATEST_CAPACITY = 100 * 1024
FRESH_DURATION = 75.0
"""Seconds for which events are kept while the capacity can still grow."""


class EventWindow:
    """Decide how many events are kept, as `watchCacheHistory` of `storage/cacher` does.

    A full window doubles if its oldest event is fresh, and halves if only its newest quarter, or less, is fresh.
    Otherwise each new event pushes out the oldest.

    Args:
        capacity: A fixed number of events; None for the rules of the real server.

    Attributes:
        capacity: The number of events for which there is room now.
    """

    __slots__ = ("_greatest", "_least", "_times", "capacity")

    def __init__(self, capacity: int | None = None) -> None:
        if capacity is not None and capacity < 1:
            raise ValueError(f"expected a capacity of at least 1 event, got {capacity}")
        self._least = capacity or LEAST_CAPACITY
        self._greatest = capacity or GREATEST_CAPACITY
        self.capacity = self._least
        self._times: deque[float] = deque()

    @property
    def is_full(self) -> bool:
        """Whether the next event pushes out the oldest, unless the capacity grows."""
        return len(self._times) == self.capacity

    def add(self, now: float) -> int:
        """Add an event and return how many of the oldest events have to leave."""
        leaving = 0
        times = self._times
        if self.is_full:
            if now - times[0] < FRESH_DURATION:
                self.capacity = min(self.capacity * 2, self._greatest)
            elif now - times[-(self.capacity // 4)] > FRESH_DURATION:
                self.capacity = max(self.capacity // 2, self._least)
            while len(times) >= self.capacity:
                times.popleft()
                leaving += 1
        times.append(now)
        return leaving
