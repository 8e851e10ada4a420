"""Reading an informer's store: plain calls, no network, no copies.

Here live `Lister` and `NamespaceLister`. They answer with the stored objects themselves, which are immutable, from what
the informer has seen so far: after `wait_for_cache_sync` that is everything, a moment ago. An object that is not there
raises the same `NotFound` as the server would have sent. One that exists but cannot be read is answered with its last
known state, and raises `Unreadable` where there is none.

Reference: client-go `tools/cache/listers.go` and `listers/`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from kubeloop.cache.indexer import NAMESPACE_INDEX, Indexer
from kubeloop.cache.objects import CachedObject
from kubeloop.errors import NotFound, StatusDetails
from kubeloop.labels import Selector
from kubeloop.meta.gvk import GroupResource

__all__ = ["Lister", "NamespaceLister"]

T = TypeVar("T", bound=CachedObject)


class Lister(Generic[T]):
    """Reads of all objects that an informer holds.

    Args:
        indexer: the informer's store.
        resource: what a `NotFound` names.

    Concurrency: loop only; no call awaits.

    Reference: client-go `tools/cache.GenericLister`.
    """

    __slots__ = ("_indexer", "_resource")

    def __init__(self, indexer: Indexer[T], resource: GroupResource) -> None:
        self._indexer = indexer
        self._resource = resource

    def __repr__(self) -> str:
        return f"<Lister {self._resource}: {len(self._indexer)} objects>"

    def get(self, name: str) -> T:
        """Return the object with this name, or `namespace/name` where objects have namespaces.

        Raises:
            NotFound: the informer does not hold it.
            Unreadable: it exists, but no state of it could be read.
        """
        obj = self._indexer.get_by_key(name)
        if obj is None:
            raise _not_found(self._resource, name.rpartition("/")[2])
        return obj

    def by_index(self, name: str, value: str) -> list[T]:
        """Return the objects that have this value in an index.

        Raises:
            UnknownIndex: nobody added that index to the informer.
        """
        return self._indexer.by_index(name, value)

    def namespace(self, namespace: str) -> NamespaceLister[T]:
        """Return the lister of one namespace."""
        return NamespaceLister(self._indexer, self._resource, namespace)

    def list(self, label_selector: str | Selector | None = None) -> list[T]:
        """Return the objects whose labels match, all without a selector.

        Those of which no state could be read are not among them: see `SharedInformer.unreadable`.

        Args:
            label_selector: a label selector or its text, e.g. `"app=web,tier in (a,b)"`.

        Raises:
            ValueError: the text is no label selector.
        """
        return _matching(self._indexer.list(), label_selector)


class NamespaceLister(Generic[T]):
    """Reads of the objects of one namespace that an informer holds.

    Concurrency: loop only; no call awaits.

    Reference: client-go `tools/cache.GenericNamespaceLister`.
    """

    __slots__ = ("_indexer", "_namespace", "_resource")

    def __init__(self, indexer: Indexer[T], resource: GroupResource, namespace: str) -> None:
        self._indexer = indexer
        self._resource = resource
        self._namespace = namespace

    def __repr__(self) -> str:
        return f"<NamespaceLister {self._resource} in {self._namespace!r}>"

    def get(self, name: str) -> T:
        """Return the object with this name.

        Raises:
            NotFound: the informer does not hold it.
            Unreadable: it exists, but no state of it could be read.
        """
        obj = self._indexer.get_by_key(f"{self._namespace}/{name}" if self._namespace else name)
        if obj is None:
            raise _not_found(self._resource, name)
        return obj

    def list(self, label_selector: str | Selector | None = None) -> list[T]:
        """Return the objects of the namespace whose labels match, all without a selector.

        Without an index `"namespace"` this looks at every object.

        Raises:
            ValueError: the text is no label selector.
        """
        if NAMESPACE_INDEX in self._indexer.indexers:
            return _matching(self._indexer.by_index(NAMESPACE_INDEX, self._namespace), label_selector)
        return _matching([obj for obj in self._indexer if obj.metadata.namespace == self._namespace], label_selector)


def _matching(objects: list[T], selector: str | Selector | None) -> list[T]:
    if selector is None:
        return objects
    if isinstance(selector, str):
        selector = Selector.parse(selector)
    return [obj for obj in objects if selector.matches(obj.metadata.labels)]


def _not_found(resource: GroupResource, name: str) -> NotFound:
    return NotFound(
        StatusDetails(
            code=404,
            reason="NotFound",
            message=f'{resource} "{name}" not found',
            name=name,
            group=resource.group,
            kind=resource.resource,
        )
    )
