"""Items that wait for a time, without a loop: which item is next, and which items are ready.

Reference: client-go util/workqueue/delaying_queue.go (waitForPriorityQueue, insert).
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Delays"]

T = TypeVar("T")


class Delays(Generic[T]):
    """A heap of items, ordered by the time at which they are ready; items with the same time keep their order."""

    def __init__(self) -> None:
        # An entry of the heap is valid only while `_entries` has the same sequence number for its item.
        self._heap: list[tuple[float, int, T]] = []
        self._entries: dict[T, tuple[float, int]] = {}
        self._numbers = count()

    def schedule(self, item: T, ready_at: float) -> None:
        """Schedule an item. An item that already waits keeps the earlier of the two times."""
        known = self._entries.get(item)
        if known is not None and known[0] <= ready_at:
            return
        sequence = next(self._numbers)
        self._entries[item] = (ready_at, sequence)
        heappush(self._heap, (ready_at, sequence, item))
        if len(self._heap) > 2 * len(self._entries) + 64:
            self._heap = [(time, number, waiting) for waiting, (time, number) in self._entries.items()]
            heapify(self._heap)

    def next_at(self) -> float | None:
        """Return the time at which the next item is ready, or None if no item waits."""
        heap, entries = self._heap, self._entries
        while heap:
            time, sequence, item = heap[0]
            known = entries.get(item)
            if known is not None and known[1] == sequence:
                return time
            heappop(heap)
        return None

    def pop_ready(self, now: float, limit: int) -> list[T]:
        """Remove and return at most `limit` items that are ready at `now`, in the order of their times."""
        ready: list[T] = []
        while len(ready) < limit and (time := self.next_at()) is not None and time <= now:
            item = heappop(self._heap)[2]
            del self._entries[item]
            ready.append(item)
        return ready

    def discard(self, item: T) -> None:
        """Remove an item, if it waits."""
        self._entries.pop(item, None)

    def clear(self) -> None:
        """Remove all items."""
        self._heap.clear()
        self._entries.clear()

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
