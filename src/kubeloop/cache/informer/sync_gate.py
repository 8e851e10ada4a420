"""`SyncGate`: waits for an informer's first sync, or for the end of an informer that never syncs.

Reference: client-go `tools/cache.DoneChecker`; without polling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubeloop.errors import NotSynced

__all__ = ["SyncGate"]


class SyncGate:
    """A gate that opens once, when the informer has synced or has ended.

    Args:
        name: The name of the informer, for errors.
        last_error: Returns what is wrong or what the informer waits for; `""` if all is well.

    Concurrency: loop only.
    """

    __slots__ = ("_event", "_last_error", "has_synced", "name")

    def __init__(self, name: str, last_error: Callable[[], str]) -> None:
        self.name = name
        self.has_synced = False
        self._last_error = last_error
        self._event = asyncio.Event()

    def __repr__(self) -> str:
        state = "synced" if self.has_synced else "stopped" if self._event.is_set() else "waiting"
        return f"<SyncGate {self.name}: {state}>"

    def open(self) -> None:
        """Open the gate because the informer has synced."""
        self.has_synced = True
        self._event.set()

    def give_up(self) -> None:
        """Open the gate because the informer has ended; this has no effect after a sync."""
        self._event.set()

    async def wait(self) -> None:
        """Wait for the sync.

        Raises:
            NotSynced: The informer has ended without a sync.

        Concurrency: safe to cancel.
        """
        await self.wait_until_open()
        if not self.has_synced:
            raise self.not_synced("the informer has stopped")

    async def wait_until_open(self) -> None:
        """Wait for the sync or for the end of the informer, whichever comes first."""
        await self._event.wait()

    def not_synced(self, why: str) -> NotSynced:
        """Create the error that names the informer, the reason, and what is wrong or what the informer waits for."""
        reason = self._last_error()
        return NotSynced(f"{self.name} has not synced: {why}" + (f" ({reason})" if reason else ""))
