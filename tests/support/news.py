"""Wait until something comes to hold that callbacks bring about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["News"]

_PATIENCE = 60.0


class News:
    """Wakes whoever waits for something to hold."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def come(self, *_: object) -> None:
        """Request another check."""
        self._event.set()

    async def until(self, holds: Callable[[], bool], describe: Callable[[], object]) -> None:
        """Wait until it holds; after a minute, fail with what is described."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not holds():
                    self._event.clear()
                    await self._event.wait()
        except TimeoutError:
            raise AssertionError(f"it does not come to hold: {describe()}") from None
