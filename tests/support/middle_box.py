"""A box between a client and a server that forwards bytes, and breaks connections when a test says so.

    async with before(control_plane) as (box, config), kubeloop.Clientset(config) as clientset:
        ...
        box.cut()

A method acts on the connections that are open at that moment; later connections are forwarded as usual, unless
`swallow` was called.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

from kubeloop.config import Config
from kubeloop.testing.controlplane.ports import LOOPBACK, ReservedPort
from tests.support.real_clientset import config_of
from tests.support.servers import AnyServer

__all__ = ["MiddleBox", "before", "middle_box"]

_NO_LINGER = struct.pack("ii", 1, 0)
"""With this option, closing a socket sends RST."""


class MiddleBox:
    """A box between a client and a server.

    Args:
        reserved: The port that clients connect to; it is kept while the box refuses connections.
        server: The port of the server, on this machine.
        tls: For a client that speaks HTTP to a server that speaks HTTPS: how the box connects to the server.

    Attributes:
        port: The port that clients connect to.
        connections: The number of connections that the box has accepted.
    """

    def __init__(self, reserved: ReservedPort, server: int, tls: ssl.SSLContext | None) -> None:
        self.port = reserved.number
        self.connections = 0
        self._server = server
        self._tls = tls
        self._links: set[_Link] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None
        self._changed: asyncio.Future[None] | None = None
        self._swallows = False

    def __repr__(self) -> str:
        return f"<MiddleBox at {self.port}: {len(self._links)} open, {self.held} bytes held>"

    @property
    def open(self) -> int:
        """The number of open connections of clients."""
        return len(self._links)

    @property
    def held(self) -> int:
        """The number of bytes that have arrived and are held back."""
        return sum(link.held for link in self._links)

    def cut(self, *, reset: bool = False) -> None:
        """End every connection: with FIN, or with RST."""
        for link in list(self._links):
            link.cut(reset=reset)

    def cut_inside(self) -> None:
        """Forward only the first half of the next piece that the server sends on a connection, and end the connection.

        The piece is at least one event of a watch; over TLS, the half ends inside a record.
        """
        for link in self._links:
            link.halves = True

    def hold(self, *, after: int = 0) -> None:
        """Forward nothing more after this number of bytes from the server, and keep every connection alive."""
        for link in self._links:
            link.allowance = after

    def swallow(self) -> None:
        """Forward nothing more on any connection, later ones included, and keep every connection alive."""
        self._swallows = True
        self.hold()

    def release(self) -> None:
        """Forward the bytes that were held back, and all later ones."""
        self._swallows = False
        for link in list(self._links):
            link.release()

    def refuse(self) -> None:
        """Refuse new connections. Open connections stay open."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    async def accept(self) -> None:
        """Accept new connections."""
        loop = asyncio.get_running_loop()
        if self._listening is None:
            self._listening = await loop.create_server(
                lambda: _End(_Link(self)), LOOPBACK, self.port, reuse_port=True, backlog=1000
            )

    async def until(self, holds: Callable[[MiddleBox], bool]) -> None:
        """Wait until a condition on the box holds, a minute at most."""
        async with asyncio.timeout(60):
            while not holds(self):
                if self._changed is None:
                    self._changed = asyncio.get_running_loop().create_future()
                await asyncio.shield(self._changed)

    async def close(self) -> None:
        """Close the box and all its connections."""
        self.refuse()
        connecting = list(self._connecting)
        for task in connecting:
            task.cancel()
        await asyncio.gather(*connecting, return_exceptions=True)
        self.cut(reset=True)
        await self.until(lambda box: not box.open)

    # The methods that links call.

    def add(self, link: _Link) -> None:
        """Begin to carry a connection."""
        self.connections += 1
        self._links.add(link)
        if self._swallows:
            link.allowance = 0
        task = asyncio.get_running_loop().create_task(self._connect(link))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        self.change()

    def remove(self, link: _Link) -> None:
        """Forget a connection that has ended on both sides."""
        self._links.discard(link)
        self.change()

    def change(self) -> None:
        """Wake every task that waits for a change."""
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set_result(None)

    async def _connect(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _End(link), LOOPBACK, self._server, ssl=self._tls)
        except OSError:  # The server is away.
            link.cut()


class _Link:
    """A connection of a client, and the connection to the server that belongs to it."""

    def __init__(self, box: MiddleBox) -> None:
        self._box = box
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._ended = False
        self._server_ended = False
        self._waiting: list[tuple[bool, bytes]] = []
        self.held = 0
        self.allowance: int | None = None
        """The number of bytes of the server that may still pass; None for all."""
        self.halves = False

    def connected(self, transport: asyncio.Transport) -> None:
        if self._client is None:
            self._client = transport
            self._box.add(self)
        elif self._ended:
            self._server = transport
            transport.abort()
        else:
            self._server = transport
            self._forward()

    def carry(self, transport: asyncio.Transport, data: bytes) -> None:
        is_servers = transport is self._server
        self._waiting.append((is_servers, data))
        self.held += len(data)
        self._forward()
        self._box.change()

    def release(self) -> None:
        self.allowance = None
        self._forward()
        if self._server_ended:
            self.cut()
        self._box.change()

    def lost(self, transport: asyncio.Transport) -> None:
        if transport is self._client:
            self._client = None
            self.cut()
        else:
            self._server = None
            self._server_ended = True
            if self.allowance != 0:  # Otherwise the client does not notice the end.
                self.cut()
        if self._client is None and self._server is None:
            self._box.remove(self)

    def cut(self, *, reset: bool = False) -> None:
        self._ended = True
        if self._server is not None:
            self._server.abort()
        if self._client is not None:
            own: socket.socket | None = self._client.get_extra_info("socket") if reset else None
            if own is not None:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                self._client.abort()
            else:
                self._client.close()

    def _forward(self) -> None:
        while self._waiting and self._server is not None and self._client is not None and self.allowance != 0:
            is_servers, data = self._waiting.pop(0)
            self.held -= len(data)
            if not is_servers:
                self._server.write(data)
                continue
            if self.halves:
                self._client.write(data[: len(data) // 2])
                self.cut()
                return
            if self.allowance is not None:
                passing = data[: self.allowance]
                if rest := data[len(passing) :]:
                    self._waiting.insert(0, (True, rest))
                    self.held += len(rest)
                self.allowance -= len(passing)
                data = passing
            self._client.write(data)


class _End(asyncio.Protocol):
    """One side of a link."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._link.connected(self._transport)

    def data_received(self, data: bytes) -> None:
        self._link.carry(self._transport, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.lost(self._transport)


@asynccontextmanager
async def middle_box(server: int, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[MiddleBox]:
    """Run a box before the server at a port of this machine; see `MiddleBox`."""
    reserved = ReservedPort()
    box = MiddleBox(reserved, server, tls)
    try:
        await box.accept()
        yield box
    finally:
        await box.close()
        reserved.release()


@asynccontextmanager
async def before(plane: AnyServer, *, scheme: str = "https") -> AsyncIterator[tuple[MiddleBox, Config]]:
    """Run a box before a control plane's API server; yield it and the administrator's config that leads through it.

    Args:
        plane: The control plane.
        scheme: `http` for a client without TLS: the box takes HTTP and speaks HTTPS to the server.
    """
    direct = config_of(plane.kubeconfig)
    port = urlsplit(direct.host).port
    assert port is not None
    tls = ssl.create_default_context(cafile=str(plane.ca_file)) if scheme == "http" else None
    async with middle_box(port, tls=tls) as box:
        host = f"{scheme}://{LOOPBACK}:{box.port}"
        plain = Config(host=host, token=plane.token, content_type=direct.content_type)
        yield box, direct.replace(host=host) if tls is None else plain
