"""Kept connections: nothing that a server sent for one request, or unasked, may become the response to another.

A connection waits in the pool between two requests. A server or proxy may write to it meanwhile: HAProxy writes a 408
when it is tired of waiting, a broken proxy the rest of somebody's response. Read as the response to the next request,
such bytes shift every later response by one. So a connection is inspected twice:

- When a response has been read to its end, for bytes beyond it (`is_at_rest`). What arrives afterwards is kept apart.
- When the connection is taken (`Connector`), for bytes, an end or an error that arrived since, whether the event loop
  has read them, or the operating system still holds them because the loop was busy.

A connection that fails is closed and another one is taken. TLS 1.3 session tickets are no bytes of a response: the TLS
layer takes them, and the connection stays.

The guarantee is that of Go's `readLoop`. The race that remains there remains here: bytes that arrive after the
inspection, while the request is on its way, look exactly like a response to it; so does the rest of a TLS record of
which only a part had arrived. HTTP/1.1 has nothing by which to tell them apart.

Reference: Go net/http/transport.go, persistConn.readLoop ("Unsolicited response received on idle HTTP channel").
"""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from aiohttp import TCPConnector

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection

__all__ = ["Connector", "drop", "is_at_rest", "is_quiet"]

# The loop reads in the turn after the next: first this task goes on, then the socket is read.
_LOOKS = 5


class Connector(TCPConnector):
    """aiohttp's connector, which hands out a kept connection only when nothing has arrived on it.

    `used` has the protocols of connections that carried a request: only those are inspected.
    """

    # Any: the arguments are aiohttp's.
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self.used: WeakSet[ResponseHandler] = WeakSet()

    async def connect(self, req: ClientRequest, traces: list[Any], timeout: ClientTimeout) -> Connection:
        """Take a kept connection that is quiet, or open a new one."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or protocol not in self.used:
                return connection
            try:
                if await is_quiet(protocol):
                    return connection
            except BaseException:
                drop(connection)
                raise
            drop(connection)


def is_at_rest(protocol: ResponseHandler) -> bool:
    """Return whether a connection whose response has been read has nothing beyond that response; keep apart what comes.

    The parser may have the beginning of another message in it, which shows nowhere else.
    """
    parser, protocol._parser = protocol._parser, None
    if parser is None or protocol.should_close:
        return False
    try:
        # Of the parser in C only the end of input tells; the one in Python shows what it holds.
        return parser.feed_eof() is None and not getattr(parser, "_tail", b"")
    except Exception:  # the parser's own: half a message
        return False


async def is_quiet(protocol: ResponseHandler) -> bool:
    """Return whether nothing has arrived on a kept connection since it was put back.

    Bytes that the operating system holds are given to the loop to read: if TLS takes them for itself, all is well.
    """
    for _ in range(_LOOKS):
        transport = protocol.transport
        if transport is None or transport.is_closing() or protocol.should_close:
            return False
        socket = transport.get_extra_info("socket")
        if socket is None or not _has_arrived(socket.fileno()):
            return True
        await asyncio.sleep(0)
    return False


def drop(connection: Connection) -> None:
    """Close a connection at once, without the goodbye that would wait for the other side."""
    if connection.protocol is not None:
        connection.protocol.abort()
    connection.close()


if hasattr(select, "poll"):

    def _has_arrived(fd: int) -> bool:
        """Return whether the operating system has bytes, an end or an error for this socket."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(0))

else:

    def _has_arrived(fd: int) -> bool:
        """Return whether the operating system has bytes, an end or an error for this socket."""
        return bool(select.select([fd], [], [], 0)[0])
