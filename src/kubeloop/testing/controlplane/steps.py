"""Running work that waits, with and without an event loop.

The work is a generator that yields seconds to wait, so that `with` and `async with` share their code. Cancellation and
Ctrl-C close the generator, which runs its `finally` blocks. The steps between two waits may block for up to a second;
`run_async` runs each of them in a thread.
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
    """Run the work in this thread and return its result."""
    with closing(steps):
        while True:
            try:
                pause = next(steps)
            except StopIteration as stop:
                result: T = stop.value
                return result
            time.sleep(pause)


async def run_async(steps: Steps[T]) -> T:
    """Run the work without blocking the event loop and return its result. Cancellation waits for the cleanup."""
    loop = asyncio.get_running_loop()
    # A thread that ends with the work; the default threads of the loop would remain.
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
    """Run one step and return its outcome, because a future cannot raise `StopIteration`."""
    try:
        return next(steps), None
    except StopIteration as stop:
        return 0.0, _Done(stop.value)


async def _finish(step: asyncio.Future[Any]) -> None:
    """Wait until the step has ended, even if this is cancelled, because a running generator cannot be closed."""
    cancelled: asyncio.CancelledError | None = None
    while not step.done():
        try:
            await asyncio.wait({step})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        step.exception()  # nobody reads it
        raise cancelled
