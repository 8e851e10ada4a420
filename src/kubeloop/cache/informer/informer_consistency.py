"""`InformerConsistency`: what a program can know and wait for about the versions in an informer's store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.informer.informer_sources import InformerSources, lowest_version
from kubeloop.cache.informer.write_tracker import WriteTracker
from kubeloop.cache.object_selection import ObjectSelection
from kubeloop.cache.source.consistency_check import ConsistencyReport, check_consistency, merge
from kubeloop.cache.source.lister_watcher import ListWatch

if TYPE_CHECKING:
    from kubeloop.cache.store.indexer import Indexer

__all__ = ["InformerConsistency"]

T = TypeVar("T", bound=CachedObject)


class InformerConsistency(Generic[T]):
    """The methods of a `SharedInformer` that compare its store with writes and with the server.

    Args:
        name: The name of the informer.
        indexer: The store.
        sources: The sources of the objects.
        selects: Returns whether the informer holds an object, as far as the object shows it; None means every object of
            the namespaces of the sources.
        last_error: Returns what is wrong with the informer; `""` if all is well.

    Attributes:
        selects: Returns whether the informer holds an object, as far as the object shows it.
    """

    def __init__(
        self,
        name: str,
        indexer: Indexer[T],
        sources: InformerSources[T],
        *,
        selects: Callable[[CachedObject], bool] | None,
        last_error: Callable[[], str],
    ) -> None:
        self.selects: Callable[[CachedObject], bool] = selects or ObjectSelection(sources.namespaces)
        self._name = name
        self._store = indexer
        self._sources = sources
        self._writes = WriteTracker(
            name, indexer, version=self.store_version, selects=self.selects, last_error=last_error
        )

    @property
    def store_resource_version(self) -> str:
        """The resourceVersion that the store has reached, by an event, list or bookmark; `""` before the first list.

        Unlike `last_sync_resource_version`, it never runs ahead of the store.

        Reference: client-go `Store.LastStoreSyncResourceVersion`.
        """
        return self.store_version() or ""

    def store_version(self, namespace: str = "") -> str | None:
        """Return the resourceVersion up to which changes in a namespace are in the store.

        Args:
            namespace: The namespace; `""` for all that the informer watches: of several sources, the lowest version.

        Returns:
            The version; None before the first list, `""` if the server sends none.
        """
        versions = self._sources.versions
        if versions:
            return versions.get(namespace) if namespace else lowest_version(versions.values())
        return self._store.resource_version or ("" if self._store.is_seeded else None)

    async def wait_for_write(self, obj: CachedObject, *, timeout: float | None = 5.0) -> None:
        """Wait until the store shows a write, or a later state of the resource.

            pod = await clientset.core_v1.pods("default").create(pod)
            await informer.wait_for_write(pod)

        An object that the informer does not hold, because of its namespace or the selectors, is not waited for. If the
        server has resourceVersions that are no numbers, nobody can wait: the call returns at once, and one WARNING is
        logged.

        Args:
            obj: The object that a create, update, patch or apply has returned.
            timeout: Seconds; None waits as long as it takes.

        Raises:
            StaleCache: The store has not caught up in time, or the informer has stopped. The write has succeeded.

        Concurrency: safe to cancel. Nothing polls.

        Reference: KEP-5504; kube-controller-manager instead refuses to work until its store has caught up (KEP-5647).
        """
        await self._writes.wait_for_write(obj, timeout)

    async def wait_for_deletion(self, deleted: CachedObject | str, *, timeout: float | None = 5.0) -> None:
        """Wait until the store does not hold a deleted object any more; the uid tells it from others of its name.

            await clientset.core_v1.pods("default").delete("web-0", grace_period_seconds=0)
            await informer.wait_for_deletion(pod)

        A deletion with a grace period or finalizers ends later than the request for it.

        Args:
            deleted: Any state of the object, or its uid. With a uid alone, the deletion of an object whose creation the
                store does not show yet is not waited for.
            timeout: Seconds; None waits as long as it takes.

        Raises:
            StaleCache: As for `wait_for_write`.
            ValueError: There is no uid.

        Concurrency: safe to cancel. Nothing polls.
        """
        await self._writes.wait_for_deletion(deleted, timeout)

    async def check_consistency(self) -> ConsistencyReport:
        """Compare the store with what the server held at the version of the store.

            report = await informer.check_consistency()
            print(report)       # v1 pods: the store is consistent with the server at resourceVersion 4711 (12 objects)

        One LIST of metadata at exactly this version is sent, in pages; objects are compared by uid and resourceVersion.
        An object that the server lists and the store has in another version is stale. Objects of which the store keeps
        an older state because their present state cannot be read are left out.

        Returns:
            What is missing, extra or stale. The verdict is `"unknown"` if the server has forgotten the version (410) or
            has not reached it yet, or if the source of the informer or the server cannot list at exactly one version.

        Raises:
            APIError: The server refused the LIST for another reason.
            TransportError: There was no response.

        Reference: client-go `util/consistencydetector`, which panics if a test asks for the comparison.
        """
        store, reports = self._store, list[ConsistencyReport]()
        for namespace, source in self._sources.by_namespace.items():
            objects, unreadable = store.list(), [*store.unreadable]
            if namespace:
                objects = [obj for obj in objects if obj.metadata.namespace == namespace]
                unreadable = [key for key in unreadable if key.startswith(f"{namespace}/")]
            exact_list = source.exact_list if isinstance(source, ListWatch) else None
            version = self.store_version(namespace)
            report = await check_consistency(self._name, version, objects, unreadable, exact_list)
            reports.append(report)
        return merge(reports, self._sources.namespaces)
