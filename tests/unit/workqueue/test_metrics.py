"""The scenarios of client-go's metrics_test.go."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop.workqueue import RateLimitingQueue, UnfinishedWork, WorkQueue
from tests.support.clock import virtual


class Sink:
    def __init__(self):
        self.adds = self.now_queued = self.retries = 0
        self.waits = []
        self.works = []
        self.names = set()

    def depth(self, queue, change):
        self.names.add(queue)
        self.now_queued += change

    def added(self, queue):
        self.adds += 1

    def waited(self, queue, seconds):
        self.waits.append(seconds)

    def worked(self, queue, seconds):
        self.works.append(seconds)

    def retried(self, queue):
        self.retries += 1


@virtual
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


@virtual
async def test_unfinished_work_sums_all_workers_and_knows_the_slowest():
    queue: WorkQueue[str] = WorkQueue(name="test", metrics=Sink())
    queue.add("a")
    queue.add("b")
    await queue.get()
    await asyncio.sleep(2)
    await queue.get()
    await asyncio.sleep(1)
    assert queue.unfinished_work() == UnfinishedWork(total_seconds=4.0, longest_seconds=3.0)


@virtual
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
