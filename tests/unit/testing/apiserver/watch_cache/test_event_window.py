"""How many events stay: the rules of `watchCacheHistory` of `storage/cacher`."""

from __future__ import annotations

import pytest

from kubeloop.testing.apiserver.watch_cache.event_window import (
    FRESH_DURATION,
    GREATEST_CAPACITY,
    LEAST_CAPACITY,
    EventWindow,
)


def filled(times: list[float], capacity: int | None = None) -> tuple[EventWindow, int]:
    """Return a window with events at the times, and how many of them have left."""
    window = EventWindow(capacity)
    return window, sum(window.add(time) for time in times)


def test_a_window_has_room_for_100_events_at_first() -> None:
    window, left = filled([0.0] * 100)
    assert (window.capacity, window.is_full, left) == (100, True, 0)


def test_a_full_window_of_fresh_events_doubles() -> None:
    window, left = filled([0.0] * 100 + [74.9])
    assert (window.capacity, window.is_full, left) == (200, False, 0)
    window, left = filled([0.0] * 201)
    assert (window.capacity, left) == (400, 0)


def test_a_window_whose_oldest_event_is_not_fresh_stays_and_loses_that_event() -> None:
    window, left = filled([0.0] + [50.0] * 99 + [FRESH_DURATION])
    assert (window.capacity, window.is_full, left) == (100, True, 1)


def test_the_next_event_may_make_it_grow_again() -> None:
    window, left = filled([0.0] + [50.0] * 99 + [FRESH_DURATION, 76.0])
    assert (window.capacity, left) == (200, 1)


def test_the_capacity_does_not_fall_below_its_least_value() -> None:
    window, left = filled([float(time * 100) for time in range(500)])
    assert (window.capacity, window.is_full, left) == (LEAST_CAPACITY, True, 400)


def test_a_window_halves_when_its_newest_quarter_is_not_fresh() -> None:
    window, left = filled([0.0] * 200)  # grown to 200
    assert (window.capacity, window.is_full, left) == (200, True, 0)
    assert window.add(FRESH_DURATION + 0.1) == 101
    assert (window.capacity, window.is_full) == (100, True)


@pytest.mark.parametrize(("recent", "capacity"), [(49, 100), (50, 200), (51, 200)])
def test_the_quarter_is_counted_from_the_newest_event(recent: int, capacity: int) -> None:
    window, _ = filled([0.0] * (200 - recent) + [50.0] * recent)
    window.add(100.0)
    assert window.capacity == capacity


def test_an_event_of_exactly_the_fresh_duration_neither_grows_nor_shrinks_the_window() -> None:
    window, _ = filled([0.0] * 200)
    assert window.add(FRESH_DURATION) == 1
    assert window.capacity == 200


def test_the_capacity_does_not_exceed_its_greatest_value() -> None:
    window, left = filled([0.0] * (GREATEST_CAPACITY + 1))
    assert (window.capacity, window.is_full, left) == (102_400, True, 1)


@pytest.mark.parametrize("capacity", [1, 3])
def test_a_fixed_capacity_stays(capacity: int) -> None:
    window, left = filled([0.0, 0.0, 1.0, 500.0, 1000.0], capacity)
    assert (window.capacity, window.is_full, left) == (capacity, True, 5 - capacity)


def test_a_capacity_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="expected a capacity of at least 1 event, got 0"):
        EventWindow(0)
