"""The queue between the reflector, which learns of changes, and the pop loop, which applies them.

Here lives `DeltaFIFO`: per key the changes that nobody has seen yet, in the order in which their keys came, and the
rules which of them may be dropped (only one of two deletions in a row), what a fresh full list means for keys that it
lacks (a tombstone), and when the first full list has been handed out.

It knows no event loop but for `wait()`: all else is plain calls, so that the rules are testable without one. Applying
the changes and telling handlers is `shared_informer`; learning of them is `reflector`.

Reference: client-go `tools/cache/delta_fifo.go`. Here one consumer pops, and handles what it popped before it awaits:
that takes the place of the lock that Go holds while it processes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

from kubeloop.meta.keys import Object, key

__all__ = ["DeletedFinalStateUnknown", "Delta", "DeltaFIFO", "DeltaType", "KnownObjects", "Popped"]

T = TypeVar("T", bound=Object)
T_co = TypeVar("T_co", bound=Object, covariant=True)

REPLACE_SLICE = 1000
"""Objects that `replacing` queues between two of its steps: about a millisecond."""


class DeltaType(StrEnum):
    """What happened to an object."""

    ADDED = "Added"
    UPDATED = "Updated"
    DELETED = "Deleted"
    REPLACED = "Replaced"
    """The object was in a full list: it may be new, changed or the same."""
    SYNC = "Sync"
    """Nothing happened: the object is told of again."""


@dataclass(frozen=True, slots=True)
class DeletedFinalStateUnknown(Generic[T_co]):
    """A deletion that only a full list told of: the watch missed it, so the state at the end is not known.

    `object` is the last state that was seen, which may be older than the last state that there was.

    Reference: client-go `tools/cache.DeletedFinalStateUnknown`; here `object` is always there.
    """

    key: str
    object: T_co


class Delta(NamedTuple, Generic[T]):
    """One change of one object; the object of a deletion may be a tombstone."""

    type: DeltaType
    object: T | DeletedFinalStateUnknown[T]


class Popped(NamedTuple, Generic[T]):
    """All pending changes of one key, the oldest first."""

    key: str
    deltas: list[Delta[T]]
    is_in_initial_list: bool


class KnownObjects(Protocol[T_co]):
    """What the queue must know of the store behind it, to tell what a full list lacks."""

    def list_keys(self) -> list[str]:
        """Return the keys of all objects."""
        ...

    def get_by_key(self, key: str, /) -> T_co | None:
        """Return the object, None when there is none."""
        ...


_ADDED, _UPDATED, _DELETED = DeltaType.ADDED, DeltaType.UPDATED, DeltaType.DELETED


class DeltaFIFO(Generic[T]):
    """A queue of changes, grouped by key.

    One producer (a reflector) and one consumer (the pop loop). The consumer applies what it popped before it awaits
    again; then each object is, at every await, in the queue or in the store behind it.

    Args:
        known_objects: the store behind the queue; None makes the queue judge by itself alone.
        key_func: gives the key of an object.
        transform: applied to each object before it is queued, except to tombstones; it may be given an object that it
            has already changed. What it raises comes out of the call that would have queued the object.

    Concurrency: loop only.

    Reference: client-go `tools/cache.DeltaFIFO` with `EmitDeltaTypeReplaced`.
    """

    def __init__(
        self,
        known_objects: KnownObjects[T] | None = None,
        *,
        key_func: Callable[[T], str] = key,
        transform: Callable[[T], T] | None = None,
    ) -> None:
        self._known_objects = known_objects
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
        """Whether all that the first `replace` brought has been popped, or something else came before any `replace`."""
        return self._populated and not self._initial_left

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called; what is queued can still be popped."""
        return self._closed

    def close(self) -> None:
        """Wake the consumer for good: once the queue is empty, `wait` answers False."""
        self._closed = True
        self._ready.set()

    def add(self, obj: T) -> None:
        """Queue an object that appeared."""
        self._populated = True
        if self._transform is not None:
            obj = self._transform(obj)
        self._append(self._key_func(obj), Delta(_ADDED, obj))

    def update(self, obj: T) -> None:
        """Queue an object that changed."""
        self._populated = True
        if self._transform is not None:
            obj = self._transform(obj)
        self._append(self._key_func(obj), Delta(_UPDATED, obj))

    def delete(self, obj: T) -> None:
        """Queue the deletion of an object; one that neither the queue nor the store behind it holds is ignored."""
        self._populated = True
        name = self._key_func(obj)
        known = self._known_objects
        if name not in self._items and (known is None or known.get_by_key(name) is None):
            return
        if self._transform is not None:
            obj = self._transform(obj)
        self._append(name, Delta(_DELETED, obj))

    def replace(self, objects: Iterable[T]) -> None:
        """Queue a full list: each of `objects` as Replaced, and a tombstone for each other known or queued key."""
        for _ in self.replacing(objects):
            pass

    def replacing(self, objects: Iterable[T]) -> Iterator[None]:
        """Do what `replace` does in steps of about a millisecond, so that a loop can run others in between.

        The consumer may pop between the steps. Until the last step has run the first list does not count as complete.
        """
        initial = not self._populated
        transform = self._transform
        listed: set[str] = set()
        for count, obj in enumerate(objects, 1):
            if transform is not None:
                obj = transform(obj)
            name = self._key_func(obj)
            listed.add(name)
            self._append(name, Delta(DeltaType.REPLACED, obj), initial=initial)
            if not count % REPLACE_SLICE:
                yield
        self._queue_missing(listed, initial=initial)
        self._populated = True
        self._ready.set()

    def pop(self) -> Popped[T] | None:
        """Take the pending changes of the key that waits longest; None when there is nothing."""
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
        """Wait until there may be something to pop, or the first full list proved empty.

        Returns:
            False once the queue is closed and empty.

        Concurrency: safe to cancel.
        """
        await self._ready.wait()
        return bool(self._queue) or not self._closed

    def _append(self, name: str, delta: Delta[T], *, initial: bool = False) -> None:
        deltas = self._items.get(name)
        if deltas is None:
            self._items[name] = [delta]
            if not self._queue:
                self._ready.set()
            self._queue.append(name)
            if initial:
                self._initial_left += 1
        elif delta.type is _DELETED and deltas[-1].type is _DELETED:
            # The one that is no tombstone tells more.
            if isinstance(deltas[-1].object, DeletedFinalStateUnknown):
                deltas[-1] = delta
        else:
            deltas.append(delta)

    def _queue_missing(self, listed: set[str], *, initial: bool) -> None:
        missing: dict[str, T] = {}
        for name, deltas in self._items.items():
            if name not in listed:
                last = deltas[-1].object
                missing[name] = last.object if isinstance(last, DeletedFinalStateUnknown) else last
        if self._known_objects is not None:
            for name in self._known_objects.list_keys():
                if name not in listed and name not in missing:
                    obj = self._known_objects.get_by_key(name)
                    if obj is not None:
                        missing[name] = obj
        for name, obj in missing.items():
            self._append(name, Delta(_DELETED, DeletedFinalStateUnknown(name, obj)), initial=initial)
