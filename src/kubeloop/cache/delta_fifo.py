"""The queue between the reflector, which learns of changes, and the pop loop, which applies them.

Here lives `DeltaFIFO`: per key the changes that nobody has seen yet, in the order in which their keys came, and the
rules which of them may be dropped (only one of two deletions in a row), what a fresh full list means for keys that it
lacks (a tombstone), what an object that cannot be read means (nothing but that it exists), and when the first full list
has been handed out.

It knows no event loop but for `wait()`: all else is plain calls, so that the rules are testable without one. Applying
the changes and telling handlers is `shared_informer`; learning of them is `reflector`.

Reference: client-go `tools/cache/delta_fifo.go`. Here one consumer pops, and handles what it popped before it awaits:
that takes the place of the lock that Go holds while it processes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.errors import Unreadable
from kubeloop.meta.keys import Object, object_key

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
    UNREADABLE = "Unreadable"
    """The object exists, and its present state cannot be read."""


@dataclass(frozen=True, slots=True)
class DeletedFinalStateUnknown(Generic[T_co]):
    """A deletion without the object's state at the end: the watch missed it, or its body could not be read.

    `object` is the last state that was seen, which may be older than the last state that there was.

    Reference: client-go `tools/cache.DeletedFinalStateUnknown`; here `object` is always there.
    """

    key: str
    object: T_co


class Delta(NamedTuple, Generic[T]):
    """One change of one object.

    The object of a deletion may be a tombstone, or, as that of every UNREADABLE is, the error that reading it ended
    with.
    """

    type: DeltaType
    object: T | DeletedFinalStateUnknown[T] | Unreadable


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
_STATELESS = (DeletedFinalStateUnknown, Unreadable)

logger = logging.getLogger(__name__)


class DeltaFIFO(Generic[T]):
    """A queue of changes, grouped by key.

    One producer (a reflector) and one consumer (the pop loop). The consumer applies what it popped before it awaits
    again; then each object is, at every await, in the queue or in the store behind it.

    An object that the transform or the key function fails on is queued as one that cannot be read: it exists, so it is
    no reason to refuse a list, nor for a deletion. The deletion of such an object is queued all the same, because it
    needs nothing but the key. Nothing is ever queued under the key `""`.

    Args:
        known_objects: the store behind the queue; None makes the queue judge by itself alone.
        key_func: gives the key of an object.
        transform: applied to each object before it is queued, except to tombstones; it may be given an object that it
            has already changed.
        unreadable: the objects that exist for the store although it may hold no state of them, by their keys.

    Concurrency: loop only.

    Reference: client-go `tools/cache.DeltaFIFO` with `EmitDeltaTypeReplaced`. Intended difference: there a transform
    that fails loses the event, a deletion included, and makes a list fail as a whole.
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
        """Queue an object that appeared.

        Raises:
            ValueError: the object has no name.
            Unreadable: the transform failed on it, and it has no name that can be read.
        """
        self._populated = True
        try:
            state = obj if self._transform is None else self._transform(obj)
            name = self._key_func(state)
        except Exception as error:
            self.update_unreadable(_unreadable(obj, error))
            return
        self._append(name, Delta(_ADDED, state))

    def update(self, obj: T) -> None:
        """Queue an object that changed. Raises as `add`."""
        self._populated = True
        try:
            state = obj if self._transform is None else self._transform(obj)
            name = self._key_func(state)
        except Exception as error:
            self.update_unreadable(_unreadable(obj, error))
            return
        self._append(name, Delta(_UPDATED, state))

    def update_unreadable(self, error: Unreadable) -> None:
        """Queue that an object exists whose new state cannot be read.

        Raises:
            Unreadable: this error, because not even the name of the object can be read.
        """
        self._populated = True
        if not error.key:
            raise error
        self._append(error.key, Delta(DeltaType.UNREADABLE, error))

    def delete(self, obj: T) -> None:
        """Queue the deletion of an object; one that neither the queue nor the store behind it holds is ignored."""
        self._populated = True
        name = self._key_func(obj)
        if not self._knows(name):
            return
        delta: Delta[T]
        try:
            delta = Delta(_DELETED, obj if self._transform is None else self._transform(obj))
        except Exception as error:
            delta = Delta(_DELETED, _unreadable(obj, error))
        self._append(name, delta)

    def delete_unreadable(self, error: Unreadable) -> None:
        """Queue the deletion of an object whose last state cannot be read; one that is not known is ignored.

        Raises:
            Unreadable: this error, because not even the name of the object can be read.
        """
        self._populated = True
        if not error.key:
            raise error
        if self._knows(error.key):
            self._append(error.key, Delta(_DELETED, error))

    def replace(self, objects: Iterable[T], unreadable: Mapping[str, Unreadable] = MappingProxyType({})) -> None:
        """Queue a full list: each of `objects` as Replaced, and a tombstone for each other known or queued key.

        Args:
            objects: what the list holds.
            unreadable: what else it holds, by key: it exists, but cannot be read. If the name of such an item is not
                known either, which the empty key of its error says, then the list proves no deletion.
        """
        for _ in self.replacing(objects, unreadable):
            pass

    def replacing(
        self, objects: Iterable[T], unreadable: Mapping[str, Unreadable] = MappingProxyType({})
    ) -> Generator[None, None, bool]:
        """Do what `replace` does in steps of about a millisecond, so that a loop can run others in between.

        The consumer may pop between the steps. Until the last step has run the first list does not count as complete.

        Returns:
            Whether the list names all that it holds, so that what it lacks is gone.
        """
        initial = not self._populated
        transform = self._transform
        listed: set[str] = set()
        failed: dict[str, Unreadable] = {}
        for count, obj in enumerate(objects, 1):
            try:
                state = obj if transform is None else transform(obj)
                name = self._key_func(state)
                if not name:
                    raise ValueError("an object without a name")
            except Exception as error:
                problem = _unreadable(obj, error)
                failed[problem.key or f"#{count - 1} of those that were read"] = problem
            else:
                listed.add(name)
                self._append(name, Delta(DeltaType.REPLACED, state), initial=initial)
            if not count % REPLACE_SLICE:
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
            if not name:
                raise ValueError("an object without a name cannot be stored")
            self._items[name] = [delta]
            if not self._queue:
                self._ready.set()
            self._queue.append(name)
            if initial:
                self._initial_left += 1
        elif delta.type is _DELETED and deltas[-1].type is _DELETED:
            # The one that has the state at the end tells more.
            if isinstance(deltas[-1].object, _STATELESS):
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
            # An item without a name stood for its list alone; what has a name is missed by complete lists only.
            if is_complete or (isinstance(last, Unreadable) and not last.key):
                final = last if isinstance(last, Unreadable) else DeletedFinalStateUnknown(name, last)
                self._append(name, Delta(_DELETED, final), initial=initial)

    def _last_known(self, name: str) -> T | Unreadable:
        """Return the newest state of an object that could be read, queued or stored, or else why none could."""
        error: Unreadable | None = None
        for delta in reversed(self._items.get(name, ())):
            last = delta.object
            if error is not None and delta.type is _DELETED:
                return error  # What came after this deletion is another object.
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


def _unreadable(obj: Object, error: Exception) -> Unreadable:
    """Build the error of an object whose metadata can be read, if all is well, but that nothing can be made of."""
    if isinstance(error, Unreadable):
        return error
    found: dict[str, str] = {}
    try:
        metadata = obj.metadata
        for name in ("namespace", "name", "uid", "resource_version"):
            found[name] = str(getattr(metadata, name, ""))
    except Exception:
        found.clear()
    unreadable = Unreadable(f"the transform or key function failed on it: {error!r}", **found)
    logger.debug("cannot queue %s", safe_text(unreadable.key) or "an object without a name", exc_info=error)
    return unreadable
