"""`Dialogue`: a connection that is being opened, which talks to a proxy and adds layers of TLS."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl

__all__ = ["Dialogue", "Refusal"]


class Refusal(Exception):
    """The other side refused or sent something invalid. The message gives the reason and quotes none of its bytes."""

    def __init__(self, text: str, *, is_retryable: bool = False) -> None:
        super().__init__(text)
        self.is_retryable = is_retryable


class Dialogue(asyncio.Protocol):
    """A connection that is not ready for requests yet. Its opener calls either `hand_over` or `abort`."""

    _tcp: asyncio.Transport
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = bytearray()
        self._arrival: asyncio.Future[None] | None = None
        self._failure: OSError | None = None

    @classmethod
    async def open(cls, connected: socket.socket) -> Self:
        """Return a dialogue on a connected socket, which it owns from now on.

        Concurrency: Cancellation closes the socket.
        """
        self = cls()
        loop = asyncio.get_running_loop()
        if connected.family == getattr(socket, "AF_UNIX", None):  # uvloop has another transport for them
            self._tcp, _ = await loop.create_unix_connection(lambda: self, sock=connected)
        else:
            self._tcp, _ = await loop.create_connection(lambda: self, sock=connected)
        self._transport = self._tcp
        return self

    def data_received(self, data: bytes) -> None:
        """Store bytes that have arrived."""
        self._received += data
        self._wake()

    def eof_received(self) -> None:
        """Record that no more bytes will arrive."""
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Record why no more bytes will arrive."""
        if self._failure is None:
            self._failure = exc if isinstance(exc, OSError) else ConnectionResetError()
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def write(self, data: bytes) -> None:
        """Send bytes. A failure is raised by the next read."""
        self._transport.write(data)

    async def read(self, count: int) -> bytes:
        """Wait for exactly `count` bytes and return them.

        Raises:
            OSError: The connection ended first.
        """
        while len(self._received) < count:
            await self._more()
        return self._take(count)

    async def read_line(self, max_bytes: int) -> bytes:
        """Wait for a line and return it with its line feed.

        Raises:
            Refusal: There is no line feed among the first `max_bytes`.
            OSError: The connection ended first.
        """
        while (end := self._received.find(b"\n", 0, max_bytes)) < 0:
            if len(self._received) >= max_bytes:
                raise Refusal("its response is too long")
            await self._more()
        return self._take(end + 1)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    async def _more(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._arrival = asyncio.get_running_loop().create_future()
        try:
            await self._arrival
        finally:
            self._arrival = None

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Add a layer of TLS to the connection.

        Args:
            context: The TLS context.
            name: The name for which the other side's certificate must be valid.

        Raises:
            Refusal: The other side sent bytes before it was asked.
            OSError: The handshake failed (`ssl.SSLError`), or the connection ended.
        """
        self.expect_silence()
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self._transport, self, context, server_hostname=name)
        if transport is None:
            raise ConnectionResetError
        self._transport = transport

    def hand_over(self, protocol: asyncio.BufferedProtocol) -> None:
        """Pass the connection to a protocol and call its `connection_made`.

        Raises:
            Refusal: The other side sent bytes before it was asked.
            OSError: The connection has ended.
        """
        self.expect_silence()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)

    def expect_silence(self) -> None:
        """Check that the connection is open and that no bytes have arrived unasked.

        Raises:
            Refusal: The other side sent bytes before it was asked.
            OSError: The connection has ended.
        """
        if self._received:
            raise Refusal("it sent bytes that were not asked for")
        if self._failure is not None:
            raise self._failure
        if self._transport.is_closing():  # the loop reports the reason later
            raise ConnectionResetError

    def abort(self) -> None:
        """Close the connection immediately, with all its layers."""
        self._tcp.abort()
