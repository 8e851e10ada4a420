"""`LeaderTerm`: one leadership, from the first renewal until the body has ended; and the clock that measures it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

from kubeloop.errors import LeadershipLost

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LeaderTerm", "live_clock"]


class LeaderTerm:
    """One leadership: the task of the body, and what ends it.

    Attributes:
        lost: The error of a lost lease; None while the lease is held.
        has_ended: Whether the body has ended.
        renewal: The task that renews the lease.
        timer: The timer of the deadline.
    """

    def __init__(self, body: asyncio.Task[object]) -> None:
        self._body = body
        self._cancellations = body.cancelling()
        self.lost: LeadershipLost | None = None
        self.has_ended = False
        self.renewal: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None

    def lose(self, error: LeadershipLost) -> None:
        """Cancel the body."""
        self.lost = error
        self._body.cancel()

    def end(self, error: BaseException | None) -> LeadershipLost | None:
        """Record that the body has ended, and return the error to raise instead of the body's.

        Args:
            error: The exception with which the body ended.

        Returns:
            The error of the lost lease; None if the lease was not lost, if the body was cancelled from outside too, or
            if its exception says more than that the lease was lost.

        Reference: asyncio.timeout, which tells its own cancellation from others in the same way.
        """
        self.has_ended = True
        if self.timer is not None:
            self.timer.cancel()
        if self.lost is None:
            return None
        is_cancelled_from_outside = self._body.uncancel() > self._cancellations
        return None if is_cancelled_from_outside or not _says_no_more(error) else self.lost

    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """Return the task that renews the lease, if there is one."""
        return () if self.renewal is None else (self.renewal,)


def live_clock(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Return a monotonic clock that moves on while the loop is blocked.

    The time of asyncio's loops does. That of uvloop stops at the begin of a turn of the loop, so that a fence would not
    notice that the code before it has blocked the loop.
    """
    return loop.time if isinstance(loop, asyncio.BaseEventLoop) else time.monotonic


def _says_no_more(error: BaseException | None) -> bool:
    """Return whether an exception of the body says no more than that the lease was lost."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return all(isinstance(each, LeadershipLost) or _says_no_more(each) for each in group.exceptions)
    return error is None or isinstance(error, asyncio.CancelledError)
