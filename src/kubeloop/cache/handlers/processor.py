"""`HandlerRegistration`: one handler of an informer, called in the order of the changes.

Reference: client-go `tools/cache/shared_informer.go` (`sharedProcessor`, `processorListener`), `synctrack`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.text import safe_text
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.cache.handlers.handler_backlog import Backlog, BacklogLimit
from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated
from kubeloop.cache.time_slice import TIME_SLICE
from kubeloop.errors import BacklogFull
from kubeloop.meta.keys import object_key

if TYPE_CHECKING:
    from kubeloop.cache.handlers.event_handler import HandlerCalls
    from kubeloop.cache.informer.sync_gate import SyncGate

__all__ = ["HandlerRegistration"]

T = TypeVar("T", bound=CachedObject)

_LONG_BACKLOG, _SLOW_CALL = 1024, 0.1
"""Events and seconds above which a slow handler is logged, as in client-go."""

logger = logging.getLogger(__name__)


class HandlerRegistration(Generic[T]):
    """The handle that `add_event_handler` returns: a handler, and the changes that it has not seen yet.

    A plain handler is called by the pop loop, once the store holds the change. Only while a handler that was added late
    catches up with the objects that are stored, it has a queue and a task. An async handler has a queue and a task of
    its own for as long as it is registered, so that a slow handler delays nothing else. `backlog` and `backlog_age`
    show how far it is behind; one WARNING is logged if it is slow and has more than 1,024 events to go.

    An exception of a handler is logged with the key of the object, and the handler gets the next change.

    Args:
        calls: The handler.
        upstream: The gate that opens when the informer has synced.
        informer_name: The name of the informer, for log lines.
        limit: The bound of the queue.
        is_read: Whether `next_event` reads the queue, instead of a task that calls the handler.

    Attributes:
        error: Why the informer removed the handler; None otherwise.

    Concurrency: loop only.

    Reference: client-go `tools/cache.ResourceEventHandlerRegistration`.
    """

    __slots__ = (
        "__weakref__", "_add", "_backlog", "_calls", "_current", "_delete", "_detailed", "_ended", "_idle",
        "_informer_name", "_is_behind", "_is_read", "_is_removed", "_limit", "_more", "_needs_all", "_queued", "_room",
        "_task", "_update", "_upstream", "error",
    )  # fmt: skip

    def __init__(
        self,
        calls: HandlerCalls[T],
        upstream: SyncGate,
        informer_name: str,
        limit: BacklogLimit,
        *,
        is_read: bool = False,
    ) -> None:
        self._calls = calls
        self._upstream = upstream
        self._informer_name = informer_name
        self._limit = limit
        self._is_read = is_read
        self._add, self._update, self._delete = calls.add, calls.update, calls.delete
        self._detailed = calls.is_detailed
        self._backlog: Backlog[T] = Backlog(limit)
        self._needs_all = self._backlog.needs_all
        self._queued = calls.is_async
        self._more, self._idle, self._room, self._ended = (asyncio.Event() for _ in range(4))
        self._idle.set()
        self._is_removed = False
        # The event that is being handled, if it is of the initial list.
        self._current: InformerEvent[T] | None = None
        self._is_behind = False
        self._task: asyncio.Task[None] | None = None
        self.error: BacklogFull | None = None

    def __repr__(self) -> str:
        state = "removed" if self.is_removed else "synced" if self.has_synced else "not synced"
        return f"<HandlerRegistration {self.name} at {self._informer_name}: {self.backlog} queued, {state}>"

    @property
    def name(self) -> str:
        """The name of the handler in log lines: its functions, or its class."""
        return self._calls.name

    @property
    def has_synced(self) -> bool:
        """Whether the informer has synced and this handler has been given every object of the initial list."""
        return self._upstream.has_synced and not self._backlog.initial_left

    @property
    def is_removed(self) -> bool:
        """Whether the handler was removed or its informer has stopped: it gets no further calls."""
        return self._is_removed

    @property
    def backlog(self) -> int:
        """The number of events that wait for the handler. A plain handler has none, except while it catches up."""
        return self._backlog.length

    @property
    def backlog_age(self) -> float:
        """The seconds for which the oldest of these events has waited; 0 if there is none, or outside of the loop."""
        if not self._backlog.length:
            return 0.0
        try:
            return self._backlog.age(asyncio.get_running_loop().time())
        except RuntimeError:
            return 0.0

    @property
    def blocks(self) -> bool:
        """Whether the informer waits for this handler when its backlog is full."""
        return self._limit.when_full == "block" and not self.is_removed

    @property
    def is_full(self) -> bool:
        """Whether the informer waits for this handler now."""
        return self.blocks and self._backlog.is_full

    def is_current_task(self) -> bool:
        """Return whether the caller runs in the task of this handler."""
        return self._task is not None and self._task is asyncio.current_task()

    async def wait_for_sync(self) -> None:
        """Wait until `has_synced`.

        Raises:
            NotSynced: The informer stopped, or the handler was removed, before that.
            RuntimeError: The handler itself called this before that, and would wait for its own end.

        Concurrency: safe to cancel.
        """
        if not self.has_synced and self.is_current_task():
            raise RuntimeError("an event handler cannot wait until it has itself been told of all objects")
        await self._upstream.wait()
        await self._idle.wait()
        if self._backlog.initial_left:
            why = f": {self.error}" if self.error is not None else ""
            raise self._upstream.not_synced(f"the handler {self.name} was removed{why}")

    async def wait_until_ended(self) -> None:
        """Wait until the handler was removed or its informer stopped, and no call of the handler is in progress.

        Raises:
            BacklogFull: The informer removed the handler, because it was too slow for its bound.
            RuntimeError: The handler itself called this.

        Concurrency: safe to cancel.
        """
        if self.is_current_task():
            raise RuntimeError("an event handler cannot wait for its own end")
        await self._ended.wait()
        if self._task is not None:
            await asyncio.wait([self._task])
        if self.error is not None:
            raise self.error

    async def wait_for_room(self) -> None:
        """Wait until `is_full` is False.

        Concurrency: safe to cancel.
        """
        while self.is_full:
            self._room.clear()
            await self._room.wait()

    # What the pop loop calls

    def added(self, obj: T, is_in_initial_list: bool) -> None:
        """Call the handler with a new object, now or in the order of the queue."""
        call = self._add
        if self._queued:
            if call is not None or self._needs_all:
                self._enqueue(Added(obj, is_in_initial_list), asyncio.get_running_loop().time())
        elif call is not None:
            try:
                result = call(obj, is_in_initial_list) if self._detailed else call(obj)
                if result is not None:
                    self._check_result(result)
            except (Exception, asyncio.CancelledError) as error:
                # A plain call cannot be cancelled: the handler read this CancelledError from a future.
                self._report(obj, error)

    def updated(self, old: T, new: T) -> None:
        """Call the handler with a change, now or in the order of the queue."""
        call = self._update
        if self._queued:
            if call is not None or self._needs_all:
                self._enqueue(Updated(old, new), asyncio.get_running_loop().time())
        elif call is not None:
            try:
                result = call(old, new)
                if result is not None:
                    self._check_result(result)
            except (Exception, asyncio.CancelledError) as error:
                self._report(new, error)

    def deleted(self, obj: T, tombstone: DeletedFinalStateUnknown[T] | None) -> None:
        """Call the handler with a deletion, now or in the order of the queue."""
        call = self._delete
        if self._queued:
            if call is not None or self._needs_all:
                self._enqueue(Deleted(obj, tombstone is not None), asyncio.get_running_loop().time())
        elif call is not None:
            try:
                result = call(tombstone if tombstone is not None and self._detailed else obj)
                if result is not None:
                    self._check_result(result)
            except (Exception, asyncio.CancelledError) as error:
                self._report(obj, error)

    # Life cycle

    def introduce(self, objects: Sequence[T]) -> None:
        """Queue the stored objects for a handler that was added late."""
        if objects and (self._add is not None or self._needs_all):
            self._queued = True
            now = asyncio.get_running_loop().time()
            for obj in objects:
                self._enqueue(Added(obj, True), now)

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the task that processes the queue, if the handler needs one."""
        if self._queued and not self._is_read and self._task is None and not self.is_removed:
            self._task = group.create_task(self._run(), name=f"{self._informer_name}: {self.name}")

    def remove(self) -> None:
        """Drop what is queued and make no further call; a call in progress ends by itself."""
        self._backlog.clear()
        self._end()

    def informer_ended(self) -> None:
        """End the handler, because the informer has stopped; a reader of the queue still gets what is queued."""
        if not self._is_read:
            self._backlog.clear()
        self._end()

    def _end(self) -> None:
        self._add = self._update = self._delete = None
        self._queued = False
        self._is_removed = True
        for event in (self._ended, self._more, self._idle, self._room):
            event.set()

    # The queue

    async def next_event(self) -> InformerEvent[T] | None:
        """Wait for the next event of the queue and remove it; None after the end, for which `error` may have a reason.

        Concurrency: one reader. A cancelled wait loses no event.
        """
        self._handled()
        while not self._backlog.length:
            if self._is_removed:
                return None
            self._is_behind = False
            self._more.clear()
            await self._more.wait()
        return self._take()

    def _take(self) -> InformerEvent[T]:
        backlog = self._backlog
        event = backlog.take()
        if backlog.initial_left:
            self._current = event
        if self._limit.events is not None:
            self._room.set()
        return event

    def _handled(self) -> None:
        if self._current is not None:
            self._backlog.handled(self._current)
            self._current = None
            if not self._backlog.initial_left:
                self._idle.set()

    def _enqueue(self, event: InformerEvent[T], now: float) -> None:
        backlog = self._backlog
        try:
            backlog.put(event, now)
        except BacklogFull as error:
            self.error = error
            logger.error(
                "%s: the event handler %s was removed, because it is too slow: %s",
                self._informer_name, self.name, error,
            )  # fmt: skip
            self.remove()
            return
        if backlog.length == 1:
            self._more.set()
        if backlog.initial_left:
            self._idle.clear()
        else:
            self._idle.set()

    async def _run(self) -> None:
        loop, calls, backlog = asyncio.get_running_loop(), self._calls, self._backlog
        now = loop.time()
        deadline = now + TIME_SLICE
        while not self._is_removed:
            if backlog.length:
                event = self._take()
            elif not calls.is_async:
                # The handler has caught up: from now on the pop loop calls it.
                self._queued = False
                self._task = None
                return
            elif (waited_for := await self.next_event()) is not None:
                event, now = waited_for, loop.time()
            else:
                return
            try:
                result = calls.call(event)
                if result is not None:
                    if calls.is_async and inspect.isawaitable(result):
                        await result
                    else:
                        self._check_result(result)
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    self.remove()  # The informer stops, or the handler has cancelled its own task.
                    raise
                self._report(event.object, error)
            except Exception as error:
                self._report(event.object, error)
            if not self._is_removed:
                self._handled()
            began, now = now, loop.time()
            if backlog.length > _LONG_BACKLOG and now - began > _SLOW_CALL:
                self._warn(now - began)
            if now >= deadline:
                await asyncio.sleep(0)
                now = loop.time()
                deadline = now + TIME_SLICE

    def _warn(self, seconds: float) -> None:
        """Log once, until the queue is empty, that the handler is behind."""
        if not self._is_behind:
            self._is_behind = True
            logger.warning(
                "%s: the event handler %s is behind: %d events wait, the oldest for %s; a call took %s",
                self._informer_name, self.name, self.backlog, in_seconds(self.backlog_age), in_seconds(seconds),
            )  # fmt: skip

    def _check_result(self, result: object) -> None:
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("a plain function returned a coroutine; pass the async function itself")

    def _report(self, obj: T, error: BaseException) -> None:
        logger.error(
            "%s: the event handler %s failed on %s; the handler gets the next change",
            self._informer_name,
            self.name,
            safe_text(object_key(obj)),
            exc_info=error,
        )
