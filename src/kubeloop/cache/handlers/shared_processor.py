"""`SharedProcessor`: the handlers of an informer, from `add` to the end of the informer.

Reference: client-go `tools/cache.sharedProcessor`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakSet

from kubeloop._kit.value import Value
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.time_slice import TIME_SLICE
from kubeloop.errors import BacklogFull

if TYPE_CHECKING:
    from kubeloop.cache.handlers.event_handler import HandlerCalls
    from kubeloop.cache.handlers.handler_backlog import BacklogLimit
    from kubeloop.cache.informer.applier import Applier
    from kubeloop.cache.informer.resync import ResyncSchedule
    from kubeloop.cache.informer.sync_gate import SyncGate
    from kubeloop.cache.store.indexer import Indexer

__all__ = ["HandlerStatistics", "SharedProcessor"]

T = TypeVar("T", bound=CachedObject)


class HandlerStatistics(Value, frozen=True):
    """One handler of an informer, or one reader of its events.

    Attributes:
        name: The name in log lines.
        backlog: The number of events that wait for it.
        backlog_seconds: How long the oldest of them has waited.
        error: Why the informer removed the handler; `""` otherwise.
    """

    name: str
    backlog: int
    backlog_seconds: float
    error: str = ""


class SharedProcessor(Generic[T]):
    """The handlers of an informer.

    Args:
        name: The name of the informer, for log lines and errors.
        indexer: The store, whose objects a handler sees that is added after the start.
        applier: Calls the handlers.
        gate: Opens when the informer has synced.
        resync: Decides when handlers are resynced.

    Attributes:
        time_slice: The seconds for which changes follow each other before `turn`. A handler for which the informer
            waits is asked after each change whether it is full.

    Concurrency: loop only.
    """

    __slots__ = (
        "_applier", "_blocking", "_every_registration", "_gate", "_group", "_has_ended", "_indexer", "_name", "_resync",
        "time_slice",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        indexer: Indexer[T],
        applier: Applier[T],
        gate: SyncGate,
        resync: ResyncSchedule[HandlerRegistration[T]],
    ) -> None:
        self._name = name
        self._indexer = indexer
        self._applier = applier
        self._gate = gate
        self._resync = resync
        self._group: asyncio.TaskGroup | None = None
        self._has_ended = False
        self._blocking: HandlerRegistration[T] | None = None
        self.time_slice = TIME_SLICE
        # Including handlers that were removed while a call of theirs is in progress.
        self._every_registration: WeakSet[HandlerRegistration[T]] = WeakSet()

    def __repr__(self) -> str:
        return f"<SharedProcessor of {self._name}: {len(self.registrations)} handlers>"

    @property
    def registrations(self) -> tuple[HandlerRegistration[T], ...]:
        """The handlers, including those that the informer removed because they were too slow for their bound."""
        return self._applier.registrations

    def statistics(self) -> tuple[HandlerStatistics, ...]:
        """Return the name, the backlog and the error of each handler."""
        return tuple(
            HandlerStatistics(each.name, each.backlog, each.backlog_age, str(each.error or ""))
            for each in self.registrations
        )

    def turn(self) -> Awaitable[None]:
        """Return an awaitable that allows other tasks to run, and waits until no handler is full.

        Concurrency: safe to cancel.
        """
        # No coroutine of its own, because every slice of events ends with this.
        if self._blocking is None or not self._blocking.is_full:
            return asyncio.sleep(0)
        return self._blocking.wait_for_room()

    def add(
        self,
        calls: HandlerCalls[T],
        limit: BacklogLimit,
        *,
        resync_period: float | None = None,
        is_read: bool = False,
    ) -> HandlerRegistration[T]:
        """Add a handler, which sees the stored objects first if the informer runs.

        Raises:
            TypeError: A plain handler came with a bound.
            ValueError: The resync period is negative, or the informer does not resync.
            RuntimeError: The informer has stopped, or a handler that blocks would not be the only one.
        """
        if self._has_ended:
            raise RuntimeError(f"{self._name}: the informer has stopped, no handler can be added")
        if limit.events is not None and not calls.is_async:
            raise TypeError(f"{self._name}: a plain handler has no backlog; max_backlog is for async handlers")
        self._must_be_compatible(limit)
        for failed in self.registrations:
            if failed.is_removed and failed.name == calls.name:
                # A program may add its handler again and again: statistics show only the last failure.
                self.remove(failed)
        registration = HandlerRegistration(calls, self._gate, self._name, limit, is_read=is_read)
        self._resync.add(registration, resync_period, _time())
        if registration.blocks:
            self._blocking, self.time_slice = registration, 0.0
        self._every_registration.add(registration)
        # A handler may add a handler. The new one sees the present change with the stored objects, so the pop loop
        # continues with the old tuple.
        self._applier.registrations = (*self.registrations, registration)
        if self._group is not None:
            registration.introduce(self._indexer.list())
            registration.start(self._group)
        return registration

    def remove(self, registration: HandlerRegistration[T]) -> None:
        """Remove a handler; what it has not seen yet is dropped. Removing it again does nothing.

        Raises:
            ValueError: The handle belongs to another informer.
        """
        if registration not in self._every_registration:
            raise ValueError(f"{self._name}: {registration!r} is not a handler of this informer")
        registration.remove()
        self._resync.remove(registration)
        if registration is self._blocking:
            self._blocking, self.time_slice = None, TIME_SLICE
        self._applier.registrations = tuple(other for other in self.registrations if other is not registration)

    async def shut_down(self, registration: HandlerRegistration[T]) -> None:
        """Remove a handler and wait until a call of it that is in progress has ended.

        Raises:
            ValueError: The handle belongs to another informer.
            RuntimeError: The handler itself called this.
        """
        self.remove(registration)
        with suppress(BacklogFull):
            await registration.wait_until_ended()

    def is_current_task(self) -> bool:
        """Return whether the caller runs in the task of an async handler."""
        return any(registration.is_current_task() for registration in self._every_registration)

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the tasks of the handlers, and of those that are added later."""
        self._group = group
        for registration in self.registrations:
            registration.start(group)

    def end(self) -> None:
        """End all handlers, because the informer has stopped."""
        self._group = None
        self._has_ended = True
        for registration in self.registrations:
            registration.informer_ended()

    def _must_be_compatible(self, limit: BacklogLimit) -> None:
        others = [registration for registration in self.registrations if not registration.is_removed]
        if not others:
            return
        if limit.when_full == "block":
            names = "; ".join(registration.name for registration in others)
            raise RuntimeError(
                f"{self._name}: a handler with when_full='block' must be the informer's only one, because it would "
                f"delay the others ({names}); choose 'latest' or 'error'"
            )
        if self._blocking is not None and self._blocking.blocks:
            raise RuntimeError(
                f"{self._name}: no handler can be added, because {self._blocking.name} has when_full='block' and would "
                "delay it; choose 'latest' or 'error' there"
            )


def _time() -> float | None:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return None
