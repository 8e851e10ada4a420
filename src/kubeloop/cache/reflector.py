"""The loop that keeps a queue of changes true to the server: list, watch, resume, list again.

Here lives `Reflector`, a thin shell: it sends, waits and logs, while `reflector_rules` decides. It feeds whatever takes
`add`, `update`, `delete` and `replacing`, normally a `DeltaFIFO`, and never calls a user's handler, so that nobody's
code holds the watch.

Time is the loop's, chance is the `random.Random` that is given.

Reference: client-go `tools/cache/reflector.go`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import random
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from kubeloop._kit.text import safe_text
from kubeloop.cache import reflector_rules as rules
from kubeloop.cache.informer_connection import PROVEN_AFTER, Connection, in_seconds
from kubeloop.cache.list_watch import EventStream, ListerWatcher, ListPage, WatchEventLike
from kubeloop.cache.objects import CachedObject
from kubeloop.cache.reflector_rules import AfterWatch
from kubeloop.errors import CacheError, ConnectionLost, RequestTimeout, Unreadable
from kubeloop.listwatch.paging import Pager
from kubeloop.rest.watch_stream import EVENTS_AT_ONCE
from kubeloop.wire.watch_events import UnreadableEvent

__all__ = ["Reflector", "ReflectorStore", "WatchErrorHandler"]

T = TypeVar("T", bound=CachedObject)
T_contra = TypeVar("T_contra", bound=CachedObject, contravariant=True)

WATCH_GRACE = 30.0
"""Seconds after a watch's own time-out when a connection that says nothing is taken for dead."""

logger = logging.getLogger(__name__)


class ReflectorStore(Protocol[T_contra]):
    """What a reflector feeds. What a call raises means that the change could not be taken, and leads to a list."""

    def add(self, obj: T_contra, /) -> None: ...
    def update(self, obj: T_contra, /) -> None: ...
    def delete(self, obj: T_contra, /) -> None: ...
    def update_unreadable(self, error: Unreadable, /) -> None: ...
    def delete_unreadable(self, error: Unreadable, /) -> None: ...
    def replacing(
        self, objects: Iterable[T_contra], unreadable: Mapping[str, Unreadable], /
    ) -> Generator[None, None, bool]: ...


class Reflector(Generic[T]):
    """Lists a resource into a store, then watches it, for as long as `run` is not cancelled.

    Guarantees that the store is told of everything that the server told, in its order, and that after any failure it is
    told of the server's present state again, by resuming the watch where that is enough, by a list where not. A list
    that fails, on whichever page, changes nothing in the store. An object that cannot be read is told of as one that
    exists. An event that cannot be assigned to any object leads to a list. A list with an item of which not even
    the name can be read proves no deletion; it is repeated when the watch that follows ends.

    Args:
        lister_watcher: the source.
        store: what to feed.
        name: for log lines.
        expected_type: objects of another class are logged and skipped; None takes all.
        page_size: objects a page of a list; None for the rules of `reflector_rules`.
        min_watch_timeout: seconds that a watch lasts at least; below 5 minutes it has no effect.
        max_internal_error_retry: seconds for which a watch that ends with an internal error is just opened again.
        watch_error_handler: is told of each failure, besides the log lines of `Connection`. What is part of every long
            watch is none: its end by the server, a cut after which it is resumed, the first expiry after progress.
        connection: what to tell of successes and failures; None makes one.
        rng: the source of chance for time-outs and back-off.

    Attributes:
        connection: whether the server answers, and what was last heard of it.

    Concurrency: loop only; `run` may be cancelled at any time.

    Reference: client-go `tools/cache.Reflector`. Not here: resync, the streaming list.
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
        rng: random.Random | None = None,
    ) -> None:
        self.name = name
        self._lister_watcher = lister_watcher
        self._store = store
        self._expected_type = expected_type
        self._page_size = page_size
        self._min_watch_timeout = min_watch_timeout
        self._max_internal_error_retry = max_internal_error_retry
        self._watch_error_handler = watch_error_handler
        self.connection = connection or Connection(name)
        self._rng = rng or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._rules = rules.ListRules()
        self._list_is_complete = True
        self._has_bookmarks = False
        self._pace = rules.Pace(self._rng)

    def __repr__(self) -> str:
        return safe_text(f"<Reflector {self.name} at {self.last_sync_resource_version or 'no version yet'}>")

    @property
    def last_sync_resource_version(self) -> str:
        """The resourceVersion of the last list or event, `""` before the first list."""
        return self._rules.last_version

    @property
    def last_error(self) -> Exception | None:
        """What the last attempt to list or to watch ended with; None since one succeeded."""
        return self.connection.last_error

    async def run(self) -> None:
        """List and watch, again and again, until cancelled."""
        logger.debug("%s: started", self.name)
        while True:
            try:
                await self._list()
            except Exception as error:
                delay = self._pace.after_failed_list(asyncio.get_running_loop().time())
                self._tell(error, "LIST", delay)
                await asyncio.sleep(delay)
            else:
                await self._watch()

    # Listing

    async def _list(self) -> None:
        version = self._rules.list_version()
        try:
            listed = await self._list_pages(version)
        except Exception as error:
            if not self._rules.should_list_again(error):
                raise
            logger.info(
                "%s: resourceVersion %r is not available (%s); listing the newest", self.name, safe_text(version), error
            )
            listed = await self._list_pages(self._rules.list_version())
        self._list_is_complete = await _finish(self._store.replacing(listed.items, listed.unreadable))
        self._rules.listed(version, listed.version, paginated=listed.paginated)
        self._pace.listed()
        self.connection.listed()
        logger.debug("%s: listed %d objects at version %s", self.name, len(listed.items), safe_text(listed.version))

    async def _list_pages(self, version: str) -> _Listed[T]:
        pager = Pager(page_size=self._rules.page_size(version, self._page_size), resource_version=version)
        items: list[T] = []
        unreadable: dict[str, Unreadable] = {}
        answered = ""
        while True:
            try:
                page = await self._list_page(pager)
            except Exception as error:
                if not pager.recover(error):
                    raise
                items, unreadable, answered = [], {}, ""
                continue
            answered = answered or page.metadata.resource_version
            is_last = not pager.advance(page.metadata.continue_)
            if is_last and not items and not unreadable:
                return _Listed(page.items, page.unreadable, answered, pager.paginated)
            if page.unreadable:
                # Items without a name stand under their place on their page.
                before = len(items) + len(unreadable)
                for key, problem in page.unreadable.items():
                    unreadable[key if problem.key else f"#{before + int(key[1:])}"] = problem
            items.extend(page.items)
            if is_last:
                return _Listed(items, unreadable, answered, pager.paginated)

    async def _list_page(self, pager: Pager) -> ListPage[T]:
        params = pager.params()
        limit = params.get("limit")
        with self.connection.asking("LIST"):
            page = await self._lister_watcher.list(
                resource_version=str(params.get("resourceVersion") or ""),
                limit=limit if isinstance(limit, int) else None,
                continue_=str(params.get("continue") or ""),
            )
        self.connection.last_heard_at = asyncio.get_running_loop().time()
        return page

    # Watching

    async def _watch(self) -> None:
        """Watch, resuming where that is enough, until the rules ask for a list."""
        retry = rules.InternalErrorRetry(self._max_internal_error_retry)
        while await self._watch_and_decide(retry) not in _LISTING:
            pass

    async def _watch_and_decide(self, retry: rules.InternalErrorRetry) -> AfterWatch:
        """Watch once, pause if the rules ask for it, and return what follows.

        What a watch ended with leads to its connection and all that was read from it. It is gone when this returns: the
        next watch may last for hours.
        """
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._pace.before_watch(loop.time()))
        self._pace.opening(loop.time())
        watch = _Watch(self._rules.last_version)
        error = await self._watch_once(watch)
        now = loop.time()
        seconds = now - watch.opened_at if watch.opened_at is not None else 0.0
        was_open = watch.opened_at is not None
        was_short = was_open and rules.was_very_short(seconds, watch.events)
        if was_open:
            self._pace.watched(seconds, delivered=watch.events > 0 and not rules.lost_track(error))
        next_ = rules.after_watch(
            error,
            was_open=was_open,
            was_short=was_short,
            can_resume=self._list_is_complete and watch.is_resumable,
            retry=retry,
            pace=self._pace,
            now=now,
            has_bookmarks=self._has_bookmarks,
        )
        delay = self._pace.after_watch(now) if next_ in _PAUSING else 0.0
        is_failure = rules.is_failure(
            error, next_, was_open=was_open, was_short=was_short, has_bookmarks=self._has_bookmarks
        )
        if is_failure:
            self._tell(error or ConnectionLost("the watch ended at once, without an event"), "watch", delay)
        else:
            logger.debug("%s: the watch ended (%s); next: %s", self.name, error or "by the server", next_.value)
        if delay:
            await asyncio.sleep(delay)
        return next_

    async def _watch_once(self, watch: _Watch) -> Exception | None:
        """Open a watch, apply what it tells, and return what it ended with; None if the server ended it."""
        loop = asyncio.get_running_loop()
        seconds = rules.watch_timeout_seconds(self._rng, self._min_watch_timeout)
        deadline = asyncio.timeout(seconds + WATCH_GRACE)
        proof: asyncio.TimerHandle | None = None
        try:
            async with deadline, contextlib.AsyncExitStack() as stack:
                with self.connection.asking("watch"):
                    stream = await stack.enter_async_context(
                        self._lister_watcher.watch(resource_version=self._rules.last_version, timeout_seconds=seconds)
                    )
                watch.opened_at = loop.time()
                self.connection.watching(watch.opened_at)
                if self.connection.is_doubted:
                    proof = loop.call_later(PROVEN_AFTER, self.connection.proven)
                await self._consume(stream, watch)
        except Exception as error:
            if not (isinstance(error, TimeoutError) and deadline.expired()):
                return error
            if watch.opened_at is None:
                return RequestTimeout(f"the watch was not opened within {in_seconds(seconds + WATCH_GRACE)}")
        finally:
            if proof is not None:
                proof.cancel()
        return None

    async def _consume(self, stream: EventStream[T], watch: _Watch) -> None:
        loop, connection = asyncio.get_running_loop(), self.connection
        due = watch.events + EVENTS_AT_ONCE
        while events := await stream.batch():
            connection.last_heard_at = loop.time()
            self._apply(events, watch)
            if connection.is_doubted:
                connection.proven()
            # The next batch may be minutes away: do not keep what the store has long replaced.
            del events
            if watch.events >= due:
                due = watch.events + EVENTS_AT_ONCE
                await asyncio.sleep(0)  # the pop loop's turn

    def _apply(self, events: Sequence[WatchEventLike[T] | UnreadableEvent], watch: _Watch) -> None:
        """Queue what events tell; the version moves with each of them, never past one that was not queued."""
        store, state, expected = self._store, self._rules, self._expected_type
        moves = watch.versions.moves
        for event in events:
            kind = event.type
            if kind == "UNREADABLE":
                # Any: the type says which class of event it is.
                self._apply_unreadable(cast("UnreadableEvent", event), watch)
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
                    self._has_bookmarks = True
                else:
                    logger.error("%s: skipped an event of the unknown type %r", self.name, safe_text(kind))
                    continue
                version = obj.metadata.resource_version
            except Exception as error:
                raise CacheError(f"{kind} of {_name(obj)} could not be queued: {error}") from error
            if moves(kind) and version:
                state.last_version = version
        watch.events += len(events)

    def _apply_unreadable(self, event: UnreadableEvent, watch: _Watch) -> None:
        if event.change == "DELETED":
            self._store.delete_unreadable(event.error)
        elif event.change in ("ADDED", "MODIFIED"):
            self._store.update_unreadable(event.error)
        else:
            logger.error("%s: skipped an event of the unknown type %r", self.name, event.change)
            return
        if watch.versions.moves(event.change) and event.resource_version:
            self._rules.last_version = event.resource_version

    def _tell(self, error: Exception, what: str, delay: float) -> None:
        self.connection.failed(error, what, delay)
        if self._watch_error_handler is not None:
            try:
                result = self._watch_error_handler(self, error)
                if inspect.iscoroutine(result):
                    result.close()
                    raise TypeError("a watch error handler must be a plain function, not an async one")
            except Exception:
                logger.exception("%s: the watch error handler failed", self.name)


async def _finish(steps: Generator[None, None, bool]) -> bool:
    """Do all steps, with turns for others in between, and return what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return bool(done.value)
        await asyncio.sleep(0)


_PAUSING = frozenset({AfterWatch.BACK_OFF, AfterWatch.BACK_OFF_AND_RELIST})
_LISTING = frozenset({AfterWatch.RELIST, AfterWatch.BACK_OFF_AND_RELIST})


class _Listed(NamedTuple, Generic[T]):
    """A full list, of all its pages."""

    items: Sequence[T]
    unreadable: Mapping[str, Unreadable]
    version: str
    paginated: bool


class _Watch:
    """One watch request: when it was opened, and what came of it."""

    __slots__ = ("events", "is_resumable", "opened_at", "versions")

    def __init__(self, start_version: str) -> None:
        self.opened_at: float | None = None
        self.events = 0
        # Its events may move the version on; but what was deleted before a watch from no version is never told.
        self.is_resumable = rules.can_resume(start_version)
        self.versions = rules.VersionRule(start_version)


WatchErrorHandler = Callable[[Reflector[T], Exception], object]
"""Is given the reflector and what a LIST or a watch ended with."""


def _name(obj: CachedObject) -> str:
    try:
        return f"{obj.metadata.namespace}/{obj.metadata.name}"
    except Exception:
        return "an object whose name cannot be read"
