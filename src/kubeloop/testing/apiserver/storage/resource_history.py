"""`ResourceHistory`: the objects of one resource, and the changes that led to them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.object_table import ObjectTable
from kubeloop.testing.apiserver.storage.past_view import PastView

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.storage.stored import Change

__all__ = ["ResourceHistory", "newer"]

KEPT_VIEWS = 8
"""How many older revisions stay ready for the next page of a list."""


def newer(changes: deque[Change], after: int) -> list[Change]:
    """Return the changes after a revision, oldest first. The cost is that of the result."""
    found: list[Change] = []
    for change in reversed(changes):
        if change.revision <= after:
            break
        found.append(change)
    found.reverse()
    return found


class ResourceHistory:
    """The newest objects of one resource, and a window of changes from which older states are derived.

    An older version of an object lives as long as the change that replaced it: forgetting changes frees versions.

    Attributes:
        table: The newest objects.
        changes: The changes of the window, oldest first.
    """

    __slots__ = ("_views", "changes", "table")

    def __init__(self, table: ObjectTable) -> None:
        self.table = table
        self.changes: deque[Change] = deque()
        self._views: dict[int, PastView] = {}  # least recently used first

    def apply(self, change: Change) -> None:
        """Apply the next change and keep it in the window."""
        self.table.apply(change)
        self.changes.append(change)

    def forget(self, before: int) -> None:
        """Drop the changes before a revision. States older than `before` can no longer be read."""
        changes = self.changes
        while changes and changes[0].revision < before:
            changes.popleft()
        self.forget_views(before)

    def forget_views(self, before: int) -> None:
        """Drop what is kept for reads at revisions before this one."""
        for revision in [revision for revision in self._views if revision < before]:
            del self._views[revision]

    def at(self, revision: int) -> PastView:
        """Return the state at a revision. The window must contain all changes after it."""
        view = self._views.pop(revision, None) or PastView(self.table, revision)
        view.undo(self.after(view.known_revision))
        self._views[revision] = view
        if len(self._views) > KEPT_VIEWS:
            del self._views[next(iter(self._views))]
        return view

    def after(self, revision: int) -> list[Change]:
        """Return the changes of the window after a revision, oldest first."""
        return newer(self.changes, revision)
