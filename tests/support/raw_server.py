"""A TCP server that sends the responses of a test byte by byte: correct, wrong, incomplete, late or none.

    async with raw_server(reply(b"{}"), reply(b"gone", status=410)) as server:
        transport = HTTPTransport(Config(host=server.url))

Each exchange takes the next step of the script; the last step is repeated. A step is a coroutine function that gets the
connection and the request that was read. `server.requests` contains the requests, and `server.connections` is the
number of connections.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["Connection", "RawServer", "Received", "hang", "raw_server", "reply", "say", "settled", "vanish"]


@dataclass(frozen=True)
class Received:
    """A request as it was received."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of a name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Return every header of a name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Connection:
    """The server's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Write bytes; the client may have closed the connection."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    def reset(self) -> None:
        """Break the connection with a reset instead of an orderly close."""
        self.writer.transport.abort()

    async def until_closed(self) -> None:
        """Wait until the client has closed its end."""
        with suppress(ConnectionError):
            while await self.reader.read(1 << 16):
                pass


Step = Callable[[Connection, Received], Awaitable[None]]


@dataclass
class RawServer:
    """A running server."""

    url: str = ""
    port: int = 0
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request has arrived."""
    closed_by_client: asyncio.Event = field(default_factory=asyncio.Event)


def reply(
    body: bytes | str = b"{}", *, status: int = 200, headers: Sequence[tuple[str, str]] = (), close: bool = False
) -> Step:
    """Send a well-formed response. A step."""
    content = body.encode() if isinstance(body, str) else body

    async def step(connection: Connection, received: Received) -> None:
        given = {name.lower() for name, _ in headers}
        usual = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        lines = [f"{name}: {value}" for name, value in [*headers, *(p for p in usual if p[0].lower() not in given)]]
        await connection.send("\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode() + content)
        if close:
            connection.writer.close()

    return step


def say(data: bytes, *, then: str = "close") -> Step:
    """Send exactly these bytes, then `close`, `reset`, `wait` for the client to close, or `stay` for more. A step."""

    async def step(connection: Connection, received: Received) -> None:
        await connection.send(data)
        if then == "reset":
            connection.reset()
        elif then == "wait":
            await connection.until_closed()
        elif then == "close":
            connection.writer.close()

    return step


def vanish() -> Step:
    """Close the connection without sending anything. A step."""
    return say(b"")


def hang() -> Step:
    """Send nothing for as long as the client waits. A step."""
    return say(b"", then="wait")


async def settled() -> None:
    """Run the loop until both sides have read what the other has written."""
    for _ in range(50):
        await asyncio.sleep(0)


@asynccontextmanager
async def raw_server(
    *script: Step, tls: ssl.SSLContext | None = None, reads_body: bool = True
) -> AsyncIterator[RawServer]:
    """Run a server for as long as the block runs; every connection is closed at its end.

    Args:
        script: The step for each exchange.
        tls: The server's context for TLS.
        reads_body: Whether the body of a request is read before its step runs.
    """
    steps = list(script)
    server = RawServer()
    tasks: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        writers.add(writer)
        server.connections += 1
        connection = Connection(reader, writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while not writer.is_closing():
                received = await _read_request(reader, reads_body=reads_body)
                server.requests.append(received)
                server.asked.set()
                step = steps.pop(0) if len(steps) > 1 else steps[0]
                await step(connection, received)
        server.closed_by_client.set()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    server.url = f"http{'s' if tls else ''}://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            with suppress(AttributeError):  # asyncio's error about a transport that ended after it was closed
                writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
        await listening.wait_closed()


async def _read_request(reader: asyncio.StreamReader, *, reads_body: bool) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.split("\r\n")
    method, target, _ = line.split(" ")
    headers = [(name, value.strip()) for name, _, value in (row.partition(":") for row in rest if row)]
    length = next((int(value) for name, value in headers if reads_body and name.lower() == "content-length"), 0)
    return Received(method, target, headers, await reader.readexactly(length) if length else b"")
