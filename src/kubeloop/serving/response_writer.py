"""`ResponseWriter`: writes responses to a transport, as fast as the client reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from kubeloop.serving.response_bytes import LAST_CHUNK, chunk, has_no_body, head_bytes
from kubeloop.serving.response_gzip import THRESHOLD_BYTES, accepts_gzip, gzip_headers, gzip_pieces
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from kubeloop.serving.response_bytes import DateHeader
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers

__all__ = ["ResponseWriter", "close_pieces"]

_HIGH_WATER = 1 << 16
_WRITE_BYTES = 1 << 18
_PIECES_PER_TURN = 64


class ResponseWriter:
    """Writes one response after the other.

    Args:
        transport: The connection.
        date: The `Date` header.

    Attributes:
        closes: Whether the connection ends with the response, which the response says.
        is_old: Whether the request is of HTTP/1.0, which has no chunks.
        is_paused: Whether the client reads more slowly than the server writes.

    A response whose head cannot be sent raises `UnsendableHead`, before anything of it is written.
    """

    __slots__ = ("_date", "_drained", "_loop", "_transport", "closes", "is_old", "is_paused")

    def __init__(self, transport: asyncio.Transport, date: DateHeader) -> None:
        self._transport = transport
        self._date = date
        self._loop = asyncio.get_running_loop()
        self._drained: asyncio.Future[None] | None = None
        self.closes = False
        self.is_old = False
        self.is_paused = False
        transport.set_write_buffer_limits(high=_HIGH_WATER)

    def __repr__(self) -> str:
        return f"<ResponseWriter{', paused' if self.is_paused else ''}>"

    def put(self, data: bytes | memoryview) -> bool:
        """Write bytes. Return False if the connection has ended, which the event loop may report a turn later."""
        if self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    def resume(self) -> None:
        """Continue, because the client has read most of what was written."""
        self.is_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def begin_chunks(self, response: StreamedResponse) -> None:
        """Write the head of a response whose pieces `put_piece` writes."""
        self.closes = self.closes or self.is_old
        self.put(self._head(response, "" if self.is_old else "Transfer-Encoding: chunked\r\n"))

    def put_piece(self, piece: bytes) -> bool:
        """Write a piece of a body, which is not empty; return what `put` returns."""
        return self.put(piece if self.is_old else chunk(piece))

    def end_chunks(self) -> None:
        """Write the end of a body in pieces."""
        if not self.is_old:
            self.put(LAST_CHUNK)

    def write(self, method: str, response: Response) -> None:
        """Write a whole response at once.

        Args:
            method: The method of the request; `""` for bytes that are no request.
            response: The response.
        """
        body = response.body
        if not has_no_body(method, response.status):
            data = self._head(response, f"Content-Length: {len(body)}\r\n") + body
        else:
            data = self._head(response, f"Content-Length: {len(body)}\r\n" if method == "HEAD" and body else "")
        self.put(data)

    async def send(self, request: Request, response: Response | StreamedResponse) -> None:
        """Write a response of any size, compressed if the client accepts that."""
        if isinstance(response, StreamedResponse):
            await self._write_pieces(request, response, response.chunks, response.headers)
        elif len(response.body) <= THRESHOLD_BYTES or has_no_body(request.method, response.status):
            self.write(request.method, response)
        elif accepts_gzip(request.headers, response) and not self.is_old:
            await self._write_pieces(request, response, gzip_pieces(response.body), gzip_headers(response.headers))
        else:
            await self._write_large(response)

    def _head(self, response: Response | StreamedResponse, framing: str, headers: Headers | None = None) -> bytes:
        if self.closes:
            framing += "Connection: close\r\n"
        elif self.is_old:
            framing += "Connection: keep-alive\r\n"
        return head_bytes(response.status, headers or response.headers, self._date.line() + framing)

    async def _write_large(self, response: Response) -> None:
        """Write a large body as fast as the client reads it, without a copy of the whole."""
        view = memoryview(response.body)
        head = self._head(response, f"Content-Length: {len(view)}\r\n")
        self.put(b"".join([head, view[:_WRITE_BYTES]]))
        for at in range(_WRITE_BYTES, len(view), _WRITE_BYTES):
            await self._drain()
            if not self.put(view[at : at + _WRITE_BYTES]):
                return

    async def _write_pieces(
        self, request: Request, response: Response | StreamedResponse, chunks: AsyncIterable[bytes], headers: Headers
    ) -> None:
        """Write a body in pieces, each as soon as it exists and the client reads it."""
        pieces = aiter(chunks)
        is_bare = has_no_body(request.method, response.status)
        is_chunked = not self.is_old and not is_bare
        self.closes = self.closes or (self.is_old and not is_bare)
        try:
            head = self._head(response, "Transfer-Encoding: chunked\r\n" if is_chunked else "", headers)
            if not self.put(head) or is_bare:
                return
            count = 0
            async for piece in pieces:
                if piece and not self.put_piece(piece):
                    return
                count += 1
                if self.is_paused:
                    await self._drain()
                elif count % _PIECES_PER_TURN == 0:  # the stream may never wait
                    await asyncio.sleep(0)
            self.end_chunks()
        except asyncio.CancelledError:
            # The client has left, which is why nothing is written; or the server stops, and streams end in order.
            if isinstance(response, StreamedResponse):
                self.end_chunks()
            raise
        finally:
            await close_pieces(pieces)

    async def _drain(self) -> None:
        """Wait until the client has read most of what was written."""
        while self.is_paused:
            self._drained = self._loop.create_future()
            try:
                await self._drained
            finally:
                self._drained = None


async def close_pieces(pieces: AsyncIterator[bytes]) -> None:
    """Close an iterator over a body, if it is a generator."""
    close: Callable[[], Awaitable[None]] | None = getattr(pieces, "aclose", None)  # only generators must have it
    if close is not None:
        await close()
