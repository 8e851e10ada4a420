"""The server's end of a WebSocket, as a step of `raw_server`: frames that are correct, wrong, cut or late.

    async def talk(peer):
        await peer.send(b"hello")
        assert (await peer.receive()).data == b"hello"

    async with raw_server(websocket(talk)) as server:
        ...

A step closes the connection when `talk` returns. The server responds only to pings, and only inside `receive`.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Sequence

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side
from websockets.utils import accept_key

from tests.support.raw_server import Connection, Received, Step

__all__ = ["ACCEPT", "Frame", "Opcode", "Peer", "echo", "frame", "switching", "websocket"]

ACCEPT = "{accept}"
"""Stands for the correct value of Sec-WebSocket-Accept in the headers of a test."""


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, reserved: int = 0, mask: bool = False) -> bytes:
    """Return the bytes of a frame, which need not be a valid one. The key of a masked one is zero."""
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if mask else 0
    if len(data) < 126:
        size = bytes([bit | len(data)])
    elif len(data) < 1 << 16:
        size = struct.pack("!BH", bit | 126, len(data))
    else:
        size = struct.pack("!BQ", bit | 127, len(data))
    return head + size + (bytes(4) if mask else b"") + data


class Peer:
    """The server's end of one WebSocket."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._protocol = Protocol(Side.SERVER, max_size=None)
        self._frames: list[Frame] = []
        self.pings = 0
        """The number of pings that `receive` has responded to."""

    async def send(self, data: bytes | str) -> None:
        """Send a binary or a text message."""
        if isinstance(data, str):
            self._protocol.send_text(data.encode())
        else:
            self._protocol.send_binary(data)
        await self._flush()

    async def ping(self, data: bytes = b"") -> None:
        """Send a ping."""
        self._protocol.send_ping(data)
        await self._flush()

    async def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Send a close frame."""
        self._protocol.send_close(code, reason)
        await self._flush()

    async def raw(self, data: bytes) -> None:
        """Send exactly these bytes."""
        await self.connection.send(data)

    async def receive(self) -> Frame | None:
        """Return the next frame other than a ping; pings get a pong. Return None at the end of the stream."""
        while True:
            while self._frames:
                found = self._frames.pop(0)
                if found.opcode is not Opcode.PING:
                    return found
                self.pings += 1
            try:
                data = await self.connection.reader.read(1 << 16)
            except ConnectionError:
                return None
            if not data:
                return None
            self._protocol.receive_data(data)
            self._frames += [each for each in self._protocol.events_received() if isinstance(each, Frame)]
            await self._flush()

    async def close_code(self) -> int | None:
        """Read until a close frame, and return its code; None if the stream ends without one."""
        while (found := await self.receive()) is not None:
            if found.opcode is Opcode.CLOSE:
                return int.from_bytes(found.data[:2], "big")
        return None

    async def _flush(self) -> None:
        await self.connection.send(b"".join(self._protocol.data_to_send()))


Talk = Callable[[Peer], Awaitable[None]]


async def echo(peer: Peer) -> None:
    """Send back each message, until the client closes."""
    while (found := await peer.receive()) is not None and found.opcode is not Opcode.CLOSE:
        await peer.send(bytes(found.data).decode() if found.opcode is Opcode.TEXT else bytes(found.data))


def switching(
    received: Received, headers: Sequence[tuple[str, str]] | None = None, *, subprotocol: str | None = None
) -> bytes:
    """Return the head of a 101 response, the correct one unless the arguments include headers."""
    if headers is None:
        headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", ACCEPT)]
    if subprotocol:
        headers = [*headers, ("Sec-WebSocket-Protocol", subprotocol)]
    accept = accept_key(received.header("Sec-WebSocket-Key") or "")
    lines = [f"{name}: {value.replace(ACCEPT, accept)}" for name, value in headers]
    return "\r\n".join(["HTTP/1.1 101 Switching Protocols", *lines, "", ""]).encode()


def websocket(
    talk: Talk, *, subprotocol: str | None = "v4.channel.k8s.io", headers: Sequence[tuple[str, str]] | None = None
) -> Step:
    """Switch protocols, and run `talk`. A step."""

    async def step(connection: Connection, received: Received) -> None:
        await connection.send(switching(received, headers, subprotocol=subprotocol))
        await talk(Peer(connection))
        connection.writer.close()

    return step
