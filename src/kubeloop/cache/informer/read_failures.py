"""`ReadFailures`: counts lazy objects of an informer whose members could not be read as unreadable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Generic, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.store.failed_read import FailedRead
from kubeloop.cache.store.indexer import Indexer
from kubeloop.errors import Unreadable
from kubeloop.meta.keys import object_key

__all__ = ["ReadFailures", "describe_unreadable"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class ReadFailures(Generic[T]):
    """Notes in a store which of its objects could not be read when they were first read.

    Such an object stays in the store, because its metadata could be read; its next state clears the note. A list that
    keeps the stored instance, because the object has not changed, keeps the note.

    Args:
        name: The name of the informer, for log lines.
        indexer: The store.

    Concurrency: objects may be read in any thread; the note is made in that of the informer's loop.
    """

    def __init__(self, name: str, indexer: Indexer[T]) -> None:
        self._name = name
        self._indexer = indexer
        self._loop: asyncio.AbstractEventLoop | None = None

    def started(self) -> None:
        """Remember the loop that owns the store."""
        self._loop = asyncio.get_running_loop()

    def report(self, obj: T, error: Unreadable) -> None:
        """Note that a member of an object cannot be read, if the store holds this very object."""
        if self._loop is None or self._loop.is_closed() or self._loop is _running_loop():
            self._note(obj, error)
        else:
            self._loop.call_soon_threadsafe(self._note, obj, error)

    def _note(self, obj: T, error: Unreadable) -> None:
        key = object_key(obj)
        if self._indexer.last_known(key) is not obj or key in self._indexer.unreadable:
            return
        self._indexer.set_unreadable(key, FailedRead.of(error))
        logger.warning("%s: %s cannot be read, except for its metadata: %s", self._name, safe_text(key), error)


def describe_unreadable(unreadable: Mapping[str, Unreadable]) -> str:
    """Return the number of objects that cannot be read, with the first error; `""` if there are none."""
    for key, error in unreadable.items():
        others = f", and {len(unreadable) - 1} other objects" if len(unreadable) > 1 else ""
        return f"{key}{others} cannot be read: {error}"
    return ""


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
