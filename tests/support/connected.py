"""A connection over a transport without a socket, which accepts as much as a test allows."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable

import pytest

from kubeloop.transport.http1.connection import READ_BYTES, Connection
from kubeloop.transport.http1.protocol_error import BadResponse, Broken, Closed, Silent
from kubeloop.transport.http1.response_head import ResponseHead
from tests.support.wire import Wire

__all__ = ["CHUNKED", "OK", "UNTIL_CLOSE", "WRITE", "Socket", "ask", "failure_of", "opened", "turns"]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"
WRITE = 1 << 18


class Socket(Wire):
    """A transport whose socket accepts what a test allows; the rest waits, as in asyncio's buffer."""

    def __init__(self, receiver: asyncio.BufferedProtocol) -> None:
        self.waiting = 0
        self.writes: list[int] = []
        self.breaks_at_write = False
        self.tls: object = None
        self.protocol = receiver
        super().__init__(receiver)

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self.tls if name == "ssl_object" else default

    def write(self, data: bytes) -> None:
        self.writes.append(len(data))
        if self.breaks_at_write:
            self.break_off(ConnectionResetError(errno.ECONNRESET, "reset"))
        super().write(data)

    def fill(self, size: int) -> None:
        """Set how many bytes wait for the socket."""
        self.waiting = size
        (self.protocol.pause_writing if size else self.protocol.resume_writing)()

    def get_write_buffer_size(self) -> int:
        return self.waiting


def opened() -> tuple[Connection, Socket]:
    """Return a connection and its transport."""
    connection = Connection(bytearray(READ_BYTES))
    return connection, Socket(connection)


async def turns() -> None:
    """Run the callbacks that are ready."""
    for _ in range(5):
        await asyncio.sleep(0)


async def ask(
    connection: Connection, wire: Socket, response: bytes, *, method: str = "GET", may_switch: bool = False
) -> ResponseHead:
    """Send a request and deliver a response."""
    task = asyncio.ensure_future(connection.send(b"head", None, method=method, may_switch=may_switch))
    await turns()
    wire.deliver(response)
    return await task


async def failure_of(awaitable: Awaitable[object]) -> Exception:
    """Return the error that an exchange fails with."""
    with pytest.raises((BadResponse, Broken, Closed, Silent)) as caught:
        await awaitable
    return caught.value
