"""A connection of a server over a transport without a socket: a test is the client, and decides how fast it reads.

client = Client(lambda request: Response(200))
client.send(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
assert client.responses() == [...]
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from kubeloop.serving.connection_set import ConnectionSet
from kubeloop.serving.refusal import plain_refusal
from kubeloop.serving.server_connection import Handler, ServerConnection
from kubeloop.testing.virtual_time import elapsed
from kubeloop.wire.chunks import ChunkReader
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.wire import Wire

__all__ = [
    "DATE",
    "GET",
    "Client",
    "Counted",
    "Received",
    "echo",
    "later",
    "parse_responses",
    "pieces",
    "recorder",
    "request",
    "turns",
]

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def request(method: str, target: str = "/", *headers: str, body: bytes = b"") -> bytes:
    """Return the bytes of a request, with a Content-Length if there is a body."""
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *headers, *length, "", ""]).encode() + body


@dataclass(frozen=True)
class Received:
    """One response as a client reads it."""

    status: int
    headers: dict[str, str]
    body: bytes


def echo(received: Request) -> Response:
    """Return what was requested."""
    return Response(200, Headers([("Path", received.path)]), f"{received.method} ".encode() + (received.body or b""))


def recorder(seen: list[Request]) -> Handler:
    """Return a handler that records the requests."""

    def handler(received: Request) -> Response:
        seen.append(received)
        return Response(200)

    return handler


async def later(received: Request) -> Response:
    """Return what was requested, after as many seconds as the path says."""
    await asyncio.sleep(float(received.path[1:]))
    return echo(received)


async def pieces(*data: bytes) -> AsyncGenerator[bytes]:
    """Yield the pieces of a body."""
    for each in data:
        yield each


class Counted:
    """A stream that counts how often it is read and closed."""

    def __init__(self, piece: bytes = b"x" * 10_000) -> None:
        self.piece = piece
        self.read = 0
        self.ends: list[float] = []

    async def generate(self) -> AsyncGenerator[bytes]:
        try:
            while True:
                self.read += 1
                yield self.piece
                if not self.piece:
                    await asyncio.sleep(3600)
        finally:
            self.ends.append(elapsed())

    def respond(self, _: Request) -> StreamedResponse:
        return StreamedResponse(self.generate())


async def turns(count: int) -> None:
    """Run the loop for some turns."""
    for _ in range(count):
        await asyncio.sleep(0)


def parse_responses(data: bytes, *methods: str) -> list[Received]:
    """Return the responses that these bytes are, to the last byte; interim responses have no body.

    Args:
        data: What the server has sent.
        methods: The methods of the requests; those that are not given are GET.
    """
    found: list[Received] = []
    expected = list(methods)
    while data:
        head, separator, data = data.partition(b"\r\n\r\n")
        assert separator, f"an incomplete head: {head!r}"
        line, *rows = head.decode().split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 ([0-9]{3}) .*", line)
        assert match, line
        status = int(match[1])
        headers = dict(row.split(": ", 1) for row in rows)
        assert len(headers) == len(rows), rows
        body = b""
        if status >= 200:
            is_bare = (expected.pop(0) if expected else "GET") == "HEAD" or status in (204, 304)
            if "Transfer-Encoding" in headers:
                reader, pieces = ChunkReader(), list[bytes]()
                reader.feed(data, pieces)
                assert reader.rest is not None, f"an incomplete body: {data!r}"
                body, data = b"".join(pieces), reader.rest
            elif not is_bare and "Content-Length" in headers:
                size = int(headers["Content-Length"])
                assert len(data) >= size, f"an incomplete body: {data!r}"
                body, data = data[:size], data[size:]
            elif not is_bare:
                assert headers.get("Connection") == "close"
                body, data = data, b""
        found.append(Received(status, headers, body))
    return found


class _Socket(Wire):
    """The server's end: what the client does not read waits in `unread` once `accepts` bytes are written."""

    def __init__(self, connection: ServerConnection) -> None:
        self.accepts = 1 << 40
        self.waiting = bytearray()
        self.has_ended = False
        self.high = 1 << 16
        self.is_waiting = False
        self.connection = connection
        self.closes = False
        self.writes = 0
        super().__init__(connection)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high or self.high

    def get_write_buffer_size(self) -> int:
        return len(self.waiting)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_ended = True

    def write(self, data: Any) -> None:
        assert not self.has_ended
        self.writes += 1
        if self._is_closing or self.closes:
            return
        self.waiting += data
        self._flush()
        if len(self.waiting) > self.high and not self.is_waiting:
            self.is_waiting = True
            self.connection.pause_writing()

    def accept(self, size: int) -> None:
        """Read some more bytes."""
        self.accepts += size
        self._flush()
        if self.is_waiting and len(self.waiting) <= self.high // 4:
            self.is_waiting = False
            self.connection.resume_writing()
        if self.closes and not self.waiting:
            self.abort()

    def _flush(self) -> None:
        taken = self.waiting[: self.accepts]
        del self.waiting[: len(taken)]
        self.accepts -= len(taken)
        self.written += taken

    def is_closing(self) -> bool:
        return self._is_closing or self.closes

    def close(self) -> None:
        self.closes = True
        if not self.waiting:
            self.abort()


class Client:
    """The client of one connection.

    Args:
        respond: The handler of the server.
        max_body_bytes: How long a body may be.

    Attributes:
        server: The connections of the server.
        connection: The server's end.
        socket: Its transport.
    """

    def __init__(self, respond: Handler, *, max_body_bytes: int = 1000, server: ConnectionSet | None = None) -> None:
        if server is None:
            server = ConnectionSet(
                respond, plain_refusal, max_body_bytes=max_body_bytes, wall_clock=lambda: 784111777.0
            )
        self.server = server
        self.connection = ServerConnection(self.server)
        self.socket = _Socket(self.connection)

    def send(self, data: bytes) -> int:
        """Send bytes; return how many the server read."""
        return self.socket.deliver(data)

    def received(self) -> bytes:
        """Return what the client has read since the last call."""
        data = bytes(self.socket.written)
        self.socket.written.clear()
        return data

    def responses(self, *methods: str) -> list[Received]:
        """Return the responses that the client has read since the last call; see `parse_responses`."""
        return parse_responses(self.received(), *methods)

    def is_closed(self) -> bool:
        """Return whether the server has closed the connection, or its own side."""
        return self.socket.is_closing() or self.socket.has_ended

    async def leave(self) -> None:
        """Close the connection, and wait until the server has noticed."""
        self.socket.abort()
        await turns(5)
