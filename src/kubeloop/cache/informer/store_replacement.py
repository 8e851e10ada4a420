"""`StoreReplacement`: puts a list in the place of what a store holds, and notifies the handlers of the difference.

It works in short steps and awaits nothing; `pop_loop` lets other tasks run between the steps.
Reference: client-go `tools/cache/controller.go` (`processReplacedAllInfo`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.cache.fifo.real_fifo import ReplacedAll
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.informer.unreadable_log import log_readable, log_unreadable
from kubeloop.cache.store.indexer import Indexer
from kubeloop.cache.store.thread_safe_store import Replaced
from kubeloop.cache.time_slice import OBJECTS_PER_STEP

if TYPE_CHECKING:
    from kubeloop.errors import Unreadable

__all__ = ["StoreReplacement"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class StoreReplacement(Generic[T]):
    """The replacement of the objects of a store by those of a list.

    First do all steps of `prepare`, then all of `notify`. Between the steps of `prepare` readers see the objects from
    before, and after its last step those of the list. If the steps are not done to the end, nothing has changed. The
    steps of `notify` must be done to the end: otherwise handlers do not know what the store holds.

    An object whose uid and resourceVersion are those of the stored one has not changed: the stored instance stays, and
    no handler is notified of it. The stored state of an object that cannot be read is kept, unless its uid is another.
    A list that does not name all of its objects proves no deletion. A list of one namespace says nothing about objects
    of other namespaces.

    Args:
        name: The name of the informer, for log lines.
        indexer: The store, which nobody else writes between the steps.
        listed: The list. The store keeps its dict of objects.
        versions: Where the version of the list is recorded under its namespace; None for a list of all namespaces.

    Reference: client-go `processReplacedAllInfo`. Intended differences: there each object of the list replaces the
    stored one, and handlers are notified of objects with the same version too.
    """

    def __init__(
        self, name: str, indexer: Indexer[T], listed: ReplacedAll[T], versions: dict[str, str | None] | None = None
    ) -> None:
        self._name = name
        self._indexer = indexer
        self._listed = listed
        self._versions = versions
        self._changed: deque[tuple[T | None, T]] = deque()
        self._deleted: deque[tuple[str, T]] = deque()
        self._replaced = Replaced([], [])

    def __repr__(self) -> str:
        return f"<StoreReplacement of {self._name}: {len(self._listed.objects)} objects>"

    def prepare(self) -> Generator[None, None, None]:
        """Compare the list with the store and build the tables; the last step replaces those of the store."""
        listed, indexer = self._listed, self._indexer
        objects, known, is_complete = listed.objects, indexer.last_known, listed.is_complete
        for count, (key, new) in enumerate(objects.items(), 1):
            old = known(key)
            if old is None or not _is_same(old, new):
                self._changed.append((old, new))
            else:
                objects[key] = old
            if not count % OBJECTS_PER_STEP:
                yield
        unreadable, stays = self._unreadable()
        for count, key in enumerate(indexer.list_keys(), 1):
            if key not in objects and (old := known(key)) is not None:
                if not listed.covers(key) or key in stays or (not is_complete and key not in listed.unreadable):
                    objects[key] = old
                else:
                    self._deleted.append((key, old))
            if not count % OBJECTS_PER_STEP:
                yield
        before = dict(indexer.unreadable)
        self._replaced = yield from indexer.replacing(objects, unreadable, listed.resource_version)
        if self._versions is not None:
            self._versions[listed.namespace] = listed.resource_version
        for problem in self._replaced.problems:
            logger.error("%s: %s", self._name, problem, exc_info=problem.__cause__)
        for key, error in listed.unreadable.items():
            log_unreadable(self._name, key, error, before.get(key), has_state=key in objects)
        for key in before:
            if key in objects and key not in indexer.unreadable:
                log_readable(self._name, key)

    def notify(self, registrations: Iterable[HandlerRegistration[T]]) -> Generator[None, None, None]:
        """Notify handlers first of deletions, then of new and changed objects in the order of the list.

        Old objects and tables are freed one by one, because freeing many of them at once holds the loop.
        """
        is_initial = self._listed.is_initial
        while self._deleted:
            key, last = self._deleted.popleft()
            tombstone = DeletedFinalStateUnknown(key, last)
            for registration in registrations:
                registration.deleted(last, tombstone)
            yield
        while self._changed:
            old, new = self._changed.popleft()
            if old is None:
                for registration in registrations:
                    registration.added(new, is_initial)
            else:
                for registration in registrations:
                    registration.updated(old, new)
            yield
        yield from self._replaced.free()

    def _unreadable(self) -> tuple[dict[str, Unreadable], set[str]]:
        """Return why objects cannot be read, by key, and the keys of those whose stored state is kept."""
        listed, indexer = self._listed, self._indexer
        found = {key: error for key, error in indexer.unreadable.items() if not listed.covers(key)}
        if not listed.is_complete:
            # An item without a name belongs to its list alone.
            found.update((key, error) for key, error in indexer.unreadable.items() if error.key)
            for key in listed.objects.keys() & found.keys():
                del found[key]
        found.update(listed.unreadable)
        stays: set[str] = set()
        for key, error in listed.unreadable.items():
            old = indexer.last_known(key)
            if error.key and old is not None and not is_another(old, error):
                stays.add(key)
        return found, stays


def is_another(old: CachedObject, error: Unreadable) -> bool:
    """Return whether an object that cannot be read is another one than a stored object of the same name."""
    return bool(error.uid and old.metadata.uid and error.uid != old.metadata.uid)


def _is_same(old: CachedObject, new: CachedObject) -> bool:
    try:
        before, after = old.metadata, new.metadata
        return before.resource_version == after.resource_version != "" and before.uid == after.uid
    except Exception:
        return False  # What a transform returns may have neither.
