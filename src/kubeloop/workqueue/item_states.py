"""The states of a work queue's items, without a loop: queued, processing, or processing and added again (dirty).

    absent ──add──▶ queued ──take──▶ processing ──done──▶ absent       dirty ──done──▶ queued
                                     processing ──add──▶ dirty

`WorkQueue` inherits these methods instead of calling them, because one more call per step costs a third of their time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

    from kubeloop.workqueue.queue_metrics import QueueMetrics

__all__ = ["Ledger", "Order", "check_item"]

T = TypeVar("T")

_QUEUED, _PROCESSING, _DIRTY = 1, 2, 3


def check_item(item: object) -> None:
    """Check that an item can be queued.

    Raises:
        ValueError: The item is None.
        TypeError: The item cannot be hashed.
    """
    if item is None:
        raise ValueError("expected an item, got None, which get() returns when the queue is shut down")
    hash(item)


class Order(Protocol[T]):
    """The order in which queued items are taken, for instance by priority. The default is first in, first out.

    The queue never pushes an item that the order already contains; it calls `touch` when such an item is added again,
    so that the order can move the item.

    Reference: client-go util/workqueue/queue.go, Queue (Touch, Push, Len, Pop).
    """

    def push(self, item: T, /) -> None:
        """Add an item that the order does not contain."""

    def pop(self) -> T:
        """Remove and return the next item; the order is not empty."""
        ...

    def touch(self, item: T, /) -> None:
        """Note that an item of the order was added again."""

    def __len__(self) -> int: ...


class Ledger(Generic[T]):
    """The states of a queue's items, and the order in which queued items are taken.

    Guarantees: an item that is added again before it is taken is worked on once. An item that is added while a worker
    has it is queued again when that worker is done. Nothing is kept of an absent item.

    Reference: client-go util/workqueue/queue.go (Typed: queue, dirty, processing).
    """

    def __init__(self, order: Order[T] | None = None, metrics: QueueMetrics[T] | None = None) -> None:
        self._states: dict[T, int] = {}
        self._order: Sized
        self._touch: Callable[[T], None] | None = None
        if order is None:
            fifo: deque[T] = deque()
            self._order, self._enqueue, self._pop = fifo, fifo.append, fifo.popleft
        else:
            self._order, self._enqueue, self._pop, self._touch = order, order.push, order.pop, order.touch
        self._closed = False
        self._taken = 0
        # Hooks: where a queued item goes (replaced while workers wait), what to call when no item is left, and metrics.
        self._push: Callable[[T], None] = self._enqueue
        self._on_idle: Callable[[], None] | None = None
        self._metrics = metrics

    def add(self, item: T) -> None:
        """Add an item that needs work. An item that is already queued is not queued twice.

        An item that a worker has at this time is queued again when the worker calls `done`. After a shutdown, nothing
        is added.

        Args:
            item: Any hashable value except None, which `get` returns after the shutdown; usually a key.

        Raises:
            ValueError: The item is None.
            TypeError: The item cannot be hashed.
            Exception: The error of the queue's own `order`. The state of the item does not change.

        Concurrency: Call this in the loop's thread; in another thread use `loop.call_soon_threadsafe(queue.add, item)`.
        """
        if self._closed:
            return
        state = self._states.get(item)
        if state is None:
            if item is None:
                check_item(item)
            self._push(item)  # First: an order that refuses the item leaves it absent, so that it can be added again.
            self._states[item] = _QUEUED
            if self._metrics is not None:
                self._metrics.added(item)
        elif state == _PROCESSING:
            if self._metrics is not None:
                self._metrics.added(item)
            self._states[item] = _DIRTY
        elif state == _QUEUED and self._touch is not None:
            self._touch(item)

    def _take(self) -> T:
        """Take and return the next item; at least one item must be queued."""
        item = self._pop()
        self._states[item] = _PROCESSING
        self._taken += 1
        if self._metrics is not None:
            self._metrics.taken(item)
        return item

    def done(self, item: T) -> None:
        """Mark an item as done, whether its work succeeded or failed. If the item was added meanwhile, queue it again.

        Call this exactly once per item that was taken, best in a `finally` block: without it, no worker gets the
        item again, and a drain never ends. Any other item is ignored.
        """
        state = self._states.get(item)
        if state == _PROCESSING:
            del self._states[item]
        elif state == _DIRTY:
            self._push(item)
            self._states[item] = _QUEUED
        else:
            return
        if self._metrics is not None:
            self._metrics.finished(item)
        if self._on_idle is not None and not self._states:
            self._on_idle()

    def _is_wanted(self, item: T) -> bool:
        """Return whether an item is queued, or is queued again when its worker is done."""
        return self._states.get(item) in (_QUEUED, _DIRTY)

    def __len__(self) -> int:
        """Return the number of queued items, without those that workers have. For information only."""
        return len(self._order)

    @property
    def processing(self) -> int:
        """The number of items that workers have."""
        return len(self._states) - len(self._order)

    @property
    def taken(self) -> int:
        """The number of items that workers have taken since the queue was created."""
        return self._taken
