"""`TTLStore`: objects by key that expire some time after they were stored.

Reference: client-go `tools/cache/expiration_cache.go`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from kubeloop._kit.text import counted

__all__ = ["TTLStore"]

T = TypeVar("T")


class TTLStore(Generic[T]):
    """Objects by key, each of which is removed when more than `ttl` seconds have passed since it was stored.

        recent = TTLStore[core_v1.Node](kubeloop.object_key, 60.0)
        recent.add(node)
        recent.get_by_key("node-1")     # the node, or None after a minute

    No method returns or counts an expired object. There is no task: each call removes what has expired, which costs
    time only for these objects.

    Args:
        key_func: Returns the key of an object.
        ttl: The lifetime in seconds; an object that is stored again has a new one. None means that nothing expires.
        now: Returns the time in seconds. None means the clock of the running loop.

    Concurrency: One thread at a time.

    Reference: client-go `tools/cache.NewTTLStore`, `ExpirationCache`. Intended differences: there only reads of an
    object remove it when it has expired, and `ListKeys` returns the keys of expired objects.
    """

    def __init__(
        self, key_func: Callable[[T], str], ttl: float | None, *, now: Callable[[], float] | None = None
    ) -> None:
        if ttl is not None and not ttl > 0:
            raise ValueError(f"expected a lifetime above 0 s or None, got {ttl}")
        self._key_func = key_func
        self._ttl = ttl
        self._now = now
        self._entries: OrderedDict[str, tuple[float, T]] = OrderedDict()  # in the order of their times

    def add(self, obj: T) -> None:
        """Store an object from now on; it replaces the object with the same key."""
        key = self._key_func(obj)
        now = self._remove_expired()
        self._entries[key] = (now, obj)
        self._entries.move_to_end(key)

    def update(self, obj: T) -> None:
        """Store an object from now on; the same as `add`."""
        self.add(obj)

    def delete(self, obj: T) -> None:
        """Remove the object with the same key as this object, if there is one."""
        self._entries.pop(self._key_func(obj), None)

    def replace(self, objects: Iterable[T]) -> None:
        """Remove all objects, and store these objects from now on."""
        now = self._time()
        self._entries = OrderedDict((self._key_func(obj), (now, obj)) for obj in objects)

    def get_by_key(self, key: str) -> T | None:
        """Return the object with this key, or None."""
        self._remove_expired()
        entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def list_keys(self) -> list[str]:
        """Return the keys of all objects."""
        self._remove_expired()
        return [*self._entries]

    def __len__(self) -> int:
        """Return the number of objects."""
        self._remove_expired()
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        """Iterate over the objects as they are now."""
        return iter(self.list())

    def __contains__(self, key: object) -> bool:
        """Return whether there is an object with this key."""
        self._remove_expired()
        return key in self._entries

    def list(self) -> list[T]:
        """Return all objects, those that were stored first before the others."""
        self._remove_expired()
        return [obj for _, obj in self._entries.values()]

    def _remove_expired(self) -> float:
        """Remove the expired objects and return the time."""
        now = self._time()
        entries, ttl = self._entries, self._ttl
        while ttl is not None and entries and now - next(iter(entries.values()))[0] > ttl:
            entries.popitem(last=False)
        return now

    def _time(self) -> float:
        return asyncio.get_running_loop().time() if self._now is None else self._now()

    def __repr__(self) -> str:
        lifetime = "no expiry" if self._ttl is None else f"expiry after {self._ttl:g} s"
        return f"<TTLStore {counted(len(self._entries), 'object')}, {lifetime}>"
