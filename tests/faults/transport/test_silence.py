"""The effects of three minutes without a byte, wherever the silence begins; over HTTP and TLS.

The clock is moved by ten seconds at a time, since connections are checked every ten seconds.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kubeloop.errors import APIError, RequestTimeout, ServerSilent
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.transport.base import UpgradeRefused
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.raw_server import Connection, Received, hang, raw_server, reply, say, settled
from tests.support.skewed_loop import skewed, skip
from tests.support.transports import transport_to

TLS = ssl.SSLContext | None
GET = Request("GET", "/api/v1/pods")
LARGE = Request("PUT", "/api/v1/secrets/a", {}, bytes(64 << 20))
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SILENT = r"the server is silent: nothing was sent or received; the request was sent, and may have been carried out"


async def pass_time(seconds: int) -> None:
    for _ in range(seconds // 10):
        skip(10)
        await settled()


async def until_done(task: asyncio.Future[Any], seconds: int) -> None:
    for _ in range(seconds // 10):
        if task.done():
            return
        await pass_time(10)
    pytest.fail(f"timed out after {seconds} s")


async def _request(transport: HTTPTransport) -> object:
    return await transport.request(GET)


async def _upload(transport: HTTPTransport) -> object:
    return await transport.request(LARGE)


async def _stream(transport: HTTPTransport) -> object:
    async with transport.stream(GET) as stream:
        return [chunk async for chunk in stream]


async def _upgrade(transport: HTTPTransport) -> object:
    async with transport.upgrade(Request("GET", "/exec"), subprotocols=["v5"]) as channel:
        return channel


SILENCES: dict[str, tuple[Callable[[HTTPTransport], Awaitable[object]], bytes]] = {
    "writing": (_upload, b""),
    "head": (_request, b""),
    "half a head": (_request, b"HTTP/1.1 200 OK\r\nContent-"),
    "after an interim response": (_request, b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body with a length": (_request, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
    "chunked body": (_request, CHUNKED + b"4\r\nhalf\r\n"),
    "body until the end": (_request, b"HTTP/1.1 200 OK\r\n\r\nhalf"),
    "gzip": (_request, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n\x1f\x8b"),
    "watch": (_stream, CHUNKED + b"4\r\nhalf\r\n"),
    "watch without an event": (_stream, CHUNKED),
    "upgrade": (_upgrade, b""),
}


@pytest.mark.parametrize("where", SILENCES)
@skewed
async def test_three_minutes_of_silence_end_a_call(where: str, tls: TLS) -> None:
    """(C6, C7, D13) Also while the server does not read the request: the kernel's buffers accept some megabytes."""
    call, said = SILENCES[where]
    async with raw_server(say(said, then="wait") if where != "writing" else _reads_nothing, tls=tls,
                          reads_body=False) as server, transport_to(server) as transport:  # fmt: skip
        task = asyncio.ensure_future(call(transport))
        await server.asked.wait()
        await settled()
        await pass_time(170)
        assert not task.done()
        await until_done(task, 2_000)  # the kernel accepts some of a body later than the rest
        with pytest.raises(ServerSilent, match=SILENT) as caught:
            await task
        assert caught.value.retryable
        assert repr(transport._pool) == "<Pool 0 connections, 0 idle>"


async def _reads_nothing(connection: Connection, received: Received) -> None:
    await asyncio.Event().wait()


@skewed
async def test_a_byte_now_and_then_is_enough(tls: TLS) -> None:
    """(C6) The total is not limited while bytes arrive, be it the head (D9) or the body."""
    pieces = [b"HTTP/1.1 200", b" OK\r\nContent-Length: 4\r\n", b"\r\n", b"l", b"a", b"t", b"e"]

    async def step(connection: Connection, received: Received) -> None:
        for piece in pieces:
            await asyncio.sleep(165)
            await connection.send(piece)

    async with raw_server(step, tls=tls) as server, transport_to(server) as transport:
        task = asyncio.create_task(transport.request(GET))
        await server.asked.wait()
        await settled()
        await until_done(task, 1_500)
        assert (await task).body == b"late"


@skewed
async def test_a_watch_whose_head_comes_after_two_minutes_works(tls: TLS) -> None:
    """(D9)"""

    async def step(connection: Connection, received: Received) -> None:
        await asyncio.sleep(120)
        await connection.send(CHUNKED + b"5\r\nevent\r\n")
        await asyncio.sleep(120)
        await connection.send(b"4\r\nmore\r\n0\r\n\r\n")

    async with raw_server(step, tls=tls) as server, transport_to(server) as transport:
        task = asyncio.ensure_future(_stream(transport))
        await server.asked.wait()
        await settled()
        await pass_time(250)
        assert await task == [b"event", b"more"]


@skewed
async def test_a_slow_upload_continues_as_long_as_the_server_reads_a_little(tls: TLS) -> None:
    """(C6) 64 MiB, of which the server reads some every 170 seconds."""

    async def step(connection: Connection, received: Received) -> None:
        left = len(LARGE.body or b"")
        while left:
            await asyncio.sleep(170)
            left -= len(await connection.reader.readexactly(min(left, 8 << 20)))
        await reply(b"all")(connection, received)

    async with raw_server(step, tls=tls, reads_body=False) as server, transport_to(server) as transport:
        task = asyncio.create_task(transport.request(LARGE))
        await server.asked.wait()
        await until_done(task, 5_000)
        assert (await task).body == b"all"


@skewed
async def test_a_log_may_be_silent_but_its_head_may_not(tls: TLS) -> None:
    """(C6)"""
    request = Request("GET", "/log", may_fall_silent=True)
    late = asyncio.Event()

    async def step(connection: Connection, received: Received) -> None:
        await connection.send(CHUNKED + b"4\r\nline\r\n")
        await late.wait()
        await connection.send(b"4\r\nlate\r\n0\r\n\r\n")

    async with raw_server(step, hang(), tls=tls) as server, transport_to(server) as transport:
        async with transport.stream(request) as stream:
            assert await anext(aiter(stream)) == b"line"
            rest = asyncio.ensure_future(stream.read())
            await pass_time(3_600)
            assert not rest.done()
            late.set()
            assert await rest == b"late"
        server.asked.clear()

        async def open_again() -> None:
            async with transport.stream(request):
                pytest.fail("entered")

        task = asyncio.create_task(open_again())
        await server.asked.wait()
        await pass_time(200)
        with pytest.raises(ServerSilent, match=SILENT):
            await task


@skewed
async def test_the_next_exchange_of_a_connection_has_three_minutes_of_its_own(tls: TLS) -> None:
    """(C6) The time while the connection was kept does not count."""
    async with raw_server(reply(), hang(), tls=tls) as server, transport_to(server) as transport:
        await transport.request(GET)
        await pass_time(50)
        server.asked.clear()
        task = asyncio.create_task(transport.request(Request("POST", "/api/v1/pods", {}, b"{}")))
        await server.asked.wait()
        assert server.connections == 1
        await pass_time(170)
        assert not task.done()
        await pass_time(20)
        with pytest.raises(ServerSilent, match=SILENT):
            await task


HALF_AN_ERROR = b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
@pytest.mark.parametrize("verb", ["get", "watch", "stream", "upgrade"])
@skewed
async def test_an_error_whose_body_never_comes_ends_with_the_timeout(verb: str, status: int, tls: TLS) -> None:
    """(F4)"""

    async def call(transport: HTTPTransport) -> None:
        rest = RESTClient(transport._config.replace(ca_data=None), group_version="v1", transport=transport)
        if verb == "get":
            await rest.get("pods", name="a", namespace="x", timeout=5)
        elif verb == "upgrade":
            async with transport.upgrade(Request("GET", "/exec"), subprotocols=["v5"], timeout=5):
                pytest.fail("entered")
        elif verb == "watch":
            async with rest.watch("pods", into=core_v1.Pod, timeout=5):
                pytest.fail("entered")
        else:
            async with rest.stream("pods", name="a", namespace="x", subresource="log", timeout=5):
                pytest.fail("entered")

    step = say(HALF_AN_ERROR % status, then="wait")
    async with raw_server(step, tls=tls) as server, transport_to(server) as transport:
        task = asyncio.create_task(call(transport))
        await server.asked.wait()
        await settled()
        assert not task.done()
        for _ in range(6):
            skip(1)
            await settled()
        assert task.done()
        with pytest.raises((APIError, RequestTimeout, UpgradeRefused)) as caught:
            await task
        if isinstance(caught.value, APIError):
            assert caught.value.code == status
