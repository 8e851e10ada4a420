"""`PriorityOrder`: which queued item is next, by priority, by turns of groups, and by age; without a loop or a clock.

Reference: controller-runtime pkg/controller/priorityqueue (ready, AddedCounter). Ageing and groups are ours.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["PriorityOrder"]

T = TypeVar("T")

_STALE = 64  # the number of stale entries of heaps that are always allowed


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
        # What waits: for the end of a delay, for the worker that has the item, or queued. Per item its priority, its
        # number, which is its place, and its group. Plain tuples and numbers cost the garbage collector nothing.
        self._waiting: dict[T, tuple[int, int, Hashable]] = {}
        self._taken: dict[T, int] = {}
        # What is queued, by number; and in the order in which the items were queued.
        self._queued: dict[int, T] = {}
        self._by_age: OrderedDict[T, None] = OrderedDict()
        # Per priority its groups, the next one first, and per group a heap of numbers. A number that is not queued any
        # more is stale: its item was raised, which gives it another number, or was taken by age.
        self._priorities: list[int] = []  # ascending
        self._groups: dict[int, OrderedDict[Hashable, list[int]]] = {}
        self._stale = 0

    def request(self, item: T, priority: int) -> int | None:
        """Note the priority of an item that is to be queued now or later, or raise the priority of one that waits.

        Returns:
            The former priority of an item that waits, otherwise None.

        Raises:
            TypeError: The item or its group cannot be hashed, or the priority is no integer. Nothing changes.
            Exception: The error of `group_by`. Nothing changes.
        """
        if not isinstance(priority, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"expected an integer as the priority, got {type(priority).__name__}")
        known = self._waiting.get(item)
        if known is None:
            group = None if self._group_by is None else self._group_by(item)
            hash(group)
            self._waiting[item] = priority, next(self._numbers), group
            return None
        former, number, group = known
        if priority > former:
            raised = next(self._numbers)
            self._waiting[item] = priority, raised, group
            if self._queued.pop(number, None) is not None:
                self._queued[raised] = item
                self._enqueue(priority, raised, group)
                self._count_stale()
        return former

    def end_delay(self, item: T) -> None:
        """Place an item behind all others of its priority, because its delay has passed only now."""
        priority, _, group = self._waiting[item]
        self._waiting[item] = priority, next(self._numbers), group

    def discard(self, item: T) -> None:
        """Forget an item that was requested and not queued."""
        self._waiting.pop(item, None)

    def push(self, item: T, /) -> None:
        """Queue an item that was requested."""
        priority, number, group = self._waiting[item]
        self._queued[number] = item
        if self._oldest_every is not None:
            self._by_age[item] = None
        self._enqueue(priority, number, group)

    def touch(self, item: T, /) -> None:
        """Do nothing: `request` has moved the item already."""

    def pop(self) -> T:
        """Remove and return the next item; at least one item must be queued."""
        item = self._next()
        self._taken[item] = self._waiting.pop(item)[0]
        return item

    def taken_priority(self, item: T) -> int:
        """Return the priority with which an item was taken that is not finished; 0 for any other item."""
        return self._taken.get(item, 0)

    def finish(self, item: T) -> None:
        """Forget the priority of an item that was taken."""
        self._taken.pop(item, None)

    def priority(self, item: T) -> int:
        """Return the priority of an item that waits, else that with which it was taken."""
        known = self._waiting.get(item)
        return self._taken.get(item, 0) if known is None else known[0]

    def __len__(self) -> int:
        return len(self._queued)

    def _enqueue(self, priority: int, number: int, group: Hashable) -> None:
        groups = self._groups.get(priority)
        if groups is None:
            groups = self._groups[priority] = OrderedDict()
            insort(self._priorities, priority)
        heap = groups.get(group)
        if heap is None:
            groups[group] = [number]
        else:
            heappush(heap, number)

    def _next(self) -> T:
        if self._until_oldest is not None:
            if self._until_oldest == 1:
                self._until_oldest = self._oldest_every
                return self._oldest()
            self._until_oldest -= 1
        while True:
            priority = self._priorities[-1]
            groups = self._groups[priority]
            group = next(iter(groups))
            heap = groups[group]
            item = self._queued.pop(heappop(heap), None)
            if not heap:
                del groups[group]
                if not groups:
                    del self._groups[priority], self._priorities[-1]
            elif item is not None:
                groups.move_to_end(group)
            if item is not None:
                self._by_age.pop(item, None)
                return item

    def _oldest(self) -> T:
        item, _ = self._by_age.popitem(last=False)
        del self._queued[self._waiting[item][1]]
        self._count_stale()
        return item

    def _count_stale(self) -> None:
        self._stale += 1
        if self._stale > len(self._queued) + _STALE:
            self._stale = 0
            self._remove_stale()

    def _remove_stale(self) -> None:
        for priority in self._priorities.copy():
            groups = self._groups[priority]
            for group, heap in list(groups.items()):
                heap[:] = [number for number in heap if number in self._queued]
                heapify(heap)
                if not heap:
                    del groups[group]
            if not groups:
                del self._groups[priority]
                self._priorities.remove(priority)
