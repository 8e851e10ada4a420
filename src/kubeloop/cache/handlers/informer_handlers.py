"""`InformerHandlers`: the part of `SharedInformer` that adds and removes event handlers and readers of events.

Reference: client-go `tools/cache/shared_informer.go` (`AddEventHandlerWithOptions`, `RemoveEventHandler`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.handlers.event_handler import ResourceEventHandler, calls_of
from kubeloop.cache.handlers.handler_backlog import BacklogLimit, WhenFull
from kubeloop.cache.handlers.informer_events import InformerEvents
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.handlers.shared_processor import SharedProcessor

__all__ = ["InformerHandlers"]

T = TypeVar("T", bound=CachedObject)


class InformerHandlers(Generic[T]):
    """Adds and removes the handlers of an informer.

    Args:
        name: The name of the informer.
        processor: The handlers.
    """

    def __init__(self, name: str, processor: SharedProcessor[T]) -> None:
        self.name = name
        self._processor = processor

    def __repr__(self) -> str:
        return f"<InformerHandlers of {self.name}>"

    def add_event_handler(
        self,
        handler: ResourceEventHandler[T] | None = None,
        /,
        *,
        on_add: Callable[[T], object] | None = None,
        on_update: Callable[[T, T], object] | None = None,
        on_delete: Callable[[T], object] | None = None,
        filter: Callable[[T], bool] | None = None,
        max_backlog: int | None = None,
        when_full: WhenFull = "latest",
        resync_period: float | None = None,
    ) -> HandlerRegistration[T]:
        """Add functions, or the three methods of a detailed handler, that are called for each change.

        Plain functions are called by the pop loop, so they should be short, for instance add a key to a work queue. If
        one of them is an `async` function, all are called in a task of the handler, and wait in its backlog. A handler
        that is added after the start sees the stored objects as adds of the initial list, then the later changes.

        Args:
            handler: A detailed handler, instead of functions.
            on_add: Called with the object.
            on_update: Called with the old and the new object.
            on_delete: Called with the last known object.
            filter: Returns whether the handler sees an object. An object that starts to pass is reported as an add, one
                that stops as a deletion.
            max_backlog: The number of events that may wait for an async handler; None for no bound. The objects of the
                initial list do not count, and a new list may exceed the bound.
            when_full: What happens at the bound. `"latest"`: events of the same object are merged, so the handler sees
                the newest state and not each state in between. `"error"`: the handler is removed, which is logged and
                raised by the handle's `wait_until_ended`. `"block"`: the informer waits for the handler, which must be
                its only one, and stops reading the watch meanwhile.
            resync_period: The seconds after which this handler is notified of all objects again; None for the period of
                the informer, 0 for never. A period that is shorter than all others is granted before the start only.

        Returns:
            The handle for `remove_event_handler`, which shows the backlog and when this handler has seen the initial
            list.

        Raises:
            TypeError: Neither or both of a handler and functions were given, or something that cannot be called, or a
                bound for a plain handler.
            ValueError: The bound is less than 1, `when_full` is unknown or came without a bound, the resync period is
                negative, or the informer does not resync.
            RuntimeError: The informer has stopped, or a handler with `"block"` would not be the only one.
        """
        calls = calls_of(handler, on_add, on_update, on_delete, filter)
        return self._processor.add(calls, BacklogLimit(max_backlog, when_full), resync_period=resync_period)

    def events(
        self,
        *,
        filter: Callable[[T], bool] | None = None,
        max_backlog: int | None = None,
        when_full: WhenFull = "latest",
    ) -> InformerEvents[T]:
        """Return the changes as an async iterator, for use in its own block.

            async with informer.events() as events:
                async for event in events:
                    match event: ...

        Args:
            filter: As for `add_event_handler`.
            max_backlog: As for `add_event_handler`, of events that wait for the reader.
            when_full: As for `add_event_handler`. With `"error"`, the iteration raises `BacklogFull`.

        Raises:
            ValueError: The bound is less than 1, or `when_full` is unknown or came without a bound.
        """
        return InformerEvents(self._processor, self.name, filter, BacklogLimit(max_backlog, when_full))

    def remove_event_handler(self, registration: HandlerRegistration[T]) -> None:
        """Remove a handler; what it has not seen yet is dropped. Removing it again does nothing.

        Raises:
            ValueError: The handle belongs to another informer.
        """
        self._processor.remove(registration)

    def is_in_handler(self) -> bool:
        """Return whether the caller runs in the task of an async event handler of this informer."""
        return self._processor.is_current_task()

    async def shut_down_event_handler(self, registration: HandlerRegistration[T]) -> None:
        """Remove a handler and wait until a call of it that is in progress has ended.

        Raises:
            ValueError: The handle belongs to another informer.
            RuntimeError: The handler itself called this.

        Reference: client-go `tools/cache.ShutDownEventHandler`.
        """
        await self._processor.shut_down(registration)
