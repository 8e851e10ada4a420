"""How quickly lists and watches may follow each other."""

from __future__ import annotations

import math
import random

import pytest

from kubeloop.listwatch.backoff_and_pace import Pace
from tests.support.chance import Drawing


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_failed_lists_are_further_and_further_apart_until_one_succeeds(share: float) -> None:
    """(D6)"""
    pace = Pace(Drawing(share))
    delays = [pace.after_failed_list(0.0) for _ in range(8)]
    assert delays == pytest.approx([each * (1 + share) for each in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]])
    pace.listed()
    assert pace.after_failed_list(0.0) == pytest.approx(0.8 * (1 + share))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_failed_watches_are_further_and_further_apart(share: float) -> None:
    pace = Pace(Drawing(share))
    delays = [pace.after_failed_watch(0.0) for _ in range(8)]
    assert delays == pytest.approx([each * (1 + share) for each in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]])


@pytest.mark.parametrize(
    ("seconds", "delivered", "expected"),
    [(0.1, True, True), (0.1, False, False), (5.0, False, False), (29.9, False, False), (30.0, False, True)],
)
def test_the_back_off_of_watches_ends_with_progress_only(seconds: float, delivered: bool, expected: bool) -> None:
    """(D6)"""
    pace = Pace(random.Random(1))
    for _ in range(10):
        pace.after_failed_watch(0.0)
    pace.listed()
    pace.watched(seconds, delivered=delivered)
    assert pace.has_progressed is expected
    assert (pace.after_failed_watch(0.0) <= 1.6) is expected


@pytest.mark.parametrize(("quiet", "pause"), [(1.5, 1.6), (1.6, 0.8), (120.5, 0.8)])
def test_pauses_start_again_after_a_watch_that_was_open_for_as_long_as_the_next_pause(
    quiet: float, pause: float
) -> None:
    pace = Pace(Drawing(0.0))
    pace.after_failed_watch(0.0)
    pace.watched(quiet, delivered=False)
    assert pace.after_failed_watch(quiet) == pause


def test_expiries_have_a_back_off_of_their_own() -> None:
    """(D6) The first expiry after many refusals waited as long as the next refusal."""
    pace = Pace(Drawing(0.0))
    for _ in range(10):
        pace.after_failed_watch(0.0)
    assert [pace.after_expiry(0.0) for _ in range(4)] == [0.8, 1.6, 3.2, 6.4]
    pace.listed()
    assert pace.after_expiry(0.0) == 12.8
    pace.watched(0.1, delivered=True)
    assert (pace.after_expiry(0.0), pace.after_failed_watch(0.0)) == (0.8, 0.8)


def test_a_watch_that_expires_later_than_the_pause_after_refusals_has_made_no_progress() -> None:
    pace = Pace(Drawing(0.0))
    for _ in range(3):
        pace.after_expiry(0.0)
    pace.watched(2.0, delivered=False)
    assert not pace.has_progressed


def test_progress_is_counted_from_zero_after_an_expiry() -> None:
    """(D6)"""
    pace = Pace(random.Random(1))
    assert not pace.has_progressed
    pace.watched(0.1, delivered=True)
    assert pace.has_progressed
    pace.expired()
    assert not pace.has_progressed
    pace.watched(0.1, delivered=False)
    assert not pace.has_progressed
    pace.watched(400.0, delivered=False)
    assert pace.has_progressed


def test_watches_are_a_second_apart_whatever_they_end_with() -> None:
    """(D3)"""
    pace = Pace(random.Random(1))
    assert pace.next_opening == -math.inf
    pace.opening(5.0)
    assert pace.next_opening == 6.0
    pace.watched(0.25, delivered=True)
    assert pace.next_opening == 6.0
