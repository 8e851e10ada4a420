"""What follows a stream that did not bring the whole list."""

from __future__ import annotations

import pytest

from kubeloop import errors
from kubeloop.listwatch.streaming_list import StreamingList, ends_initial_events
from kubeloop.listwatch.watch_end import NextAction
from tests.support.things import api_error
from tests.support.watch_ends import watch_end

AT_ONCE, LATER = NextAction.RELIST, NextAction.BACK_OFF_AND_RELIST
STREAM, PAGES, NEVER = "stream", "pages", "pages for ever"
EXPIRED = api_error(errors.Expired, 410, "Expired")
TOO_LARGE = api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")
UNOPENED: dict[str, object] = {"open_seconds": None}
VERY_SHORT: dict[str, object] = {"open_seconds": 0.5}

TABLE = [
    # Overload and unreachable servers: wait, and stream again.
    (errors.ConnectError("connection refused"), UNOPENED, "", LATER, STREAM),
    (api_error(errors.TooManyRequests, 429, "TooManyRequests"), UNOPENED, "", LATER, STREAM),
    (api_error(errors.TooManyRequests, 429, "TooManyRequests"), {}, "7", LATER, STREAM),
    # A version that the server does not have: the newest is streamed; if that fails, pages.
    (EXPIRED, UNOPENED, "7", AT_ONCE, STREAM),
    (EXPIRED, {}, "7", AT_ONCE, STREAM),
    (TOO_LARGE, UNOPENED, "7", AT_ONCE, STREAM),
    (EXPIRED, UNOPENED, "", AT_ONCE, PAGES),
    (TOO_LARGE, {}, "", AT_ONCE, PAGES),
    # Ends without a reason.
    (None, {"events": 3}, "", AT_ONCE, STREAM),
    (None, {}, "", AT_ONCE, STREAM),
    (None, VERY_SHORT, "", AT_ONCE, PAGES),
    (None, {**VERY_SHORT, "events": 1}, "", AT_ONCE, STREAM),
    (errors.ConnectionLost("cut"), {"events": 3}, "", AT_ONCE, STREAM),
    (errors.ConnectionLost("cut"), VERY_SHORT, "", AT_ONCE, PAGES),
    # The server does not know the parameter.
    (errors.ServerSilent("silent"), {"events": 3}, "", AT_ONCE, NEVER),
    (errors.RequestTimeout("no bookmark"), {"events": 3}, "", AT_ONCE, NEVER),
    (errors.DecodeError("another bookmark"), {"events": 3}, "", AT_ONCE, PAGES),
    # Every other refusal and failure.
    (errors.RequestTimeout("not opened"), UNOPENED, "", AT_ONCE, PAGES),
    (errors.ConnectionLost("cut"), UNOPENED, "", AT_ONCE, PAGES),
    (errors.TLSError("expired certificate"), UNOPENED, "", AT_ONCE, PAGES),
    (api_error(errors.BadRequest, 400, "BadRequest"), UNOPENED, "", AT_ONCE, PAGES),
    (api_error(errors.Unauthorized, 401, "Unauthorized"), UNOPENED, "", AT_ONCE, PAGES),
    (api_error(errors.Forbidden, 403, "Forbidden"), UNOPENED, "7", AT_ONCE, PAGES),
    (api_error(errors.NotFound, 404, "NotFound"), UNOPENED, "", AT_ONCE, PAGES),
    (api_error(errors.Invalid, 422, "Invalid"), UNOPENED, "", AT_ONCE, PAGES),
    (api_error(errors.InternalError, 500, "InternalError"), UNOPENED, "", AT_ONCE, PAGES),
    (api_error(errors.InternalError, 500, "InternalError"), {"events": 3}, "7", AT_ONCE, PAGES),
    (errors.ServiceUnavailable(errors.StatusDetails(code=503)), UNOPENED, "", AT_ONCE, PAGES),
    (api_error(errors.GatewayTimeout, 504, "Timeout"), UNOPENED, "7", AT_ONCE, PAGES),
    (ValueError("bug"), {}, "", AT_ONCE, PAGES),
]


@pytest.mark.parametrize(("error", "end", "version", "action", "way"), TABLE)
def test_what_follows_a_stream_that_ends_before_its_bookmark(
    error: Exception | None, end: dict[str, object], version: str, action: NextAction, way: str
) -> None:
    streaming = StreamingList(is_supported=True)
    assert streaming.is_next
    assert streaming.ended(watch_end(error, **end), version) is action
    assert streaming.is_next is (way == STREAM)
    streaming.delivered()
    assert streaming.is_next is (way != NEVER)


def test_a_stream_that_is_cut_twice_in_a_row_is_replaced_by_pages() -> None:
    """(A load balancer may cut each stream after a minute.)"""
    streaming = StreamingList(is_supported=True)
    cut = watch_end(errors.ConnectionLost("cut"), events=3)
    assert streaming.ended(cut, "") is AT_ONCE
    assert streaming.ended(watch_end(errors.ConnectError("refused"), open_seconds=None), "") is LATER
    assert streaming.is_next
    assert streaming.ended(cut, "") is AT_ONCE
    assert not streaming.is_next
    streaming.delivered()
    assert streaming.ended(cut, "7") is AT_ONCE
    assert streaming.is_next


def test_a_consumer_that_cannot_stream_reads_pages() -> None:
    streaming = StreamingList(is_supported=False)
    assert not streaming.is_next
    streaming.delivered()
    assert not streaming.is_next


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (None, False),
        ({}, False),
        ({"k8s.io/initial-events-end": "true"}, True),
        ({"k8s.io/initial-events-end": "false"}, False),
        ({"k8s.io/initial-events-end": "True"}, False),
        ({"k8s.io/initial-events-end": ""}, False),
        ({"other": "true"}, False),
    ],
)
def test_which_bookmark_ends_the_initial_events(annotations: dict[str, str] | None, expected: bool) -> None:
    assert ends_initial_events(annotations) is expected
