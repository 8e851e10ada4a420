"""ResumingWatch: a watch that goes on, whatever happens to its connection. The decisions are in `watch_rules`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from kubeloop.clients.object_iterator import PageReader
from kubeloop.clients.watch_rules import WatchRules
from kubeloop.errors import APIError, ConnectionLost, DecodeError, RequestTimeout, TransportError
from kubeloop.wire.options import ListOptions, SelectorOptions, WatchOptions, watch_params
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent, identified

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.rest.watch_stream import WatchStream

__all__ = ["ResumingWatch"]

T_co = TypeVar("T_co", covariant=True)

_log = logging.getLogger(__name__)


class ResumingWatch(Generic[T_co]):
    """The events of a collection, from now until you leave: what `client.watch()` gives.

    Use it as `async with client.watch() as events: async for event in events: ...`. Entering opens the first request
    (or reads the first state) and raises what fails there. `resource_version` is the version up to which everything was
    delivered, for going on elsewhere.

    An object that its class cannot read comes as an `UnreadableEvent`, which tells its key, its version and the error;
    reading its `object` raises that error. A deletion needs no more than the key: it comes as DELETED, with an object
    that may have nothing but namespace, name, uid and resourceVersion.

    Concurrency: One reader. Cancelling a wait loses no event. Leaving the block closes the connection.
    """

    def __init__(self, endpoint: Endpoint[T_co], options: WatchOptions) -> None:
        self._endpoint = endpoint
        self._selection = watch_params(options)
        self._bookmarks = options.get("bookmarks", False)
        self._timeout = options.get("timeout")
        start = options.get("resource_version") or ""
        self._list_options: ListOptions = {}
        for name, value in options.items():
            if name in SelectorOptions.__annotations__ and name != "timeout":
                into: Any = self._list_options
                into[name] = value
        if start == "0":
            self._list_options["resource_version"] = start
        self._rules = WatchRules("" if start == "0" else start, endpoint._rest.random)
        self._deadline: float | None = None
        self._opening: AbstractAsyncContextManager[WatchStream[T_co]] | None = None
        self._stream: WatchStream[T_co] | None = None
        self._pending: deque[WatchEvent[T_co] | UnreadableEvent] = deque()
        self._is_first_state = False

    @property
    def resource_version(self) -> str:
        """The version up to which everything was delivered; `""` before all of the first state was."""
        return "" if self._is_first_state else self._rules.resource_version

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        if self._timeout is not None:
            self._deadline = loop.time() + self._timeout
        scope = asyncio.timeout_at(self._deadline)
        try:
            async with scope:
                await self._open()
        except TimeoutError:
            if not scope.expired():
                raise
            message = f"the watch could not be opened within {self._timeout:g} s"
            raise RequestTimeout(message, method="GET", path=self._endpoint._collection) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    def __aiter__(self) -> ResumingWatch[T_co]:
        return self

    async def __anext__(self) -> WatchEvent[T_co] | UnreadableEvent:
        await self._fill()
        for event in self._deliver(1):
            return event
        raise StopAsyncIteration

    async def batch(self) -> Sequence[WatchEvent[T_co] | UnreadableEvent]:
        """Wait for events and return the next of those that have arrived; empty once `timeout` has passed."""
        await self._fill()
        return self._deliver(len(self._pending))

    def _deliver(self, count: int) -> list[WatchEvent[T_co] | UnreadableEvent]:
        """Hand over the next events and take note of their versions.

        Raises:
            DecodeError: The first of them has no version. One that stands later ends what is handed over before it.
        """
        events: list[WatchEvent[T_co] | UnreadableEvent] = []
        pending = self._pending
        while pending and len(events) < count:
            event = pending[0]
            if not self._is_first_state:
                try:
                    self._rules.saw(event)
                except DecodeError:
                    if events:
                        break
                    pending.popleft()
                    raise
            pending.popleft()
            if event.type == "BOOKMARK" and not self._bookmarks:
                continue
            if isinstance(event, UnreadableEvent) and event.change == "DELETED" and event.key:
                event = WatchEvent("DELETED", identified(self._endpoint._model, event.error))
            events.append(event)
        self._is_first_state = self._is_first_state and bool(pending)
        return events

    async def _fill(self) -> None:
        """Wait until an event is pending that is to be yielded, or the time is over."""
        loop = asyncio.get_running_loop()
        while True:
            while self._pending and self._pending[0].type == "BOOKMARK" and not self._bookmarks:
                self._rules.saw(self._pending.popleft())
            if self._pending or (self._deadline is not None and loop.time() >= self._deadline):
                return
            try:
                has_ended = await self._next()
            except (APIError, TransportError) as error:
                was_open = self._stream is not None
                await self._close()
                if was_open and self._rules.is_quiet(error):
                    _log.debug("watch of %s: %s; opening again", self._endpoint._collection, error)
                    await self._pause(self._rules.after_end(loop.time()))
                    continue
                delay = self._rules.after_error(error, loop.time())
                if delay is None:
                    raise
                _log.warning("watch of %s: %s; opening again in %.1f s", self._endpoint._collection, error, delay)
                await self._pause(delay)
                continue
            if has_ended:
                await self._close()
                await self._pause(self._rules.after_end(loop.time()))

    async def _next(self) -> bool:
        """Wait for something to arrive and put the events that are to be yielded with the pending ones.

        Returns: Whether the request has ended.
        """
        limit = self._rules.silent_after if self._stream is not None else None
        until = min((time for time in (limit, self._deadline) if time is not None), default=None)
        scope = asyncio.timeout_at(until)
        try:
            async with scope:
                if self._stream is None:
                    await self._open()
                    return False
                arrived = await self._stream.batch()
                self._pending.extend(arrived)
        except TimeoutError:
            if not scope.expired():
                raise
            if until == self._deadline:
                return True
            path = self._endpoint._collection
            raise ConnectionLost("nothing came for too long", method="GET", path=path) from None
        return not arrived

    async def _open(self) -> None:
        if not self._rules.resource_version:
            await self._read_state()
        endpoint = self._endpoint
        now = asyncio.get_running_loop().time()
        left = None if self._deadline is None else max(self._deadline - now, 0.0)
        params = {**self._selection, **self._rules.params(now, left)}
        request = endpoint._request("GET", endpoint._collection, params)
        opening = endpoint._rest.open_watch(request, endpoint._model)
        self._stream = await opening.__aenter__()
        self._opening = opening

    async def _read_state(self) -> None:
        """Read what there is, as ADDED events, and the version to go on from."""
        events: list[WatchEvent[T_co] | UnreadableEvent] = []
        endpoint = self._endpoint

        async def list_page(params: Any, timeout: float | None) -> Any:
            request = endpoint._request("GET", endpoint._collection, params)
            return await endpoint._rest.call(request, endpoint._list_model, timeout, is_list=True)

        version = ""
        reader = PageReader(list_page, self._list_options)
        while (page := await reader.next()) is not None:
            if reader.starts_anew:
                events.clear()
            version = page.metadata.resource_version
            events.extend(WatchEvent("ADDED", item) for item in page.items)
            events.extend(UnreadableEvent(error=error, change="ADDED") for error in page.unreadable.values())
        self._rules.resource_version = version
        self._pending.extend(events)
        self._is_first_state = bool(events)

    async def _pause(self, delay: float) -> None:
        if self._deadline is not None:
            delay = min(delay, self._deadline - asyncio.get_running_loop().time())
        if delay > 0:
            await asyncio.sleep(delay)

    async def _close(self) -> None:
        opening, self._opening, self._stream = self._opening, None, None
        if opening is not None:
            await opening.__aexit__(None, None, None)

    def __repr__(self) -> str:
        state = "open" if self._stream is not None else "closed"
        return f"<ResumingWatch {self._endpoint._collection} {state}, {self._rules!r}>"
