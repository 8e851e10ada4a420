"""How the time of a function grows with its input: the one kind of test that measures time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

__all__ = ["growth"]

_ENOUGH = 0.002


def growth(make: Callable[[int], T], run: Callable[[T], object], size: int) -> float:
    """Return how many times longer the work takes for `8 * size` than for `size`: 8 if it is linear, 64 if quadratic.

    The measure is the processor time of this process, the best of three runs, without the garbage collector, which
    traverses the objects of the whole test run. Work that is too short to be measured is repeated.
    """
    gc.collect()
    gc.disable()
    try:
        return _growth(make, run, size)
    finally:
        gc.enable()


def _growth(make: Callable[[int], T], run: Callable[[T], object], size: int) -> float:
    small, large = make(size), make(8 * size)
    times = 1
    while (best := _seconds(run, small, times)) < _ENOUGH:
        times *= 4
    for _ in range(2):
        best = min(best, _seconds(run, small, times))
    return min(_seconds(run, large, times) for _ in range(3)) / best


def _seconds(run: Callable[[T], object], value: T, times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        run(value)
    return time.process_time() - start
