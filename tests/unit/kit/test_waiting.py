"""Waiting uses the running loop's clock, and calls that run together end together."""

import asyncio

import pytest

from kubeloop._kit import waiting
from kubeloop.testing.virtual_time import VirtualTimeLoop, elapsed, in_virtual_time, settle


@in_virtual_time
async def test_time_and_sleep_are_those_of_the_loop():
    begin = waiting.now()
    await waiting.sleep(3600)
    assert waiting.now() == elapsed() == begin + 3600


@in_virtual_time
async def test_a_block_ends_after_its_seconds():
    begin = waiting.now()
    with pytest.raises(TimeoutError):
        async with waiting.timeout(5) as block:
            await waiting.sleep(60)
    assert block.expired()
    assert waiting.now() == begin + 5


@in_virtual_time
async def test_a_block_ends_at_its_time():
    with pytest.raises(TimeoutError):
        async with waiting.timeout_at(7):
            await waiting.sleep(60)
    assert waiting.now() == 7


@in_virtual_time
async def test_a_block_without_a_bound_does_not_end():
    async with waiting.timeout(None), waiting.timeout_at(None):
        await waiting.sleep(10**6)


@in_virtual_time
async def test_others_run_between_two_slices():
    seen = []
    other = asyncio.ensure_future(note(seen))
    await waiting.let_others_run()
    assert seen == ["other"]
    await other


async def note(seen):
    seen.append("other")


@in_virtual_time
async def test_calls_run_at_the_same_time_and_results_keep_their_order():
    async def after(seconds):
        await waiting.sleep(seconds)
        return seconds

    assert await waiting.gather(after(seconds) for seconds in (3, 1, 2)) == [3, 1, 2]
    assert waiting.now() == 3


@in_virtual_time
async def test_a_call_that_fails_cancels_the_others():
    ended = []

    async def fail():
        await waiting.sleep(1)
        raise ValueError("no")

    async def wait():
        try:
            await waiting.sleep(60)
        except waiting.Cancelled:
            ended.append(waiting.now())
            raise

    with pytest.raises(ExceptionGroup) as caught:
        await waiting.gather([fail(), wait()])
    assert [type(error) for error in caught.value.exceptions] == [ValueError]
    assert ended == [1]


@in_virtual_time
async def test_one_task_at_a_time_holds_a_lock():
    lock = waiting.Lock()
    held = []

    async def hold():
        async with lock:
            assert repr(lock) == "<Lock, held>"
            held.append(waiting.now())
            await waiting.sleep(10)

    await waiting.gather([hold(), hold()])
    assert held == [0, 10]
    assert repr(lock) == "<Lock, free>"


def test_a_lock_serves_several_loops():
    lock = waiting.Lock()
    held = []

    async def hold():
        async with lock:
            held.append(asyncio.get_running_loop())
            await waiting.let_others_run()

    async def contend():
        await waiting.gather([hold(), hold()])

    asyncio.run(contend())
    asyncio.run(contend())
    assert len(held) == 4
    assert len(set(held)) == 2


@in_virtual_time
async def test_a_call_that_runs_to_the_end_returns_its_result_or_error():
    async def call(error):
        await waiting.sleep(1)
        if error:
            raise error
        return 7

    assert await waiting.to_the_end(call(None)) == 7
    with pytest.raises(KeyError):
        await waiting.to_the_end(call(KeyError()))


@in_virtual_time
@pytest.mark.parametrize("error", [None, KeyError()])
async def test_a_cancellation_is_raised_when_the_call_has_ended(error):
    ended = []

    async def call():
        await waiting.sleep(10)
        ended.append(elapsed())
        if error:
            raise error

    with pytest.raises(TimeoutError):
        async with waiting.timeout(3):
            await waiting.to_the_end(call())
    assert ended == [10] == [elapsed()]


@in_virtual_time
async def test_a_call_that_cancels_itself_is_cancelled():
    async def call():
        raise waiting.Cancelled

    with pytest.raises(waiting.Cancelled):
        await waiting.to_the_end(call())


def test_a_call_runs_to_its_end_before_the_event_loop_is_closed():
    ended = []

    async def call():
        async with waiting.timeout(10):
            await waiting.sleep(3)
        with pytest.raises(TimeoutError):
            async with waiting.timeout(1):
                await waiting.sleep(10)
        ended.append(elapsed())

    async def leave_it_running():
        left = asyncio.create_task(waiting.to_the_end(call()))
        await settle()
        return left

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        left = runner.run(leave_it_running())
    assert ended == [4]
    assert left.cancelled()
