"""`loop_responds`: a check of the event loop, which other code may block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from kubeloop._kit.durations import in_seconds
from kubeloop.errors import Unhealthy

__all__ = ["loop_responds"]

_INTERVAL: Final = 0.1
WINDOW: Final = 10.0


def loop_responds(*, max_lag: float) -> Callable[[], None]:
    """Return a check: nothing has blocked the event loop in the last 10 s."""
    lag = _Lag()

    def check() -> None:
        seconds = lag.largest(asyncio.get_running_loop())
        if seconds > max_lag:
            raise Unhealthy(
                f"the event loop was blocked for {in_seconds(seconds)} within the last {in_seconds(WINDOW)}"
            )

    return check


class _Lag:
    def __init__(self) -> None:
        self._due: float | None = None
        self._probed_at = 0.0
        self._lags: list[tuple[float, float]] = []

    def largest(self, loop: asyncio.AbstractEventLoop) -> float:
        now = self._probed_at = loop.time()
        if self._due is None:
            self._arm(loop, now)
        assert self._due is not None
        self._lags = [(at, lag) for at, lag in self._lags if now - at <= WINDOW]
        return max([now - self._due, *(lag for _, lag in self._lags)])

    def _arm(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        self._due = now + _INTERVAL
        loop.call_at(self._due, self._measure, loop)

    def _measure(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._due is not None
        now = loop.time()
        if now - self._due > _INTERVAL:
            self._lags.append((now, now - self._due))
        self._due = None
        if now - self._probed_at < 6 * WINDOW:
            self._arm(loop, now)
