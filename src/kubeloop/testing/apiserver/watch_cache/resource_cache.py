"""`ResourceCache`: what one server has seen of one resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.resource_history import ResourceHistory
from kubeloop.testing.apiserver.storage.storage_error import FutureRevision
from kubeloop.testing.apiserver.storage.subscribers import Subscribers
from kubeloop.testing.apiserver.watch_cache.event_window import EventWindow
from kubeloop.testing.apiserver.watch_cache.too_old import TooOld

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.testing.apiserver.storage.object_table import ObjectTable
    from kubeloop.testing.apiserver.storage.page import Page
    from kubeloop.testing.apiserver.storage.past_view import PastView
    from kubeloop.testing.apiserver.storage.stored import Change, Stored

__all__ = ["ResourceCache"]


class ResourceCache:
    """The newest objects of one resource that a server has seen, a window of changes, and the states within the window.

    The window starts at the list with which the cache started. A state can be read exactly (`snapshot`) from the oldest
    snapshot on; the real server keeps a snapshot per event of the window, and drops those before a compaction.

    Attributes:
        revision: The revision up to which this resource is known: that of its newest change, of the list with which the
            cache started, or of the last `progress`. It is what a list from the cache reports.
        list_revision: The revision of the list with which the cache started.
    """

    __slots__ = (
        "_change_subscribers",
        "_has_removed",
        "_history",
        "_oldest_snapshot",
        "_progress_subscribers",
        "_window",
        "list_revision",
        "revision",
    )

    def __init__(self, table: ObjectTable, revision: int, capacity: int | None = None) -> None:
        self.revision = revision
        self.list_revision = revision
        self._history = ResourceHistory(table)
        self._window = EventWindow(capacity)
        self._has_removed = False
        self._oldest_snapshot: int | None = revision
        self._change_subscribers: Subscribers[Change] = Subscribers()
        self._progress_subscribers: Subscribers[int] = Subscribers()

    @property
    def oldest_revision(self) -> int:
        """The oldest revision from which all changes are known."""
        return self._history.changes[0].revision - 1 if self._has_removed else self.list_revision

    @property
    def capacity(self) -> int:
        """The number of changes for which the window has room now."""
        return self._window.capacity

    def get(self, namespace: str, name: str) -> Stored | None:
        """Return an object."""
        return self._history.table.get(f"{namespace}/{name}" if namespace else name)

    def ordered(self, namespace: str = "", after: str = "") -> list[Stored]:
        """Return the objects of a namespace, or of all, whose keys follow `after`, in etcd's order."""
        return self._history.table.ordered(namespace, after)

    def page(self, namespace: str = "", *, after: str = "", limit: int = 0) -> Page:
        """Return at most `limit` objects, or all for 0, at `revision`."""
        return self._history.table.page(self.revision, namespace, after=after, limit=limit)

    def changes(self, after: int) -> list[Change]:
        """Return the changes after a revision that the cache has seen, oldest first.

        Raises:
            TooOld: Changes after this revision have left the window.
        """
        if after < self.oldest_revision:
            raise TooOld(after, self.oldest_revision)
        return self._history.after(after)

    def has_snapshot(self, revision: int) -> bool:
        """Return whether `snapshot` can return the state at a revision that the cache has reached."""
        return self._oldest_snapshot is not None and self._oldest_snapshot <= revision

    def snapshot(self, revision: int) -> PastView:
        """Return the state at a revision. It is valid until the next change.

        Raises:
            TooOld: The snapshots of this revision have been dropped. The storage may still have the state.
            FutureRevision: The cache has not seen the revision; `progress` or waiting may help.
        """
        if revision > self.revision:
            raise FutureRevision(revision, self.revision)
        if not self.has_snapshot(revision):
            raise TooOld(revision)
        return self._history.at(revision)

    def subscribe(
        self, on_change: Callable[[Change], None], on_progress: Callable[[int], None] | None = None
    ) -> Callable[[], None]:
        """Call a function with each change that the cache sees from now on, and another with each progress.

        Returns:
            A function that ends the subscription.
        """
        leave_changes = self._change_subscribers.add(on_change)
        if on_progress is None:
            return leave_changes
        leave_progress = self._progress_subscribers.add(on_progress)

        def unsubscribe() -> None:
            leave_changes()
            leave_progress()

        return unsubscribe

    def apply(self, change: Change, now: float) -> None:
        """See the next change."""
        history = self._history
        for _ in range(self._window.add(now)):
            history.changes.popleft()
            self._has_removed = True
        if self._window.is_full:
            self.drop_snapshots(history.changes[0].revision if history.changes else change.revision)
        history.apply(change)
        self.revision = change.revision
        if self._oldest_snapshot is None:
            self._oldest_snapshot = change.revision
        self._change_subscribers.call(change)

    def progress(self, revision: int) -> None:
        """Learn that the resource has not changed up to a revision, as from a progress notification of etcd."""
        if revision <= self.revision:
            return
        self.revision = revision
        self._progress_subscribers.call(revision)

    def drop_snapshots(self, before: int) -> None:
        """Drop the snapshots of revisions before this one."""
        if self._oldest_snapshot is None or self._oldest_snapshot >= before:
            return
        later = (change.revision for change in self._history.changes if change.revision >= before)
        self._oldest_snapshot = next(later, None)
        self._history.forget_views(before)
