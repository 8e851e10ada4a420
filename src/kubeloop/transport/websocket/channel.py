"""`WebSocketChannel`: a WebSocket as a channel of binary messages, with a heartbeat and a close of limited time.

Reference: RFC 6455, sections 5 to 7; client-go tools/remotecommand/websocket.go.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import BodyTooLarge, ConnectionLost
from kubeloop.transport.http1.protocol_error import Broken, Closed, Silent
from kubeloop.transport.request_errors import EXCHANGE_FAILURES, closed_failure
from kubeloop.wire.redaction import Redaction

if TYPE_CHECKING:
    from kubeloop.errors import KubeloopError
    from kubeloop.transport.http1.connection import Connection
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers

__all__ = ["WebSocketChannel"]

_MAX_MESSAGE_BYTES = 16 << 20
_HEARTBEAT_SECONDS = 30.0
_CLOSE_SECONDS = 2.0
# The bytes that are parsed in one step: at most two thousand frames, because a frame has at least two bytes.
_SLICE_BYTES = 1 << 12
_NORMAL, _BAD_FRAME, _NO_CODE, _ABNORMAL, _BAD_TEXT, _TOO_BIG = 1000, 1002, 1005, 1006, 1007, 1009

# The package logs each frame with its payload, which may be secret. This logger has no parent and is always disabled.
_no_log = logging.Logger("websocket", logging.CRITICAL + 1)  # noqa: LOG001


class WebSocketChannel:
    """A `Channel` on a connection that has switched to the WebSocket protocol.

    The user must keep calling `receive`, because only `receive` responds to the server's pings and notices the end of
    the channel, as in client-go. Nothing is read ahead, and the connection stops reading when half a MiB waits.

    A ping is sent every 30 seconds. If no byte arrives before the next ping, the connection is lost. Received bytes
    count even if `receive` is not called for a while, and a connection whose reading is paused is not checked.

    Args:
        connection: The connection, which the channel owns and closes.
        request: The request, for messages.
        headers: The headers of the 101 response.

    Concurrency: Any number of senders and receivers. Messages are sent whole and in the order of the calls; a cancelled
        `send` may have sent its message, and a cancelled `receive` loses nothing.
    """

    __slots__ = (
        "_awaited",
        "_beat_timer",
        "_close_code",
        "_connection",
        "_control",
        "_failure",
        "_is_closed",
        "_is_text",
        "_message",
        "_messages",
        "_protocol",
        "_reading",
        "_request",
        "_unread",
        "headers",
        "subprotocol",
    )

    def __init__(self, connection: Connection, request: Request, headers: Headers) -> None:
        self._connection = connection
        self._request = request
        self.headers = headers
        self.subprotocol = headers.get("sec-websocket-protocol", "")
        self._protocol = Protocol(Side.CLIENT, max_size=_MAX_MESSAGE_BYTES, logger=_no_log)
        self._reading = asyncio.Lock()
        self._unread = memoryview(b"")
        self._message = bytearray()
        self._is_text = False
        self._messages: deque[bytes] = deque()
        self._control = b""
        self._is_closed = False
        self._close_code: int | None = None
        self._failure: KubeloopError | None = None
        self._awaited = -1
        self._beat_timer = asyncio.get_running_loop().call_later(_HEARTBEAT_SECONDS, self._beat)

    def __repr__(self) -> str:
        state = "open" if self.close_code is None else f"closed with {self.close_code}"
        return f"<WebSocketChannel {self._request.path} {self.subprotocol!r}, {state}>"

    @property
    def close_code(self) -> int | None:
        """The close code; None while the channel is open or `receive` has not reached the close frame.

        It is the server's code, or 1002, 1007 or 1009 if the server violated the protocol, or 1006 if the connection
        ended without a close frame.
        """
        return self._close_code

    async def send(self, data: bytes) -> None:
        """Send one binary message, and wait until the socket accepts more; see `Channel.send`."""
        if self._close_code is not None or self._is_closed:
            raise self._lost("the channel is closed")
        self._protocol.send_binary(data)
        try:
            await self._connection.write(b"".join(self._protocol.data_to_send()))
        except EXCHANGE_FAILURES:
            raise_alone(self._lost("the channel is closed"))
        self._send_control()

    async def receive(self) -> bytes | None:
        """Wait for the next message; see `Channel.receive`.

        Raises:
            BodyTooLarge: A message is larger than 16 MiB; the channel is closed.
        """
        while not self._messages:
            if self._failure is not None:
                raise_alone(self._failure.with_traceback(None))
            if self._close_code is not None:
                return None
            await self._advance()
        return self._messages.popleft()

    async def close(self) -> None:
        """Close the channel, and its connection after at most two seconds. A second call does nothing.

        Messages that arrive before the server closes are discarded.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._beat_timer.cancel()
        if self._close_code is None:
            self._protocol.send_close(_NORMAL)
            self._control = b"".join(self._protocol.data_to_send())
        self._put(self._control)
        try:
            # After a violation (such as 1002) wait for the end of the connection: closing it while the server still
            # sends would discard our close frame.
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    while self._protocol.close_rcvd is None and await self._advance():
                        pass
        finally:
            self._messages.clear()
            self._end(_ABNORMAL, self._lost("the channel is closed"))
            self._connection.abort()

    async def _advance(self) -> bool:
        """Process one slice of the bytes that have arrived, or wait for bytes. Cancellation loses nothing.

        Returns:
            Whether more bytes may arrive: False once the connection has ended.
        """
        if self._unread:
            await asyncio.sleep(0)  # other tasks run between two slices
        else:
            async with self._reading:
                if not self._unread and not self._messages:
                    try:
                        self._unread = memoryview(await self._connection.read())
                    except EXCHANGE_FAILURES as error:
                        self._break(error)
                        return False
                    if not self._unread:
                        self._break(None)
                        return False
        has_frames = False
        while self._unread and not has_frames:
            data, self._unread = self._unread[:_SLICE_BYTES], self._unread[_SLICE_BYTES:]
            has_frames = self._feed(bytes(data))
        return True

    def _feed(self, data: bytes) -> bool:
        """Parse a slice, and return whether it contained the end of a frame."""
        protocol = self._protocol
        protocol.receive_data(data)
        frames = protocol.events_received()
        for frame in frames:
            if self._close_code is None and isinstance(frame, Frame):
                self._take(frame)
        if protocol.parser_exc is not None and not self._is_closed:
            self._violated(protocol.parser_exc)
        # One pong is enough for several pings (RFC 6455, section 5.5.3), and a close frame replaces all.
        if writes := protocol.data_to_send():
            self._control = writes[-1]
            self._send_control()
        return bool(frames)

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._closed_by_server()
        elif not self._is_closed and frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._message += frame.data
            if frame.fin:
                message, self._message = bytes(self._message), bytearray()
                self._take_message(message)

    def _take_message(self, message: bytes) -> None:
        if not self._is_text or _is_utf8(message):
            self._messages.append(message)
            return
        self._protocol.fail(_BAD_TEXT, "not UTF-8")
        self._end(_BAD_TEXT, self._lost("the server broke the WebSocket protocol: a text message is not UTF-8"))

    def _closed_by_server(self) -> None:
        close = self._protocol.close_rcvd
        assert close is not None
        if close.code in (_NORMAL, _NO_CODE):
            self._end(close.code, None)
            return
        reason = Redaction(self._request)(close.reason)
        text = f"the server closed the channel with code {int(close.code)}{f': {reason}' if reason else ''}"
        self._end(close.code, self._lost(text))

    def _violated(self, error: Exception) -> None:
        """End the channel after an invalid frame. The close frame for the server is already prepared."""
        if isinstance(error, PayloadTooBig):
            text = f"{self._request.path}: a message of more than {_MAX_MESSAGE_BYTES} bytes"
            self._end(_TOO_BIG, BodyTooLarge(text))
            return
        code = _BAD_TEXT if isinstance(error, UnicodeDecodeError) else _BAD_FRAME
        # The text of a ProtocolError quotes nothing of the frame.
        why = str(error) if isinstance(error, ProtocolError) else "the reason in a close frame is not UTF-8"
        self._end(code, self._lost(f"the server broke the WebSocket protocol: {why}"))

    def _break(self, error: Exception | None) -> None:
        """End the channel after its connection has ended, with or without an exception."""
        if isinstance(error, Closed):
            self._end(_ABNORMAL, closed_failure(self._request))
            return
        cause = error.cause if isinstance(error, Broken) else None
        if isinstance(error, Silent):
            why = str(error)
        elif isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            why = os.strerror(cause.errno).lower()
        else:
            why = "the connection ended without a close frame"
        self._end(_ABNORMAL, self._lost(f"the channel broke: {why}"))

    def _end(self, code: int, failure: KubeloopError | None) -> None:
        """Record why the channel has ended; the first reason counts."""
        if self._close_code is None:
            self._close_code = int(code)
            self._failure = failure
            self._beat_timer.cancel()

    def _beat(self) -> None:
        """Send a ping, or close the connection if no byte has arrived since the last ping."""
        connection = self._connection
        if connection.received == self._awaited:
            connection.fail(Silent(f"nothing has arrived for {_HEARTBEAT_SECONDS:g} s after a ping"))
            return
        # No byte can arrive while reading is paused.
        self._awaited = -1 if connection.is_paused else connection.received
        self._send_control()
        if connection.takes_more:
            self._protocol.send_ping(b"")
            self._put(b"".join(self._protocol.data_to_send()))
        self._beat_timer = asyncio.get_running_loop().call_later(_HEARTBEAT_SECONDS, self._beat)

    def _send_control(self) -> None:
        """Send the waiting pong or close frame if the socket accepts it, so that none accumulate in memory.

        A later frame replaces an earlier one (RFC 6455, section 5.5.3).
        """
        if self._control and self._connection.takes_more and not self._is_closed:
            frame, self._control = self._control, b""
            self._put(frame)

    def _put(self, frame: bytes) -> None:
        with suppress(*EXCHANGE_FAILURES):  # `receive` raises the error
            self._connection.put(frame)

    def _lost(self, message: str) -> ConnectionLost:
        return ConnectionLost(message, method=self._request.method, path=self._request.path)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
