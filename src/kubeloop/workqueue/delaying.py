"""Work queues that add items later: `DelayingQueue` after a delay, `RateLimitingQueue` after a limiter's delay.

The waiting items are in `delay_heap`. One timer of the running loop wakes for the next of them; there is no task.
Reference: client-go util/workqueue/delaying_queue.go, rate_limiting_queue.go. Intended difference: no 10-second
heartbeat, which guards client-go against its own channels.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.text import reason_of
from kubeloop.errors import APIError, LeadershipLost, QueueShutDown, TransportError
from kubeloop.workqueue.delay_heap import Delays
from kubeloop.workqueue.item_states import check_item
from kubeloop.workqueue.limiters import RateLimiter, default_controller_rate_limiter
from kubeloop.workqueue.queue import WorkQueue

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from kubeloop.workqueue.item_states import Order
    from kubeloop.workqueue.queue_metrics import MetricsSink

__all__ = ["DelayingQueue", "RateLimitingQueue"]

T = TypeVar("T")

_MOST_AT_ONCE = 1_000  # items per timer call, so that many ready items do not block the loop
_RETRY = 1.0  # seconds until an item is retried that could not be added, or for which the limiter failed

logger = logging.getLogger(__name__)


class DelayingQueue(WorkQueue[T]):
    """A work queue that can add items after a delay.

    Items that still wait when the queue is shut down are dropped.

    Reference: client-go util/workqueue/delaying_queue.go.
    """

    def __init__(self, *, name: str = "", order: Order[T] | None = None, metrics: MetricsSink | None = None) -> None:
        super().__init__(name=name, order=order, metrics=metrics)
        self._delays: Delays[T] = Delays()
        self._timer: asyncio.TimerHandle | None = None

    def add_after(self, item: T, delay: float) -> None:
        """Add an item after a delay.

        An item waits once: if it is already waiting, the earlier of the two times counts. `add` can add the item in the
        meantime; the item is then added again at the end of the delay.

        Args:
            item: The item, as for `add`.
            delay: Seconds. The item is added at once if the delay is 0 or negative, and never if it is infinite.

        Raises:
            ValueError: The item is None, or the delay is NaN. Nothing is added.
            TypeError: The item cannot be hashed, or the delay is not a number. Nothing is added.
            RuntimeError: There is no running loop, and the item has to wait. Nothing is added.

        Concurrency: Call this inside the running loop, whose clock is used.
        """
        check_item(item)
        if math.isnan(delay):
            raise ValueError("expected a delay in seconds, got NaN")
        if self._closed:
            return
        if delay > 0:
            self._schedule(item, asyncio.get_running_loop().time() + delay)
        else:
            self.add(item)
        if self._metrics is not None:
            self._metrics.retried()

    @property
    def delayed(self) -> int:
        """The number of items that wait for the end of their delay."""
        return len(self._delays)

    def _schedule(self, item: T, ready_at: float) -> None:
        self._delays.schedule(item, ready_at)
        self._arm()

    def _arm(self) -> None:
        """Set the timer to the time of the next item."""
        next_at = self._delays.next_at()
        if self._timer is not None:
            if self._timer.when() == next_at:
                return
            self._timer.cancel()
            self._timer = None
        if next_at is not None and next_at < math.inf:
            self._timer = asyncio.get_running_loop().call_at(next_at, self._fire, next_at)

    def _fire(self, ready_at: float) -> None:
        self._timer = None
        # The loop can call this early, by the resolution of its clock.
        now = max(ready_at, asyncio.get_running_loop().time())
        for item in self._delays.pop_ready(now, _MOST_AT_ONCE):
            try:
                self._add_delayed(item)
            except Exception:
                # The queue's own order refused the item. The other items are added, and this item is retried.
                logger.exception("%r: adding the delayed item %r failed; retrying in %g s", self, item, _RETRY)
                self._delays.schedule(item, now + _RETRY)
        self._arm()

    def _add_delayed(self, item: T) -> None:
        """Add an item whose delay has passed."""
        self.add(item)

    def _close(self) -> None:
        super()._close()
        self._delays.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]} delayed={self.delayed}>"


class RateLimitingQueue(DelayingQueue[T]):
    """A work queue that retries failed items after a delay, which grows with each failure of the same item.

    The loop of a controller's worker:

        with suppress(QueueShutDown):
            while True:
                async with queue.item() as key:
                    await reconcile(key)

    Args:
        limiter: Computes the delays. None means `default_controller_rate_limiter()`: per item the delay doubles from
            5 ms to 1000 s, and all items together are retried at most 10 times per second after a burst of 100. A
            limiter has state, so each queue needs its own.
        name: The name that `repr` and metrics show.
        order: The order in which queued items are taken. None means first in, first out.
        metrics: The sink for measurements. None means no measurements.

    Reference: client-go util/workqueue/rate_limiting_queue.go.
    """

    def __init__(
        self,
        limiter: RateLimiter[T] | None = None,
        *,
        name: str = "",
        order: Order[T] | None = None,
        metrics: MetricsSink | None = None,
    ) -> None:
        super().__init__(name=name, order=order, metrics=metrics)
        self._limiter: RateLimiter[T] = default_controller_rate_limiter() if limiter is None else limiter

    def item(self) -> AbstractAsyncContextManager[T, bool]:
        """Wait for an item, and mark it as done at the end of an `async with` block, however the block ends.

        - After a normal end, the limiter forgets the failures of the item. An exception of the limiter is logged.
        - An exception is logged, with a traceback unless it is an error of the server or the network, and the item is
          retried after the limiter's delay. The exception ends there, because one failed item must not end a worker;
          code after the block runs. Only an exception that a cancelled worker raises in place of the cancellation is
          raised again.
        - After a cancellation, and after any other exception that is no `Exception`, the item is added again without a
          delay and without counting as a failure, so that another worker gets it. The exception is raised again.

        After a shutdown, nothing is added again: neither a failed nor a cancelled item is retried.

        The block may add the item with a delay of its own (`add_after`). It does not call `done` or `forget`.

        Raises:
            QueueShutDown: The queue is shut down and empty. The block does not run.

        Concurrency: As for `get`: a cancelled wait loses no item.
        """
        return _Item(self)

    def add_rate_limited(self, item: T) -> None:
        """Add an item after the limiter's delay, and count one more failure of the item.

        Args:
            item: The item, as for `add`.

        Raises:
            Exception: The limiter's error, or an error of `add_after`. Nothing is added.
        """
        check_item(item)
        self.add_after(item, self._limiter.when(item))

    def forget(self, item: T) -> None:
        """Remove an item's failures from the limiter, because the item succeeded or is not retried any more.

        A limiter keeps the failures of every item that nobody forgets. The caller must call `done` as well.
        """
        self._limiter.forget(item)

    def num_requeues(self, item: T) -> int:
        """Return the number of failures of an item that the limiter counts."""
        return self._limiter.num_requeues(item)

    def _finish(self, item: T, error: BaseException | None) -> None:
        """Mark an item as done at the end of its block."""
        try:
            if error is None:
                self._succeed(item)
            elif isinstance(error, Exception):
                self._retry(item, error)
            else:
                self._add_again(item)
        finally:
            self.done(item)

    def _succeed(self, item: T) -> None:
        try:
            self.forget(item)
        except Exception:
            logger.exception(
                "work queue %r: the limiter failed for %r, whose failures may count again", self.name, item
            )

    def _retry(self, item: T, error: Exception) -> None:
        after = "its back-off" if not self._closed else "a restart, because the queue is shut down"
        # What a server refuses, and what an outage breaks, is said by its message. Other errors are faults of programs.
        is_explained = isinstance(error, APIError | LeadershipLost | TransportError)
        logger.log(
            logging.WARNING if is_explained else logging.ERROR,
            "work queue %r: the work on %r failed: %s; the next attempt follows after %s",
            self.name,
            item,
            reason_of(error),
            after,
            exc_info=None if is_explained else error,
        )
        try:
            self.add_rate_limited(item)
        except Exception:
            logger.exception("work queue %r: the limiter failed for %r; retrying in %g s", self.name, item, _RETRY)
            self._add_again(item, _RETRY)

    def _add_again(self, item: T, delay: float = 0.0) -> None:
        """Add an item that a worker has, without counting a failure."""
        if delay > 0:
            self.add_after(item, delay)
        else:
            self.add(item)


class _Item(Generic[T]):
    """The block of `RateLimitingQueue.item`."""

    __slots__ = ("_cancellations", "_item", "_queue")

    def __init__(self, queue: RateLimitingQueue[T]) -> None:
        self._queue = queue

    async def __aenter__(self) -> T:
        item = await self._queue.get()
        if item is None:
            raise QueueShutDown(f"the work queue {self._queue.name!r} is shut down and empty")
        self._item = item
        self._cancellations = _cancellations()
        return item

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._queue._finish(self._item, error)
        return isinstance(error, Exception) and _cancellations() <= self._cancellations


def _cancellations() -> int:
    """Return how often the current task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()
