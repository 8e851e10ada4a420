"""`Pool`: the connections to one server in one event loop.

It decides which connection carries a request, when another one is opened, and what is kept for how long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.transport.connecting.connect_errors import CONNECT_FAILURES, connect_failure
from kubeloop.transport.exchange import Exchange
from kubeloop.transport.http1.connection import READ_BYTES, Connection
from kubeloop.transport.http1.protocol_error import Broken, Closed
from kubeloop.transport.request_errors import EXCHANGE_FAILURES, closed_failure, exchange_failure

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from kubeloop.config.credential import ClientCertificate
    from kubeloop.transport.connecting.dial import Dialer
    from kubeloop.wire.request import Request

__all__ = ["SILENCE_SECONDS", "Call", "Pool"]

SILENCE_SECONDS = 180.0
"""The seconds without a byte after which an exchange fails."""

_LOOK_SECONDS = 10.0
_KEEP_SECONDS = 60.0
_MAX_KEPT = 100
_DIALS_AT_ONCE = 16
_TURN_SECONDS = 1.0
_REPEATABLE = frozenset({"GET", "HEAD"})


class Call:
    """The progress of one call.

    Attributes:
        may_switch: Whether the request asks for another protocol.
        may_fall_silent: Whether the body of the response may pause without a limit.
        is_stream: Whether the body is read as it arrives, so that the call may last for hours.
        how_far: The step that the call has reached, for the message of a timeout.
        clock: The timeout of the whole call; None for no timeout.
    """

    __slots__ = ("clock", "how_far", "is_stream", "may_fall_silent", "may_switch")

    def __init__(self, *, is_stream: bool = False, may_switch: bool = False, may_fall_silent: bool = False) -> None:
        self.is_stream = is_stream
        self.may_switch = may_switch
        self.may_fall_silent = may_fall_silent
        self.how_far = "no free connection, the request was not sent"
        self.clock: asyncio.Timeout | None = None

    def stop_clock(self) -> float | None:
        """Remove the timeout of the call, and return the seconds that were left; None for no timeout.

        Called before the body of an error is read: its status is the outcome of the call, with or without the body.
        """
        clock, self.clock = self.clock, None
        if clock is None or (end := clock.when()) is None or clock.expired():
            return None
        clock.reschedule(None)
        return max(end - asyncio.get_running_loop().time(), 0.0)


def _slots(count: int | None) -> AbstractAsyncContextManager[None]:
    """Return a context manager that limits the number of simultaneous calls; None for no limit."""
    return nullcontext() if count is None else asyncio.Semaphore(count)


class Pool:
    """The connections to one server in one event loop.

    - A request gets the kept connection that was used last. If there is none, a new one is opened, and the request gets
      the first that is ready: the new one, or one that another request has finished with. At most 16 connections are
      opened at once, unless that takes longer than a second.
    - The number of connections is unlimited unless `max_connections` is set, as in client-go. At most 100 idle ones are
      kept for a minute; the API server keeps them for 90 seconds.
    - Bytes that arrive without a request never become the response to another one. HAProxy writes a 408 after its idle
      timeout, and a broken proxy may send the rest of another response. So a kept connection is checked before each
      use, and closed if anything except a TLS session ticket has arrived.
    - A connection carries no further request once the certificate authorities or the client certificate have changed.
      Requests in progress finish. If the client certificate has changed, streams and WebSockets end with
      `ConnectionLost`, because the server knows them by the old certificate.
    - If a kept connection ends before the first byte of a response, a GET or HEAD is sent a second time on a new
      connection, and any other request only if no part of it was written. Nothing else is sent twice.

    Args:
        dialer: Opens connections.
        max_connections: The limit for requests, and the same limit again for streams; None for no limit.

    Reference: Go net/http/transport.go, getConn, queueForIdleConn, shouldRetryRequest; client-go transport/cache.go.
    """

    def __init__(self, dialer: Dialer, *, max_connections: int | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._dialer = dialer
        self._buffer = bytearray(READ_BYTES)
        self._idle: dict[Connection, float] = {}
        self._all: dict[Connection, ssl.SSLContext | None] = {}
        self._streams: set[Connection] = set()
        self._context: ssl.SSLContext | None = None
        self._certificate: ClientCertificate | None = None
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._dials: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(_DIALS_AT_ONCE)
        self._look: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._is_bounded = max_connections is not None
        self.request_slots = _slots(max_connections)
        self.stream_slots = _slots(max_connections)

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"{len(self._all)} connections, {len(self._idle)} idle"
        return f"<Pool {state}>"

    async def send(self, request: Request, head: bytes, call: Call) -> Exchange:
        """Send a request on a free or new connection and wait for the head of the response.

        Args:
            request: The request.
            head: The bytes of its request line and headers.
            call: The call, whose progress is updated.

        Raises:
            TransportError: No connection could be opened, or it failed before the response began.
        """
        may_repeat = True
        while True:
            call.how_far = "no connection, the request was not sent"
            # A retry uses a new connection, because the other kept ones may be dead too.
            connection = (self._take_idle() if may_repeat else None) or await self._open(request)
            is_kept = connection.is_used
            if is_kept and connection.has_arrived() and not await self._is_quiet(connection):
                continue
            if request.before_send is not None:
                self._check(request.before_send, connection)
            call.how_far = "the request was sent, and may have been carried out"
            if call.is_stream:
                self._streams.add(connection)
            try:
                response = await connection.send(head, request.body, method=request.method, may_switch=call.may_switch)
            except EXCHANGE_FAILURES as error:
                if self._is_closed:
                    raise_alone(closed_failure(request))
                is_unseen = is_kept and not connection.has_begun and isinstance(error, Broken)
                if is_unseen and (not connection.has_sent or (may_repeat and request.method in _REPEATABLE)):
                    may_repeat = may_repeat and not connection.has_sent
                    continue
                raise_alone(exchange_failure(error, request, is_sent=connection.has_sent))
            connection.may_fall_silent |= call.may_fall_silent
            return Exchange(request, connection, response, self._release)

    async def close(self) -> None:
        """Close all connections, in use or not, and wait until their sockets are closed."""
        self._is_closed = True
        if self._look is not None:
            self._look.cancel()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(Closed("the client is closed"))
        dials, connections = list(self._dials), list(self._all)
        for dial in dials:
            dial.cancel()
        for connection in connections:
            connection.abort()
        await asyncio.gather(*dials, *(each.wait_closed() for each in connections), return_exceptions=True)

    # Taking and returning connections.

    def _end_outdated(self) -> None:
        """Close the connections that must not outlive the TLS files with which they were opened."""
        context = self._dialer.tls_context()
        if context is self._context:
            return
        self._context = context
        for connection in list(self._idle):
            connection.abort()
        self._idle.clear()
        certificate = self._dialer.client_certificate
        if certificate is not self._certificate:
            self._certificate = certificate
            for connection in [each for each in self._streams if self._all.get(each) is not context]:
                connection.fail(Broken("the connection was closed because the client certificate was renewed"))

    def _take_idle(self) -> Connection | None:
        self._end_outdated()
        while self._idle:
            connection, _ = self._idle.popitem()
            if connection.is_reusable:
                return connection
            connection.abort()
        return None

    def _check(self, before_send: Callable[[], None], connection: Connection) -> None:
        """Check whether a request may still be sent; if not, keep the connection for other requests."""
        try:
            before_send()
        except BaseException:
            self._release(connection)
            raise

    @staticmethod
    async def _is_quiet(connection: Connection) -> bool:
        try:
            if await connection.is_quiet():
                return True
        except BaseException:
            connection.abort()
            raise
        connection.abort()
        return False

    async def _open(self, request: Request) -> Connection:
        """Wait for a connection that is opened for this request, or for one that becomes free."""
        if self._is_closed:
            raise closed_failure(request)
        waiter: asyncio.Future[Connection] = self.loop.create_future()
        self._waiting.append(waiter)
        dial = self.loop.create_task(self._dial(waiter), name="kubeloop: connecting")
        self._dials.add(dial)
        dial.add_done_callback(self._dials.discard)
        try:
            return await waiter
        except asyncio.CancelledError:
            dial.cancel()
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(waiter.result())  # the connection was ready in the same turn of the loop
            raise
        except Closed:
            raise_alone(closed_failure(request))
        except CONNECT_FAILURES as error:
            raise_alone(connect_failure(error, request, self._dialer.server))
        finally:
            with suppress(ValueError):
                self._waiting.remove(waiter)
            if self._is_bounded:
                dial.cancel()  # if another connection was ready first, this one would exceed the limit
            del waiter  # it refers to the error whose traceback refers to this frame

    async def _dial(self, waiter: asyncio.Future[Connection]) -> None:
        """Open a connection for this waiter, or for another one if this waiter already has a connection."""
        async with self._turn():
            if not waiter.done():
                await self._connect(waiter)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """Wait until few connections are being opened, for a second at most.

        If many requests begin together, most of them can use the connections of others. Without turns, all handshakes
        would delay each other, beyond the timeouts of the requests. A server that does not respond delays no turn for
        long.
        """
        has_turn = False
        with suppress(TimeoutError):
            async with asyncio.timeout(_TURN_SECONDS):
                has_turn = await self._turns.acquire()
        try:
            yield
        finally:
            if has_turn:
                self._turns.release()

    async def _connect(self, waiter: asyncio.Future[Connection]) -> None:
        connection = Connection(self._buffer)
        context = self._dialer.tls_context()
        try:
            await self._dialer.dial(connection)
        except Exception as error:
            if not waiter.done():
                # The frames of the traceback refer to the waiter. Such a circle would keep the buffers of TLS, 256 KiB
                # per attempt, until the garbage collector runs.
                waiter.set_exception(error.with_traceback(None))
            return
        self._all[connection] = context
        connection.on_lost = self._forget
        if self._look is None:
            self._look = self.loop.call_later(_LOOK_SECONDS, self._look_round)
        if waiter.done():
            self._release(connection)
        else:
            waiter.set_result(connection)

    def _release(self, connection: Connection) -> None:
        """Pass a connection to the next waiter, or keep it."""
        self._streams.discard(connection)
        if not connection.is_reusable or self._all.get(connection) is not self._context:
            connection.abort()
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle[connection] = self.loop.time()
        if len(self._idle) > _MAX_KEPT:
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            oldest.abort()

    def _forget(self, connection: Connection) -> None:
        self._all.pop(connection, None)
        self._streams.discard(connection)
        self._idle.pop(connection, None)

    def _look_round(self) -> None:
        """End connections that were silent or idle for too long, or whose TLS files have changed.

        One timer checks all connections, because a timer per request of a millisecond would be wasted.
        """
        self._end_outdated()
        now = self.loop.time()
        for connection in list(self._all):
            connection.check_silence(now, SILENCE_SECONDS)
        for connection in [each for each, since in self._idle.items() if now - since >= _KEEP_SECONDS]:
            del self._idle[connection]
            connection.abort()
        self._look = self.loop.call_later(_LOOK_SECONDS, self._look_round) if self._all else None
