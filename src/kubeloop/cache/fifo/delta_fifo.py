"""`DeltaFIFO`: a queue of changes that are grouped by object, for programs that feed a queue themselves.

Informers stand on `RealFIFO`, whose order is that of the changes. Only `wait()` needs an event loop.
Reference: client-go `tools/cache/delta_fifo.go`. One consumer pops, and applies what it popped before it awaits; that
replaces the lock that client-go holds meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

from kubeloop.cache.fifo.change_queue import ChangeQueue
from kubeloop.cache.fifo.delta import STATELESS, DeletedFinalStateUnknown, Delta, DeltaType, has_name
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


class DeltaFIFO(ChangeQueue[T]):
    """A queue of changes, grouped by key, in the order in which the keys were added.

    There is one producer, a reflector, and one consumer, the pop loop. The consumer applies what it popped before it
    awaits again, so at every await each object is in the queue or in the store behind it.

    Of two deletions in a row one is dropped. A new list queues a tombstone for every known object that it lacks.

    The deletion of an object that neither the queue nor the store knows is dropped.

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

    _unit = "key"

    def __init__(
        self,
        known_objects: KnownObjects[T] | None = None,
        *,
        key_func: Callable[[T], str] = object_key,
        transform: Callable[[T], T] | None = None,
        unreadable: Mapping[str, Unreadable] = MappingProxyType({}),
    ) -> None:
        super().__init__(key_func, transform)
        self._known_objects = known_objects
        self._unreadable = unreadable
        self._items: dict[str, list[Delta[T]]] = {}
        self._queue: deque[str] = deque()
        self._initial_left = 0

    def __len__(self) -> int:
        """Return the number of keys with pending changes."""
        return len(self._queue)

    @property
    def has_synced(self) -> bool:
        """Whether all objects of the first list have been popped, or other changes were queued before any list."""
        return self._populated and not self._initial_left

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
                self._append(DeltaType.SYNC, name, obj)

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
        listed: set[str] = set()

        def queue(key: str, state: T) -> None:
            listed.add(key)
            self._append(DeltaType.REPLACED, key, state, initial=initial)

        failed = yield from self._reading(objects, queue)
        is_complete = True
        for name, problem in (*unreadable.items(), *failed.items()):
            listed.add(name)
            self._append(DeltaType.UNREADABLE, name, problem, initial=initial)
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

    def _append(
        self,
        kind: DeltaType,
        key: str,
        state: T | Unreadable | DeletedFinalStateUnknown[T],
        *,
        initial: bool = False,
    ) -> None:
        delta: Delta[T] = Delta(kind, state)
        deltas = self._items.get(key)
        if deltas is None:
            if not has_name(key):
                raise ValueError("an object without a name cannot be stored")
            self._items[key] = [delta]
            if not self._queue:
                self._ready.set()
            self._queue.append(key)
            if initial:
                self._initial_left += 1
        elif delta.type is DeltaType.DELETED and deltas[-1].type is DeltaType.DELETED:
            # Keep the deletion that has the final state.
            if isinstance(deltas[-1].object, STATELESS):
                deltas[-1] = delta
        else:
            deltas.append(delta)

    def _is_worth_deleting(self, key: str) -> bool:
        known = self._known_objects
        return (
            key in self._items or key in self._unreadable or (known is not None and known.get_by_key(key) is not None)
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
                self._append(DeltaType.DELETED, name, final, initial=initial)

    def _last_known(self, name: str) -> T | Unreadable:
        """Return the newest readable state of an object, queued or stored, or the error if there is none."""
        error: Unreadable | None = None
        for delta in reversed(self._items.get(name, ())):
            last = delta.object
            if error is not None and delta.type is DeltaType.DELETED:
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
