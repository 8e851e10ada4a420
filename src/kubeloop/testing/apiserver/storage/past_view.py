"""`PastView`: one resource as it was at an older revision."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeloop.testing.apiserver.storage.object_table import ObjectTable
    from kubeloop.testing.apiserver.storage.stored import Change, Stored

__all__ = ["PastView"]


class PastView:
    """The objects of one resource at an older revision: the newest table, and what later changes replaced.

    The view costs memory only for objects that have changed since, and a page costs its items and the objects that were
    created or deleted since. The view must learn each later change (`undo`) before it is read.

    Attributes:
        revision: The revision that the view shows.
        known_revision: The changes up to this revision have been undone.
    """

    __slots__ = ("_moved", "_replaced", "_sorted", "_table", "known_revision", "revision")

    def __init__(self, table: ObjectTable, revision: int) -> None:
        self.revision = revision
        self.known_revision = revision
        self._table = table
        self._replaced: dict[str, Stored | None] = {}  # what was there at the revision
        self._moved: set[str] = set()  # what is either only in the view or only in the table
        self._sorted: list[str] | None = []  # _moved, sorted when a range needs it

    def undo(self, changes: Iterable[Change]) -> None:
        """Learn the changes that follow those already known, oldest first."""
        replaced, moved = self._replaced, self._moved
        for change in changes:
            self.known_revision = change.revision
            path = change.key.path
            if path not in replaced:
                replaced[path] = change.previous
            if (replaced[path] is None) == (change.value is None):
                moved.discard(path)
            else:
                moved.add(path)
            self._sorted = None

    def get(self, path: str) -> Stored | None:
        """Return the object with this `namespace/name` at the revision."""
        return self._replaced[path] if path in self._replaced else self._table.get(path)

    def ordered(self, namespace: str = "", after: str = "") -> list[Stored]:
        """Return the objects of a namespace, or of all, whose keys follow `after`, in order."""
        return self.page(namespace, after=after).items

    def page(self, namespace: str = "", *, after: str = "", limit: int = 0) -> Page:
        """Return at most `limit` objects, or all for 0."""
        prefix = f"{namespace}/" if namespace else ""
        if self._sorted is None:
            self._sorted = sorted(self._moved)
        moved = [path for path in self._sorted if path > after and path.startswith(prefix)]
        gone = [path for path in moved if self._replaced[path]]
        created = len(moved) - len(gone)
        total = self._table.count(namespace, after) - created + len(gone)
        paths: Iterable[str] = self._table.paths(namespace, after, limit and limit + created)
        if gone:
            paths = merge(paths, gone)
        found = (stored for stored in map(self.get, paths) if stored)
        items = list(islice(found, limit) if limit else found)
        return Page(items, self.revision, total - len(items))
