"""One connection: requests out, responses in, one after the other.

The bytes that arrive are taken where the event loop delivers them, in `buffer_updated`, and handed to whoever reads
without an `await` in between: a cancelled reader loses nothing. Once a response has ended, anything that arrives before
the next request closes the connection, so that it can never count as the response to another request.

Reference: Go net/http/transport.go, persistConn.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from kubeloop.transport.http1.chunks import ChunkReader
from kubeloop.transport.http1.protocol_error import BadResponse, Broken, Closed, Silent
from kubeloop.transport.http1.response_head import CHUNKED, UNTIL_CLOSE, HeadReader, ResponseHead

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READ_BYTES", "Connection"]

READ_BYTES: Final = 1 << 18
"""The size of the buffer that all connections of one loop read into: what is read is taken out before the next read."""

_HIGH_WATER, _LOW_WATER = 1 << 18, 1 << 16
_WRITE_BYTES = 1 << 18
_MAX_PIECES = 64
# The loop reads in the turn after the next: first this task goes on, then the socket is read.
_LOOKS = 5

_NEW, _IDLE, _HEAD, _LENGTH, _CHUNKED, _UNTIL_CLOSE, _ENDED = range(7)
_STATES = ("new", "idle", "waiting for a response", "reading", "reading", "reading", "ended")


class Connection(asyncio.BufferedProtocol):
    """A connection that carries one exchange at a time.

    Args:
        buffer: Where the loop reads into, `READ_BYTES` long; shared by the connections of one loop.

    Attributes:
        is_used: Whether a response has arrived on it.
        has_sent: Whether anything of the request may have reached the other side.
        may_fall_silent: Whether the rest of the body may pause for as long as it likes.
        on_lost: What to call when the connection has ended, in use or not.

    Concurrency: One exchange at a time; its reader may be cancelled at any point.
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

    # What an exchange calls.

    async def send(self, head: bytes, body: bytes | None, *, method: str, may_switch: bool = False) -> ResponseHead:
        """Send a request and wait for the head of its final response.

        A response may begin before all of the body is sent. It is returned, and the connection is not used again.

        Args:
            head: The request line and headers.
            body: What follows them.
            method: Of the request: the response to HEAD has no body.
            may_switch: Whether the request asks for another protocol. After 101 the connection is a stream of bytes:
                `read` and `write`.

        Raises:
            BadResponse: What arrived is no response.
            Broken: The connection ended first.
            Silent: Nothing was sent or received for too long.
            Closed: This side closed the connection.
        """
        self.has_sent = False
        transport = self._transport
        if self._state != _IDLE or transport is None or transport.is_closing():
            for _ in range(_LOOKS):  # why it is closing is told a little later
                await asyncio.sleep(0)
            raise self._failure or Broken("the connection was closed")
        self._expect(HeadReader(has_body=method != "HEAD", may_switch=may_switch))
        try:
            if body and len(body) > _WRITE_BYTES:
                await self._write_pieces(transport, head, body)
            else:
                transport.write(head + body if body else head)
                # A write that fails at once has sent nothing.
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
        """Write a large body as the socket takes it, until a response begins or the connection ends.

        A response that begins early and is a success may need the rest, which is left to the loop to write; any other
        has been given without it.
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
        """Return all that has arrived of the body, at least one byte; `b""` at its end.

        Raises:
            BadResponse: The body is malformed.
            Broken: The connection ended before the body did.
            Silent: Nothing was received for too long.
            Closed: This side closed the connection.
        """
        while not self._pieces:
            if self._has_ended():
                return b""
            await self._wait()
        return self.take()

    async def read_piece(self) -> bytes:
        """Return one piece as it was sent, a chunk if it is one, or what there is of it; else as `read`."""
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
        """Return what has arrived of the body, without waiting."""
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
        """Write to a connection that has switched to another protocol, and wait until the socket takes more.

        Raises:
            Broken: The connection has ended.
            Closed: This side closed the connection.
        """
        self.put(data)
        while self._write_paused and self._failure is None:
            if self._drained is None or self._drained.done():
                self._drained = self._loop.create_future()
            # Several may wait for the same event, and each may be cancelled.
            await asyncio.shield(self._drained)
        if self._failure is not None:
            raise self._failure

    @property
    def takes_more(self) -> bool:
        """Whether the socket takes what is written, so that it does not pile up."""
        return not self._write_paused

    @property
    def is_paused(self) -> bool:
        """Whether reading pauses, since too much waits to be read."""
        return self._is_paused

    @property
    def received(self) -> int:
        """How many bytes have arrived, read or not."""
        return self._received

    @property
    def is_complete(self) -> bool:
        """Whether all of the response has arrived, though perhaps not been read."""
        return self._state in (_IDLE, _ENDED) and self._failure is None

    @property
    def is_reusable(self) -> bool:
        """Whether another request may be sent: the last response has ended, and left the connection in good order."""
        transport = self._transport
        return self._state == _IDLE and not self._pieces and transport is not None and not transport.is_closing()

    @property
    def has_begun(self) -> bool:
        """Whether anything of a response to the last request has arrived."""
        return self._response is not None or (self._reader is not None and self._reader.has_begun)

    # What the pool calls.

    async def is_quiet(self) -> bool:
        """Return whether nothing has arrived since the last response ended.

        Bytes that the operating system holds are left to the loop to read: if TLS takes them for itself, as it does a
        session ticket, all is well. What arrives after this look, while the next request is on its way, cannot be told
        from a response to it; HTTP/1.1 has nothing for that, in Go neither.
        """
        for _ in range(_LOOKS):
            if not self.is_reusable or self._poll is None:
                return False
            if not self._poll():
                return True
            await asyncio.sleep(0)
        return False

    def has_arrived(self) -> bool:
        """Return whether bytes, an end or an error wait to be looked at, or the connection is not in order."""
        return self._poll is None or not self.is_reusable or self._poll()

    def check_silence(self, now: float, limit: float) -> None:
        """End an exchange on which nothing was sent or received for `limit` seconds. To be called now and then."""
        transport = self._transport
        is_running = _HEAD <= self._state <= _UNTIL_CLOSE
        if not is_running or transport is None or self._is_paused or (self._response and self.may_fall_silent):
            self._heard_at = now
            return
        # Of a body that is written piece by piece, what waits in the buffer may look the same although much was sent.
        progress = self._received + self._written - transport.get_write_buffer_size()
        if progress != self._progress:
            self._progress = progress
            self._heard_at = now
        elif now - self._heard_at >= limit:
            self.fail(Silent("nothing was sent or received"))

    def abort(self) -> None:
        """Close the connection at once. A running exchange fails with `Closed`."""
        self.fail(Closed("the connection was closed"))

    def fail(self, failure: Exception) -> None:
        """Close the connection at once. A running exchange fails with this exception."""
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

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to use a transport, which is connected, and encrypted if it has to be."""
        self._transport = cast("asyncio.Transport", transport)
        self._state = _IDLE
        self._poll = _poller(transport.get_extra_info("socket"))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return where to read into: a memoryview, since TLS writes into slices of it."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has arrived."""
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
        """Take the end of the stream. Only a body without a length may end so."""
        if self._state == _UNTIL_CLOSE and _is_whole(self._transport):
            self._state = _ENDED
        self._break("the server closed the connection", None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        self._break("the connection broke" if exc is not None else "the server closed the connection", exc)
        self._poll = None
        # asyncio's transport may fail when it is aborted after its end (if it was closed with bytes to send).
        self._transport = None
        if not self._lost.done():
            self._lost.set_result(None)
        if self.on_lost is not None:
            self.on_lost(self)

    def pause_writing(self) -> None:
        """Note that the socket takes no more for now."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Note that the socket takes more."""
        self._write_paused = False
        self._wake()

    # How bytes become a response.

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
            finally:
                self._pieces.extend(pieces)
                self._hold(sum(map(len, pieces)))
            if self._chunks.rest is not None:
                self._end(self._chunks.rest)
        elif state == _UNTIL_CLOSE:
            self._pieces.append(data)
            self._hold(len(data))
        elif state == _IDLE:
            # Whatever it is, nobody has asked for it.
            self._state = _ENDED
            if not self.is_used:
                self._failure = BadResponse("it sends something before it is asked")
            if self._transport is not None:
                self._transport.abort()

    def _hold(self, size: int) -> None:
        """Note that pieces of so many bytes have been added."""
        pieces = self._pieces
        self._held += size
        if len(pieces) > _MAX_PIECES:
            # Many small pieces would take several times the memory of their bytes.
            joined = b"".join(pieces)
            pieces.clear()
            pieces.append(joined)
        if self._held > _HIGH_WATER and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def _end(self, rest: bytes) -> None:
        """End the response. What follows it unasked, or a request that is not all sent, costs the connection."""
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
        # Why a connection ended that waits for another request is of no interest; one that waits for its first may have
        # ended because the server refuses the client's certificate.
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
    """Return whether an end of the stream was meant: over TLS the other side has to say so, or anybody could cut it."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object") if transport is not None else None
    if tls is None:
        return True
    try:
        # Nothing to read and no error: the alert has arrived. What has not arrived is `SSLWantReadError`.
        return not tls.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False


def _poller(socket: object) -> Callable[[], bool] | None:
    """Return a function that tells whether the operating system has bytes, an end or an error for a socket."""
    fileno = getattr(socket, "fileno", None)
    if fileno is None:
        return None
    number: int = fileno()
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return lambda: bool(poll.poll(0))
    return lambda: bool(select.select([number], [], [], 0)[0])
