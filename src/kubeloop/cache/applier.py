"""`Applier`: applies changes to the store first, then notifies the handlers, without awaiting in between.

Reference: client-go `tools/cache/controller.go` (`processDeltas`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.delta import STATELESS, DeletedFinalStateUnknown, Delta, DeltaType
from kubeloop.cache.indexer import Indexer
from kubeloop.cache.processor import HandlerRegistration
from kubeloop.errors import CacheError, Unreadable

__all__ = ["Applier"]

T = TypeVar("T", bound=CachedObject)

_DELETED, _UNREADABLE = DeltaType.DELETED, DeltaType.UNREADABLE

logger = logging.getLogger(__name__)


class Applier(Generic[T]):
    """Applies the changes that a `DeltaFIFO` returns to a store, and notifies handlers of them.

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

    def apply(self, key: str, deltas: list[Delta[T]], is_in_initial_list: bool) -> None:
        """Apply the changes of one object.

        Args:
            key: The key of the object.
            deltas: The changes, the oldest first.
            is_in_initial_list: Whether they belong to the first list.
        """
        indexer = self._indexer
        for kind, obj in deltas:
            registrations = self.registrations
            if kind is _DELETED:
                self._delete(key, obj)
                continue
            if kind is _UNREADABLE:
                assert isinstance(obj, Unreadable)
                self._keep(key, obj)
                continue
            if TYPE_CHECKING:  # The queue guarantees this; a check at run time would cost every event.
                assert not isinstance(obj, STATELESS)
            if self._unreadable and indexer.clear_unreadable(key):
                logger.info("%s: %s can be read again", self._name, safe_text(key))
            old = indexer.get_by_key(key)
            try:
                indexer.put(key, obj)
            except CacheError as error:
                logger.error("%s: %s", self._name, error, exc_info=error.__cause__)
            if old is None:
                for registration in registrations:
                    registration.added(obj, is_in_initial_list)
            else:
                for registration in registrations:
                    registration.updated(old, obj)

    def _delete(self, key: str, final: T | DeletedFinalStateUnknown[T] | Unreadable) -> None:
        if self._unreadable:
            self._indexer.clear_unreadable(key)
        old = self._indexer.remove(key)
        if old is None:
            return  # No state of the object could ever be read, so no handler knows of it.
        tombstone: DeletedFinalStateUnknown[T] | None = None
        if isinstance(final, STATELESS):
            # The store may hold a newer state than the list that the tombstone comes from.
            tombstone = DeletedFinalStateUnknown(key, old)
            final = old
        for registration in self.registrations:
            registration.deleted(final, tombstone)

    def _keep(self, key: str, error: Unreadable) -> None:
        """Record that an object exists and cannot be read. Another uid means that the stored object was deleted."""
        indexer = self._indexer
        old = indexer.last_known(key)
        if old is not None and error.uid and old.metadata.uid and error.uid != old.metadata.uid:
            self._delete(key, error)
            old = None
        before = self._unreadable.get(key)
        indexer.set_unreadable(key, error)
        if before is not None and before.uid == error.uid:
            return  # Log one line per object, not one per event.
        if not error.key:
            text = "%s: item %s of a list cannot be read, not even its name, so the list proves no deletion: %s"
        elif old is None:
            text = "%s: %s cannot be read, and no earlier state of it is known: %s"
        else:
            text = "%s: %s cannot be read; the store keeps its last known state: %s"
        logger.warning(text, self._name, safe_text(key), error)
