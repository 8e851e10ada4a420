"""`InformerEvents`: the events of an informer as an async iterator."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from kubeloop._kit.text import safe_text
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.cache.handlers.event_handler import HandlerCalls, filtered
from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated
from kubeloop.meta.keys import object_key

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.cache.handlers.handler_backlog import BacklogLimit
    from kubeloop.cache.handlers.processor import HandlerRegistration
    from kubeloop.cache.handlers.shared_processor import SharedProcessor

__all__ = ["InformerEvents"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class InformerEvents(Generic[T]):
    """The events of an informer, as values: what `informer.events()` returns.

        async with informer.events() as events:
            async for event in events:
                match event:
                    case Added(pod):
                        print("added", pod.metadata.name)
                    case Updated(old, new):
                        print(old.status.phase, "->", new.status.phase)
                    case Deleted(pod):
                        print("deleted", pod.metadata.name)

    Entering the block begins with the stored objects, as `Added` events with `is_in_initial_list`; before the start of
    the informer it begins with the first list. After that come the changes, in order. Events that are not read yet
    wait, and `backlog` and `backlog_age` show them. The iteration ends after the last event before the stop of the
    informer. Leaving the block, also by `break` or an exception, drops the events that wait; entering it again begins
    with the stored objects again.

    Concurrency: one reader. Cancelling a wait loses no event.

    Reference: client-go `tools/watch.NewIndexerInformerWatcher`. Intended difference: the informer is shared, and the
    backlog can be bounded.
    """

    def __init__(
        self, processor: SharedProcessor[T], name: str, filter: Callable[[T], bool] | None, limit: BacklogLimit
    ) -> None:
        self._processor = processor
        self._name = name
        self._filter = filter
        self._limit = limit
        self._calls: HandlerCalls[T] = _EVENT_CALLS
        self._registration: HandlerRegistration[T] | None = None

    def __repr__(self) -> str:
        state = "closed" if self._registration is None else f"{self.backlog} wait"
        return f"<InformerEvents of {self._name}: {state}>"

    @property
    def has_synced(self) -> bool:
        """Whether the informer has synced and the reader has asked for an event after those of the initial list."""
        return self._registration is not None and self._registration.has_synced

    @property
    def backlog(self) -> int:
        """The number of events that wait for the reader."""
        return 0 if self._registration is None else self._registration.backlog

    @property
    def backlog_age(self) -> float:
        """The seconds for which the oldest of these events has waited; 0 if there is none, or outside of the loop."""
        return 0.0 if self._registration is None else self._registration.backlog_age

    async def __aenter__(self) -> Self:
        """Begin with the stored objects.

        Raises:
            RuntimeError: The informer has stopped, the block was entered twice, or a reader with `when_full="block"` is
                not the only one.
        """
        if self._registration is not None:
            raise RuntimeError(f"{self._name}: these events are being read; call events() again for another reader")
        self._calls = _EVENT_CALLS if self._filter is None else filtered(_EVENT_CALLS, self._filter)
        self._registration = self._processor.add(_EVENT_CALLS, self._limit, is_read=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        registration, self._registration = self._registration, None
        if registration is not None:
            self._processor.remove(registration)

    def __aiter__(self) -> Self:
        self._entered()
        return self

    async def __anext__(self) -> InformerEvent[T]:
        """Return the next event.

        Raises:
            BacklogFull: The reader was too slow for its bound and was removed. Entering the block again begins with the
                stored objects.
            StopAsyncIteration: The informer has stopped, and all events have been read.
        """
        registration = self._entered()
        while (event := await registration.next_event()) is not None:
            if self._filter is None:
                return event
            if (accepted := self._accepted(event)) is not None:
                return accepted
        if registration.error is not None:
            raise registration.error
        raise StopAsyncIteration

    def _entered(self) -> HandlerRegistration[T]:
        if self._registration is None:
            raise RuntimeError(
                f"{self._name}: events are read inside of their block, which adds and removes the reader: "
                "async with informer.events() as events: async for event in events: ..."
            )
        return self._registration

    def _accepted(self, event: InformerEvent[T]) -> InformerEvent[T] | None:
        """Return what the filter makes of an event; None if it accepts neither the old nor the new state."""
        try:
            made = self._calls.call(event)
        except Exception:
            logger.exception(
                "%s: the filter of events() failed on %s; the reader gets the next event",
                self._name,
                safe_text(object_key(event.object)),
            )
            return None
        # The functions of `_EVENT_CALLS` return events, and those of a filter what they return, or None.
        return cast("InformerEvent[T] | None", made)


def _deleted(obj: T | DeletedFinalStateUnknown[T]) -> Deleted[T]:
    """Return the event of a deletion or of a tombstone."""
    if isinstance(obj, DeletedFinalStateUnknown):
        return Deleted(obj.object, True)
    return Deleted(obj)


# Any: the calls are those of informers of all classes.
_EVENT_CALLS: HandlerCalls[Any] = HandlerCalls("events()", Added, Updated, _deleted, is_detailed=True, is_async=True)
