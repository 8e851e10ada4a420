"""What `watch()` does after a list or a watch, as tables. The scenarios are those of client-go's
tools/watch/retrywatcher_test.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop import errors
from kubeloop.listwatch.reopen_or_raise import ReopenOrRaise
from kubeloop.listwatch.watch_end import ListFailure, NextAction
from tests.support.watch_ends import watch_end

OPEN = {"open_seconds": 100.0}
UNOPENED: dict[str, Any] = {"open_seconds": None}
SILENT = errors.ServerSilent("x")


def api_error(code: int, cls: type[errors.APIError] = errors.APIError, wait: float | None = None) -> errors.APIError:
    return cls(errors.StatusDetails(code=code, retry_after=wait))


CAN_HEAL = [
    errors.ConnectionLost("x"),
    errors.ConnectError("x"),
    errors.RequestTimeout("x"),
    api_error(429, errors.TooManyRequests),
    api_error(500, errors.InternalError),
    api_error(503, errors.ServiceUnavailable),
    api_error(504, errors.GatewayTimeout),
]
CANNOT_HEAL = [
    api_error(410, errors.Expired),
    api_error(410, errors.Gone),
    api_error(400, errors.BadRequest),
    api_error(401, errors.Unauthorized),
    api_error(403, errors.Forbidden),
    api_error(404, errors.NotFound),
    api_error(428),
    api_error(430),
    api_error(499),
    errors.TLSError("x", retryable=False),
    errors.TransportError("the client is closed", retryable=False),
    errors.DecodeError("x"),
    errors.CredentialError("x"),
]


def after(error: Exception | None, **options: Any) -> NextAction:
    return ReopenOrRaise().after_watch(watch_end(error, **options))


@pytest.mark.parametrize("options", [OPEN, UNOPENED])
@pytest.mark.parametrize("error", CAN_HEAL)
def test_what_can_heal_is_tried_again_after_a_pause(error: Exception, options: dict[str, Any]) -> None:
    assert after(error, **options) is NextAction.BACK_OFF_AND_REOPEN
    assert after(error, can_resume=False, **options) is NextAction.BACK_OFF_AND_RELIST
    assert ReopenOrRaise().after_list(ListFailure(error, "", False)) is NextAction.BACK_OFF_AND_RELIST
    assert ReopenOrRaise().is_failure(watch_end(error, **options))


@pytest.mark.parametrize("can_resume", [True, False])
@pytest.mark.parametrize("options", [OPEN, UNOPENED])
@pytest.mark.parametrize("error", CANNOT_HEAL)
def test_what_cannot_heal_is_raised(error: Exception, options: dict[str, Any], can_resume: bool) -> None:
    assert after(error, can_resume=can_resume, **options) is NextAction.RAISE
    assert ReopenOrRaise().after_list(ListFailure(error, "", False)) is NextAction.RAISE


@pytest.mark.parametrize("error", [*CAN_HEAL, *CANNOT_HEAL, SILENT])
def test_every_failure_is_raised_until_a_watch_is_open(error: Exception) -> None:
    assert after(error, is_first=True, **UNOPENED) is NextAction.RAISE
    assert ReopenOrRaise().after_list(ListFailure(error, "", True)) is NextAction.RAISE


@pytest.mark.parametrize(
    ("can_resume", "expected"), [(True, NextAction.REOPEN), (False, NextAction.BACK_OFF_AND_RELIST)]
)
def test_a_watch_that_the_server_ended_is_reopened(can_resume: bool, expected: NextAction) -> None:
    assert after(None, can_resume=can_resume, **OPEN) is expected
    assert not ReopenOrRaise().is_failure(watch_end(None, **OPEN))


@pytest.mark.parametrize(
    ("error", "has_bookmarks", "options", "expected", "is_failure"),
    [
        (SILENT, False, OPEN, NextAction.REOPEN, False),
        (SILENT, True, OPEN, NextAction.BACK_OFF_AND_REOPEN, True),
        (SILENT, False, UNOPENED, NextAction.BACK_OFF_AND_REOPEN, True),
        (SILENT, True, UNOPENED, NextAction.BACK_OFF_AND_REOPEN, True),
        (errors.RequestTimeout("x"), False, OPEN, NextAction.BACK_OFF_AND_REOPEN, True),
        (errors.RequestTimeout("x"), True, OPEN, NextAction.BACK_OFF_AND_REOPEN, True),
    ],
)
def test_silence_is_a_failure_of_those_watches_only_that_have_bookmarks(
    error: Exception, has_bookmarks: bool, options: dict[str, Any], expected: NextAction, is_failure: bool
) -> None:
    """(D13)"""
    end = watch_end(error, has_bookmarks=has_bookmarks, **options)
    assert ReopenOrRaise().after_watch(end) is expected
    assert ReopenOrRaise().is_failure(end) is is_failure
