"""Backlog: what waits for a handler, how long it has waited, and what happens at the bound."""

from __future__ import annotations

import pytest

from kubeloop.cache.handlers.handler_backlog import Backlog, BacklogLimit, WhenFull
from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated
from kubeloop.errors import BacklogFull
from tests.support.things import Thing, thing

A1, A2, A3, B1 = thing("a", "1"), thing("a", "2"), thing("a", "3"), thing("b", "1")


def backlog(*events: InformerEvent[Thing], limit: int | None = None, when_full: WhenFull = "latest") -> Backlog[Thing]:
    """Return a backlog to which one event per second was added."""
    queue: Backlog[Thing] = Backlog(BacklogLimit(limit, when_full))
    for second, event in enumerate(events):
        queue.put(event, float(second))
    return queue


def taken(queue: Backlog[Thing]) -> list[InformerEvent[Thing]]:
    return [queue.take() for _ in range(queue.length)]


def test_events_leave_in_the_order_in_which_they_came():
    events = [Added(A1), Added(B1), Updated(A1, A2), Deleted(B1)]
    queue = backlog(*events)
    assert queue.length == 4
    assert taken(queue) == events
    assert queue.length == 0


def test_the_age_is_that_of_the_oldest_event():
    queue = backlog(Added(A1), Updated(A1, A2))
    assert queue.age(10.0) == 10.0
    queue.take()
    assert queue.age(10.0) == 9.0
    queue.take()
    assert queue.age(10.0) == 0.0


def test_events_of_the_same_millisecond_share_one_time():
    queue = backlog()
    queue.put(Added(A1), 5.0)
    queue.put(Added(B1), 5.0009)
    queue.put(Updated(A1, A2), 5.002)
    queue.take()
    assert queue.age(6.0) == 1.0
    queue.take()
    assert queue.age(6.002) == pytest.approx(1.0)


def test_without_a_bound_every_event_waits():
    queue = backlog(*(Updated(A1, A2) for _ in range(5000)))
    assert queue.length == 5000
    assert not queue.is_full


def test_with_error_the_event_after_the_bound_is_refused_with_the_length_and_the_age():
    queue = backlog(Added(A1), Updated(A1, A2), limit=2, when_full="error")
    with pytest.raises(
        BacklogFull, match=r"^the backlog reached its bound of 2 events; the oldest has waited for 7 s$"
    ):
        queue.put(Updated(A2, A3), 7.0)


def test_with_block_nothing_is_lost_and_the_backlog_is_full_at_the_bound():
    queue = backlog(Added(A1), limit=2, when_full="block")
    assert not queue.is_full
    queue.put(Updated(A1, A2), 1.0)
    assert queue.is_full
    queue.put(Updated(A2, A3), 2.0)
    assert queue.length == 3
    queue.take()
    assert queue.is_full
    queue.take()
    assert not queue.is_full


@pytest.mark.parametrize("when_full", ["latest", "error", "block"])
def test_the_objects_of_the_initial_list_do_not_count(when_full: WhenFull):
    queue = backlog(*(Added(A1, True) for _ in range(100)), limit=1, when_full=when_full)
    assert queue.length == 100
    assert not queue.is_full
    assert queue.initial_left == 100


def test_handled_events_of_the_initial_list_are_no_longer_left():
    queue = backlog(Added(A1, True), Added(B1, False))
    queue.handled(queue.take())
    assert queue.initial_left == 0
    queue.handled(queue.take())
    assert queue.initial_left == 0


def test_at_the_bound_latest_merges_what_waits_and_keeps_place_and_time():
    queue = backlog(Updated(A1, A2), Added(B1), limit=2)
    queue.put(Updated(A2, A3), 2.0)
    assert queue.length == 2
    assert queue.age(10.0) == 10.0
    assert taken(queue) == [Updated(A1, A3), Added(B1)]


def test_below_the_bound_latest_keeps_every_event():
    assert backlog(Updated(A1, A2), Updated(A2, A3), limit=2).length == 2


def test_merging_ends_when_nothing_waits():
    queue = backlog(Updated(A1, A2), Updated(A2, A3), Updated(A3, A1), limit=2)
    assert taken(queue) == [Updated(A1, A1)]
    queue.put(Updated(A1, A2), 4.0)
    queue.put(Updated(A2, A3), 5.0)
    assert taken(queue) == [Updated(A1, A2), Updated(A2, A3)]


def test_a_merge_that_leaves_nothing_ends_the_merging_too():
    queue = backlog(Added(A1), Deleted(A1), limit=1)
    assert queue.length == 0
    assert queue.age(9.0) == 0.0
    queue.put(Added(A1), 4.0)
    assert taken(queue) == [Added(A1)]


def test_a_deletion_and_the_add_after_it_leave_one_after_the_other():
    queue = backlog(Deleted(A1), Added(B1), Added(A2), limit=1)
    assert queue.length == 3
    assert queue.take() == Deleted(A1)
    assert queue.age(10.0) == 10.0
    assert taken(queue) == [Added(A2), Added(B1)]


def test_an_object_of_the_initial_list_that_was_merged_away_is_no_longer_left():
    queue = backlog(Added(A1, True), Added(B1, True), Updated(A1, A2), limit=1)
    queue.put(Deleted(A2), 4.0)
    assert queue.initial_left == 1
    assert taken(queue) == [Added(B1, True)]


def test_cleared_means_empty_in_either_state():
    for queue in (backlog(Added(A1)), backlog(Updated(A1, A2), Updated(A2, A3), limit=1)):
        queue.clear()
        assert queue.length == 0
        queue.put(Added(B1), 9.0)
        assert taken(queue) == [Added(B1)]


@pytest.mark.parametrize("when_full", ["latest", "error", "block"])
def test_only_latest_needs_every_kind_of_event(when_full: WhenFull):
    assert backlog(limit=1, when_full=when_full).needs_all is (when_full == "latest")
    assert not backlog().needs_all


@pytest.mark.parametrize(
    ("events", "when_full", "message"),
    [
        (0, "latest", "expected at least 1 as max_backlog, got 0"),
        (None, "error", "when_full='error' needs a bound: set max_backlog"),
        (None, "block", "when_full='block' needs a bound: set max_backlog"),
        (5, "newest", "expected 'latest', 'error' or 'block' as when_full, got 'newest'"),
    ],
)
def test_a_bound_that_makes_no_sense_is_refused(events: int | None, when_full: WhenFull, message: str):
    with pytest.raises(ValueError, match=message):
        BacklogLimit(events, when_full)


def test_an_event_that_waits_takes_less_than_64_bytes():
    """The event, its place in the queue and its time, without the objects, which the store keeps or kept."""
    import sys

    queue = backlog()
    for number in range(10_000):
        queue.put(Updated(A1, A2), number * 0.0001)
    sizes = [sys.getsizeof(each) for each in (Added(A1), Updated(A1, A2), Deleted(A1))]
    assert max(sizes) + 2 * 8 <= 48 + 3
    assert "10000 events" in repr(queue)
