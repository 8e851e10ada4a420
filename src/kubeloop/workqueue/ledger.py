"""The bookkeeping of a work queue, without a loop: what is queued, what is being worked on, what has to be done again.

An item is in one of four states:

    absent ──add──▶ queued ──take──▶ processing ──done──▶ absent
                      ▲                  │ add
                      └─────done─────  dirty

So an item that is added again before it is taken is worked on once; one that is added while a worker has it is queued
again when that worker is done; and no two workers ever have the same item. Nothing is kept of an item that is absent.

`WorkQueue` adds the waiting. It inherits these methods instead of calling them: they are the hot path, and a call more
per step would cost a third of their time. It sees what happens through three hooks, unused by default.

Reference: client-go util/workqueue/queue.go (Typed: queue, dirty, processing; Queue: Touch, Push, Len, Pop).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

    from kubeloop.workqueue.metrics import QueueMetrics

__all__ = ["Ledger", "Order"]

T = TypeVar("T")

_QUEUED, _PROCESSING, _DIRTY = 1, 2, 3


class Order(Protocol[T]):
    """In what order queued items are taken: bring your own, e.g. by priority. The default is first in, first out.

    It never holds an item twice. `touch` tells that an item which it holds was added again, so that it may be moved.
    """

    def push(self, item: T, /) -> None: ...
    def pop(self) -> T: ...
    def touch(self, item: T, /) -> None: ...
    def __len__(self) -> int: ...


class Ledger(Generic[T]):
    """The states of a queue's items, and the order in which queued ones are taken."""

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
        # The hooks: where a queued item goes (replaced while workers wait), what to call when nothing is left, metrics.
        self._push: Callable[[T], None] = self._enqueue
        self._on_idle: Callable[[], None] | None = None
        self._metrics = metrics

    def add(self, item: T) -> None:
        """Say that an item needs work. It is worked on once, however often it is added before a worker takes it.

        While a worker has the item, it is queued again when that worker says `done`. After a shut-down nothing is
        added.

        Args:
            item: anything hashable but None (with which `get` says that the queue is shut down); most often a key.

        Raises:
            ValueError: the item is None.
            TypeError: the item cannot be hashed.
            Exception: what the queue's own `order` raises. The item is as it was before.

        Concurrency: on the loop's thread; from another one use `loop.call_soon_threadsafe(queue.add, item)`.
        """
        if self._closed:
            return
        state = self._states.get(item)
        if state is None:
            if item is None:
                raise ValueError("None cannot be queued: get() answers None when the queue is shut down")
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
        """Take the next item; one must be queued."""
        item = self._pop()
        self._states[item] = _PROCESSING
        if self._metrics is not None:
            self._metrics.taken(item)
        return item

    def done(self, item: T) -> None:
        """Say that the work on an item which `get` gave is over, well or badly.

        If it was added meanwhile, it is queued again. To be called exactly once for each item that `get` gave, best
        in a `finally`: without it the item is never given again, and a drain never ends. For other items it does
        nothing.
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

    def __len__(self) -> int:
        """How many items wait to be taken; those being worked on are not counted. For information only."""
        return len(self._order)

    @property
    def processing(self) -> int:
        """How many items workers have."""
        return len(self._states) - len(self._order)
