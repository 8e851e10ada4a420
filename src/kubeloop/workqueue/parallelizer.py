"""Working through a known number of pieces with a few workers.

Reference: client-go util/workqueue/parallelizer.go (ParallelizeUntil, WithChunkSize).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["parallelize"]


async def parallelize(
    workers: int,
    pieces: int,
    do_piece: Callable[[int], Awaitable[object]],
    *,
    chunk_size: int = 1,
) -> None:
    """Call `do_piece(0)` to `do_piece(pieces - 1)`, with no more than `workers` calls under way at once.

    Pieces are handed out in order, `chunk_size` of them to a worker at a time. Returns when all are done.

    Args:
        workers: how many work at once; more than there are chunks makes no difference.
        pieces: how many pieces there are.
        do_piece: what to do with one, by its number.
        chunk_size: how many pieces a worker takes at a time; less than 1 counts as 1.

    Raises:
        ExceptionGroup: a piece failed: the others are cancelled, no further piece is begun.

    Concurrency: cancelling cancels the pieces that are under way, and begins no further one.

    Reference: client-go ParallelizeUntil. Intended difference: there a piece that panics ends the program.
    """
    size = max(chunk_size, 1)
    chunks = iter(range(0, pieces, size))

    async def work() -> None:
        for start in chunks:
            for piece in range(start, min(start + size, pieces)):
                await do_piece(piece)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(workers, -(-pieces // size))):
            group.create_task(work())
