"""The request log: one line per response at DEBUG, curl commands and headers at TRACE, and no secret at any level.

The scenarios are those of client-go's transport/round_trippers_test.go (TestDebuggingRoundTripper).
"""

from __future__ import annotations

import logging
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.errors import ConnectError, ConnectionLost
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
REQUESTS = "kubeloop.rest.request_log"
TRACE = 5


def client(transport: Any, **settings: Any) -> RESTClient:
    return RESTClient(Config(host="https://server:6443/prefix", **settings), transport=transport)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == REQUESTS]


@in_virtual_time
async def test_debug_has_one_line_per_response(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, REQUESTS)
    rest = client(ScriptedTransport(ScriptedResponse(chunks=(b"{}",), delay=0.0125)))
    await rest.get("pods", namespace="x", name="a", into=bytes)
    assert lines(caplog) == ["GET /api/v1/namespaces/x/pods/a: 200 in 12.5 ms, 2 bytes"]
    assert caplog.records[0].levelno == logging.DEBUG


@in_virtual_time
async def test_above_debug_there_is_no_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, REQUESTS)
    await client(ScriptedTransport(ScriptedResponse.of(POD))).get("pods", name="a", namespace="x")
    assert lines(caplog) == []


@in_virtual_time
async def test_every_attempt_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, REQUESTS)
    lost = ConnectionLost("the connection was reset", method="GET", path="/api/v1/pods")
    again = error_status(429, "TooManyRequests", headers={"Retry-After": "1"})
    transport = ScriptedTransport(lost, again, list_of([], "1"))
    await client(transport).get("pods")
    failed, refused, done = lines(caplog)
    assert failed == (
        "GET /api/v1/pods: no response after 0.0 ms: ConnectionLost: GET /api/v1/pods: the connection was reset"
    )
    assert refused.startswith("GET /api/v1/pods: 429 in 0.0 ms, ")
    assert done.startswith("GET /api/v1/pods: 200 in 0.0 ms, ")


@in_virtual_time
async def test_a_failure_that_is_raised_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, REQUESTS)
    with pytest.raises(ConnectError):
        await client(ScriptedTransport(ConnectError("refused"))).get("pods")
    assert lines(caplog) == ["GET /api/v1/pods: no response after 0.0 ms: ConnectError: refused"]


@in_virtual_time
async def test_each_hop_of_a_redirect_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, REQUESTS)
    moved = ScriptedResponse(302, headers={"Location": "/prefix/api/v1/nodes"})
    await client(ScriptedTransport(moved, list_of([], "1"), checked=False)).get("pods")
    assert [line.partition(" in ")[0] for line in lines(caplog)] == ["GET /api/v1/pods: 302", "GET /api/v1/nodes: 200"]


@in_virtual_time
async def test_a_watch_has_a_line_when_it_is_open(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, REQUESTS)
    transport = ScriptedTransport(watch_response(event("ADDED", POD), delay=0.5))
    async with client(transport).watch("pods", into=core_v1.Pod, params={"resourceVersion": "7"}) as events:
        assert lines(caplog) == ["GET /api/v1/pods?resourceVersion=7&watch=true: 200 in 500.0 ms, body follows"]
        assert [each.type async for each in events] == ["ADDED"]
    assert len(lines(caplog)) == 1


class Upgrading(ScriptedTransport):
    """A transport whose upgrades end with this error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def upgrade(self, request: Request, **_: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            UpgradeRefused(Response(400, Headers(), b"no"), method="GET", path="/x"),
            "GET /api/v1/namespaces/x/pods/a/exec?command=<hidden>&tty=true: 400 in 0.0 ms, 2 bytes",
        ),
        (
            ConnectError("refused"),
            "GET /api/v1/namespaces/x/pods/a/exec?command=<hidden>&tty=true: no response after 0.0 ms: "
            "ConnectError: refused",
        ),
    ],
    ids=["refused by the server", "not connected"],
)
@in_virtual_time
async def test_an_upgrade_that_fails_has_a_line(caplog: pytest.LogCaptureFixture, error: Exception, line: str) -> None:
    caplog.set_level(logging.DEBUG, REQUESTS)
    rest = client(Upgrading(error))
    request = rest.new_request("GET", "/api/v1/namespaces/x/pods/a/exec?command=s3cret&tty=true")
    with pytest.raises(kubeloop.KubeloopError):
        async with rest.upgrade(request, subprotocols=[]):
            pass
    assert lines(caplog) == [line]


@in_virtual_time
async def test_trace_has_the_curl_form_and_the_headers_of_the_response(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(TRACE, REQUESTS)
    headers = {"Content-Type": "application/json", "Audit-Id": "a-1", "Set-Cookie": "session=s3cret"}
    transport = ScriptedTransport(ScriptedResponse(chunks=(b"{}",), headers=headers))
    await client(transport).post(
        "pods", namespace="x", body=b"{}", into=bytes, headers={"X-Api": "s3cret"}, params={"dryRun": "All"}
    )
    curl, done, received = lines(caplog)
    assert curl == (
        "curl -v -XPOST -H 'X-Api: <hidden>' -H 'Accept: application/json' -H 'Content-Type: application/json' "
        "--data-binary '<2 bytes>' 'https://server:6443/prefix/api/v1/namespaces/x/pods?dryRun=All'"
    )
    assert done == "POST /api/v1/namespaces/x/pods?dryRun=All: 200 in 0.0 ms, 2 bytes"
    assert received == (
        "POST /api/v1/namespaces/x/pods?dryRun=All: response headers: "
        "content-type: application/json, audit-id: a-1, set-cookie: <hidden>"
    )
    assert [record.levelno for record in caplog.records] == [TRACE, logging.DEBUG, TRACE]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Basic YWxhZGRpbjpvcGVuc2VzYW1l", "Basic <hidden>"),
        ("Authorization", "Basic", "<hidden>"),
        ("authorization", "basic", "<hidden>"),
        ("Authorization", "Bearer cn389ncoiwuencr", "Bearer <hidden>"),
        ("AUTHORIZATION", "bearer cn389ncoiwuencr", "bearer <hidden>"),
        ("Authorization", "Bearer", "<hidden>"),
        ("Authorization", "bearer ", "bearer"),
        ("Authorization", "Negotiate cn389ncoiwuencr", "Negotiate <hidden>"),
        ("Authorization", "Negotiate ", "Negotiate"),
        ("Authorization", "abc cn389ncoiwuencr", "<hidden>"),
        ("Authorization", "cn389ncoiwuencr", "<hidden>"),
        ("Authorization", "", ""),
        ("Abc", "Negotiate cn389ncoiwuencr", "<hidden>"),
        ("Accept", "Bearer-like", "Bearer-like"),
    ],
)
@in_virtual_time
async def test_an_authorization_shows_its_scheme(
    caplog: pytest.LogCaptureFixture, name: str, value: str, shown: str
) -> None:
    """As client-go's TestMaskValue; other headers than known harmless ones are masked too."""
    caplog.set_level(TRACE, REQUESTS)
    rest = client(ScriptedTransport(ScriptedResponse.of({}), checked=False))
    await rest.get("/version", headers={name: value})
    assert f" -H '{name}: {shown}' " in lines(caplog)[0]


TOKEN = "s3cret-t0ken-of-the-user"
BODY = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}, "stringData": {"password": TOKEN}}


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"token": TOKEN}, {}),
        ({"username": "me", "password": TOKEN}, {}),
        ({}, {"headers": {"Authorization": f"Bearer {TOKEN}"}}),
        ({}, {"headers": {"Cookie": TOKEN, "X-Anything": TOKEN}}),
        ({}, {"params": {"access_token": TOKEN, "command": ["echo", TOKEN], "continue": TOKEN}}),
        ({}, {"params": {"fieldSelector": f"a=Bearer {TOKEN}"}}),
    ],
)
@pytest.mark.parametrize("failure", [None, ConnectionLost(f"the proxy said: Bearer {TOKEN}")])
@in_virtual_time
async def test_no_secret_is_in_any_line(
    caplog: pytest.LogCaptureFixture, settings: dict[str, Any], options: dict[str, Any], failure: Exception | None
) -> None:
    caplog.set_level(1)
    echoed = {"Content-Type": "application/json", "Location": TOKEN, "Audit-Id": f"Bearer {TOKEN}", "X-Echo": TOKEN}
    transport = ScriptedTransport(failure or ScriptedResponse.of(BODY, headers=echoed), checked=False)
    rest = client(transport, **settings)
    try:
        await rest.post("secrets", namespace="x", body=BODY, **options)
    except ConnectionLost:
        assert failure is not None
    assert len(lines(caplog)) == (3 if failure is None else 2)
    assert TOKEN not in caplog.text


@in_virtual_time
async def test_a_parameter_with_a_credential_that_was_sent_before_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    rest = client(ScriptedTransport(list_of([], "1"), list_of([], "1")), token=TOKEN)
    await rest.get("pods")
    caplog.set_level(TRACE, REQUESTS)
    await rest.get("pods", params={"labelSelector": f"app={TOKEN}"})
    assert [TOKEN in line for line in lines(caplog)] == [False, False, False]
    assert lines(caplog)[1].startswith("GET /api/v1/pods?labelSelector=<hidden>: 200 in ")


@in_virtual_time
async def test_a_parameter_without_a_value_is_masked_unless_it_is_known(caplog: pytest.LogCaptureFixture) -> None:
    """Services behind the proxy of the API server choose the form of their queries."""
    caplog.set_level(TRACE, REQUESTS)
    rest = client(ScriptedTransport(ScriptedResponse(headers={}), checked=False))
    await rest.send(rest.new_request("GET", f"/api/v1/namespaces/a/services/b/proxy/c?{TOKEN}&watch&&name="))
    assert TOKEN not in caplog.text
    assert lines(caplog)[1].startswith("GET /api/v1/namespaces/a/services/b/proxy/c?<hidden>&watch&&name=: 200 in ")


@in_virtual_time
async def test_a_line_is_printable_and_bounded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(TRACE, REQUESTS)
    headers = {"Audit-Id": "a\x1b[31m" + "b" * 100_000}
    transport = ScriptedTransport(ScriptedResponse(headers=headers), checked=False)
    await client(transport).get("/version", params={"labelSelector": "c" * 100_000}, into=bytes)
    assert len(lines(caplog)) == 3
    assert all(line.isprintable() and len(line) < 5000 for line in lines(caplog))
