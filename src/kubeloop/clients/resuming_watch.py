"""ResumingWatch: a watch that outlives its connections. It carries out what `listwatch.list_watch_machine` decides."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from kubeloop._kit import waiting
from kubeloop._kit.must_enter import not_entered
from kubeloop.clients.object_iterator import kind_of_list
from kubeloop.errors import DecodeError, RequestTimeout
from kubeloop.listwatch.list_watch_machine import ListWatchMachine
from kubeloop.listwatch.machine_steps import DeliverList, OpenWatch, ReadEvents, ReadPage, Step, Wait
from kubeloop.listwatch.reopen_or_raise import ReopenOrRaise
from kubeloop.listwatch.watch_end import NextAction
from kubeloop.wire.options import SelectorOptions, WatchOptions, list_params, watch_params
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent, identified

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.listwatch.paging import Page
    from kubeloop.listwatch.watch_end import RecoveryRule
    from kubeloop.rest.watch_stream import WatchStream

__all__ = ["EventsOfPages", "ResumingWatch"]

T_co = TypeVar("T_co", covariant=True)

EventsOfPages = Callable[[Sequence[Any]], Sequence[Any]]
"""Returns what a watch yields for the pages of a list. Any: pages of any kind; the type of an item is the caller's."""

logger = logging.getLogger(__name__)


class ResumingWatch(Generic[T_co]):
    """The events of a collection, from now until you leave: what `client.watch()` returns.

    Use it as `async with client.watch() as events: async for event in events: ...`. Entering opens the first request
    (or reads the first state) and raises what fails there. `resource_version` is the version up to which every event
    was delivered; another watch can start from it.

    An object that its class cannot read arrives as an `UnreadableEvent` with its key, its version and the error;
    reading its `object` raises that error. A deletion needs no more than the key: it arrives as DELETED, with an object
    that may have nothing but namespace, name, uid and resourceVersion.

    Args:
        endpoint: The collection.
        options: The options of `watch`.
        rule: What follows failures; None raises what cannot heal, and an expired version (`ReopenOrRaise`).
        events_of_pages: What is yielded for a list that was read; None yields an ADDED event for each object. With it,
            entering the block returns as soon as a list was read, before the watch is open.

    Attributes:
        last_error: The failure after which the watch was not open again yet; None otherwise.

    Concurrency: One reader. Cancelling a wait loses no event. Leaving the block closes the connection.
    """

    def __init__(
        self,
        endpoint: Endpoint[T_co],
        options: WatchOptions,
        *,
        rule: RecoveryRule | None = None,
        events_of_pages: EventsOfPages | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._selection = watch_params(options)
        self._bookmarks = options.get("bookmarks", False)
        timeout = options.get("timeout")
        self._timeout = None if timeout == math.inf else timeout
        list_options: Any = {
            name: value
            for name, value in options.items()
            if name in SelectorOptions.__annotations__ and name != "timeout"
        }
        self._list_selection = list_params(list_options)
        start = options.get("resource_version") or ""
        self._machine = ListWatchMachine(start, rule or ReopenOrRaise(), endpoint.rest.random)
        self._events_of_pages = events_of_pages
        self.last_error: Exception | None = None
        self._is_entered = False
        self._deadline: float | None = None
        self._opening: AbstractAsyncContextManager[WatchStream[T_co]] | None = None
        self._stream: WatchStream[T_co] | None = None
        self._pages: list[Any] = []
        self._kind: tuple[str, str] | None = None
        self._pending: deque[WatchEvent[T_co] | UnreadableEvent] = deque()
        self._is_first_state = False

    @property
    def resource_version(self) -> str:
        """The version up to which every event was delivered; `""` until all of the first state was delivered."""
        return "" if self._is_first_state else self._machine.versions.last

    async def __aenter__(self) -> Self:
        """Open the watch; without a version to start from, read what exists first.

        Raises:
            RequestTimeout: The watch was not open within its `timeout`.
            APIError: The server refused the list or the watch.
            TransportError: The server could not be reached.
        """
        self._is_entered = True
        if self._timeout is not None:
            self._deadline = waiting.now() + self._timeout
        while self._stream is None and not (self._events_of_pages and self._pending):
            if self._is_over():
                message = f"the watch could not be opened within {self._timeout:g} s"
                raise RequestTimeout(message, method="GET", path=self._endpoint.collection)
            await self._take_step()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_entered = False
        await self._close()

    def __aiter__(self) -> ResumingWatch[T_co]:
        self._check_entered()
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

    def _check_entered(self) -> None:
        if not self._is_entered:
            raise not_entered("a watch", "async with client.watch(...) as events: async for event in events: ...")

    def _deliver(self, count: int) -> list[WatchEvent[T_co] | UnreadableEvent]:
        """Return the next events, and record their versions.

        Raises:
            DecodeError: The first event has no version. Events before such an event are returned first.
        """
        events: list[WatchEvent[T_co] | UnreadableEvent] = []
        pending = self._pending
        while pending and len(events) < count:
            event = pending[0]
            if not self._is_first_state:
                try:
                    self._record(event)
                except DecodeError:
                    if events:
                        break
                    pending.popleft()
                    raise
            pending.popleft()
            if event.type == "BOOKMARK" and not self._bookmarks:
                continue
            if isinstance(event, UnreadableEvent) and event.change == "DELETED" and event.key:
                event = WatchEvent("DELETED", identified(self._endpoint.model, event.error))
            events.append(event)
        self._is_first_state = self._is_first_state and bool(pending)
        return events

    def _record(self, event: WatchEvent[T_co] | UnreadableEvent) -> None:
        if isinstance(event, UnreadableEvent):
            # Where the version cannot be read either, the next event has a newer one.
            self._machine.versions.delivered(event.change, event.resource_version)
            return
        # Any object of Kubernetes has metadata; its class does not matter here.
        version: str = getattr(getattr(event.object, "metadata", None), "resource_version", "")
        if not version and event.type != "BOOKMARK":
            raise DecodeError(f"{event.type} of an object without a metadata.resourceVersion")
        self._machine.versions.delivered(event.type, version)

    async def _fill(self) -> None:
        """Wait until an event that is to be returned has arrived, or the watch is over."""
        self._check_entered()
        while True:
            while self._pending and self._pending[0].type == "BOOKMARK" and not self._bookmarks:
                self._record(self._pending.popleft())
            if self._pending:
                return
            if self._is_over():
                await self._close()
                return
            await self._take_step()

    def _is_over(self) -> bool:
        return self._deadline is not None and waiting.now() >= self._deadline

    async def _take_step(self) -> None:
        """Carry out the next step, until the deadline at most, and report a failure to the machine.

        Raises:
            Exception: The failure, when neither waiting nor another request can help.
        """
        now = waiting.now()
        step = self._machine.next(now, None if self._deadline is None else self._deadline - now)
        limit = step.give_up_at if isinstance(step, OpenWatch | ReadEvents) else None
        until = min((time for time in (limit, self._deadline) if time is not None), default=None)
        scope = waiting.timeout_at(until)
        try:
            async with scope:
                await self._carry_out(step)
            return
        except Exception as error:
            if not (isinstance(error, TimeoutError) and scope.expired()):
                await self._failed(step, error)
                return
        if not self._is_over():
            await self._failed(step, self._machine.overdue_error(method="GET", path=self._endpoint.collection))

    async def _carry_out(self, step: Step) -> None:
        match step:
            case Wait(until=until):
                await waiting.sleep(until - waiting.now())
            case ReadPage(page=page):
                await self._read_page(page)
            case DeliverList():
                self._deliver_list()
            case OpenWatch():
                await self._open(step)
            case ReadEvents():
                await self._read_events()

    async def _failed(self, step: Step, error: Exception) -> None:
        """Report a failure to the machine. Raise the error, or log what follows."""
        await self._close()
        if isinstance(step, ReadPage):
            decision = self._machine.list_failed(error, waiting.now())
        else:
            decision = self._machine.watch_ended(error, waiting.now())
        if decision.action is NextAction.RAISE:
            raise error
        path = self._endpoint.collection
        if decision.is_failure:
            self.last_error = error
            logger.warning("watch of %s: %s; opening again in %.1f s", path, error, decision.pause)
        else:
            logger.debug("watch of %s: %s; opening again", path, error)

    async def _read_page(self, page: Page) -> None:
        endpoint = await self._endpoint.located()
        request = endpoint.request("GET", endpoint.collection, {**self._list_selection, **page.params()})
        read = await endpoint.rest.call(request, endpoint.list_model, None, is_list=True)
        self._kind = kind_of_list(read, self._kind)
        if page.is_first:
            self._pages.clear()
        self._pages.append(read)
        self._machine.page_read(read.metadata.resource_version, read.metadata.continue_)

    def _deliver_list(self) -> None:
        """Turn the pages into events."""
        self._pending.extend((self._events_of_pages or _added_events)(self._pages))
        self._pages = []
        self.last_error = None
        self._machine.list_delivered(is_complete=True)
        self._is_first_state = bool(self._pending)

    async def _open(self, step: OpenWatch) -> None:
        endpoint = await self._endpoint.located()
        params = {
            **self._selection,
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": step.version,
            "timeoutSeconds": step.timeout_seconds,
        }
        opening = endpoint.rest.open_watch(endpoint.request("GET", endpoint.collection, params), endpoint.model)
        self._stream = await opening.__aenter__()
        self._opening = opening
        self.last_error = None
        self._machine.watch_opened(waiting.now())

    async def _read_events(self) -> None:
        # The end of the block, or a cancelled step, may have closed the stream before the machine learned of it.
        stream = self._stream
        events: Sequence[WatchEvent[T_co] | UnreadableEvent] = () if stream is None else await stream.batch()
        self._machine.received(len(events))
        self._pending.extend(events)
        if not events:
            await self._close()
            self._machine.watch_ended(None, waiting.now())

    async def _close(self) -> None:
        opening, self._opening, self._stream = self._opening, None, None
        if opening is not None:
            await opening.__aexit__(None, None, None)

    def __repr__(self) -> str:
        state = "open" if self._stream is not None else "closed"
        return f"<ResumingWatch {self._endpoint.collection} {state}, {self._machine!r}>"


def _added_events(pages: Sequence[Any]) -> list[WatchEvent[Any] | UnreadableEvent]:
    """Return an ADDED event for each object of the pages of a list."""
    events: list[WatchEvent[Any] | UnreadableEvent] = []
    for page in pages:
        events.extend(WatchEvent("ADDED", item) for item in page.items)
        events.extend(UnreadableEvent(error=error, change="ADDED") for error in page.unreadable.values())
    return events
