"""`Indexer`: the store of an informer, objects by key and by the values of index functions.

Reference: client-go `tools/cache/store.go`, `thread_safe_store.go`, `index.go`; without locks, because one loop owns
the store.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

from kubeloop.errors import CacheError, UnknownIndex, Unreadable
from kubeloop.meta.keys import Object, object_key

__all__ = ["NAMESPACE_INDEX", "IndexFunc", "Indexer", "namespace_index"]

T = TypeVar("T", bound=Object)
A = TypeVar("A")

IndexFunc = Callable[[A], Iterable[str]]
"""Returns the values under which an object is found; there may be none."""

NAMESPACE_INDEX = "namespace"
"""The name of the index by namespace, which the informers of a factory have."""


def namespace_index(obj: Object) -> Sequence[str]:
    """Return the namespace of an object, for an index by namespace.

    Reference: client-go `tools/cache.MetaNamespaceIndexFunc`.
    """
    return (obj.metadata.namespace,)


class Indexer(Generic[T]):
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

    Concurrency: loop only. Only the informer writes; everything on the loop may read.

    Reference: client-go `tools/cache.Indexer`. Intended difference: there an object that cannot be read does not exist.
    """

    def __init__(
        self, indexers: Mapping[str, IndexFunc[T]] | None = None, *, key_func: Callable[[T], str] = object_key
    ) -> None:
        self._key_func = key_func
        self._items: dict[str, T] = {}
        self._indices = {name: _Index(name, function) for name, function in (indexers or {}).items()}
        self._is_written = False
        self._unreadable: dict[str, Unreadable] = {}
        self.unreadable: Mapping[str, Unreadable] = MappingProxyType(self._unreadable)

    def __repr__(self) -> str:
        return f"<Indexer {len(self._items)} objects, indices {sorted(self._indices)}>"

    def __len__(self) -> int:
        """Return the number of objects that are stored."""
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        """Iterate over the objects as they are now."""
        return iter(self.list())

    def __contains__(self, key: object) -> bool:
        """Return whether an object with this key exists, readable or not."""
        return key in self._items or key in self._unreadable

    @property
    def is_seeded(self) -> bool:
        """Whether the store holds an object, or was written with `add`, `update`, `delete` or `replace`."""
        # The loop of an informer calls `put` and `remove`, which are kept free of this.
        return self._is_written or bool(self._items)

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
        self.remove(self._key_func(obj))

    def put(self, key: str, obj: T) -> T | None:
        """Store an object under a key that is known already.

        Returns:
            The object that was stored under the key, or None.

        Raises:
            CacheError: An index function failed. The object is stored.
        """
        old = self._items.get(key)
        self._items[key] = obj
        failed: _Index[T] | None = None
        failure: Exception | None = None
        for index in self._indices.values():
            error = index.move(key, old, obj)
            if error is not None:
                failed, failure = index, error
        if failed is not None:
            raise failed.report(key, failure) from failure
        return old

    def remove(self, key: str) -> T | None:
        """Remove the object under a key.

        Returns:
            The object that was stored under the key, or None.
        """
        old = self._items.pop(key, None)
        if old is not None:
            for index in self._indices.values():
                index.discard(key, old)
        return old

    def replace(self, objects: Iterable[T]) -> None:
        """Remove all objects, and what is known of unreadable ones, and store these objects.

        Raises:
            CacheError: An index function failed, for the object named or for several. All objects are stored.
        """
        self._is_written = True
        self._items = {self._key_func(obj): obj for obj in objects}
        self._unreadable.clear()
        problem: CacheError | None = None
        for index in self._indices.values():
            index.clear()
            for name, obj in self._items.items():
                error = index.move(name, None, obj)
                if error is not None:
                    problem = index.report(name, error)
        if problem is not None:
            raise problem

    def get_by_key(self, key: str) -> T | None:
        """Return the object with this key, or None.

        Raises:
            Unreadable: The object exists, but no state of it could be read.
        """
        obj = self._items.get(key)
        if obj is None and (error := self._unreadable.get(key)) is not None:
            # Raise a copy: an exception that is raised again and again collects the frames of all its readers.
            raise copy.copy(error)
        return obj

    def last_known(self, key: str) -> T | None:
        """Return the last state of an object that could be read, or None."""
        return self._items.get(key)

    def set_unreadable(self, key: str, error: Unreadable) -> None:
        """Record that an object exists whose present state cannot be read. What is stored under the key stays."""
        # Store a copy: the error itself may hold the frames that it passed through.
        self._unreadable[key] = copy.copy(error)

    def clear_unreadable(self, key: str) -> bool:
        """Remove an object from `unreadable`, and return whether it was there."""
        return self._unreadable.pop(key, None) is not None

    def list_keys(self) -> list[str]:
        """Return the keys of all objects."""
        return [*self._items]

    def index(self, name: str, obj: T) -> list[T]:
        """Return the objects that share at least one value of an index with `obj`, which need not be stored.

        Raises:
            UnknownIndex: There is no such index.
            CacheError: The index function failed on `obj`.
        """
        index = self._index(name)
        try:
            values = index.values(obj)
        except Exception as error:
            raise index.report(self._key_func(obj), error) from error
        keys = {key: None for value in values for key in index.keys_by_value.get(value, ())}
        return [self._items[key] for key in keys if key in self._items]

    def by_index(self, name: str, value: str) -> list[T]:
        """Return the objects that have this value in an index.

        Raises:
            UnknownIndex: There is no such index.
        """
        items = self._items
        # An index function that returns other values than before leaves a key behind: skip keys without an object.
        return [items[key] for key in self._index(name).keys_by_value.get(value, ()) if key in items]

    def index_keys(self, name: str, value: str) -> list[str]:
        """Return the keys of the objects that have this value in an index, sorted.

        Raises:
            UnknownIndex: There is no such index.
        """
        return sorted(self._index(name).keys_by_value.get(value, ()))

    def index_values(self, name: str) -> list[str]:
        """Return the values of an index, each of which at least one object has.

        Raises:
            UnknownIndex: There is no such index.
        """
        return [*self._index(name).keys_by_value]

    @property
    def indexers(self) -> dict[str, IndexFunc[T]]:
        """The index functions by name, in a dict that the caller owns."""
        return {name: index.function for name, index in self._indices.items()}

    def add_indexers(self, indexers: Mapping[str, IndexFunc[T]]) -> None:
        """Add indices, and index the objects that are stored. All indices are added, or none.

        Raises:
            ValueError: An index with one of these names exists.
            CacheError: An index function failed on a stored object.
        """
        conflicts = sorted(indexers.keys() & self._indices.keys())
        if conflicts:
            raise ValueError(f"expected new names of indices, these exist already: {', '.join(conflicts)}")
        added = {name: _Index(name, function) for name, function in indexers.items()}
        for index in added.values():
            for name, obj in self._items.items():
                error = index.move(name, None, obj)
                if error is not None:
                    raise index.report(name, error) from error
        self._indices.update(added)

    def list(self) -> list[T]:
        """Return all objects."""
        return [*self._items.values()]

    def _index(self, name: str) -> _Index[T]:
        index = self._indices.get(name)
        if index is None:
            existing = ", ".join(sorted(self._indices)) or "none"
            raise UnknownIndex(
                f"there is no index {name!r} (indices that exist: {existing}); add it with add_indexers()"
            )
        return index


class _Index(Generic[T]):
    __slots__ = ("function", "keys_by_value", "name")

    def __init__(self, name: str, function: IndexFunc[T]) -> None:
        self.name = name
        self.function = function
        # Dicts of strings keep the order in which keys were added, and the garbage collector skips them.
        self.keys_by_value: dict[str, dict[str, None]] = {}

    def clear(self) -> None:
        self.keys_by_value = {}

    def values(self, obj: T) -> Iterable[str]:
        values = self.function(obj)
        kind = values.__class__
        if kind is not tuple and kind is not list:
            if isinstance(values, str):
                raise TypeError("expected an iterable of strings from the index function, got one string")
            values = tuple(values)
        for value in values:
            if value.__class__ is not str and not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"expected strings from the index function, got {type(value).__name__}")
        return values

    def move(self, key: str, old: T | None, new: T) -> Exception | None:
        failure: Exception | None = None
        after: Iterable[str] = ()
        try:
            after = self.values(new)
        except Exception as error:
            failure = error
        if old is not None:
            before = self._values_before(old)
            if before == after:
                return failure
            self._take_out(key, before)
        table = self.keys_by_value
        for value in after:
            keys = table.get(value)
            if keys is None:
                table[value] = {key: None}
            else:
                keys[key] = None
        return failure

    def discard(self, key: str, old: T) -> None:
        self._take_out(key, self._values_before(old))

    def report(self, key: str, error: Exception | None) -> CacheError:
        return CacheError(f"the index function {self.name!r} failed on {key!r}, which the index lacks now: {error!r}")

    def _values_before(self, old: T) -> Iterable[str]:
        # A function that fails on this object failed, and was reported, when it was stored: it is not in the table.
        try:
            return self.values(old)
        except Exception:
            return ()

    def _take_out(self, key: str, values: Iterable[str]) -> None:
        table = self.keys_by_value
        for value in values:
            keys = table.get(value)
            if keys is not None:
                keys.pop(key, None)
                if not keys:
                    del table[value]
