"""`Compactor`: when API servers compact their storage."""

from __future__ import annotations

__all__ = ["COMPACTION_INTERVAL", "Compactor"]

COMPACTION_INTERVAL = 300.0
"""Seconds between two compactions, as `--etcd-compaction-interval` has by default."""


class Compactor:
    """Decide when to compact, and up to which revision: at the end of an interval, up to where the interval began.

    So a revision can be read for at least one interval, and the first compaction happens after two.

    Reference: `compactor.runCompactLoop` of `storage/etcd3`, which also writes a key, and so needs a revision itself.
    """

    def __init__(self, interval: float = COMPACTION_INTERVAL) -> None:
        self._interval = interval
        self._deadline: float | None = None
        self._revision = 0  # that of the last deadline

    def next_revision(self, now: float, revision: int) -> int | None:
        """Return the revision to compact now, or None.

        Args:
            now: The time, which starts the first interval.
            revision: The newest revision of the storage.
        """
        if self._deadline is None:
            self._deadline = now + self._interval
        if now < self._deadline:
            return None
        self._deadline = now + self._interval
        due, self._revision = self._revision, revision
        return due or None
