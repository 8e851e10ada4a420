"""One watched resource, one store, any number of handlers.

Here lives `SharedInformer`: it owns the queue, the store, the registered handlers and the tasks that move changes from
one to the next. The reflector and the pop loop are tasks apart, so that nothing a handler does holds the watch; the pop
loop applies a change to the store and then tells the handlers, in that order, without awaiting in between.

Reference: client-go `tools/cache/shared_informer.go`, `controller.go`. Resync is not here yet.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from kubeloop.cache import event_handler as handlers
from kubeloop.cache.delta_fifo import DeletedFinalStateUnknown, Delta, DeltaFIFO, DeltaType
from kubeloop.cache.indexer import Indexer, IndexFunc
from kubeloop.cache.list_watch import ListerWatcher
from kubeloop.cache.lister import Lister
from kubeloop.cache.objects import CachedObject
from kubeloop.cache.processor import TIME_SLICE, HandlerRegistration
from kubeloop.cache.reflector import Reflector, WatchErrorHandler
from kubeloop.cache.sync_gate import SyncGate
from kubeloop.errors import CacheError
from kubeloop.meta.gvk import GroupResource

__all__ = ["SharedInformer"]

T = TypeVar("T", bound=CachedObject)

_DELETED = DeltaType.DELETED

logger = logging.getLogger(__name__)


class SharedInformer(Generic[T]):
    """Keeps a store equal to what the server has, and tells handlers of each change.

    Guarantees, for each handler by itself: it is told of each object once as an add, then of its changes and its
    deletion in the order in which the server made them; changes that happen while the watch is down may come as one.
    What it was told adds up to what the store holds. A handler's exception is logged and harms neither it nor another.

    Objects are immutable and shared: what the store and handlers give is the stored object itself.

    Args:
        lister_watcher: the source.
        resource: what it is a source of, for `NotFound`.
        name: for log lines and errors; None for the resource's name.
        indexers: the first index functions.
        expected_type: objects of another class are logged and skipped; None takes all.
        transform: changes each object before it is stored, e.g. to drop what nobody reads; it may be given an object
            that it has already changed. See `set_transform`.
        rng: the source of chance of the reflector.

    Concurrency: loop only. `run` may be cancelled at any time: the store stays readable as it is then.

    Reference: client-go `tools/cache.SharedIndexInformer`.
    """

    def __init__(
        self,
        lister_watcher: ListerWatcher[T],
        *,
        resource: GroupResource,
        name: str | None = None,
        indexers: Mapping[str, IndexFunc[T]] | None = None,
        expected_type: type[T] | None = None,
        transform: Callable[[T], T] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.name = name or str(resource)
        self._lister_watcher = lister_watcher
        self._expected_type = expected_type
        self._transform = transform
        self._rng = rng
        self._watch_error_handler: WatchErrorHandler[T] | None = None
        self._indexer: Indexer[T] = Indexer(indexers)
        self._lister = Lister(self._indexer, resource)
        self._gate = SyncGate(self.name, lambda: self.last_error)
        self._registrations: tuple[HandlerRegistration[T], ...] = ()
        self._reflector: Reflector[T] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._is_stopped = False

    def __repr__(self) -> str:
        state = "started" if self.has_started else "new"
        if self.is_stopped or self.has_synced:
            state = "stopped" if self.is_stopped else "synced"
        return f"<SharedInformer {self.name}: {state}, {len(self._indexer)} objects>"

    # Reading

    @property
    def indexer(self) -> Indexer[T]:
        """The store; only the informer writes to it."""
        return self._indexer

    @property
    def lister(self) -> Lister[T]:
        """Reads by name, namespace, labels and index."""
        return self._lister

    @property
    def has_started(self) -> bool:
        """Whether `run` was called."""
        return self._reflector is not None

    @property
    def has_synced(self) -> bool:
        """Whether the store has held all of a full list, and plain handlers have been told of it."""
        return self._gate.has_synced

    @property
    def is_stopped(self) -> bool:
        """Whether `run` has ended; an informer does not start again."""
        return self._is_stopped

    @property
    def last_sync_resource_version(self) -> str:
        """The resourceVersion of the last list or event that the reflector took, `""` before the first list."""
        return self._reflector.last_sync_resource_version if self._reflector is not None else ""

    @property
    def last_error(self) -> str:
        """What the last attempt to list and watch failed with, `""` since one succeeded."""
        error = self._reflector.last_error if self._reflector is not None else None
        return "" if error is None else str(error) or type(error).__name__

    async def wait_for_sync(self) -> None:
        """Wait until `has_synced`.

        Raises:
            NotSynced: the informer stopped before that.

        Concurrency: safe to cancel.
        """
        await self._gate.wait()

    async def wait_until_settled(self) -> None:
        """Wait until the informer has synced or stopped, whichever comes first.

        Concurrency: safe to cancel.
        """
        await self._gate.wait_until_open()

    # Setting up

    def add_indexers(self, indexers: Mapping[str, IndexFunc[T]]) -> None:
        """Add index functions, before or after the start; what is stored already gets indexed.

        Raises:
            ValueError: an index with one of these names exists.
            CacheError: an index function failed on a stored object.
            RuntimeError: the informer has stopped.
        """
        if self._is_stopped:
            raise RuntimeError(f"{self.name}: the informer has stopped, no index can be added")
        self._indexer.add_indexers(indexers)

    def set_transform(self, transform: Callable[[T], T]) -> None:
        """Set what changes each object before it is stored; what it raises is logged, and the object is left out.

        An exception on a full list fails the whole list, which is tried again later.

        Raises:
            RuntimeError: the informer has started.
        """
        self._must_be_new("transform")
        self._transform = transform

    def set_watch_error_handler(self, handler: WatchErrorHandler[T]) -> None:
        """Set what is told of each failure to list or to open a watch, in the place of a log line.

        Raises:
            RuntimeError: the informer has started.
        """
        self._must_be_new("watch error handler")
        self._watch_error_handler = handler

    def add_event_handler(
        self,
        handler: handlers.ResourceEventHandler[T] | None = None,
        /,
        *,
        on_add: Callable[[T], object] | None = None,
        on_update: Callable[[T, T], object] | None = None,
        on_delete: Callable[[T], object] | None = None,
        filter: Callable[[T], bool] | None = None,
    ) -> HandlerRegistration[T]:
        """Have functions, or the three methods of a detailed handler, called for each change.

        Plain functions are called in line by the pop loop: they should be short, e.g. put a key into a work queue. When
        one of them is an `async` function all go through a queue and a task of their own. A handler that comes after
        the start is told of the objects that are there as adds of the initial list, then of what happens since.

        Args:
            handler: a detailed handler, in the place of the functions.
            on_add: is given the object.
            on_update: is given the old and the new object.
            on_delete: is given the last known object.
            filter: says which objects are told of; one that starts to pass is an add, one that stops a deletion.

        Returns:
            The handle for `remove_event_handler`, which also says when this handler has been told of the initial list.

        Raises:
            TypeError: neither or both of handler and functions were given, or something that cannot be called.
            RuntimeError: the informer has stopped.
        """
        if handler is None:
            calls = handlers.calls_of_functions(on_add, on_update, on_delete)
        elif on_add is None and on_update is None and on_delete is None:
            calls = handlers.calls_of_handler(handler)
        else:
            raise TypeError("give either an event handler or functions, not both")
        if self._is_stopped:
            raise RuntimeError(f"{self.name}: the informer has stopped, no handler can be added")
        if filter is not None:
            calls = handlers.filtered(calls, filter)
        registration = HandlerRegistration(calls, self._gate, self.name)
        # A newcomer that a handler adds is not told of the change that the pop loop is just telling of, which it will
        # meet in its introduction: the loop goes on over the old tuple.
        self._registrations = (*self._registrations, registration)
        if self._group is not None:
            registration.introduce(self._indexer.list())
            registration.start(self._group)
        return registration

    def remove_event_handler(self, registration: HandlerRegistration[T]) -> None:
        """Stop telling a handler; what it has not been told yet is dropped. Removing it again does nothing.

        Raises:
            ValueError: the handle is another informer's.
        """
        if not registration.belongs_to(self._gate):
            raise ValueError(f"{self.name}: {registration!r} is not a handler of this informer")
        registration.remove()
        self._registrations = tuple(other for other in self._registrations if other is not registration)

    async def shut_down_event_handler(self, registration: HandlerRegistration[T]) -> None:
        """Remove a handler and wait until a call of it that still runs has ended.

        Raises:
            ValueError: the handle is another informer's.
            RuntimeError: called from within that handler.

        Reference: client-go `tools/cache.ShutDownEventHandler`.
        """
        self.remove_event_handler(registration)
        await registration.wait_until_ended()

    # Running

    async def run(self) -> None:
        """Keep the store up to date until cancelled; all tasks have ended when it returns.

        A second call logs a warning and returns.
        """
        if self._reflector is not None:
            logger.warning("%s: the informer has been started before; it runs once", self.name)
            return
        fifo = DeltaFIFO(self._indexer, transform=self._transform)
        self._reflector = Reflector(
            self._lister_watcher,
            fifo,
            name=self.name,
            expected_type=self._expected_type,
            watch_error_handler=self._watch_error_handler,
            rng=self._rng,
        )
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for registration in self._registrations:
                    registration.start(group)
                group.create_task(self._pop_loop(fifo), name=f"{self.name}: pop loop")
                await self._reflector.run()
        finally:
            self._is_stopped = True
            self._group = None
            fifo.close()
            self._gate.give_up()
            for registration in self._registrations:
                registration.remove()

    async def _pop_loop(self, fifo: DeltaFIFO[T]) -> None:
        loop = asyncio.get_running_loop()
        while await fifo.wait():
            deadline = loop.time() + TIME_SLICE
            while (popped := fifo.pop()) is not None:
                try:
                    self._process(popped.key, popped.deltas, popped.is_in_initial_list)
                except Exception:
                    logger.exception("%s: could not process the changes of %s", self.name, popped.key)
                if loop.time() >= deadline:
                    break
            if fifo.has_synced and not self._gate.has_synced:
                logger.debug("%s: synced, %d objects", self.name, len(self._indexer))
                self._gate.open()
            await asyncio.sleep(0)

    def _process(self, key: str, deltas: list[Delta[T]], is_in_initial_list: bool) -> None:
        indexer = self._indexer
        for kind, obj in deltas:
            registrations = self._registrations
            if kind is _DELETED or isinstance(obj, DeletedFinalStateUnknown):
                old = indexer.remove(key)
                tombstone: DeletedFinalStateUnknown[T] | None = None
                if isinstance(obj, DeletedFinalStateUnknown):
                    # The store may have got a newer state since the list that the tombstone comes from.
                    tombstone = obj if old is None else DeletedFinalStateUnknown(key, old)
                    obj = tombstone.object
                for registration in registrations:
                    registration.deleted(obj, tombstone)
                continue
            old = indexer.get_by_key(key)
            try:
                indexer.put(key, obj)
            except CacheError as error:
                logger.error("%s: %s", self.name, error, exc_info=error.__cause__)
            if old is None:
                for registration in registrations:
                    registration.added(obj, is_in_initial_list)
            else:
                for registration in registrations:
                    registration.updated(old, obj)

    def _must_be_new(self, what: str) -> None:
        if self._reflector is not None:
            raise RuntimeError(f"{self.name}: the informer has started, its {what} can no longer be set")
