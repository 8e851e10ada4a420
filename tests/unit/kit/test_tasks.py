"""Ending tasks, and the virtual clock that the tests wait with."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop._kit.tasks import cancel_and_wait
from tests.support.clock import Deadlock, now, run_virtual, settle, virtual


async def forever():
    await asyncio.Event().wait()


async def slow_to_end(seconds):
    try:
        await forever()
    finally:
        await asyncio.sleep(seconds)


async def fails_at_its_end(fault):
    try:
        await forever()
    finally:
        raise fault


@virtual
async def test_ends_tasks_and_waits_for_them():
    tasks = [asyncio.create_task(slow_to_end(seconds)) for seconds in (1, 3, 2)]
    await settle()
    await cancel_and_wait(*tasks)
    assert now() == 3.0
    assert all(task.cancelled() for task in tasks)


@virtual
async def test_does_nothing_to_tasks_that_have_ended():
    task = asyncio.create_task(asyncio.sleep(0, "done"))
    await settle()
    await cancel_and_wait(task)
    assert task.result() == "done"
    await cancel_and_wait()


@virtual
async def test_raises_what_a_task_ended_with():
    task = asyncio.create_task(fails_at_its_end(OSError("no")))
    await settle()
    with pytest.raises(OSError, match="no"):
        await cancel_and_wait(task, asyncio.create_task(forever()))


@virtual
async def test_raises_several_faults_as_a_group():
    tasks = [asyncio.create_task(fails_at_its_end(fault)) for fault in (OSError("a"), ValueError("b"))]
    await settle()
    with pytest.raises(BaseExceptionGroup) as caught:
        await cancel_and_wait(*tasks)
    assert [type(fault) for fault in caught.value.exceptions] == [OSError, ValueError]


@virtual
async def test_finishes_before_it_obeys_its_own_cancellation():
    task = asyncio.create_task(slow_to_end(5))
    await settle()
    ending = asyncio.create_task(cancel_and_wait(task))
    await asyncio.sleep(1)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert task.done()
    assert now() == 5.0


@virtual
async def test_virtual_time_jumps_to_the_next_timer_exactly():
    await asyncio.sleep(3600.1)
    assert now() == 3600.1
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await forever()
    assert now() == 3600.1 + 0.3


@virtual
async def test_virtual_time_does_not_advance_while_callbacks_run():
    await settle(100)
    assert now() == 0.0


def test_virtual_time_says_who_waits_when_nothing_can_happen_any_more():
    with pytest.raises(Deadlock, match="forever"):
        run_virtual(forever())


def test_virtual_time_reports_tasks_that_were_not_awaited():
    kept = []  # the loop has only a weak reference to a task

    async def main():
        kept.append(asyncio.create_task(forever(), name="lost"))
        await settle()

    with pytest.raises(AssertionError, match="lost"):
        run_virtual(main())
