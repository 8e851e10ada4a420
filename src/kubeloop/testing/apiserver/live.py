"""Carry out in an event loop what the core decides: wait for the watch cache, and stream the events of a watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from kubeloop.testing.apiserver.call import Waiting

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.call import EventStream, Reply
    from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache

__all__ = ["EventBody", "after_waiting"]


async def after_waiting(waiting: Waiting, cache: WatchCache, now: Callable[[], float]) -> Reply:
    """Wait as long as a request has to wait, and return the reply that follows.

    Args:
        waiting: The request.
        cache: The watch cache of the server.
        now: Returns the time, in seconds since the epoch.
    """
    reply: Reply = waiting
    while isinstance(reply, Waiting):
        await _reached(reply, cache, now)
        reply = reply.resume(now())
    return reply


async def _reached(waiting: Waiting, cache: WatchCache, now: Callable[[], float]) -> None:
    reached = asyncio.Event()
    stop = None if waiting.revision is None else cache.wait(waiting.revision, reached.set)
    try:
        while not reached.is_set() and (time := now()) < waiting.deadline:
            await _set_by(reached, waiting.deadline - time)
    finally:
        if stop is not None:
            stop()


class EventBody:
    """The body of a watch: one piece for the events that are ready together. Closing it ends the watch.

    A connection of `kubeloop.serving` takes the pieces as from a `PushedBody`; any other reader iterates.

    Attributes:
        on_ready: Called, if it is set, when there may be something to take.
    """

    def __init__(self, stream: EventStream, now: Callable[[], float]) -> None:
        self._stream = stream
        self._now = now
        self._ready = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self.on_ready: Callable[[], None] | None = None
        stream.on_ready = self._wake

    def take(self) -> bytes | None:
        """Return the frames that are ready; None at the end of the watch."""
        stream, now = self._stream, self._now()
        frames = stream.take(now)
        deadline = stream.deadline
        if deadline is not None and (self._timer is None or deadline < self._timer_at):
            self._wake_at(deadline, now)
        if stream.is_finished:
            if not frames:
                return None
            self._wake()
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def close(self) -> None:
        """End the watch; a second call does nothing."""
        self._cancel_timer()
        self._stream.close()

    def _wake_at(self, deadline: float, now: float) -> None:
        """Plan a call of `take`. A later deadline replaces an earlier one only when that has come."""
        self._cancel_timer()
        if deadline <= now:
            self._wake()
        else:
            self._timer_at = deadline
            self._timer = asyncio.get_running_loop().call_later(deadline - now, self._wake_by_timer)

    def _wake_by_timer(self) -> None:
        self._timer = None
        self._wake()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        if self.on_ready is None:
            self._ready.set()
        else:
            self.on_ready()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            self._ready.clear()
            piece = self.take()
            if piece is None:
                self.close()
                raise StopAsyncIteration
            if piece:
                return piece
            await self._ready.wait()

    async def aclose(self) -> None:
        """End the watch; a second call does nothing."""
        self.close()

    def end(self) -> None:
        """End the watch, and so the body that its reader waits for."""
        self._stream.close()
        self._wake()


async def _set_by(event: asyncio.Event, seconds: float | None) -> None:
    """Wait until an event is set, or the seconds have passed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
