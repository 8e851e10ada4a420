"""ResyncSchedule: which periods handlers get, and when they expire.

The scenarios are those of client-go's `TestResyncCheckPeriod` and `TestListenerResyncPeriods`.
"""

from __future__ import annotations

import math
from random import Random

import pytest

from kubeloop.cache.informer.resync import MINIMUM_RESYNC_PERIOD, ResyncSchedule, jittered_resync_period


def expiry_times(schedule: ResyncSchedule[str], until: float, start: float = 0.0) -> list[tuple[float, list[str]]]:
    """Return the times at which periods expire, with the handlers."""
    found = []
    when = schedule.begin(start)
    while when is not None and when <= until:
        now = when
        expired, when = schedule.check(now)
        if expired:
            found.append((now, expired))
    return found


def test_handlers_are_resynced_after_their_periods():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 10)
    schedule.add("default", None, None)
    schedule.add("twice", 20, None)
    schedule.add("never", 0, None)
    assert expiry_times(schedule, 40, start=100) == []
    assert expiry_times(schedule, 140, start=100) == [
        (110, ["default"]), (120, ["default", "twice"]), (130, ["default"]), (140, ["default", "twice"]),
    ]  # fmt: skip


def test_a_period_between_two_checks_becomes_the_next_multiple_of_the_interval():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 10)
    schedule.add("a", 25, None)
    assert expiry_times(schedule, 60) == [(30, ["a"]), (60, ["a"])]


def test_a_shorter_period_before_the_start_shortens_the_interval():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 12 * 3600)
    schedule.add("slow", None, None)
    schedule.add("fast", 60, None)
    schedule.add("faster", 1, None)
    assert schedule.interval == 1
    assert [handlers for _, handlers in expiry_times(schedule, 60)] == [["faster"]] * 59 + [["fast", "faster"]]


def test_a_shorter_period_after_the_start_is_raised_to_the_interval(caplog: pytest.LogCaptureFixture):
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 60)
    schedule.add("early", 30, None)
    schedule.fix()
    schedule.begin(0)
    schedule.add("late", 5, 0.0)
    assert schedule.interval == 30
    assert schedule.check(30)[0] == ["early", "late"]
    assert "pods: a handler that is added after the start requests a resync every 5 s; it gets one every 30 s" in (
        caplog.text
    )


def test_the_period_of_a_handler_that_is_added_late_counts_from_its_addition():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 10)
    schedule.fix()
    schedule.begin(0)
    schedule.add("late", 20, 5.0)
    assert [schedule.check(now)[0] for now in (10, 20, 30, 40, 50)] == [[], [], ["late"], [], ["late"]]


def test_a_handler_that_is_added_between_the_start_and_the_first_sync_counts_from_the_sync():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 10)
    schedule.fix()
    schedule.add("a", None, 3.0)
    assert expiry_times(schedule, 30, start=7) == [(17, ["a"]), (27, ["a"])]


def test_a_handler_that_is_removed_is_not_resynced():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 10)
    schedule.add("a", None, None)
    schedule.add("b", None, None)
    schedule.begin(0)
    schedule.remove("a")
    schedule.remove("a")
    assert schedule.check(10) == (["b"], 20)


@pytest.mark.parametrize(("requested", "expected"), [(0.01, 1.0), (0.999, 1.0), (1.0, 1.0), (1.5, 1.5)])
def test_a_period_is_at_least_a_second(requested: float, expected: float, caplog: pytest.LogCaptureFixture):
    for schedule in (ResyncSchedule[str]("pods", requested), ResyncSchedule[str]("pods", 10)):
        schedule.add("a", requested, None)
        assert schedule.interval == expected
    assert (f"the resync period of {requested:g} s is too short" in caplog.text) == (requested < MINIMUM_RESYNC_PERIOD)


def test_an_informer_without_resyncs_refuses_a_period_and_accepts_never():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 0)
    with pytest.raises(ValueError, match="pods: expected resync_period=0, got 30: the informer does not resync; give"):
        schedule.add("a", 30, None)
    schedule.add("b", 0, None)
    schedule.add("c", None, None)
    assert schedule.begin(0) is None


@pytest.mark.parametrize("period", [-1, -0.5, math.nan, math.inf])
def test_what_is_no_period_is_refused(period: float):
    with pytest.raises(ValueError, match="expected a resync period of at least 0 s"):
        ResyncSchedule("pods", period)
    with pytest.raises(ValueError, match="expected a resync period of at least 0 s"):
        ResyncSchedule[str]("pods", 10).add("a", period, None)


def test_a_check_that_is_late_begins_the_next_period_late():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 10)
    schedule.add("a", None, None)
    schedule.begin(0)
    assert schedule.check(37) == (["a"], 47)
    assert schedule.check(46) == ([], 56)
    assert schedule.check(47) == (["a"], 57)


def test_says_its_state():
    schedule: ResyncSchedule[str] = ResyncSchedule("pods", 30)
    schedule.add("a", None, None)
    assert repr(schedule) == "<ResyncSchedule of pods: 1 handlers, checked every 30 s>"


def test_a_jittered_period_is_between_the_minimum_and_twice_the_minimum():
    periods = [jittered_resync_period(100, Random(seed)) for seed in range(200)]
    assert all(100 <= period < 200 for period in periods)
    assert min(periods) < 110
    assert max(periods) > 190
    assert jittered_resync_period(0) == 0
    assert 10 <= jittered_resync_period(10) < 20
