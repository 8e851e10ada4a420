"""`InformerSources`: the sources of one informer, one for all of its objects or one per namespace.

Each source has a reflector and a connection of its own; all feed one queue. A list of one namespace replaces only the
objects of this namespace.
Reference: controller-runtime `cache.Options.DefaultNamespaces`, which has one informer per namespace instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING, Generic, TypedDict, TypeVar, Unpack

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.source.informer_connection import Connection
from kubeloop.cache.source.reflector import Reflector, WatchErrorHandler
from kubeloop.meta.version_number import version_number

if TYPE_CHECKING:
    from kubeloop.cache.fifo.real_fifo import RealFIFO
    from kubeloop.cache.source.lister_watcher import ListerWatcher
    from kubeloop.cache.source.reflector_store import ReflectorStore
    from kubeloop.errors import Unreadable

__all__ = ["InformerSources", "lowest_version"]

T = TypeVar("T", bound=CachedObject)


class ReflectorSettings(TypedDict, Generic[T]):
    """The settings that all reflectors of an informer share; see `Reflector`."""

    expected_type: type[T] | None
    page_size: int | None
    min_watch_timeout: float | None
    max_internal_error_retry: float
    watch_error_handler: WatchErrorHandler[T] | None
    turn: Callable[[], Awaitable[None]] | None
    random: Random | None


class InformerSources(Generic[T]):
    """The sources of an informer, and how they are.

    A source that fails stops no other source.

    Args:
        name: The name of the informer.
        lister_watchers: The one source of all objects, or the source of each namespace.
        on_relist: Is called with the reason of each list after the first of its source.

    Attributes:
        namespaces: The namespaces that are listed one by one; empty if one source lists all objects.
        by_namespace: The source of each namespace; the one source has the key `""`.
        versions: The version of each of `namespaces` that is in the store; None before the first list, `""` if the
            server sends none. The `NamespacesApplier` records them.

    Raises:
        ValueError: There is no source, or a namespace is empty.

    Concurrency: loop only.
    """

    def __init__(
        self,
        name: str,
        lister_watchers: ListerWatcher[T] | Mapping[str, ListerWatcher[T]],
        on_relist: Callable[[str], None] | None = None,
    ) -> None:
        self._name = name
        self.by_namespace: Mapping[str, ListerWatcher[T]]
        if isinstance(lister_watchers, Mapping):
            if not lister_watchers or "" in lister_watchers:
                raise ValueError(f"{name}: expected the source of at least one namespace, got {[*lister_watchers]}")
            self.by_namespace = dict(lister_watchers)
            self.namespaces: tuple[str, ...] = tuple(lister_watchers)
        else:
            self.by_namespace = {"": lister_watchers}
            self.namespaces = ()
        self.versions: dict[str, str | None] = dict.fromkeys(self.namespaces)
        self._connections = {
            namespace: Connection(self._name_of(namespace), on_relist) for namespace in self.by_namespace
        }
        self._reflectors: list[Reflector[T]] = []

    def __repr__(self) -> str:
        return f"<InformerSources of {self._name}: {', '.join(self.namespaces) or 'one'}>"

    @property
    def have_started(self) -> bool:
        """Whether `start` was called."""
        return bool(self._reflectors)

    @property
    def last_sync_resource_version(self) -> str:
        """The version of the last list or event of the source; of several sources the lowest, if all have listed."""
        return lowest_version(reflector.last_sync_resource_version or None for reflector in self._reflectors) or ""

    @property
    def last_heard_at(self) -> float | None:
        """When the source was last heard from; of several sources, the one that has been silent for longest."""
        times = [connection.last_heard_at for connection in self._connections.values()]
        known = [time for time in times if time is not None]
        return min(known) if len(known) == len(times) else None

    @property
    def relists(self) -> dict[str, int]:
        """The numbers of lists after the first of their source, by their reasons."""
        found: dict[str, int] = {}
        for connection in self._connections.values():
            for reason, count in connection.relists.items():
                found[reason] = found.get(reason, 0) + count
        return found

    @property
    def is_connected(self) -> bool:
        """Whether all sources follow the server."""
        return all(connection.is_connected for connection in self._connections.values())

    def describe(self, now: float | None) -> str:
        """Return what is wrong or waited for, of several sources with the namespace; `""` if all is well.

        Args:
            now: The loop's time; None after the loop has ended.
        """
        if not self.namespaces:
            return self._connections[""].describe(now)
        found = ((namespace, connection.describe(now)) for namespace, connection in self._connections.items())
        return "; ".join(f"namespace {namespace}: {text}" for namespace, text in found if text)

    def start(self, fifo: RealFIFO[T], **settings: Unpack[ReflectorSettings[T]]) -> None:
        """Create the reflectors.

        Args:
            fifo: The queue that they feed.
            settings: The settings of each reflector; see `Reflector`.
        """
        for namespace, source in self.by_namespace.items():
            store: ReflectorStore[T] = _NamespaceQueue(fifo, namespace) if namespace else fifo
            name, connection = self._name_of(namespace), self._connections[namespace]
            self._reflectors.append(Reflector(source, store, name=name, connection=connection, **settings))

    async def run(self) -> None:
        """Run the reflectors until cancelled."""
        if len(self._reflectors) == 1:
            await self._reflectors[0].run()
            return
        async with asyncio.TaskGroup() as group:
            for reflector in self._reflectors:
                group.create_task(reflector.run(), name=reflector.name)

    def _name_of(self, namespace: str) -> str:
        return f"{self._name}, namespace {namespace}" if namespace else self._name


def lowest_version(versions: Iterable[str | None]) -> str | None:
    """Return the lowest of several versions; None if there is none or one is None, `""` if one is no number."""
    found = [*versions]
    if len(found) == 1:
        return found[0]
    numbers: list[tuple[int, str]] = []
    is_comparable = True
    for version in found:
        if version is None:
            return None
        number = version_number(version)
        if number is None:
            is_comparable = False
        else:
            numbers.append((number, version))
    if not is_comparable:
        return ""
    return min(numbers)[1] if numbers else None


class _NamespaceQueue(Generic[T]):
    """The store of the reflector of one namespace: marks lists and bookmarks with the namespace."""

    def __init__(self, fifo: RealFIFO[T], namespace: str) -> None:
        self._fifo = fifo
        self._namespace = namespace
        self.add, self.update, self.delete = fifo.add, fifo.update, fifo.delete
        self.update_unreadable, self.delete_unreadable = fifo.update_unreadable, fifo.delete_unreadable

    def __repr__(self) -> str:
        return f"<_NamespaceQueue {self._namespace}>"

    def bookmark(self, resource_version: str) -> None:
        self._fifo.bookmark(resource_version, self._namespace)

    def replacing(
        self, objects: Iterable[T], unreadable: Mapping[str, Unreadable], resource_version: str
    ) -> Generator[None, None, bool]:
        return self._fifo.replacing(objects, unreadable, resource_version, self._namespace)
