"""`InProcessTransport`: a transport that calls a function instead of a network."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Self

from kubeloop._kit import waiting
from kubeloop.errors import BodyTooLarge, RequestTimeout
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from kubeloop.transport.base import Channel
    from kubeloop.wire.request import Request

__all__ = ["InProcessTransport", "Respond", "read_chunks"]

Respond = Callable[["Request"], "Response | StreamedResponse | Awaitable[Response | StreamedResponse]"]
"""The function that a request is passed to. A `TransportError` that it raises is a failure of the network."""


class InProcessTransport:
    """A `Transport` that passes each request to a function, which returns the response or raises an error.

    A WebSocket is always refused, with the response of the function.
    """

    __slots__ = ("_respond",)

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Return the response of the function; see `Transport.request`.

        Raises:
            RequestTimeout: The function, or the body of a streamed response, took longer than the timeout.
            BodyTooLarge: The body is longer than `max_bytes`.
        """
        block = waiting.timeout(timeout)
        try:
            async with block, _Body(await self._response_to(request), request) as body:
                limit = max_bytes if body.status < 300 else None
                return Response(body.status, body.headers, await body.read(limit))
        except TimeoutError:
            if not block.expired():  # it is the function's
                raise
            raise _timed_out(request, timeout) from None

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[_Body]:
        """Yield the body of the response of the function; see `Transport.stream`.

        Raises:
            RequestTimeout: The function took longer than the timeout.
        """
        block = waiting.timeout(timeout)
        try:
            async with block:
                response = await self._response_to(request)
        except TimeoutError:
            if not block.expired():  # it is the function's
                raise
            raise _timed_out(request, timeout) from None
        async with _Body(response, request) as body:
            yield body

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        """Refuse to open a WebSocket; see `Transport.upgrade`.

        Raises:
            UpgradeRefused: Always, with the response of the function.
        """
        del subprotocols
        response = await self.request(request, timeout=timeout)
        raise UpgradeRefused(response, method=request.method, path=request.path)
        yield  # type: ignore[unreachable]

    async def _response_to(self, request: Request) -> Response | StreamedResponse:
        response = self._respond(request)
        return await response if isawaitable(response) else response

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class _Body:
    """The body of a response, as a `ByteStream`. Leaving the block closes a generator that was not read to its end."""

    def __init__(self, response: Response | StreamedResponse, request: Request) -> None:
        self.status = response.status
        self.headers = response.headers
        self._chunks: AsyncIterator[bytes] = aiter(
            response.chunks if isinstance(response, StreamedResponse) else _once(response.body)
        )
        self._request = request

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # Only generators can be closed.
        close: Callable[[], Awaitable[None]] | None = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def read(self, max_bytes: int | None = None) -> bytes:
        return await read_chunks(self._chunks, self._request, max_bytes)


async def read_chunks(chunks: AsyncIterable[bytes], request: Request, max_bytes: int | None) -> bytes:
    """Read a body, as `ByteStream.read` does.

    Raises:
        BodyTooLarge: The body is longer than `max_bytes`.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if max_bytes is not None and len(body) > max_bytes:
            raise BodyTooLarge(f"{request.method} {request.path}: the body has more than {max_bytes} bytes")
    return bytes(body)


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    if body:
        yield body


def _timed_out(request: Request, timeout: float | None) -> RequestTimeout:
    return RequestTimeout(f"no response within {timeout:g} s", method=request.method, path=request.path)
