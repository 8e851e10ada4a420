"""Reads of an informer's store: plain calls, without network and without copies.

A lister returns the stored objects themselves, which are immutable. After `wait_for_cache_sync` the store holds what
the server had a moment ago.

Reference: client-go `tools/cache/listers.go` and `listers/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from kubeloop._kit.text import counted
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.store.cached_reader import CachedReader
from kubeloop.cache.store.indexer import NAMESPACE_INDEX, Indexer
from kubeloop.errors import NotFound, StatusDetails, Unreadable
from kubeloop.labels import LabelSelection, Selector
from kubeloop.meta.gvk import GroupResource

__all__ = ["Lister", "NamespaceLister"]

T = TypeVar("T", bound=CachedObject)


class Lister(Generic[T]):
    """Reads of all objects that an informer holds.

    An object that does not exist raises the same `NotFound` as the server would send. An object that exists but cannot
    be read is returned in its last known state; if there is none, `Unreadable` is raised.

    A read that finds nothing in the store of an informer that was never started raises `RuntimeError`, because that
    store says nothing about the cluster. An informer counts as started once `run()` was called, by the factory or by
    hand, also after it has stopped. A store that was filled by hand, as tests do, counts as well: one that holds an
    object, or on which `add`, `update`, `delete` or `replace` was called; `indexer.replace([])` says that there are no
    objects.

    Args:
        indexer: The store.
        resource: The resource, for the text of a `NotFound`.
        has_started: Returns whether an informer keeps the store; None if the store has no informer.

    Concurrency: loop only; no call awaits.

    Reference: client-go `tools/cache.GenericLister`. Intended difference: there the lister of an informer that was
    never started finds nothing.
    """

    __slots__ = ("_indexer", "_store")

    def __init__(
        self, indexer: Indexer[T], resource: GroupResource, *, has_started: Callable[[], bool] | None = None
    ) -> None:
        self._indexer = indexer
        self._store = _Store(indexer, resource, has_started)

    def __repr__(self) -> str:
        return f"<Lister {self._store.resource}: {counted(len(self._indexer), 'object')}>"

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """Why the present state of an object cannot be read, by its key; a read-only view that stays current."""
        return self._indexer.unreadable

    def get(self, name: str) -> T:
        """Return the object with this name, or with this `namespace/name` if the resource has namespaces.

        Raises:
            NotFound: The informer does not hold such an object.
            Unreadable: The object exists, but no state of it could be read.
            RuntimeError: The informer was never started.
        """
        obj = self._indexer.get_by_key(name)
        if obj is None:
            raise self._store.missing(name)
        return obj

    def by_index(self, name: str, value: str) -> list[T]:
        """Return the objects that have this value in an index.

        Raises:
            UnknownIndex: Nobody added that index to the informer.
            RuntimeError: The informer was never started.
        """
        return self._indexer.by_index(name, value) or self._store.nothing()

    def namespace(self, namespace: str) -> NamespaceLister[T]:
        """Return the lister of one namespace."""
        return NamespaceLister(self._store, namespace)

    def reader(self, namespace: str | None = None) -> CachedReader[T]:
        """Return the same reads in the form that clients have, for functions that take a `Reader`.

        Args:
            namespace: The namespace, as for the accessors of a clientset. None is for resources without namespaces, and
                for listing the objects of all namespaces.
        """
        return CachedReader(self, namespace)

    def list(self, label_selector: LabelSelection | None = None) -> list[T]:
        """Return the objects whose labels match, all of them without a selector.

        Objects of which no state could be read are not among them; `unreadable` names them.

        Args:
            label_selector: Text, for instance `"app=web,tier in (a,b)"`, labels, or a selector of `kubeloop.labels`.

        Raises:
            ValueError: The text is no label selector.
            RuntimeError: The informer was never started.
        """
        return _matching(self._indexer.list(), label_selector) or self._store.nothing()


class NamespaceLister(Generic[T]):
    """Reads of the objects of one namespace that an informer holds; `lister.namespace("default")` returns one.

    Concurrency: loop only; no call awaits.

    Reference: client-go `tools/cache.GenericNamespaceLister`.
    """

    __slots__ = ("_namespace", "_store")

    def __init__(self, store: _Store[T], namespace: str) -> None:
        self._store = store
        self._namespace = namespace

    def __repr__(self) -> str:
        return f"<NamespaceLister {self._store.resource} in {self._namespace!r}>"

    def get(self, name: str) -> T:
        """Return the object with this name.

        Raises:
            NotFound: The informer does not hold such an object.
            Unreadable: The object exists, but no state of it could be read.
            RuntimeError: The informer was never started.
        """
        key = f"{self._namespace}/{name}" if self._namespace else name
        obj = self._store.indexer.get_by_key(key)
        if obj is None:
            raise self._store.missing(key)
        return obj

    def list(self, label_selector: LabelSelection | None = None) -> list[T]:
        """Return the objects of the namespace whose labels match, all of them without a selector.

        Without the index `"namespace"`, which the informers of a factory have, this looks at every object.

        Raises:
            ValueError: The text is no label selector.
            RuntimeError: The informer was never started.
        """
        indexer, namespace = self._store.indexer, self._namespace
        if NAMESPACE_INDEX in indexer.indexers:
            objects = indexer.by_index(NAMESPACE_INDEX, namespace)
        else:
            objects = [obj for obj in indexer if obj.metadata.namespace == namespace]
        return _matching(objects, label_selector) or self._store.nothing()


class _Store(Generic[T]):
    """An indexer, and what a read that found nothing in it means."""

    __slots__ = ("_has_started", "indexer", "resource")

    def __init__(self, indexer: Indexer[T], resource: GroupResource, has_started: Callable[[], bool] | None) -> None:
        self.indexer = indexer
        self.resource = resource
        self._has_started = has_started

    def nothing(self) -> list[T]:
        """Return the empty list.

        Raises:
            RuntimeError: The informer was never started.
        """
        if self._has_started is None or self._has_started() or self.indexer.is_seeded:
            return []
        raise RuntimeError(
            f"the informer of {self.resource} was never started, so its store says nothing about the cluster: enter "
            "`async with factory:` (or run the informer's run() in a task) and wait for the sync before reading"
        )

    def missing(self, key: str) -> NotFound:
        """Return the error of an object that is not stored.

        Raises:
            RuntimeError: The informer was never started.
        """
        self.nothing()
        namespace, _, name = key.rpartition("/")
        message = f'{self.resource} "{name}" not found'
        if "/" in namespace:
            message += "; the lister of a namespace takes a name without the namespace"
        elif (
            not namespace
            and NAMESPACE_INDEX in self.indexer.indexers
            and any(self.indexer.index_values(NAMESPACE_INDEX))
        ):
            message += f'; an object of a namespace is found by "namespace/{name}", or by the lister of the namespace'
        return NotFound(
            StatusDetails(
                code=404,
                reason="NotFound",
                message=message,
                name=name,
                group=self.resource.group,
                kind=self.resource.resource,
            )
        )


def _matching(objects: list[T], selector: LabelSelection | None) -> list[T]:
    if selector is None:
        return objects
    selector = Selector.of(selector)
    return [obj for obj in objects if selector.matches(obj.metadata.labels)]
