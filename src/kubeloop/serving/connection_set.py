"""`ConnectionSet`: the connections of one server, with what they share, their timeouts and their end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kubeloop.serving.response_bytes import DateHeader
from kubeloop.serving.server_connection import READ_BYTES, Handler, Refuse, ServerConnection

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ConnectionSet"]

_CHECK_SECONDS: Final = 1.0
# How long the last bytes of responses have to leave when a server stops.
_FLUSH_SECONDS: Final = 1.0


class ConnectionSet:
    """The connections of one server.

    Args:
        respond: Returns the response to a request.
        refuse: Returns the response to a request that no handler sees, or whose handler failed.
        max_body_bytes: How long the body of a request may be.
        wall_clock: Returns the seconds since 1970, for the `Date` of responses.

    Attributes:
        is_stopping: Whether `stop` was called.
    """

    def __init__(
        self, respond: Handler, refuse: Refuse, *, max_body_bytes: int, wall_clock: Callable[[], float]
    ) -> None:
        self.respond = respond
        self.refuse = refuse
        self.date = DateHeader(wall_clock)
        self.buffer = memoryview(bytearray(READ_BYTES))
        self.max_body_bytes = max_body_bytes
        self.is_stopping = False
        self._connections: set[ServerConnection] = set()
        self._awake: list[ServerConnection] = []
        self._timer: asyncio.TimerHandle | None = None
        self._change: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._connections)

    def connected(self, connection: ServerConnection) -> None:
        """Add a connection that has begun."""
        self._connections.add(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_CHECK_SECONDS, self._check)

    def changed(self, connection: ServerConnection) -> None:
        """Remove a connection if it has ended, and let `stop` look at the others."""
        if connection.has_ended:
            self._connections.discard(connection)
            if not self._connections:
                self._stop_timer()
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    def wake(self, connection: ServerConnection) -> None:
        """Call `push` of a connection in the next turn of the loop, with all others that are woken in this one."""
        if not self._awake:
            asyncio.get_running_loop().call_soon(self._push)
        self._awake.append(connection)

    def _push(self) -> None:
        awake, self._awake = self._awake, []
        for connection in awake:
            connection.push()

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_CHECK_SECONDS, self._check)
        now = loop.time()
        for connection in list(self._connections):
            connection.check_time(now)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def stop(self, grace: float) -> None:
        """Close all connections: idle ones at once, those with a request after its response, then those that stream.

        A cancelled call closes them at once.

        Args:
            grace: How many seconds requests have to end.
        """
        self.is_stopping = True
        try:
            for connection in list(self._connections):
                connection.stop_if_idle()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._wait_until(lambda: all(each.is_streaming for each in self._connections))
            for connection in list(self._connections):
                connection.end()
            with suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH_SECONDS):
                    await self._wait_until(lambda: not self._connections)
        finally:
            for connection in list(self._connections):
                connection.abort()
            await self._wait_until(lambda: not self._connections)

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._change = asyncio.get_running_loop().create_future()
            await self._change
