"""The check of a work queue, with the real queue in virtual time."""

from __future__ import annotations

import asyncio

import pytest

import kubeloop
from kubeloop.errors import Unhealthy
from kubeloop.health import queue_moves
from kubeloop.testing.virtual_time import in_virtual_time


@in_virtual_time
async def test_a_queue_from_which_nobody_takes_any_more_fails() -> None:
    queue: kubeloop.WorkQueue[str] = kubeloop.WorkQueue(name="pods")
    check = queue_moves(queue, within=60)
    for item in "abc":
        queue.add(item)
    await queue.get()
    check()
    await asyncio.sleep(60)
    check()
    await asyncio.sleep(1)
    with pytest.raises(
        Unhealthy, match=r"^work queue 'pods': no worker has taken an item for 61 s; 2 items waiting, 1 in work$"
    ):
        check()
    await queue.get()
    check()
    await asyncio.sleep(61)
    with pytest.raises(Unhealthy, match="1 item waiting, 2 in work"):
        check()


@in_virtual_time
async def test_an_empty_queue_passes_and_the_time_begins_with_the_first_waiting_item() -> None:
    queue: kubeloop.WorkQueue[str] = kubeloop.WorkQueue()
    check = queue_moves(queue, within=60)
    queue.add("a")
    await queue.get()
    check()
    await asyncio.sleep(600)
    check()
    queue.add("b")
    await asyncio.sleep(59)
    check()
    await asyncio.sleep(2)
    with pytest.raises(Unhealthy, match="has taken an item for 61 s"):
        check()


@in_virtual_time
async def test_what_happened_before_the_first_call_does_not_count() -> None:
    queue: kubeloop.WorkQueue[str] = kubeloop.WorkQueue()
    queue.add("a")
    queue.add("b")
    await queue.get()
    await asyncio.sleep(1000)
    check = queue_moves(queue, within=60)
    check()
    await asyncio.sleep(60)
    check()


@in_virtual_time
async def test_slow_workers_that_take_items_now_and_then_pass() -> None:
    queue: kubeloop.WorkQueue[int] = kubeloop.WorkQueue()
    check = queue_moves(queue, within=60)
    for item in range(100):
        queue.add(item)
    for _ in range(20):
        await queue.get()
        await asyncio.sleep(50)
        check()


@in_virtual_time
async def test_a_queue_whose_workers_have_not_begun_passes() -> None:
    queue: kubeloop.WorkQueue[str] = kubeloop.WorkQueue()
    check = queue_moves(queue, within=60)
    queue.add("a")
    for _ in range(10):
        check()
        await asyncio.sleep(100)
    await queue.get()
    queue.add("b")
    check()
    await asyncio.sleep(61)
    with pytest.raises(Unhealthy):
        check()


@in_virtual_time
async def test_with_metrics_one_worker_that_is_stuck_fails() -> None:
    queue: kubeloop.WorkQueue[str] = kubeloop.WorkQueue(name="pods", metrics=kubeloop.Metrics())
    check = queue_moves(queue, within=60)
    queue.add("stuck")
    await queue.get()
    for item in range(12):
        await asyncio.sleep(5)
        queue.add(str(item))
        taken = await queue.get()
        check()
        assert taken is not None
        queue.done(taken)
    await asyncio.sleep(1)
    with pytest.raises(Unhealthy, match=r"^work queue 'pods': a worker has had its item for 61 s$"):
        check()
    queue.done("stuck")
    check()


@pytest.mark.parametrize("kind", [kubeloop.DelayingQueue, kubeloop.RateLimitingQueue, kubeloop.PriorityQueue])
@in_virtual_time
async def test_all_queues_count_the_items_that_workers_take(kind: type[kubeloop.WorkQueue[str]]) -> None:
    queue = kind()
    assert queue.taken == 0
    for item in ("a", "b", "a"):
        queue.add(item)
        taken = await queue.get()
        assert taken == item
        queue.done(item)
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(1)
    assert queue.taken == 3
    queue.add("c")
    await waiting
    assert queue.taken == 4
