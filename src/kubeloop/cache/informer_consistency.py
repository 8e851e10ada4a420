"""`InformerConsistency`: what a program can know and wait for about the versions in an informer's store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.write_tracker import WriteTracker

if TYPE_CHECKING:
    from kubeloop.cache.indexer import Indexer

__all__ = ["InformerConsistency"]

T = TypeVar("T", bound=CachedObject)


class InformerConsistency(Generic[T]):
    """The methods of a `SharedInformer` that compare its store with writes.

    Args:
        name: The name of the informer.
        indexer: The store.
        selects: Returns whether the informer holds an object, as far as the object shows it; None means every object.
        last_error: Returns what is wrong with the informer; `""` if all is well.

    Attributes:
        selects: Returns whether the informer holds an object, as far as the object shows it.
    """

    def __init__(
        self,
        name: str,
        indexer: Indexer[T],
        *,
        selects: Callable[[CachedObject], bool] | None,
        last_error: Callable[[], str],
    ) -> None:
        self.selects: Callable[[CachedObject], bool] = selects or (lambda _obj: True)
        self._store = indexer
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

    def store_version(self, namespace: str = "") -> str | None:  # noqa: ARG002
        """Return the resourceVersion up to which changes in a namespace are in the store.

        Args:
            namespace: The namespace; `""` for all that the informer watches.

        Returns:
            The version; None before the first list, `""` if the server sends none.
        """
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
