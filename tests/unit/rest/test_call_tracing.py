"""What calls report to `Config.tracing`, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.errors import ConnectError, ConnectionLost, RequestTimeout
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.support.scripted_transport import (
    ScriptedResponse,
    ScriptedTransport,
    error_status,
    event,
    list_of,
    watch_response,
)

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x"}}


class Recorder:
    """A `ClientTracing` and its only span, which keep what is reported."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def begin(self, *values: str) -> Recorder:
        self.calls.append(("begin", *values))
        return self

    def headers(self) -> Mapping[str, str]:
        return {"traceparent": "00-1-2-01"}

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.calls.append((name, *values))


class Broken:
    """A `ClientTracing` that raises errors, at once or from its span."""

    def __init__(self, *, has_span: bool) -> None:
        self.has_span = has_span

    def begin(self, *_: str) -> Broken:
        if not self.has_span:
            raise ZeroDivisionError("broken")
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *_: 1 / 0


def client(transport: Any, tracing: Any, **settings: Any) -> RESTClient:
    return RESTClient(Config(host="https://server:6443/prefix", tracing=tracing, **settings), transport=transport)


URL = "https://server:6443/prefix/api/v1/pods"
BEGIN = ("begin", "GET", URL, "/api/v1/pods")


@in_virtual_time
async def test_a_call_begins_and_ends_a_span_and_sends_its_headers() -> None:
    recorder = Recorder()
    transport = ScriptedTransport(list_of([], "1", headers={"Audit-Id": "audit"}))
    await client(transport, recorder).get("pods", into=bytes)
    assert recorder.calls == [BEGIN, ("ended", 200, "audit", None)]
    assert transport.requests[0].headers["traceparent"] == "00-1-2-01"


@in_virtual_time
async def test_a_header_of_the_caller_gives_way_to_that_of_the_trace() -> None:
    transport = ScriptedTransport(list_of([], "1"))
    await client(transport, Recorder()).get("pods", into=bytes, headers={"Traceparent": "00-9-9-01"})
    assert [name for name in transport.requests[0].headers if name.lower() == "traceparent"] == ["traceparent"]


@in_virtual_time
async def test_retries_are_reported_with_their_causes_and_send_the_headers_too() -> None:
    recorder = Recorder()
    again = error_status(503, headers={"Retry-After": "2", "Audit-Id": "first"})
    transport = ScriptedTransport(again, ConnectionLost("reset"), list_of([], "1"))
    await client(transport, recorder).get("pods", into=bytes)
    assert recorder.calls == [BEGIN, ("retried", 1, 503), ("retried", 2, ConnectionLost), ("ended", 200, "", None)]
    assert [request.headers["traceparent"] for request in transport.requests] == ["00-1-2-01"] * 3


@in_virtual_time
async def test_the_error_of_a_call_ends_its_span() -> None:
    recorder = Recorder()
    rest = client(ScriptedTransport(ScriptedResponse(404, (b"gone",)), ConnectError("refused")), recorder)
    errors = []
    for kind in (kubeloop.NotFound, ConnectError):
        with pytest.raises(kind) as caught:
            await rest.get("pods")
        errors.append(caught.value)
    assert recorder.calls == [BEGIN, ("ended", 404, "", errors[0]), BEGIN, ("ended", None, "", errors[1])]


@in_virtual_time
async def test_a_cancelled_call_ends_its_span() -> None:
    recorder = Recorder()
    call = asyncio.ensure_future(client(ScriptedTransport(ScriptedResponse(delay=60)), recorder).get("pods"))
    await asyncio.sleep(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (status, audit_id, error) = recorder.calls[-1][1:]
    assert (status, audit_id, type(error)) == (None, "", asyncio.CancelledError)


@in_virtual_time
async def test_a_redirect_is_reported_and_keeps_the_headers() -> None:
    recorder = Recorder()
    moved = ScriptedResponse(302, headers={"Location": "/prefix/api/v1/nodes"})
    transport = ScriptedTransport(moved, list_of([], "1"), checked=False)
    await client(transport, recorder).get("pods", into=bytes)
    assert recorder.calls == [BEGIN, ("redirected", 302), ("ended", 200, "", None)]
    assert transport.requests[1].headers["traceparent"] == "00-1-2-01"


@in_virtual_time
async def test_a_wait_for_the_rate_limit_is_reported_and_none_of_zero() -> None:
    recorder = Recorder()
    rest = client(ScriptedTransport(list_of([], "1"), list_of([], "1")), recorder, qps=2.0, burst=1)
    await rest.get("pods")
    await rest.get("pods")
    assert [call for call in recorder.calls if call[0] == "throttled"] == [("throttled", 0.5)]


@in_virtual_time
async def test_a_call_that_the_rate_limit_refuses_ends_its_span() -> None:
    recorder = Recorder()
    rest = client(ScriptedTransport(list_of([], "1")), recorder, qps=0.1, burst=1, timeout=1.0)
    await rest.get("pods")
    for opening in (rest.get("pods"), rest.stream("pods").__aenter__()):
        with pytest.raises(RequestTimeout) as caught:
            await opening
        assert recorder.calls[-1] == ("ended", None, "", caught.value)


@in_virtual_time
async def test_the_span_of_a_watch_ends_with_its_block() -> None:
    recorder = Recorder()
    transport = ScriptedTransport(ConnectionLost("reset"), watch_response(event("ADDED", POD)))
    async with client(transport, recorder).watch("pods", into=core_v1.Pod) as events:
        assert [each.type async for each in events] == ["ADDED"]
        assert recorder.calls[1:] == [("retried", 1, ConnectionLost)]
    assert recorder.calls[-1] == ("ended", 200, "", None)


@pytest.mark.parametrize("error", [ConnectionLost("cut"), ValueError("of the caller"), kubeloop.KubeloopError("own")])
@in_virtual_time
async def test_an_error_in_the_block_of_a_stream_is_the_callers_unless_the_connection_failed(error: Exception) -> None:
    recorder = Recorder()
    rest = client(ScriptedTransport(ScriptedResponse.text("line")), recorder)
    with pytest.raises(type(error)):
        async with rest.stream("pods", name="a", namespace="x", subresource="log"):
            raise error
    assert recorder.calls[-1] == ("ended", 200, "", error if isinstance(error, ConnectionLost) else None)


class Refusing(ScriptedTransport):
    """A transport that refuses upgrades."""

    def upgrade(self, request: Request, **_: Any) -> Any:
        self.requests.append(request)
        raise UpgradeRefused(Response(403, Headers(), b"no"), method="GET", path="/x")


@in_virtual_time
async def test_a_refused_upgrade_ends_its_span_with_the_error() -> None:
    recorder = Recorder()
    transport = Refusing()
    rest = client(transport, recorder)
    with pytest.raises(kubeloop.Forbidden) as caught:
        async with rest.upgrade(rest.new_request("GET", "/x"), subprotocols=[]):
            pass
    assert recorder.calls[-1] == ("ended", 403, "", caught.value)
    assert transport.requests[0].headers["traceparent"] == "00-1-2-01"


@in_virtual_time
async def test_the_url_shows_no_secret() -> None:
    recorder = Recorder()
    transport = ScriptedTransport(list_of([], "1"), list_of([], "1"))
    rest = client(transport, recorder, token="s3cret-token")
    await rest.get("pods", params={"continue": "page-2", "limit": 5})
    await rest.get("/version", params={"labelSelector": "s3cret-token"})
    assert [call[2] for call in recorder.calls if call[0] == "begin"] == [
        f"{URL}?continue=<hidden>&limit=5",
        "https://server:6443/prefix/version?labelSelector=<hidden>",
    ]


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x y": "a"}, {"": "a"}, {"x": "\ud800"}, {"x": 5}, ["x"]])
@in_virtual_time
async def test_headers_that_cannot_be_sent_are_left_out_and_logged(
    headers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    recorder.headers = lambda: headers  # type: ignore[method-assign]
    transport = ScriptedTransport(list_of([], "1"))
    await client(transport, recorder).get("pods")
    assert dict(transport.requests[0].headers) == {"Accept": "application/json"}
    assert [each.getMessage() for each in caplog.records] == [
        "client of server:6443: tracing failed; a part of this trace is lost"
    ]
    assert [call[0] for call in recorder.calls] == ["begin", "ended"]


@pytest.mark.parametrize("has_span", [True, False])
@in_virtual_time
async def test_failing_tracing_breaks_no_request_and_is_logged_once(
    has_span: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rest = client(ScriptedTransport(list_of([], "1"), list_of([], "1")), Broken(has_span=has_span))
    await rest.get("pods")
    await rest.get("pods")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "client of server:6443: tracing failed; a part of this trace is lost"
    ]
