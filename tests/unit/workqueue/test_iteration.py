"""`async for item in queue`: when the loop ends, and the state after break, exceptions and cancellation."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.workqueue import RateLimitingQueue, WorkQueue


def filled(*items: str) -> WorkQueue[str]:
    queue: WorkQueue[str] = WorkQueue()
    for item in items:
        queue.add(item)
    return queue


async def work(queue, handled):
    async for item in queue:
        try:
            handled.append(item)
            await asyncio.sleep(0.01)
        finally:
            queue.done(item)


@in_virtual_time
async def test_a_loop_takes_what_is_queued_and_ends_with_the_shutdown():
    queue, handled = filled("a", "b"), []
    async with asyncio.TaskGroup() as workers:
        workers.create_task(work(queue, handled))
        await asyncio.sleep(1)
        queue.add("c")
        queue.shut_down()
    assert handled == ["a", "b", "c"]
    assert (len(queue), queue.processing) == (0, 0)


@in_virtual_time
async def test_a_loop_waits_while_the_queue_is_empty():
    queue, handled = filled(), []
    worker = asyncio.create_task(work(queue, handled))
    await asyncio.sleep(1_000)
    assert not worker.done()
    queue.shut_down()
    await worker
    assert handled == []


@in_virtual_time
async def test_several_loops_over_one_queue_share_its_items_and_all_end_with_a_drain():
    queue, handled = filled(*"abcdef"), []
    async with asyncio.TaskGroup() as workers:
        for _ in range(4):
            workers.create_task(work(queue, handled))
        await queue.shut_down_with_drain()
    assert sorted(handled) == list("abcdef")


@in_virtual_time
async def test_an_item_that_is_added_during_its_work_is_taken_again_by_the_same_loop():
    queue, handled = filled("a"), []
    async for item in queue:
        handled.append(item)
        if len(handled) == 1:
            queue.add(item)
            assert queue.processing == 1
        else:
            queue.shut_down()
        queue.done(item)
    assert handled == ["a", "a"]


@in_virtual_time
async def test_a_break_takes_no_further_item():
    queue = filled("a", "b")
    async for item in queue:
        try:
            break
        finally:
            queue.done(item)
    assert (len(queue), queue.processing) == (1, 0)
    assert await anext(queue) == "b"


@in_virtual_time
async def test_a_break_before_done_leaves_the_item_with_the_worker():
    queue = filled("a")
    async for item in queue:
        queue.add(item)
        break
    assert (len(queue), queue.processing) == (0, 1)
    queue.done(item)
    assert (len(queue), queue.processing) == (1, 0)


@in_virtual_time
async def test_an_exception_in_the_body_takes_no_further_item():
    queue = filled("a", "b")

    async def fail():
        async for item in queue:
            try:
                raise ZeroDivisionError
            finally:
                queue.done(item)

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (len(queue), queue.processing) == (1, 0)


@in_virtual_time
async def test_a_cancelled_body_leaves_the_other_items_queued():
    queue, handled = filled("a", "b"), []
    worker = asyncio.create_task(work(queue, handled))
    await settle()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert (handled, len(queue), queue.processing) == (["a"], 1, 0)


@pytest.mark.parametrize("is_woken", [False, True], ids=["while it waits", "in the turn in which it is woken"])
@in_virtual_time
async def test_a_cancelled_wait_loses_no_item(is_woken):
    queue, handled = filled(), []
    worker = asyncio.create_task(work(queue, handled))
    await settle()
    if is_woken:
        queue.add("a")
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    if not is_woken:
        queue.add("a")
    assert handled == []
    assert await anext(queue) == "a"


@in_virtual_time
async def test_a_wait_that_timed_out_can_be_repeated():
    queue = filled()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(queue), 0.3)
    queue.add("a")
    assert await anext(queue) == "a"


@in_virtual_time
async def test_a_failed_item_comes_back_to_the_loop_after_its_delay():
    queue: RateLimitingQueue[str] = RateLimitingQueue()
    queue.add("a")
    attempts = []
    async for item in queue:
        attempts.append(asyncio.get_running_loop().time())
        if len(attempts) == 3:
            queue.forget(item)
            queue.shut_down()
        else:
            queue.add_rate_limited(item)
        queue.done(item)
    gaps = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert gaps == pytest.approx([0.005, 0.01])


@in_virtual_time
async def test_anext_raises_after_the_shutdown():
    queue = filled()
    queue.shut_down()
    with pytest.raises(StopAsyncIteration):
        await anext(queue)
