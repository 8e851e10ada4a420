"""The clock of a server follows the event loop in which it is read."""

from __future__ import annotations

import asyncio
import time

import pytest

from kubeloop.testing import virtual_time
from kubeloop.testing.apiserver.loop_clock import LoopClock


def test_the_clock_follows_virtual_time() -> None:
    clock = LoopClock()

    async def main() -> float:
        before = clock()
        await asyncio.sleep(3600)
        return clock() - before

    assert virtual_time.run(main()) == pytest.approx(3600.0)


def test_the_clock_starts_at_the_time_of_the_system() -> None:
    before = time.time()

    inside = asyncio.run(_now(LoopClock()))

    assert before <= inside <= time.time()
    assert before <= LoopClock()() <= time.time()


def test_virtual_time_begins_at_its_epoch() -> None:
    assert virtual_time.run(_now(LoopClock())) == virtual_time.EPOCH.timestamp()


def test_the_clock_does_not_go_back_when_the_loop_ends() -> None:
    clock = LoopClock()
    clock()

    async def main() -> float:
        clock()
        await asyncio.sleep(1_000_000)
        return clock()

    late = virtual_time.run(main())

    assert clock() == late
    assert virtual_time.run(_now(clock)) == pytest.approx(late)


async def _now(clock: LoopClock) -> float:
    return clock()
