"""Doubles of proxies: an HTTP proxy that opens tunnels, a SOCKS5 proxy that checks its input, and any other peer.

The proxies connect to 127.0.0.1 for every host that a client names: a test uses names that do not exist.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["ESTABLISHED", "Asked", "Peer", "http_proxy", "peer", "socks_proxy"]

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """A running server."""

    port: int = 0
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    """For an HTTP proxy: the first request on each connection."""
    asked: list[Asked] = field(default_factory=list)
    """For a SOCKS5 proxy: the requests."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client has connected."""
    open: int = 0


@dataclass
class Asked:
    """The request that a SOCKS5 proxy received."""

    methods: bytes = b""
    user: bytes | None = None
    password: bytes | None = None
    kind: int = 0
    host: str = ""
    port: int = 0


@asynccontextmanager
async def peer(serve: Serve, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """Run a server that does this with each connection; every connection is closed at the end of the block."""
    running = Peer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        running.connections += 1
        running.open += 1
        running.reached.set()
        try:
            # asyncio's streams report a cancelled task of a server as an error.
            with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
                await serve(reader, writer)
        finally:
            running.open -= 1
            writer.transport.abort()

    listening = await asyncio.start_server(serve_one, host, 0, ssl=tls)
    running.port = listening.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()


@asynccontextmanager
async def http_proxy(*pieces: bytes, tls: ssl.SSLContext | None = None, then: str = "join") -> AsyncIterator[Peer]:
    """Run a proxy that responds to CONNECT with these pieces, one per packet.

    Args:
        pieces: The response; `ESTABLISHED` if there is none.
        tls: For an HTTPS proxy.
        then: `join` the client with the server, `close`, or `wait` for the client to close.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        running.heads.append(head)
        for piece in pieces or (ESTABLISHED,):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then == "join":
            await _join(reader, writer, int(head.split()[1].rpartition(":")[2]))
        elif then == "wait":
            await reader.read()

    async with peer(serve, tls=tls) as running:
        yield running


@asynccontextmanager
async def socks_proxy(
    *, login: tuple[bytes, bytes] | None = None, reply: int = 0, bound: bytes = b"\x01\x7f\x00\x00\x01\x00\x50"
) -> AsyncIterator[Peer]:
    """Run a SOCKS5 proxy.

    Args:
        login: The user and password that the proxy requires.
        reply: The reply to a valid request.
        bound: The address and port that the proxy reports as its own end of the connection.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = Asked()
        running.asked.append(asked)
        version, count = await reader.readexactly(2)
        assert version == 5
        asked.methods = await reader.readexactly(count)
        method = 2 if login else 0
        if method not in asked.methods:
            writer.write(b"\x05\xff")
            await reader.read()
            return
        writer.write(bytes([5, method]))
        if login is not None:
            version, length = await reader.readexactly(2)
            assert version == 1
            asked.user = await reader.readexactly(length)
            asked.password = await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(bytes([1, login != (asked.user, asked.password)]))
            if login != (asked.user, asked.password):
                await reader.read()
                return
        version, command, reserved, asked.kind = await reader.readexactly(4)
        assert (version, command, reserved) == (5, 1, 0)
        if asked.kind == 3:
            asked.host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii")
        else:
            family, length = (socket.AF_INET, 4) if asked.kind == 1 else (socket.AF_INET6, 16)
            asked.host = socket.inet_ntop(family, await reader.readexactly(length))
        asked.port = int.from_bytes(await reader.readexactly(2), "big")
        for byte in bytes([5, reply, 0]) + bound:  # one byte per packet
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        if not reply:
            await _join(reader, writer, asked.port)

    async with peer(serve) as running:
        yield running


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    finally:
        inner_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()
