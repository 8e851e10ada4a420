"""`HTTPServer`: it listens, and passes each request to a function.

The connections are in `connection_set`, the protocol is in `server_connection`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self, cast

from kubeloop._kit.tasks import cancel_and_wait
from kubeloop.serving.connection_set import ConnectionSet
from kubeloop.serving.listening_socket import socket_on_all_addresses
from kubeloop.serving.refusal import plain_refusal
from kubeloop.serving.server_connection import Handler, Refuse, ServerConnection

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["HTTPServer"]

_BACKLOG: Final = 512
_HANDSHAKE_SECONDS: Final = 10.0
# asyncio needs three for each of the two.
_TURNS: Final = 5

_log = logging.getLogger(__name__)


class HTTPServer:
    """An HTTP/1.1 server for as long as its block runs.

        async with HTTPServer(respond, max_body_bytes=3 << 20) as server:
            print(server.url)

    A handler that returns a response instead of an awaitable is the fastest. An exception of the handler is logged and
    becomes a 500; a `TransportError` closes the connection. A `StreamedResponse` is sent piece by piece; its iterator
    waits while the client reads slowly, and is cancelled and closed as soon as the client disconnects. Bodies of more
    than 128 KiB are compressed for clients that accept gzip. Malformed, too long, too slow and ambiguous requests are
    refused, and their connection ends.

    At the end of the block the server stops accepting connections, waits for running requests, ends the streams, and
    closes all connections.

    Args:
        respond: Returns the response to a request. An upgrade to another protocol is passed on as a normal request.
        max_body_bytes: How long the body of a request may be; 413 refuses a longer one, which is not read.
        host: The address to bind; `"0.0.0.0"` or `"::"` for all of one family, None for all of both.
        port: The port; 0 for one that is free.
        shares_port: Whether other sockets of the same user may be bound to the port too (`SO_REUSEPORT`), such as one
            that reserves it.
        tls: The context for TLS, such as that of `server_tls_context`; None for none.
        refuse: Returns the response to a request that no handler sees, or whose handler failed.
        grace: How many seconds running requests have to end when the block ends.
        wall_clock: Returns the seconds since 1970, for the `Date` of responses.

    Raises:
        OSError: The address cannot be bound.

    Concurrency: One event loop. A response that is an awaitable or a stream has a task, which ends with the block.
    """

    def __init__(
        self,
        respond: Handler,
        *,
        max_body_bytes: int,
        host: str | None = "127.0.0.1",
        port: int = 0,
        shares_port: bool = False,
        tls: ssl.SSLContext | None = None,
        refuse: Refuse = plain_refusal,
        grace: float = 5.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._port = port
        self._shares_port = shares_port
        self._tls = tls
        self._grace = grace
        self._connections = ConnectionSet(respond, refuse, max_body_bytes=max_body_bytes, wall_clock=wall_clock)
        self._server: asyncio.Server | None = None
        self._handshakes: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        state = f"on {self.address}:{self.port}" if self._server is not None else "closed"
        return f"<HTTPServer {state}, {len(self._connections)} connections>"

    @property
    def address(self) -> str:
        """The address that is bound."""
        return cast("str", self._bound()[0])

    @property
    def port(self) -> int:
        """The port that is bound."""
        return cast("int", self._bound()[1])

    @property
    def url(self) -> str:
        """The URL of the server, under the bound address."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"http{'s' if self._tls else ''}://{address}:{self.port}"

    def _bound(self) -> tuple[Any, ...]:  # the address of a socket, whose form depends on its family
        if self._server is None:
            raise RuntimeError("the server runs inside of its block: async with HTTPServer(...) as server")
        return cast("tuple[Any, ...]", self._server.sockets[0].getsockname())

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        accept = self._plain if self._tls is None else self._encrypted
        if self._host is None:
            everywhere = socket_on_all_addresses(self._port, shares_port=self._shares_port)
            server = await loop.create_server(accept, sock=everywhere, backlog=_BACKLOG)
        else:
            server = await loop.create_server(
                accept, self._host, self._port, backlog=_BACKLOG, reuse_port=self._shares_port or None
            )
        self._server = server
        for each in server.sockets:
            # Inherited by the sockets of connections, so that a watch ends whose client has lost its network.
            each.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        assert server is not None
        loop = asyncio.get_running_loop()
        for each in server.sockets:
            # asyncio loses a socket that it has accepted in the turn in which the server is closed.
            with suppress(NotImplementedError):
                loop.remove_reader(each.fileno())
        try:
            await _some_turns()
            await cancel_and_wait(*self._handshakes)
        finally:
            server.close()
            await self._connections.stop(self._grace)
            await server.wait_closed()
            await _some_turns()

    def _plain(self) -> asyncio.BaseProtocol:
        return ServerConnection(self._connections)

    def _encrypted(self) -> asyncio.BaseProtocol:
        return _Accepted(self._start_handshake)

    def _start_handshake(self, transport: asyncio.Transport) -> None:
        if self._server is None:
            transport.abort()
            return
        # A task of the server, and not of asyncio, so that a silent client cannot outlive the block.
        task = asyncio.get_running_loop().create_task(self._shake_hands(transport))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, transport: asyncio.Transport) -> None:
        assert self._tls is not None
        connection = ServerConnection(self._connections)
        try:
            encrypted = await asyncio.get_running_loop().start_tls(
                transport, connection, self._tls, server_side=True, ssl_handshake_timeout=_HANDSHAKE_SECONDS
            )
        except OSError as error:  # also errors of TLS and timeouts
            _log.debug("serving: a TLS handshake failed: %s", error)
            transport.abort()
        except BaseException:
            transport.abort()
            raise
        else:
            assert encrypted is not None
            connection.connection_made(encrypted)


async def _some_turns() -> None:
    """Wait until the event loop has passed on what it has accepted, and has closed the sockets of what failed."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class _Accepted(asyncio.Protocol):
    """A connection before its TLS handshake, during which nothing is read."""

    def __init__(self, start: Callable[[asyncio.Transport], None]) -> None:
        self._start = start

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        made.pause_reading()
        self._start(made)
