"""`Applier`: applies changes to the store first, then notifies the handlers, without awaiting in between.

Reference: client-go `tools/cache/controller.go` (`processDeltas`).
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, DeltaType, version_of
from kubeloop.cache.fifo.real_fifo import Bookmark, QueuedDelta, ReplacedAll
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.informer.store_replacement import StoreReplacement, is_another
from kubeloop.cache.informer.unreadable_log import log_readable, log_unreadable
from kubeloop.cache.store.indexer import Indexer
from kubeloop.errors import CacheError, Unreadable

__all__ = ["Applier", "NamespacesApplier"]

T = TypeVar("T", bound=CachedObject)

_DELETED = DeltaType.DELETED

logger = logging.getLogger(__name__)


class Applier(Generic[T]):
    """Applies the changes of a `RealFIFO` to a store, and notifies handlers of them.

    The calls of each handler add up to what the store holds. An object that cannot be read is not a change: its last
    known state stays in the store, and no handler is called.

    Args:
        name: The name of the informer, for log lines.
        indexer: The store.

    Attributes:
        registrations: The handlers. A new tuple takes effect with the next change.

    Concurrency: loop only; no call awaits.
    """

    __slots__ = ("_indexer", "_name", "_unreadable", "registrations")

    def __init__(self, name: str, indexer: Indexer[T]) -> None:
        self._name = name
        self._indexer = indexer
        self._unreadable = indexer.unreadable
        self.registrations: tuple[HandlerRegistration[T], ...] = ()

    def __repr__(self) -> str:
        return f"<Applier of {self._name}: {len(self.registrations)} handlers>"

    def apply(self, delta: QueuedDelta[T]) -> None:
        """Apply a change of one object."""
        kind, key, obj = delta
        if TYPE_CHECKING:  # The queue guarantees this; a check at run time would cost every event.
            assert not isinstance(obj, (Bookmark, ReplacedAll))
            assert obj is not None
        if kind is _DELETED:
            self._delete(key, obj)
        elif isinstance(obj, Unreadable):
            self._keep(key, obj)
        else:
            self._store(key, obj)

    def replacement(self, listed: ReplacedAll[T]) -> StoreReplacement[T]:
        """Return the steps that put a list in the place of what the store holds."""
        return StoreReplacement(self._name, self._indexer, listed)

    def bookmark(self, bookmark: Bookmark) -> None:
        """Record that the store has every change up to a version."""
        self._indexer.bookmark(bookmark.resource_version)

    def resync(self, registrations: Iterable[HandlerRegistration[T]]) -> Generator[None, None, None]:
        """Notify handlers of all stored objects, in short steps, as updates that change nothing."""
        for obj in self._indexer.list():
            for registration in registrations:
                registration.updated(obj, obj)
            yield

    def _store(self, key: str, obj: T) -> None:
        indexer = self._indexer
        registrations = self.registrations
        old = indexer.last_known(key)
        try:
            indexer.put(key, obj)
        except CacheError as error:
            logger.error("%s: %s", self._name, error, exc_info=error.__cause__)
        if self._unreadable and indexer.clear_unreadable(key):
            log_readable(self._name, key)
        if old is None:
            for registration in registrations:
                registration.added(obj, False)
        else:
            for registration in registrations:
                registration.updated(old, obj)

    def _delete(self, key: str, final: T | Unreadable) -> None:
        if self._unreadable:
            self._indexer.clear_unreadable(key)
        old = self._indexer.remove(key, version_of(final))
        if old is None:
            return  # No state of the object could ever be read, so no handler knows of it.
        tombstone: DeletedFinalStateUnknown[T] | None = None
        if isinstance(final, Unreadable):
            tombstone = DeletedFinalStateUnknown(key, old)
            final = old
        for registration in self.registrations:
            registration.deleted(final, tombstone)

    def _keep(self, key: str, error: Unreadable) -> None:
        """Record that an object exists and cannot be read. Another uid means that the stored object was deleted."""
        indexer = self._indexer
        old = indexer.last_known(key)
        if old is not None and is_another(old, error):
            self._delete(key, error)
            old = None
        before = self._unreadable.get(key)
        indexer.set_unreadable(key, error)
        indexer.bookmark(error.resource_version)
        log_unreadable(self._name, key, error, before, has_state=old is not None)


class NamespacesApplier(Applier[T]):
    """An `Applier` that also knows which version of each namespace is in the store.

    Args:
        name: The name of the informer, for log lines.
        indexer: The store.
        versions: Where the versions are recorded, by namespace; see `InformerSources`.
    """

    __slots__ = ("_versions",)

    def __init__(self, name: str, indexer: Indexer[T], versions: dict[str, str | None]) -> None:
        super().__init__(name, indexer)
        self._versions = versions

    def apply(self, delta: QueuedDelta[T]) -> None:
        """Apply a change of one object."""
        super().apply(delta)
        obj = delta.object
        if TYPE_CHECKING:
            assert not isinstance(obj, (Bookmark, ReplacedAll))
            assert obj is not None
        self._reached(delta.key.partition("/")[0], version_of(obj))

    def replacement(self, listed: ReplacedAll[T]) -> StoreReplacement[T]:
        """Return the steps that put a list in the place of what the store holds of its namespace."""
        return StoreReplacement(self._name, self._indexer, listed, self._versions)

    def bookmark(self, bookmark: Bookmark) -> None:
        """Record that the store has every change in a namespace up to a version."""
        self._reached(bookmark.namespace, bookmark.resource_version)

    def _reached(self, namespace: str, version: str) -> None:
        if version and namespace in self._versions:
            self._versions[namespace] = version
