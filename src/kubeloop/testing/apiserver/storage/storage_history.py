"""`StorageHistory`: what a storage knows, without the rules for writes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.object_table import ObjectTable
from kubeloop.testing.apiserver.storage.resource_history import ResourceHistory

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored

__all__ = ["FIRST_REVISION", "StorageHistory"]

FIRST_REVISION = 1
"""The revision of an empty etcd. The first write gets the next one."""


class StorageHistory:
    """The objects of all resources, and the changes since the last compaction.

    The change at the compacted revision is kept, so that a watch can start just before it.

    Attributes:
        revision: The revision of the newest change.
        compacted_revision: The oldest revision that can be read; 0 before the first compaction.
        resources: The history of each resource that has objects or changes.
        changes: The changes of all resources, oldest first.
    """

    def __init__(self, revision: int = FIRST_REVISION, compacted_revision: int = 0) -> None:
        self.revision = revision
        self.compacted_revision = compacted_revision
        self.resources: dict[str, ResourceHistory] = {}
        self.changes: deque[Change] = deque()

    def get(self, key: Key) -> Stored | None:
        """Return the newest version of an object."""
        part = self.resources.get(key.resource)
        return part.table.get(key.path) if part else None

    def add(self, stored: Stored) -> None:
        """Add an object that was written before the history begins."""
        self._history_of(stored.key.resource).table.add(stored.key.path, stored)

    def record(self, change: Change) -> None:
        """Apply and keep the next change."""
        self._history_of(change.key.resource).apply(change)
        self.changes.append(change)
        self.revision = change.revision

    def compact(self, revision: int) -> None:
        """Forget the changes before a revision, and with them the versions that only older states need."""
        self.compacted_revision = revision
        while self.changes and self.changes[0].revision < revision:
            self.changes.popleft()
        for resource, history in list(self.resources.items()):
            history.forget(revision)
            if not history.table and not history.changes:
                del self.resources[resource]

    def _history_of(self, resource: str) -> ResourceHistory:
        history = self.resources.get(resource)
        if history is None:
            history = self.resources[resource] = ResourceHistory(ObjectTable())
        return history
