"""SharedRead: which read a call gets, in virtual time and in every order of calls, failures and cancellations."""

from __future__ import annotations

import asyncio

import pytest

import kubeloop
from kubeloop.discovery.shared_read import ReadValue, SharedRead
from kubeloop.testing.virtual_time import in_virtual_time


class Source:
    """Counts reads, each of which takes a second; returns the number of the read, or raises."""

    def __init__(self, *errors: Exception | None, is_live: bool = True) -> None:
        self.errors = list(errors)
        self.reads: list[bool] = []
        self.is_live = is_live

    async def __call__(self, must_ask: bool) -> ReadValue[int]:
        self.reads.append(must_ask)
        number = len(self.reads)
        error = self.errors.pop(0) if self.errors else None
        await asyncio.sleep(1)
        if error is not None:
            raise error
        return ReadValue(number, is_live=self.is_live or must_ask)


@in_virtual_time
async def test_a_value_is_read_once() -> None:
    source = Source()
    shared = SharedRead(source)
    assert shared.held is None
    assert [await shared.get(), await shared.get()] == [1, 1]
    assert source.reads == [False]
    assert shared.is_live


@in_virtual_time
async def test_calls_at_the_same_time_share_a_read() -> None:
    source = Source()
    shared = SharedRead(source)
    assert await asyncio.gather(*(shared.get() for _ in range(50))) == [1] * 50
    assert len(source.reads) == 1


@in_virtual_time
async def test_a_call_that_needs_a_newer_value_starts_one_read_for_all_who_do() -> None:
    source = Source()
    shared = SharedRead(source)
    await shared.get()
    moments = [shared.moment() for _ in range(50)]
    assert await asyncio.gather(*(shared.get(moment) for moment in moments)) == [2] * 50
    assert source.reads == [False, True]


@in_virtual_time
async def test_a_read_that_began_before_a_call_is_not_new_enough_for_it() -> None:
    source = Source()
    shared = SharedRead(source)
    first = asyncio.create_task(shared.get())
    await asyncio.sleep(0.5)
    assert await shared.get(shared.moment()) == 2
    assert await first == 1


@in_virtual_time
async def test_calls_of_the_turn_in_which_a_read_begins_are_content_with_it() -> None:
    source = Source()
    shared = SharedRead(source)

    async def call() -> int:
        moment = shared.moment()
        await shared.get()
        return await shared.get(moment)

    assert await asyncio.gather(*(call() for _ in range(50))) == [1] * 50
    assert len(source.reads) == 1


@in_virtual_time
async def test_a_value_from_a_file_is_not_new_enough_for_any_moment() -> None:
    source = Source(is_live=False)
    shared = SharedRead(source)
    moment = shared.moment()
    assert await shared.get() == 1
    assert not shared.is_live
    assert await shared.get(moment) == 2
    assert shared.is_live


@in_virtual_time
async def test_calls_that_wait_for_a_read_share_its_error_and_a_later_call_reads_again() -> None:
    source = Source(kubeloop.ServerSilent("nothing came", method="GET", path="/apis", retryable=True))
    shared = SharedRead(source)
    results = await asyncio.gather(*(shared.get() for _ in range(50)), return_exceptions=True)
    assert {type(result) for result in results} == {kubeloop.ServerSilent}
    assert len({id(result) for result in results}) == 50  # an exception that is raised twice mixes its tracebacks
    assert len(source.reads) == 1
    assert await shared.get() == 2


@in_virtual_time
async def test_a_value_is_kept_when_a_newer_one_cannot_be_read() -> None:
    source = Source(None, kubeloop.DecodeError("garbage"))
    shared = SharedRead(source)
    assert await shared.get() == 1
    with pytest.raises(kubeloop.DecodeError):
        await shared.get(shared.moment())
    assert await shared.get() == 1


@in_virtual_time
async def test_if_the_call_that_reads_is_cancelled_another_one_reads() -> None:
    source = Source()
    shared = SharedRead(source)
    first = asyncio.create_task(shared.get())
    others = [asyncio.create_task(shared.get()) for _ in range(3)]
    await asyncio.sleep(0.5)
    first.cancel()
    assert await asyncio.gather(*others) == [2, 2, 2]
    assert first.cancelled()


@in_virtual_time
async def test_a_dropped_value_is_asked_for_again_and_a_read_under_way_is_not_kept() -> None:
    source = Source()
    shared = SharedRead(source)
    first = asyncio.create_task(shared.get())
    await asyncio.sleep(0.5)
    shared.drop()
    assert await first == 1
    assert shared.held is None
    assert await shared.get() == 2
    assert source.reads == [False, True]


@in_virtual_time
async def test_a_forgotten_value_may_come_from_a_file_again() -> None:
    source = Source()
    shared = SharedRead(source)
    await shared.get()
    shared.forget()
    await shared.get()
    assert source.reads == [False, False]


@in_virtual_time
async def test_its_repr_shows_its_state() -> None:
    source = Source(is_live=False)
    shared = SharedRead(source)
    assert repr(shared) == "<SharedRead, empty>"
    await shared.get()
    assert repr(shared) == "<SharedRead, from files>"
    await shared.get(shared.moment())
    assert repr(shared).startswith("<SharedRead, read at ")
