"""The lag of the event loop, in virtual time: `advance` is code that blocks the loop."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop.errors import Unhealthy
from kubeloop.health import loop_responds
from kubeloop.testing.virtual_time import advance, elapsed, in_virtual_time


@in_virtual_time
async def test_a_loop_that_is_never_blocked_passes() -> None:
    check = loop_responds(max_lag=0.001)
    for _ in range(10):
        check()
        await asyncio.sleep(3)


@in_virtual_time
async def test_a_block_between_two_probes_fails_for_ten_seconds() -> None:
    check = loop_responds(max_lag=2)
    check()
    await asyncio.sleep(5.05)
    advance(3)
    await asyncio.sleep(6)
    with pytest.raises(Unhealthy, match=r"^the event loop was blocked for 3 s in the last 10 s; move long comp"):
        check()
    await asyncio.sleep(4.1)
    check()


@in_virtual_time
async def test_the_lag_is_known_before_the_timer_runs() -> None:
    check = loop_responds(max_lag=2)
    check()
    await asyncio.sleep(1)
    advance(3)
    with pytest.raises(Unhealthy, match="blocked for"):
        check()


@in_virtual_time
async def test_the_largest_lag_counts() -> None:
    check = loop_responds(max_lag=4)
    check()
    for seconds in (1, 5, 2):
        await asyncio.sleep(0.2)
        advance(seconds)
    await asyncio.sleep(0.2)
    with pytest.raises(Unhealthy, match=r"blocked for 5 s|blocked for 4\.9 s"):
        check()


@in_virtual_time
async def test_a_short_block_passes() -> None:
    check = loop_responds(max_lag=2)
    check()
    await asyncio.sleep(1)
    advance(1.9)
    await asyncio.sleep(1)
    check()


@in_virtual_time
async def test_a_block_of_exactly_the_largest_lag_passes() -> None:
    check = loop_responds(max_lag=2)
    check()
    advance(0.1 + 2)
    check()


@in_virtual_time
async def test_what_happened_before_the_first_call_does_not_count() -> None:
    check = loop_responds(max_lag=2)
    advance(60)
    check()
    await asyncio.sleep(1)
    check()


@in_virtual_time
async def test_the_timer_ends_one_minute_after_the_last_call_and_begins_again() -> None:
    check = loop_responds(max_lag=2)
    check()
    await asyncio.sleep(59.5)
    assert next_timer() is not None
    await asyncio.sleep(1)
    assert next_timer() is None
    advance(30)
    check()
    await asyncio.sleep(0.15)
    assert next_timer() == pytest.approx(elapsed() + 0.05, abs=0.06)
    advance(3)
    await asyncio.sleep(1)
    with pytest.raises(Unhealthy):
        check()


def next_timer() -> float | None:
    """Return the time of the next timer of the loop."""
    # asyncio has no public name for its timers.
    timers = [each.when() for each in vars(asyncio.get_running_loop())["_scheduled"] if not each.cancelled()]
    return min(timers, default=None)
