"""The scenarios of controller-runtime's priorityqueue_test.go, and what is ours: ageing, groups, drains."""

from __future__ import annotations

import asyncio
import gc
import math
import tracemalloc
import weakref

import pytest

from kubeloop import Metrics
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.workqueue import LOW_PRIORITY, ItemFastSlowRateLimiter, PriorityQueue
from kubeloop.workqueue.priority_order import PriorityOrder
from tests.support.metrics import Sink


async def take(queue, count):
    """Take and finish items, and return them."""
    items = []
    for _ in range(count):
        items.append(await queue.get())
        queue.done(items[-1])
    return items


@in_virtual_time
async def test_returns_an_item_with_its_priority():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    queue.add("bar", priority=3)
    assert [await queue.get(), await queue.get()] == ["bar", "foo"]
    assert (queue.priority_of("bar"), queue.priority_of("foo"), queue.priority_of("other")) == (3, 0, 0)
    queue.done("bar")
    assert queue.priority_of("bar") == 0


@in_virtual_time
async def test_takes_the_highest_priority_first_and_then_the_first_addition():
    queue: PriorityQueue[str] = PriorityQueue()
    for item, priority in [("a", -100), ("b", 0), ("c", 5), ("d", 0), ("e", 5), ("f", -100)]:
        queue.add(item, priority=priority)
    assert await take(queue, 6) == ["c", "e", "b", "d", "a", "f"]


@in_virtual_time
async def test_an_item_that_a_worker_has_is_passed_over_and_taken_when_that_worker_is_done():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    await queue.get()
    queue.add("foo", priority=10)
    queue.add("bar")
    assert len(queue) == 1
    assert await queue.get() == "bar"
    other = asyncio.create_task(queue.get())
    await settle()
    assert not other.done()
    queue.done("foo")
    assert await other == "foo"
    assert queue.priority_of("foo") == 10


@in_virtual_time
async def test_an_item_added_while_a_worker_has_it_keeps_the_place_of_the_addition():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    await queue.get()
    queue.add("foo")
    queue.add("bar")
    queue.done("foo")
    assert await take(queue, 2) == ["foo", "bar"]


@in_virtual_time
async def test_repeated_additions_collapse():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    queue.add("foo")
    queue.add("foo", priority=1)
    assert len(queue) == 1
    assert await take(queue, 1) == ["foo"]
    assert (len(queue), queue.processing) == (0, 0)


@in_virtual_time
async def test_the_highest_priority_of_all_additions_counts():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo", priority=1)
    queue.add("foo", priority=2)
    queue.add("foo", priority=-5)
    queue.add("foo")
    queue.add("bar", priority=1)
    assert await queue.get() == "foo"
    assert queue.priority_of("foo") == 2


@in_virtual_time
async def test_a_raised_item_goes_to_the_end_of_its_new_priority():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    queue.add("bar", priority=1)
    queue.add("baz", priority=1)
    queue.add("foo", priority=1)
    assert await take(queue, 3) == ["bar", "baz", "foo"]


@in_virtual_time
async def test_the_shortest_delay_counts():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add_after("foo", 60)
    queue.add_after("foo", 5)
    queue.add_after("foo", 30)
    assert await queue.get() == "foo"
    assert elapsed() == 5.0
    queue.done("foo")
    await asyncio.sleep(100)
    assert len(queue) == 0


@in_virtual_time
async def test_the_length_counts_neither_delayed_items_nor_those_of_workers():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add_after("foo", 60)
    queue.add("bar")
    queue.add("baz")
    await queue.get()
    assert (len(queue), queue.delayed, queue.processing) == (1, 1, 1)


@in_virtual_time
async def test_a_queued_item_is_never_delayed():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    queue.add_after("foo", 60, priority=7)
    assert (len(queue), queue.delayed) == (1, 0)
    assert await queue.get() == "foo"
    assert queue.priority_of("foo") == 7
    queue.add("foo")
    queue.add_after("foo", 60)
    assert queue.delayed == 0
    queue.done("foo")
    assert await take(queue, 1) == ["foo"]


@in_virtual_time
async def test_an_addition_without_a_delay_queues_a_delayed_item_at_once_and_only_then():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add_after("foo", 60, priority=4)
    queue.add("foo", priority=-1)
    assert (len(queue), queue.delayed) == (1, 0)
    assert await queue.get() == "foo"
    assert queue.priority_of("foo") == 4
    queue.done("foo")
    await asyncio.sleep(100)
    assert len(queue) == 0


@in_virtual_time
async def test_items_whose_delay_has_passed_are_in_the_order_of_their_times():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add_after("late", 3, priority=1)
    queue.add_after("early", 1, priority=1)
    queue.add_after("high", 2, priority=2)
    await asyncio.sleep(2.5)
    queue.add("now", priority=1)
    await asyncio.sleep(1)
    assert await take(queue, 4) == ["high", "early", "now", "late"]


@in_virtual_time
async def test_a_delay_that_passes_while_a_worker_has_the_item_queues_it_when_the_worker_is_done():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    await queue.get()
    queue.add_after("foo", 1, priority=3)
    await asyncio.sleep(2)
    assert (len(queue), queue.delayed) == (0, 0)
    queue.done("foo")
    assert await queue.get() == "foo"
    assert queue.priority_of("foo") == 3


@in_virtual_time
async def test_a_delay_and_a_rate_limit_together_are_the_shorter_of_the_two():
    queue: PriorityQueue[str] = PriorityQueue(ItemFastSlowRateLimiter(2.0, 20.0, 1))
    queue.add_after("foo", 10)
    queue.add_rate_limited("foo")
    assert await queue.get() == "foo"
    assert elapsed() == 2.0
    queue.done("foo")
    queue.add_after("foo", 10)
    queue.add_rate_limited("foo")
    assert await queue.get() == "foo"
    assert elapsed() == 12.0
    assert queue.num_requeues("foo") == 2


@in_virtual_time
async def test_the_default_limiter_is_exponential_per_item_and_has_no_limit_for_all():
    queue: PriorityQueue[object] = PriorityQueue()
    for number in range(1000):
        queue.add_rate_limited(number)
    await asyncio.sleep(0.005)
    assert len(queue) == 1000
    for _ in range(30):
        queue.add_rate_limited("foo")
    queue.forget("foo")
    assert queue.num_requeues("foo") == 0


@in_virtual_time
async def test_a_retry_keeps_the_priority_with_which_the_item_was_taken():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo", priority=LOW_PRIORITY)
    await queue.get()
    queue.add_rate_limited("foo")
    queue.done("foo")
    assert await queue.get() == "foo"
    assert queue.priority_of("foo") == LOW_PRIORITY
    queue.add_rate_limited("foo", priority=9)
    queue.done("foo")
    await queue.get()
    assert queue.priority_of("foo") == 9
    queue.add_rate_limited("never taken")
    assert await queue.get() == "never taken"
    assert queue.priority_of("never taken") == 0


@in_virtual_time
async def test_a_shut_down_wakes_workers_and_drops_delayed_items():
    queue: PriorityQueue[str] = PriorityQueue()
    workers = [asyncio.create_task(queue.get()) for _ in range(2)]
    await settle()
    queue.add_after("foo", 1)
    queue.shut_down()
    queue.add("bar")
    queue.add_after("bar", 1)
    queue.add_rate_limited("bar")
    assert await asyncio.gather(*workers) == [None, None]
    assert (len(queue), queue.delayed) == (0, 0)


@in_virtual_time
async def test_a_drain_waits_for_queued_items_and_those_that_workers_have():
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("foo")
    queue.add("bar", priority=1)
    first = await queue.get()
    draining = asyncio.create_task(queue.shut_down_with_drain())
    await settle()
    queue.done(first)
    assert await queue.get() == "foo"
    await settle()
    assert not draining.done()
    queue.done("foo")
    await draining


@in_virtual_time
async def test_a_woken_worker_gets_the_item_that_is_next_when_it_runs():
    queue: PriorityQueue[str] = PriorityQueue()
    waiting = asyncio.create_task(queue.get())
    await settle()
    queue.add("low", priority=LOW_PRIORITY)
    queue.add("high")
    assert await waiting == "high"


@in_virtual_time
async def test_many_items_with_delays_priorities_and_workers_are_each_taken():
    queue: PriorityQueue[str] = PriorityQueue()
    taken = []

    async def work():
        async for item in queue:
            await asyncio.sleep(0.01)
            taken.append(item)
            queue.done(item)

    async with asyncio.TaskGroup() as workers:
        for _ in range(10):
            workers.create_task(work())
        for number in range(1000):
            queue.add_after(f"item-{number}", number % 7, priority=number % 3)
        await asyncio.sleep(60)
        queue.shut_down()
    assert sorted(taken) == sorted(f"item-{number}" for number in range(1000))


@in_virtual_time
async def test_every_nth_item_is_the_one_that_has_been_queued_longest():
    queue: PriorityQueue[str] = PriorityQueue(oldest_every=3)
    queue.add("low 1", priority=LOW_PRIORITY)
    queue.add("low 2", priority=LOW_PRIORITY)
    for number in range(6):
        queue.add(f"high {number}")
    assert await take(queue, 8) == ["high 0", "high 1", "low 1", "high 2", "high 3", "low 2", "high 4", "high 5"]


@in_virtual_time
async def test_a_raised_item_keeps_its_age():
    queue: PriorityQueue[str] = PriorityQueue(oldest_every=2)
    queue.add("foo", priority=-1)
    queue.add("bar", priority=5)
    queue.add("foo", priority=5)
    queue.add("baz", priority=9)
    assert await take(queue, 3) == ["baz", "foo", "bar"]


@in_virtual_time
async def test_without_ageing_a_low_priority_waits_for_all_others():
    queue: PriorityQueue[int] = PriorityQueue(oldest_every=None)
    queue.add(-1, priority=LOW_PRIORITY)
    for number in range(500):
        queue.add(number)
        assert await take(queue, 1) == [number]
    assert await take(queue, 1) == [-1]


@in_virtual_time
async def test_with_1_the_order_is_that_of_the_additions():
    queue: PriorityQueue[int] = PriorityQueue(oldest_every=1)
    for number in range(20):
        queue.add(number, priority=number)
    assert await take(queue, 20) == list(range(20))


@in_virtual_time
async def test_groups_take_turns_within_a_priority():
    queue: PriorityQueue[str] = PriorityQueue(group_by=lambda key: key.split("/")[0], oldest_every=None)
    for item in ("noisy/1", "noisy/2", "noisy/3", "noisy/4", "calm/1", "other/1", "calm/2"):
        queue.add(item)
    queue.add("noisy/0", priority=1)
    assert await take(queue, 8) == [
        "noisy/0", "noisy/1", "calm/1", "other/1", "noisy/2", "calm/2", "noisy/3", "noisy/4",
    ]  # fmt: skip


@in_virtual_time
async def test_a_group_function_that_fails_adds_nothing():
    def group(key):
        if key == "foo":
            raise LookupError("no group")
        return key

    queue: PriorityQueue[str] = PriorityQueue(group_by=group)
    for add in (queue.add, lambda key: queue.add_after(key, 1), queue.add_rate_limited):
        with pytest.raises(LookupError, match="no group"):
            add("foo")
    queue.add("bar")
    assert (len(queue), queue.delayed) == (1, 0)
    assert await take(queue, 1) == ["bar"]


@in_virtual_time
async def test_a_group_that_cannot_be_hashed_adds_nothing():
    queue: PriorityQueue[str] = PriorityQueue(group_by=lambda key: [] if key == "foo" else key)
    for add in (queue.add, lambda key: queue.add_after(key, 1), queue.add_rate_limited):
        with pytest.raises(TypeError, match="unhashable"):
            add("foo")
    queue.add("bar")
    assert (len(queue), queue.delayed) == (1, 0)
    assert await take(queue, 1) == ["bar"]


@pytest.mark.parametrize("priority", [1.5, "high"])
@in_virtual_time
async def test_a_priority_that_is_no_integer_adds_nothing(priority):
    queue: PriorityQueue[str] = PriorityQueue()
    queue.add("bar")
    for key in ("foo", "bar"):
        with pytest.raises(TypeError, match="expected an integer as the priority, got "):
            queue.add(key, priority=priority)
        with pytest.raises(TypeError, match="expected an integer as the priority, got "):
            queue.add_after(key, 1, priority=priority)
    assert (len(queue), queue.delayed) == (1, 0)
    assert await take(queue, 1) == ["bar"]


@in_virtual_time
async def test_metrics_count_the_depth_per_priority():
    sink = Sink()
    queue: PriorityQueue[str] = PriorityQueue(name="test", metrics=sink)
    queue.add("foo", priority=1)
    queue.add("bar", priority=1)
    assert (sink.adds, sink.by_priority[1]) == (2, 2)
    queue.add("bar", priority=3)
    assert (sink.by_priority[1], sink.by_priority[3]) == (1, 1)
    assert await queue.get() == "bar"
    assert sink.by_priority[3] == 0
    queue.add("bar", priority=-1)  # while a worker has the item
    queue.add("bar", priority=1)
    assert (sink.adds, sink.by_priority[-1], sink.by_priority[1]) == (3, 0, 2)
    queue.done("bar")
    assert await take(queue, 2) == ["foo", "bar"]
    assert set(sink.by_priority.values()) == {0}
    assert (sink.now_queued, sink.retries) == (0, 0)


@in_virtual_time
async def test_metrics_of_a_delayed_item_begin_when_it_is_queued():
    sink = Sink()
    queue: PriorityQueue[str] = PriorityQueue(name="test", metrics=sink)
    queue.add_after("foo", 60)
    queue.add_after("foo", 30, priority=2)
    assert (sink.adds, sink.now_queued, sink.retries) == (0, 0, 2)
    assert not +sink.by_priority
    await asyncio.sleep(10)
    queue.add("foo", priority=5)
    assert (sink.adds, sink.by_priority[5]) == (1, 1)
    await asyncio.sleep(1)
    assert await take(queue, 1) == ["foo"]
    assert sink.waits == [1.0]
    queue.add_after("foo", 30, priority=5)
    await asyncio.sleep(40)
    assert (sink.adds, sink.by_priority[5]) == (2, 1)


@in_virtual_time
async def test_the_metric_has_at_most_25_priorities_per_queue():
    metrics = Metrics()
    queue: PriorityQueue[int] = PriorityQueue(name="pods", metrics=metrics)
    for number in range(30):
        queue.add(number, priority=number)
    assert metrics.value("workqueue_depth", name="pods") == 30
    assert metrics.value("workqueue_depth_by_priority", name="pods", priority="24") == 1
    assert metrics.value("workqueue_depth_by_priority", name="pods", priority="25") == 0
    assert metrics.value("workqueue_depth_by_priority", name="pods", priority="exceeded_cardinality_limit") == 5
    await take(queue, 30)
    depths = [family for family in metrics.collect() if family.name.startswith("workqueue_depth")]
    assert {sample.value for family in depths for sample in family.samples} == {0.0}


@pytest.mark.parametrize("value", [0, -1])
def test_refuses_an_interval_below_1(value):
    with pytest.raises(ValueError, match=f"expected oldest_every to be at least 1 or None, got {value}"):
        PriorityQueue(oldest_every=value)


@in_virtual_time
async def test_refuses_what_cannot_be_an_item_or_a_delay():
    queue: PriorityQueue[object] = PriorityQueue()
    for add in (queue.add, lambda item: queue.add_after(item, 1), queue.add_rate_limited):
        with pytest.raises(ValueError, match="got None"):
            add(None)
        with pytest.raises(TypeError, match="unhashable"):
            add([])
    with pytest.raises(ValueError, match="NaN"):
        queue.add_after("foo", math.nan)
    queue.add_after("never", math.inf)
    await asyncio.sleep(1e6)
    assert (len(queue), queue.delayed) == (0, 1)


def test_no_function_gets_none_as_an_item():
    groups: list[str | None] = []
    queue: PriorityQueue[str | None] = PriorityQueue(group_by=groups.append)
    with pytest.raises(ValueError, match="got None"):
        queue.add(None)
    assert groups == []


def test_the_low_priority_is_that_of_controller_runtime():
    assert LOW_PRIORITY == -100


def test_a_delay_needs_a_loop_and_an_addition_does_not():
    queue: PriorityQueue[str] = PriorityQueue(name="pods")
    with pytest.raises(RuntimeError, match="no running event loop"):
        queue.add_after("foo", 1, priority=5)
    queue.add("foo")
    assert repr(queue) == "<PriorityQueue 'pods' queued=1 processing=0 idle_workers=0 delayed=0>"
    assert asyncio.run(queue.get()) == "foo"
    assert queue.priority_of("foo") == 0


@in_virtual_time
async def test_nothing_is_kept_of_an_item_that_is_done():
    class Item:
        pass

    queue: PriorityQueue[Item] = PriorityQueue()
    delayed, queued, dropped = Item(), Item(), Item()
    gone = [weakref.ref(item) for item in (delayed, queued, dropped)]
    queue.add_after(delayed, 1, priority=1)
    queue.add(queued, priority=-5)
    queue.add(queued, priority=0)
    queue.add_after(dropped, 1000)
    await asyncio.sleep(2)
    await take(queue, 2)
    queue.shut_down()
    del delayed, queued, dropped
    gc.collect()
    assert [reference() for reference in gone] == [None, None, None]


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("oldest_every", [None, 2, 10])
def test_what_the_order_keeps_is_bounded_by_the_items_that_wait(oldest_every, raises):
    """Items that are raised, or taken by age, leave numbers behind in priorities whose turn never comes."""
    order: PriorityOrder[str] = PriorityOrder(lambda item: item, oldest_every)
    usual = {"low": -100, "raised": -50, "high": 0}
    queued: set[str] = set()

    def work(rounds):
        for _ in range(rounds):
            for item in usual.keys() - queued:
                order.request(item, usual[item])
                order.push(item)
                queued.add(item)
            if raises:
                order.request("raised", 10)
            item = order.pop()
            order.finish(item)
            queued.remove(item)

    work(200)
    tracemalloc.start()
    try:
        work(3000)
        assert tracemalloc.get_traced_memory()[0] < 20_000
    finally:
        tracemalloc.stop()
