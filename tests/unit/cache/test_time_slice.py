"""in_slices: long work lets other tasks run after each time slice, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from kubeloop.cache.time_slice import TIME_SLICE, in_slices
from kubeloop.testing.virtual_time import advance, in_virtual_time, settle


def work(done: list[int], *, steps: int, seconds: float) -> Generator[None, None, str]:
    for number in range(steps):
        advance(seconds)
        done.append(number)
        yield
    return "all"


async def watched(done: list[int], seen: list[int]) -> None:
    """Record how much is done whenever another task may run."""
    while True:
        seen.append(len(done))
        await asyncio.sleep(0)


@in_virtual_time
async def test_other_tasks_run_after_each_time_slice():
    done: list[int] = []
    seen: list[int] = []
    other = asyncio.create_task(watched(done, seen))
    assert await in_slices(work(done, steps=20, seconds=TIME_SLICE / 5)) == "all"
    other.cancel()
    assert seen == [5, 10, 15, 20]


@in_virtual_time
async def test_a_step_that_is_longer_than_a_slice_is_followed_by_the_other_tasks():
    done: list[int] = []
    seen: list[int] = []
    other = asyncio.create_task(watched(done, seen))
    await in_slices(work(done, steps=3, seconds=1.0))
    other.cancel()
    assert seen == [1, 2, 3]


@in_virtual_time
async def test_short_work_is_done_at_once():
    done: list[int] = []
    task = asyncio.create_task(in_slices(work(done, steps=1000, seconds=0.0)))
    await asyncio.sleep(0)
    assert len(done) == 1000
    assert await task == "all"


@in_virtual_time
async def test_a_cancelled_call_does_no_further_step():
    done: list[int] = []
    task = asyncio.create_task(in_slices(work(done, steps=10, seconds=1.0)))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    await settle()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(done) < 10


@in_virtual_time
async def test_the_error_of_a_step_is_raised():
    def broken() -> Generator[None, None, None]:
        yield
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await in_slices(broken())
