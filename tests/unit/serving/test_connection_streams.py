"""Responses in pieces: how they are sent, and how they end when the client or the handler leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any

import pytest

from kubeloop.errors import ConnectionLost
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.serving import (
    DATE,
    GET,
    Client,
    Counted,
    Received,
    later,
    pieces,
    request,
    turns,
)


@in_virtual_time
async def test_a_stream_is_sent_piece_by_piece() -> None:
    async def ticks() -> AsyncIterator[bytes]:
        for n in range(3):
            await asyncio.sleep(1)
            yield b"tick %d\n" % n
            yield b""

    client = Client(lambda _: StreamedResponse(ticks(), 203, {"A": "b"}))
    client.send(GET + GET)
    await settle()
    head = client.received()
    assert head.startswith(b"HTTP/1.1 203 ")
    assert head.endswith(b"\r\n\r\n")
    found = []
    for _ in range(3):
        await asyncio.sleep(1)
        await settle()
        found.append(client.received())
    assert found[:2] == [b"7\r\ntick 0\n\r\n", b"7\r\ntick 1\n\r\n"]
    assert found[2].startswith(b"7\r\ntick 2\n\r\n0\r\n\r\nHTTP/1.1 203 ")
    await client.leave()


@in_virtual_time
async def test_a_stream_to_an_old_client_ends_with_the_connection() -> None:
    client = Client(lambda _: StreamedResponse(pieces(b"a", b"b"), headers={}))
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    await settle()
    assert client.responses() == [Received(200, {"Date": DATE, "Connection": "close"}, b"ab")]
    assert client.is_closed()


@pytest.mark.parametrize("is_old", [False, True])
@in_virtual_time
async def test_the_stream_of_a_head_request_is_closed_unread(is_old: bool) -> None:
    stream = Counted()
    client = Client(stream.respond)
    client.send(b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" if is_old else request("HEAD"))
    await settle()
    (answer,) = client.responses("HEAD")
    assert (answer.body, "Transfer-Encoding" in answer.headers) == (b"", False)
    assert stream.read == 0
    assert not client.is_closed()
    await client.leave()


@in_virtual_time
async def test_a_client_that_reads_slowly_slows_the_stream_down() -> None:
    stream = Counted()
    client = Client(stream.respond)
    client.socket.accepts = 100_000
    client.send(GET)
    await settle()
    first = stream.read
    assert first < 30
    await settle()
    assert stream.read == first
    assert len(client.socket.waiting) < 100_000
    client.socket.accept(100_000)
    await settle()
    assert first < stream.read < 50
    await client.leave()
    assert stream.ends == [elapsed()]


@in_virtual_time
async def test_a_stream_that_never_waits_lets_others_run_and_ends_with_its_connection() -> None:
    stream = Counted(b"x")
    client = Client(stream.respond)
    client.send(GET)
    await turns(10)
    assert 0 < stream.read < 1000
    client.socket.close()  # nothing more can be sent, and the server learns it in the next turn
    await settle()
    assert stream.ends == [0.0]


@pytest.mark.parametrize("way", ["abort", "end"])
@pytest.mark.parametrize("piece", [b"", b"x" * 10_000])
@in_virtual_time
async def test_a_stream_is_closed_as_soon_as_its_client_leaves(way: str, piece: bytes) -> None:
    stream = Counted(piece)
    client = Client(stream.respond)
    client.socket.accepts = 10_000
    client.send(GET)
    await settle()
    assert stream.ends == []
    await asyncio.sleep(5)
    getattr(client.socket, way)()
    await turns(4)
    assert stream.ends == [5.0]
    client.socket.abort()
    await settle()
    assert len(client.server) == 0


@in_virtual_time
async def test_a_handler_is_cancelled_when_its_client_leaves() -> None:
    ends: list[str] = []

    async def handler(_: Request) -> Response:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        return Response(200)

    client = Client(handler)
    client.send(GET)
    await asyncio.sleep(1)
    await client.leave()
    assert ends == ["cancelled"]
    assert (len(client.server), client.received()) == (0, b"")


@in_virtual_time
async def test_a_handler_that_ignores_its_cancellation_sends_nothing() -> None:
    async def handler(_: Request) -> Response:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(2)
        return Response(200)

    client = Client(handler)
    client.send(GET)
    await settle()
    await client.leave()
    assert len(client.server) == 1
    await asyncio.sleep(3)
    assert (len(client.server), client.received()) == (0, b"")


class Subscription:
    """A stream that holds something from its creation to its end."""

    def __init__(self) -> None:
        self.is_closed = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(3600)
        return b""

    async def aclose(self) -> None:
        self.is_closed = True


@in_virtual_time
async def test_a_stream_after_an_ignored_cancellation_is_closed() -> None:
    subscription = Subscription()

    async def handler(_: Request) -> StreamedResponse:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        return StreamedResponse(subscription)

    client = Client(handler)
    client.send(GET)
    await settle()
    await client.leave()
    assert subscription.is_closed
    assert (len(client.server), client.received()) == (0, b"")


@pytest.mark.parametrize("count", range(6))
@in_virtual_time
async def test_what_a_handler_returns_is_closed_whenever_its_client_leaves(count: int) -> None:
    subscription = Subscription()
    future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    for result in (StreamedResponse(subscription), future, later(Request("GET", "/9"))):

        def handler(_: Request, result: StreamedResponse | Awaitable[Response] = result) -> Any:
            return result

        client = Client(handler)
        client.send(GET)
        await turns(count)
        client.socket.break_off(None)
        await settle()
        assert len(client.server) == 0
    assert subscription.is_closed
    assert future.cancelled()


@in_virtual_time
async def test_a_stream_that_fails_ends_the_connection_without_the_end_of_the_body(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield b"abc"
        raise RuntimeError("secret")

    client = Client(lambda _: StreamedResponse(broken()))
    client.send(GET)
    await settle()
    assert client.is_closed()
    assert client.received().endswith(b"3\r\nabc\r\n")
    assert "a response cannot be completed; closing the connection" in caplog.text
    assert "secret" in caplog.text


@in_virtual_time
async def test_a_transport_error_of_the_handler_or_of_a_body_closes_the_connection_without_a_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(received: Request) -> Response:
        raise ConnectionLost("as the test wants")

    async def fails_later(received: Request) -> Response:
        return fails(received)

    async def broken() -> AsyncGenerator[bytes]:
        yield b"abc"
        raise ConnectionLost("as the test wants")

    for handler in (fails, fails_later, lambda _: StreamedResponse(broken())):
        client = Client(handler)
        client.send(GET)
        await settle()
        assert client.is_closed()
        assert b"500" not in client.received()
        assert not client.received().endswith(b"0\r\n\r\n")
    assert not caplog.records
