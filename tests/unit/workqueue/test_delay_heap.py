"""Items that wait for their time: the rule without a loop. `test_delaying` tests the queue."""

from __future__ import annotations

import pytest

from kubeloop.workqueue.delay_heap import Delays


def test_items_that_are_ready_together_keep_their_order_and_are_never_compared():
    delays: Delays[object] = Delays()
    items = [object() for _ in range(20)]
    for item in items:
        delays.schedule(item, 1.0)
    assert delays.pop_ready(1.0, 100) == items


def test_scheduling_an_item_again_for_the_same_time_keeps_its_place():
    delays: Delays[str] = Delays()
    for item in ("first", "second", "first"):
        delays.schedule(item, 1.0)
    assert delays.pop_ready(1.0, 10) == ["first", "second"]


def test_a_later_time_never_postpones_and_an_earlier_one_counts():
    delays: Delays[str] = Delays()
    for ready_at in (5.0, 9.0, 3.0, 4.0):
        delays.schedule("item", ready_at)
    assert delays.next_at() == 3.0
    assert delays.pop_ready(2.9, 10) == []
    assert delays.pop_ready(3.0, 10) == ["item"]
    assert delays.next_at() is None


def test_no_more_items_are_taken_than_the_limit():
    delays: Delays[int] = Delays()
    for item in range(5):
        delays.schedule(item, 0.0)
    assert delays.pop_ready(0.0, 0) == []
    assert delays.pop_ready(0.0, 2) == [0, 1]
    assert len(delays) == 3
    assert delays.pop_ready(0.0, 3) == [2, 3, 4]


@pytest.mark.parametrize("items", [1, 100])
def test_superseded_times_are_forgotten_once_they_outnumber_the_items(items: int):
    """They are kept until then, so that scheduling an item earlier needs no search."""
    delays: Delays[int] = Delays()
    for item in range(items):
        delays.schedule(item, 1000.0)
    lengths: list[int] = []
    for step in range(1, 500):
        delays.schedule(0, 1000.0 - step)
        lengths.append(len(delays._heap))
    assert max(lengths) == 2 * items + 64
    assert lengths[:10] == list(range(items + 1, items + 11))
    assert delays.pop_ready(1000.0, 1000)[0] == 0
    assert delays.next_at() is None
