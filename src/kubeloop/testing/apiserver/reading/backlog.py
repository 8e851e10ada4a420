"""What a watch has not sent yet, and when its reader is too slow."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.storage.stored import Change

__all__ = ["Backlog"]

_EVENTS = 1000
_SECONDS = 1.0
_BYTES = 64 * 1024 * 1024


class Backlog:
    """The changes that wait for the reader of a watch.

    The real server ends a watch whose channel of 10 to 1000 events stays full for 100 ms, while the buffers of the
    connection hold some more. Here more than 1000 changes may wait for a second, and 64 MiB of objects may arrive
    before the reader takes some. That bounds the memory.

    Attributes:
        is_overrun: Whether the reader was too slow: nothing is accepted any more.

    Reference: apiserver pkg/storage/cacher, suggestedWatchChannelSize, timeBudget.
    """

    __slots__ = ("_bytes", "_changes", "_full_since", "is_overrun")

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._bytes = 0  # of the changes that arrived since the reader took some
        self._full_since: float | None = None
        self.is_overrun = False

    def __len__(self) -> int:
        return len(self._changes)

    def add(self, change: Change, now: float) -> None:
        """Append a change that happened now; the backlog is overrun if it was full for too long, or is too large."""
        if self.is_overrun:
            return
        self._changes.append(change)
        stored = change.value or change.last
        self._bytes += len(stored.data) if stored is not None else 0
        is_late = False
        if len(self._changes) > _EVENTS:
            if self._full_since is None:
                self._full_since = now
            is_late = now - self._full_since > _SECONDS
        if is_late or self._bytes > _BYTES:
            self.is_overrun = True
            self._changes.clear()

    def take(self, limit: int) -> list[Change]:
        """Remove and return at most `limit` changes, the oldest first. A reader that takes is not too slow."""
        self._full_since = None
        self._bytes = 0
        changes = self._changes
        if len(changes) > limit:
            return [changes.popleft() for _ in range(limit)]
        taken = list(changes)
        changes.clear()
        return taken
