"""`RecentItems`: a mapping of bounded size, which forgets the items that were used least recently.

Reference: k8s.io/utils/lru (Cache).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["RecentItems"]

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class RecentItems(Generic[K, V]):
    """A mapping with room for `limit` items.

    Args:
        limit: The largest number of items.
    """

    __slots__ = ("_items", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the value of a key, which is now the most recently used; None if there is none."""
        value = self._items.pop(key, None)
        if value is not None:
            self._items[key] = value
        return value

    def put(self, key: K, value: V) -> V | None:
        """Set the value of a key, which is now the most recently used, and return the value that had to make room."""
        self._items.pop(key, None)
        self._items[key] = value
        return self._items.pop(next(iter(self._items))) if len(self._items) > self._limit else None

    def remove(self, key: K) -> None:
        """Remove an item, if it exists."""
        self._items.pop(key, None)

    def items(self) -> list[tuple[K, V]]:
        """Return a copy of the items, the least recently used first."""
        return list(self._items.items())

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<RecentItems: {len(self)} of {self._limit}>"
