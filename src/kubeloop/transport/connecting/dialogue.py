"""The connection while it comes about: what is said to a proxy, and the layers of TLS that are put on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import socket
    import ssl

__all__ = ["Dialogue", "Refusal"]


class Refusal(Exception):
    """What the other side said makes it useless; the text says what, and has no byte from the wire in it."""

    def __init__(self, text: str, *, is_retryable: bool = False) -> None:
        super().__init__(text)
        self.is_retryable = is_retryable


class Dialogue(asyncio.Protocol):
    """A connection that belongs to nobody yet. Whoever opened it hands it over, or aborts it."""

    _tcp: asyncio.Transport
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = bytearray()
        self._arrival: asyncio.Future[None] | None = None
        self._failure: OSError | None = None

    @classmethod
    async def open(cls, connected: socket.socket) -> Self:
        """Take over a connected socket.

        Concurrency: Cancelling closes the socket.
        """
        self = cls()
        loop = asyncio.get_running_loop()
        self._tcp, _ = await loop.create_connection(lambda: self, sock=connected)
        self._transport = self._tcp
        return self

    def data_received(self, data: bytes) -> None:
        """Keep what has arrived."""
        self._received += data
        self._wake()

    def eof_received(self) -> None:
        """Note that nothing more will come."""
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note why nothing more will come."""
        if self._failure is None:
            self._failure = exc if isinstance(exc, OSError) else ConnectionResetError()
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def write(self, data: bytes) -> None:
        """Send bytes; what comes of it shows when something is read."""
        self._transport.write(data)

    async def read(self, count: int) -> bytes:
        """Return exactly so many bytes.

        Raises:
            OSError: The connection ended first.
        """
        while len(self._received) < count:
            await self._more()
        return self._take(count)

    async def read_line(self, max_bytes: int) -> bytes:
        """Return the bytes up to and with the next line feed.

        Raises:
            Refusal: There is none among the first `max_bytes`.
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
        """Put TLS on the connection, on top of what there is.

        Args:
            context: What to verify, and what to show.
            name: What the other side's certificate must be for.

        Raises:
            Refusal: Bytes have arrived that nobody asked for.
            OSError: The handshake failed (`ssl.SSLError`), or the connection ended.
        """
        self.expect_silence()
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self._transport, self, context, server_hostname=name)
        if transport is None:
            raise ConnectionResetError
        self._transport = transport

    def hand_over(self, protocol: asyncio.BufferedProtocol) -> None:
        """Connect a protocol to the other side.

        Raises:
            Refusal: Bytes have arrived that nobody asked for.
            OSError: The connection has ended.
        """
        self.expect_silence()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)

    def expect_silence(self) -> None:
        """Make sure that the connection is there, and that nothing has arrived that was not asked for.

        Raises:
            Refusal: Something has arrived.
            OSError: The connection has ended.
        """
        if self._received:
            raise Refusal("it sent bytes that were not asked for")
        if self._failure is not None:
            raise self._failure
        if self._transport.is_closing():  # the loop will tell why, after this turn
            raise ConnectionResetError

    def abort(self) -> None:
        """Close the connection at once, with every layer on it."""
        self._tcp.abort()
