"""Work that waits, written once for programs with an event loop and without one.

A piece of work is a generator that yields the seconds it wants to wait. `run` waits with `time.sleep` and `run_async`
with `asyncio.sleep`, so that a session-wide synchronous fixture and an `async with` share every line, and so that
being cancelled, or interrupted by Ctrl-C, closes the generator and runs its `finally` blocks; a thread does neither.

What is between two waits may block (starting a process, asking a server), so `run_async` does each such step in a
thread, one at a time. A cancellation waits for the step that is on its way: steps must be short, a second at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = Generator[float, None, T]
Report: TypeAlias = Callable[[str], None]


def run(steps: Steps[T]) -> T:
    """Do the work in this thread, and return its result."""
    with closing(steps):
        while True:
            try:
                pause = next(steps)
            except StopIteration as stop:
                result: T = stop.value
                return result
            time.sleep(pause)


async def run_async(steps: Steps[T]) -> T:
    """Do the work without blocking the running loop, and return its result.

    Cancelling it cleans up before it returns.
    """
    loop = asyncio.get_running_loop()
    # A thread of its own, gone when the work is done: the loop's default threads would stay.
    with ThreadPoolExecutor(1, "kubeloop-controlplane") as thread, closing(steps):
        while True:
            step = loop.run_in_executor(thread, _advance, steps)
            await _finish(step)
            pause, done = step.result()
            if done is not None:
                return done.value
            await asyncio.sleep(pause)


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    value: T


def _advance(steps: Steps[T]) -> tuple[float, _Done[T] | None]:
    """Do one step. A `StopIteration` cannot be the outcome of a future."""
    try:
        return next(steps), None
    except StopIteration as stop:
        return 0.0, _Done(stop.value)


async def _finish(step: asyncio.Future[Any]) -> None:
    """Wait until the step has ended, however often this is cancelled: a running generator cannot be closed."""
    cancelled: asyncio.CancelledError | None = None
    while not step.done():
        try:
            await asyncio.wait({step})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        step.exception()  # nobody will ask
        raise cancelled
