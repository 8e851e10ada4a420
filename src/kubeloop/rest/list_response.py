"""`ListResponse`: the response to a LIST, whose items are read while its body arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError, RequestTimeout
from kubeloop.transport.base import read_error_body
from kubeloop.wire.response import Response

if TYPE_CHECKING:
    from kubeloop.transport.base import ByteStream, Transport
    from kubeloop.wire.request import Request
    from kubeloop.wire.serializers.registry import Serializers
    from kubeloop.wire.serializers.serializer import ListReader

__all__ = ["ListResponse"]

_PIECE_BYTES = 64 * 1024
_TIME_SLICE = 0.005
"""Seconds for which pieces are read before other tasks of the loop run."""


class ListResponse:
    """Sends a LIST and reads its response, in steps of a few milliseconds between which the loop's other tasks run.

    Each attempt begins again. The body of the `Response` that `send` returns is what is left without the items.

    Args:
        into: The class of the list.
        serializers: Those to choose from by the `Content-Type` of the response.

    Attributes:
        reader: The reader of the last response, if that was a success.
        error: Why the last response is not such a list, if that is known before its end.
        size: The number of bytes of the last body.
    """

    __slots__ = ("_into", "_serializers", "error", "reader", "size")

    def __init__(self, into: type[Any], serializers: Serializers) -> None:
        self._into = into
        self._serializers = serializers
        self.reader: ListReader[Any] | None = None
        self.error: DecodeError | None = None
        self.size = 0

    async def send(self, transport: Transport, request: Request, timeout: float | None) -> Response:
        """Send the request and read the response, as `Transport.request` does.

        Args:
            transport: Sends it.
            request: The request.
            timeout: Seconds until the last byte; None for no limit.

        Raises:
            TransportError: There was no complete response.
        """
        deadline = None if timeout is None else waiting.now() + timeout
        self.reader, self.error, self.size = None, None, 0
        async with transport.stream(request, timeout=timeout) as stream:
            if stream.status >= 300:
                left = None if deadline is None else max(deadline - waiting.now(), 0.0)
                body = await read_error_body(stream, left)
                self.size = len(body)
                return Response(stream.status, stream.headers, body)
            reader = self.reader = self._serializers.for_response(stream.headers).list_reader(self._into)
            clock = waiting.timeout_at(deadline)
            try:
                async with clock:
                    await self._read(stream, reader)
            except TimeoutError:
                if not clock.expired():
                    raise
                message = f"timed out after {timeout:g} s: the response has begun, and is not complete"
                raise_alone(RequestTimeout(message, method=request.method, path=request.path))
            return Response(stream.status, stream.headers, reader.body)

    async def _read(self, stream: ByteStream, reader: ListReader[Any]) -> None:
        try:
            async for chunk in stream:
                self.size += len(chunk)
                if len(chunk) <= _PIECE_BYTES:
                    reader.feed(chunk)
                    continue
                pieces = memoryview(chunk)
                deadline = waiting.now() + _TIME_SLICE
                for at in range(0, len(chunk), _PIECE_BYTES):
                    if waiting.now() >= deadline:
                        await waiting.let_others_run()
                        deadline = waiting.now() + _TIME_SLICE
                    reader.feed(pieces[at : at + _PIECE_BYTES])
        except DecodeError as error:
            self.error = error

    async def finish(self) -> Any:
        """Return the list.

        Raises:
            DecodeError: The body is not such a list.
        """
        if self.error is not None:
            raise self.error
        assert self.reader is not None
        steps = self.reader.finishing()
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value
            await waiting.let_others_run()

    def __repr__(self) -> str:
        return f"<ListResponse of {self._into.__name__}: {self.size} bytes>"
