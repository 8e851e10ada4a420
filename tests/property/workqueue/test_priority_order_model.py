"""Priority queues against a transcription of controller-runtime's rules, and the guarantees of ageing and groups."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kubeloop.testing.virtual_time import VirtualTimeLoop, elapsed, settle
from kubeloop.workqueue import PriorityQueue
from kubeloop.workqueue.priority_order import PriorityOrder
from tests.support.metrics import Sink

items = st.sampled_from("abcdefgh")
priorities = st.sampled_from([-100, -1, 0, 1, 7])


class Waiting:
    """An item of the model: its priority, the number of its addition, and its time, None if it is ready."""

    def __init__(self, priority, number, ready_at):
        self.priority, self.number, self.ready_at = priority, number, ready_at


class PriorityMachine(RuleBasedStateMachine):
    """Without ageing and groups, a queue is controller-runtime's: two trees of items, and a set of locked ones."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.sink = Sink()
        self.queue: PriorityQueue[str] = PriorityQueue(oldest_every=None, metrics=self.sink)
        self.waiting: dict[str, Waiting] = {}
        self.locked: dict[str, int] = {}
        self.numbers = 0
        self.delays = 0

    def number(self):
        self.numbers += 1
        return self.numbers

    def step(self, change):
        async def main():
            change()
            await settle()

        self.runner.run(main())

    def note(self, item, priority, ready_at):
        known = self.waiting.get(item)
        if known is None:
            self.waiting[item] = Waiting(priority, self.number(), ready_at)
            return
        if priority > known.priority:
            known.priority, known.number = priority, self.number()
        if known.ready_at is not None and (ready_at is None or ready_at < known.ready_at):
            known.ready_at = ready_at

    @rule(item=items, priority=priorities)
    def add(self, item, priority):
        self.step(lambda: self.queue.add(item, priority=priority))
        self.note(item, priority, None)

    @rule(item=items, priority=priorities, delay=st.sampled_from([1, 2, 3]))
    def add_after(self, item, priority, delay):
        self.delays += 1
        delay += self.delays * 2.0**-20  # no two items are ready at the same time

        def change():
            self.queue.add_after(item, delay, priority=priority)
            self.note(item, priority, elapsed() + delay)

        self.step(change)

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def time_passes(self, seconds):
        async def main():
            await asyncio.sleep(seconds)
            await settle()
            return elapsed()

        now = self.runner.run(main())
        due = [known for known in self.waiting.values() if known.ready_at is not None and known.ready_at <= now]
        for known in sorted(due, key=lambda known: known.ready_at):
            known.ready_at, known.number = None, self.number()

    def ready(self):
        found = [item for item, known in self.waiting.items() if known.ready_at is None and item not in self.locked]
        return sorted(found, key=lambda item: (-self.waiting[item].priority, self.waiting[item].number))

    @precondition(lambda self: self.ready())
    @rule()
    def take(self):
        item = self.ready()[0]
        self.locked[item] = self.waiting.pop(item).priority
        assert self.runner.run(self.queue.get()) == item
        assert self.queue.priority_of(item) == self.locked[item]

    @precondition(lambda self: self.locked)
    @rule(data=st.data())
    def done(self, data):
        item = data.draw(st.sampled_from(sorted(self.locked)))
        del self.locked[item]
        self.step(lambda: self.queue.done(item))

    @precondition(lambda self: self.locked)
    @rule(data=st.data())
    def a_failed_item_keeps_its_priority(self, data):
        item = data.draw(st.sampled_from(sorted(self.locked)))
        self.queue.forget(item)
        self.delays += 1

        def change():
            self.queue.add_after(item, 1 + self.delays * 2.0**-20, priority=self.queue.priority_of(item))
            self.note(item, self.locked.pop(item), elapsed() + 1 + self.delays * 2.0**-20)
            self.queue.done(item)

        self.step(change)

    @invariant()
    def numbers_agree(self):
        assert len(self.queue) == len(self.ready())
        assert self.queue.processing == len(self.locked)
        assert self.queue.delayed == sum(known.ready_at is not None for known in self.waiting.values())

    @invariant()
    def the_metric_counts_what_is_queued_per_priority(self):
        queued = Counter(known.priority for known in self.waiting.values() if known.ready_at is None)
        assert {priority: depth for priority, depth in self.sink.by_priority.items() if depth} == queued
        assert self.sink.now_queued == queued.total()

    def teardown(self):
        for item in self.ready():
            assert self.runner.run(self.queue.get()) == item
        self.runner.close()


PriorityMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestPriorityQueue = PriorityMachine.TestCase


class Adversary:
    """Add, raise and take items in any way, and check the guarantees of the order after each step."""

    def __init__(self, oldest_every, *, has_groups):
        group_by = (lambda item: item[0]) if has_groups else None
        self.order: PriorityOrder[str] = PriorityOrder(group_by, oldest_every)
        self.oldest_every = oldest_every
        self.takes = 0
        self.last_take: dict[str, int] = {}  # of each queued item: the take that must have returned the item
        self.level: dict[str, int] = {}  # the priority of each queued item
        self.served: dict[tuple[int, str], list[str]] = {}  # per waiting group: the groups that were served meanwhile

    def add(self, item, priority):
        self.order.request(item, priority)
        if item not in self.level:
            self.order.push(item)
            if self.oldest_every is not None:
                self.last_take[item] = self.takes + len(self.order) * self.oldest_every
            self.level[item] = priority
        self.level[item] = max(priority, self.level[item])
        self.update_groups()

    def take(self):
        item = self.order.pop()
        self.order.finish(item)
        self.takes += 1
        priority, group = self.level.pop(item), item[0]
        self.last_take.pop(item, None)
        for (other_priority, other), served in self.served.items():
            if other_priority == priority and other != group:
                served.append(group)
        self.served.pop((priority, group), None)
        self.update_groups()
        assert all(last > self.takes for last in self.last_take.values()), "an item has waited for too long"
        return priority

    def update_groups(self):
        waiting = {(priority, item[0]) for item, priority in self.level.items()}
        self.served = {key: self.served.get(key, []) for key in waiting}

    def takes_turns(self):
        return all(len(set(served)) == len(served) for served in self.served.values())


names = st.tuples(st.sampled_from("xyz"), st.integers(0, 5)).map(lambda pair: f"{pair[0]}{pair[1]}")
steps = st.lists(
    st.one_of(st.tuples(names, priorities), st.tuples(names, st.just(7)), st.none(), st.none()), max_size=150
)


@settings(deadline=None, max_examples=200)
@given(steps=steps, oldest_every=st.sampled_from([1, 2, 3, 10]), has_groups=st.booleans())
def test_no_item_waits_for_more_takes_than_promised(steps, oldest_every, has_groups):
    adversary = Adversary(oldest_every, has_groups=has_groups)
    for step in steps:
        if step is not None:
            adversary.add(*step)
        elif adversary.level:
            adversary.take()
    while adversary.level:
        adversary.take()
    assert len(adversary.order) == 0


@settings(deadline=None, max_examples=200)
@given(steps=steps)
def test_no_group_is_served_twice_while_another_of_its_priority_waits(steps):
    adversary = Adversary(None, has_groups=True)
    for step in steps:
        if step is not None:
            adversary.add(*step)
        elif adversary.level:
            highest = max(adversary.level.values())
            assert adversary.take() == highest
            assert adversary.takes_turns()


@settings(deadline=None, max_examples=50)
@given(oldest_every=st.integers(1, 20), low=st.integers(1, 30), arrivals=st.integers(1, 3))
def test_high_priorities_without_end_starve_no_item(oldest_every, low, arrivals):
    """More items of a high priority arrive than are taken; `low` items of a low priority are there before them."""
    order: PriorityOrder[int] = PriorityOrder(None, oldest_every)
    for item in range(low):
        order.request(item, -100)
        order.push(item)
    taken = []
    for take in range(low * oldest_every):
        for arrival in range(arrivals):
            item = low + take * arrivals + arrival
            order.request(item, 0)
            order.push(item)
        taken.append(order.pop())
    assert [item for item in taken if item < low] == list(range(low))
    assert sum(item >= low for item in taken) == low * (oldest_every - 1)
