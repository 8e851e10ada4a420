"""`ObjectTable`: the newest objects of one resource, by key and in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.page import Page

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.storage.stored import Change, Stored

__all__ = ["ObjectTable"]


class ObjectTable:
    """The objects of one resource, in etcd's order of keys.

    etcd compares the bytes of `namespace/name`. Python compares code points, which is the same order for UTF-8. It is
    not the order of the pairs (namespace, name): `a-b/x` is before `a/x`, because `-` is before `/`.

    A lookup is one access to a dictionary. An ordered read costs a binary search and its result. Writes leave the order
    to the next ordered read, so that creating many objects does not move a long list once per object.
    """

    __slots__ = ("_misplaced", "_objects", "_paths")

    def __init__(self) -> None:
        self._objects: dict[str, Stored] = {}
        self._paths: list[str] = []  # the keys of _objects, sorted, except for those in _misplaced
        self._misplaced: set[str] = set()  # what is either missing in _paths or no longer in _objects

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, path: str) -> bool:
        return path in self._objects

    def get(self, path: str) -> Stored | None:
        """Return the object with this `namespace/name`."""
        return self._objects.get(path)

    def add(self, path: str, stored: Stored) -> None:
        """Add an object, or replace the version that is here."""
        if path not in self._objects:
            self._misplaced ^= {path}
        self._objects[path] = stored

    def remove(self, path: str) -> None:
        """Remove an object that is here."""
        del self._objects[path]
        self._misplaced ^= {path}

    def apply(self, change: Change) -> None:
        """Apply one change."""
        if change.value is None:
            self.remove(change.key.path)
        else:
            self.add(change.key.path, change.value)

    def paths(self, namespace: str = "", after: str = "", limit: int = 0) -> list[str]:
        """Return at most `limit` keys, or all for 0, of a namespace, or of all, that follow `after`, in order."""
        paths, start, end = self._bounds(namespace, after)
        return paths[start : min(end, start + limit) if limit else end]

    def ordered(self, namespace: str = "", after: str = "") -> list[Stored]:
        """Return the objects of a namespace, or of all, whose keys follow `after`, in order."""
        return list(map(self._objects.__getitem__, self.paths(namespace, after)))

    def count(self, namespace: str = "", after: str = "") -> int:
        """Return the number of objects that `ordered` would return."""
        _, start, end = self._bounds(namespace, after)
        return end - start

    def page(self, revision: int, namespace: str = "", *, after: str = "", limit: int = 0) -> Page:
        """Return at most `limit` objects, or all for 0, as a page of the given revision."""
        paths, start, end = self._bounds(namespace, after)
        stop = min(end, start + limit) if limit else end
        return Page(list(map(self._objects.__getitem__, paths[start:stop])), revision, end - stop)

    def copy(self) -> ObjectTable:
        """Return a table of its own with the same objects."""
        copied = ObjectTable()
        copied._objects = self._objects.copy()
        copied._paths = self._paths.copy()
        copied._misplaced = self._misplaced.copy()
        return copied

    def _bounds(self, namespace: str, after: str) -> tuple[list[str], int, int]:
        """Return the sorted keys, and where among them a range starts and ends."""
        if self._misplaced:
            self._sort()
        paths = self._paths
        if not namespace:
            return paths, (bisect_right(paths, after) if after else 0), len(paths)
        start = bisect_left(paths, namespace + "/")
        end = bisect_left(paths, namespace + "0", start)  # "0" is the character after "/"
        if after:
            start = min(bisect_right(paths, after, start), end)
        return paths, start, end

    def _sort(self) -> None:
        objects, paths = self._objects, self._paths
        if len(self._misplaced) < len(paths) // 64:  # moving a part of the list is cheaper than visiting all of it
            for path in self._misplaced:
                if path in objects:
                    insort(paths, path)
                else:
                    del paths[bisect_left(paths, path)]
        else:
            paths = [path for path in paths if path in objects]
            paths.extend(path for path in self._misplaced if path in objects)
            paths.sort()
            self._paths = paths
        self._misplaced.clear()
