"""When bookmarks are sent."""

from __future__ import annotations

import pytest

from kubeloop.testing.apiserver.reading.bookmark_schedule import BookmarkSchedule


def test_a_bookmark_is_sent_each_minute_and_two_seconds_before_the_end() -> None:
    schedule = BookmarkSchedule(0.0, 150.0)
    times: list[float] = []
    while (at := schedule.next_at) is not None:
        times.append(at)
        schedule.advance(at)
    assert times == [60.0, 120.0, 148.0]


def test_a_bookmark_that_is_sent_late_delays_the_next_ones() -> None:
    schedule = BookmarkSchedule(0.0, 1000.0)
    schedule.advance(75.0)
    assert schedule.next_at == 135.0


@pytest.mark.parametrize(("ends_at", "next_at"), [(1.0, None), (2.0, None), (2.5, 0.5), (62.0, 60.0), (61.0, 59.0)])
def test_a_short_watch_has_only_the_bookmark_before_its_end(ends_at: float, next_at: float | None) -> None:
    assert BookmarkSchedule(0.0, ends_at).next_at == next_at


def test_after_initial_events_the_first_bookmark_follows_after_a_second() -> None:
    schedule = BookmarkSchedule(0.0, 1000.0, at_once=True)
    assert schedule.next_at == 1.0
    schedule.advance(1.0)
    assert schedule.next_at == 61.0
