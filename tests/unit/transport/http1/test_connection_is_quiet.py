"""A kept connection is closed because of bytes of a response, not because of bytes of the TLS layer (C1)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from kubeloop.transport.http1.connection import READ_BYTES, Connection


class TicketLayer(asyncio.Protocol):
    """The lower half of a connection. It keeps records that are `T` and passes the others on, as a TLS layer does."""

    def __init__(self) -> None:
        self.connection = Connection(bytearray(READ_BYTES))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connection.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if kept := data.replace(b"T", b""):
            self.connection.get_buffer(-1)[: len(kept)] = kept
            self.connection.buffer_updated(len(kept))

    def eof_received(self) -> None:
        self.connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.connection_lost(exc)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


async def inspect(pair: tuple[socket.socket, socket.socket], arrived: bytes, *, close: bool = False) -> bool:
    ours, theirs = pair
    transport, layer = await asyncio.get_running_loop().create_connection(TicketLayer, sock=ours)
    try:
        await asyncio.sleep(0)
        theirs.sendall(arrived)
        if close:
            theirs.close()
        return await layer.connection.is_quiet()
    finally:
        transport.abort()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("arrived", "quiet"),
    [(b"", True), (b"T", True), (b"TT", True), (b"x", False), (b"Tx", False)],
    ids=["nothing", "a ticket", "two tickets", "a byte", "a ticket and a byte"],
)
async def test_only_what_is_handed_on_costs_the_connection(
    pair: tuple[socket.socket, socket.socket], arrived: bytes, quiet: bool
) -> None:
    assert await inspect(pair, arrived) is quiet


@pytest.mark.parametrize("arrived", [b"", b"T"])
async def test_an_end_costs_the_connection(pair: tuple[socket.socket, socket.socket], arrived: bytes) -> None:
    assert await inspect(pair, arrived, close=True) is False
