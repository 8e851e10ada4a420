"""A storage as it was at an older revision, for reads that are stale because a reaction says so."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.storage import FIRST_REVISION, Storage
from kubeloop.testing.apiserver.storage.storage_history import StorageHistory

__all__ = ["past_storage"]


def past_storage(storage: Storage, behind: int) -> Storage:
    """Return a storage of its own with the objects of an older revision, which is its newest one.

    Args:
        storage: The storage.
        behind: How many revisions ago; at most as many as the history contains.
    """
    revision = max(storage.revision - behind, storage.compacted_revision, FIRST_REVISION)
    history = StorageHistory(revision, compacted_revision=revision)
    for resource in {*storage.resources(), *(change.key.resource for change in storage.changes(revision))}:
        for stored in storage.range(resource, revision=revision).items:
            history.add(stored)
    past = Storage(history=history, compaction_interval=None)
    past.now = storage.now
    return past
