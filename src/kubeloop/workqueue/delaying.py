"""Work queues that add later: after a time (`DelayingQueue`), or when a limiter says so (`RateLimitingQueue`).

The waiting items are in `delays`; here is the one timer, on the running loop, that wakes for the next of them. There
is no task. client-go's 10-second heartbeat, an insurance against its own channels, has no counterpart.

Reference: client-go util/workqueue/delaying_queue.go, rate_limiting_queue.go.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, TypeVar

from kubeloop.workqueue.delays import Delays
from kubeloop.workqueue.limiters import RateLimiter, default_controller_rate_limiter
from kubeloop.workqueue.queue import WorkQueue

if TYPE_CHECKING:
    from kubeloop.workqueue.ledger import Order
    from kubeloop.workqueue.metrics import MetricsSink

__all__ = ["DelayingQueue", "RateLimitingQueue"]

T = TypeVar("T")

_MOST_AT_ONCE = 1_000  # so that a flood of ready items leaves the loop its turns
_RETRY = 1.0  # seconds until an item that could not be added is added again

logger = logging.getLogger(__name__)


class DelayingQueue(WorkQueue[T]):
    """A work queue to which items can be added after a delay.

    Items that still wait when the queue is shut down are dropped.

    Reference: client-go util/workqueue/delaying_queue.go.
    """

    def __init__(self, *, name: str = "", order: Order[T] | None = None, metrics: MetricsSink | None = None) -> None:
        super().__init__(name=name, order=order, metrics=metrics)
        self._delays: Delays[T] = Delays()
        self._timer: asyncio.TimerHandle | None = None

    def add_after(self, item: T, delay: float) -> None:
        """Add an item once `delay` seconds have passed; at once if that is 0 or less, never if it is infinite.

        An item waits once: if it is already waiting, the earlier time counts. It may meanwhile be added by `add`, and
        is then added again when its time comes.

        Raises:
            ValueError: the item is None, or the delay is not a number (NaN). Nothing is added.
            TypeError: the item cannot be hashed, or the delay is of another type. Nothing is added.
            RuntimeError: there is no running loop, and the item has to wait. Nothing is added.

        Concurrency: inside the running loop, whose clock is used.
        """
        _check(item)
        if math.isnan(delay):
            raise ValueError("a delay must be a number of seconds, not NaN")
        if self._closed:
            return
        if delay > 0:
            self._delays.schedule(item, asyncio.get_running_loop().time() + delay)
            self._arm()
        else:
            self.add(item)
        if self._metrics is not None:
            self._metrics.retried()

    @property
    def delayed(self) -> int:
        """How many items wait for their time."""
        return len(self._delays)

    def _arm(self) -> None:
        """Have the timer stand at the time of the next item."""
        next_at = self._delays.next_at()
        if self._timer is not None:
            if self._timer.when() == next_at:
                return
            self._timer.cancel()
            self._timer = None
        if next_at is not None and next_at < math.inf:
            self._timer = asyncio.get_running_loop().call_at(next_at, self._fire, next_at)

    def _fire(self, due: float) -> None:
        self._timer = None
        # The loop may call a hair before the time, by the resolution of its clock.
        now = max(due, asyncio.get_running_loop().time())
        for item in self._delays.pop_ready(now, _MOST_AT_ONCE):
            try:
                self.add(item)
            except Exception:
                # The queue's own order refused it. It costs no other item, and is not lost itself.
                logger.exception("%r could not take %r; trying again in %g s", self, item, _RETRY)
                self._delays.schedule(item, now + _RETRY)
        self._arm()

    def _close(self) -> None:
        super()._close()
        self._delays.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]} delayed={self.delayed}>"


class RateLimitingQueue(DelayingQueue[T]):
    """A work queue that lets failures wait: longer with each failure of the same item.

    Args:
        limiter: how long an item has to wait; None: `default_controller_rate_limiter()`, which doubles from 5 ms to
        1000 s per
            item, with at most 10 retries a second overall once 100 have been used up. A limiter keeps state: one a
            queue.

        try:
            await reconcile(item)
            queue.forget(item)
        except Exception:
            log.exception("reconcile %s", item)
            queue.add_rate_limited(item)
        finally:
            queue.done(item)

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

    def add_rate_limited(self, item: T) -> None:
        """Add an item after the time that the limiter wants it to wait; it counts as one failure more of that item.

        Raises:
            Exception: what the limiter raises, and as `add_after`. Nothing is added: the caller still has the item.
        """
        _check(item)
        self.add_after(item, self._limiter.when(item))

    def forget(self, item: T) -> None:
        """Let the limiter forget the failures of an item: it succeeded, or nobody will try again.

        Call it: the limiter remembers every item that it is not told to forget. `done` is still due.
        """
        self._limiter.forget(item)

    def num_requeues(self, item: T) -> int:
        """How many failures the limiter remembers of an item."""
        return self._limiter.num_requeues(item)


def _check(item: object) -> None:
    """Refuse an item that could not be added when its time comes."""
    if item is None:
        raise ValueError("None cannot be queued: get() answers None when the queue is shut down")
    hash(item)
