"""`ChangeQueue`: what the queues between a reflector and a store have in common."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from typing import ClassVar, Generic, TypeVar

from kubeloop._kit.text import counted
from kubeloop.cache.fifo.delta import DeltaType, has_name, unreadable_object
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from kubeloop.errors import Unreadable
from kubeloop.meta.keys import Object

__all__ = ["ChangeQueue"]

T = TypeVar("T", bound=Object)


class ChangeQueue(ABC, Generic[T]):
    """A queue of changes, which one consumer takes out. Only `wait` needs an event loop.

    An object on which the transform or the key function fails is queued as one that cannot be read: it exists, so it is
    neither a reason to refuse a list nor a deletion. Its deletion is queued all the same, because that needs only the
    key. No change of one object is ever queued under the key `""`.

    Args:
        key_func: Returns the key of an object.
        transform: Changes each object before it is queued. It may get an object that it has changed already.

    Concurrency: loop only.
    """

    _unit: ClassVar[str]
    """What is counted by `len`."""

    def __init__(self, key_func: Callable[[T], str], transform: Callable[[T], T] | None) -> None:
        self._key_func = key_func
        self._transform = transform
        self._ready = asyncio.Event()
        self._populated = False
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "synced" if self.has_synced else "not synced"
        return f"<{type(self).__name__} {counted(len(self), self._unit)}, {state}>"

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def has_synced(self) -> bool:
        """Whether what the first lists contained has been popped, or other changes were queued before any list."""

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called; what is queued can still be popped."""
        return self._closed

    def close(self) -> None:
        """Close the queue: `wait` returns False once the queue is empty."""
        self._closed = True
        self._ready.set()

    async def wait(self) -> bool:
        """Wait until there may be something to pop, or the first list is complete and empty.

        Returns:
            False if the queue is closed and empty, else True.

        Concurrency: safe to cancel.
        """
        await self._ready.wait()
        return len(self) > 0 or not self._closed

    def add(self, obj: T) -> None:
        """Queue an object that was created.

        Raises:
            ValueError: The object has no name.
            Unreadable: The transform failed on the object, and its name cannot be read.
        """
        self._queue_state(DeltaType.ADDED, obj)

    def update(self, obj: T) -> None:
        """Queue an object that was changed. Raises what `add` raises."""
        self._queue_state(DeltaType.UPDATED, obj)

    def update_unreadable(self, error: Unreadable) -> None:
        """Queue that an object exists and its new state cannot be read.

        Raises:
            Unreadable: This error, because not even the name of the object can be read.
        """
        self._populated = True
        if not error.key:
            raise error
        self._append(DeltaType.UNREADABLE, error.key, error)

    def delete(self, obj: T) -> None:
        """Queue the deletion of an object.

        Raises:
            ValueError: The object has no name.
        """
        self._populated = True
        key = self._key_func(obj)
        if not self._is_worth_deleting(key):
            return
        state: T | Unreadable
        try:
            state = obj if self._transform is None else self._transform(obj)
        except Exception as error:
            state = unreadable_object(obj, error)
        self._append(DeltaType.DELETED, key, state)

    def delete_unreadable(self, error: Unreadable) -> None:
        """Queue the deletion of an object whose final state cannot be read.

        Raises:
            Unreadable: This error, because not even the name of the object can be read.
        """
        self._populated = True
        if not error.key:
            raise error
        if self._is_worth_deleting(error.key):
            self._append(DeltaType.DELETED, error.key, error)

    @abstractmethod
    def _append(self, kind: DeltaType, key: str, state: T | Unreadable) -> None:
        """Queue a change of one object.

        Raises:
            ValueError: The key has no name.
        """

    def _is_worth_deleting(self, key: str) -> bool:  # noqa: ARG002  # for queues that know what exists
        return True

    def _queue_state(self, kind: DeltaType, obj: T) -> None:
        self._populated = True
        try:
            state = obj if self._transform is None else self._transform(obj)
            key = self._key_func(state)
        except Exception as error:
            self.update_unreadable(unreadable_object(obj, error))
        else:
            self._append(kind, key, state)

    def _reading(
        self, objects: Iterable[T], keep: Callable[[str, T], object]
    ) -> Generator[None, None, dict[str, Unreadable]]:
        """Pass the objects of a list to `keep`, with their keys and in steps, and return the errors of the others."""
        transform, key_func = self._transform, self._key_func
        failed: dict[str, Unreadable] = {}
        for count, obj in enumerate(objects, 1):
            try:
                state = obj if transform is None else transform(obj)
                key = key_func(state)
                if not has_name(key):
                    raise ValueError("an object without a name")
            except Exception as error:
                problem = unreadable_object(obj, error)
                failed[problem.key or f"#{count - 1} of those that were read"] = problem
            else:
                keep(key, state)
            if transform is not None or not count % OBJECTS_PER_STEP:
                yield
        return failed
