"""Careless workers, which are cancelled, fail and stop early, lose no item, and no item has two of them."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from contextlib import suppress

import pytest

from kubeloop import Metrics, PriorityQueue, QueueShutDown, RateLimitingQueue
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.workqueue import ItemBackoff, ItemExponentialFailureRateLimiter

LIMITERS = (lambda: ItemExponentialFailureRateLimiter(0.005, 10.0), lambda: ItemBackoff(0.005, 10.0))


class World:
    """A queue, the items that somebody must still work on, and who has which item."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.metrics = Metrics()
        limiter = self.random.choice(LIMITERS)()
        self.has_priorities = self.random.random() < 0.5
        if self.has_priorities:
            group_by = self.random.choice([None, lambda key: key[0]])
            self.queue = PriorityQueue(
                limiter, metrics=self.metrics, group_by=group_by, oldest_every=self.random.choice([None, 1, 2, 10])
            )
        else:
            self.queue = RateLimitingQueue(limiter, metrics=self.metrics)
        self.keys = [f"{group}{number}" for group in "ab" for number in range(self.random.randrange(1, 6))]
        self.wanted: set[str] = set()
        self.taken: set[str] = set()

    def add(self) -> None:
        """Add an item in one of the ways in which that can be done."""
        key, options = self.random.choice(self.keys), {}
        if self.has_priorities:
            options["priority"] = self.random.randrange(-2, 3)
        match self.random.randrange(4):
            case 0:
                self.queue.add(key, **options)
            case 1:
                self.queue.add_after(key, self.random.choice([0, -1, 0.001, 1, 5, -math.inf]), **options)
            case 2:
                self.queue.add_rate_limited(key, **options)
            case _:
                with pytest.raises((TypeError, ValueError)):
                    self.queue.add_after(key, self.random.choice([math.nan, None, "1"]), **options)
                return
        self.wanted.add(key)

    async def work(self, key: str) -> None:
        """Work for a while, and perhaps add items."""
        assert key not in self.taken, "an item has two workers"
        self.taken.add(key)
        self.wanted.discard(key)
        try:
            await asyncio.sleep(self.random.choice([0, 0.1, 1]))
            for _ in range(self.random.randrange(3) if self.random.random() < 0.3 else 0):
                self.add()
        finally:
            self.taken.discard(key)

    async def get(self) -> None:
        while (key := await self.queue.get()) is not None:
            try:
                await self.work(key)
            finally:
                self.queue.done(key)

    async def iterate(self) -> None:
        async for key in self.queue:
            try:
                await self.work(key)
            finally:
                self.queue.done(key)
            if self.random.random() < 0.1:
                break

    async def use_blocks(self) -> None:
        with suppress(QueueShutDown):
            while True:
                async with self.queue.item() as key:
                    try:
                        await self.work(key)
                    finally:
                        if self.random.random() < 0.2:
                            self.wanted.add(key)
                            raise RuntimeError("failed, perhaps in place of a cancellation")


@pytest.mark.parametrize("seed", range(60))
@in_virtual_time
async def test_every_item_is_worked_on_after_its_last_addition(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    world = World(seed)
    workers: list[asyncio.Task[None]] = []
    for _ in range(60):
        match world.random.randrange(5):
            case 0:
                worker = world.random.choice([world.get, world.iterate, world.use_blocks])
                workers.append(asyncio.create_task(worker()))
            case 1 if workers:
                world.random.choice(workers).cancel()
            case 2:
                await asyncio.sleep(world.random.choice([0, 0.5, 3]))
            case _:
                world.add()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    last = asyncio.create_task(world.get())
    await asyncio.sleep(300)
    queue = world.queue
    assert world.wanted == set()
    assert (len(queue), queue.processing, queue.delayed) == (0, 0, 0)
    assert world.metrics.value("workqueue_depth", name="") == 0
    queue.add(world.keys[0])
    await queue.shut_down_with_drain()
    await last
