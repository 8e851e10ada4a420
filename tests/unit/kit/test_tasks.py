"""Ending tasks, and the virtual clock that the tests wait with."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop._kit.tasks import cancel_and_wait
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle


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


@in_virtual_time
async def test_ends_tasks_and_waits_for_them():
    tasks = [asyncio.create_task(slow_to_end(seconds)) for seconds in (1, 3, 2)]
    await settle()
    await cancel_and_wait(*tasks)
    assert elapsed() == 3.0
    assert all(task.cancelled() for task in tasks)


@in_virtual_time
async def test_does_nothing_to_tasks_that_have_ended():
    task = asyncio.create_task(asyncio.sleep(0, "done"))
    await settle()
    await cancel_and_wait(task)
    assert task.result() == "done"
    await cancel_and_wait()


@in_virtual_time
async def test_raises_what_a_task_ended_with():
    task = asyncio.create_task(fails_at_its_end(OSError("no")))
    await settle()
    with pytest.raises(OSError, match="no"):
        await cancel_and_wait(task, asyncio.create_task(forever()))


@in_virtual_time
async def test_raises_several_faults_as_a_group():
    tasks = [asyncio.create_task(fails_at_its_end(fault)) for fault in (OSError("a"), ValueError("b"))]
    await settle()
    with pytest.raises(BaseExceptionGroup) as caught:
        await cancel_and_wait(*tasks)
    assert [type(fault) for fault in caught.value.exceptions] == [OSError, ValueError]


@in_virtual_time
async def test_finishes_before_it_obeys_its_own_cancellation():
    task = asyncio.create_task(slow_to_end(5))
    await settle()
    ending = asyncio.create_task(cancel_and_wait(task))
    await asyncio.sleep(1)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert task.done()
    assert elapsed() == 5.0
