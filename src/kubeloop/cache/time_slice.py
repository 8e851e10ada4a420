"""Work in time slices: long work is a generator of short steps, and other tasks run every few milliseconds.

The generators decide and know neither a loop nor a clock, so tests can do anything between two of their steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TypeVar

__all__ = ["OBJECTS_PER_STEP", "TIME_SLICE", "in_slices"]

R = TypeVar("R")

TIME_SLICE = 0.005
"""Seconds for which steps or calls follow each other before other tasks of the loop run."""

OBJECTS_PER_STEP = 16
"""The number of objects per step where an object takes microseconds; a step that calls handlers has one object."""


async def in_slices(steps: Generator[None, None, R]) -> R:
    """Do all steps, let other tasks run after each time slice, and return what the steps return.

    Nothing is awaited after the last step.

    Concurrency: when the call is cancelled, the remaining steps are not done.
    """
    time = asyncio.get_running_loop().time
    deadline = time() + TIME_SLICE
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: R = done.value
            return result
        if time() >= deadline:
            await asyncio.sleep(0)
            deadline = time() + TIME_SLICE
