"""The loop that keeps a queue of changes true to the server: list, watch, resume, list again.

Here lives `Reflector`, a thin shell: it sends, waits and logs, while `reflector_rules` decides. It feeds whatever takes
`add`, `update`, `delete` and `replacing`, normally a `DeltaFIFO`, and never calls a user's handler, so that nobody's
code holds the watch.

Time is the loop's, chance is the `random.Random` that is given.

Reference: client-go `tools/cache/reflector.go`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from kubeloop._kit.backoff import Backoff
from kubeloop.cache import reflector_rules as rules
from kubeloop.cache.list_watch import EventStream, ListerWatcher, WatchEventLike
from kubeloop.cache.objects import CachedObject
from kubeloop.cache.reflector_rules import AfterWatch
from kubeloop.rest.watch import EVENTS_AT_ONCE
from kubeloop.wire.paging import Pager

__all__ = ["Reflector", "ReflectorStore", "WatchErrorHandler"]

T = TypeVar("T", bound=CachedObject)
T_contra = TypeVar("T_contra", bound=CachedObject, contravariant=True)

WATCH_GRACE = 30.0
"""Seconds after a watch's own time-out when a connection that says nothing is taken for dead."""

logger = logging.getLogger(__name__)


class ReflectorStore(Protocol[T_contra]):
    """What a reflector feeds."""

    def add(self, obj: T_contra, /) -> None: ...
    def update(self, obj: T_contra, /) -> None: ...
    def delete(self, obj: T_contra, /) -> None: ...
    def replacing(self, objects: Iterable[T_contra], /) -> Iterator[None]: ...


class Reflector(Generic[T]):
    """Lists a resource into a store, then watches it, for as long as `run` is not cancelled.

    Guarantees that the store is told of everything that the server told, in its order, and that after any failure it is
    told of the server's present state again, by resuming the watch where that is enough, by a list where not.

    Args:
        lister_watcher: the source.
        store: what to feed.
        name: for log lines.
        expected_type: objects of another class are logged and skipped; None takes all.
        page_size: objects a page of a list; None for the rules of `reflector_rules`.
        min_watch_timeout: seconds that a watch lasts at least; below 5 minutes it has no effect.
        max_internal_error_retry: seconds for which a watch that ends with an internal error is just opened again.
        watch_error_handler: is given each error that a list, or opening a watch, ended with; None logs it.
        rng: the source of chance for time-outs and back-off.

    Attributes:
        last_error: what the last list, or opening the watch after it, ended with; None since a list succeeded.

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
        self._rng = rng or random.Random()  # noqa: S311  # spreads load, guards nothing
        self.last_error: Exception | None = None
        self._rules = rules.ListRules()
        self._backoff = Backoff(
            rules.BACKOFF_INITIAL,
            factor=rules.BACKOFF_FACTOR,
            cap=rules.BACKOFF_CAP,
            jitter=rules.BACKOFF_JITTER,
            reset_after=rules.BACKOFF_RESET_AFTER,
            random=self._rng,
        )

    def __repr__(self) -> str:
        return f"<Reflector {self.name} at {self.last_sync_resource_version or 'no version yet'}>"

    @property
    def last_sync_resource_version(self) -> str:
        """The resourceVersion of the last list or event, `""` before the first list."""
        return self._rules.last_version

    async def run(self) -> None:
        """List and watch, again and again, until cancelled."""
        logger.debug("%s: started", self.name)
        while True:
            try:
                await self.list_and_watch()
            except Exception as error:
                self.last_error = error
                self._tell(error)
            await self._back_off()

    async def list_and_watch(self) -> None:
        """List once, then watch until the rules ask for another list.

        Raises:
            Exception: what the list, or opening the watch, ended with. Errors of an open watch are logged.
        """
        await self._list()
        await self._watch()

    async def _list(self) -> None:
        version = self._rules.list_version()
        try:
            items, answered, paginated = await self._list_pages(version)
        except Exception as error:
            if not self._rules.should_list_again(error):
                raise
            logger.info("%s: version %r is not to be had (%s); listing the newest", self.name, version, error)
            items, answered, paginated = await self._list_pages(self._rules.list_version())
        for _ in self._store.replacing(items):
            await asyncio.sleep(0)
        self._rules.listed(version, answered, paginated=paginated)
        self.last_error = None
        logger.debug("%s: listed %d objects at version %s", self.name, len(items), answered)

    async def _list_pages(self, version: str) -> tuple[Sequence[T], str, bool]:
        pager = Pager(page_size=self._rules.page_size(version, self._page_size), resource_version=version)
        items: list[T] = []
        answered = ""
        while True:
            params = pager.params()
            try:
                limit = params.get("limit")
                page = await self._lister_watcher.list(
                    resource_version=str(params.get("resourceVersion") or ""),
                    limit=limit if isinstance(limit, int) else None,
                    continue_=str(params.get("continue") or ""),
                )
            except Exception as error:
                if not pager.recover(error):
                    raise
                items, answered = [], ""
                continue
            answered = answered or page.metadata.resource_version
            is_last = not pager.advance(page.metadata.continue_)
            if is_last and not items:
                return page.items, answered, pager.paginated
            items.extend(page.items)
            if is_last:
                return items, answered, pager.paginated

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        retry = rules.InternalErrorRetry(self._max_internal_error_retry)
        while True:
            started = loop.time()
            seconds = rules.watch_timeout_seconds(self._rng, self._min_watch_timeout)
            watch = _Watch(self._rules.last_version)
            deadline = asyncio.timeout(seconds + WATCH_GRACE)
            error: Exception | None = None
            try:
                async with (
                    deadline,
                    self._lister_watcher.watch(
                        resource_version=self._rules.last_version, timeout_seconds=seconds
                    ) as stream,
                ):
                    watch.is_open = True
                    await self._consume(stream, watch)
            except Exception as caught:
                error = None if isinstance(caught, TimeoutError) and deadline.expired() else caught
                if error is not None and not watch.is_open:
                    if not rules.is_retriable_refusal(error):
                        raise
                    logger.info("%s: the watch was refused (%s); trying again later", self.name, error)
                    await self._back_off()
                    continue
            now = loop.time()
            was_short = rules.was_very_short(now - started, watch.events)
            next_ = rules.after_watch(error, was_short=was_short, retry=retry, now=now)
            if next_ is AfterWatch.RELIST:
                level = logging.DEBUG if error is not None and rules.is_expired(error) else logging.WARNING
                logger.log(level, "%s: the watch ended (%s); listing again", self.name, error or "at once")
                return
            logger.debug("%s: the watch ended (%s) after %d events", self.name, error or "by the server", watch.events)
            if next_ is AfterWatch.BACK_OFF:
                await self._back_off()

    async def _consume(self, stream: EventStream[T], watch: _Watch) -> None:
        due = watch.events + EVENTS_AT_ONCE
        while events := await stream.batch():
            self._apply(events, watch)
            # The next batch may be minutes away: do not keep what the store has long replaced.
            del events
            if watch.events >= due:
                due = watch.events + EVENTS_AT_ONCE
                await asyncio.sleep(0)  # the pop loop's turn

    def _apply(self, events: Sequence[WatchEventLike[T]], watch: _Watch) -> None:
        store, state, expected = self._store, self._rules, self._expected_type
        moves = watch.versions.moves
        for event in events:
            kind, obj = event.type, event.object
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
                elif kind != "BOOKMARK":
                    logger.error("%s: skipped an event of the unknown type %r", self.name, kind)
                    continue
            except Exception:
                metadata = obj.metadata
                logger.exception("%s: could not queue %s of %s/%s", self.name, kind, metadata.namespace, metadata.name)
            version = obj.metadata.resource_version
            if moves(kind) and version:
                state.last_version = version
        watch.events += len(events)

    def _tell(self, error: Exception) -> None:
        if self._watch_error_handler is not None:
            try:
                self._watch_error_handler(self, error)
            except Exception:
                logger.exception("%s: the watch error handler failed", self.name)
        elif rules.is_expired(error):
            logger.debug("%s: %s; listing again", self.name, error)
        else:
            logger.warning("%s: could not list and watch: %s; trying again", self.name, error)

    async def _back_off(self) -> None:
        await asyncio.sleep(self._backoff.next(asyncio.get_running_loop().time()))


class _Watch:
    """One watch request: whether it was opened, and what came of it."""

    __slots__ = ("events", "is_open", "versions")

    def __init__(self, start_version: str) -> None:
        self.is_open = False
        self.events = 0
        self.versions = rules.VersionRule(start_version)


WatchErrorHandler = Callable[[Reflector[T], Exception], object]
"""Is given the reflector and what a list, or opening a watch, ended with."""
