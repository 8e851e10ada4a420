"""`Indexer`: the store of an informer, objects by key and by the values of index functions.

Reference: client-go `tools/cache/store.go`, `index.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, Delta, DeltaType, version_of
from kubeloop.cache.store.thread_safe_store import Replaced, ThreadSafeStore
from kubeloop.errors import CacheError, Unreadable
from kubeloop.meta.keys import Object, object_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.cache.store.index import IndexFunc

__all__ = ["NAMESPACE_INDEX", "Indexer", "namespace_index"]

T = TypeVar("T", bound=CachedObject)

NAMESPACE_INDEX = "namespace"
"""The name of the index by namespace, which the informers of a factory have."""

_STORED = (DeltaType.ADDED, DeltaType.UPDATED, DeltaType.REPLACED, DeltaType.SYNC)


def namespace_index(obj: Object) -> Sequence[str]:
    """Return the namespace of an object, for an index by namespace.

    Reference: client-go `tools/cache.MetaNamespaceIndexFunc`.
    """
    return (obj.metadata.namespace,)


class Indexer(ThreadSafeStore[T]):
    """Objects by key, with any number of indices, each of which may have several values per object.

    Reads return the stored objects themselves, never copies, in a list that the caller owns.

    The store also knows the objects that exist and whose present state cannot be read, in `unreadable`. If an older
    state of such an object is stored, all reads return that state. If not, `get_by_key` raises `Unreadable`, because
    None would look like a deletion. Lists and indices contain readable states only.

    An index function is called with an object that is stored and with the object that it replaces, so it must return
    the same values for the same object. If it raises, or returns anything but an iterable of strings, the object
    is stored, is found by its key and by the other indices, and the call raises `CacheError`.

    Args:
        indexers: Index functions by the name of their index.
        key_func: Returns the key of an object.

    Attributes:
        unreadable: Why the present state of an object cannot be read, by its key; a read-only view that stays current.

    Concurrency: any thread may read. Each read returns one state of the store, the one before or after a write, a
    `transaction` or a `replace`; two reads may return two states. Only the thread that created the indexer may write,
    or the one in which its informer runs; a write of another thread raises `RuntimeError`. Another thread that iterates
    over `unreadable` copies it first.

    Reference: client-go `tools/cache.Indexer`. Intended difference: there an object that cannot be read does not exist.
    """

    def __init__(
        self, indexers: Mapping[str, IndexFunc[T]] | None = None, *, key_func: Callable[[T], str] = object_key
    ) -> None:
        super().__init__(indexers)
        self._key_func = key_func

    def add(self, obj: T) -> None:
        """Store an object; it replaces the object with the same key."""
        self._is_written = True
        self.put(self._key_func(obj), obj)

    def update(self, obj: T) -> None:
        """Store an object; the same as `add`."""
        self._is_written = True
        self.put(self._key_func(obj), obj)

    def delete(self, obj: T) -> None:
        """Remove the object with the same key as this object, if there is one."""
        self._is_written = True
        self.remove(self._key_func(obj), version_of(obj))

    def transaction(self, deltas: Iterable[Delta[T]]) -> None:
        """Apply several changes as one: no read sees some of them without the others.

        Args:
            deltas: The changes, the oldest first. The object of a deletion may be a tombstone or an `Unreadable`.

        Raises:
            CacheError: An index function failed, for the object named or for several. All changes are applied.
            ValueError: A change is neither an object to store nor a deletion. No change is applied.
            RuntimeError: Another thread may write.

        Reference: client-go `TransactionStore.Transaction`. Intended difference: there the changes whose key can be
        computed are applied if that of another cannot.
        """
        self._check_writer()
        changes = [(self._key_of(delta), delta) for delta in deltas]
        problem: CacheError | None = None
        self._is_written = True
        self._begun += 1
        try:
            for key, (kind, obj) in changes:
                if isinstance(obj, (DeletedFinalStateUnknown, Unreadable)) or kind is DeltaType.DELETED:
                    self.remove(key, version_of(obj))
                    continue
                try:
                    self.put(key, obj)
                except CacheError as error:
                    problem = error
        finally:
            self._ended += 1
        if problem is not None:
            raise problem

    def replace(self, objects: Iterable[T], resource_version: str = "") -> None:
        """Remove all objects, and what is known of unreadable ones, and store these objects.

        Args:
            objects: The objects.
            resource_version: The version of the list that the objects come from; `""` if it has none.

        Raises:
            CacheError: An index function failed, for the object named or for several. All objects are stored.
            RuntimeError: Another thread may write.
        """
        steps = self.replacing({self._key_func(obj): obj for obj in objects}, resource_version=resource_version)
        try:
            while True:
                next(steps)
        except StopIteration as done:
            replaced: Replaced = done.value
        if replaced.problems:
            raise replaced.problems[-1]

    def index(self, name: str, obj: T) -> list[T]:
        """Return the objects that share at least one value of an index with `obj`, which need not be stored.

        Raises:
            UnknownIndex: There is no such index.
            CacheError: The index function failed on `obj`.
        """
        index = self._index(name)
        try:
            values = [*index.values(obj)]
        except Exception as error:
            raise index.report(self._key_func(obj), error) from error
        return self._read(lambda: self._with_keys({key: None for value in values for key in self._keys(name, value)}))

    def _key_of(self, delta: Delta[T]) -> str:
        """Return the key of a change; a change that a store cannot apply raises `ValueError`."""
        kind, obj = delta
        if isinstance(obj, (DeletedFinalStateUnknown, Unreadable)):
            key, is_valid = obj.key, kind is DeltaType.DELETED
        else:
            key, is_valid = self._key_func(obj), kind is DeltaType.DELETED or kind in _STORED
        if not key or not is_valid:
            raise ValueError(f"expected a change of an object with a name, got {kind} of {key or type(obj).__name__}")
        return key
