"""The scenarios of client-go's parallelizer_test.go."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.workqueue import parallelize


@pytest.mark.parametrize(
    ("pieces", "workers", "chunk_size"),
    [(1000, 10, 1), (1000, 10, 10), (1000, 10, 100), (999, 10, 13), (3, 10, 1), (3, 10, 100), (0, 10, 1), (5, 2, 0)],
)
@in_virtual_time
async def test_does_each_piece_once(pieces, workers, chunk_size):
    seen = []

    async def do_piece(piece):
        await asyncio.sleep(0)
        seen.append(piece)

    await parallelize(workers, pieces, do_piece, chunk_size=chunk_size)
    assert sorted(seen) == list(range(pieces))


@in_virtual_time
async def test_no_more_than_its_workers_are_under_way():
    await parallelize(4, 10, lambda _: asyncio.sleep(1))
    assert elapsed() == 3.0


@in_virtual_time
async def test_cancelling_begins_no_further_piece():
    begun = []

    async def do_piece(piece):
        begun.append(piece)
        await asyncio.sleep(1)

    working = asyncio.create_task(parallelize(2, 100, do_piece))
    await asyncio.sleep(2.5)
    working.cancel()
    await settle()
    assert working.cancelled()
    assert begun == [0, 1, 2, 3, 4, 5]


@in_virtual_time
async def test_a_failed_piece_ends_the_others():
    async def do_piece(piece):
        await asyncio.sleep(piece)
        if piece == 2:
            raise OSError("piece 2")

    with pytest.raises(ExceptionGroup) as caught:
        await parallelize(3, 10, do_piece)
    assert [type(fault) for fault in caught.value.exceptions] == [OSError]
    assert elapsed() == 2.0
