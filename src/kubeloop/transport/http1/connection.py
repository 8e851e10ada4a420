"""`Connection`: an asyncio protocol that sends requests and receives responses, one exchange after the other.

Bytes that arrive between a response and the next request close the connection, so that they can never be read as the
response to another request. Reference: Go net/http/transport.go, persistConn.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from kubeloop.transport.http1.protocol_error import BadResponse, Broken, Closed, Silent
from kubeloop.transport.http1.response_head import CHUNKED, UNTIL_CLOSE, HeadReader, ResponseHead
from kubeloop.wire.chunks import ChunkReader

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READ_BYTES", "Connection"]

READ_BYTES: Final = 1 << 18
"""The size of the buffer that all connections of one loop share. Each read is copied out before the next one."""

_HIGH_WATER, _LOW_WATER = 1 << 18, 1 << 16
_WRITE_BYTES = 1 << 18
_MAX_PIECES = 64
# How often to yield to the loop: it reads the socket in the turn after the next, and TLS may need some turns more.
_LOOKS = 5

_NEW, _IDLE, _HEAD, _LENGTH, _CHUNKED, _UNTIL_CLOSE, _ENDED = range(7)
_STATES = ("new", "idle", "waiting for a response", "reading", "reading", "reading", "ended")


class Connection(asyncio.BufferedProtocol):
    """A connection that carries one exchange at a time.

    Args:
        buffer: The buffer that the loop reads into, of `READ_BYTES`; shared by the connections of one loop.

    Attributes:
        is_used: Whether the connection has received a response.
        has_sent: Whether a part of the request may have reached the server.
        may_fall_silent: Whether the rest of the body may pause without a limit.
        on_lost: Called when the connection has ended, in use or not.

    Concurrency: One exchange at a time. Its reader may be cancelled at any point and loses nothing, because no await is
        between taking bytes and returning them.
    """

    __slots__ = (
        "_buffer",
        "_chunks",
        "_drained",
        "_failure",
        "_heard_at",
        "_held",
        "_is_paused",
        "_is_writing",
        "_left",
        "_loop",
        "_lost",
        "_pieces",
        "_poll",
        "_progress",
        "_reader",
        "_received",
        "_response",
        "_state",
        "_transport",
        "_waiter",
        "_write_paused",
        "_written",
        "has_sent",
        "is_used",
        "may_fall_silent",
        "on_lost",
    )

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = memoryview(buffer)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._poll: Callable[[], bool] | None = None
        self._state = _NEW
        self._reader: HeadReader | None = None
        self._response: ResponseHead | None = None
        self._chunks: ChunkReader | None = None
        self._left = 0
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._is_paused = False
        self._is_writing = False
        self._write_paused = False
        self._written = 0
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._failure: Exception | None = None
        self._received = 0
        self._progress = 0
        self._heard_at = 0.0
        self.has_sent = False
        self.is_used = False
        self.may_fall_silent = False
        self.on_lost: Callable[[Connection], None] | None = None

    def __repr__(self) -> str:
        return f"<Connection {_STATES[self._state]}, {self._received} bytes received>"

    # Called by an exchange.

    async def send(self, head: bytes, body: bytes | None, *, method: str, may_switch: bool = False) -> ResponseHead:
        """Send a request and wait for the head of its final response.

        A response may begin before the whole body is sent. It is returned, and the connection is not reused.

        Args:
            head: The request line and the headers.
            body: The body, or None.
            method: The request's method, because the response to HEAD has no body.
            may_switch: Whether the request asks for another protocol. After a 101 the connection is a stream of bytes
                for `read` and `write`.

        Raises:
            BadResponse: The bytes that arrived are not a response.
            Broken: The connection ended before the head was complete.
            Silent: No byte was sent or received for longer than the limit.
            Closed: This side closed the connection.
        """
        self.has_sent = False
        transport = self._transport
        if self._state != _IDLE or transport is None or transport.is_closing():
            for _ in range(_LOOKS):  # the loop reports the reason a few turns later
                await asyncio.sleep(0)
            raise self._failure or Broken("the connection was closed")
        self._expect(HeadReader(has_body=method != "HEAD", may_switch=may_switch))
        try:
            if body and len(body) > _WRITE_BYTES:
                await self._write_pieces(transport, head, body)
            else:
                transport.write(head + body if body else head)
                # A write that fails immediately has sent nothing.
                self.has_sent = not transport.is_closing()
            while (response := self._response) is None:
                self._has_ended()
                await self._wait()
        except BaseException:
            self.abort()
            raise
        return response

    def _expect(self, reader: HeadReader) -> None:
        self._reader = reader
        self._response = None
        self._state = _HEAD
        self._heard_at = self._loop.time()
        self.may_fall_silent = False

    async def _write_pieces(self, transport: asyncio.Transport, head: bytes, body: bytes) -> None:
        """Write a large body as fast as the socket accepts it, until a response begins or the connection ends.

        If the early response is a success, the loop writes the rest of the body; otherwise the rest is not sent.
        """
        view = memoryview(body)
        self._is_writing = True
        self._written = 0
        transport.write(head)
        for at in range(0, len(body), _WRITE_BYTES):
            self.has_sent = self.has_sent or not transport.is_closing()
            transport.write(view[at : at + _WRITE_BYTES])
            self._written = at + _WRITE_BYTES
            while self._write_paused and self._response is None and self._failure is None:
                await self._wait()
            if self._failure is not None:
                return
            if (response := self._response) is not None:
                if response.status < 300:
                    transport.write(view[at + _WRITE_BYTES :])
                    break
                return
        self._is_writing = False

    async def read(self) -> bytes:
        """Wait for at least one byte of the body and return all that has arrived; `b""` at the end.

        Raises:
            BadResponse: The body is malformed.
            Broken: The connection ended before the body.
            Silent: No byte was received for longer than the limit.
            Closed: This side closed the connection.
        """
        while not self._pieces:
            if self._has_ended():
                return b""
            await self._wait()
        return self.take()

    async def read_piece(self) -> bytes:
        """Return the next piece of the body as it arrived, for example one chunk; otherwise like `read`."""
        pieces = self._pieces
        while not pieces:
            if self._has_ended():
                return b""
            await self._wait()
        piece = pieces.popleft()
        self._held -= len(piece)
        if self._is_paused and self._held <= _LOW_WATER:
            self._resume()
        return piece

    def take(self) -> bytes:
        """Return the part of the body that has arrived, without waiting."""
        pieces = self._pieces
        data = pieces.popleft() if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._held = 0
        if self._is_paused:
            self._resume()
        return data

    def _has_ended(self) -> bool:
        if self._failure is not None:
            raise self._failure
        return self._state in (_IDLE, _ENDED)

    def _resume(self) -> None:
        self._is_paused = False
        self._heard_at = self._loop.time()
        if self._transport is not None:
            self._transport.resume_reading()

    def put(self, data: bytes) -> None:
        """Write to a connection that has switched to another protocol, without waiting.

        Raises:
            Broken: The connection has ended.
            Closed: This side closed the connection.
        """
        if self._transport is None or self._state != _UNTIL_CLOSE or self._failure is not None:
            raise self._failure or Broken("the connection was closed")
        self._transport.write(data)

    async def write(self, data: bytes) -> None:
        """Write to a connection that has switched to another protocol, and wait until the socket accepts more.

        Raises:
            Broken: The connection has ended.
            Closed: This side closed the connection.
        """
        self.put(data)
        while self._write_paused and self._failure is None:
            if self._drained is None or self._drained.done():
                self._drained = self._loop.create_future()
            # Several tasks may wait for the same future, and each may be cancelled.
            await asyncio.shield(self._drained)
        if self._failure is not None:
            raise self._failure

    @property
    def takes_more(self) -> bool:
        """Whether the socket accepts more data, so that writes do not accumulate in memory."""
        return not self._write_paused

    @property
    def is_paused(self) -> bool:
        """Whether reading is paused because too many bytes wait to be read."""
        return self._is_paused

    @property
    def received(self) -> int:
        """The number of bytes that have arrived, read or not."""
        return self._received

    @property
    def is_complete(self) -> bool:
        """Whether the whole response has arrived, read or not."""
        return self._state in (_IDLE, _ENDED) and self._failure is None

    @property
    def is_reusable(self) -> bool:
        """Whether another request may be sent, because the last response has ended normally."""
        transport = self._transport
        return self._state == _IDLE and not self._pieces and transport is not None and not transport.is_closing()

    @property
    def has_begun(self) -> bool:
        """Whether a byte of the response to the last request has arrived."""
        return self._response is not None or (self._reader is not None and self._reader.has_begun)

    # Called by the pool.

    async def is_quiet(self) -> bool:
        """Return whether nothing has arrived since the last response ended.

        The loop reads bytes that the operating system holds: if TLS consumes them, as it does with a session ticket,
        the connection is quiet. Bytes that arrive later, while the next request is sent, look like its response;
        HTTP/1.1 cannot distinguish them, and Go has the same limit.
        """
        for _ in range(_LOOKS):
            if not self.is_reusable or self._poll is None:
                return False
            if not self._poll():
                return True
            await asyncio.sleep(0)
        return False

    def has_arrived(self) -> bool:
        """Return whether bytes, an end or an error wait to be read, or the connection cannot be reused."""
        return self._poll is None or not self.is_reusable or self._poll()

    def check_silence(self, now: float, limit: float) -> None:
        """End an exchange on which no byte was sent or received for `limit` seconds. The pool calls it regularly."""
        transport = self._transport
        is_running = _HEAD <= self._state <= _UNTIL_CLOSE
        if not is_running or transport is None or self._is_paused or (self._response and self.may_fall_silent):
            self._heard_at = now
            return
        # While a body is written in pieces, the size of the write buffer can stay equal although bytes were sent.
        progress = self._received + self._written - transport.get_write_buffer_size()
        if progress != self._progress:
            self._progress = progress
            self._heard_at = now
        elif now - self._heard_at >= limit:
            self.fail(Silent("nothing was sent or received"))

    def abort(self) -> None:
        """Close the connection immediately. A running exchange fails with `Closed`."""
        self.fail(Closed("the connection was closed"))

    def fail(self, failure: Exception) -> None:
        """Close the connection immediately. A running exchange fails with this exception."""
        if self._failure is None and self._state not in (_IDLE, _ENDED):
            self._failure = failure
        self._state = _ENDED
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed."""
        if self._transport is not None:
            await asyncio.shield(self._lost)

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to use a transport that is connected, with TLS if the URL asks for it."""
        self._transport = cast("asyncio.Transport", transport)
        self._state = _IDLE
        self._poll = _poller(transport.get_extra_info("socket"))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return the buffer to read into, as a memoryview because TLS writes into slices of it."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process the bytes in the buffer."""
        self._received += nbytes
        data = bytes(self._buffer[:nbytes])
        try:
            if self._state == _HEAD:
                self._take_head(data)
            else:
                self._take(data)
        except BadResponse as error:
            self.fail(error)

    def eof_received(self) -> None:
        """Process the end of the stream, which ends only a body without a length."""
        if self._state == _UNTIL_CLOSE and _is_whole(self._transport):
            self._state = _ENDED
        self._break("the server closed the connection", None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Process the end of the connection."""
        self._break("the connection broke" if exc is not None else "the server closed the connection", exc)
        self._poll = None
        # asyncio's transport may raise if it is aborted after it was lost with unsent bytes.
        self._transport = None
        if not self._lost.done():
            self._lost.set_result(None)
        if self.on_lost is not None:
            self.on_lost(self)

    def pause_writing(self) -> None:
        """Record that the socket does not accept data at the moment."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Record that the socket accepts data again."""
        self._write_paused = False
        self._wake()

    # Parsing the response.

    def _take_head(self, data: bytes) -> None:
        assert self._reader is not None
        found = self._reader.feed(data)
        if found is None:
            return
        response, rest = found
        self._response = response
        self.is_used = True
        length = response.length
        if response.status == 101:
            self._state = _UNTIL_CLOSE
            self.may_fall_silent = True
        elif length == 0:
            self._end(rest)
            rest = b""
        elif length == CHUNKED:
            self._state = _CHUNKED
            self._chunks = ChunkReader()
        elif length == UNTIL_CLOSE:
            self._state = _UNTIL_CLOSE
        else:
            self._state = _LENGTH
            self._left = length
        if rest:
            self._take(rest)
        self._wake()

    def _take(self, data: bytes) -> None:
        state = self._state
        if state == _LENGTH:
            left = self._left - len(data)
            if left > 0:
                self._left = left
                self._pieces.append(data)
                self._hold(len(data))
            else:
                self._pieces.append(data if left == 0 else data[:left])
                self._hold(len(self._pieces[-1]))
                self._end(b"" if left == 0 else data[left:])
        elif state == _CHUNKED:
            assert self._chunks is not None
            pieces: list[bytes] = []
            try:
                self._chunks.feed(data, pieces)
            except ValueError as error:
                raise BadResponse(str(error)) from None
            finally:
                self._pieces.extend(pieces)
                self._hold(sum(map(len, pieces)))
            if self._chunks.rest is not None:
                self._end(self._chunks.rest)
        elif state == _UNTIL_CLOSE:
            self._pieces.append(data)
            self._hold(len(data))
        elif state == _IDLE:
            # No request has asked for these bytes.
            self._state = _ENDED
            if not self.is_used:
                self._failure = BadResponse("the server sent bytes before the first request")
            if self._transport is not None:
                self._transport.abort()

    def _hold(self, size: int) -> None:
        """Record that pieces of this total size were added."""
        pieces = self._pieces
        self._held += size
        if len(pieces) > _MAX_PIECES:
            # Many small pieces need several times the memory of their bytes.
            joined = b"".join(pieces)
            pieces.clear()
            pieces.append(joined)
        if self._held > _HIGH_WATER and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def _end(self, rest: bytes) -> None:
        """End the response, and close the connection if more bytes follow or the request was not sent completely."""
        self._chunks = None
        transport, response = self._transport, self._response
        assert transport is not None
        assert response is not None
        if response.keeps_alive and not rest and not self._is_writing and not transport.get_write_buffer_size():
            self._state = _IDLE
        else:
            self._state = _ENDED
            transport.abort()
        self._wake()

    def _break(self, reason: str, cause: Exception | None) -> None:
        # The end of an idle connection is normal. But before its first request, a connection may have ended because the
        # server refuses the client certificate.
        is_kept = self._state == _IDLE and self.is_used
        if self._failure is None and self._state != _ENDED and not is_kept:
            where = "without a response" if not self.has_begun else "in the middle of the response"
            self._failure = Broken(f"{reason} {where}", cause)
        self._state = _ENDED
        self._wake()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)


def _is_whole(transport: asyncio.Transport | None) -> bool:
    """Return whether the stream ended normally. Over TLS this needs an alert, because anybody can close the socket."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object") if transport is not None else None
    if tls is None:
        return True
    try:
        # Nothing to read and no error means that the alert has arrived; otherwise `SSLWantReadError` is raised.
        return not tls.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False


def _poller(socket: object) -> Callable[[], bool] | None:
    """Return a function that checks whether the operating system has bytes, an end or an error for a socket."""
    fileno = getattr(socket, "fileno", None)
    if fileno is None:
        return None
    number: int = fileno()
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return lambda: bool(poll.poll(0))
    return lambda: bool(select.select([number], [], [], 0)[0])
