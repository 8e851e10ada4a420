"""A protocol that sends a line and collects the bytes that it receives: the client's end of a test's connection."""

from __future__ import annotations

import asyncio
from typing import cast

__all__ = ["Speaker"]


class Speaker(asyncio.BufferedProtocol):
    """A protocol that writes lines and reads bytes."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = bytearray()
        self.arrived = asyncio.Event()
        self._buffer = bytearray(1 << 16)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self.transport is None
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self._buffer)

    def buffer_updated(self, nbytes: int) -> None:
        self.received += self._buffer[:nbytes]
        self.arrived.set()

    async def ask(self) -> bytes:
        """Send a line and return the first bytes that are received."""
        assert self.transport is not None
        self.transport.write(b"ping\n")
        await self.arrived.wait()
        return bytes(self.received)
