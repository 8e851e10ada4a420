"""`PriorityQueue`: a work queue whose items have priorities. The rules are in `priority_order`.

Reference: controller-runtime pkg/controller/priorityqueue.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, TypeVar

from kubeloop.workqueue.delaying import RateLimitingQueue
from kubeloop.workqueue.item_states import check_item
from kubeloop.workqueue.limiters import ItemExponentialFailureRateLimiter
from kubeloop.workqueue.priority_order import PriorityOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from kubeloop.workqueue.limiters import RateLimiter
    from kubeloop.workqueue.queue_metrics import MetricsSink

__all__ = ["LOW_PRIORITY", "PriorityQueue"]

T = TypeVar("T")

LOW_PRIORITY = -100
"""The priority for objects of the initial list and for updates of a resync, which nobody waits for."""


class PriorityQueue(RateLimitingQueue[T]):
    """A work queue that takes items with a higher priority first, and starves none.

        queue = PriorityQueue[str](name="pods", group_by=lambda key: split_key(key)[0])
        queue.add("default/web-0")
        queue.add("default/web-1", priority=LOW_PRIORITY)

    Priorities are integers; the default is 0. An item waits once, for its earliest time, with its highest priority:

    - If it is added again while it is queued, it stays queued, and a higher priority moves it to the end of that
      priority.
    - If it is added again while it waits for the end of a delay, the earlier of the two times counts; `add` queues it
      at once.
    - If it is added again while a worker has it, it is queued when that worker is done, at the place of the addition.

    Guarantees: those of `WorkQueue`, and:

    - Ageing: every `oldest_every`-th item that workers take is the one that has been queued longest, whatever its
      priority. So an item that is queued behind n others is among the next `(n + 1) * oldest_every` items that are
      taken, even if items of higher priorities never end. The bound counts items and not seconds, so that a long
      initial list of low priority cannot overtake changes only because it is old.
    - Fairness: groups of items, for instance namespaces, take turns within a priority: no group is served twice while
      another group of the same priority waits. Items of a group are taken in the order of their additions.

    Args:
        limiter: Computes the delays of `add_rate_limited`. None means that the delay of each item doubles from 5 ms to
            1000 s, without a limit for all items together. A limiter has state, so each queue needs its own.
        name: The name that `repr` and metrics show.
        group_by: Returns the group of an item, a hashable value. None means that all items are one group.
        oldest_every: See ageing above. 1 means the order of `WorkQueue`; None switches ageing off, so that only
            priorities count, as in controller-runtime.
        metrics: The sink for measurements. None means no measurements.

    Concurrency: As for `WorkQueue`.

    Reference: controller-runtime pkg/controller/priorityqueue (PriorityQueue; AddWithOpts is `add`, `add_after` and
    `add_rate_limited`). Intended differences: ageing, which is on by default, and groups; workers get the items that
    are queued at a shutdown; `len` does not count an item that a worker has.
    """

    def __init__(
        self,
        limiter: RateLimiter[T] | None = None,
        *,
        name: str = "",
        group_by: Callable[[T], Hashable] | None = None,
        oldest_every: int | None = 10,
        metrics: MetricsSink | None = None,
    ) -> None:
        if oldest_every is not None and oldest_every < 1:
            raise ValueError(f"expected oldest_every to be at least 1 or None, got {oldest_every}")
        self._items = PriorityOrder[T](group_by, oldest_every)
        if limiter is None:
            limiter = ItemExponentialFailureRateLimiter(0.005, 1000.0)
        super().__init__(limiter, name=name, order=self._items, metrics=metrics)
        if self._metrics is not None:
            self._metrics.priority = self._items.priority

    def add(self, item: T, *, priority: int = 0) -> None:
        """Add an item that needs work now.

        Args:
            item: Any hashable value except None; usually a key.
            priority: Higher values are taken first. The priority of an item that waits already is only ever raised.

        Raises:
            ValueError: The item is None. Nothing is added.
            TypeError: The item or its group cannot be hashed, or the priority is no integer. Nothing is added.
            Exception: The error of `group_by`. Nothing is added.
        """
        if self._closed:
            return
        if item is None:
            check_item(item)
        former = self._items.request(item, priority)
        if former is not None:
            self._delays.discard(item)
            self._report(item, former, priority)
        super().add(item)

    def add_after(self, item: T, delay: float, *, priority: int = 0) -> None:
        """Add an item after a delay, unless it is queued already.

        Args:
            item: The item, as for `add`.
            delay: Seconds. The item is added at once if the delay is 0 or negative, and never if it is infinite.
            priority: As for `add`.

        Raises:
            ValueError: The item is None, or the delay is NaN. Nothing is added.
            TypeError: As for `add`, or the delay is not a number. Nothing is added.
            Exception: The error of `group_by`. Nothing is added.
            RuntimeError: There is no running loop, and the item has to wait. Nothing is added.
        """
        check_item(item)
        if math.isnan(delay):
            raise ValueError("expected a delay in seconds, got NaN")
        if self._closed:
            return
        if delay > 0 and not self._is_wanted(item):
            ready_at = asyncio.get_running_loop().time() + delay
            self._items.request(item, priority)
            self._schedule(item, ready_at)
        else:
            self.add(item, priority=priority)
        if self._metrics is not None:
            self._metrics.retried()

    def add_rate_limited(self, item: T, *, priority: int | None = None) -> None:
        """Add an item after the limiter's delay, and count one more failure of the item.

        Args:
            item: The item, as for `add`.
            priority: As for `add`. None keeps the priority with which a worker has the item, and means 0 otherwise.

        Raises:
            Exception: The limiter's error, or an error of `add_after`. Nothing is added.
        """
        check_item(item)
        kept = self.priority_of(item) if priority is None else priority
        self.add_after(item, self._limiter.when(item), priority=kept)

    def done(self, item: T) -> None:
        """Mark an item as done; see `WorkQueue.done`."""
        self._items.finish(item)
        super().done(item)

    def priority_of(self, item: T) -> int:
        """Return the priority with which a worker has an item, or 0 if no worker has it."""
        return self._items.taken_priority(item)

    def _report(self, item: T, former: int, priority: int) -> None:
        """Report that an item that waits was added again."""
        if self._metrics is not None and former < priority and self._is_wanted(item):
            self._metrics.raised(former, priority)

    def _add_delayed(self, item: T) -> None:
        self._items.end_delay(item)
        super().add(item)

    def _add_again(self, item: T, delay: float = 0.0) -> None:
        priority = self.priority_of(item)
        if delay > 0:
            self.add_after(item, delay, priority=priority)
        else:
            self.add(item, priority=priority)

    def _close(self) -> None:
        for item in self._delays:
            self._items.discard(item)
        super()._close()
