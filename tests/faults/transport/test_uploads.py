"""Bodies of requests: responses during an upload, its early ends, and what is sent twice; over HTTP and TLS."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

import pytest

from kubeloop.errors import ConnectionLost
from kubeloop.wire.request import Request
from tests.support.raw_server import Connection, Received, raw_server, reply, say, settled, vanish
from tests.support.transports import transport_to

TLS = ssl.SSLContext | None
GET = Request("GET", "/api/v1/pods")
LARGE = Request("POST", "/api/v1/secrets", {}, bytes(range(256)) * (64 << 10))


async def test_a_large_body_arrives_whole_and_without_expect(tls: TLS) -> None:
    async with raw_server(reply(b"{}"), tls=tls) as server, transport_to(server) as transport:
        for _ in range(2):
            assert (await transport.request(LARGE)).status == 200
        assert server.connections == 1
        for received in server.requests:
            assert received.body == LARGE.body
            assert received.header("Expect") is None


async def test_a_response_may_need_the_body_whose_sending_it_overtakes(tls: TLS) -> None:
    body = LARGE.body
    assert body is not None

    async def echo(connection: Connection, received: Received) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        left = len(body)
        while left:
            data = await connection.reader.read(1 << 16)
            left -= len(data)
            await connection.send(data)

    async with raw_server(echo, tls=tls, reads_body=False) as server, transport_to(server) as transport:
        for _ in range(2):
            assert (await transport.request(LARGE)).body == body


@pytest.mark.parametrize("status", [200, 401, 413, 429])
async def test_a_response_before_the_body_is_sent_is_delivered_and_ends_the_connection(status: int, tls: TLS) -> None:
    """The server reads nothing of the body, so the client cannot have sent all of it."""

    async def early(connection: Connection, received: Received) -> None:
        await reply(b"no", status=status, headers=[("Retry-After", "7")])(connection, received)
        await asyncio.wait_for(_until_broken(connection), 30)
        server.closed_by_client.set()

    async with raw_server(early, reply(), tls=tls, reads_body=False) as server, transport_to(server) as transport:
        response = await transport.request(LARGE)
        assert (response.status, response.body, response.headers["Retry-After"]) == (status, b"no", "7")
        await asyncio.wait_for(server.closed_by_client.wait(), 30)
        assert (await transport.request(GET)).status == 200
        assert server.connections == 2


async def _until_broken(connection: Connection) -> None:
    """Wait until the client has closed, and read only as much as the client had to send to see the response."""
    size = 0
    with suppress(ConnectionError, ssl.SSLError):
        while data := await connection.reader.read(1 << 16):
            size += len(data)
    assert size < len(LARGE.body or b"")


async def test_the_body_of_an_early_response_is_read_while_the_upload_is_stuck(tls: TLS) -> None:
    body = b"x" * (8 << 20)

    async def early(connection: Connection, received: Received) -> None:
        await reply(body, status=413)(connection, received)
        await asyncio.Event().wait()

    async with raw_server(early, tls=tls, reads_body=False) as server, transport_to(server) as transport:
        async with transport.stream(LARGE) as stream:
            assert stream.status == 413
            assert await stream.read() == body
        await settled()
        assert repr(transport._pool) == "<Pool 0 connections, 0 idle>"


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_server_that_ends_in_the_middle_of_an_upload(then: str, tls: TLS) -> None:
    async def step(connection: Connection, received: Received) -> None:
        await connection.reader.readexactly(1 << 20)
        await say(b"", then=then)(connection, received)

    async with raw_server(step, tls=tls, reads_body=False) as server, transport_to(server) as transport:
        with pytest.raises(ConnectionLost, match="the request was sent, and may have been carried out"):
            await transport.request(LARGE)
        assert len(server.requests) == 1


async def test_cancelling_an_upload_closes_its_connection(tls: TLS) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def step(connection: Connection, received: Received) -> None:
        started.set()
        await _until_broken(connection)
        ended.set()

    async with raw_server(step, tls=tls, reads_body=False) as server, transport_to(server) as transport:
        task = asyncio.create_task(transport.request(LARGE))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(ended.wait(), 30)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_read_is_retried_once(method: str, tls: TLS) -> None:
    request = Request(method, "/api/v1/pods")
    async with raw_server(reply(b""), vanish(), tls=tls) as server, transport_to(server) as transport:
        await transport.request(request)
        with pytest.raises(ConnectionLost):
            await transport.request(request)
        assert [each.method for each in server.requests] == [method] * 3
        assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_read_is_not_retried_after_a_response_began(method: str, tls: TLS) -> None:
    request = Request(method, "/api/v1/pods")
    async with raw_server(reply(b""), say(b"HTTP/1.1 2"), tls=tls) as server, transport_to(server) as transport:
        await transport.request(request)
        with pytest.raises(ConnectionLost):
            await transport.request(request)
        assert len(server.requests) == 2


@pytest.mark.parametrize("size", [0, 10, 16 << 20])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_partly_sent_write_is_not_retried(method: str, size: int, tls: TLS) -> None:
    request = Request(method, "/api/v1/pods/a", {}, bytes(size))
    step = (reply(), vanish())
    async with raw_server(*step, tls=tls, reads_body=False) as server, transport_to(server) as transport:
        await transport.request(GET)
        with pytest.raises(ConnectionLost, match="the request was sent, and may have been carried out"):
            await transport.request(request)
        assert [each.method for each in server.requests] == ["GET", method]
