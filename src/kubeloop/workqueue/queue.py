"""The work queue: workers wait for items, each item is with one worker at a time, repeats collapse.

The rules about items are in `ledger`; here is the waiting. Workers are served in the order in which they came: an
item that arrives is reserved for the worker that has waited longest, and one that comes later cannot snatch it. It
stays in the queue until that worker runs, so that further additions still collapse into it; a worker that is
cancelled meanwhile passes its turn on.

Reference: client-go util/workqueue/queue.go (Typed).
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TypeVar

from kubeloop.workqueue.ledger import Ledger, Order
from kubeloop.workqueue.metrics import MetricsSink, QueueMetrics, UnfinishedWork

__all__ = ["WorkQueue"]

T = TypeVar("T")


def _loop_time() -> float | None:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return None  # A queue may be filled before the loop runs.


class WorkQueue(Ledger[T]):
    """A queue that gives each item to one worker at a time and collapses repeated additions.

    Args:
        name: for `repr` and metrics.
        order: how queued items are ordered; None: first in, first out.
        metrics: where numbers go; None: nowhere. An item that is added before the loop runs has no waiting time.

    The loop of a worker:

        while (item := await queue.get()) is not None:
            try:
                await work(item)
            finally:
                queue.done(item)

    Guarantees: an item is never with two workers at once; one that is added while it is worked on is worked on again;
    nothing that was added before the shut-down is lost, also when a waiting worker is cancelled.

    Concurrency: one loop. Adding and finishing are plain calls, quick, and safe to use in handlers.

    Reference: client-go util/workqueue/queue.go, Typed.
    """

    def __init__(self, *, name: str = "", order: Order[T] | None = None, metrics: MetricsSink | None = None) -> None:
        super().__init__(order, None if metrics is None else QueueMetrics[T](name, metrics, _loop_time))
        self.name = name
        self._waiters: deque[asyncio.Future[bool]] = deque()
        self._reserved = 0  # queued items that waiters were woken for and have not taken yet
        self._draining: asyncio.Future[None] | None = None

    async def get(self) -> T | None:
        """Wait for an item and take it. Call `done` with it when the work on it is over.

        Returns:
            The item; None when the queue is shut down and empty: the worker should end.

        Concurrency: any number of workers, served in the order in which they came. Cancelling loses no item.
        """
        while len(self._order) <= self._reserved:
            if self._closed:
                return None
            if await self._wait():
                break
        return self._take()

    def shut_down(self) -> None:
        """Accept nothing more. Workers still get what is queued, then None. Ends a drain that is under way.

        Does not wait; may be called again.
        """
        self._close()
        self._release_drain()

    async def shut_down_with_drain(self) -> None:
        """Shut down, and wait until everything queued has been worked on.

        Waits for ever if a worker never calls `done`, or if there is no worker; a later `shut_down` ends the waiting.
        So a worker must call `done` with its item before it drains the queue itself: which task has an item is not
        recorded.

        Concurrency: cancelling ends the waiting; the queue stays shut down.

        Reference: client-go util/workqueue/queue.go, ShutDownWithDrain. Intended difference: it returns only when
        nothing is queued either, as documented there; client-go returns in any moment in which no item is being
        processed.
        """
        self._close()
        if not self._states:
            return
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_future()
            self._on_idle = self._release_drain
        await asyncio.shield(self._draining)

    @property
    def shutting_down(self) -> bool:
        """Whether `shut_down` or `shut_down_with_drain` was called."""
        return self._closed

    def unfinished_work(self) -> UnfinishedWork:
        """Return how long workers have had their present items; zeros without `metrics`."""
        return UnfinishedWork(0.0, 0.0) if self._metrics is None else self._metrics.unfinished_work()

    def _close(self) -> None:
        self._closed = True
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(False)
        self._push = self._enqueue

    def _release_drain(self) -> None:
        if self._draining is not None and not self._draining.done():
            self._draining.set_result(None)
        self._draining = self._on_idle = None

    async def _wait(self) -> bool:
        """Wait for a turn: True with an item reserved for the caller, False when the queue was shut down."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._push = self._push_and_wake
        try:
            has_item = await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                with suppress(ValueError):
                    self._waiters.remove(waiter)
            elif waiter.result():
                # Woken and cancelled in the same turn of the loop: the item goes to the next in line.
                self._reserved -= 1
                self._wake()
            raise
        if has_item:
            self._reserved -= 1
        return has_item

    def _push_and_wake(self, item: T) -> None:
        self._enqueue(item)
        self._wake()

    def _wake(self) -> None:
        """Reserve a queued item for the worker that has waited longest."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(True)
                self._reserved += 1
                break
        if not self._waiters:
            self._push = self._enqueue

    def __repr__(self) -> str:
        state = " shut down" if self._closed else ""
        return (
            f"<{type(self).__name__}{f' {self.name!r}' if self.name else ''}{state} queued={len(self._order)}"
            f" processing={self.processing} waiting={len(self._waiters)}>"
        )
