"""Work that waits, written once for programs with an event loop and without one.

A piece of work is a generator that yields the seconds it wants to wait. `run` waits with `time.sleep` and `run_async`
with `asyncio.sleep`, so that a session-wide synchronous fixture and an `async with` share every line, and so that
being cancelled, or interrupted by Ctrl-C, closes the generator and runs its `finally` blocks; a thread does neither.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeAlias, TypeVar

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
    """Do the work in the running loop, and return its result. Cancelling it cleans up before it returns."""
    with closing(steps):
        while True:
            try:
                pause = next(steps)
            except StopIteration as stop:
                result: T = stop.value
                return result
            await asyncio.sleep(pause)
