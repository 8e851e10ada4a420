"""`DeltaFIFO`: a queue of changes that are grouped by object, for programs that feed a queue themselves.

Informers stand on `RealFIFO`, whose order is that of the changes. Only `wait()` needs an event loop.
Reference: client-go `tools/cache/delta_fifo.go`. One consumer pops, and applies what it popped before it awaits; that
replaces the lock that client-go holds meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

from kubeloop.cache.fifo.delta import STATELESS, DeletedFinalStateUnknown, Delta, DeltaType, has_name, unreadable_object
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from kubeloop.errors import Unreadable
from kubeloop.meta.keys import Object, object_key

__all__ = ["DeltaFIFO", "KnownObjects", "Popped"]

T = TypeVar("T", bound=Object)
T_co = TypeVar("T_co", bound=Object, covariant=True)


class Popped(NamedTuple, Generic[T]):
    """All pending changes of one object, the oldest first."""

    key: str
    deltas: list[Delta[T]]
    is_in_initial_list: bool


class KnownObjects(Protocol[T_co]):
    """The store behind a queue, in which the queue looks for objects that a list lacks."""

    def list_keys(self) -> list[str]:
        """Return the keys of all objects."""
        ...

    def get_by_key(self, key: str, /) -> T_co | None:
        """Return the object with this key, or None."""
        ...


_ADDED, _UPDATED, _DELETED = DeltaType.ADDED, DeltaType.UPDATED, DeltaType.DELETED


class DeltaFIFO(Generic[T]):
    """A queue of changes, grouped by key, in the order in which the keys were added.

    There is one producer, a reflector, and one consumer, the pop loop. The consumer applies what it popped before it
    awaits again, so at every await each object is in the queue or in the store behind it.

    Of two deletions in a row one is dropped. A new list queues a tombstone for every known object that it lacks.

    An object on which the transform or the key function fails is queued as one that cannot be read: it exists, so it is
    neither a reason to refuse a list nor a deletion. Its deletion is queued all the same, because that needs only the
    key. Nothing is ever queued under the key `""`.

    Args:
        known_objects: The store behind the queue; None means that the queue knows only what it has queued.
        key_func: Returns the key of an object.
        transform: Changes each object before it is queued, except tombstones. It may get an object that it has changed
            already.
        unreadable: The objects that exist although the store may hold no state of them, by key.

    Concurrency: loop only.

    Reference: client-go `tools/cache.DeltaFIFO` with `EmitDeltaTypeReplaced`. Intended difference: there the
    event is lost if the transform fails, even a deletion, and a list fails as a whole.
    """

    def __init__(
        self,
        known_objects: KnownObjects[T] | None = None,
        *,
        key_func: Callable[[T], str] = object_key,
        transform: Callable[[T], T] | None = None,
        unreadable: Mapping[str, Unreadable] = MappingProxyType({}),
    ) -> None:
        self._known_objects = known_objects
        self._unreadable = unreadable
        self._key_func = key_func
        self._transform = transform
        self._items: dict[str, list[Delta[T]]] = {}
        self._queue: deque[str] = deque()
        self._ready = asyncio.Event()
        self._populated = False
        self._initial_left = 0
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "synced" if self.has_synced else "not synced"
        return f"<DeltaFIFO {len(self._queue)} keys, {state}>"

    def __len__(self) -> int:
        """Return the number of keys with pending changes."""
        return len(self._queue)

    @property
    def has_synced(self) -> bool:
        """Whether all objects of the first list have been popped, or other changes were queued before any list."""
        return self._populated and not self._initial_left

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called; what is queued can still be popped."""
        return self._closed

    def close(self) -> None:
        """Close the queue: `wait` returns False once the queue is empty."""
        self._closed = True
        self._ready.set()

    def add(self, obj: T) -> None:
        """Queue an object that was created.

        Raises:
            ValueError: The object has no name.
            Unreadable: The transform failed on the object, and its name cannot be read.
        """
        self._queue_state(_ADDED, obj)

    def update(self, obj: T) -> None:
        """Queue an object that was changed. Raises what `add` raises."""
        self._queue_state(_UPDATED, obj)

    def update_unreadable(self, error: Unreadable) -> None:
        """Queue that an object exists and its new state cannot be read.

        Raises:
            Unreadable: This error, because not even the name of the object can be read.
        """
        self._populated = True
        if not error.key:
            raise error
        self._append(error.key, Delta(DeltaType.UNREADABLE, error))

    def delete(self, obj: T) -> None:
        """Queue the deletion of an object, if the queue or the store behind it holds the object."""
        self._populated = True
        name = self._key_func(obj)
        if not self._knows(name):
            return
        delta: Delta[T]
        try:
            delta = Delta(_DELETED, obj if self._transform is None else self._transform(obj))
        except Exception as error:
            delta = Delta(_DELETED, unreadable_object(obj, error))
        self._append(name, delta)

    def delete_unreadable(self, error: Unreadable) -> None:
        """Queue the deletion of an object whose final state cannot be read, if the object is known.

        Raises:
            Unreadable: This error, because not even the name of the object can be read.
        """
        self._populated = True
        if not error.key:
            raise error
        if self._knows(error.key):
            self._append(error.key, Delta(_DELETED, error))

    def bookmark(self, resource_version: str) -> None:
        """Do nothing: the queue has no use for the version that a bookmark reports."""

    def resync(self) -> None:
        """Queue each known object without pending changes as Sync, in its stored state.

        Reference: client-go `DeltaFIFO.Resync`.
        """
        known = self._known_objects
        if known is None:
            return
        for name in known.list_keys():
            if name not in self._items and (obj := known.get_by_key(name)) is not None:
                self._append(name, Delta(DeltaType.SYNC, obj))

    def replace(
        self,
        objects: Iterable[T],
        unreadable: Mapping[str, Unreadable] = MappingProxyType({}),
        resource_version: str = "",
    ) -> None:
        """Queue a list: each of its objects as Replaced, and a tombstone for each known object that it lacks.

        Args:
            objects: The objects of the list.
            unreadable: The other objects of the list, which cannot be read, by key. If not even the name of one of them
                can be read, so that the key of its error is empty, the list proves no deletion.
            resource_version: The version of the list, for which the queue has no use.
        """
        for _ in self.replacing(objects, unreadable, resource_version):
            pass

    def replacing(
        self,
        objects: Iterable[T],
        unreadable: Mapping[str, Unreadable] = MappingProxyType({}),
        resource_version: str = "",  # noqa: ARG002  # part of `ReflectorStore`
    ) -> Generator[None, None, bool]:
        """Queue a list as `replace` does, in short steps between which other tasks can run.

        The consumer may pop between the steps. The first list counts as complete after the last step.

        Yields:
            None, after each step.

        Returns:
            Whether the list names all of its objects, so that the objects that it lacks were deleted.
        """
        initial = not self._populated
        transform = self._transform
        listed: set[str] = set()
        failed: dict[str, Unreadable] = {}
        for count, obj in enumerate(objects, 1):
            try:
                state = obj if transform is None else transform(obj)
                name = self._key_func(state)
                if not has_name(name):
                    raise ValueError("an object without a name")
            except Exception as error:
                problem = unreadable_object(obj, error)
                failed[problem.key or f"#{count - 1} of those that were read"] = problem
            else:
                listed.add(name)
                self._append(name, Delta(DeltaType.REPLACED, state), initial=initial)
            if not count % OBJECTS_PER_STEP:
                yield
        is_complete = True
        for name, problem in (*unreadable.items(), *failed.items()):
            listed.add(name)
            self._append(name, Delta(DeltaType.UNREADABLE, problem), initial=initial)
            is_complete = is_complete and bool(problem.key)
        self._queue_missing(listed, is_complete=is_complete, initial=initial)
        self._populated = True
        self._ready.set()
        return is_complete

    def pop(self) -> Popped[T] | None:
        """Remove and return the pending changes of the key that waits longest; None if the queue is empty."""
        queue = self._queue
        if not queue:
            if not self._closed:
                self._ready.clear()
            return None
        initial = not (self._populated and not self._initial_left)
        name = queue.popleft()
        if self._initial_left:
            self._initial_left -= 1
        return Popped(name, self._items.pop(name), initial)

    async def wait(self) -> bool:
        """Wait until there may be something to pop, or the first list is complete and empty.

        Returns:
            False if the queue is closed and empty, else True.

        Concurrency: safe to cancel.
        """
        await self._ready.wait()
        return bool(self._queue) or not self._closed

    def _queue_state(self, kind: DeltaType, obj: T) -> None:
        self._populated = True
        try:
            state = obj if self._transform is None else self._transform(obj)
            name = self._key_func(state)
        except Exception as error:
            self.update_unreadable(unreadable_object(obj, error))
        else:
            self._append(name, Delta(kind, state))

    def _append(self, name: str, delta: Delta[T], *, initial: bool = False) -> None:
        deltas = self._items.get(name)
        if deltas is None:
            if not has_name(name):
                raise ValueError("an object without a name cannot be stored")
            self._items[name] = [delta]
            if not self._queue:
                self._ready.set()
            self._queue.append(name)
            if initial:
                self._initial_left += 1
        elif delta.type is _DELETED and deltas[-1].type is _DELETED:
            # Keep the deletion that has the final state.
            if isinstance(deltas[-1].object, STATELESS):
                deltas[-1] = delta
        else:
            deltas.append(delta)

    def _knows(self, name: str) -> bool:
        known = self._known_objects
        return (
            name in self._items
            or name in self._unreadable
            or (known is not None and known.get_by_key(name) is not None)
        )

    def _queue_missing(self, listed: set[str], *, is_complete: bool, initial: bool) -> None:
        known = self._known_objects.list_keys() if self._known_objects is not None else ()
        for name in dict.fromkeys((*self._items, *known, *self._unreadable)):
            if name in listed:
                continue
            last = self._last_known(name)
            # An item without a name belonged to its list alone. Only a complete list proves that an object was deleted.
            if is_complete or (isinstance(last, Unreadable) and not last.key):
                final = last if isinstance(last, Unreadable) else DeletedFinalStateUnknown(name, last)
                self._append(name, Delta(_DELETED, final), initial=initial)

    def _last_known(self, name: str) -> T | Unreadable:
        """Return the newest readable state of an object, queued or stored, or the error if there is none."""
        error: Unreadable | None = None
        for delta in reversed(self._items.get(name, ())):
            last = delta.object
            if error is not None and delta.type is _DELETED:
                return error  # The changes after this deletion are of another object.
            if not isinstance(last, Unreadable):
                return last.object if isinstance(last, DeletedFinalStateUnknown) else last
            error = error or last
        try:
            stored = self._known_objects.get_by_key(name) if self._known_objects is not None else None
        except Unreadable as reason:
            return reason
        if stored is not None:
            return stored
        return error or self._unreadable[name]
