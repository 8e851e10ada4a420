"""Channels against a real WebSocket server: subprotocols, frames, close codes, refusals."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMsgType, web

from kubeloop.config import Config
from kubeloop.errors import BodyTooLarge, ConnectError, ConnectionLost, RequestTimeout, TransportError
from kubeloop.transport.base import UpgradeRefused
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.raw_server import hang, raw_server, reply, say

EXEC = Request("GET", "/api/v1/namespaces/a/pods/b/exec?command=ls&command=%2Ftmp", {"X-Mine": "1"})
PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]


@asynccontextmanager
async def websocket_server(talk, protocols=("v4.channel.k8s.io",)):
    seen = []

    async def handle(request):
        seen.append(request)
        socket = web.WebSocketResponse(protocols=protocols)
        await socket.prepare(request)
        await talk(socket)
        return socket

    app = web.Application()
    app.router.add_get("/{tail:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    transport = HTTPTransport(Config(host=f"http://127.0.0.1:{port}"))
    try:
        yield transport, seen
    finally:
        await transport.close()
        await runner.cleanup()


async def echo(socket):
    async for message in socket:
        await (socket.send_bytes(message.data) if message.type == WSMsgType.BINARY else socket.send_str(message.data))


async def test_carries_binary_messages_both_ways():
    async with websocket_server(echo) as (transport, seen):
        async with transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
            assert channel.subprotocol == "v4.channel.k8s.io"
            assert channel.close_code is None
            assert channel.headers["upgrade"] == "websocket"
            for message in (b"\x00stdin", b"", b"x" * 100_000):
                await channel.send(message)
                assert await channel.receive() == message
        assert channel.close_code == 1000
        with pytest.raises(ConnectionLost):
            await channel.send(b"late")
        (request,) = seen
        assert request.raw_path == EXEC.target
        assert request.headers["X-Mine"] == "1"
        assert request.headers["Sec-WebSocket-Protocol"] == "v5.channel.k8s.io,v4.channel.k8s.io"
        assert "kubeloop" in request.headers["User-Agent"]
        assert "Python" not in request.headers["User-Agent"]


async def test_gives_text_as_its_bytes():
    async def talk(socket):
        await socket.send_str("é")

    async with websocket_server(talk) as (transport, _), transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
        assert await channel.receive() == "é".encode()


async def test_ends_when_the_server_closes_in_good_order():
    async def talk(socket):
        await socket.send_bytes(b"last")
        await socket.close()

    async with websocket_server(talk) as (transport, _), transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
        assert await channel.receive() == b"last"
        assert await channel.receive() is None
        assert await channel.receive() is None
        assert channel.close_code == 1000


async def test_tells_the_code_of_a_channel_that_was_closed_for_a_reason():
    async def talk(socket):
        await socket.close(code=1011, message=b"stream failed")

    async with websocket_server(talk) as (transport, _), transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
        with pytest.raises(ConnectionLost, match="with code 1011: stream failed"):
            await channel.receive()
        assert channel.close_code == 1011


async def test_tells_when_the_connection_breaks():
    async def talk(socket):
        socket._req.transport.abort()

    async with websocket_server(talk) as (transport, _), transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
        with pytest.raises(ConnectionLost):
            await channel.receive()


async def test_refuses_a_message_that_is_too_large():
    async def talk(socket):
        await socket.send_bytes(b"x" * (17 << 20))
        await socket.receive()

    async with websocket_server(talk) as (transport, _), transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
        with pytest.raises(BodyTooLarge):
            await channel.receive()


async def test_refuses_a_server_that_speaks_none_of_the_subprotocols():
    async with websocket_server(echo, protocols=("other",)) as (transport, _):
        with pytest.raises(TransportError, match="none of the subprotocols") as caught:
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
                pass
        assert not caught.value.retryable


async def test_does_without_subprotocols():
    async with (
        websocket_server(echo, protocols=()) as (transport, _),
        transport.upgrade(EXEC, subprotocols=[]) as channel,
    ):
        assert channel.subprotocol == ""


@pytest.mark.parametrize("status", [403, 404, 307, 500, 200])
async def test_gives_back_what_a_server_says_that_refuses(status):
    body = b'{"kind":"Status","apiVersion":"v1","status":"Failure","code":403}'
    refusal = reply(body, status=status, headers=[("Location", "http://127.0.0.1:1/")])
    async with raw_server(refusal) as server:
        transport = HTTPTransport(Config(host=server.url))
        with pytest.raises(UpgradeRefused) as caught:
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
                pass
        await transport.close()
        assert caught.value.response.status == status
        assert caught.value.response.body == body
        assert len(server.requests) == 1


async def test_refuses_a_false_handshake():
    async with raw_server(
        say(b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", then="wait")
    ) as server:
        transport = HTTPTransport(Config(host=server.url))
        with pytest.raises(TransportError, match="not a WebSocket handshake"):
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
                pass
        await transport.close()


async def test_does_not_wait_longer_than_told():
    async with raw_server(hang()) as server:
        transport = HTTPTransport(Config(host=server.url))
        with pytest.raises(RequestTimeout, match=r"GET /api/v1/namespaces/a/pods/b/exec: not done within 0.1 s"):
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS, timeout=0.1):
                pass
        await transport.close()


async def test_says_that_it_cannot_connect():
    transport = HTTPTransport(Config(host="http://127.0.0.1:1"))
    with pytest.raises(ConnectError, match="connection refused"):
        async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
            pass
    await transport.close()


async def test_cancelling_closes_the_channel():
    closed = asyncio.Event()

    async def talk(socket):
        await socket.receive()
        closed.set()

    async def hold(transport, opened):
        async with transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
            opened.set()
            await channel.receive()

    async with websocket_server(talk) as (transport, _):
        opened = asyncio.Event()
        task = asyncio.create_task(hold(transport, opened))
        await opened.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(closed.wait(), 5)
