"""`Storage`: what etcd is to API servers."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol

from kubeloop.testing.apiserver.storage.compactor import COMPACTION_INTERVAL, Compactor
from kubeloop.testing.apiserver.storage.object_table import ObjectTable
from kubeloop.testing.apiserver.storage.page import Page
from kubeloop.testing.apiserver.storage.resource_history import newer
from kubeloop.testing.apiserver.storage.storage_error import Compacted, FutureRevision, Mismatch, WriteFailed
from kubeloop.testing.apiserver.storage.storage_history import FIRST_REVISION, StorageHistory
from kubeloop.testing.apiserver.storage.stored import Change, Stored
from kubeloop.testing.apiserver.storage.subscribers import Subscribers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeloop.testing.apiserver.storage.stored import Key

__all__ = ["FIRST_REVISION", "CommitLog", "Storage"]

log = logging.getLogger(__name__)


class CommitLog(Protocol):
    """Where a storage records what it is about to do. A method that raises prevents it."""

    def write_change(self, change: Change) -> None:
        """Record a change."""
        ...

    def write_compaction(self, revision: int) -> None:
        """Record that the history before a revision is dropped."""
        ...

    def shorten(self, history: StorageHistory) -> None:
        """Drop what the history no longer contains, if that is worth it. Called after a compaction; does not raise."""
        ...

    def close(self) -> None:
        """Release what the log holds."""
        ...


class Storage:
    """Objects with revisions and a history, as etcd keeps them. It does no input or output, except through its log.

    Each write has a revision of its own, which is one more than that of the write before. Any revision from
    `compacted_revision` on can be read. Objects are shared and never copied.

    Args:
        commit_log: Where each write is recorded before it happens; None for a storage in memory.
        history: What the log contains; None for an empty storage.
        compaction_interval: Seconds; see `Compactor`. None for a storage that only `compact` compacts.

    Attributes:
        now: The latest time that was reported: for watch caches, the time at which a change happens.
    """

    def __init__(
        self,
        commit_log: CommitLog | None = None,
        history: StorageHistory | None = None,
        *,
        compaction_interval: float | None = COMPACTION_INTERVAL,
    ) -> None:
        self.now = 0.0
        self._commit_log = commit_log
        self._history = history or StorageHistory()
        self._compactor = None if compaction_interval is None else Compactor(compaction_interval)
        self._subscribers: Subscribers[Change] = Subscribers()
        self._unpublished: deque[Change] = deque()
        self._is_publishing = False

    def __repr__(self) -> str:
        count = sum(len(part.table) for part in self._history.resources.values())
        return f"<Storage at {self.revision}, {count} objects, compacted at {self.compacted_revision}>"

    @property
    def revision(self) -> int:
        """The revision of the newest change; 1 in an empty storage."""
        return self._history.revision

    @property
    def compacted_revision(self) -> int:
        """The oldest revision that can be read; 0 before the first compaction."""
        return self._history.compacted_revision

    def get(self, key: Key, revision: int | None = None) -> Stored | None:
        """Return an object.

        Args:
            key: The address.
            revision: The revision to read; None for the newest.

        Raises:
            Compacted: The revision is older than `compacted_revision`.
            FutureRevision: The revision is in the future.
        """
        if revision is None:
            return self._history.get(key)
        self._check(revision)
        part = self._history.resources.get(key.resource)
        return part.at(revision).get(key.path) if part else None

    def range(
        self, resource: str, namespace: str = "", *, revision: int | None = None, after: str = "", limit: int = 0
    ) -> Page:
        """Return objects of a resource, in etcd's order of keys.

        Args:
            resource: The group resource as text.
            namespace: Only objects of this namespace; `""` for all.
            revision: The revision to read; None for the newest.
            after: Only objects whose key, as in `Key.path`, is greater.
            limit: The largest number of items; 0 for all.

        Raises:
            Compacted: The revision is older than `compacted_revision`.
            FutureRevision: The revision is in the future.
        """
        if revision is not None:
            self._check(revision)
        part = self._history.resources.get(resource)
        if part is None:
            return Page([], revision or self.revision, 0)
        if revision is None:
            return part.table.page(self.revision, namespace, after=after, limit=limit)
        return part.at(revision).page(namespace, after=after, limit=limit)

    def resources(self) -> list[str]:
        """Return the resources that have objects."""
        return [resource for resource, part in self._history.resources.items() if part.table]

    def table(self, resource: str) -> ObjectTable:
        """Return a copy of the newest objects of a resource, for a watch cache that starts."""
        part = self._history.resources.get(resource)
        return part.table.copy() if part else ObjectTable()

    def put(self, key: Key, data: Callable[[int], bytes], *, expected: int | None) -> Change:
        """Create or replace an object.

        Args:
            key: The address.
            data: Called with the revision of the write; returns the JSON to store. If it raises, nothing is written.
            expected: The revision at which the object must be; 0 if no object may be there; None for any state.

        Raises:
            Mismatch: The object is not at the expected revision. Nothing was written.
            WriteFailed: The log could not be written. Nothing has changed.
        """
        previous = self._history.get(key)
        if expected is not None and expected != (previous.revision if previous else 0):
            raise Mismatch(key, expected, previous)
        revision = self.revision + 1
        created = previous.created_revision if previous else revision
        stored = Stored(key, revision, created, data(revision))
        change = Change(revision, key, stored, previous)
        self._commit(change)
        return change

    def delete(self, key: Key, data: Callable[[int], bytes] | None, *, expected: int | None) -> Change:
        """Delete an object.

        Args:
            key: The address.
            data: Called with the revision of the deletion; returns the JSON of the last state. None keeps the JSON.
            expected: The revision at which the object must be; None for any.

        Raises:
            Mismatch: The object does not exist or is not at the expected revision. Nothing was written.
            WriteFailed: The log could not be written. Nothing has changed.
        """
        previous = self._history.get(key)
        if previous is None or (expected is not None and expected != previous.revision):
            raise Mismatch(key, expected, previous)
        revision = self.revision + 1
        last = Stored(key, revision, previous.created_revision, data(revision) if data else previous.data)
        change = Change(revision, key, None, previous, last)
        self._commit(change)
        return change

    def changes(self, after: int) -> Iterator[Change]:
        """Return the changes after a revision, oldest first.

        Raises:
            Compacted: Some of them have been dropped: `after` is less than `compacted_revision - 1`.
        """
        if after < self.compacted_revision - 1:
            raise Compacted(after, self.compacted_revision)
        return iter(newer(self._history.changes, after))

    def compact(self, revision: int) -> None:
        """Drop the history before a revision, and the versions that only older revisions need.

        Raises:
            Compacted: This was done before, for this revision or a newer one.
            FutureRevision: The revision is in the future.
            WriteFailed: The log could not be written. Nothing has changed.
        """
        if revision <= self.compacted_revision:
            raise Compacted(revision, self.compacted_revision)
        self._check(revision)
        if self._commit_log:
            self._commit_log.write_compaction(revision)
        self._history.compact(revision)
        if self._commit_log:
            self._commit_log.shorten(self._history)

    def advance(self, now: float) -> None:
        """Learn the time, and compact at the end of an interval. A compaction that fails is logged and retried later.

        Args:
            now: Seconds since the epoch. A time before `now` changes nothing.
        """
        self.now = max(self.now, now)
        revision = self._compactor.next_revision(self.now, self.revision) if self._compactor else None
        if revision is None or revision <= self.compacted_revision:
            return
        try:
            self.compact(revision)
        except WriteFailed as error:
            log.warning("storage: cannot compact up to revision %d: %s; retrying in one interval", revision, error)

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call a function with each change from now on, in order, after the change has been committed.

        A callback may write; its changes are published after the current one has reached all subscribers. An exception
        of a callback is raised by the write, which has been committed nevertheless.

        Returns:
            A function that ends the subscription.
        """
        return self._subscribers.add(callback)

    def close(self) -> None:
        """Close the log, if there is one. The storage must not be written after that.

        Raises:
            WriteFailed: The disk has not taken everything. The log is closed nevertheless.
        """
        if self._commit_log:
            self._commit_log.close()

    def _check(self, revision: int) -> None:
        if revision > self.revision:
            raise FutureRevision(revision, self.revision)
        if revision < self.compacted_revision:
            raise Compacted(revision, self.compacted_revision)

    def _commit(self, change: Change) -> None:
        if change.revision != self.revision + 1:
            raise RuntimeError(f"expected revision {self.revision + 1}, got {change.revision}: data() must not write")
        if self._commit_log:
            self._commit_log.write_change(change)
        self._history.record(change)
        self._unpublished.append(change)
        if not self._is_publishing:
            self._publish()

    def _publish(self) -> None:
        self._is_publishing = True
        try:
            while self._unpublished:
                self._subscribers.call(self._unpublished.popleft())
        finally:
            self._is_publishing = False
            if self._unpublished:  # after an exception
                self._publish()
