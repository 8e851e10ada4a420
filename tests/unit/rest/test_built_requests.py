"""Requests that are built first and sent as a result, a stream or a WebSocket: the basis of other clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response, ServerWarning
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x"}}
EXEC = Request("GET", "/api/v1/namespaces/x/pods/a/exec?command=ls")
WARNING = ("Warning", '299 - "Bearer hunter2-hunter2 is old"')


class Channel:
    """An open channel."""

    subprotocol = "v5.channel.k8s.io"
    close_code = None
    headers = Headers([WARNING])

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes | None: ...


class Switching(ScriptedTransport):
    """A transport that switches protocols, or is refused with a response."""

    def __init__(self, refusal: Response | None = None) -> None:
        super().__init__()
        self.refusal = refusal
        self.open_channels = 0
        self.asked: list[tuple[Request, Sequence[str], float | None]] = []

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        self.asked.append((request, subprotocols, timeout))
        if self.refusal is not None:
            raise UpgradeRefused(self.refusal, method=request.method, path=request.path)
        self.open_channels += 1
        try:
            yield Channel()
        finally:
            self.open_channels -= 1


def client(transport: ScriptedTransport, **settings: Any) -> RESTClient:
    config = Config(host="https://server", token="hunter2-hunter2", **settings)  # a made-up verb
    return RESTClient(config, transport=transport)


@in_virtual_time
async def test_a_result_is_read_by_the_sender_of_the_request() -> None:
    transport = ScriptedTransport(ScriptedResponse.of(POD, headers={"ETag": "1"}))
    rest = client(transport)
    request = rest.new_request("GET", "/api/v1/namespaces/x/pods/a")
    result = await rest.send(request)
    assert (result.status, result.headers["etag"]) == (200, "1")
    assert result.read(core_v1.Pod) == core_v1.Pod.from_dict(POD)
    assert result.read(dict) == POD
    assert result.read(bytes) == result.body
    assert transport.requests[0].headers["Accept"] == "application/json"
    assert "hunter2" not in repr(result)


@in_virtual_time
async def test_a_request_that_names_what_it_accepts_is_sent_with_that() -> None:
    transport = ScriptedTransport(ScriptedResponse.of(POD), ScriptedResponse.of(POD))
    rest = client(transport)
    await rest.send(Request("GET", "/a", {"Accept": "x/y"}))
    await rest.send(Request("GET", "/a", Headers([("accept", "x/y"), ("X-A", "1"), ("X-A", "2")])))
    assert transport.requests[0].headers["Accept"] == "x/y"
    headers = transport.requests[1].headers
    assert isinstance(headers, Headers)
    assert (headers.get_all("Accept"), headers.get_all("X-A")) == (["x/y"], ["1", "2"])


@in_virtual_time
async def test_a_header_of_a_call_replaces_that_of_the_client_in_any_case() -> None:
    transport = ScriptedTransport(ScriptedResponse.of(POD))
    await client(transport).get("pods", name="a", namespace="x", headers={"accept": "x/y", "X-A": "1"})
    sent = transport.requests[0].headers
    assert {name: value for name, value in sent.items() if name != "Authorization"} == {"accept": "x/y", "X-A": "1"}


@in_virtual_time
async def test_repeated_headers_stay_where_the_accepted_format_is_added() -> None:
    transport = ScriptedTransport(ScriptedResponse.of(POD))
    await client(transport).send(Request("GET", "/a", Headers([("X-A", "1"), ("X-A", "2")])))
    headers = transport.requests[0].headers
    assert isinstance(headers, Headers)
    assert (headers["Accept"], headers.get_all("X-A")) == ("application/json", ["1", "2"])


@in_virtual_time
async def test_parameters_of_the_accepted_format_replace_what_a_built_request_accepts() -> None:
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []}
    transport = ScriptedTransport(ScriptedResponse.of(table))
    rest = client(transport)
    accept = rest.serializers.accept(dict, "as=Table;g=meta.k8s.io;v=v1")
    result = await rest.send(rest.new_request("GET", "/api/v1/pods").with_header("accept", accept))
    assert result.read(dict) == table
    sent = {name: value for name, value in transport.requests[0].headers.items() if name != "Authorization"}
    assert sent == {"accept": "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"}


@in_virtual_time
async def test_an_error_is_raised_and_not_returned() -> None:
    rest = client(ScriptedTransport(error_status(404, "NotFound", "pods hunter2-hunter2 not found")))
    with pytest.raises(kubeloop.NotFound, match="not found") as caught:
        await rest.send(rest.new_request("GET", "/api/v1/namespaces/x/pods/a"))
    assert "hunter2" not in str(caught.value)


@in_virtual_time
async def test_a_stream_is_read_as_it_arrives() -> None:
    transport = ScriptedTransport(ScriptedResponse(200, [b"one", 5.0, b"two"]))
    rest = client(transport)
    async with rest.open_stream(rest.new_request("GET", "/api/v1/namespaces/x/pods/a/log")) as stream:
        got = [(chunk, elapsed()) async for chunk in stream]
    assert got == [(b"one", 0.0), (b"two", 5.0)]
    assert transport.open_streams == 0
    assert transport.requests[0].may_fall_silent


@in_virtual_time
async def test_an_upgrade_gives_the_channel_and_closes_it() -> None:
    warnings: list[ServerWarning] = []
    transport = Switching()
    rest = client(transport, warning_handler=warnings.append)
    async with rest.upgrade(EXEC, subprotocols=["v5.channel.k8s.io"], timeout=3) as channel:
        assert channel.subprotocol == "v5.channel.k8s.io"
        assert transport.open_channels == 1
    assert transport.open_channels == 0
    (request, subprotocols, timeout), *more = transport.asked
    assert not more
    assert (request.target, subprotocols, timeout) == (EXEC.target, ["v5.channel.k8s.io"], 3.0)
    assert request.headers["Authorization"] == "Bearer hunter2-hunter2"
    (warning,) = warnings
    assert warning.text.endswith(" is old")
    assert "hunter2" not in warning.text


@in_virtual_time
async def test_an_upgrade_that_is_refused_is_the_error_that_the_status_tells() -> None:
    status = b'{"kind":"Status","status":"Failure","reason":"Forbidden","code":403,"message":"no hunter2-hunter2"}'
    transport = Switching(Response(403, Headers([("Content-Type", "application/json")]), status))
    with pytest.raises(kubeloop.Forbidden, match="no ") as caught:
        async with client(transport).upgrade(EXEC, subprotocols=["v5"]):
            pass
    assert "hunter2" not in str(caught.value)
    assert caught.value.path == "/api/v1/namespaces/x/pods/a/exec"
    assert caught.value.__context__ is None


@in_virtual_time
async def test_a_response_that_is_no_error_and_no_switch_stays_a_refusal() -> None:
    transport = Switching(Response(200, Headers()))
    with pytest.raises(kubeloop.UpgradeRefused, match="200 instead of switching protocols"):
        async with client(transport).upgrade(EXEC, subprotocols=["v5"]):
            pass


@in_virtual_time
async def test_an_error_within_the_block_of_an_upgrade_is_left_alone() -> None:
    transport = Switching()
    inner = UpgradeRefused(Response(403), method="GET", path="/other")
    with pytest.raises(UpgradeRefused) as caught:
        async with client(transport).upgrade(EXEC, subprotocols=["v5"]):
            raise inner
    assert caught.value is inner
    assert transport.open_channels == 0


@in_virtual_time
async def test_an_upgrade_counts_against_the_rate_limit() -> None:
    transport = Switching()
    rest = client(transport, qps=0.5, burst=1)
    for _ in range(2):
        async with rest.upgrade(EXEC, subprotocols=["v5"]):
            pass
    assert elapsed() == 2.0
