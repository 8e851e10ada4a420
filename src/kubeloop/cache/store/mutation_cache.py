"""`MutationCache`: reads of an informer's store that show a program's own writes before the watch delivers them.

Reference: client-go `tools/cache/mutation_cache.go`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from kubeloop._kit.text import counted
from kubeloop.cache.cached_object import CachedObject
from kubeloop.meta.keys import object_key
from kubeloop.meta.version_number import version_number

if TYPE_CHECKING:
    from kubeloop.cache.informer.shared_informer import SharedInformer

__all__ = ["MutationCache"]

T = TypeVar("T", bound=CachedObject)

SWEEP_AT = 100
"""The number of writes from which `record` removes those that have ended, each time their number has doubled."""


class _Write(NamedTuple, Generic[T]):
    obj: T | None
    """The object as it was written; None if the informer does not hold it in this state."""
    namespace: str
    number: int
    expires_at: float


class MutationCache(Generic[T]):
    """An overlay of recorded writes on the store of an informer; each read returns the newer state of each object.

        pods = MutationCache(factory.core_v1.pods())
        pods.record(await clientset.core_v1.pods("default").create(pod))
        pods.get_by_key("default/web-0")

    A write ends when the store has reached its version: from then on the store is at least as new, also if the object
    has been deleted meanwhile. Therefore an object that was created is shown at once, and never after the store has
    learned of its deletion. No read returns an older state than a read before it.

    A write whose resourceVersion is no number is not recorded, because nobody could say when it ends.

    Args:
        informer: The informer.
        ttl: The seconds for which an object is shown that the store does not hold, if the store does not reach its
            version: the watch may be interrupted. A newer state of an object that the store holds has no such bound.

    Concurrency: loop only; no call awaits.

    Reference: client-go `tools/cache.MutationCache`. Intended differences: `include_adds` is always on, because the
    version of the store ends a write; therefore event handlers need not be connected, and no write is evicted.
    """

    def __init__(self, informer: SharedInformer[T], *, ttl: float = 300.0) -> None:
        if not ttl > 0:
            raise ValueError(f"expected a positive number of seconds for ttl, got {ttl}")
        self._informer = informer
        self._indexer = informer.indexer
        self._ttl = ttl
        self._writes: dict[str, _Write[T]] = {}
        self._sweep_at = SWEEP_AT

    def __repr__(self) -> str:
        return f"<MutationCache of {self._informer.name}: {counted(len(self._writes), 'write')}>"

    def record(self, obj: T) -> None:
        """Show the object that a write has returned, unless the store or an earlier call has a newer state of it."""
        number = version_number(obj.metadata.resource_version)
        if number is None:
            return
        key = object_key(obj)
        before = self._writes.get(key)
        if before is not None and before.number >= number:
            return
        shown = obj if self._informer.selects(obj) else None
        if shown is None and before is None and key not in self._indexer:
            return
        expires_at = asyncio.get_running_loop().time() + self._ttl
        write = _Write(shown, obj.metadata.namespace, number, expires_at)
        if self._has_ended(key, write):
            return
        self._writes[key] = write
        if len(self._writes) >= self._sweep_at:
            self._current()
            self._sweep_at = max(SWEEP_AT, 2 * len(self._writes))

    def get_by_key(self, key: str) -> T | None:
        """Return the newest known state of the object with this key, or None.

        Raises:
            Unreadable: The object exists, no state of it could be read, and none was recorded.
        """
        if self._writes and (write := self._writes.get(key)) is not None:
            if not self._has_ended(key, write):
                return self._shown(key, write)
            del self._writes[key]
        return self._indexer.get_by_key(key)

    def by_index(self, name: str, value: str) -> list[T]:
        """Return the newest known states of the objects that have this value in an index of the informer.

        Raises:
            UnknownIndex: There is no such index.
            Exception: What the index function raises on a recorded object.
        """
        stored = self._indexer.by_index(name, value)
        own = self._current()
        if not own:
            return stored
        values_of = self._indexer.indexers[name]
        return [
            *(obj for obj in stored if object_key(obj) not in own),
            *(obj for obj in own.values() if obj is not None and value in values_of(obj)),
        ]

    def list(self) -> list[T]:
        """Return the newest known states of all objects."""
        stored = self._indexer.list()
        own = self._current()
        if not own:
            return stored
        return [
            *(obj for obj in stored if object_key(obj) not in own),
            *(obj for obj in own.values() if obj is not None),
        ]

    def _current(self) -> dict[str, T | None]:
        """Return what is shown in place of the store, by key, and remove the writes that have ended."""
        for key, write in [*self._writes.items()]:
            if self._has_ended(key, write):
                del self._writes[key]
        return {key: self._shown(key, write) for key, write in self._writes.items()}

    def _shown(self, key: str, write: _Write[T]) -> T | None:
        """Return the object of a write that has not ended; None after the time for objects that the store lacks.

        The write is kept, so that an older state of the object, if the store gets one later, is not shown.
        """
        if key not in self._indexer and self._has_expired(write):
            return None
        return write.obj

    def _has_ended(self, key: str, write: _Write[T]) -> bool:
        version = self._informer.store_version(write.namespace)
        reached = version_number(version or "")
        if reached is not None and reached >= write.number:
            return True
        stored = self._indexer.last_known(key)
        if stored is not None:
            number = version_number(stored.metadata.resource_version)
            return number is None or number >= write.number
        # A store whose version is no number never shows that it has reached a write.
        return version is not None and reached is None and self._has_expired(write)

    def _has_expired(self, write: _Write[T]) -> bool:
        return asyncio.get_running_loop().time() >= write.expires_at
