"""The scenarios of client-go's delaying_queue_test.go and rate_limiting_queue_test.go, in virtual time."""

from __future__ import annotations

import asyncio
import math

import pytest

from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.workqueue import DelayingQueue, ItemExponentialFailureRateLimiter, RateLimitingQueue
from kubeloop.workqueue.delay_heap import Delays
from tests.support.metrics import Sink


async def step(seconds):
    await asyncio.sleep(seconds)


@in_virtual_time
async def test_an_item_is_added_after_its_delay_and_once_only():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 0.05)
    assert (len(queue), queue.delayed) == (0, 1)
    await step(0.06)
    assert (len(queue), queue.delayed) == (1, 0)
    queue.done(await queue.get())
    await step(10)
    assert len(queue) == 0


@in_virtual_time
async def test_a_waiting_item_keeps_the_earlier_of_two_times():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 0.05)
    queue.add_after("foo", 0.07)
    await step(0.06)
    assert len(queue) == 1
    queue.done(await queue.get())
    await step(0.02)
    assert len(queue) == 0

    queue.add_after("foo", 0.05)
    queue.add_after("foo", 0.03)
    await step(0.04)
    assert len(queue) == 1
    queue.done(await queue.get())
    await step(0.02)
    assert len(queue) == 0


@in_virtual_time
async def test_an_item_with_a_shorter_delay_overtakes():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 1)
    queue.add_after("bar", 0.05)
    assert await queue.get() == "bar"
    assert elapsed() == 0.05
    queue.add_after("baz", 2)
    assert await queue.get() == "foo"
    assert elapsed() == 1.0
    assert await queue.get() == "baz"
    assert elapsed() == 2.05


@in_virtual_time
async def test_items_that_are_ready_together_come_in_the_order_of_their_times():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 1)
    queue.add_after("bar", 0.5)
    queue.add_after("baz", 0.25)
    await step(2)
    assert len(queue) == 3
    assert [await queue.get() for _ in range(3)] == ["baz", "bar", "foo"]


@pytest.mark.parametrize("delay", [0, -1, -math.inf])
@in_virtual_time
async def test_without_a_delay_an_item_is_added_at_once(delay):
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", delay)
    assert len(queue) == 1


@in_virtual_time
async def test_adding_at_once_does_not_stop_the_delayed_addition():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 1)
    queue.add("foo")
    queue.done(await queue.get())
    assert elapsed() == 0.0
    assert await queue.get() == "foo"
    assert elapsed() == 1.0


@in_virtual_time
async def test_a_delayed_item_that_is_queued_already_collapses():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 1)
    queue.add("foo")
    await step(2)
    assert len(queue) == 1


@in_virtual_time
async def test_a_shut_down_drops_what_waits_and_leaves_no_timer():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 1)
    queue.shut_down()
    queue.add_after("bar", 1)
    assert queue.delayed == 0
    await step(5)
    assert len(queue) == 0
    assert await queue.get() is None


@in_virtual_time
async def test_a_drain_drops_what_waits():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("foo", 100)
    await queue.shut_down_with_drain()
    assert (elapsed(), queue.delayed) == (0.0, 0)


@in_virtual_time
async def test_an_endless_delay_never_comes_and_costs_no_timer():
    queue: DelayingQueue[str] = DelayingQueue()
    queue.add_after("never", math.inf)
    queue.add_after("foo", 1)
    assert await queue.get() == "foo"
    assert queue.delayed == 1


@in_virtual_time
async def test_a_flood_of_ready_items_leaves_the_loop_its_turns():
    queue: DelayingQueue[int] = DelayingQueue()
    for number in range(5_000):
        queue.add_after(number, 1)
    await step(1)
    seen = set()
    while len(queue) < 5_000:
        seen.add(len(queue))
        await asyncio.sleep(0)
    assert len(seen) >= 3
    assert elapsed() == 1.0
    assert [await queue.get() for _ in range(5_000)] == list(range(5_000))


def test_a_delayed_addition_needs_the_running_loop():
    queue: DelayingQueue[str] = DelayingQueue()
    with pytest.raises(RuntimeError, match="no running event loop"):
        queue.add_after("foo", 1)


@pytest.mark.parametrize(
    ("item", "delay", "error"),
    [
        (None, 1, ValueError),
        (None, 0, ValueError),
        ([], 1, TypeError),
        ([], 0, TypeError),
        ("foo", math.nan, ValueError),
        ("foo", "1", TypeError),
        ("foo", None, TypeError),
    ],
)
@in_virtual_time
async def test_what_could_not_be_added_later_is_refused_at_once_and_costs_no_other(item, delay, error):
    """(B7)"""
    sink = Sink()
    queue: RateLimitingQueue[object] = RateLimitingQueue(metrics=sink)
    queue.add_after("before", 1)
    with pytest.raises(error):
        queue.add_after(item, delay)
    queue.add_after("after", 2)
    assert await queue.get() == "before"
    assert await queue.get() == "after"
    assert (elapsed(), queue.delayed, sink.retries) == (2.0, 0, 2)


@pytest.mark.parametrize(("item", "error"), [(None, ValueError), ([], TypeError)])
@in_virtual_time
async def test_a_refused_item_is_no_failure_for_the_limiter(item, error):
    """(B7)"""
    asked = []

    class Limiter(ItemExponentialFailureRateLimiter[object]):
        def when(self, item, /):
            asked.append(item)
            return super().when(item)

    queue: RateLimitingQueue[object] = RateLimitingQueue(Limiter(1.0, 10.0))
    with pytest.raises(error):
        queue.add_rate_limited(item)
    assert asked == []


@pytest.mark.parametrize("result", [RuntimeError("broken"), math.nan])
@in_virtual_time
async def test_a_limiter_that_fails_costs_no_other_item(result):
    """(B7)"""

    class Limiter(ItemExponentialFailureRateLimiter[str]):
        def when(self, item, /):
            if item != "bad":
                return super().when(item)
            if isinstance(result, Exception):
                raise result
            return result

    queue: RateLimitingQueue[str] = RateLimitingQueue(Limiter(1.0, 10.0))
    queue.add_rate_limited("foo")
    with pytest.raises((RuntimeError, ValueError)):
        queue.add_rate_limited("bad")
    assert await queue.get() == "foo"
    assert (elapsed(), queue.delayed) == (1.0, 0)


@in_virtual_time
async def test_a_sink_that_fails_stops_no_timer(caplog):
    """(B7)"""

    class Broken(Sink):
        def added(self, queue):
            raise RuntimeError("broken sink")

    queue: DelayingQueue[str] = DelayingQueue(name="pods", metrics=Broken())
    for number, item in enumerate(("foo", "bar", "baz")):
        queue.add_after(item, 1 + number // 2)
    assert [await queue.get() for _ in range(3)] == ["foo", "bar", "baz"]
    queue.add_after("later", 1)
    assert await queue.get() == "later"
    assert caplog.text.count("work queue 'pods': the metrics sink failed") == 1


@in_virtual_time
async def test_an_order_that_refuses_an_item_costs_no_other_and_gets_it_again(caplog):
    """(B7)"""

    class Fussy(list[str]):
        refused = False

        def push(self, item):
            if item == "foo" and not self.refused:
                self.refused = True
                raise RuntimeError("not now")
            self.append(item)

        def pop(self):  # type: ignore[override]
            return super().pop(0)

        def touch(self, item): ...

    queue: DelayingQueue[str] = DelayingQueue(order=Fussy())
    queue.add_after("foo", 1)
    queue.add_after("bar", 1)
    queue.add_after("baz", 1.5)
    taken = []
    for _ in range(3):
        taken.append((await queue.get(), elapsed()))
        queue.done(taken[-1][0])
    assert taken == [("bar", 1.0), ("baz", 1.5), ("foo", 2.0)]
    assert "adding the delayed item 'foo' failed" in caplog.text
    assert (len(queue), queue.processing) == (0, 0)


def test_a_queue_without_a_loop_reports_no_refused_item_to_its_sink():
    """(B7, D12)"""
    sink = Sink()
    queue: DelayingQueue[str] = DelayingQueue(metrics=sink)
    with pytest.raises(RuntimeError, match="no running event loop"):
        queue.add_after("foo", 1)
    assert (sink.retries, sink.now_queued, queue.delayed) == (0, 0, 0)
    queue.add_after("foo", 0)
    assert (sink.retries, sink.now_queued, len(queue)) == (1, 1, 1)


def test_entries_that_were_overtaken_do_not_pile_up():
    delays: Delays[str] = Delays()
    for number in range(10_000):
        delays.schedule("foo", 10_000.0 - number)
    assert len(delays) == 1
    assert len(delays._heap) < 200
    assert delays.pop_ready(1.0, 10) == ["foo"]
    assert delays.next_at() is None


@in_virtual_time
async def test_failures_of_an_item_wait_longer_each_time_until_it_is_forgotten():
    queue: RateLimitingQueue[str] = RateLimitingQueue(ItemExponentialFailureRateLimiter(0.001, 1.0))
    times = []
    for item in ("one", "one", "two", "two"):
        started = elapsed()
        queue.add_rate_limited(item)
        assert await queue.get() == item
        queue.done(item)
        times.append(elapsed() - started)
    assert times == pytest.approx([0.001, 0.002, 0.001, 0.002])
    assert (queue.num_requeues("one"), queue.num_requeues("two")) == (2, 2)

    queue.forget("one")
    assert queue.num_requeues("one") == 0
    started = elapsed()
    queue.add_rate_limited("one")
    assert await queue.get() == "one"
    assert elapsed() - started == pytest.approx(0.001)


@in_virtual_time
async def test_without_a_limiter_a_queue_waits_as_client_gos_controllers():
    queue: RateLimitingQueue[str] = RateLimitingQueue()
    times = []
    for _ in range(4):
        started = elapsed()
        queue.add_rate_limited("foo")
        await queue.get()
        queue.done("foo")
        times.append(elapsed() - started)
    assert times == pytest.approx([0.005, 0.01, 0.02, 0.04])


@in_virtual_time
async def test_two_queues_share_no_failures():
    first, second = RateLimitingQueue[str](), RateLimitingQueue[str]()
    first.add_rate_limited("foo")
    assert second.num_requeues("foo") == 0


@in_virtual_time
async def test_a_rate_limited_addition_never_postpones_an_earlier_one():
    queue: RateLimitingQueue[str] = RateLimitingQueue(ItemExponentialFailureRateLimiter(10.0, 100.0))
    queue.add_after("foo", 1)
    queue.add_rate_limited("foo")
    assert await queue.get() == "foo"
    assert elapsed() == 1.0
    assert queue.delayed == 0


def test_shows_its_state():
    assert (
        repr(RateLimitingQueue(name="pods"))
        == "<RateLimitingQueue 'pods' queued=0 processing=0 idle_workers=0 delayed=0>"
    )
