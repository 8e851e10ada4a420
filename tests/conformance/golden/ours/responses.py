"""Our results for the output of a server: our connection on a transport without a socket, fed by hand.

`replay` takes the pieces in which the output arrives, since the split must not matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from kubeloop.transport.http1 import protocol_error
from kubeloop.transport.http1.connection import READ_BYTES, Connection
from tests.support.wire import Wire

__all__ = ["Case", "Replayed", "connect", "interrupt", "output", "read_on", "replay", "replay_on", "responses"]

Case = dict[str, Any]

# net/http removes some of these after use; the body and the reuse of the connection show their effect.
_FRAMING = {"connection", "content-length", "transfer-encoding", "trailer"}
_FAILURES = (protocol_error.BadResponse, protocol_error.Broken)
_SHOWN_BYTES, _SHOWN_FIELDS = 256, 20
# A task that waits for so many turns of the loop after the last byte waits for ever.
_TURNS = 4

_buffer = bytearray(READ_BYTES)


class Replayed(NamedTuple):
    """The result of one replay.

    Attributes:
        result: The result, in the form of Go's.
        failure: The class of the exception that ended the replay; None without one.
    """

    result: Case
    failure: str | None


class Line(Protocol):
    """The transport that carries the output to the connection: `tests.support.wire`."""

    @property
    def is_paused(self) -> bool: ...
    def deliver(self, data: bytes, /) -> int: ...
    def end(self) -> None: ...
    def is_closing(self) -> bool: ...
    def abort(self) -> None: ...


def responses(case: Case) -> Any:
    """Run a case whose output arrives in one piece."""
    return asyncio.run(replay(case, [output(case)])).result


def output(case: Case) -> bytes:
    """Build the output of the server."""
    pieces = (piece if isinstance(piece, str) else piece[0] * piece[1] for piece in case["output"])
    return b"".join(piece.encode("latin-1") for piece in pieces)


def connect() -> Connection:
    """Create a connection that waits for its transport."""
    return Connection(_buffer)


async def replay(case: Case, pieces: Iterable[bytes], *, is_eager: bool = True) -> Replayed:
    """Send a request and deliver the output in these pieces.

    Args:
        case: The case.
        pieces: The output of the case.
        is_eager: Whether the reader continues after each piece; otherwise after the last, unless the connection pauses.
    """
    connection = connect()
    return await replay_on(connection, Wire(connection), case, pieces, is_eager=is_eager)


async def replay_on(
    connection: Connection, line: Line, case: Case, pieces: Iterable[bytes], *, is_eager: bool
) -> Replayed:
    """Replay on an existing connection, and close the connection."""
    replayed = await read_on(connection, line, case, pieces, is_eager=is_eager)
    line.abort()
    await asyncio.sleep(0)
    return replayed


async def read_on(
    connection: Connection, line: Line, case: Case, pieces: Iterable[bytes], *, is_eager: bool = True
) -> Replayed:
    """Send a request on an existing connection, and deliver the output."""
    seen = _Seen()
    reader = asyncio.ensure_future(_exchange(connection, case["method"], seen))
    await asyncio.sleep(0)
    for piece in pieces:
        taken = line.deliver(piece)
        if is_eager:
            await asyncio.sleep(0)
        while taken < len(piece) and not line.is_closing():
            await _turns()
            if line.is_paused:
                raise AssertionError(f"nobody resumes {connection}")
            taken += line.deliver(piece[taken:])
    if case["end"] == "close":
        if line.is_paused:
            await _turns()
        line.end()
    await _turns()
    waits = not reader.done()
    if waits:
        reader.cancel()
    await asyncio.wait([reader])
    failure = None if waits else reader.exception()
    if failure is not None and not isinstance(failure, _FAILURES):
        raise failure
    result = seen.result("waits" if waits else "whole" if failure is None else "broken")
    if "status" in result and not waits:
        result["reused"] = connection.is_reusable
    return Replayed(result, type(failure).__name__ if failure is not None else None)


async def interrupt(case: Case, pieces: Iterable[bytes], how: str) -> str | None:
    """Deliver the beginning of the output, and then cancel the reader, or reset, abort or end the connection.

    Returns:
        The class of the exception that the reader got; None without one.
    """
    connection = connect()
    wire = Wire(connection)
    reader = asyncio.ensure_future(_exchange(connection, case["method"], _Seen()))
    await asyncio.sleep(0)
    for piece in pieces:
        wire.deliver(piece)
    if how == "cancel":
        reader.cancel()
    elif how == "reset":
        wire.break_off(ConnectionResetError("reset by peer"))
    elif how == "abort":
        connection.abort()
    else:
        wire.end()
    await _turns()
    wire.abort()
    await _turns()
    if not reader.done():
        raise AssertionError(f"the reader still waits: {connection}")
    failure = None if reader.cancelled() else reader.exception()
    if failure is not None and not isinstance(failure, (*_FAILURES, protocol_error.Closed)):
        raise failure
    return type(failure).__name__ if failure is not None else None


class _Seen:
    """The parts of a response that an exchange has received so far."""

    def __init__(self) -> None:
        self.head: tuple[int, list[tuple[str, str]]] | None = None
        self.body = bytearray()

    def result(self, end: str) -> Case:
        if self.head is None:
            return {"waits": True} if end == "waits" else {"error": True}
        status, headers = self.head
        result = {"status": status, "headers": _shown_headers(headers), "body": _shown(bytes(self.body)), "end": end}
        if len(self.body) > _SHOWN_BYTES:
            result["body_bytes"] = len(self.body)
        return result


async def _exchange(connection: Connection, method: str, seen: _Seen) -> None:
    """Send one request and read the response to its end. Only this function knows how a connection is used."""
    body = b"{}" if method == "POST" else None
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = await connection.send(f"{method} / HTTP/1.1\r\nHost: server\r\n{length}\r\n".encode(), body, method=method)
    seen.head = head.status, list(head.headers)
    while chunk := await connection.read():
        seen.body += chunk


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _shown(raw: bytes) -> str:
    if len(raw) > _SHOWN_BYTES:
        return f"sha256:{sha256(raw).hexdigest()[:16]}"
    return raw.decode("latin-1")


def _shown_headers(headers: list[tuple[str, str]]) -> Any:
    fields = sorted(
        ((name.lower(), value) for name, value in headers if name.lower() not in _FRAMING), key=lambda field: field[0]
    )
    if len(fields) > _SHOWN_FIELDS:
        lines = "".join(f"{name}: {value}\n" for name, value in fields)
        return {"fields": len(fields), "hash": _shown(lines.encode("latin-1"))}
    return [[_shown(each.encode("latin-1")) for each in field] for field in fields]
