"""The scenarios of client-go's metrics_test.go."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.workqueue import RateLimitingQueue, UnfinishedWork, WorkQueue
from tests.support.metrics import Sink


@in_virtual_time
async def test_measures_additions_depth_waiting_and_working_times():
    sink = Sink()
    queue: WorkQueue[str] = WorkQueue(name="test", metrics=sink)
    queue.add("foo")
    assert (sink.adds, sink.now_queued, sink.names) == (1, 1, {"test"})

    await asyncio.sleep(50e-6)
    assert await queue.get() == "foo"
    assert sink.waits == pytest.approx([50e-6])

    for _ in range(5):
        queue.add("foo")
    assert (sink.adds, sink.now_queued) == (2, 1)

    await asyncio.sleep(25e-6)
    queue.done("foo")
    assert sink.works == pytest.approx([25e-6])
    assert sink.now_queued == 1

    assert await queue.get() == "foo"
    assert sink.waits == pytest.approx([50e-6, 25e-6])

    await asyncio.sleep(1e-3)
    assert queue.unfinished_work() == pytest.approx((1e-3, 1e-3))
    queue.done("foo")
    assert sink.works == pytest.approx([25e-6, 1e-3])
    assert sink.now_queued == 0


@in_virtual_time
async def test_unfinished_work_sums_all_workers_and_knows_the_slowest():
    queue: WorkQueue[str] = WorkQueue(name="test", metrics=Sink())
    queue.add("a")
    queue.add("b")
    await queue.get()
    await asyncio.sleep(2)
    await queue.get()
    await asyncio.sleep(1)
    assert queue.unfinished_work() == UnfinishedWork(total_seconds=4.0, longest_seconds=3.0)


@in_virtual_time
async def test_counts_retries_with_their_delays():
    sink = Sink()
    queue: RateLimitingQueue[str] = RateLimitingQueue(name="test", metrics=sink)
    queue.add_rate_limited("a")
    queue.add_after("b", 0)
    queue.shut_down()
    queue.add_after("c", 1)
    assert (sink.retries, sink.adds) == (2, 1)


def test_without_metrics_nothing_is_measured():
    assert WorkQueue[str]().unfinished_work() == UnfinishedWork(0.0, 0.0)


def test_a_queue_may_be_filled_before_the_loop_runs_and_emptied_after_it():
    """(D12)"""
    sink = Sink()
    queue: WorkQueue[str] = WorkQueue(metrics=sink)
    queue.add("foo")
    assert (sink.adds, sink.now_queued) == (1, 1)
    assert queue.unfinished_work() == UnfinishedWork(0.0, 0.0)

    async def work() -> None:
        assert await queue.get() == "foo"
        queue.add("bar")
        await asyncio.sleep(1)
        assert await queue.get() == "bar"
        queue.done("bar")

    virtual_time.run(work())
    queue.done("foo")
    assert sink.waits == [1.0]
    assert sink.works == [0.0]
    assert (sink.adds, sink.now_queued, queue.processing) == (2, 0, 0)


@pytest.mark.parametrize("method", ["added", "depth", "waited", "worked", "retried"])
@in_virtual_time
async def test_a_sink_that_fails_costs_a_number_and_no_item(method, caplog):
    """(B7)"""
    sink = Sink()

    def fail(*_arguments):
        raise RuntimeError("broken sink")

    setattr(sink, method, fail)
    queue: RateLimitingQueue[str] = RateLimitingQueue(metrics=sink)
    queue.add("foo")
    queue.add_after("bar", 1)
    for item in ("foo", "bar"):
        assert await queue.get() == item
        queue.add(item)
        queue.done(item)
        assert await queue.get() == item
        queue.done(item)
    await queue.shut_down_with_drain()
    assert (len(queue), queue.processing) == (0, 0)
    assert caplog.text.count("work queue '': the metrics sink failed") == 1
