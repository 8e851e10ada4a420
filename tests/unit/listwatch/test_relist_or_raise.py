"""The rule of `client.wait()`: what is waited for, what is listed again, and what is raised."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop import errors
from kubeloop.errors import StatusDetails
from kubeloop.listwatch.relist_or_raise import RelistOrRaise
from kubeloop.listwatch.watch_end import ListFailure, NextAction
from tests.support.machines import EXPIRED, FORBIDDEN, INTERNAL, LOST, REFUSED, SILENT, TOO_LARGE
from tests.support.watch_ends import watch_end

BUSY = errors.TooManyRequests(StatusDetails(code=429))
GARBAGE = errors.DecodeError("expected a Pod, got a page of HTML")
GONE = errors.Gone(StatusDetails(code=410))
ABSENT = errors.NotFound(StatusDetails(code=404))
TLS = errors.TLSError("certificate has expired")


def failure(error: Exception, version: str = "") -> ListFailure:
    return ListFailure(error=error, version=version, is_first=True)


@pytest.mark.parametrize("error", [FORBIDDEN, ABSENT, TLS, REFUSED, LOST, BUSY, INTERNAL, GARBAGE])
def test_a_failure_of_the_first_list_is_raised(error: Exception) -> None:
    assert RelistOrRaise().after_list(failure(error)) is NextAction.RAISE


@pytest.mark.parametrize("error", [REFUSED, LOST, BUSY, INTERNAL, GARBAGE])
def test_a_later_list_is_repeated(error: Exception) -> None:
    assert RelistOrRaise(has_listed=True).after_list(failure(error)) is NextAction.BACK_OFF_AND_RELIST
    rule = RelistOrRaise()
    rule.after_watch(watch_end(EXPIRED, is_first=True, open_seconds=None))
    assert rule.after_list(failure(error)) is NextAction.BACK_OFF_AND_RELIST


@pytest.mark.parametrize("error", [FORBIDDEN, ABSENT, TLS])
def test_a_later_list_that_is_refused_for_good_is_raised(error: Exception) -> None:
    assert RelistOrRaise(has_listed=True).after_list(failure(error)) is NextAction.RAISE


@pytest.mark.parametrize("error", [EXPIRED, TOO_LARGE])
def test_a_version_that_the_server_lacks_is_replaced_by_the_newest(error: Exception) -> None:
    assert RelistOrRaise(has_listed=True).after_list(failure(error, "7")) is NextAction.RELIST


@pytest.mark.parametrize(
    ("error", "different", "action"),
    [
        (None, {}, NextAction.REOPEN),
        (None, {"can_resume": False}, NextAction.BACK_OFF_AND_RELIST),
        (SILENT, {}, NextAction.REOPEN),
        (SILENT, {"has_bookmarks": True}, NextAction.BACK_OFF_AND_REOPEN),
        (LOST, {}, NextAction.BACK_OFF_AND_REOPEN),
        (LOST, {"can_resume": False}, NextAction.BACK_OFF_AND_RELIST),
        (LOST, {"open_seconds": None}, NextAction.BACK_OFF_AND_RELIST),
        (REFUSED, {"open_seconds": None}, NextAction.BACK_OFF_AND_REOPEN),
        (BUSY, {"open_seconds": None}, NextAction.BACK_OFF_AND_REOPEN),
        (INTERNAL, {"open_seconds": None}, NextAction.BACK_OFF_AND_RELIST),
        (INTERNAL, {}, NextAction.BACK_OFF_AND_REOPEN),
        (GARBAGE, {}, NextAction.BACK_OFF_AND_RELIST),
        (EXPIRED, {"has_progressed": True}, NextAction.RELIST),
        (GONE, {"has_progressed": True}, NextAction.RELIST),
        (EXPIRED, {}, NextAction.BACK_OFF_AND_RELIST),
        (FORBIDDEN, {}, NextAction.RAISE),
        (ABSENT, {"open_seconds": None}, NextAction.RAISE),
        (TLS, {"open_seconds": None}, NextAction.RAISE),
    ],
)
def test_what_follows_the_end_of_a_watch(error: Exception | None, different: Any, action: NextAction) -> None:
    assert RelistOrRaise().after_watch(watch_end(error, **different)) is action
    assert RelistOrRaise().after_watch(watch_end(error, is_first=True, **different)) is action


@pytest.mark.parametrize(
    ("error", "different", "is_failure"),
    [
        (None, {}, False),
        (SILENT, {}, False),
        (SILENT, {"has_bookmarks": True}, True),
        (EXPIRED, {"has_progressed": True}, False),
        (EXPIRED, {}, True),
        (LOST, {}, True),
        (GARBAGE, {}, True),
    ],
)
def test_what_is_worth_a_warning(error: Exception | None, different: Any, is_failure: bool) -> None:
    assert RelistOrRaise().is_failure(watch_end(error, **different)) is is_failure
