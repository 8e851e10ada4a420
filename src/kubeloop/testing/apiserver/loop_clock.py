"""`LoopClock`: wall-clock time that follows the running event loop, so that a virtual clock moves it."""

from __future__ import annotations

import asyncio
import time
from weakref import ReferenceType, WeakKeyDictionary, ref

from kubeloop.testing.virtual_time import EPOCH, VirtualTimeLoop

__all__ = ["LoopClock"]


class LoopClock:
    """Returns the seconds since the epoch: those at the first call in an event loop, and those that the loop counts.

    Without a running loop it is the system's clock. In a `VirtualTimeLoop` the time begins at its `EPOCH`, unless the
    clock has shown a later time before. It never goes back.
    """

    def __init__(self) -> None:
        self._offsets: WeakKeyDictionary[asyncio.AbstractEventLoop, float] = WeakKeyDictionary()
        self._latest = 0.0
        # The loop of the last call, and its offset.
        self._loop: ReferenceType[asyncio.AbstractEventLoop] | None = None
        self._offset = 0.0

    def __call__(self) -> float:
        """Return the time."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            now = time.time()
        else:
            if self._loop is None or self._loop() is not loop:
                self._loop, self._offset = ref(loop), self._offset_of(loop)
            now = self._offset + loop.time()
        self._latest = max(self._latest, now)
        return self._latest

    def _offset_of(self, loop: asyncio.AbstractEventLoop) -> float:
        offset = self._offsets.get(loop)
        if offset is None:
            is_virtual = isinstance(loop, VirtualTimeLoop)
            start = EPOCH.timestamp() if is_virtual else time.time() - loop.time()
            offset = self._offsets[loop] = max(start, self._latest - loop.time())
        return offset
