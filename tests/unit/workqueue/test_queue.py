"""The scenarios of client-go's queue_test.go, and asyncio's additions: turns, cancellation."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.workqueue import WorkQueue


class TracedOrder:
    """First in, first out, with a record of the touched items."""

    def __init__(self):
        self.items = []
        self.touched = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop(0)

    def touch(self, item):
        self.touched.append(item)

    def __len__(self):
        return len(self.items)


async def shut_down(queue):
    queue.shut_down()


async def drain(queue):
    await queue.shut_down_with_drain()


both_ends = pytest.mark.parametrize("end", [shut_down, drain])


@both_ends
@in_virtual_time
async def test_many_producers_and_consumers_and_nothing_after_the_end(end):
    queue: WorkQueue[object] = WorkQueue()
    handled = []

    async def produce(number):
        for _ in range(50):
            queue.add(number)
            await asyncio.sleep(0.001)

    async def consume():
        while (item := await queue.get()) is not None:
            await asyncio.sleep(0.003)
            handled.append(item)
            queue.done(item)

    async with asyncio.TaskGroup() as consumers:
        for _ in range(10):
            consumers.create_task(consume())
        async with asyncio.TaskGroup() as producers:
            for number in range(50):
                producers.create_task(produce(number))
        await end(queue)
        queue.add("added after shutdown!")
    assert len(queue) == 0
    assert set(handled) == set(range(50))


@both_ends
@in_virtual_time
async def test_items_added_while_they_are_processed_are_processed_again(end):
    queue: WorkQueue[int] = WorkQueue()
    handled = []

    async def consume():
        seen = set()
        while (item := await queue.get()) is not None:
            handled.append(item)
            if item not in seen:
                seen.add(item)
                queue.add(item)
            await asyncio.sleep(0)
            queue.done(item)

    async with asyncio.TaskGroup() as consumers:
        for _ in range(10):
            consumers.create_task(consume())
        for number in range(50):
            queue.add(number)
        await asyncio.sleep(1)
        await end(queue)
    assert len(queue) == 0
    assert all(handled.count(number) >= 2 for number in range(50))


def test_the_length_counts_each_waiting_item_once():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    assert len(queue) == 1
    queue.add("bar")
    assert len(queue) == 2
    queue.add("foo")
    assert len(queue) == 2


@in_virtual_time
async def test_an_item_reinserted_while_processing_comes_back_after_done():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    assert await queue.get() == "foo"
    queue.add("foo")
    assert len(queue) == 0
    queue.done("foo")
    assert await queue.get() == "foo"
    queue.done("foo")
    assert len(queue) == 0


@in_virtual_time
async def test_repeated_additions_collapse_and_touch_the_waiting_item():
    order = TracedOrder()
    queue: WorkQueue[str] = WorkQueue(order=order)
    queue.add("bar")
    queue.add("bar")
    assert await queue.get() == "bar"
    queue.done("bar")
    assert len(queue) == 0
    assert order.touched == ["bar"]


@in_virtual_time
async def test_additions_while_processing_collapse_without_a_touch():
    order = TracedOrder()
    queue: WorkQueue[str] = WorkQueue(order=order)
    queue.add("foo")
    assert await queue.get() == "foo"
    queue.add("foo")
    queue.add("foo")
    other = asyncio.create_task(queue.get())
    await settle()
    assert not other.done()
    queue.done("foo")
    assert await other == "foo"
    queue.done("foo")
    assert len(queue) == 0
    assert order.touched == []


@in_virtual_time
async def test_a_drain_waits_until_every_item_is_done():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    queue.add("bar")
    first, second = await queue.get(), await queue.get()
    draining = asyncio.create_task(queue.shut_down_with_drain())
    await settle()
    assert await queue.get() is None
    assert not draining.done()
    queue.done(first)
    await settle()
    assert not draining.done()
    queue.done(second)
    await draining


@in_virtual_time
async def test_a_plain_shut_down_does_not_wait_for_items_in_process():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    await queue.get()
    queue.shut_down()
    assert queue.shutting_down
    assert await queue.get() is None


@in_virtual_time
async def test_a_plain_shut_down_ends_a_drain():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    queue.add("bar")
    await queue.get()
    await queue.get()
    draining = asyncio.create_task(queue.shut_down_with_drain())
    await settle()
    assert not draining.done()
    queue.shut_down()
    await draining


@in_virtual_time
async def test_a_drain_includes_items_that_became_dirty_while_processing():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    assert await queue.get() == "foo"
    queue.add("foo")
    draining = asyncio.create_task(queue.shut_down_with_drain())
    await settle()
    assert await queue.get() is None
    queue.done("foo")
    assert await queue.get() == "foo"
    await settle()
    assert not draining.done()
    queue.done("foo")
    assert await queue.get() is None
    await draining


@in_virtual_time
async def test_a_drain_waits_for_items_that_no_worker_has_taken_yet():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    draining = asyncio.create_task(queue.shut_down_with_drain())
    await settle()
    assert not draining.done()
    assert await queue.get() == "foo"
    queue.done("foo")
    await draining


@in_virtual_time
async def test_a_drain_of_an_idle_queue_returns_at_once():
    queue: WorkQueue[str] = WorkQueue()
    await queue.shut_down_with_drain()
    assert queue.shutting_down


@in_virtual_time
async def test_several_drains_end_together_and_a_cancelled_one_harms_none():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    await queue.get()
    drains = [asyncio.create_task(queue.shut_down_with_drain()) for _ in range(3)]
    await settle()
    drains[0].cancel()
    await settle()
    queue.done("foo")
    await asyncio.gather(*drains[1:])
    assert drains[0].cancelled()


@in_virtual_time
async def test_workers_get_what_was_queued_before_the_shut_down_and_then_none():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    queue.shut_down()
    queue.shut_down()
    queue.add("bar")
    assert await queue.get() == "foo"
    queue.add("foo")
    queue.done("foo")
    assert await queue.get() is None
    assert await queue.get() is None


@in_virtual_time
async def test_a_shut_down_wakes_every_waiting_worker():
    queue: WorkQueue[str] = WorkQueue()
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await settle()
    queue.shut_down()
    assert await asyncio.gather(*workers) == [None, None, None]


@in_virtual_time
async def test_an_item_readded_in_the_turn_of_the_shut_down_is_not_lost():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("foo")
    await queue.get()
    queue.add("foo")
    waiting = asyncio.create_task(queue.get())
    await settle()
    queue.shut_down()
    queue.done("foo")
    assert await waiting == "foo"


@in_virtual_time
async def test_nothing_is_kept_of_an_item_that_is_done():
    class Item:
        pass

    queue: WorkQueue[Item] = WorkQueue()
    item = Item()
    gone = weakref.ref(item)
    queue.add(item)
    queue.done(await queue.get())
    del item
    gc.collect()
    assert gone() is None


@in_virtual_time
async def test_waiting_workers_are_served_in_the_order_in_which_they_came():
    queue: WorkQueue[int] = WorkQueue()
    served = []

    async def worker(name):
        served.append((name, await queue.get()))

    workers = []
    for name in "abc":
        workers.append(asyncio.create_task(worker(name)))
        await settle()
    for number in (1, 2, 3):
        queue.add(number)
    await asyncio.gather(*workers)
    assert served == [("a", 1), ("b", 2), ("c", 3)]


@in_virtual_time
async def test_a_newcomer_cannot_snatch_the_item_of_a_waiting_worker():
    queue: WorkQueue[int] = WorkQueue()
    waiting = asyncio.create_task(queue.get())
    await settle()
    queue.add(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await queue.get()  # in the same turn of the loop, before the waiting worker could run
    assert waiting.result() == 1


@in_virtual_time
async def test_busy_workers_do_not_starve_the_others():
    queue: WorkQueue[int] = WorkQueue()
    shares = dict.fromkeys(range(4), 0)

    async def worker(name):
        while (item := await queue.get()) is not None:
            shares[name] += 1
            await asyncio.sleep(0.001)
            queue.done(item)

    async with asyncio.TaskGroup() as group:
        for name in shares:
            group.create_task(worker(name))
        for number in range(400):
            queue.add(number)
        await queue.shut_down_with_drain()
    assert all(90 <= share <= 110 for share in shares.values())


@in_virtual_time
async def test_additions_collapse_until_the_woken_worker_runs():
    queue: WorkQueue[str] = WorkQueue()
    waiting = asyncio.create_task(queue.get())
    await settle()
    queue.add("foo")
    queue.add("foo")
    assert await waiting == "foo"
    queue.done("foo")
    assert len(queue) == queue.processing == 0


@in_virtual_time
async def test_cancelling_a_waiting_worker_loses_no_item():
    queue: WorkQueue[str] = WorkQueue()
    first, second = (asyncio.create_task(queue.get()) for _ in range(2))
    await settle()
    first.cancel()
    queue.add("foo")
    assert await second == "foo"
    assert first.cancelled()


@in_virtual_time
async def test_a_worker_cancelled_in_the_turn_in_which_it_was_woken_passes_its_item_on():
    queue: WorkQueue[str] = WorkQueue()
    first, second = (asyncio.create_task(queue.get()) for _ in range(2))
    await settle()
    queue.add("foo")
    first.cancel()
    assert await second == "foo"
    assert first.cancelled()
    assert (len(queue), queue.processing) == (0, 1)


@in_virtual_time
async def test_a_cancelled_and_woken_worker_leaves_its_item_when_nobody_waits():
    queue: WorkQueue[str] = WorkQueue()
    only = asyncio.create_task(queue.get())
    await settle()
    queue.add("foo")
    only.cancel()
    await settle()
    assert only.cancelled()
    assert len(queue) == 1
    assert await queue.get() == "foo"


@in_virtual_time
async def test_get_with_a_timeout_loses_no_item():
    queue: WorkQueue[str] = WorkQueue()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await queue.get()
    assert elapsed() == 5.0
    queue.add("foo")
    assert await queue.get() == "foo"


@in_virtual_time
async def test_takes_items_in_the_order_that_it_was_given():
    class LongestFirst(TracedOrder):
        def pop(self):
            item = max(self.items, key=len)
            self.items.remove(item)
            return item

    queue: WorkQueue[str] = WorkQueue(order=LongestFirst())
    for item in ("a", "ccc", "bb"):
        queue.add(item)
    assert [await queue.get() for _ in range(3)] == ["ccc", "bb", "a"]


@in_virtual_time
async def test_done_for_an_item_that_nobody_has_does_nothing():
    queue: WorkQueue[str] = WorkQueue()
    queue.done("foo")
    queue.add("foo")
    queue.done("foo")
    assert len(queue) == 1
    assert await queue.get() == "foo"
    queue.done("foo")
    queue.done("foo")
    assert queue.processing == 0


def test_none_cannot_be_queued():
    queue: WorkQueue[object] = WorkQueue()
    with pytest.raises(ValueError, match="None"):
        queue.add(None)


def test_adding_needs_no_running_loop():
    queue: WorkQueue[str] = WorkQueue(name="pods")
    queue.add("foo")
    assert repr(queue) == "<WorkQueue 'pods' queued=1 processing=0 idle_workers=0>"
    queue.shut_down()
    assert repr(queue) == "<WorkQueue 'pods' shut down queued=1 processing=0 idle_workers=0>"


class Fussy(TracedOrder):
    """An order that refuses the first push of each item."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def push(self, item):
        if item not in self.seen:
            self.seen.add(item)
            raise RuntimeError("not now")
        super().push(item)


@in_virtual_time
async def test_an_item_that_the_order_refuses_is_as_it_was_before():
    """(B7)"""
    order = Fussy()
    queue: WorkQueue[str] = WorkQueue(order=order)
    with pytest.raises(RuntimeError, match="not now"):
        queue.add("foo")
    assert (len(queue), queue.processing) == (0, 0)
    queue.add("foo")
    assert await queue.get() == "foo"
    queue.add("foo")
    order.seen.clear()
    with pytest.raises(RuntimeError, match="not now"):
        queue.done("foo")
    assert (len(queue), queue.processing) == (0, 1)
    queue.done("foo")
    assert await queue.get() == "foo"


def test_an_item_that_cannot_be_hashed_is_refused():
    """(B7)"""
    queue: WorkQueue[object] = WorkQueue()
    with pytest.raises(TypeError, match="unhashable"):
        queue.add([])
    assert (len(queue), queue.processing) == (0, 0)
