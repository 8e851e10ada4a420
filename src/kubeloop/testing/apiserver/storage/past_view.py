"""`PastView`: one resource as it was at an older revision."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubeloop.testing.apiserver.storage.object_table import ObjectTable
    from kubeloop.testing.apiserver.storage.stored import Change, Stored

__all__ = ["PastView"]


class PastView:
    """The objects of one resource at an older revision: the newest table, and what later changes replaced.

    The view costs memory only for objects that have changed since. It must learn each later change (`undo`) before it
    is read.

    Attributes:
        revision: The revision that the view shows.
        known_revision: The changes up to this revision have been undone.
    """

    __slots__ = ("_replaced", "_sorted", "_table", "known_revision", "revision")

    def __init__(self, table: ObjectTable, revision: int) -> None:
        self.revision = revision
        self.known_revision = revision
        self._table = table
        self._replaced: dict[str, Stored | None] = {}  # what was there at the revision
        self._sorted: list[str] | None = []  # the keys of _replaced, sorted when a range needs them

    def undo(self, changes: Iterable[Change]) -> None:
        """Learn the changes that follow those already known, oldest first."""
        replaced = self._replaced
        for change in changes:
            self.known_revision = change.revision
            path = change.key.path
            if path not in replaced:
                replaced[path] = change.previous
                self._sorted = None

    def get(self, path: str) -> Stored | None:
        """Return the object with this `namespace/name` at the revision."""
        return self._replaced[path] if path in self._replaced else self._table.get(path)

    def ordered(self, namespace: str = "", after: str = "") -> list[Stored]:
        """Return the objects of a namespace, or of all, whose keys follow `after`, in order."""
        return list(self._iterate(namespace, after, self._replaced_paths(namespace, after)))

    def page(self, namespace: str = "", *, after: str = "", limit: int = 0) -> Page:
        """Return at most `limit` objects, or all for 0."""
        replaced = self._replaced_paths(namespace, after)
        items = list(islice(self._iterate(namespace, after, replaced), limit or None))
        total = self._table.count(namespace, after)
        for path in replaced:
            total += (self._replaced[path] is not None) - (path in self._table)
        return Page(items, self.revision, total - len(items))

    def _replaced_paths(self, namespace: str, after: str) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted(self._replaced)
        prefix = f"{namespace}/" if namespace else ""
        return [path for path in self._sorted if path > after and path.startswith(prefix)]

    def _iterate(self, namespace: str, after: str, replaced: list[str]) -> Iterator[Stored]:
        last = ""
        for path in merge(self._table.paths(namespace, after), replaced):
            if path != last and (stored := self.get(path)) is not None:
                yield stored
            last = path
