"""A pool over transports without a socket: a test decides when a connection opens, and what its server does."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast

import pytest

from kubeloop.errors import TransportError
from kubeloop.transport.exchange import Exchange
from kubeloop.transport.pool import Call, Pool
from kubeloop.wire.request import Request
from tests.support.wire import Wire

if TYPE_CHECKING:
    import ssl

    from kubeloop.config.credential import ClientCertificate
    from kubeloop.transport.connecting.dial import Dialer
    from kubeloop.transport.http1.connection import Connection

__all__ = ["OK", "SENT", "Dials", "Line", "ask", "failure_of", "keep", "send", "started"]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SENT = "the request was sent, and may have been carried out"
"""The part of a failure's message that is about a request that was written."""

_RESET = ConnectionResetError(errno.ECONNRESET, "reset")


class Line(Wire):
    """A transport with a server behind it that acts as a test says when a request has been written."""

    def __init__(self, receiver: asyncio.BufferedProtocol, response: bytes = OK) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.requests = 0
        self.breaks_at_write = False
        self.on_request: Callable[[], object] = partial(self.deliver, response)
        super().__init__(receiver)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sockets of the operating system."""
        self.ours.close()
        self.theirs.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.ours if name == "socket" else default

    def write(self, data: Any) -> None:
        if self.breaks_at_write:
            self.break_off(_RESET)
            return
        self.requests += 1
        asyncio.get_running_loop().call_soon(self.on_request)

    def signal(self, then: Callable[[], object]) -> None:
        """Deliver bytes to the operating system; the loop reads them two iterations later."""
        loop = asyncio.get_running_loop()
        self.theirs.send(b"x")
        loop.call_soon(loop.call_soon, lambda: (self.ours.recv(1), then()))


class Dials:
    """A dialer whose connections open at once, or when a test says so."""

    def __init__(self) -> None:
        self.server = "server:443"
        self.context: ssl.SSLContext | None = None
        self.client_certificate: ClientCertificate | None = None
        self.response = OK
        self.waits = False
        self.waiting: list[asyncio.Future[None]] = []
        self.lines: list[Line] = []
        self.count = 0

    def tls_context(self) -> ssl.SSLContext | None:
        return self.context

    async def dial(self, connection: Connection) -> None:
        self.count += 1
        if self.waits:
            self.waiting.append(asyncio.get_running_loop().create_future())
            await self.waiting[-1]
        self.lines.append(Line(connection, self.response))

    def close(self) -> None:
        """Close the sockets of the operating system."""
        for line in self.lines:
            line.__exit__()

    def pool(self, *, max_connections: int | None = None) -> Pool:
        return Pool(cast("Dialer", self), max_connections=max_connections)

    @property
    def requests(self) -> list[int]:
        """The number of requests that each connection has carried."""
        return [line.requests for line in self.lines]

    @property
    def closed(self) -> list[bool]:
        """The numbers of the connections that are closed."""
        return [line.is_closing() for line in self.lines]


async def send(pool: Pool, method: str = "GET", call: Call | None = None) -> Exchange:
    """Send a request on a pool and wait for the head of the response."""
    return await pool.send(Request(method, "/api"), b"head", call or Call())


async def ask(pool: Pool, method: str = "GET") -> bytes:
    """Send a request on a pool and return the body of the response."""
    return await (await send(pool, method)).read()


async def keep(pool: Pool, count: int) -> None:
    """Use this number of connections at the same time, so that they are kept; the last one was used last."""
    for exchange in [await send(pool) for _ in range(count)]:
        assert await exchange.read() == b"ok"


def started(pool: Pool, method: str = "GET", call: Call | None = None) -> asyncio.Task[Exchange]:
    """Return the task that sends a request."""
    return asyncio.get_running_loop().create_task(send(pool, method, call))


async def failure_of(task: asyncio.Task[Exchange]) -> TransportError:
    """Return the error that a request fails with."""
    with pytest.raises(TransportError) as caught:
        await task
    return caught.value
