"""`queue_moves`: a check of a work queue whose workers may be stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.text import counted
from kubeloop.errors import Unhealthy

__all__ = ["ObservedQueue", "queue_moves"]


class ObservedQueue(Protocol):
    """What the check reads of a `WorkQueue`."""

    @property
    def name(self) -> str: ...
    @property
    def taken(self) -> int: ...
    @property
    def processing(self) -> int: ...
    def __len__(self) -> int: ...


def queue_moves(queue: ObservedQueue, *, within: float) -> Callable[[], None]:
    """Return a liveness check: workers take the items of a queue.

    The check fails if items wait and no worker has taken one for some time, because all workers are stuck or have
    ended. Before the first item was taken it passes: the workers of a standby have not begun.

    Args:
        queue: The queue.
        within: The seconds for which items may wait while none is taken; more than the longest time that all workers
            together may need for their current items.
    """
    seen_taken = -1
    since = 0.0

    def check() -> None:
        nonlocal seen_taken, since
        now = asyncio.get_running_loop().time()
        if not len(queue) or queue.taken != seen_taken:
            seen_taken, since = queue.taken, now
        elif queue.taken and now - since > within:
            raise Unhealthy(
                f"work queue {queue.name!r}: {counted(len(queue), 'item')} wait, and no worker has taken one for "
                f"{in_seconds(now - since)}; workers have {counted(queue.processing, 'item')}"
            )

    return check
