"""A storage as it was at an older revision, for reads that are stale because a reaction says so."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_history import StorageHistory

__all__ = ["past_storage"]


def past_storage(storage: Storage, revision: int) -> Storage:
    """Return a storage of its own that contains the objects of an older revision, which is its newest one.

    Raises:
        Compacted: The revision is older than the compacted revision.
    """
    history = StorageHistory(revision, compacted_revision=revision)
    for resource in {*storage.resources(), *(change.key.resource for change in storage.changes(revision))}:
        for stored in storage.range(resource, revision=revision).items:
            history.add(stored)
    past = Storage(history=history, compaction_interval=None)
    past.now = storage.now
    return past
