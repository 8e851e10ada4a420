"""The loop that keeps a queue of changes true to the server: list, watch, resume, list again.

`Reflector` sends, waits and logs; `listwatch.list_watch_machine` decides. It feeds a store with `add`, `update`,
`delete`, `bookmark` and `replacing`, normally a `RealFIFO`, and never calls a user's handler: nobody's code holds up
the watch.

Reference: client-go `tools/cache/reflector.go`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Generic, TypeVar, cast

from kubeloop._kit.text import safe_text
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.source.informer_connection import PROVEN_AFTER, Connection
from kubeloop.cache.source.initial_events import InitialEvents
from kubeloop.cache.source.lister_watcher import EventStream, ListerWatcher, ListPage, WatchEventLike, WatchFunction
from kubeloop.cache.source.reflector_store import ReflectorStore
from kubeloop.cache.time_slice import in_slices
from kubeloop.errors import CacheError, ConnectionLost, Unreadable
from kubeloop.listwatch.list_watch_machine import ListWatchMachine
from kubeloop.listwatch.machine_steps import DeliverList, OpenWatch, ReadEvents, ReadPage, Step, Wait
from kubeloop.listwatch.paging import Page
from kubeloop.listwatch.reopen_or_relist import ReopenOrRelist
from kubeloop.listwatch.resource_versions import FROM_CACHE
from kubeloop.rest.watch_stream import EVENTS_AT_ONCE
from kubeloop.wire.watch_events import UnreadableEvent

__all__ = ["Reflector", "WatchErrorHandler"]

T = TypeVar("T", bound=CachedObject)

_MOVED_EVERY = 1.0
"""Seconds between two moves of the deadline of a streaming list, because each event moves it."""

_EVENTS_PER_TURN = 64
"""Events of a streaming list after which other tasks run; they take about 3 ms."""

logger = logging.getLogger(__name__)


class Reflector(Generic[T]):
    """Lists a resource into a store, then watches it, for as long as `run` is not cancelled.

    Guarantees that the store learns everything that the server tells, in the server's order, and that after any failure
    it learns the server's present state again: by resuming the watch where that is enough, by a list where it is not. A
    list that fails, on whichever page, changes nothing in the store. An object that cannot be read is reported as one
    that exists. An event that cannot be assigned to any object leads to a list. A list with an item of which not even
    the name can be read proves no deletion; it is repeated when the watch that follows it ends.

    Args:
        lister_watcher: The source.
        store: The store to feed.
        name: The name in log lines.
        expected_type: Objects of another class are logged and skipped; None takes all.
        page_size: The number of objects per page of a list; None for the rule of `listwatch.paging`. A streaming list
            has no pages.
        min_watch_timeout: Seconds that a watch lasts at least; below 5 minutes it has no effect.
        max_internal_error_retry: Seconds for which a watch that ends with an internal error is just reopened.
        watch_error_handler: Is called with each failure, besides the log lines of `Connection`. What belongs to every
            long watch is no failure: its end by the server, a cut after which it is resumed, the first expiry after
            progress.
        connection: Receives successes and failures; None makes a new one.
        turn: Is awaited after some events and before each request: lets other tasks run, and may wait as long as
            nothing more should be read. None only lets other tasks run.
        random: The source of randomness for timeouts and back-off.

    Attributes:
        connection: Whether the server responds, and when it was last heard from.

    Concurrency: loop only; `run` may be cancelled at any time.

    Reference: client-go `tools/cache.Reflector`. Resyncs are not a part of it here, but of the pop loop.
    """

    def __init__(
        self,
        lister_watcher: ListerWatcher[T],
        store: ReflectorStore[T],
        *,
        name: str = "reflector",
        expected_type: type[T] | None = None,
        page_size: int | None = None,
        min_watch_timeout: float | None = None,
        max_internal_error_retry: float = 0.0,
        watch_error_handler: WatchErrorHandler[T] | None = None,
        connection: Connection | None = None,
        turn: Callable[[], Awaitable[None]] | None = None,
        random: Random | None = None,
    ) -> None:
        self.name = name
        self._lister_watcher = lister_watcher
        # A source of the user's own need not have the function.
        self._watch_list: WatchFunction[T] | None = getattr(lister_watcher, "watch_list", None)
        self._store = store
        self._expected_type = expected_type
        self._watch_error_handler = watch_error_handler
        self.connection = connection or Connection(name)
        self._turn = turn or _turn
        self._machine = ListWatchMachine(
            FROM_CACHE,
            ReopenOrRelist(max_internal_error_retry),
            random or Random(),  # noqa: S311  # spreads load, guards nothing
            page_size=page_size,
            min_watch_timeout=min_watch_timeout,
            streams_lists=self._watch_list is not None,
        )
        self._pages: list[ListPage[T]] = []

    def __repr__(self) -> str:
        return safe_text(f"<Reflector {self.name} at {self.last_sync_resource_version or 'no version yet'}>")

    @property
    def last_sync_resource_version(self) -> str:
        """The resourceVersion of the last list or event, `""` before the first list."""
        return self._machine.versions.last

    @property
    def last_error(self) -> Exception | None:
        """The error of the last attempt to list or to watch; None since an attempt succeeded."""
        return self.connection.last_error

    async def run(self) -> None:
        """List and watch, again and again, until cancelled."""
        logger.debug("%s: started", self.name)
        loop = asyncio.get_running_loop()
        while True:
            await self._turn()
            match step := self._machine.next(loop.time()):
                case Wait(until=until):
                    await asyncio.sleep(until - loop.time())
                case OpenWatch():
                    await self._watch(step)
                case ReadEvents() | DeliverList(is_streamed=True):
                    # An earlier `run` was cancelled, and its watch closed.
                    self._machine.watch_ended(None, loop.time())
                case ReadPage() | DeliverList():
                    await self._list(step)

    # Listing

    async def _list(self, step: ReadPage | DeliverList) -> None:
        try:
            if isinstance(step, ReadPage):
                await self._read_page(step.page)
            else:
                await self._deliver_list(step.version)
        except Exception as error:
            version = self._machine.versions.to_list()
            self._pages.clear()
            decision = self._machine.list_failed(error, asyncio.get_running_loop().time())
            if decision.is_failure:
                self._tell(error, "LIST", decision.pause)
            else:
                logger.info(
                    "%s: a list at resourceVersion %r failed (%s); listing again",
                    self.name, safe_text(version), error,
                )  # fmt: skip

    async def _read_page(self, page: Page) -> None:
        with self.connection.asking("LIST"):
            read = await self._lister_watcher.list(
                resource_version=page.resource_version, limit=page.limit, continue_=page.continue_
            )
        self.connection.last_heard_at = asyncio.get_running_loop().time()
        if page.is_first:
            self._pages.clear()
        self._pages.append(read)
        self._machine.page_read(read.metadata.resource_version, read.metadata.continue_)

    async def _deliver_list(self, version: str) -> None:
        items, unreadable = _joined(self._pages)
        await self._replace(items, unreadable, version)
        self._pages.clear()

    async def _replace(self, items: Collection[T], unreadable: Mapping[str, Unreadable], version: str) -> None:
        is_complete = await in_slices(self._store.replacing(items, unreadable, version))
        self._machine.list_delivered(is_complete=is_complete)
        self.connection.listed()
        logger.debug("%s: listed %d objects at version %s", self.name, len(items), safe_text(version))

    # Watching

    async def _watch(self, step: OpenWatch) -> None:
        """Watch once, and report the end of the watch.

        The error of a watch leads to its connection and all that was read from it. No reference to it is left when
        this returns: the next watch may last for hours.
        """
        error = await self._watch_until_end(step)
        what = "LIST" if self._machine.is_listing else "watch"
        self.connection.watch_ended(error)
        decision = self._machine.watch_ended(error, asyncio.get_running_loop().time())
        if decision.is_failure:
            failure = error or ConnectionLost("the server ended the watch at once, without an event")
            self._tell(failure, what, decision.pause)
        else:
            ended = error or "by the server"
            logger.debug("%s: the %s ended (%s); next: %s", self.name, what, ended, decision.action.value)

    async def _watch_until_end(self, step: OpenWatch) -> Exception | None:
        """Open a watch, apply its events, and return the error that ended it; None if the server ended it."""
        loop = asyncio.get_running_loop()
        deadline = asyncio.timeout_at(step.give_up_at)
        proof: asyncio.TimerHandle | None = None
        try:
            async with deadline, contextlib.AsyncExitStack() as stack:
                with self.connection.asking("LIST" if step.sends_initial_events else "watch"):
                    stream = await stack.enter_async_context(self._open(step))
                self._machine.watch_opened(loop.time())
                if step.sends_initial_events and not await self._receive_list(stream, step, deadline):
                    return None
                self.connection.watching(loop.time())
                if self.connection.is_doubted:
                    proof = loop.call_later(PROVEN_AFTER, self.connection.proven)
                await self._consume(stream)
        except Exception as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                return self._machine.overdue_error()
            return error
        finally:
            if proof is not None:
                proof.cancel()
        return None

    def _open(self, step: OpenWatch) -> AbstractAsyncContextManager[EventStream[T]]:
        if step.sends_initial_events:
            assert self._watch_list is not None
            return self._watch_list(step.version, step.timeout_seconds)
        return self._lister_watcher.watch(resource_version=step.version, timeout_seconds=step.timeout_seconds)

    async def _receive_list(self, stream: EventStream[T], step: OpenWatch, deadline: asyncio.Timeout) -> bool:
        """Receive the list that a watch begins with, and deliver it.

        Returns:
            Whether the list is complete; False if the server ended the watch before.
        """
        loop, machine, connection = asyncio.get_running_loop(), self._machine, self.connection
        initial = InitialEvents(self.name, self._expected_type)
        since_turn, moved_at = 0, loop.time()
        deadline.reschedule(_end_of(machine.next(moved_at)))
        while events := await stream.batch():
            now = connection.last_heard_at = loop.time()
            later = initial.take(events)
            machine.list_streamed(len(events), now)
            if initial.version is not None:
                machine.list_complete(initial.version, now)
                deadline.reschedule(step.give_up_at)
                await self._replace(initial.objects.values(), initial.unreadable, initial.version)
                self._apply(later)
                machine.received(len(later))
                return True
            if now >= moved_at + _MOVED_EVERY:
                moved_at = now
                deadline.reschedule(_end_of(machine.next(now)))
            since_turn += len(events)
            if since_turn >= _EVENTS_PER_TURN:
                since_turn = 0
                await asyncio.sleep(0)
        return False

    async def _consume(self, stream: EventStream[T]) -> None:
        loop, connection = asyncio.get_running_loop(), self.connection
        applied = 0
        while events := await stream.batch():
            connection.last_heard_at = loop.time()
            self._apply(events)
            self._machine.received(len(events))
            applied += len(events)
            if connection.is_doubted:
                connection.proven()
            # The next batch may be minutes away: do not keep what the store has long replaced.
            del events
            if applied >= EVENTS_AT_ONCE:
                applied = 0
                await self._turn()

    def _apply(self, events: Sequence[WatchEventLike[T] | UnreadableEvent]) -> None:
        """Queue events; the version moves with each event, and never past an event that was not queued."""
        store, expected, delivered = self._store, self._expected_type, self._machine.versions.delivered
        for event in events:
            kind = event.type
            if kind == "UNREADABLE":
                # Any: the type says which class of event it is.
                self._apply_unreadable(cast("UnreadableEvent", event))
                continue
            obj = event.object
            if expected is not None and not isinstance(obj, expected):
                logger.error("%s: skipped an event with a %s", self.name, type(obj).__name__)
                continue
            try:
                if kind == "MODIFIED":
                    store.update(obj)
                elif kind == "ADDED":
                    store.add(obj)
                elif kind == "DELETED":
                    store.delete(obj)
                elif kind == "BOOKMARK":
                    store.bookmark(obj.metadata.resource_version)
                else:
                    logger.error("%s: skipped an event of the unknown type %r", self.name, safe_text(kind))
                    continue
                version = obj.metadata.resource_version
            except Exception as error:
                raise CacheError(f"{kind} of {_name(obj)} could not be queued: {error}") from error
            delivered(kind, version)

    def _apply_unreadable(self, event: UnreadableEvent) -> None:
        if event.change == "DELETED":
            self._store.delete_unreadable(event.error)
        elif event.change in ("ADDED", "MODIFIED"):
            self._store.update_unreadable(event.error)
        else:
            logger.error("%s: skipped an event of the unknown type %r", self.name, event.change)
            return
        self._machine.versions.delivered(event.change, event.resource_version)

    def _tell(self, error: Exception, what: str, delay: float) -> None:
        self.connection.failed(error, what, delay)
        if self._watch_error_handler is not None:
            try:
                result = self._watch_error_handler(self, error)
                if inspect.iscoroutine(result):
                    result.close()
                    raise TypeError("expected a plain function as watch error handler, got an async function")
            except Exception:
                logger.exception("%s: the watch error handler failed", self.name)


def _turn() -> Awaitable[None]:
    return asyncio.sleep(0)


def _end_of(step: Step) -> float:
    assert isinstance(step, ReadEvents)
    return step.give_up_at


def _joined(pages: Sequence[ListPage[T]]) -> tuple[Sequence[T], Mapping[str, Unreadable]]:
    """Return the items of all pages, and the errors of those that cannot be read.

    Errors of items without a name stand under the place of the item, as `"#<index>"`.
    """
    if len(pages) == 1:
        return pages[0].items, pages[0].unreadable
    items: list[T] = []
    unreadable: dict[str, Unreadable] = {}
    for page in pages:
        before = len(items) + len(unreadable)
        for key, error in page.unreadable.items():
            unreadable[key if error.key else f"#{before + int(key[1:])}"] = error
        items.extend(page.items)
    return items, unreadable


WatchErrorHandler = Callable[[Reflector[T], Exception], object]
"""Is called with the reflector and the error of a LIST or a watch."""


def _name(obj: CachedObject) -> str:
    try:
        return f"{obj.metadata.namespace}/{obj.metadata.name}"
    except Exception:
        return "an object whose name cannot be read"
