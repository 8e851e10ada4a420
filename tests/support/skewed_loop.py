"""A real event loop whose clock can be moved forward: for timers of minutes in code that uses sockets."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["SkewedLoop", "pass_by", "skewed", "skip"]


class SkewedLoop(asyncio.SelectorEventLoop):
    """An event loop with sockets, and a clock of its own."""

    def __init__(self) -> None:
        self._skew = 0.0
        super().__init__()

    def time(self) -> float:
        """Return the time, with the skipped time added."""
        return super().time() + self._skew

    def skip(self, seconds: float) -> None:
        """Move the clock forward: timers up to the new time expire now."""
        self._skew += seconds


def skewed(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a `SkewedLoop`."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=SkewedLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def skip(seconds: float) -> None:
    """Move the running loop's clock forward."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkewedLoop)
    loop.skip(seconds)


async def pass_by(seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
    """Advance the clock while nothing arrives from outside the process, in steps, so that timers that set each other
    all run.

    Args:
        seconds: The duration, in steps of five seconds.
        until: A condition that ends the advance early.
    """
    for _ in range(round(seconds / 5)):
        if until():
            return
        skip(5)
        for _ in range(20):
            await asyncio.sleep(0)
