"""One request and its answer on one of aiohttp's pooled connections: whoever holds an `Exchange` ends it.

An exchange ends in one of two ways: the body has been read to its end, then the connection goes back to the pool; or it
is cut, then the connection is closed.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import BodyTooLarge, ConnectionLost, TransportError
from kubeloop.transport.failures import EXCHANGE_FAILURES, exchange_failure
from kubeloop.transport.gzip import GzipDecoder
from kubeloop.transport.kept import drop, is_at_rest
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import StreamReader
    from aiohttp.connector import Connection
    from aiohttp.http_parser import RawResponseMessage

    from kubeloop.wire.request import Request

__all__ = ["Exchange"]


class Exchange:
    """The answer to one request: a `ByteStream`.

    Args:
        request: What was sent, for messages.
        connection: What it was sent on; the exchange takes it over.
        message: The answer's head.
        payload: The answer's body as it arrives.
    """

    __slots__ = ("_connection", "_decoder", "_payload", "_request", "_unfolding", "headers", "status")

    def __init__(
        self, request: Request, connection: Connection, message: RawResponseMessage, payload: StreamReader
    ) -> None:
        self._request = request
        self._connection: Connection | None = connection
        self._payload = payload
        self._unfolding: Iterator[bytes] = iter(())
        self.status = message.code
        encoding = message.headers.get("Content-Encoding")
        if encoding is None or (coding := encoding.strip().lower()) in {"", "identity"}:
            self._decoder: GzipDecoder | None = None
            self.headers = Headers(message.headers.items())
        elif coding in {"gzip", "x-gzip"}:
            self._decoder = GzipDecoder()
            dropped = ("content-encoding", "content-length")
            self.headers = Headers([pair for pair in message.headers.items() if pair[0].lower() not in dropped])
        else:
            self.cut()
            raise self._broken(f"the body has the Content-Encoding {coding!r}, which was not asked for")

    @property
    def is_complete(self) -> bool:
        """Whether all of the body has arrived, so that reading it does not wait."""
        return self._payload.is_eof()

    def __repr__(self) -> str:
        state = "running" if self._connection else "ended"
        return f"<Exchange {self._request.method} {self._request.path} {self.status}, {state}>"

    def cut(self) -> None:
        """Close the connection, unless the exchange has ended."""
        connection, self._connection = self._connection, None
        if connection is not None:
            drop(connection)

    def expect_progress(self, seconds: float) -> None:
        """Let the rest of the body fail as soon as the server has been silent for so long."""
        if self._connection is not None and (protocol := self._connection.protocol) is not None:
            protocol.read_timeout = seconds
            protocol.start_timeout()

    async def read(self, max_bytes: int | None = None) -> bytes:
        """Read the rest of the body; see `ByteStream.read`."""
        payload = self._payload
        if self._decoder is None:
            if payload.is_eof() and payload.exception() is None:
                # What an object nearly always is: all of it came with the head.
                body = payload.read_nowait()
                self._end()
                if max_bytes is not None and len(body) > max_bytes:
                    raise self._too_large(max_bytes)
                return body
            if max_bytes is not None and self._announced() > max_bytes:
                raise self._too_large(max_bytes)
        body = await self._next(joined=True)
        size = len(body)
        if max_bytes is not None and size > max_bytes:
            raise self._too_large(max_bytes)
        if not (chunk := await self._next(joined=True)):
            return body
        # Grows in place, and gives its content away without a copy: a LIST of 90 MB is never there twice.
        whole = BytesIO()
        whole.write(body)
        del body
        while chunk:
            size += len(chunk)
            if max_bytes is not None and size > max_bytes:
                raise self._too_large(max_bytes)
            whole.write(chunk)
            chunk = await self._next(joined=True)
        return whole.getvalue()

    def __aiter__(self) -> Exchange:
        """Iterate over the body's chunks; see `ByteStream`."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk."""
        if chunk := await self._next(joined=False):
            return chunk
        raise StopAsyncIteration

    def _announced(self) -> int:
        length = self.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else 0

    async def _next(self, *, joined: bool) -> bytes:
        """Return what has arrived, at least one byte; `b""` at the end, after which the connection is free again.

        All of it, or one chunk, as it was sent: of a watch an event, which would only have to be cut out again.
        """
        decoder = self._decoder
        if decoder is None:
            return await self._arrived(joined=joined)
        while True:
            try:
                piece = next(self._unfolding)
            except StopIteration:
                data = await self._arrived(joined=True)
                if not data:
                    break
                self._unfolding = decoder.feed(data)
            except ValueError as exc:
                self.cut()
                raise_alone(self._broken(str(exc)))
            else:
                # One MiB takes a few milliseconds to unfold: let others run in between.
                await asyncio.sleep(0)
                return piece
        if not decoder.is_complete:
            raise ConnectionLost("the gzip body ends too early", method=self._request.method, path=self._request.path)
        return b""

    async def _arrived(self, *, joined: bool) -> bytes:
        connection = self._connection
        if connection is None:
            return b""
        protocol, payload = connection.protocol, self._payload
        if (protocol is None or not protocol.connected) and not payload.is_eof() and payload.exception() is None:
            self.cut()
            raise ConnectionLost("the transport was closed", method=self._request.method, path=self._request.path)
        try:
            data = await (payload.readany() if joined else _read_chunk(payload))
        except EXCHANGE_FAILURES as exc:
            self.cut()
            raise_alone(exchange_failure(exc, self._request))
        if not data:
            self._end()
        return data

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.protocol is not None and is_at_rest(connection.protocol):
            connection.release()
        else:
            drop(connection)

    def _too_large(self, max_bytes: int) -> BodyTooLarge:
        self.cut()
        request = self._request
        return BodyTooLarge(
            f"{request.method} {request.path}: the answer has more than the {max_bytes} bytes allowed here"
        )

    def _broken(self, message: str) -> TransportError:
        return TransportError(message, method=self._request.method, path=self._request.path, retryable=False)


async def _read_chunk(payload: StreamReader) -> bytes:
    """Return what has arrived of one HTTP chunk; `b""` at the end of the body."""
    data, is_chunk_end = b"", True
    # The end of a chunk may come by itself; a payload without a body says so for ever.
    while not data and is_chunk_end and not payload.at_eof():
        data, is_chunk_end = await payload.readchunk()
    return data
