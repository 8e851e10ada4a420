"""`Compactor`: drops the history of a storage that is older than five to ten minutes, as the real server does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.storage.storage import Storage

__all__ = ["Compactor"]

PERIOD = 300.0
"""Seconds between two compactions."""


class Compactor:
    """Compacts a storage to the revision that it had one period ago.

    Reference: apiserver pkg/storage/etcd3/compact.go.

    Args:
        storage: The storage.
        now: Seconds since the epoch.
    """

    def __init__(self, storage: Storage, now: float) -> None:
        self._storage = storage
        self._revision = storage.revision
        self._next = now + PERIOD

    def advance(self, now: float) -> None:
        """Compact the storage if a period has passed."""
        if now < self._next:
            return
        if self._revision > self._storage.compacted_revision:
            self._storage.compact(self._revision)
        self._revision = self._storage.revision
        self._next = now + PERIOD
