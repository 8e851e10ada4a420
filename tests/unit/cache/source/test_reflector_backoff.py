"""The pauses of the reflector: after failures, and between watches that end soon."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from kubeloop import errors
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.reflector_setup import EXPIRED, INTERNAL, REFUSED, Setup
from tests.support.things import api_error, thing


@in_virtual_time
async def test_failing_lists_back_off_further_and_further_up_to_the_cap():
    setup = Setup()
    setup.server.next_lists.extend([INTERNAL] * 40)
    times: list[float] = []
    handler = setup.reflector._watch_error_handler = lambda _reflector, _error: times.append(elapsed())
    assert handler is not None
    async with setup.running():
        await asyncio.sleep(600)
    delays = [after - before for before, after in itertools.pairwise(times)]
    bases = [0.8, 1.6, 3.2, 6.4, 12.8, 25.6]
    assert all(base <= delay <= 2 * base for base, delay in zip(bases, delays, strict=False))
    assert all(30 <= delay <= 60 for delay in delays[6:])
    assert len(delays) > 6


@pytest.mark.parametrize("what", ["event", "bookmark", "event and cut"])
@in_virtual_time
async def test_watches_that_end_right_after_an_event_are_a_second_apart(what: str):
    """(D3)"""
    setup = Setup()
    version = setup.server.version
    async with setup.running():
        while elapsed() < 60:
            await settle()
            if what == "bookmark":
                version += 1
                setup.server.bookmark(version)
            else:
                setup.server.put(thing("a"))
            await settle()
            if what == "event and cut":
                setup.server.cut_watches()
            else:
                setup.server.end_watches()
            await asyncio.sleep(0.01)
        assert 55 <= len(setup.server.watches) <= 61
        assert len(setup.server.lists) == 1
        assert setup.told == []


@in_virtual_time
async def test_errors_far_apart_do_not_add_up_to_long_delays():
    """(D6)"""
    setup = Setup()
    async with setup.running():
        for _ in range(20):
            await asyncio.sleep(60)
            before = len(setup.server.lists)
            setup.server.end_watches(INTERNAL)
            await asyncio.sleep(1.7)
            assert len(setup.server.lists) == before + 1


@in_virtual_time
async def test_a_server_that_restarts_ten_times_in_two_minutes_is_watched_soon_after_each():
    """(D6)"""
    setup = Setup()
    async with setup.running():
        for _ in range(10):
            await asyncio.sleep(6)
            setup.server.next_watches.extend([REFUSED] * 2)
            setup.server.cut_watches()
            await asyncio.sleep(6)
            assert len(setup.server.open_watches) == 1


@in_virtual_time
async def test_the_first_expiry_after_events_lists_at_once_and_further_ones_ever_later():
    """(D6)"""
    setup = Setup()
    async with setup.running():
        setup.server.put(thing("a"))
        await asyncio.sleep(5)
        setup.server.end_watches(EXPIRED)
        await settle()
        assert elapsed() == 5.0
        assert len(setup.server.lists) == 2
        assert setup.told == []
        setup.server.next_watches.extend([EXPIRED] * 500)
        setup.server.end_watches(EXPIRED)
        await asyncio.sleep(1000)
        assert 15 < len(setup.server.lists) < 50
        assert {type(error) for error in setup.told} == {errors.Expired}


@in_virtual_time
async def test_a_server_that_serves_lists_and_refuses_watches_is_listed_ever_later():
    """(D6)"""
    setup = Setup()
    setup.server.next_watches.extend([api_error(errors.Forbidden, 403, "Forbidden")] * 500)
    async with setup.running():
        await asyncio.sleep(1000)
        assert 15 < len(setup.server.lists) < 50


@in_virtual_time
async def test_the_back_off_is_reset_by_a_list_that_succeeds():
    """(D6)"""
    setup = Setup()
    setup.server.next_lists.extend([INTERNAL] * 4)
    async with setup.running():
        await asyncio.sleep(200)
        setup.server.end_watches(INTERNAL)
        before = len(setup.server.lists)
        await asyncio.sleep(1.7)
        assert len(setup.server.lists) == before + 1


@in_virtual_time
async def test_a_list_that_fails_long_after_others_is_tried_again_soon():
    """(D6)"""
    setup = Setup()
    setup.server.next_lists.extend([INTERNAL] * 4)
    async with setup.running():
        await asyncio.sleep(200)
        before = len(setup.server.lists)
        setup.server.next_lists.append(INTERNAL)
        setup.server.end_watches(EXPIRED)
        await asyncio.sleep(1.7)
        assert len(setup.server.lists) == before + 2
