"""Wait until callbacks make a condition true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["News"]

_PATIENCE = 60.0


class News:
    """Wakes the tasks that wait for a condition."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def come(self, *_: object) -> None:
        """Request another check of the conditions."""
        self._event.set()

    async def until(self, holds: Callable[[], bool], describe: Callable[[], object]) -> None:
        """Wait until the condition holds; after a minute, fail with the description."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not holds():
                    self._event.clear()
                    await self._event.wait()
        except TimeoutError:
            raise AssertionError(f"the condition does not hold: {describe()}") from None
