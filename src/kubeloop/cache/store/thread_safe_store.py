"""`ThreadSafeStore`: the tables of an `Indexer`: one thread writes them, any thread reads them, without a lock.

A read copies each table in one step of the interpreter, and is repeated if a write happened between its steps.
Reference: client-go `tools/cache/thread_safe_store.go`; there a lock makes readers wait for each other.
"""

from __future__ import annotations

import copy
import time
from _thread import get_ident
from collections.abc import Generator, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from kubeloop._kit.text import counted
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.store.failed_read import FailedRead
from kubeloop.cache.store.index import Index, IndexFunc
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from kubeloop.errors import CacheError, UnknownIndex, Unreadable

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable

__all__ = ["Replaced", "ThreadSafeStore"]

T = TypeVar("T", bound=CachedObject)
R = TypeVar("R")


class Replaced(NamedTuple):
    """What `ThreadSafeStore.replacing` returns.

    Attributes:
        problems: The failures of index functions, one per object and index.
        tables: The tables that are no longer used; `free` frees them in steps, because large ones take milliseconds.
    """

    problems: list[CacheError]
    tables: list[dict[str, Any]]

    def free(self) -> Generator[None, None, None]:
        """Free the tables in short steps."""
        for table in self.tables:
            while table:
                for _ in range(min(OBJECTS_PER_STEP, len(table))):
                    table.popitem()
                yield


class ThreadSafeStore(Generic[T]):
    """Objects by key, and their keys by the values of index functions. `Indexer` describes it.

    Args:
        indexers: Index functions by the name of their index.

    Attributes:
        unreadable: Why the present state of an object cannot be read, by its key; a read-only view that stays current.

    Concurrency: any thread reads, one thread writes.

    Reference: client-go `tools/cache.ThreadSafeStore`.
    """

    def __init__(self, indexers: Mapping[str, IndexFunc[T]] | None = None) -> None:
        self._items: dict[str, T] = {}
        self._indices = {name: Index(name, function) for name, function in (indexers or {}).items()}
        self._is_written = False
        self._unreadable: dict[str, Unreadable] = {}
        self.unreadable: Mapping[str, Unreadable] = MappingProxyType(self._unreadable)
        self._resource_version = ""
        self._writer = get_ident()
        # The numbers of writes that have begun and ended; they differ during a write.
        self._begun = self._ended = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {counted(len(self._items), 'object')}, indices {sorted(self._indices)}>"

    def __len__(self) -> int:
        """Return the number of objects that are stored."""
        return self._read(lambda: len(self._items))

    def __iter__(self) -> Iterator[T]:
        """Iterate over the objects as they are now."""
        return iter(self.list())

    def __contains__(self, key: object) -> bool:
        """Return whether an object with this key exists, readable or not."""
        return key in self._items or self._read(lambda: key in self._items or key in self._unreadable)

    @property
    def is_seeded(self) -> bool:
        """Whether the store holds an object, or was written with another method than `put` and `remove`."""
        # The loop of an informer calls `put` and `remove`, which are kept free of this.
        return self._is_written or bool(self._items)

    @property
    def resource_version(self) -> str:
        """The resourceVersion of the last object that was written, list or bookmark; `""` before the first.

        Reference: client-go `Store.LastStoreSyncResourceVersion`.
        """
        return self._resource_version

    # Writing

    def claim(self) -> None:
        """Allow the calling thread to write, in place of the thread that wrote before."""
        self._writer = get_ident()

    def put(self, key: str, obj: T) -> T | None:
        """Store an object under a key that is known already.

        Returns:
            The object that was stored under the key, or None.

        Raises:
            CacheError: An index function failed. The object is stored.
            RuntimeError: Another thread may write.
        """
        if get_ident() != self._writer:
            self._check_writer()
        self._begun += 1
        try:
            old = self._items.get(key)
            self._items[key] = obj
            problem: CacheError | None = None
            for index in self._indices.values():
                if (error := index.move(key, old, obj)) is not None:
                    problem = index.report(key, error)
            if version := getattr(obj.metadata, "resource_version", ""):  # What a transform returns may have none.
                self._resource_version = version
        finally:
            self._ended += 1
        if problem is not None:
            raise problem
        return old

    def remove(self, key: str, resource_version: str = "") -> T | None:
        """Remove the object under a key.

        Args:
            key: The key.
            resource_version: The version of the deletion; `""` if it is unknown.

        Returns:
            The object that was stored under the key, or None.

        Raises:
            RuntimeError: Another thread may write.
        """
        if get_ident() != self._writer:
            self._check_writer()
        self._begun += 1
        try:
            old = self._items.pop(key, None)
            if old is not None:
                for index in self._indices.values():
                    index.discard(key, old)
            if resource_version:
                self._resource_version = resource_version
        finally:
            self._ended += 1
        return old

    def replacing(
        self,
        objects: dict[str, T],
        unreadable: Mapping[str, Unreadable] = MappingProxyType({}),
        resource_version: str = "",
    ) -> Generator[None, None, Replaced]:
        """Replace all objects in short steps: reads return the old objects until the last step, then the new ones.

        Nothing has changed if the steps are not done to the end. What is written between them is lost.

        Args:
            objects: The new objects by key. The indexer keeps the dict.
            unreadable: The objects whose state cannot be read, by key. Each `FailedRead` stays as long as its object.
            resource_version: The version of the list that the objects come from; `""` if it has none.

        Yields:
            None, after each step.

        Returns:
            The failures of index functions, and the old tables.

        Raises:
            RuntimeError: Another thread may write.
        """
        problems: builtins.list[CacheError] = []
        indices: dict[str, Index[T]] = {}
        # An index may be added between two steps.
        while missing := [index for name, index in self._indices.items() if name not in indices]:
            for index in missing:
                indices[index.name] = fresh = Index(index.name, index.function)
                for count, (key, obj) in enumerate(objects.items(), 1):
                    if (error := fresh.move(key, None, obj)) is not None:
                        problems.append(fresh.report(key, error))
                    if not count % OBJECTS_PER_STEP:
                        yield
        self._check_writer()
        self._begun += 1
        self._is_written = True
        tables: builtins.list[dict[str, Any]] = [
            self._items,
            *(index.keys_by_value for index in self._indices.values()),
        ]
        for key in self._unreadable.keys() - unreadable.keys():
            is_kept = key in objects and objects[key] is self._items.get(key)
            if not (is_kept and isinstance(self._unreadable[key], FailedRead)):
                del self._unreadable[key]
        self._items, self._indices = objects, indices
        # Store copies: the errors themselves may hold the frames that they passed through.
        self._unreadable.update((key, copy.copy(error)) for key, error in unreadable.items())
        self._resource_version = resource_version
        self._ended += 1
        return Replaced(problems, tables)

    def bookmark(self, resource_version: str) -> None:
        """Record that the store has reached a version, for instance that of a bookmark; `""` changes nothing.

        Raises:
            RuntimeError: Another thread may write.

        Reference: client-go `Store.Bookmark`.
        """
        self._check_writer()
        if resource_version:
            self._resource_version = resource_version

    def set_unreadable(self, key: str, error: Unreadable) -> None:
        """Record that an object exists whose present state cannot be read. What is stored under the key stays.

        Raises:
            RuntimeError: Another thread may write.
        """
        self._check_writer()
        # Store a copy: the error itself may hold the frames that it passed through.
        self._unreadable[key] = copy.copy(error)

    def clear_unreadable(self, key: str) -> bool:
        """Remove an object from `unreadable`, and return whether it was there.

        Raises:
            RuntimeError: Another thread may write.
        """
        self._check_writer()
        return self._unreadable.pop(key, None) is not None

    def add_indexers(self, indexers: Mapping[str, IndexFunc[T]]) -> None:
        """Add indices, and index the objects that are stored. All indices are added, or none.

        Raises:
            ValueError: An index with one of these names exists.
            CacheError: An index function failed on a stored object.
            RuntimeError: Another thread may write.
        """
        self._check_writer()
        conflicts = sorted(indexers.keys() & self._indices.keys())
        if conflicts:
            raise ValueError(f"expected new names of indices, these exist already: {', '.join(conflicts)}")
        added = {name: Index(name, function) for name, function in indexers.items()}
        for index in added.values():
            for name, obj in self._items.items():
                error = index.move(name, None, obj)
                if error is not None:
                    raise index.report(name, error) from error
        self._indices = {**self._indices, **added}

    # Reading

    def get_by_key(self, key: str) -> T | None:
        """Return the object with this key, or None.

        Raises:
            Unreadable: The object exists, but no state of it could be read.
        """
        obj = self._items.get(key)
        if obj is None:
            obj, error = self._read(lambda: (self._items.get(key), self._unreadable.get(key)))
            if obj is None and error is not None:
                # Raise a copy: an exception that is raised again and again collects the frames of all its readers.
                raise copy.copy(error)
        return obj

    def last_known(self, key: str) -> T | None:
        """Return the last state of an object that could be read, or None."""
        obj = self._items.get(key)
        if obj is None and get_ident() != self._writer:
            # This thread may have looked into a table that was replaced meanwhile, and is being emptied.
            return self._read(lambda: self._items.get(key))
        return obj

    def list(self) -> builtins.list[T]:
        """Return all objects."""
        return self._read(lambda: [*self._items.values()])

    def list_keys(self) -> builtins.list[str]:
        """Return the keys of all objects."""
        return self._read(lambda: [*self._items])

    def by_index(self, name: str, value: str) -> builtins.list[T]:
        """Return the objects that have this value in an index.

        Raises:
            UnknownIndex: There is no such index.
        """
        return self._read(lambda: self._with_keys(self._keys(name, value)))

    def index_keys(self, name: str, value: str) -> builtins.list[str]:
        """Return the keys of the objects that have this value in an index, sorted.

        Raises:
            UnknownIndex: There is no such index.
        """
        return self._read(lambda: sorted(self._keys(name, value)))

    def index_values(self, name: str) -> builtins.list[str]:
        """Return the values of an index, each of which at least one object has.

        Raises:
            UnknownIndex: There is no such index.
        """
        return self._read(lambda: [*self._index(name).keys_by_value])

    @property
    def tables(self) -> tuple[Mapping[str, T], Mapping[str, Index[T]]]:
        """The objects by key and the indices by name, as they are; for measurements in the thread of the informer."""
        return self._items, self._indices

    @property
    def indexers(self) -> dict[str, IndexFunc[T]]:
        """The index functions by name, in a dict that the caller owns."""
        return {name: index.function for name, index in self._indices.items()}

    def _check_writer(self) -> None:
        if get_ident() != self._writer:
            raise RuntimeError(
                "only the thread of the informer writes to its store, got a write of another thread; "
                "pass the work to the informer's loop with loop.call_soon_threadsafe()"
            )

    def _read(self, read: Callable[[], R]) -> R:
        """Return what a read returns, repeated until no write began before it ended.

        The read copies each table in one step of the interpreter, so that a write never breaks an iteration.
        """
        while True:
            ended = self._ended
            found = read()
            if self._begun == ended or get_ident() == self._writer:
                return found
            time.sleep(0)

    def _keys(self, name: str, value: str) -> builtins.list[str]:
        return [*self._index(name).keys_by_value.get(value, ())]

    def _with_keys(self, keys: Iterable[str]) -> builtins.list[T]:
        # An index function that returns other values than before leaves a key behind: skip keys without an object.
        return [obj for obj in map(self._items.get, keys) if obj is not None]

    def _index(self, name: str) -> Index[T]:
        index = self._indices.get(name)
        if index is None:
            existing = ", ".join(sorted(self._indices)) or "none"
            raise UnknownIndex(
                f"there is no index {name!r} (indices that exist: {existing}); add it with add_indexers()"
            )
        return index
