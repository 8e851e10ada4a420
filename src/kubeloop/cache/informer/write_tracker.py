"""`WriteTracker`: waits until the store of an informer shows what a program has written.

A store that has applied the version of a write has applied the write, because versions of a resource can be compared.
Reference: KEP-5504 (comparable resource versions), KEP-5647 (stale controllers); Kubernetes
`pkg/controller/util/consistency`, which refuses to work where this waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.text import safe_text
from kubeloop.cache.cached_object import CachedObject
from kubeloop.errors import StaleCache
from kubeloop.meta.keys import object_key
from kubeloop.meta.version_number import version_number

if TYPE_CHECKING:
    from kubeloop.cache.store.indexer import Indexer

__all__ = ["WriteTracker"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class WriteTracker(Generic[T]):
    """The tasks that wait until a store has caught up with their writes.

    The informer calls `store_changed` after it has applied changes, if `is_awaited`; nothing polls.

    Args:
        name: The name of the informer, for errors and log lines.
        indexer: The store.
        version: Returns the resourceVersion up to which changes in a namespace have been applied to the store; None
            before the first list, `""` if the server sends none. For `""` as the namespace, that of all namespaces.
        selects: Returns whether the informer holds an object, as far as the object shows it.
        last_error: Returns what is wrong with the informer; `""` if all is well.

    Attributes:
        is_awaited: Whether a task waits.

    Concurrency: loop only.
    """

    __slots__ = ("_has_ended", "_indexer", "_last_error", "_name", "_selects", "_version", "_waiting", "_warned")

    def __init__(
        self,
        name: str,
        indexer: Indexer[T],
        *,
        version: Callable[[str], str | None],
        selects: Callable[[CachedObject], bool],
        last_error: Callable[[], str],
    ) -> None:
        self._name = name
        self._indexer = indexer
        self._version = version
        self._selects = selects
        self._last_error = last_error
        self._waiting: dict[asyncio.Future[None], Callable[[], bool]] = {}
        self._has_ended = False
        self._warned = False

    def __repr__(self) -> str:
        return f"<WriteTracker of {self._name}: {len(self._waiting)} tasks wait>"

    @property
    def is_awaited(self) -> bool:
        """Whether a task waits."""
        return bool(self._waiting)

    def store_changed(self) -> None:
        """Wake the tasks whose writes the store shows now."""
        for future, is_reached in [*self._waiting.items()]:
            if is_reached() and not future.done():
                future.set_result(None)

    def give_up(self) -> None:
        """End all waits, now and later, because the informer has stopped."""
        self._has_ended = True
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait_for_write(self, obj: CachedObject, timeout: float | None) -> None:
        """Wait until the store shows a write or a later one; see `SharedInformer.wait_for_write`."""
        key, version, namespace = object_key(obj), obj.metadata.resource_version, obj.metadata.namespace
        if not self._selects(obj) and key not in self._indexer:
            return
        number = version_number(version)
        if number is None:
            self._warn(version)
            return
        what = f"the write of {key} at resourceVersion {version}"
        await self._wait(lambda: self._has_reached(namespace, number), timeout, what, namespace)

    async def wait_for_deletion(self, deleted: CachedObject | str, timeout: float | None) -> None:
        """Wait until the store does not hold an object any more; see `SharedInformer.wait_for_deletion`."""
        uid, key, namespace, number = "", "", "", None
        if isinstance(deleted, str):
            uid = deleted
        else:
            metadata = deleted.metadata
            uid, key, namespace = metadata.uid, object_key(deleted), metadata.namespace
            number = version_number(metadata.resource_version)
            if not self._selects(deleted) and key not in self._indexer:
                return
        if not uid:
            raise ValueError("expected an object with a uid, or the uid itself: names can be used again")

        def is_gone() -> bool:
            nonlocal key
            if self._version(namespace) is None or (number is not None and not self._has_reached(namespace, number)):
                return False
            key = key or self._key_of(uid)
            return not key or not self._holds(uid, key)

        what = f"the deletion of {key or 'the object'} with the uid {uid}"
        await self._wait(is_gone, timeout, what, namespace)

    async def _wait(self, is_reached: Callable[[], bool], timeout: float | None, what: str, namespace: str) -> None:
        if is_reached():
            return
        if not self._has_ended:
            future = asyncio.get_running_loop().create_future()
            self._waiting[future] = is_reached
            try:
                async with asyncio.timeout(timeout):
                    await future
            except TimeoutError:
                raise self._stale(what, f"within {in_seconds(timeout or 0)}", namespace) from None
            finally:
                del self._waiting[future]
            if is_reached():
                return
        raise self._stale(what, "before the informer stopped", namespace)

    def _stale(self, what: str, when: str, namespace: str) -> StaleCache:
        at = self._version(namespace)
        where = "no list has succeeded" if at is None else f"it is at {at or 'no version'}"
        reason = self._last_error()
        return StaleCache(
            safe_text(f"{self._name}: the store has not caught up with {what} {when}: {where}")
            + (f" ({reason})" if reason else "")
        )

    def _has_reached(self, namespace: str, number: int) -> bool:
        version = self._version(namespace)
        if version is None:
            return False
        applied = version_number(version)
        if applied is None:
            self._warn(version)
            return True
        return applied >= number

    def _key_of(self, uid: str) -> str:
        """Return the key under which the store holds the object with this uid; `""` if it holds none."""
        for obj in self._indexer:
            if obj.metadata.uid == uid:
                return object_key(obj)
        return next((key for key, error in self._indexer.unreadable.items() if error.uid == uid), "")

    def _holds(self, uid: str, key: str) -> bool:
        obj, error = self._indexer.last_known(key), self._indexer.unreadable.get(key)
        return (obj is not None and obj.metadata.uid == uid) or (error is not None and error.uid == uid)

    def _warn(self, version: str) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "%s: the resourceVersion %r cannot be compared, so nobody can wait for a write; reads may return an "
                "older state", self._name, safe_text(version),
            )  # fmt: skip
