"""The reflector's decisions as tables. The scenarios are those of client-go's `reflector_test.go`."""

from __future__ import annotations

import random
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache import reflector_rules as rules
from kubeloop.cache.reflector_rules import AfterWatch, InternalErrorRetry, ListRules, Pace, VersionRule, after_watch
from tests.support.chance import Drawing
from tests.support.fake_lister_watcher import api_error

EXPIRED = api_error(errors.Expired, 410, "Expired")
GONE = api_error(errors.Gone, 410, "Gone")
TOO_MANY = api_error(errors.TooManyRequests, 429, "TooManyRequests")
INTERNAL = api_error(errors.InternalError, 500, "InternalError")
FORBIDDEN = api_error(errors.Forbidden, 403, "Forbidden")
TOO_LARGE = api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")
REFUSED = errors.ConnectError("connection refused", method="GET", path="/api/v1/pods")
LOST = errors.ConnectionLost("connection lost", method="GET", path="/api/v1/pods")
SILENT = errors.ServerSilent("nothing came for 180 s", method="GET", path="/api/v1/pods")


@pytest.mark.parametrize(
    ("last_version", "is_unavailable", "expected"),
    [("", False, "0"), ("0", False, "0"), ("7", False, "7"), ("", True, ""), ("7", True, "")],
)
def test_the_version_to_list_at(last_version: str, is_unavailable: bool, expected: str):
    assert ListRules(last_version, is_unavailable).list_version() == expected


@pytest.mark.parametrize(
    ("version", "is_paginated", "explicit", "expected"),
    [
        ("0", False, None, 500),
        ("", False, None, 500),
        ("7", False, None, 0),
        ("7", True, None, 500),
        ("0", True, None, 500),
        ("7", False, 3, 3),
        ("0", False, 0, 0),
    ],
)
def test_the_size_of_a_page(version: str, is_paginated: bool, explicit: int | None, expected: int):
    assert ListRules(is_paginated=is_paginated).page_size(version, explicit) == expected


@pytest.mark.parametrize("error", [EXPIRED, GONE, TOO_LARGE])
def test_a_version_that_the_server_lacks_is_remembered_until_a_list_succeeds(error: Exception):
    state = ListRules("7")
    assert state.should_list_again(error)
    assert state.list_version() == ""
    state.listed("", "9", paginated=False)
    assert state.list_version() == "9"


@pytest.mark.parametrize("error", [TOO_MANY, INTERNAL, FORBIDDEN, REFUSED, LOST, ValueError()])
def test_other_failures_of_a_list_are_not_repeated_at_once(error: Exception):
    state = ListRules("7")
    assert not state.should_list_again(error)
    assert state.list_version() == "7"


@pytest.mark.parametrize(
    ("asked", "paginated", "expected"), [("0", True, True), ("0", False, False), ("", True, False), ("7", True, False)]
)
def test_only_pages_at_version_0_tell_that_there_is_no_watch_cache(asked: str, paginated: bool, expected: bool):
    state = ListRules()
    state.listed(asked, "9", paginated=paginated)
    assert state.is_paginated is expected


def test_pages_later_on_do_not_make_it_forget_that_there_is_no_watch_cache():
    state = ListRules()
    state.listed("0", "9", paginated=True)
    state.listed("9", "10", paginated=False)
    assert state.is_paginated


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TOO_LARGE, True),
        (api_error(errors.GatewayTimeout, 504, "Timeout", "Too large resource version: 8, current: 7"), True),
        (
            errors.GatewayTimeout(
                errors.StatusDetails(code=504, causes=(errors.StatusCause(message="Too large resource version"),))
            ),
            True,
        ),
        (api_error(errors.GatewayTimeout, 504, "Timeout", "slow"), False),
        (api_error(errors.BadRequest, 400, "BadRequest", "Too large resource version"), False),
        (ValueError("Too large resource version"), False),
    ],
)
def test_a_too_large_version_is_told_by_its_cause_or_on_old_servers_by_its_text(error: Exception, expected: bool):
    assert rules.is_too_large_resource_version(error) is expected


def after(error: Exception | None, pace: Pace | None = None, **options: Any) -> AfterWatch:
    defaults: dict[str, Any] = {
        "was_open": True,
        "was_short": False,
        "can_resume": True,
        "retry": InternalErrorRetry(0.0),
        "now": 0.0,
        "has_bookmarks": False,
    }
    return after_watch(error, pace=pace or Pace(random.Random(1)), **{**defaults, **options})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, AfterWatch.REWATCH),
        (LOST, AfterWatch.REWATCH),
        (errors.RequestTimeout("no data", method="GET", path="/"), AfterWatch.REWATCH),
        (EXPIRED, AfterWatch.BACK_OFF_AND_RELIST),
        (GONE, AfterWatch.BACK_OFF_AND_RELIST),
        (TOO_MANY, AfterWatch.BACK_OFF),
        (INTERNAL, AfterWatch.BACK_OFF_AND_RELIST),
        (FORBIDDEN, AfterWatch.BACK_OFF_AND_RELIST),
        (errors.DecodeError("no event"), AfterWatch.BACK_OFF_AND_RELIST),
        (errors.Unreadable("no name"), AfterWatch.BACK_OFF_AND_RELIST),
        (RuntimeError("bug"), AfterWatch.BACK_OFF_AND_RELIST),
    ],
)
def test_what_follows_the_end_of_a_watch(error: Exception | None, expected: AfterWatch):
    assert after(error) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (REFUSED, AfterWatch.BACK_OFF),
        (TOO_MANY, AfterWatch.BACK_OFF),
        (LOST, AfterWatch.BACK_OFF_AND_RELIST),
        (INTERNAL, AfterWatch.BACK_OFF_AND_RELIST),
        (FORBIDDEN, AfterWatch.BACK_OFF_AND_RELIST),
        (EXPIRED, AfterWatch.BACK_OFF_AND_RELIST),
    ],
)
def test_what_follows_a_refused_watch(error: Exception, expected: AfterWatch):
    assert after(error, was_open=False) is expected


@pytest.mark.parametrize("error", [None, LOST])
def test_a_very_short_watch_is_followed_by_a_list(error: Exception | None):
    assert after(error, was_short=True) is AfterWatch.BACK_OFF_AND_RELIST


@pytest.mark.parametrize(
    ("error", "has_bookmarks", "was_open", "can_resume", "expected", "is_failure"),
    [
        (SILENT, False, True, True, AfterWatch.REWATCH, False),
        (SILENT, True, True, True, AfterWatch.BACK_OFF, True),
        (SILENT, False, True, False, AfterWatch.BACK_OFF_AND_RELIST, False),
        (SILENT, True, True, False, AfterWatch.BACK_OFF_AND_RELIST, True),
        (SILENT, False, False, True, AfterWatch.BACK_OFF_AND_RELIST, True),
        (SILENT, True, False, True, AfterWatch.BACK_OFF_AND_RELIST, True),
        (LOST, True, True, True, AfterWatch.REWATCH, False),
        (None, True, True, True, AfterWatch.REWATCH, False),
    ],
)
def test_silence_is_a_failure_of_those_watches_only_that_have_bookmarks(
    error: Exception | None,
    has_bookmarks: bool,
    was_open: bool,
    can_resume: bool,
    expected: AfterWatch,
    is_failure: bool,
):
    """(D13)"""
    next_ = after(error, has_bookmarks=has_bookmarks, was_open=was_open, can_resume=can_resume)
    assert next_ is expected
    told = rules.is_failure(error, next_, was_open=was_open, was_short=False, has_bookmarks=has_bookmarks)
    assert told is is_failure


@pytest.mark.parametrize("error", [None, LOST, TOO_MANY, REFUSED])
def test_without_a_version_to_resume_from_every_end_is_followed_by_a_list(error: Exception | None):
    """(A11)"""
    assert after(error, can_resume=False) is AfterWatch.BACK_OFF_AND_RELIST
    assert after(error, can_resume=False, was_open=False) is AfterWatch.BACK_OFF_AND_RELIST


@pytest.mark.parametrize("error", [EXPIRED, GONE])
@pytest.mark.parametrize("was_open", [True, False])
def test_the_first_expiry_after_progress_lists_at_once_and_the_next_one_after_a_pause(error: Exception, was_open: bool):
    """(D6)"""
    pace = Pace(random.Random(1))
    pace.watched(0.1, delivered=True)
    assert after(error, pace, was_open=was_open) is AfterWatch.RELIST
    assert after(error, pace, was_open=was_open) is AfterWatch.BACK_OFF_AND_RELIST
    pace.watched(0.1, delivered=False)
    assert after(error, pace, was_open=was_open) is AfterWatch.BACK_OFF_AND_RELIST
    pace.watched(400.0, delivered=False)
    assert after(error, pace, was_open=was_open) is AfterWatch.RELIST


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_failed_lists_are_further_and_further_apart_until_one_is_answered(share: float):
    """(D6)"""
    pace = Pace(Drawing(share))
    delays = [pace.after_failed_list(0.0) for _ in range(8)]
    assert delays == pytest.approx([each * (1 + share) for each in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]])
    pace.listed()
    assert pace.after_failed_list(0.0) == pytest.approx(0.8 * (1 + share))


@pytest.mark.parametrize(
    ("seconds", "delivered", "expected"),
    [(0.1, True, True), (0.1, False, False), (5.0, False, False), (30.0, False, True)],
)
def test_the_back_off_of_watches_ends_with_progress_only(seconds: float, delivered: bool, expected: bool):
    """(D6)"""
    pace = Pace(random.Random(1))
    for _ in range(10):
        pace.after_watch(0.0)
    pace.listed()
    pace.watched(seconds, delivered=delivered)
    assert (pace.after_watch(0.0) <= 1.6) is expected


def test_watches_are_a_second_apart_whatever_they_end_with():
    """(D3)"""
    pace = Pace(random.Random(1))
    assert pace.before_watch(5.0) == 0.0
    pace.opening(5.0)
    assert pace.before_watch(5.25) == 0.75
    pace.watched(0.25, delivered=True)
    assert pace.before_watch(5.25) == 0.75
    assert pace.before_watch(7.0) == 0.0


@pytest.mark.parametrize(
    ("error", "next_", "was_open", "was_short", "expected"),
    [
        (None, AfterWatch.REWATCH, True, False, False),
        (None, AfterWatch.BACK_OFF_AND_RELIST, True, False, False),
        (None, AfterWatch.BACK_OFF_AND_RELIST, True, True, True),
        (LOST, AfterWatch.REWATCH, True, False, False),
        (LOST, AfterWatch.BACK_OFF_AND_RELIST, True, True, True),
        (LOST, AfterWatch.BACK_OFF_AND_RELIST, False, False, True),
        (REFUSED, AfterWatch.BACK_OFF, False, False, True),
        (EXPIRED, AfterWatch.RELIST, True, False, False),
        (EXPIRED, AfterWatch.BACK_OFF_AND_RELIST, True, False, True),
        (INTERNAL, AfterWatch.REWATCH, True, False, True),
        (TOO_MANY, AfterWatch.BACK_OFF, True, False, True),
        (FORBIDDEN, AfterWatch.BACK_OFF_AND_RELIST, True, False, True),
    ],
)
def test_which_ends_of_a_watch_are_failures(
    error: Exception | None, next_: AfterWatch, was_open: bool, was_short: bool, expected: bool
):
    """(D4)"""
    told = rules.is_failure(error, next_, was_open=was_open, was_short=was_short, has_bookmarks=False)
    assert told is expected


@pytest.mark.parametrize(("version", "expected"), [("", False), ("0", False), ("7", True)])
def test_which_versions_a_watch_can_be_resumed_from(version: str, expected: bool):
    """(A11)"""
    assert rules.can_resume(version) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [(None, False), (LOST, False), (errors.Unreadable("no name"), True), (errors.CacheError("refused"), True)],
)
def test_which_watches_lost_track(error: Exception | None, expected: bool):
    """(A12)"""
    assert rules.lost_track(error) is expected


def test_internal_errors_are_retried_within_the_window_only():
    retry = InternalErrorRetry(10.0)
    assert after(INTERNAL, was_short=True, retry=retry, now=100.0) is AfterWatch.REWATCH
    assert after(INTERNAL, was_short=True, retry=retry, now=110.0) is AfterWatch.REWATCH
    assert after(INTERNAL, was_short=True, retry=retry, now=110.1) is AfterWatch.BACK_OFF_AND_RELIST
    assert after(INTERNAL, was_short=True, retry=retry, now=111.0) is AfterWatch.REWATCH


def test_the_window_of_internal_errors_starts_anew_after_a_minute_without_one():
    retry = InternalErrorRetry(10.0)
    after(INTERNAL, was_short=True, retry=retry, now=0.0)
    assert after(INTERNAL, was_short=True, retry=retry, now=60.0) is AfterWatch.REWATCH


def test_an_internal_error_within_a_minute_of_the_last_one_does_not_start_the_window_anew():
    retry = InternalErrorRetry(10.0)
    after(INTERNAL, was_short=True, retry=retry, now=0.0)
    assert after(INTERNAL, was_short=True, retry=retry, now=59.5) is AfterWatch.BACK_OFF_AND_RELIST


def test_without_a_window_internal_errors_are_not_retried():
    assert after(INTERNAL, retry=InternalErrorRetry(0.0)) is AfterWatch.BACK_OFF_AND_RELIST


def test_a_window_may_be_shorter_than_a_second():
    assert after(INTERNAL, retry=InternalErrorRetry(0.5)) is AfterWatch.REWATCH


@pytest.mark.parametrize(
    ("error", "expected"), [(REFUSED, True), (TOO_MANY, True), (LOST, False), (EXPIRED, False), (FORBIDDEN, False)]
)
def test_which_refused_watches_keep_their_version(error: Exception, expected: bool):
    assert rules.is_retriable_refusal(error) is expected


@pytest.mark.parametrize(
    ("seconds", "events", "expected"), [(0.0, 0, True), (0.99, 0, True), (1.0, 0, False), (0.0, 1, False)]
)
def test_which_watches_were_very_short(seconds: float, events: int, expected: bool):
    assert rules.was_very_short(seconds, events) is expected


@pytest.mark.parametrize(
    ("start", "events", "expected"),
    [
        ("7", ["ADDED", "MODIFIED"], [True, True]),
        ("", ["ADDED", "ADDED", "MODIFIED", "ADDED"], [False, False, True, True]),
        ("0", ["ADDED", "BOOKMARK", "ADDED"], [False, True, True]),
        ("0", ["DELETED"], [True]),
    ],
)
def test_which_events_move_the_version(start: str, events: list[str], expected: list[bool]):
    rule = VersionRule(start)
    assert [rule.moves(event) for event in events] == expected


@pytest.mark.parametrize(
    ("minimum", "shortest"), [(None, 300), (1.0, 300), (299.0, 300), (300.0, 300), (301.0, 301), (400.0, 400)]
)
def test_a_watch_lasts_from_its_least_time_to_twice_that(minimum: float | None, shortest: int):
    drawn = [rules.watch_timeout_seconds(Drawing(share), minimum) for share in (0.0, 0.5, 1.0)]
    assert drawn == [shortest, int(1.5 * shortest), 2 * shortest]


def test_the_time_out_repeats_with_the_seed():
    assert rules.watch_timeout_seconds(random.Random(5)) == rules.watch_timeout_seconds(random.Random(5))
