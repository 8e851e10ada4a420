"""Readers that are cancelled, or slow: nothing is lost, and nothing piles up; over HTTP and TLS."""

from __future__ import annotations

import array
import asyncio
import fcntl
import ssl
import sys
import termios
import zlib
from random import Random

import pytest

from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.raw_server import Connection, Received, raw_server, settled
from tests.support.transports import transport_to

TLS = ssl.SSLContext | None
GET = Request("GET", "/api/v1/pods")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("how", ["cancel", "timeout"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_a_wait_that_is_cancelled_loses_nothing(coding: str, how: str, tls: TLS) -> None:
    """(C4, C5) 400 times, at any moment, and afterwards the stream continues."""
    events = [b'{"type":"ADDED","number":%d}\n' % number for number in range(400)]
    chance = Random(4)
    wanted = asyncio.Semaphore(0)

    async def serve(connection: Connection, received: Received) -> None:
        folder = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
        encoding = b"Content-Encoding: gzip\r\n" if coding == "gzip" else b""
        await connection.send(CHUNKED + encoding + b"\r\n")
        for event in events:
            await wanted.acquire()
            data = folder.compress(event) + folder.flush(zlib.Z_SYNC_FLUSH) if coding == "gzip" else event
            await connection.send(b"%x\r\n%s\r\n" % (len(data), data))
        data = folder.flush() if coding == "gzip" else b"\n"
        await connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))

    async with (
        raw_server(serve, tls=tls) as server,
        transport_to(server) as transport,
        transport.stream(GET) as stream,
    ):
        read, cancelled = b"", 0
        while cancelled < 400:
            task = asyncio.ensure_future(anext(aiter(stream)))
            if chance.random() < 0.5:
                wanted.release()
            for _ in range(chance.randrange(14)):
                await asyncio.sleep(0)
            try:
                if how == "cancel":
                    task.cancel()
                    read += await task
                else:
                    read += await asyncio.wait_for(task, 0)
            except (asyncio.CancelledError, TimeoutError):
                cancelled += 1
            except StopAsyncIteration:
                pytest.fail("ended")
            if read.count(b"\n") > 300:
                break
        assert cancelled > 100
        for _ in events:
            wanted.release()
        async for piece in stream:
            read += piece
        assert read.rstrip(b"\n") == b"".join(events).rstrip(b"\n")


def _in_the_kernel(connection: Connection, transport: HTTPTransport) -> int:
    """Return how many bytes the kernel holds between the two ends: not read here, or not acknowledged there."""
    assert transport._pool is not None
    (ours,) = transport._pool._all
    assert ours._transport is not None
    size = 0
    for end, question in (
        (ours._transport.get_extra_info("socket"), termios.FIONREAD),
        (connection.writer.get_extra_info("socket"), termios.TIOCOUTQ),
    ):
        number = array.array("i", [0])
        fcntl.ioctl(end.fileno(), question, number)
        size += number[0]
    return size


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much it holds")
@pytest.mark.parametrize("framing", ["length", "chunks", "small chunks", "until close", "gzip"])
async def test_a_slow_reader_holds_the_server_back(framing: str, tls: TLS) -> None:
    """A connection holds less than 1 MiB, in addition to the kernel's buffers. TLS's records add a little."""
    block, count = bytes(1 << 16), 1_000
    sent = 0
    heads = {"length": b"Content-Length: %d\r\n\r\n" % (count << 16), "until close": b"\r\n"}
    ours: list[Connection] = []

    async def serve(connection: Connection, received: Received) -> None:
        nonlocal sent
        ours.append(connection)
        connection.writer.transport.set_write_buffer_limits(1 << 16)
        more = b"Transfer-Encoding: chunked\r\n\r\n"
        if framing == "gzip":
            # As long as the decoded body.
            more = b"Content-Encoding: gzip\r\n" + more
            folder = zlib.compressobj(0, wbits=16 + zlib.MAX_WBITS)
        await connection.send(b"HTTP/1.1 200 OK\r\n" + heads.get(framing, more))
        for _ in range(count):
            data = folder.compress(block) + folder.flush(zlib.Z_SYNC_FLUSH) if framing == "gzip" else block
            if framing == "small chunks":
                data = b"10\r\n0123456789abcdef\r\n" * (len(block) // 22)
            elif framing not in heads:
                data = b"%x\r\n%s\r\n" % (len(data), data)
            await connection.send(data)
            sent += len(data)

    async with (
        raw_server(serve, tls=tls) as server,
        transport_to(server) as transport,
        transport.stream(GET) as stream,
    ):
        await anext(aiter(stream))
        before = (-1, -1)
        while before != (now := (sent, _in_the_kernel(ours[0], transport))):
            before = now
            for _ in range(10):
                await settled()
        assert sent < count * len(block) // 2
        assert sent - _in_the_kernel(ours[0], transport) < 1 << 20
        # The stream continues where it was.
        more = sent + (1 << 20)
        while sent < more:
            await anext(aiter(stream))
