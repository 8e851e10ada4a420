"""Bytes that a server sent unasked on a kept connection are never taken as the response to another request (C1)."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress

import pytest

from kubeloop.config import Config
from kubeloop.errors import TransportError
from kubeloop.transport.base import UpgradeRefused
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import authority
from tests.support.raw_server import Connection, RawServer, Received, raw_server, settled

FORGED = b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"them"'
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
UNASKED = {
    "a response": FORGED,
    "two responses": FORGED * 2,
    "HAProxy's 408": TIMED_OUT,
    "half a head": b"HTTP/1.1 200 OK\r\nX: ",
    "half a status line": b"HT",
    "half a body": FORGED[:-3],
    "the end of a chunk": b"0\r\n\r\n",
    "no HTTP": b"garbage",
}


def _response(target: str) -> bytes:
    body = f'"{target}"'.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Echo:
    """A server that responds with the requested path, and sends more bytes when a test requires it."""

    def __init__(self, server: RawServer, connections: list[Connection]) -> None:
        self.server = server
        self._connections = connections

    def say(self, data: bytes) -> None:
        """Write on the newest connection, at once: the bytes have reached the client's socket on return."""
        self._connections[-1].writer.write(data)

    def end(self, *, all_of_them: bool = False) -> None:
        """End the newest connection, at once."""
        for connection in self._connections if all_of_them else self._connections[-1:]:
            # A duplicate, because uvloop does not allow its users to shut down the socket itself.
            with socket.socket(fileno=os.dup(connection.writer.get_extra_info("socket").fileno())) as end:
                end.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Reset the newest connection, in a moment."""
        writer = self._connections[-1].writer
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


@asynccontextmanager
async def echo(tls: object, *, after: bytes = b"", chunked: bool = False) -> AsyncIterator[Echo]:
    connections: list[Connection] = []

    async def step(connection: Connection, received: Received) -> None:
        if connection not in connections:
            connections.append(connection)
        response = _response(received.target)
        if chunked:
            body = response.partition(b"\r\n\r\n")[2]
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            response = b"%s%x\r\n%s\r\n0\r\n\r\n" % (head, len(body), body)
        # In one piece, so that the client reads both at once.
        await connection.send(response + after)

    async with raw_server(step, tls=tls) as server:  # type: ignore[arg-type]
        yield Echo(server, connections)


Open = Callable[[Echo], HTTPTransport]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    transports: list[HTTPTransport] = []

    def open_(echo: Echo) -> HTTPTransport:
        transports.append(HTTPTransport(Config(host=echo.server.url, ca_data=authority().certificate)))
        return transports[-1]

    yield open_
    for transport in transports:
        await transport.close()


async def ask(transport: HTTPTransport, target: str, method: str = "GET") -> str:
    return (await transport.request(Request(method, target), timeout=5)).body.decode().strip('"')


async def _busy() -> None:
    """Block the loop: the bytes stay in the operating system."""


@pytest.mark.parametrize("wait", [settled, _busy], ids=["idle loop", "busy loop"])
@pytest.mark.parametrize("unasked", UNASKED)
async def test_what_arrives_on_an_idle_connection_is_no_response(
    opened: Open, tls: object, unasked: str, wait: Callable[[], Awaitable[None]]
) -> None:
    async with echo(tls) as server:
        transport = opened(server)
        assert await ask(transport, "/one") == "/one"
        server.say(UNASKED[unasked])
        await wait()
        # A POST is never repeated: the next bytes are the response to it.
        assert await ask(transport, "/two", "POST") == "/two"
        assert await ask(transport, "/three", "POST") == "/three"
        assert server.server.connections == 2


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("unasked", [name for name in UNASKED if name != "the end of a chunk"])
async def test_bytes_after_a_response_are_not_part_of_the_next(
    opened: Open, tls: object, unasked: str, chunked: bool
) -> None:
    async with echo(tls, after=UNASKED[unasked], chunked=chunked) as server:
        transport = opened(server)
        for number, target in enumerate(("/one", "/two", "/three"), 1):
            # Bytes that are not HTTP may fail the request that they arrived with.
            with suppress(TransportError) if unasked == "no HTTP" else nullcontext():
                assert await ask(transport, target) == target
            assert server.server.connections == number


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("wait", [settled, _busy], ids=["idle loop", "busy loop"])
async def test_a_connection_that_the_server_closed_is_not_used_for_a_write(
    opened: Open, tls: object, wait: Callable[[], Awaitable[None]], method: str
) -> None:
    """(C2) Even if the loop was blocked and has not noticed yet."""
    async with echo(tls) as server:
        transport = opened(server)
        await ask(transport, "/one")
        server.end()
        await wait()
        assert await ask(transport, "/two", method) == "/two"
        assert server.server.connections == 2


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_connection_that_the_server_reset_is_not_used_for_a_write(
    opened: Open, tls: object, method: str
) -> None:
    """(C2)"""
    async with echo(tls) as server:
        transport = opened(server)
        await ask(transport, "/one")
        server.reset()
        await settled()
        assert await ask(transport, "/two", method) == "/two"


@pytest.mark.parametrize("wait", [settled, _busy], ids=["idle loop", "busy loop"])
async def test_when_the_server_closed_all_kept_connections_writes_use_new_ones(
    opened: Open, tls: object, wait: Callable[[], Awaitable[None]]
) -> None:
    """(C2) As when an API server restarts."""
    async with echo(tls) as server:
        transport = opened(server)
        await asyncio.gather(*(ask(transport, f"/{number}") for number in range(10)))
        server.end(all_of_them=True)
        await wait()
        targets = [f"/{number}" for number in range(10)]
        assert await asyncio.gather(*(ask(transport, target, "PUT") for target in targets)) == targets


async def test_a_connection_on_which_nothing_arrived_is_used_again(opened: Open, tls: object) -> None:
    """With TLS 1.3 the server sends session tickets, which are not bytes of a response."""
    async with echo(tls) as server:
        transport = opened(server)
        for number in range(20):
            assert await ask(transport, f"/{number}") == f"/{number}"
        assert server.server.connections == 1


async def test_a_refused_websocket_raises_with_the_servers_own_response(opened: Open, tls: object) -> None:
    async with echo(tls) as server:
        transport = opened(server)
        await ask(transport, "/one")
        server.say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nthem!!")
        with pytest.raises(UpgradeRefused) as caught:
            async with transport.upgrade(Request("GET", "/two"), subprotocols=["v5"], timeout=5):
                pytest.fail("upgraded")
        assert (caught.value.response.status, caught.value.response.body) == (200, b'"/two"')


async def test_cancelling_while_a_connection_is_inspected_leaves_nothing_behind(opened: Open, tls: object) -> None:
    async with echo(tls) as server:
        transport = opened(server)
        for turns in range(6):
            await ask(transport, "/one")
            server.say(FORGED)
            task = asyncio.create_task(ask(transport, "/two"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await ask(transport, "/three") == "/three"
        await settled()
        assert repr(transport._pool) == "<Pool 1 connections, 1 idle>"
