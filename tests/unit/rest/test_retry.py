"""The retry rule. The scenarios are those of client-go's rest/with_retry_test.go and rest/request_test.go."""

from __future__ import annotations

from random import Random

import pytest

from kubeloop.errors import ConnectError, ConnectionLost, RequestTimeout, ServerSilent, TLSError, TransportError
from kubeloop.rest.retry import Purpose, Retry
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response

GET = Request("GET", "/api/v1/pods")
POST = Request("POST", "/api/v1/pods", body=b"{}")


def rule(request: Request, purpose: Purpose, max_retries: int = 10) -> Retry:
    return Retry(request, purpose, max_retries, random=Random(7))


def answer(status: int, wait: str | None = "1") -> Response:
    return Response(status, Headers([] if wait is None else [("Retry-After", wait)]))


@pytest.mark.parametrize("purpose", ["request", "watch", "stream"])
@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_response_with_retry_after_is_retried(status: int, request_: Request, purpose: Purpose) -> None:
    assert rule(request_, purpose).after_response(answer(status, "3")) == 3.0


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("wait", [None, "soon", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_a_response_without_retry_after_is_returned_to_the_caller(status: int, wait: str | None) -> None:
    assert rule(GET, "request").after_response(answer(status, wait)) is None


@pytest.mark.parametrize("status", [200, 301, 302, 400, 404, 409, 428, 430, 499])
def test_other_responses_are_never_retried(status: int) -> None:
    assert rule(GET, "request").after_response(answer(status)) is None


@pytest.mark.parametrize(
    ("purpose", "request_", "error", "delay"),
    [
        ("request", GET, ConnectionLost("x"), 1.0),
        ("request", POST, ConnectionLost("x"), None),
        ("request", GET, RequestTimeout("x"), None),
        ("request", GET, ConnectError("x"), None),
        ("request", GET, TLSError("x", retryable=False), None),
        ("request", GET, TransportError("x"), None),
        ("request", GET, ConnectionLost("x", retryable=False), None),
        ("watch", GET, ConnectionLost("x"), 1.0),
        ("watch", GET, RequestTimeout("x"), 1.0),
        ("watch", GET, ConnectError("x"), None),
        ("watch", GET, ServerSilent("x"), None),
        ("watch", GET, RequestTimeout("x", retryable=False), None),
        ("stream", GET, ConnectionLost("x"), None),
        ("stream", GET, RequestTimeout("x"), None),
    ],
)
def test_a_broken_connection_is_tried_again_where_nothing_can_happen_twice(
    purpose: Purpose, request_: Request, error: TransportError, delay: float | None
) -> None:
    assert rule(request_, purpose).after_error(error) == delay


def test_a_call_is_retried_ten_times_at_most() -> None:
    retry = rule(GET, "request")
    assert [retry.after_response(answer(503)) for _ in range(11)] == [1.0] * 10 + [None]


@pytest.mark.parametrize("limit", [0, -1])
def test_retries_can_be_switched_off(limit: int) -> None:
    assert rule(GET, "request", limit).after_response(answer(503)) is None


def test_responses_and_errors_count_together() -> None:
    retry = rule(GET, "request", 2)
    assert retry.after_response(answer(503)) == 1.0
    assert retry.after_error(ConnectionLost("x")) == 1.0
    assert retry.after_response(answer(503)) is None


def test_the_last_error_mentions_the_one_before() -> None:
    retry = rule(GET, "request")
    retry.previous = ConnectionLost("reset")
    error = retry.explain(RequestTimeout("slow"))
    assert error.__notes__ == ["an earlier attempt failed with: reset"]


def test_the_same_error_twice_is_mentioned_once() -> None:
    retry = rule(GET, "request")
    retry.previous = ConnectionLost("reset")
    assert not hasattr(retry.explain(ConnectionLost("reset")), "__notes__")


def test_a_server_that_asks_for_no_pause_is_given_one() -> None:
    """(C9) Ten attempts without a pause are a flood, and so are those of all clients at the same moment."""
    waits = [rule.after_response(answer(429, "0")) for rule in [rule(POST, "request")] for _ in range(10)]
    assert all(wait is not None and 0.5 <= wait <= 1.0 for wait in waits)
    assert len(set(waits)) == 10


@pytest.mark.parametrize(("wait", "delay"), [("1", 1.0), ("60", 60.0), ("61", None), ("3600", None), ("9" * 9, None)])
def test_a_servers_request_for_a_long_pause_is_raised_to_the_caller(wait: str, delay: float | None) -> None:
    """(C9)"""
    assert rule(GET, "request").after_response(answer(503, wait)) == delay
