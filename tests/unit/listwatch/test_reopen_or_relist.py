"""What an informer does after a list or a watch, as tables. The scenarios are those of `reflector_test.go`."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop import errors
from kubeloop.listwatch.reopen_or_relist import ReopenOrRelist
from kubeloop.listwatch.watch_end import ListFailure, NextAction, lost_track
from tests.support.things import api_error
from tests.support.watch_ends import watch_end

EXPIRED = api_error(errors.Expired, 410, "Expired")
GONE = api_error(errors.Gone, 410, "Gone")
TOO_MANY = api_error(errors.TooManyRequests, 429, "TooManyRequests")
INTERNAL = api_error(errors.InternalError, 500, "InternalError")
FORBIDDEN = api_error(errors.Forbidden, 403, "Forbidden")
TOO_LARGE = api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")
REFUSED = errors.ConnectError("connection refused", method="GET", path="/api/v1/pods")
LOST = errors.ConnectionLost("connection lost", method="GET", path="/api/v1/pods")
SILENT = errors.ServerSilent("nothing came for 180 s", method="GET", path="/api/v1/pods")
LONG = {"open_seconds": 100.0}
UNOPENED: dict[str, Any] = {"open_seconds": None}
SHORT = {"open_seconds": 0.5}


def after(error: Exception | None, rule: ReopenOrRelist | None = None, **options: Any) -> NextAction:
    return (rule or ReopenOrRelist()).after_watch(watch_end(error, **options))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("error", [EXPIRED, GONE, TOO_LARGE])
@pytest.mark.parametrize(
    ("version", "expected"),
    [("0", NextAction.RELIST), ("7", NextAction.RELIST), ("", NextAction.BACK_OFF_AND_RELIST)],
)
def test_a_list_at_a_version_that_the_server_lacks_is_repeated_at_once(
    error: Exception, version: str, is_first: bool, expected: NextAction
) -> None:
    assert ReopenOrRelist().after_list(ListFailure(error, version, is_first)) is expected


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("error", [TOO_MANY, INTERNAL, FORBIDDEN, REFUSED, LOST, ValueError()])
def test_other_failures_of_a_list_are_not_repeated_at_once(error: Exception, is_first: bool) -> None:
    action = ReopenOrRelist().after_list(ListFailure(error, "7", is_first))
    assert action is NextAction.BACK_OFF_AND_RELIST


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, NextAction.REOPEN),
        (LOST, NextAction.REOPEN),
        (errors.RequestTimeout("no data", method="GET", path="/"), NextAction.REOPEN),
        (EXPIRED, NextAction.BACK_OFF_AND_RELIST),
        (GONE, NextAction.BACK_OFF_AND_RELIST),
        (TOO_MANY, NextAction.BACK_OFF_AND_REOPEN),
        (INTERNAL, NextAction.BACK_OFF_AND_RELIST),
        (FORBIDDEN, NextAction.BACK_OFF_AND_RELIST),
        (errors.DecodeError("no event"), NextAction.BACK_OFF_AND_RELIST),
        (errors.Unreadable("no name"), NextAction.BACK_OFF_AND_RELIST),
        (RuntimeError("bug"), NextAction.BACK_OFF_AND_RELIST),
    ],
)
def test_what_follows_the_end_of_a_watch(error: Exception | None, expected: NextAction) -> None:
    assert after(error) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (REFUSED, NextAction.BACK_OFF_AND_REOPEN),
        (TOO_MANY, NextAction.BACK_OFF_AND_REOPEN),
        (LOST, NextAction.BACK_OFF_AND_RELIST),
        (INTERNAL, NextAction.BACK_OFF_AND_RELIST),
        (FORBIDDEN, NextAction.BACK_OFF_AND_RELIST),
        (EXPIRED, NextAction.BACK_OFF_AND_RELIST),
    ],
)
def test_what_follows_a_refused_watch(error: Exception, expected: NextAction) -> None:
    assert after(error, **UNOPENED) is expected


@pytest.mark.parametrize("error", [None, LOST])
def test_a_very_short_watch_is_followed_by_a_list(error: Exception | None) -> None:
    assert after(error, **SHORT) is NextAction.BACK_OFF_AND_RELIST


@pytest.mark.parametrize(
    ("error", "has_bookmarks", "was_open", "can_resume", "expected", "is_failure"),
    [
        (SILENT, False, True, True, NextAction.REOPEN, False),
        (SILENT, True, True, True, NextAction.BACK_OFF_AND_REOPEN, True),
        (SILENT, False, True, False, NextAction.BACK_OFF_AND_RELIST, False),
        (SILENT, True, True, False, NextAction.BACK_OFF_AND_RELIST, True),
        (SILENT, False, False, True, NextAction.BACK_OFF_AND_RELIST, True),
        (SILENT, True, False, True, NextAction.BACK_OFF_AND_RELIST, True),
        (LOST, True, True, True, NextAction.REOPEN, False),
        (None, True, True, True, NextAction.REOPEN, False),
    ],
)
def test_silence_is_a_failure_of_those_watches_only_that_have_bookmarks(
    error: Exception | None,
    has_bookmarks: bool,
    was_open: bool,
    can_resume: bool,
    expected: NextAction,
    is_failure: bool,
) -> None:
    """(D13)"""
    ended = watch_end(error, has_bookmarks=has_bookmarks, can_resume=can_resume, **(LONG if was_open else UNOPENED))
    rule = ReopenOrRelist()
    action = rule.after_watch(ended)
    assert action is expected
    assert rule.is_failure(ended) is is_failure


@pytest.mark.parametrize("error", [None, LOST, TOO_MANY, REFUSED])
def test_without_a_version_to_resume_from_every_end_is_followed_by_a_list(error: Exception | None) -> None:
    """(A11)"""
    assert after(error, can_resume=False) is NextAction.BACK_OFF_AND_RELIST
    assert after(error, can_resume=False, **UNOPENED) is NextAction.BACK_OFF_AND_RELIST


@pytest.mark.parametrize("error", [EXPIRED, GONE])
@pytest.mark.parametrize("options", [LONG, UNOPENED])
@pytest.mark.parametrize(
    ("has_progressed", "expected"), [(True, NextAction.RELIST), (False, NextAction.BACK_OFF_AND_RELIST)]
)
def test_an_expiry_after_progress_lists_at_once_and_any_other_after_a_pause(
    error: Exception, options: dict[str, Any], has_progressed: bool, expected: NextAction
) -> None:
    """(D6)"""
    assert after(error, has_progressed=has_progressed, **options) is expected


@pytest.mark.parametrize(
    ("error", "options", "expected"),
    [
        (None, LONG, False),
        (None, {**LONG, "can_resume": False}, False),
        (None, SHORT, True),
        (LOST, LONG, False),
        (LOST, SHORT, True),
        (LOST, UNOPENED, True),
        (REFUSED, UNOPENED, True),
        (EXPIRED, {**LONG, "has_progressed": True}, False),
        (GONE, {**UNOPENED, "has_progressed": True}, False),
        (EXPIRED, LONG, True),
        (INTERNAL, LONG, True),
        (INTERNAL, {**LONG, "has_progressed": True}, True),
        (TOO_MANY, LONG, True),
        (FORBIDDEN, LONG, True),
    ],
)
def test_which_ends_of_a_watch_are_failures(error: Exception | None, options: dict[str, Any], expected: bool) -> None:
    """(D4)"""
    assert ReopenOrRelist().is_failure(watch_end(error, **options)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [(None, False), (LOST, False), (errors.Unreadable("no name"), True), (errors.CacheError("refused"), True)],
)
def test_which_watches_lost_track(error: Exception | None, expected: bool) -> None:
    """(A12)"""
    assert lost_track(error) is expected


def test_internal_errors_are_retried_within_the_window_only() -> None:
    rule = ReopenOrRelist(10.0)
    assert after(INTERNAL, rule, now=100.0, **SHORT) is NextAction.REOPEN
    assert after(INTERNAL, rule, now=110.0, **SHORT) is NextAction.REOPEN
    assert after(INTERNAL, rule, now=110.1, **SHORT) is NextAction.BACK_OFF_AND_RELIST
    assert after(INTERNAL, rule, now=111.0, **SHORT) is NextAction.REOPEN


def test_the_window_of_internal_errors_restarts_after_a_minute_without_one() -> None:
    rule = ReopenOrRelist(10.0)
    after(INTERNAL, rule, now=0.0, **SHORT)
    assert after(INTERNAL, rule, now=60.0, **SHORT) is NextAction.REOPEN


def test_an_internal_error_within_a_minute_of_the_last_one_does_not_restart_the_window() -> None:
    rule = ReopenOrRelist(10.0)
    after(INTERNAL, rule, now=0.0, **SHORT)
    assert after(INTERNAL, rule, now=59.5, **SHORT) is NextAction.BACK_OFF_AND_RELIST


def test_other_errors_do_not_open_the_window() -> None:
    rule = ReopenOrRelist(10.0)
    after(INTERNAL, rule, now=0.0)
    assert after(TOO_MANY, rule, now=30.0) is NextAction.BACK_OFF_AND_REOPEN
    assert after(INTERNAL, rule, now=59.5) is NextAction.BACK_OFF_AND_RELIST
    assert after(FORBIDDEN, rule, now=59.6) is NextAction.BACK_OFF_AND_RELIST


@pytest.mark.parametrize("between", [EXPIRED, FORBIDDEN])
def test_a_list_begins_a_new_window_of_internal_errors(between: Exception) -> None:
    """As in client-go, where each ListAndWatch makes its own `RetryWithDeadline`."""
    rule = ReopenOrRelist(10.0)
    assert after(INTERNAL, rule, now=0.0) is NextAction.REOPEN
    assert after(between, rule, now=5.0) is NextAction.BACK_OFF_AND_RELIST
    assert after(INTERNAL, rule, now=15.0) is NextAction.REOPEN
    assert after(INTERNAL, rule, now=25.1) is NextAction.BACK_OFF_AND_RELIST


def test_without_a_window_internal_errors_are_not_retried() -> None:
    assert after(INTERNAL) is NextAction.BACK_OFF_AND_RELIST


def test_a_window_may_be_shorter_than_a_second() -> None:
    assert after(INTERNAL, ReopenOrRelist(0.5)) is NextAction.REOPEN


@pytest.mark.parametrize(
    ("seconds", "events", "expected"),
    [(0.0, 0, True), (0.99, 0, True), (1.0, 0, False), (0.0, 1, False), (None, 0, False)],
)
def test_which_watches_were_very_short(seconds: float | None, events: int, expected: bool) -> None:
    assert watch_end(None, open_seconds=seconds, events=events).was_very_short is expected
