"""The end of a server: who is closed at once, who may finish, and what bounds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from kubeloop.serving.connection_set import ConnectionSet
from kubeloop.serving.refusal import plain_refusal
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.serving import GET, Client, request


async def ticks() -> AsyncGenerator[bytes]:
    while True:
        yield b"tick"
        await asyncio.sleep(1)


async def respond(received: Request) -> Response | StreamedResponse:
    """Stream, or respond after as many seconds as the path says."""
    if received.path == "/stream":
        return StreamedResponse(ticks())
    if received.path == "/large":
        return Response(200, Headers(), b"x" * 1_000_000)
    await asyncio.sleep(float(received.path[1:]))
    return Response(200, Headers(), b"done")


def server_of() -> ConnectionSet:
    return ConnectionSet(respond, plain_refusal, max_body_bytes=1000, wall_clock=lambda: 0.0)


def client_of(server: ConnectionSet, data: bytes = b"") -> Client:
    client = Client(respond, server=server)
    client.send(data)
    return client


@in_virtual_time
async def test_without_connections_nothing_waits() -> None:
    await server_of().stop(5)
    assert elapsed() == 0.0


@in_virtual_time
async def test_idle_connections_are_closed_at_once() -> None:
    server = server_of()
    client = client_of(server)
    used = client_of(server, request("GET", "/0"))
    await settle()
    await server.stop(5)
    assert client.is_closed()
    assert used.is_closed()
    assert elapsed() == 0.0
    assert len(server) == 0


@in_virtual_time
async def test_running_requests_end_and_streams_end_after_them_in_order() -> None:
    server = server_of()
    running, streaming = client_of(server, request("GET", "/2.5")), client_of(server, request("GET", "/stream"))
    await settle()
    await server.stop(5)
    assert elapsed() == 2.5
    (answer,) = running.responses()
    assert (answer.status, answer.body) == (200, b"done")
    (stream,) = streaming.responses()  # it has the last chunk
    assert stream.body == b"tick" * 3
    assert len(server) == 0


@in_virtual_time
async def test_the_grace_bounds_requests_that_do_not_end() -> None:
    server = server_of()
    running, partial = client_of(server, request("GET", "/3600")), client_of(server, GET[:-2])
    await settle()
    await server.stop(5)
    assert elapsed() == 5.0
    assert (running.received(), partial.received()) == (b"", b"")
    assert running.is_closed()
    assert partial.is_closed()


@in_virtual_time
async def test_a_request_that_arrives_during_the_grace_is_answered_and_is_the_last() -> None:
    server = server_of()
    partial = client_of(server, b"GET /0 HTTP/1.1\r\nHost: a\r\n")
    stopping = asyncio.ensure_future(server.stop(5))
    await asyncio.sleep(1)
    partial.send(b"\r\n" + GET)
    await stopping
    assert elapsed() == 1.0
    (answer,) = partial.responses()
    assert (answer.status, answer.headers["Connection"]) == (200, "close")


@in_virtual_time
async def test_a_connection_that_begins_during_the_grace_is_closed() -> None:
    server = server_of()
    client_of(server, request("GET", "/1"))
    await settle()
    stopping = asyncio.ensure_future(server.stop(5))
    await settle()
    late = Client(respond, server=server)
    assert late.is_closed()
    await stopping
    assert len(server) == 0


@pytest.mark.parametrize("path", ["/large", "/stream", "/0"])
@in_virtual_time
async def test_clients_that_do_not_read_delay_the_end_by_a_second(path: str) -> None:
    server = server_of()
    client = Client(respond, server=server)
    client.socket.accepts = 0
    client.send(request("GET", path))
    await settle()
    await server.stop(5)
    assert elapsed() <= 6.0
    assert client.socket.is_closing()
    assert len(server) == 0


@in_virtual_time
async def test_what_is_cut_off_does_not_look_complete() -> None:
    server = server_of()
    client = Client(respond, server=server)
    client.socket.accepts = 300_000
    client.send(request("GET", "/large", "Accept-Encoding: gzip").replace(b"gzip", b"none"))
    await settle()
    await server.stop(0)
    data = client.received()
    assert b"Content-Length: 1000000\r\n" in data
    assert len(data) < 1_000_000


@in_virtual_time
async def test_a_cancelled_stop_closes_everything_at_once() -> None:
    server = server_of()
    client = client_of(server, request("GET", "/3600"))
    await settle()
    stopping = asyncio.ensure_future(server.stop(60))
    await asyncio.sleep(1)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert elapsed() == 1.0
    assert client.is_closed()
    assert len(server) == 0
