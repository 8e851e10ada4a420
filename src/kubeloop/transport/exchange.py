"""`Exchange`: one request and its response on one connection of the pool.

The holder of an exchange ends it, in one of two ways: by reading the body to its end, which returns the connection to
the pool, or by `cut`, which closes the connection.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import BodyTooLarge, ConnectionLost, TransportError
from kubeloop.transport.http1.gzip import GzipDecoder
from kubeloop.transport.http1.response_head import UNTIL_CLOSE
from kubeloop.transport.request_errors import EXCHANGE_FAILURES, exchange_failure
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeloop.transport.http1.connection import Connection
    from kubeloop.transport.http1.response_head import ResponseHead
    from kubeloop.wire.request import Request

__all__ = ["Exchange"]


class Exchange:
    """The response to one request, as a `ByteStream`.

    Args:
        request: The request, for messages.
        connection: The connection that carried the request. The exchange owns it until the body ends.
        head: The head of the response.
        release: Called with the connection once the body has been read.
    """

    __slots__ = ("_connection", "_decoder", "_length", "_release", "_request", "_unfolding", "headers", "status")

    def __init__(
        self, request: Request, connection: Connection, head: ResponseHead, release: Callable[[Connection], None]
    ) -> None:
        self._request = request
        self._connection: Connection | None = connection
        self._release = release
        self._length = head.length
        self._unfolding: Iterator[bytes] | None = None
        self._decoder: GzipDecoder | None = None
        self.status = head.status
        self.headers = Headers(head.headers)
        if (coding := head.coding) in {"gzip", "x-gzip"}:
            self._decoder = GzipDecoder()
            dropped = ("content-encoding", "content-length")
            self.headers = Headers([pair for pair in head.headers if pair[0].lower() not in dropped])
            self._length = UNTIL_CLOSE  # the length of the decompressed body is unknown
        elif coding not in {"", "identity"} and head.length != 0:
            if head.status < 300:
                self.cut()
                raise self._broken(f"the body has the Content-Encoding {coding!r}, which was not requested")
            # The status of an error counts even if the body of a proxy cannot be read: reading it as gzip fails at
            # once.
            self._decoder = GzipDecoder()

    def __repr__(self) -> str:
        state = "running" if self._connection else "ended"
        return f"<Exchange {self._request.method} {self._request.path} {self.status}, {state}>"

    def cut(self) -> None:
        """Close the connection, unless the exchange has ended."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
            self._release(connection)

    def take_connection(self) -> Connection:
        """Return the connection after the server has switched protocols. The caller closes it."""
        connection, self._connection = self._connection, None
        assert connection is not None
        return connection

    async def read(self, max_bytes: int | None = None) -> bytes:
        """Read the rest of the body; see `ByteStream.read`."""
        if max_bytes is not None and self._length > max_bytes:
            raise self._too_large(max_bytes)
        connection = self._connection
        if self._decoder is None and connection is not None and connection.is_complete:
            # The usual case of an object: the whole body arrived with the head.
            body = connection.take()
            self._end(connection)
        else:
            body = await self._next()
        size = len(body)
        if max_bytes is not None and size > max_bytes:
            raise self._too_large(max_bytes)
        if not body or not (chunk := await self._next()):
            return body
        # BytesIO grows in place and returns its content without a copy, so a LIST of 90 MB is in memory once.
        whole = BytesIO()
        whole.write(body)
        del body
        while chunk:
            size += len(chunk)
            if max_bytes is not None and size > max_bytes:
                raise self._too_large(max_bytes)
            whole.write(chunk)
            chunk = await self._next()
        return whole.getvalue()

    def __aiter__(self) -> Exchange:
        """Iterate over the body's pieces; see `ByteStream`."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next piece."""
        if chunk := await self._next(joined=self._request.is_list):
            return chunk
        raise StopAsyncIteration

    async def _next(self, *, joined: bool = True) -> bytes:
        """Wait for at least one byte and return the bytes that have arrived; `b""` at the end of the body.

        Args:
            joined: Whether to return all that has arrived. Otherwise return one chunk as the server sent it: in a watch
                a chunk is an event, and joined events would have to be separated again.
        """
        decoder = self._decoder
        if decoder is None:
            return await self._arrived(joined=joined)
        while True:
            if self._unfolding is not None:
                # Decompressing one MiB takes a few milliseconds, so other tasks run in between. There is no await
                # between taking a piece and returning it, so that cancellation loses nothing.
                await asyncio.sleep(0)
                try:
                    if piece := next(self._unfolding, b""):
                        return piece
                except ValueError as error:
                    self.cut()
                    raise_alone(self._broken(str(error)))
                self._unfolding = None
            data = await self._arrived(joined=True)
            if not data:
                break
            self._unfolding = decoder.feed(data)
        if not decoder.is_complete:
            raise ConnectionLost("the gzip body is incomplete", method=self._request.method, path=self._request.path)
        return b""

    async def _arrived(self, *, joined: bool) -> bytes:
        connection = self._connection
        if connection is None:
            return b""
        try:
            data = await (connection.read() if joined else connection.read_piece())
        except EXCHANGE_FAILURES as error:
            self.cut()
            raise_alone(exchange_failure(error, self._request))
        if not data:
            self._end(connection)
        return data

    def _end(self, connection: Connection) -> None:
        self._connection = None
        self._release(connection)

    def _too_large(self, max_bytes: int) -> BodyTooLarge:
        self.cut()
        request = self._request
        return BodyTooLarge(
            f"{request.method} {request.path}: the response is larger than the limit of {max_bytes} bytes"
        )

    def _broken(self, message: str) -> TransportError:
        return TransportError(message, method=self._request.method, path=self._request.path, retryable=False)
