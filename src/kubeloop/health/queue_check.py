"""`queue_moves`: a check of a work queue whose workers may be stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.text import counted
from kubeloop.errors import Unhealthy

__all__ = ["HasLongestSeconds", "ObservedQueue", "queue_moves"]


class HasLongestSeconds(Protocol):
    """What the check reads of an `UnfinishedWork`."""

    @property
    def longest_seconds(self) -> float:
        """How long the slowest worker has had its current item."""
        ...


class ObservedQueue(Protocol):
    """What the check reads of a `WorkQueue`."""

    name: str

    @property
    def taken(self) -> int:
        """The number of items that workers have taken since the queue was created."""
        ...

    @property
    def processing(self) -> int:
        """The number of items that workers have."""
        ...

    def unfinished_work(self) -> HasLongestSeconds:
        """Return how long workers have had their current items."""
        ...

    def __len__(self) -> int: ...


def queue_moves(queue: ObservedQueue, *, within: float) -> Callable[[], None]:
    """Return a check: workers take the items of a queue, and finish them.

    The check fails if items wait and no worker has taken one for some time, because all workers are stuck or have
    ended; and, if the queue has `metrics`, if one worker has had its item for longer than that. The queue is observed
    when the check is called, so that the time begins with a call.

    Before the first item is taken, the check passes, because a replica that waits for a lease fills its queue and has
    no workers yet. If the same process may lose and regain a lease, call the check only while it leads:

        moves = queue_moves(queue, within=600)
        checks.add_liveness("queue", lambda: moves() if election.is_leader else None)

    Args:
        queue: The queue.
        within: The seconds in which every item should be finished, such as 600.
    """
    taken_before: int | None = None
    since = 0.0

    def check() -> None:
        nonlocal taken_before, since
        now = asyncio.get_running_loop().time()
        taken, waiting = queue.taken, len(queue)
        if not waiting or not taken or taken != taken_before:
            taken_before, since = taken, now
        title = f"work queue {queue.name!r}"
        if now - since > within:
            raise Unhealthy(
                f"{title}: no worker has taken an item for {in_seconds(now - since)}; {counted(waiting, 'item')} "
                f"waiting, {queue.processing} in work"
            )
        longest = queue.unfinished_work().longest_seconds
        if longest > within:
            raise Unhealthy(f"{title}: a worker has had its item for {in_seconds(longest)}")

    return check
