"""`async with queue.item() as key`: how a block ends, and what becomes of its item."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kubeloop
from kubeloop import QueueShutDown
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.workqueue import LOW_PRIORITY, ItemExponentialFailureRateLimiter, PriorityQueue, RateLimitingQueue
from tests.support.metrics import Sink

both_queues = pytest.mark.parametrize("kind", [RateLimitingQueue, PriorityQueue])


def create(kind, **options):
    return kind(ItemExponentialFailureRateLimiter(1.0, 60.0), name="pods", **options)


async def work(queue, reconcile):
    with suppress(QueueShutDown):
        while True:
            async with queue.item() as key:
                await reconcile(key)


@both_queues
@in_virtual_time
async def test_a_normal_end_finishes_the_item_and_forgets_its_failures(kind):
    queue = create(kind)
    queue.add_rate_limited("foo")
    async with queue.item() as key:
        assert key == "foo"
        assert (queue.processing, queue.num_requeues("foo")) == (1, 1)
    assert (len(queue), queue.processing, queue.delayed, queue.num_requeues("foo")) == (0, 0, 0, 0)


@both_queues
@in_virtual_time
async def test_an_exception_is_logged_and_the_item_is_retried_after_its_back_off(kind, caplog):
    queue = create(kind)
    queue.add("foo")
    starts = []

    async def fail(key):
        starts.append(elapsed())
        if len(starts) < 4:
            raise RuntimeError("out of paint")
        queue.shut_down()

    await work(queue, fail)
    assert starts == [0.0, 1.0, 3.0, 7.0]
    assert queue.num_requeues("foo") == 0
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3
    first = caplog.records[0]
    assert first.getMessage() == (
        "work queue 'pods': the work on 'foo' failed: out of paint; the next attempt follows after its back-off"
    )
    assert str(first.exc_info[1]) == "out of paint"


@both_queues
@in_virtual_time
async def test_an_error_of_the_server_or_the_network_is_one_line_without_a_traceback(kind, caplog):
    queue = create(kind)
    queue.add("foo")
    async with queue.item():
        raise kubeloop.ConnectError("connection refused", method="GET", path="/api/v1/pods")
    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert "the work on 'foo' failed: GET /api/v1/pods: connection refused; " in record.getMessage()


@both_queues
@in_virtual_time
async def test_the_block_ends_at_the_exception_and_the_code_after_it_runs(kind):
    queue = create(kind)
    queue.add("foo")
    reached = []
    async with queue.item():
        reached.append("before")
        raise ValueError("no")
        reached.append("after")
    reached.append("outside")
    assert reached == ["before", "outside"]
    assert (queue.delayed, queue.num_requeues("foo")) == (1, 1)


@both_queues
@in_virtual_time
async def test_a_cancelled_worker_loses_no_item_and_counts_no_failure(kind):
    sink = Sink()
    queue = create(kind, metrics=sink)
    queue.add("foo")
    taken = []

    async def hang(key):
        taken.append(key)
        await asyncio.sleep(3600)

    worker = asyncio.create_task(work(queue, hang))
    await settle()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert (len(queue), queue.processing, queue.delayed) == (1, 0, 0)
    assert (queue.num_requeues("foo"), sink.retries) == (0, 0)
    async with queue.item() as key:
        assert key == "foo"


@both_queues
@in_virtual_time
async def test_a_timeout_around_the_block_is_a_cancellation_and_one_inside_is_a_failure(kind):
    queue = create(kind)
    queue.add("foo")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5), queue.item():
            await asyncio.sleep(60)
    assert (len(queue), queue.num_requeues("foo")) == (1, 0)
    async with queue.item(), asyncio.timeout(5):
        await asyncio.sleep(60)
    assert (len(queue), queue.delayed, queue.num_requeues("foo")) == (0, 1, 1)


@both_queues
@in_virtual_time
async def test_a_cancelled_wait_loses_no_item(kind):
    queue = create(kind)
    waiting = asyncio.create_task(work(queue, asyncio.sleep))
    await settle()
    queue.add("foo")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (len(queue), queue.processing) == (1, 0)


@pytest.mark.parametrize("ending", [SystemExit, KeyboardInterrupt, GeneratorExit])
@in_virtual_time
async def test_what_is_no_exception_is_raised_again_and_the_item_is_added_again(ending):
    queue = create(RateLimitingQueue)
    queue.add("foo")
    with pytest.raises(ending):
        async with queue.item():
            raise ending
    assert (len(queue), queue.processing, queue.num_requeues("foo")) == (1, 0, 0)


@both_queues
@in_virtual_time
async def test_a_shut_down_queue_raises_when_it_is_empty(kind):
    queue = create(kind)
    queue.add("foo")
    queue.shut_down()
    async with queue.item() as key:
        assert key == "foo"
    with pytest.raises(QueueShutDown, match="the work queue 'pods' is shut down and empty"):
        async with queue.item():
            raise AssertionError("there is no item")


@both_queues
@in_virtual_time
async def test_a_shut_down_ends_waiting_workers(kind):
    queue = create(kind)
    async with asyncio.TaskGroup() as workers:
        for _ in range(3):
            workers.create_task(work(queue, asyncio.sleep))
        await settle()
        queue.shut_down()


@both_queues
@in_virtual_time
async def test_after_a_shut_down_neither_a_failed_nor_a_cancelled_item_is_added_again(kind, caplog):
    queue = create(kind)
    queue.add("foo")
    queue.add("bar")
    draining = asyncio.create_task(queue.shut_down_with_drain())
    await settle()
    async with queue.item():
        raise RuntimeError("too late")
    assert "the next attempt follows after a restart, because the queue is shut down" in caplog.text
    with pytest.raises(asyncio.CancelledError):
        async with queue.item():
            raise asyncio.CancelledError
    await draining
    assert (len(queue), queue.processing, queue.delayed) == (0, 0, 0)


@both_queues
@in_virtual_time
async def test_an_item_that_is_added_during_its_block_is_queued_again_however_the_block_ends(kind):
    queue = create(kind)
    queue.add("foo")
    async with queue.item():
        queue.add("foo")
    assert len(queue) == 1
    async with queue.item():
        queue.add("foo")
        raise RuntimeError("failed")
    assert len(queue) == 1
    async with queue.item():
        queue.add_after("foo", 30)
    assert (len(queue), queue.processing) == (0, 0)
    assert queue.delayed == 1


@both_queues
@in_virtual_time
async def test_an_exception_in_place_of_a_cancellation_ends_the_worker(kind):
    """(Otherwise the worker would take the next item, and the program that cancelled it would wait for ever.)"""
    queue = create(kind)
    queue.add("foo")

    async def work():
        while True:
            async with queue.item():
                try:
                    await asyncio.sleep(100)
                finally:
                    raise RuntimeError("the clean-up failed")

    worker = asyncio.create_task(work())
    await asyncio.sleep(150)
    assert not worker.done(), "an exception alone does not end it"
    worker.cancel()
    with pytest.raises(RuntimeError, match="the clean-up failed"):
        await worker
    assert (queue.processing, queue.delayed) == (0, 1)


@both_queues
@in_virtual_time
async def test_a_cancellation_that_the_block_has_handled_counts_no_longer(kind):
    queue = create(kind)
    for item in ("foo", "bar", "last"):
        queue.add(item)

    async def work():
        with suppress(asyncio.CancelledError):
            async with queue.item():
                await asyncio.sleep(100)
        async with queue.item():
            raise RuntimeError("failed")
        async with queue.item():
            async with asyncio.timeout(1):
                await asyncio.sleep(100)
        return "all blocks have ended"

    worker = asyncio.create_task(work())
    await asyncio.sleep(1)
    worker.cancel()
    assert await worker == "all blocks have ended"


class BrokenLimiter:
    """A limiter that fails to compute a delay, or to forget."""

    def when(self, item):
        raise RuntimeError("no delay")

    def forget(self, item):
        raise RuntimeError("cannot forget")

    def num_requeues(self, item):
        return 0


@both_queues
@in_virtual_time
async def test_a_limiter_that_fails_loses_no_item(kind, caplog):
    queue = kind(BrokenLimiter(), name="pods")
    queue.add("foo")
    async with queue.item():
        raise ValueError("the work failed")
    assert (queue.processing, queue.delayed) == (0, 1)
    assert "work queue 'pods': the limiter failed for 'foo'; retrying in 1 s" in caplog.text
    async with queue.item():
        assert elapsed() == 1.0
    assert queue.processing == 0
    assert "work queue 'pods': the limiter failed for 'foo', whose failures may count again" in caplog.text


@in_virtual_time
async def test_a_priority_queue_keeps_the_priority_of_failed_and_cancelled_items():
    queue = create(PriorityQueue)
    queue.add("foo", priority=LOW_PRIORITY)
    with pytest.raises(asyncio.CancelledError):
        async with queue.item():
            raise asyncio.CancelledError
    async with queue.item() as key:
        assert queue.priority_of(key) == LOW_PRIORITY
        raise RuntimeError("failed")
    await asyncio.sleep(1)
    async with queue.item() as key:
        assert queue.priority_of(key) == LOW_PRIORITY
    broken = PriorityQueue[str](BrokenLimiter())
    broken.add("foo", priority=5)
    async with broken.item():
        raise RuntimeError("failed")
    assert await broken.get() == "foo"
    assert broken.priority_of("foo") == 5


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from([RateLimitingQueue, PriorityQueue]),
    script=st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from([0.0, 0.3, 1.0]), st.booleans()), min_size=1, max_size=30
    ),
    outcomes=st.lists(st.sampled_from(["ends", "fails", "is cancelled"]), max_size=30),
)
def test_each_item_succeeds_after_its_last_addition_and_is_with_one_worker(kind, script, outcomes):
    """Workers fail and are cancelled in any order; a cancelled worker is replaced."""

    async def main():
        queue = create(kind)
        left = list(outcomes)
        working: set[str] = set()
        added: dict[str, float] = {}
        succeeded: dict[str, float] = {}

        async def reconcile(key):
            assert key not in working, "two workers have the same item"
            working.add(key)
            start = elapsed()
            outcome = left.pop() if left else "ends"
            try:
                await asyncio.sleep(0.4)
                if outcome == "fails":
                    raise RuntimeError("failed")
                if outcome == "is cancelled":
                    raise asyncio.CancelledError
                succeeded[key] = start
            finally:
                working.remove(key)

        async def keep_working():
            while not queue.shutting_down:
                with suppress(asyncio.CancelledError):
                    await work(queue, reconcile)

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(keep_working())
            for key, pause, is_delayed in script:
                added[key] = elapsed()
                if is_delayed:
                    queue.add_after(key, 0.7)
                else:
                    queue.add(key)
                await asyncio.sleep(pause)
            await asyncio.sleep(3600)
            queue.shut_down()
        assert succeeded.keys() == added.keys()
        assert all(succeeded[key] >= added[key] for key in added)
        assert (len(queue), queue.processing, queue.delayed) == (0, 0, 0)

    virtual_time.run(main())
