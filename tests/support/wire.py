"""Transports without a socket: a test says which bytes arrive, in which pieces, and when the stream ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any, cast

__all__ = ["EncryptedWire", "Wire"]


class Wire(asyncio.Transport):
    """A transport that behaves as asyncio's TCP transports do.

    Nothing arrives while reading is paused or after an abort, and `connection_lost` is called in a later turn of the
    loop. Bytes that are written are accepted at once and kept in `written`.
    """

    _start_tls_compatible = True  # asyncio asks a transport for this before it wraps the transport

    def __init__(self, receiver: asyncio.BufferedProtocol) -> None:
        super().__init__()
        self.written = bytearray()
        self.is_paused = False
        self._receiver = receiver
        self._is_closing = False
        receiver.connection_made(self)

    def deliver(self, data: bytes) -> int:
        """Deliver bytes; return how many were accepted before the receiver paused or closed."""
        taken = 0
        while taken < len(data) and not self.is_paused and not self._is_closing:
            buffer = cast("memoryview", self._receiver.get_buffer(-1))
            size = min(len(buffer), len(data) - taken)
            buffer[:size] = data[taken : taken + size]
            self._receiver.buffer_updated(size)
            taken += size
        return taken

    def end(self) -> None:
        """Close the other side's end of the stream."""
        if not self._is_closing and not self._receiver.eof_received():  # type: ignore[func-returns-value]
            self.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._receiver = cast("asyncio.BufferedProtocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._receiver

    def is_closing(self) -> bool:
        return self._is_closing

    def break_off(self, error: OSError | None) -> None:
        """Break the connection."""
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._receiver.connection_lost, error)

    def abort(self) -> None:
        self.break_off(None)

    def close(self) -> None:
        self.abort()

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_reading(self) -> bool:
        return not self.is_paused

    def write(self, data: Any) -> None:
        if not self._is_closing:
            self.written += data

    def get_write_buffer_size(self) -> int:
        return 0


class EncryptedWire:
    """A transport with asyncio's TLS in between: `deliver` delivers a record, whose bytes arrive in pieces.

    Args:
        random: Decides where the ciphertext is cut.
        server: Settings of the other side.
        tells_end: Whether the other side sends the alert that belongs to an end (close_notify).
    """

    is_paused = False  # asyncio's TLS keeps the bytes that its user has paused

    def __init__(self, random: Random, server: ssl.SSLContext, *, tells_end: bool = True) -> None:
        self._random = random
        self._tells_end = tells_end
        self._arriving, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._server = server.wrap_bio(self._arriving, self._leaving, server_side=True)
        self._wire: Wire
        self._inner: asyncio.Transport

    async def connect(self, receiver: asyncio.BufferedProtocol, client: ssl.SSLContext) -> None:
        """Complete the TLS handshake."""
        loop = asyncio.get_running_loop()
        self._wire = Wire(_Nobody())
        starting = asyncio.ensure_future(loop.start_tls(self._wire, receiver, client, server_hostname="127.0.0.1"))
        is_done = False
        while not starting.done() or not is_done:
            await asyncio.sleep(0)
            self._arriving.write(self._wire.written)
            self._wire.written.clear()
            with suppress(ssl.SSLWantReadError):
                self._server.do_handshake()
                is_done = True
            self._send()
        self._inner = cast("asyncio.Transport", await starting)
        receiver.connection_made(self._inner)

    def deliver(self, data: bytes) -> int:
        """Deliver a record."""
        if not self.is_closing():
            self._server.write(data)
            self._send()
        return len(data)

    def end(self) -> None:
        """Close the other side's end."""
        if self._tells_end and not self.is_closing():
            with suppress(ssl.SSLWantReadError):  # the other side does not wait for ours
                self._server.unwrap()
            self._send()
        self._wire.end()

    def is_closing(self) -> bool:
        return self._wire.is_closing()

    def abort(self) -> None:
        self._inner.abort()

    def _send(self) -> None:
        for piece in _cut(self._random, self._leaving.read()):
            self._wire.deliver(piece)


class _Nobody(asyncio.BufferedProtocol):
    """The transport that TLS writes to."""


def _cut(random: Random, data: bytes) -> Iterator[bytes]:
    while data:
        size = random.choice([1, 5, 100, len(data)])
        yield data[:size]
        data = data[size:]
