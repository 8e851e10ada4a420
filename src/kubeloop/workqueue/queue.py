"""`WorkQueue`: workers wait for items, and each item is with at most one worker at a time.

The rules for items are in `item_states`. Waiting workers are served in the order of their arrival: a new item is
reserved for the worker that has waited longest, and stays queued until that worker runs, so that additions are
deduplicated.
Reference: client-go util/workqueue/queue.go (Typed).
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Self, TypeVar

from kubeloop.workqueue.item_states import Ledger, Order
from kubeloop.workqueue.queue_metrics import MetricsSink, QueueMetrics, UnfinishedWork

__all__ = ["WorkQueue"]

T = TypeVar("T")


def _loop_time() -> float | None:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return None  # Items can be added before the loop runs.


class WorkQueue(Ledger[T]):
    """A queue that hands each item to one worker at a time and deduplicates additions.

    A worker iterates over the queue, and marks each item as done however its work ends:

        async for item in queue:
            try:
                await work(item)
            finally:
                queue.done(item)

    The iteration ends when the queue is shut down and empty. Any number of workers can iterate over the same queue.

    Guarantees: an item is never with two workers at once. An item that is added while a worker has it is queued again
    when that worker is done. No item that was added before the shutdown is lost, even if a waiting worker is cancelled.

    Args:
        name: The name that `repr` and metrics show.
        order: The order in which queued items are taken. None means first in, first out.
        metrics: The sink for measurements. None means no measurements. An item that is added before the loop runs has
            no waiting time.

    Concurrency: All calls belong to one loop. Adding and finishing are quick plain calls, also for use in handlers.

    Reference: client-go util/workqueue/queue.go, Typed.
    """

    def __init__(self, *, name: str = "", order: Order[T] | None = None, metrics: MetricsSink | None = None) -> None:
        super().__init__(order, None if metrics is None else QueueMetrics[T](name, metrics, _loop_time))
        self.name = name
        self._waiters: deque[asyncio.Future[bool]] = deque()
        self._reserved = 0  # queued items that are reserved for woken workers
        self._draining: asyncio.Future[None] | None = None

    async def get(self) -> T | None:
        """Wait for an item and take it, as client-go's `Get`. Workers usually iterate over the queue instead.

        The caller must call `done` with the item when its work is over.

        Returns:
            The item, or None when the queue is shut down and empty, so that the worker ends.

        Concurrency: Any number of workers can wait; they are served in the order of their arrival. Cancellation loses
        no item.
        """
        if len(self._order) > self._reserved:
            return self._take()
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            return None

    def __aiter__(self) -> Self:
        """Return the queue: it keeps no state of an iteration, so any number of workers can iterate at once."""
        return self

    async def __anext__(self) -> T:
        """Wait for an item and take it; the caller must call `done` with the item when its work is over.

        Leaving the loop with `break`, `return` or an exception takes no further item, and the item of the last pass
        stays with the worker until `done`. Cancellation of the wait loses no item, and the wait can be repeated.

        Returns:
            The item.

        Raises:
            StopAsyncIteration: The queue is shut down and empty.
        """
        while len(self._order) <= self._reserved:
            if self._closed:
                raise StopAsyncIteration
            if not self._waiters:
                self._push = self._push_and_wake
            waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                is_reserved = await waiter
            except asyncio.CancelledError:
                self._give_up(waiter)
                raise
            if is_reserved:
                self._reserved -= 1
                break
        return self._take()

    def shut_down(self) -> None:
        """Accept no more items, and let workers end once they have taken the items that are queued.

        Does not wait, ends a drain in progress, and can be called again.
        """
        self._close()
        self._release_drain()

    async def shut_down_with_drain(self) -> None:
        """Shut down, and wait until all queued items are done.

        Waits forever if a worker never calls `done`, or if there is no worker; a later `shut_down` ends the wait. A
        worker must call `done` with its own item before it drains the queue, because the queue does not record which
        task has an item.

        Concurrency: Cancellation ends the wait, and the queue stays shut down.

        Reference: client-go util/workqueue/queue.go, ShutDownWithDrain. Intended difference: this method returns only
        when no item is queued, as client-go's documentation says; client-go's code returns as soon as no item is being
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
        """Return how long workers have had their current items, in seconds; zeros without `metrics`."""
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

    def _give_up(self, waiter: asyncio.Future[bool]) -> None:
        """End the wait of a cancelled worker; an item that is reserved for the worker goes to the next one."""
        if waiter.cancelled():
            with suppress(ValueError):
                self._waiters.remove(waiter)
        elif waiter.result():
            # Woken and cancelled in the same iteration of the loop.
            self._reserved -= 1
            self._wake()

    def _push_and_wake(self, item: T) -> None:
        self._enqueue(item)
        self._wake()

    def _wake(self) -> None:
        """Reserve a queued item for the worker that has waited longest."""
        waiters = self._waiters
        while waiters:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(True)
                self._reserved += 1
                break
        if not waiters:
            self._push = self._enqueue

    def __repr__(self) -> str:
        state = " shut down" if self._closed else ""
        return (
            f"<{type(self).__name__}{f' {self.name!r}' if self.name else ''}{state} queued={len(self._order)}"
            f" processing={self.processing} idle_workers={len(self._waiters)}>"
        )
