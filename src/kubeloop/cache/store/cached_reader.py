"""Reads of an informer's store in the form that clients have: the methods are async and never wait.

Reference: controller-runtime `cache.CacheReader`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.text import counted
from kubeloop.cache.cached_object import CachedObject

if TYPE_CHECKING:
    from kubeloop.cache.store.lister import Lister
    from kubeloop.errors import Unreadable
    from kubeloop.labels import LabelSelection

__all__ = ["CachedList", "CachedReader"]

T = TypeVar("T", bound=CachedObject)
T_co = TypeVar("T_co", bound=CachedObject, covariant=True)


class CachedList(Generic[T_co]):
    """The objects that a store held when it was asked; iterate over it, or read `items`.

    Attributes:
        items: The stored objects themselves.
        unreadable: Why objects of the namespace that exist are not among them, by key. Their labels are not known, so
            they are named whatever the selector.
    """

    __slots__ = ("items", "unreadable")

    def __init__(self, items: Sequence[T_co], unreadable: Mapping[str, Unreadable]) -> None:
        self.items: Sequence[T_co] = items
        self.unreadable: Mapping[str, Unreadable] = unreadable

    def __repr__(self) -> str:
        more = f", {len(self.unreadable)} unreadable" if self.unreadable else ""
        return f"<CachedList {counted(len(self.items), 'object')}{more}>"

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.items)

    def __iter__(self) -> Iterator[T_co]:
        """Iterate over the objects."""
        return iter(self.items)


class CachedReader(Generic[T]):
    """A `Reader` of what an informer holds.

    Args:
        lister: The lister of the informer.
        namespace: The namespace; None or `""` is all namespaces, for `list`, and no namespace, for `get`.

    Concurrency: loop only. No call waits, so no other task runs in between.
    """

    __slots__ = ("_lister", "_namespace")

    def __init__(self, lister: Lister[T], namespace: str | None = None) -> None:
        self._lister = lister
        self._namespace = namespace or ""

    def __repr__(self) -> str:
        where = f" in {self._namespace}" if self._namespace else ""
        return f"<CachedReader of {self._lister!r}{where}>"

    async def get(self, name: str) -> T:
        """Return one object by its name.

        Raises:
            NotFound: The informer does not hold an object of this name.
            Unreadable: The object exists, but no state of it could be read.
            ValueError: The text cannot be a name.
            RuntimeError: The informer was never started.
        """
        if not name or "/" in name:
            raise ValueError(f"expected the name of an object, got {name!r}: name the namespace with reader(namespace)")
        return self._lister.namespace(self._namespace).get(name)

    async def list(self, *, label_selector: LabelSelection | None = None) -> CachedList[T]:
        """Return the objects whose labels match, all of them without a selector.

        Args:
            label_selector: Text, for instance `"app=web,tier in (a,b)"`, labels, or a selector of `kubeloop.labels`.

        Raises:
            ValueError: The text is no label selector.
            RuntimeError: The informer was never started.
        """
        if not self._namespace:
            return CachedList(self._lister.list(label_selector), dict(self._lister.unreadable))
        # What has no name stands under `#` and its place: it may belong to any namespace.
        mine = (f"{self._namespace}/", "#")
        unreadable = {key: error for key, error in self._lister.unreadable.items() if key.startswith(mine)}
        return CachedList(self._lister.namespace(self._namespace).list(label_selector), unreadable)
