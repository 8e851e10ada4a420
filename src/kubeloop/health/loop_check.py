"""`loop_responds`: a check of the event loop, which other code may block."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from kubeloop._kit.durations import in_seconds
from kubeloop.errors import Unhealthy

__all__ = ["loop_responds"]

_INTERVAL: Final = 0.1
_WINDOW: Final = 10.0
_MOST_PAUSE: Final = 60.0


def loop_responds(*, max_lag: float) -> Callable[[], None]:
    """Return a check: nothing has blocked the event loop for long in the last 10 s.

    A probe that arrives while the loop is blocked gets no response in time, which the kubelet counts as a failure. This
    check finds what happens between the probes: a loop that is blocked again and again delays watches and the renewal
    of a lease, although most probes get a response.

    A timer that is set ten times per second measures how late it is called. It is a callback and not a task, begins
    with the first call of the check, and ends one minute after the last call, so that nothing has to be closed.

    Args:
        max_lag: The seconds for which the loop may be blocked, such as 2. A container that has used up its CPU limit
            lags, too, and a restart does not repair it: use the check for readiness, or for liveness with a large
            value.
    """
    lag = _LoopLag()

    def check() -> None:
        seconds = lag.largest()
        if seconds > max_lag:
            raise Unhealthy(
                f"the event loop was blocked for {in_seconds(seconds)} in the last {in_seconds(_WINDOW)}; move long "
                "computations and blocking calls to a thread"
            )

    return check


class _LoopLag:
    """Measures how late a timer is called."""

    def __init__(self) -> None:
        self._due_at: float | None = None
        self._asked_at = 0.0
        self._lags: deque[tuple[float, float]] = deque()

    def largest(self) -> float:
        """Return the largest lag in the window, in seconds, and measure from now on."""
        loop = asyncio.get_running_loop()
        now = self._asked_at = loop.time()
        self._forget(now)
        if self._due_at is None:
            self._set_timer(loop, now)
            return 0.0
        # After a block, what has arrived meanwhile is processed before the timer.
        return max([now - self._due_at, *(lag for _, lag in self._lags)])

    def _set_timer(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        self._due_at = now + _INTERVAL
        loop.call_at(self._due_at, self._measure, loop)

    def _measure(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._due_at is not None, "the timer is set"
        now = loop.time()
        self._lags.append((now, now - self._due_at))
        self._forget(now)
        self._due_at = None
        if now - self._asked_at < _MOST_PAUSE:
            self._set_timer(loop, now)

    def _forget(self, now: float) -> None:
        while self._lags and now - self._lags[0][0] > _WINDOW:
            self._lags.popleft()
