"""What calls report to `Config.metrics`, and when. The scenarios are those of client-go's rest/request_test.go
(TestRequestMetrics, TestRetryableConditions, TestThrottling) with the values of rest/with_retry.go.
"""

from __future__ import annotations

import asyncio
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
    """A `ClientMetrics` that keeps what is reported."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def record(*values: object) -> None:
            self.calls.append((name, *values))
            if self.error is not None:
                raise self.error

        return record


def client(transport: Any, metrics: Any, **settings: Any) -> RESTClient:
    config = Config(host="https://server:6443/prefix", metrics=metrics, **settings)
    return RESTClient(config, transport=transport)


HOST = "server:6443"


@in_virtual_time
async def test_a_call_reports_result_sizes_and_duration() -> None:
    recorder = Recorder()
    transport = ScriptedTransport(ScriptedResponse(201, (b"{}",), delay=0.25))
    await asyncio.sleep(5)
    await client(transport, recorder).post("pods", namespace="x", body=b"12345", into=bytes)
    assert recorder.calls == [
        ("request_size", "POST", HOST, 5),
        ("request_sent", "201", "POST", HOST),
        ("request_duration", "POST", HOST, 0.25),
        ("response_size", "POST", HOST, 2),
    ]


@in_virtual_time
async def test_each_attempt_is_counted_and_the_duration_covers_all_of_them() -> None:
    recorder = Recorder()
    again = error_status(503, headers={"Retry-After": "2"})
    transport = ScriptedTransport(again, ConnectionLost("reset"), list_of([], "1"))
    await client(transport, recorder).get("pods", into=bytes)
    assert [call for call in recorder.calls if call[0] not in {"request_size", "response_size"}] == [
        ("request_sent", "503", "GET", HOST),
        ("request_sent", "<error>", "GET", HOST),
        ("request_retried", "<error>", "GET", HOST),
        ("request_sent", "200", "GET", HOST),
        ("request_retried", "200", "GET", HOST),
        ("request_duration", "GET", HOST, 3.0),
    ]


@in_virtual_time
async def test_an_error_of_the_server_has_a_size_and_one_of_the_network_has_none() -> None:
    recorder = Recorder()
    rest = client(ScriptedTransport(ScriptedResponse(404, (b"gone",)), ConnectError("refused")), recorder)
    for kind in (kubeloop.NotFound, ConnectError):
        with pytest.raises(kind):
            await rest.get("pods", name="a", namespace="x")
    assert recorder.calls == [
        ("request_size", "GET", HOST, 0),
        ("request_sent", "404", "GET", HOST),
        ("request_duration", "GET", HOST, 0.0),
        ("response_size", "GET", HOST, 4),
        ("request_size", "GET", HOST, 0),
        ("request_sent", "<error>", "GET", HOST),
        ("request_duration", "GET", HOST, 0.0),
    ]


@in_virtual_time
async def test_a_redirect_is_one_attempt_with_the_last_status() -> None:
    recorder = Recorder()
    moved = ScriptedResponse(302, headers={"Location": "/prefix/api/v1/nodes"})
    await client(ScriptedTransport(moved, list_of([], "1"), checked=False), recorder).get("pods", into=bytes)
    assert [call for call in recorder.calls if call[0] == "request_sent"] == [("request_sent", "200", "GET", HOST)]


@in_virtual_time
async def test_a_watch_and_a_log_are_counted_and_not_timed() -> None:
    recorder = Recorder()
    transport = ScriptedTransport(
        ConnectionLost("reset"), watch_response(event("ADDED", POD)), ScriptedResponse.text("line")
    )
    rest = client(transport, recorder)
    async with rest.watch("pods", into=core_v1.Pod) as events:
        assert [each.type async for each in events] == ["ADDED"]
    async with rest.stream("pods", namespace="x", name="a", subresource="log") as body:
        assert await body.read() == b"line"
    assert recorder.calls == [
        ("request_sent", "<error>", "GET", HOST),
        ("request_sent", "200", "GET", HOST),
        ("request_retried", "200", "GET", HOST),
        ("request_sent", "200", "GET", HOST),
    ]


class Refusing(ScriptedTransport):
    """A transport that refuses upgrades."""

    def upgrade(self, request: Request, **_: Any) -> Any:
        raise UpgradeRefused(Response(403, Headers(), b"no"), method="GET", path="/x")


@in_virtual_time
async def test_a_refused_upgrade_is_counted() -> None:
    recorder = Recorder()
    rest = client(Refusing(), recorder)
    with pytest.raises(kubeloop.Forbidden):
        async with rest.upgrade(rest.new_request("GET", "/x"), subprotocols=[]):
            pass
    assert recorder.calls == [("request_sent", "403", "GET", HOST)]


@in_virtual_time
async def test_the_rate_limiter_reports_each_wait_also_one_of_zero() -> None:
    recorder = Recorder()
    rest = client(ScriptedTransport(list_of([], "1"), list_of([], "1")), recorder, qps=2.0, burst=1)
    await rest.get("pods")
    await rest.get("pods")
    waits = [call for call in recorder.calls if call[0] == "rate_limiter_duration"]
    assert waits == [("rate_limiter_duration", "GET", HOST, 0.0), ("rate_limiter_duration", "GET", HOST, 0.5)]
    assert recorder.calls[-2] == ("request_duration", "GET", HOST, 0.5)


@in_virtual_time
async def test_a_call_that_the_rate_limiter_refuses_is_timed_and_not_counted() -> None:
    recorder = Recorder()
    rest = client(ScriptedTransport(list_of([], "1")), recorder, qps=0.1, burst=1, timeout=1.0)
    await rest.get("pods")
    recorder.calls.clear()
    with pytest.raises(RequestTimeout):
        await rest.get("pods")
    assert [call[0] for call in recorder.calls] == ["rate_limiter_duration", "request_duration"]
    assert recorder.calls[0][-1] == 0.0  # it did not wait


@in_virtual_time
async def test_a_failing_metrics_object_breaks_no_request_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    rest = client(ScriptedTransport(list_of([], "1"), list_of([], "1")), Recorder(ZeroDivisionError("broken")))
    await rest.get("pods")
    await rest.get("pods")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "client of server:6443: the metrics sink failed; this measurement is lost"
    ]


@in_virtual_time
async def test_metrics_add_up_what_clients_report() -> None:
    metrics = kubeloop.Metrics()
    transport = ScriptedTransport(ScriptedResponse(chunks=(b"x" * 100,), delay=0.3))
    await client(transport, metrics).get("/version", into=bytes)
    labels = {"verb": "GET", "host": HOST}
    assert metrics.value("rest_client_requests_total", code="200", method="GET", host=HOST) == 1
    assert metrics.value("rest_client_request_duration_seconds_bucket", **labels, le="0.25") == 0
    assert metrics.value("rest_client_request_duration_seconds_bucket", **labels, le="0.5") == 1
    assert metrics.value("rest_client_response_size_bytes_sum", **labels) == 100
    assert f'rest_client_response_size_bytes_bucket{{verb="GET",host="{HOST}",le="256"}} 1\n' in metrics.text()
