"""Queues against a naive model, as state machines in virtual time."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import VirtualTimeLoop, elapsed, settle
from kubeloop.workqueue import DelayingQueue, WorkQueue

items = st.sampled_from("abcdef")


class LedgerMachine(RuleBasedStateMachine):
    """Add, take, done, shut down, drain, waiting and cancelled workers against lists and sets."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.queue: WorkQueue[str] = WorkQueue()
        self.order: list[str] = []
        self.dirty: set[str] = set()
        self.processing: set[str] = set()
        self.closed = False
        self.workers: list[asyncio.Task] = []
        self.drains: list[asyncio.Task] = []

    def step(self, *changes):
        """Apply changes in one turn of the loop, then run all tasks and compare."""

        async def main():
            for change in changes:
                change()
            await settle()

        self.runner.run(main())
        while self.workers and self.order:
            item = self.order.pop(0)
            self.processing.add(item)
            self.dirty.discard(item)
            assert self.workers.pop(0).result() == item
        if self.closed:
            assert [worker.result() for worker in self.workers] == [None] * len(self.workers)
            self.workers.clear()
        assert not any(worker.done() for worker in self.workers)

    def do_add(self, item):
        self.queue.add(item)
        if not self.closed and item not in self.dirty:
            self.dirty.add(item)
            if item not in self.processing:
                self.order.append(item)

    def do_done(self, item):
        self.queue.done(item)
        self.processing.discard(item)
        if item in self.dirty:
            self.order.append(item)

    def do_worker(self):
        self.workers.append(asyncio.get_running_loop().create_task(self.queue.get()))

    @rule(item=items)
    def add(self, item):
        self.step(lambda: self.do_add(item))

    @rule(several=st.lists(items, min_size=2, max_size=5))
    def add_several_in_one_turn(self, several):
        self.step(*(lambda item=item: self.do_add(item) for item in several))

    @rule()
    def a_worker_comes(self):
        self.step(self.do_worker)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def a_waiting_worker_is_cancelled(self, data):
        worker = data.draw(st.sampled_from(self.workers))
        self.workers.remove(worker)
        self.step(worker.cancel)
        assert worker.cancelled()

    @precondition(lambda self: self.workers and not self.closed)
    @rule(data=st.data(), item=items)
    def an_item_comes_and_a_worker_is_cancelled_in_the_same_turn(self, data, item):
        worker = data.draw(st.sampled_from(self.workers))
        self.workers.remove(worker)
        self.step(lambda: self.do_add(item), worker.cancel)
        assert worker.cancelled()

    @precondition(lambda self: self.processing)
    @rule(data=st.data())
    def a_worker_is_done(self, data):
        item = data.draw(st.sampled_from(sorted(self.processing)))
        self.step(lambda: self.do_done(item))

    @precondition(lambda self: len(self.processing) > 1)
    @rule()
    def all_workers_are_done_in_one_turn(self):
        self.step(*(lambda item=item: self.do_done(item) for item in sorted(self.processing)))

    def close(self, change):
        def closing():
            self.closed = True
            change()

        self.step(closing)

    @rule()
    def shut_down(self):
        self.close(self.queue.shut_down)
        assert all(drain.done() for drain in self.drains)
        self.drains.clear()

    @rule()
    def shut_down_with_drain(self):
        def begin():
            self.drains.append(asyncio.get_running_loop().create_task(self.queue.shut_down_with_drain()))

        self.close(begin)

    @invariant()
    def lengths_agree(self):
        assert len(self.queue) == len(self.order)
        assert self.queue.processing == len(self.processing)
        assert self.queue.shutting_down is self.closed

    @invariant()
    def drains_end_exactly_when_nothing_is_left(self):
        idle = not self.order and not self.processing
        assert all(drain.done() is idle for drain in self.drains)
        if idle:
            self.drains.clear()

    def teardown(self):
        self.close(self.queue.shut_down)
        self.runner.close()


LedgerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLedger = LedgerMachine.TestCase


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(items, st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]), st.sampled_from([0.0, 0.375, 1.0])), max_size=15
    )
)
def test_delayed_items_come_at_their_earliest_time_and_once(additions):
    """Each addition: item, delay, pause after it. A worker takes every item at once.

    All times are sums of powers of two, so items with the same deadline have exactly the same one.
    """

    async def main():
        queue: DelayingQueue[str] = DelayingQueue()
        seen: list[tuple[float, str]] = []

        async def work():
            while (item := await queue.get()) is not None:
                seen.append((elapsed(), item))
                queue.done(item)

        worker = asyncio.create_task(work())
        waits: dict[str, float] = {}
        expected: list[tuple[float, str]] = []

        def ripen(until):
            for item, at in sorted(waits.items(), key=lambda entry: entry[1]):
                if at <= until:
                    expected.append((at, item))
                    del waits[item]

        for item, delay, pause in additions:
            ripen(elapsed())
            queue.add_after(item, delay)
            if delay:
                at = elapsed() + delay
                waits[item] = min(at, waits.get(item, at))
            else:
                expected.append((elapsed(), item))
            await settle()
            ripen(elapsed() + pause)
            await asyncio.sleep(pause)
            await settle()
        ripen(1e9)
        await asyncio.sleep(10)
        queue.shut_down()
        await worker
        return seen, expected

    seen, expected = virtual_time.run(main())
    assert sorted(seen) == sorted(expected)
    assert [at for at, _ in seen] == sorted(at for at, _ in expected)
