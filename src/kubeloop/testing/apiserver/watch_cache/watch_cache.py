"""`WatchCache`: what one server has seen of the storage."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.object_table import ObjectTable
from kubeloop.testing.apiserver.watch_cache.resource_cache import ResourceCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.testing.apiserver.storage.storage import Storage
    from kubeloop.testing.apiserver.storage.stored import Change

__all__ = ["COMPACTION_PERIOD", "WatchCache"]

COMPACTION_PERIOD = 15.0
"""Seconds between two looks at the compacted revision of the storage, as in the real server."""


class WatchCache:
    """A position in the history of a storage, and what a server knows there.

    Changes become visible `lag` seconds after they were committed, in order; without a lag at once. `hold` stops the
    cache where it is. What is not visible yet is kept here, so a compaction of the storage takes nothing from a cache
    that lags.

    A new cache starts at the newest revision, and so does each of its windows, as after the start of a server.

    Args:
        storage: The storage.
        lag: Seconds.
        capacity: A fixed number of changes per window; None for the rules of the real server (100 to 102,400 changes,
            and 75 seconds).

    Attributes:
        lag: Seconds between a commit and its visibility. It may be changed; `advance` applies it.
        on_pending: Called, if it is set, when a change begins to wait and when `release` leaves changes that wait, so
            that the owner plans an `advance` at `deadline`.
    """

    def __init__(self, storage: Storage, *, lag: float = 0.0, capacity: int | None = None) -> None:
        self.lag = lag
        self.on_pending: Callable[[], None] | None = None
        self._storage = storage
        self._capacity = capacity
        self._start_revision = self._received = storage.revision
        self._resources = {
            resource: ResourceCache(storage.table(resource), storage.revision, capacity)
            for resource in storage.resources()
        }
        self._pending: deque[tuple[float, Change]] = deque()
        self._is_held = False
        self._is_applying = False
        self._waits: list[tuple[int, int, Callable[[], None]]] = []  # a heap: revision, order of arrival, callback
        self._order = count()
        self._next_compaction = storage.now + COMPACTION_PERIOD
        self._compacted_revision = storage.compacted_revision
        self._unsubscribe = storage.subscribe(self._receive)

    def __repr__(self) -> str:
        state = " (held)" if self._is_held else ""
        return f"<WatchCache at {self.revision} of {self._storage.revision}{state}, lag {self.lag} s>"

    @property
    def revision(self) -> int:
        """The revision up to which everything is visible."""
        return self._pending[0][1].revision - 1 if self._pending else self._received

    @property
    def deadline(self) -> float | None:
        """The time at which `advance` makes the next change visible; None if no change waits or the cache is held."""
        return self._pending[0][0] + self.lag if self._pending and not self._is_held else None

    def resource(self, resource: str) -> ResourceCache:
        """Return the cache of a resource, which is the same object at each call."""
        cache = self._resources.get(resource)
        if cache is None:
            cache = self._resources[resource] = ResourceCache(ObjectTable(), self._start_revision, self._capacity)
        return cache

    def subscribe(
        self, resource: str, on_change: Callable[[Change], None], on_progress: Callable[[int], None] | None = None
    ) -> Callable[[], None]:
        """Call a function with each change of a resource when it becomes visible, and another with each progress.

        Returns:
            A function that ends the subscription.
        """
        return self.resource(resource).subscribe(on_change, on_progress)

    def progress(self, resource: str) -> int:
        """Raise the revision of a resource to that of the cache, and return it.

        The real server does this by a request to etcd, when a read needs a revision that the resource has not reached.
        """
        cache = self.resource(resource)
        cache.progress(self.revision)
        return cache.revision

    def wait(self, revision: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Call a function once, as soon as everything up to a revision is visible; at once if it is.

        Returns:
            A function that ends the wait.
        """
        if revision <= self.revision:
            callback()
            return lambda: None
        entry = (revision, next(self._order), callback)
        heappush(self._waits, entry)

        def cancel() -> None:
            if entry in self._waits:
                self._waits.remove(entry)
                self._waits.sort()  # a sorted list is a heap

        return cancel

    def advance(self, now: float) -> None:
        """Learn the time, and make visible what is older than the lag, unless the cache is held."""
        storage = self._storage
        storage.advance(now)
        if self._pending and not self._is_held:
            self._apply_due()
        if storage.now >= self._next_compaction:
            self._next_compaction = storage.now + COMPACTION_PERIOD
            self._follow_compaction()

    def advance_to(self, revision: int) -> None:
        """Show the changes up to a revision, whatever the lag, even if the cache is held."""
        self._apply_while(lambda _, change: change.revision <= revision)

    def hold(self) -> None:
        """Stop here: no change becomes visible until `release`, except by `advance_to`."""
        self._is_held = True

    def release(self) -> None:
        """End `hold`, and make visible what is older than the lag."""
        self._is_held = False
        self._apply_due()
        if self._pending and self.on_pending:
            self.on_pending()

    def close(self) -> None:
        """Leave the storage. The cache sees no further changes."""
        self._unsubscribe()
        self._received = self.revision  # what was held back is never visible
        self._pending.clear()
        self._waits.clear()

    def _receive(self, change: Change) -> None:
        self._received = change.revision
        if self._pending or self._is_held or self._is_applying or self.lag > 0:
            self._pending.append((self._storage.now, change))
            if self.on_pending and len(self._pending) == 1:
                self.on_pending()
        else:
            self._apply(change)

    def _apply_due(self) -> None:
        self._apply_while(lambda time, _: time + self.lag <= self._storage.now)

    def _apply_while(self, is_visible: Callable[[float, Change], bool]) -> None:
        if self._is_applying:
            return
        self._is_applying = True  # a subscriber may write; its changes wait for their turn
        try:
            while self._pending and is_visible(*self._pending[0]):
                self._apply(self._pending.popleft()[1])
        finally:
            self._is_applying = False

    def _apply(self, change: Change) -> None:
        self.resource(change.key.resource).apply(change, self._storage.now)
        while self._waits and self._waits[0][0] <= self.revision:
            heappop(self._waits)[2]()

    def _follow_compaction(self) -> None:
        revision = self._storage.compacted_revision
        if revision > self._compacted_revision:
            self._compacted_revision = revision
            for cache in self._resources.values():
                cache.drop_snapshots(revision)
