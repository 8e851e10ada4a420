"""Waiting for an informer's first sync, which may also never come because the informer stops.

Reference: client-go `tools/cache.DoneChecker`; no polling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubeloop.errors import NotSynced

__all__ = ["SyncGate"]


class SyncGate:
    """Opens once, by a sync or by the end of the informer.

    Args:
        name: the informer's, for errors.
        last_error: returns what is wrong, or what is waited for; `""` when it is nothing.

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
        """Say that the informer has synced."""
        self.has_synced = True
        self._event.set()

    def give_up(self) -> None:
        """Say that the informer has ended; without effect when it has synced."""
        self._event.set()

    async def wait(self) -> None:
        """Wait for the sync.

        Raises:
            NotSynced: the informer has ended without one.

        Concurrency: safe to cancel.
        """
        await self.wait_until_open()
        if not self.has_synced:
            raise self.not_synced("the informer has stopped")

    async def wait_until_open(self) -> None:
        """Wait for the sync or the end, whichever comes first."""
        await self._event.wait()

    def not_synced(self, why: str) -> NotSynced:
        """Build the error that names the informer, why it has not synced, and what is wrong or waited for."""
        reason = self._last_error()
        return NotSynced(f"{self.name} has not synced: {why}" + (f" ({reason})" if reason else ""))
