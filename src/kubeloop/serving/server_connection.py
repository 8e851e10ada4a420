"""`ServerConnection`: an asyncio protocol that reads requests and writes responses, one exchange after the other.

Requests that arrive while an exchange runs wait, and reading pauses when they are many. Only a handler that waits, a
stream and a body that the client reads slowly have a task. Reference: Go net/http/server.go (conn.serve).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Final, Protocol, cast

from kubeloop._kit.text import safe_text
from kubeloop.errors import TransportError
from kubeloop.serving.pushed_body import PushedBody
from kubeloop.serving.refusal import Refusal
from kubeloop.serving.request_reader import RequestReader
from kubeloop.serving.response_bytes import CONTINUE, UnsendableHead, has_no_body
from kubeloop.serving.response_gzip import THRESHOLD_BYTES
from kubeloop.serving.response_writer import ResponseWriter, close_pieces
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from kubeloop.serving.response_bytes import DateHeader

__all__ = ["READ_BYTES", "Handler", "Refuse", "ServerConnection", "Surroundings"]

Handler = Callable[[Request], Response | StreamedResponse | Awaitable[Response | StreamedResponse]]
"""Returns the response to a request, at once or when it is awaited. A response at once needs no task.

If it raises a `TransportError`, the connection is closed. If the client closes the connection, the call or the iterator
of a stream is cancelled, and a generator is closed.
"""
Refuse = Callable[[int, str], Response]
"""Returns the response with this status and message, for a request that no handler sees or whose handler failed."""

READ_BYTES: Final = 1 << 18
"""The size of the buffer that all connections of one server share. Each read is copied out before the next one."""

# Bytes of further requests that wait per connection.
_MAX_HELD_BYTES = 1 << 18
# Pipelined requests whose exchanges begin in one turn of the loop.
_REQUESTS_PER_TURN = 16

# Seconds. The first two are those of kube-apiserver (secure_serving.go), the last one that of Go's rstAvoidanceDelay.
_IDLE_TIMEOUT = 90.0
_HEAD_TIMEOUT = 32.0
_BODY_TIMEOUT = 60.0
_WRITE_TIMEOUT = 60.0
_LINGER_SECONDS = 0.5

_NEW, _READING, _BUSY, _LINGERING, _CLOSED = range(5)
_STATES = ("new", "reading", "responding", "refused", "closed")

_log = logging.getLogger(__name__)


class Surroundings(Protocol):
    """What the connections of one server share."""

    respond: Handler
    refuse: Refuse
    date: DateHeader
    buffer: memoryview
    max_body_bytes: int
    is_stopping: bool

    def connected(self, connection: ServerConnection) -> None:
        """Record a connection that has begun."""

    def changed(self, connection: ServerConnection) -> None:
        """Record that a connection has ended, or has begun to stream."""

    def wake(self, connection: ServerConnection) -> None:
        """Call `push` of a connection in the next turn of the loop."""


class ServerConnection(asyncio.BufferedProtocol):
    """One connection.

    Attributes:
        is_streaming: Whether the running exchange sends a stream, which has no end of its own.
    """

    __slots__ = (
        "_around",
        "_has_begun",
        "_is_awake",
        "_is_cancelled",
        "_is_lost",
        "_is_paused",
        "_is_scheduled",
        "_linger",
        "_loop",
        "_pushed",
        "_reader",
        "_since",
        "_state",
        "_task",
        "_transport",
        "_unsent",
        "_writer",
        "is_streaming",
    )

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._writer: ResponseWriter
        self._reader = RequestReader(around.max_body_bytes)
        self._state = _NEW
        self._task: asyncio.Task[None] | None = None
        self._pushed: PushedBody | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._has_begun = False
        self._is_awake = False
        self._is_cancelled = False
        self._is_lost = False
        self._is_paused = False
        self._is_scheduled = False
        self._since = 0.0
        self._unsent = 0
        self.is_streaming = False

    def __repr__(self) -> str:
        return f"<ServerConnection {'streaming' if self.is_streaming else _STATES[self._state]}>"

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to use a transport; bytes may have arrived before, when TLS was started on a connection."""
        self._transport = made = cast("asyncio.Transport", transport)
        self._writer = ResponseWriter(made, self._around.date)
        self._since = self._loop.time()
        self._around.connected(self)
        if self._around.is_stopping:
            self.abort()
            return
        self._state = _READING
        self._advance()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return the buffer to read into."""
        return self._around.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process the bytes in the buffer."""
        if self._state >= _LINGERING:
            return
        reader = self._reader
        is_first = reader.is_between
        reader.feed(bytes(self._around.buffer[:nbytes]))
        if self._state == _READING and not self._writer.is_paused:
            if is_first:
                self._since = self._loop.time()
            self._advance()
        elif reader.held_bytes > _MAX_HELD_BYTES and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """Process the end of the client's side. As in Go, a running request is cancelled."""
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Process the end of the connection."""
        self._is_lost = True
        self._leave()
        if self._task is None:
            self._around.changed(self)

    def _leave(self) -> None:
        self._state = _CLOSED
        self._since = self._loop.time()
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._cancel()

    def pause_writing(self) -> None:
        """Record that the client reads more slowly than the server writes."""
        self._writer.is_paused = True
        self._since = self._loop.time()

    def resume_writing(self) -> None:
        """Record that the client has read most of what was written."""
        self._writer.resume()
        if self._pushed is not None:
            self._wake()
        if self._state == _READING:
            self._since = self._loop.time()
            self._advance()

    # Called by the server.

    def check_time(self, now: float) -> None:
        """Close the connection if its client has sent or read nothing for too long. The server calls it regularly."""
        transport = self._transport
        assert transport is not None
        waited = now - self._since
        if self._writer.is_paused or self._state == _CLOSED:
            unsent = transport.get_write_buffer_size()
            if unsent != self._unsent:
                self._unsent = unsent
                self._since = now
            elif waited >= _WRITE_TIMEOUT:
                _log.debug("serving: a client has read nothing for %g s; closing its connection", waited)
                self.abort()
        elif self._state == _READING:
            if self._reader.is_between:
                if waited >= _IDLE_TIMEOUT:
                    self._close()
            elif waited >= (_BODY_TIMEOUT if self._reader.is_in_body else _HEAD_TIMEOUT):
                self._refuse(Refusal(408, "the request did not arrive in time"))

    def stop_if_idle(self) -> None:
        """Close the connection if no part of a request has arrived."""
        if self._state == _READING and self._reader.is_between:
            self._close()

    def end(self) -> None:
        """Cancel what runs, end a stream as if it were complete, and close the connection."""
        if self._pushed is not None:
            self._writer.end_chunks()
        if self._task is None:
            self._close()
        self._cancel()

    def abort(self) -> None:
        """Close the connection without sending what waits to be sent."""
        self._state = _CLOSED
        if self._transport is not None:
            self._transport.abort()

    @property
    def has_ended(self) -> bool:
        """Whether the socket is closed and nothing runs."""
        return self._is_lost and self._task is None

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task of the running exchange, if it needs one."""
        return self._task

    # Exchanges.

    def _advance(self) -> None:
        """Begin the exchanges whose requests have arrived, until one of them needs time."""
        reader, transport = self._reader, self._transport
        assert transport is not None
        for _ in range(_REQUESTS_PER_TURN):
            if self._state != _READING or self._writer.is_paused:
                return
            was_in_body = reader.is_in_body
            try:
                request = reader.next_request()
            except Refusal as refusal:
                self._refuse(refusal)
                return
            if request is None:
                if reader.is_in_body and not was_in_body:
                    self._since = self._loop.time()
                    if reader.take_expectation():
                        transport.write(CONTINUE)
                if self._is_paused:
                    self._is_paused = False
                    transport.resume_reading()
                return
            self._begin(request)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._advance_later)

    def _advance_later(self) -> None:
        self._is_scheduled = False
        self._advance()

    def _begin(self, request: Request) -> None:
        writer, reader = self._writer, self._reader
        writer.closes, writer.is_old = not reader.keeps_alive or self._around.is_stopping, reader.is_old
        try:
            result = self._around.respond(request)
        except TransportError:
            self.abort()
            return
        except Exception:
            result = self._failed(request)
        if isinstance(result, Response) and len(result.body) <= THRESHOLD_BYTES:
            self._write(request, result)
            self._end_exchange()
            return
        self._state = _BUSY
        if not self._begin_pushed(request, result):
            self._has_begun = self._is_cancelled = False
            self._task = task = self._loop.create_task(self._respond(request, result))
            task.add_done_callback(self._finished)

    def _cancel(self) -> None:
        """Cancel the running exchange. One that has not begun yet ends when it begins, to close what it was given."""
        if self._task is not None and self._has_begun:
            self._task.cancel()
        self._is_cancelled = True
        self._end_pushed()

    def _failed(self, request: Request) -> Response:
        """Log the exception that is being handled, and return the response to its request."""
        _log.exception("serving %s %s: the handler failed; returning 500", request.method, safe_text(request.path))
        return self._around.refuse(500, "internal error")

    def _finished(self, task: asyncio.Task[None]) -> None:
        if task is not self._task:  # it has begun a stream that needs no task
            return
        self._task = None
        was_streaming, self.is_streaming = self.is_streaming, False
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, TransportError):
            _log.error("serving: a response cannot be completed; closing the connection", exc_info=error)
        if self._state == _CLOSED:
            if self._is_lost:
                self._around.changed(self)
        elif error is not None or (task.cancelled() and not was_streaming):
            self.abort()
        else:
            self._writer.closes = self._writer.closes or task.cancelled()
            self._end_exchange()
            self._advance()

    def _end_exchange(self) -> None:
        if self._writer.closes or self._around.is_stopping:
            self._close()
        else:
            self._state = _READING
            self._since = self._loop.time()

    def _close(self) -> None:
        """Close the connection once everything that waits to be sent is sent."""
        self._state = _CLOSED
        self._since = self._loop.time()
        if self._transport is not None:
            self._transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Send the response to bytes that are no request, and close the connection.

        A socket that is closed while bytes wait to be read is reset, and the client may lose the response. So the
        server closes its own side first, and discards the bytes that arrive for a moment.
        """
        transport = self._transport
        assert transport is not None
        response = self._around.refuse(refusal.status, refusal.message)
        self._writer.closes = True
        self._writer.write("", response)
        self._state = _LINGERING
        if transport.can_write_eof():
            transport.write_eof()
        if self._is_paused:
            self._is_paused = False
            transport.resume_reading()
        self._linger = self._loop.call_later(_LINGER_SECONDS, self._close)

    # Responses.

    def _write(self, request: Request, response: Response) -> None:
        """Write a whole response."""
        try:
            self._writer.write(request.method, response)
        except UnsendableHead:
            self._writer.write(request.method, self._failed(request))

    async def _respond(
        self, request: Request, result: Response | StreamedResponse | Awaitable[Response | StreamedResponse]
    ) -> None:
        self._has_begun = True
        if self._is_cancelled:
            await _discard(result)
            raise asyncio.CancelledError
        try:
            # The types are hints only: a handler that returns something else has failed.
            returned: object = await result if isinstance(result, Awaitable) else result
            if isinstance(returned, (Response, StreamedResponse)):  # pyright: ignore[reportUnnecessaryIsInstance]
                result = returned
            else:
                kind = type(returned).__name__
                raise TypeError(f"expected a Response or StreamedResponse from the handler, got {kind}")
        except TransportError:
            self.abort()
            return
        except Exception:
            result = self._failed(request)
        if self._state != _CLOSED and self._begin_pushed(request, result):
            self._task = None
            return
        if isinstance(result, StreamedResponse):
            self.is_streaming = True
            self._around.changed(self)
        try:
            await self._writer.send(request, result)
        except UnsendableHead:
            self._write(request, self._failed(request))

    # Streams without a task.

    def _begin_pushed(
        self, request: Request, result: Response | StreamedResponse | Awaitable[Response | StreamedResponse]
    ) -> bool:
        """Begin to send a body that says when it is ready. Return False for any other, and for one without a body."""
        if not isinstance(result, StreamedResponse) or has_no_body(request.method, result.status):
            return False
        body: object = result.chunks
        if not isinstance(body, PushedBody):
            return False
        try:
            self._writer.begin_chunks(result)
        except UnsendableHead:
            return False
        self._pushed = body
        self.is_streaming = True
        self._around.changed(self)
        body.on_ready = self._wake
        self._wake()
        return True

    def _wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._around.wake(self)

    def push(self) -> None:
        """Write what the body has ready. A client that reads too slowly is not sent more."""
        self._is_awake = False
        body = self._pushed
        if body is None or self._writer.is_paused:
            return
        try:
            piece = body.take()
        except Exception:
            _log.exception("serving: a response cannot be completed; closing the connection")
            self.abort()
            return
        if piece is None:
            self._end_pushed()
            self._writer.end_chunks()
            self._end_exchange()
            self._advance()
        elif piece:
            self._writer.put_piece(piece)

    def _end_pushed(self) -> None:
        body, self._pushed = self._pushed, None
        if body is not None:
            self.is_streaming = False
            body.on_ready = None
            body.close()


async def _discard(result: Response | StreamedResponse | Awaitable[Response | StreamedResponse]) -> None:
    """End what a handler has returned and nobody will wait for."""
    if isinstance(result, StreamedResponse):
        await close_pieces(aiter(result.chunks))
    elif isinstance(result, Coroutine):
        result.close()
    elif isinstance(result, asyncio.Future):
        result.cancel()
