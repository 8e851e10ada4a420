"""`PriorityOrder`: which queued item is next, by priority, by turns of groups, and by age; without a loop or a clock.

Reference: controller-runtime pkg/controller/priorityqueue (ready, AddedCounter). Ageing and groups are ours.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict, deque
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["PriorityOrder"]

T = TypeVar("T")

_STALE = 64  # the number of stale entries that are always allowed


class _Entry(Generic[T]):
    """An item that waits: for the end of its delay, for the worker that has it, or in the queue."""

    __slots__ = ("group", "is_queued", "item", "number", "priority")

    def __init__(self, item: T, group: Hashable, priority: int, number: int) -> None:
        self.item = item
        self.group = group
        self.priority = priority
        self.number = number
        self.is_queued = False


class PriorityOrder(Generic[T]):
    """The order of a priority queue: an `Order`, with the priorities of its items.

    `request` states the priority of an item before `push` queues the item. Rules, in order of precedence:

    1. Every `oldest_every`-th item that is taken is the one that has been queued longest.
    2. A higher priority is taken first.
    3. Within a priority, groups take turns: no group is served twice while another group waits.
    4. Within a group, the item that was added first is taken first. A later request with a higher priority raises an
       item to the end of that priority; a lower priority changes nothing.

    Guarantees: an item that is queued when `n` items are queued, itself included, is among the next
    `n * oldest_every` items that are taken, whatever is added meanwhile. Adding and taking an item cost O(log n).

    Args:
        group_by: Returns the group of an item. None puts all items into one group.
        oldest_every: See rule 1; None switches it off.
    """

    def __init__(self, group_by: Callable[[T], Hashable] | None, oldest_every: int | None) -> None:
        self._group_by = group_by
        self._oldest_every = oldest_every
        self._until_oldest = oldest_every
        self._numbers = count()
        self._entries: dict[T, _Entry[T]] = {}
        self._taken: dict[T, int] = {}
        self._queued = 0
        # Per priority its groups, the next one first, and per group a heap of entries. An entry is stale if its item is
        # not queued any more, or if it was raised since and so has another number.
        self._priorities: list[int] = []  # ascending
        self._groups: dict[int, OrderedDict[Hashable, list[tuple[int, _Entry[T]]]]] = {}
        self._stale = 0
        self._by_age: deque[_Entry[T]] = deque()  # with entries that are not queued any more

    def request(self, item: T, priority: int) -> int | None:
        """Note the priority of an item that is to be queued now or later, or raise the priority of one that waits.

        Returns:
            The former priority if the item was raised, otherwise None.

        Raises:
            Exception: The error of `group_by`. Nothing changes.
        """
        entry = self._entries.get(item)
        if entry is None:
            group = None if self._group_by is None else self._group_by(item)
            self._entries[item] = _Entry(item, group, priority, next(self._numbers))
            return None
        if priority <= entry.priority:
            return None
        former = entry.priority
        entry.priority = priority
        entry.number = next(self._numbers)
        if entry.is_queued:
            self._enqueue(entry)
            self._count_stale()
        return former

    def end_delay(self, item: T) -> None:
        """Place an item behind all others of its priority, because its delay has passed only now."""
        self._entries[item].number = next(self._numbers)

    def discard(self, item: T) -> None:
        """Forget an item that was requested and not queued."""
        self._entries.pop(item, None)

    def push(self, item: T, /) -> None:
        """Queue an item that was requested."""
        entry = self._entries[item]
        entry.is_queued = True
        self._queued += 1
        self._enqueue(entry)
        if self._oldest_every is not None:
            self._by_age.append(entry)
            if len(self._by_age) > 2 * self._queued + _STALE:
                self._by_age = deque(entry for entry in self._by_age if entry.is_queued)

    def touch(self, item: T, /) -> None:
        """Do nothing: `request` has moved the item already."""

    def pop(self) -> T:
        """Remove and return the next item; at least one item must be queued."""
        entry = self._next()
        entry.is_queued = False
        self._queued -= 1
        item = entry.item
        del entry.item  # the entry may stay for a while, and the item need not
        del self._entries[item]
        self._taken[item] = entry.priority
        return item

    def taken_priority(self, item: T) -> int:
        """Return the priority with which an item was taken that is not finished; 0 for any other item."""
        return self._taken.get(item, 0)

    def finish(self, item: T) -> None:
        """Forget the priority of an item that was taken."""
        self._taken.pop(item, None)

    def priority(self, item: T) -> int:
        """Return the priority of an item that waits, else that with which it was taken."""
        entry = self._entries.get(item)
        return self._taken.get(item, 0) if entry is None else entry.priority

    def __len__(self) -> int:
        return self._queued

    def _enqueue(self, entry: _Entry[T]) -> None:
        groups = self._groups.get(entry.priority)
        if groups is None:
            groups = self._groups[entry.priority] = OrderedDict()
            insort(self._priorities, entry.priority)
        heap = groups.get(entry.group)
        if heap is None:
            heap = groups[entry.group] = []
        heappush(heap, (entry.number, entry))

    def _next(self) -> _Entry[T]:
        if self._until_oldest is not None:
            self._until_oldest -= 1
            if self._until_oldest == 0:
                self._until_oldest = self._oldest_every
                return self._oldest()
        while True:
            groups = self._groups[self._priorities[-1]]
            if not groups:
                del self._groups[self._priorities.pop()]
                continue
            group = next(iter(groups))
            heap = groups[group]
            entry = _first_queued(heap)
            if heap:
                groups.move_to_end(group)
            else:
                del groups[group]
            if entry is not None:
                return entry

    def _oldest(self) -> _Entry[T]:
        self._count_stale()
        while not (entry := self._by_age.popleft()).is_queued:
            pass
        return entry

    def _count_stale(self) -> None:
        self._stale += 1
        if self._stale > self._queued + _STALE:
            self._stale = 0
            self._remove_stale()

    def _remove_stale(self) -> None:
        for priority in self._priorities.copy():
            groups = self._groups[priority]
            for group, heap in list(groups.items()):
                heap[:] = [(number, entry) for number, entry in heap if entry.is_queued and entry.number == number]
                heapify(heap)
                if not heap:
                    del groups[group]
            if not groups:
                del self._groups[priority]
                self._priorities.remove(priority)


def _first_queued(heap: list[tuple[int, _Entry[T]]]) -> _Entry[T] | None:
    while heap:
        number, entry = heappop(heap)
        if entry.is_queued and entry.number == number:
            return entry
    return None
