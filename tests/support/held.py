"""Wait until an informer holds an object: its first list may come from a server's cache that does not contain the
object yet.
"""

from __future__ import annotations

import asyncio
from typing import Any

import kubeloop


async def until_held(informer: kubeloop.SharedInformer[Any], key: str) -> None:
    """Wait until the informer has reported the object with this key to a handler."""
    seen = asyncio.Event()

    def look(obj: Any) -> None:
        if kubeloop.object_key(obj) == key:
            seen.set()

    registration = informer.add_event_handler(on_add=look, on_update=lambda _, new: look(new))
    async with asyncio.timeout(60):
        await seen.wait()
    informer.remove_event_handler(registration)
