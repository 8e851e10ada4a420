"""`HandlerRegistration`: one handler of an informer, called in the order of the changes.

Reference: client-go `tools/cache/shared_informer.go` (`sharedProcessor`, `processorListener`), `synctrack`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.cache.delta import DeletedFinalStateUnknown
from kubeloop.cache.time_slice import TIME_SLICE
from kubeloop.meta.keys import Object, object_key

if TYPE_CHECKING:
    from kubeloop.cache.event_handler import HandlerCalls
    from kubeloop.cache.sync_gate import SyncGate

__all__ = ["HandlerRegistration"]

T = TypeVar("T", bound=Object)

logger = logging.getLogger(__name__)


class HandlerRegistration(Generic[T]):
    """The handle that `add_event_handler` returns: a handler, and the changes that it has not seen yet.

    A plain handler is called by the pop loop, once the store holds the change. Only while a handler that was added late
    catches up with the objects that are stored, it has a queue and a task. An async handler has a queue and a task of
    its own for as long as it is registered, so that a slow handler delays nothing else.

    An exception of a handler is logged with the key of the object, and the handler gets the next change.

    Args:
        calls: The handler.
        upstream: The gate that opens when the informer has synced.
        informer_name: The name of the informer, for log lines.

    Concurrency: loop only.

    Reference: client-go `tools/cache.ResourceEventHandlerRegistration`.
    """

    __slots__ = (
        "__weakref__", "_add", "_calls", "_delete", "_detailed", "_idle", "_informer_name", "_initial_left",
        "_is_removed", "_more", "_queue", "_queued", "_task", "_update", "_upstream",
    )  # fmt: skip

    def __init__(self, calls: HandlerCalls[T], upstream: SyncGate, informer_name: str) -> None:
        self._calls = calls
        self._upstream = upstream
        self._informer_name = informer_name
        self._add, self._update, self._delete = calls.add, calls.update, calls.delete
        self._detailed = calls.is_detailed
        self._queue: deque[tuple[Callable[..., object], T, tuple[object, ...], bool]] = deque()
        self._queued = calls.is_async
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._initial_left = 0
        self._is_removed = False
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        state = "removed" if self._is_removed else "synced" if self.has_synced else "not synced"
        return f"<HandlerRegistration {self._calls.name} at {self._informer_name}: {len(self._queue)} queued, {state}>"

    @property
    def has_synced(self) -> bool:
        """Whether the informer has synced and this handler has been given every object of the initial list."""
        return self._upstream.has_synced and not self._initial_left

    @property
    def is_removed(self) -> bool:
        """Whether the handler was removed or its informer has stopped: it gets no further calls."""
        return self._is_removed

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
        if self._initial_left:
            raise self._upstream.not_synced(f"the handler {self._calls.name} was removed")

    # What the pop loop calls

    def added(self, obj: T, is_in_initial_list: bool) -> None:
        """Call the handler with a new object, now or in the order of the queue."""
        call = self._add
        if self._queued:
            self._enqueue(call, obj, (obj, is_in_initial_list) if self._detailed else (obj,), is_in_initial_list)
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
            self._enqueue(call, new, (old, new))
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
        told = tombstone if tombstone is not None and self._detailed else obj
        if self._queued:
            self._enqueue(call, obj, (told,))
        elif call is not None:
            try:
                result = call(told)
                if result is not None:
                    self._check_result(result)
            except (Exception, asyncio.CancelledError) as error:
                self._report(obj, error)

    # Life cycle

    def introduce(self, objects: Sequence[T]) -> None:
        """Queue the stored objects for a handler that was added late."""
        if objects:
            self._queued = True
            for obj in objects:
                self._enqueue(self._add, obj, (obj, True) if self._detailed else (obj,), True)

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the task that processes the queue, if the handler needs one."""
        if self._queued and self._task is None and not self._is_removed:
            self._task = group.create_task(self._run(), name=f"{self._informer_name}: {self._calls.name}")

    def remove(self) -> None:
        """Drop what is queued and make no further call; a call in progress ends by itself."""
        self._is_removed = True
        self._add = self._update = self._delete = None
        self._queued = False
        self._queue.clear()
        self._more.set()
        self._idle.set()

    async def wait_until_ended(self) -> None:
        """Wait until no call of the handler is in progress, after `remove`.

        Raises:
            RuntimeError: The handler itself called this.
        """
        if self._task is not None:
            if self.is_current_task():
                raise RuntimeError("an event handler cannot wait for its own end")
            await asyncio.wait([self._task])

    def _enqueue(
        self, call: Callable[..., object] | None, obj: T, arguments: tuple[object, ...], initial: bool = False
    ) -> None:
        if call is None:
            return
        if initial:
            self._initial_left += 1
            self._idle.clear()
        if not self._queue:
            self._more.set()
        self._queue.append((call, obj, arguments, initial))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + TIME_SLICE
        while not self._is_removed:
            if not self._queue:
                if not self._calls.is_async:
                    # The handler has caught up: from now on the pop loop calls it.
                    self._queued = False
                    self._task = None
                    return
                self._more.clear()
                await self._more.wait()
                deadline = loop.time() + TIME_SLICE
                continue
            call, obj, arguments, initial = self._queue.popleft()
            await self._call(call, obj, arguments)
            if initial and not self._is_removed:
                self._initial_left -= 1
                if not self._initial_left:
                    self._idle.set()
            if loop.time() >= deadline:
                await asyncio.sleep(0)
                deadline = loop.time() + TIME_SLICE

    async def _call(self, call: Callable[..., object], obj: T, arguments: tuple[object, ...]) -> None:
        try:
            result = call(*arguments)
            if result is not None:
                if self._calls.is_async and inspect.isawaitable(result):
                    await result
                else:
                    self._check_result(result)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self._report(obj, error)
        except Exception as error:
            self._report(obj, error)

    def _check_result(self, result: object) -> None:
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("a plain function returned a coroutine; pass the async function itself")

    def _report(self, obj: T, error: BaseException) -> None:
        logger.error(
            "%s: the event handler %s failed on %s; the handler gets the next change",
            self._informer_name,
            self._calls.name,
            safe_text(object_key(obj)),
            exc_info=error,
        )
