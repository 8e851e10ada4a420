"""`FakeTransport`: a transport whose responses come from a function, for tests without a server.

Real servers find more faults; `ControlPlane` starts one. A fake is for what a server does rarely, such as errors.
Reference: client-go rest/fake (CreateHTTPClient).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Self

from kubeloop._kit import waiting
from kubeloop.errors import BodyTooLarge, RequestTimeout
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from kubeloop.transport.base import Channel
    from kubeloop.wire.request import Request

__all__ = ["FakeTransport", "event_line", "json_response"]

_JSON = {"Content-Type": JSON.media_types[0]}


FakeResponse = Response | StreamedResponse
"""What the function of a `FakeTransport` returns."""


def json_response(obj: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with an object as its JSON body.

    Args:
        obj: A model, a mapping with the field names of the API, or a sequence.
        status: The HTTP status.
        headers: Headers in addition to the content type.
    """
    body = JSON.encode(obj)
    return Response(status, Headers([*_JSON.items(), *(headers or {}).items()]), body)


def event_line(event_type: str, obj: object) -> bytes:
    """Return one event of a watch as the API server writes it, for the body of a response.

    Args:
        event_type: `"ADDED"`, `"MODIFIED"`, `"DELETED"`, `"BOOKMARK"` or `"ERROR"`.
        obj: A model, or a mapping with the field names of the API.
    """
    return JSON.encode_event(event_type, obj)


class FakeTransport:
    """A `Transport` that passes each request to a function, which returns the response or raises an error.

        def respond(request: kubeloop.Request) -> kubeloop.Response:
            assert (request.method, request.path) == ("GET", "/api/v1/namespaces/default/pods/a")
            return json_response(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="default")))

        clientset = kubeloop.Clientset(kubeloop.Config(), transport=FakeTransport(respond))

    Clients add their credentials, retry, follow redirects and read bodies as with a real server. A WebSocket is always
    refused, with the response of the function.

    Args:
        respond: Called with each attempt of each request; may be async. A `TransportError` that it raises is a failure
            of the network.

    Attributes:
        requests: The requests in the order in which they were sent, with their credentials.
    """

    __slots__ = ("_respond", "requests")

    def __init__(self, respond: Callable[[Request], FakeResponse | Awaitable[FakeResponse]]) -> None:
        self._respond = respond
        self.requests: list[Request] = []

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

    async def _response_to(self, request: Request) -> FakeResponse:
        self.requests.append(request)
        response: object = self._respond(request)
        if isawaitable(response):
            response = await response
        if not isinstance(response, (Response, StreamedResponse)):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = type(response).__name__
            raise TypeError(
                f"expected a Response or StreamedResponse from the function of a FakeTransport, got {kind}; "
                "json_response(...) creates a response"
            )
        return response

    def __repr__(self) -> str:
        return f"<FakeTransport: {len(self.requests)} requests>"


class _Body:
    """The body of a response, as a `ByteStream`. Leaving the block closes a generator that was not read to its end."""

    def __init__(self, response: FakeResponse, request: Request) -> None:
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
        body = bytearray()
        async for chunk in self._chunks:
            body += chunk
            if max_bytes is not None and len(body) > max_bytes:
                request = self._request
                raise BodyTooLarge(f"{request.method} {request.path}: the body has more than {max_bytes} bytes")
        return bytes(body)


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    if body:
        yield body


def _timed_out(request: Request, timeout: float | None) -> RequestTimeout:
    return RequestTimeout(f"no response within {timeout:g} s", method=request.method, path=request.path)
