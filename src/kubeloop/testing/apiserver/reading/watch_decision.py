"""Where a watch begins: a table without input and output.

Reference: apiserver pkg/storage/cacher/cacher.go (getWatchCacheResourceVersion,
waitUntilWatchCacheFreshAndForceAllEvents, getBookmarkAfterResourceVersionLockedFunc) and watch_cache.go
(getAllEventsSinceLocked).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kubeloop.testing.apiserver.reading.revision_text import revision_of_read

__all__ = ["Beginning", "WatchPlan", "decide_watch"]


class Beginning(Enum):
    """What a watch sends first."""

    OBJECTS = "an ADDED event per object that exists"
    CHANGES = "the changes after a revision"
    NOW = "nothing: only what changes from now on"


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """How a watch begins.

    Attributes:
        beginning: What is sent first.
        revision: The revision after which events are sent. A watch that begins with objects sends them as they are at
            this revision or later.
        waits: Whether the watch begins when the watch cache has reached the revision, and not before.
        marks_the_end: Whether a bookmark with an annotation follows the objects.
    """

    beginning: Beginning
    revision: int
    waits: bool = False
    marks_the_end: bool = False


def decide_watch(
    *, resource_version: str, send_initial_events: bool | None, allow_bookmarks: bool, storage_revision: int
) -> WatchPlan:
    """Decide where a watch begins.

    Args:
        resource_version: The parameter.
        send_initial_events: The parameter, after its default was set; None if it is not set.
        allow_bookmarks: The parameter.
        storage_revision: The newest revision of the storage.

    Raises:
        APIError: The resourceVersion cannot be read.
    """
    revision = revision_of_read(resource_version)
    if resource_version == "" and send_initial_events is not None:
        revision = storage_revision
    if send_initial_events:
        return WatchPlan(Beginning.OBJECTS, revision, waits=True, marks_the_end=allow_bookmarks)
    if revision:
        return WatchPlan(Beginning.CHANGES, revision)
    return WatchPlan(Beginning.OBJECTS if send_initial_events is None else Beginning.NOW, 0)
