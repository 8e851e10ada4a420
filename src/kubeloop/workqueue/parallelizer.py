"""`parallelize`: process a known number of pieces with a few workers.

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
    """Call `do_piece(0)` to `do_piece(pieces - 1)`, with at most `workers` calls at the same time.

    Workers take pieces in order, `chunk_size` pieces at a time. Returns when all pieces are done.

    Args:
        workers: The number of workers; more workers than chunks make no difference.
        pieces: The number of pieces.
        do_piece: Processes the piece with the given number.
        chunk_size: The number of pieces that a worker takes at a time; less than 1 counts as 1.

    Raises:
        ExceptionGroup: A piece failed. The pieces in progress are cancelled, and no further piece is started.

    Concurrency: Cancellation cancels the pieces in progress, and no further piece is started.

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
