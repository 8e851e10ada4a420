"""Virtual time: exact jumps, errors instead of hangs, and the clocks that follow the loop."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import Stuck, VirtualTimeLoop, advance, elapsed, in_virtual_time, settle


async def forever() -> None:
    await asyncio.Event().wait()


@in_virtual_time
async def test_time_jumps_to_the_next_timer_exactly() -> None:
    await asyncio.sleep(3600.1)
    assert elapsed() == 3600.1
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await forever()
    assert elapsed() == 3600.1 + 0.3


@in_virtual_time
async def test_timers_run_in_the_order_of_their_times_each_at_its_own() -> None:
    ran: list[tuple[str, float]] = []

    async def wait(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        ran.append((name, elapsed()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in {"late": 2.0, "early": 1.0, "a moment later": 1.0 + 1e-15, "zero": 0.0}.items():
            group.create_task(wait(name, seconds))
    assert ran == [("zero", 0.0), ("early", 1.0), ("a moment later", 1.0 + 1e-15), ("late", 2.0)]


def test_a_run_returns_the_result_of_its_coroutine_and_takes_no_real_time() -> None:
    async def wait_a_day() -> str:
        await asyncio.sleep(86_400)
        return "done"

    begin = time.monotonic()
    assert virtual_time.run(wait_a_day()) == "done"
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize("moment", [2.0**24, 2.0**27])
def test_timers_still_run_when_the_time_is_too_large_for_nanoseconds(moment: float) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        while runner.get_loop().time() < moment:
            runner.run(asyncio.sleep(2.0**24))
        runner.run(asyncio.sleep(0.25))
        assert runner.get_loop().time() == moment + 0.25


@in_virtual_time
async def test_cancelled_timers_do_not_move_the_time() -> None:
    loop = asyncio.get_running_loop()
    for seconds in range(1, 500):
        loop.call_later(seconds, pytest.fail).cancel()
    await asyncio.sleep(600)
    assert elapsed() == 600.0


@pytest.mark.parametrize("wait", [forever, lambda: asyncio.sleep(math.inf)])
def test_a_run_in_which_nothing_can_happen_names_each_task_and_where_it_waits(
    wait: Callable[[], Awaitable[None]],
) -> None:
    async def scenario() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(consume(), name="consumer")
            await wait()

    async def consume() -> None:
        async for item in items():
            pytest.fail(str(item))

    async def items() -> AsyncIterator[object]:
        yield await asyncio.Queue().get()

    with pytest.raises(Stuck) as caught:
        virtual_time.run(scenario())
    first, main, consumer = str(caught.value).splitlines()
    assert first == "no callback is ready and no timer is set at 0.0 s"
    assert "scenario (test_virtual_time.py:" in main
    assert "Event.wait (locks.py:" in main or "sleep (tasks.py:" in main
    assert consumer.startswith("  consumer: ")
    assert "consume (test_virtual_time.py:" in consumer


def test_a_run_that_only_timers_keep_alive_ends_after_a_year() -> None:
    async def tick() -> None:
        while True:
            await asyncio.sleep(86_400)

    with pytest.raises(
        Stuck, match=r"has not ended after a year, at 31622400.0 s\n  Task-\d+: .*tick \(test_virtual_time"
    ):
        virtual_time.run(tick())


def test_the_year_begins_anew_with_each_run_of_a_loop() -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        for _ in range(3):
            runner.run(asyncio.sleep(300 * 86_400))
        assert runner.get_loop().time() == 900 * 86_400


def test_tasks_that_were_not_awaited_fail_the_run() -> None:
    kept = []  # the loop has only a weak reference to a task

    async def scenario() -> None:
        kept.append(asyncio.create_task(forever(), name="lost"))
        await settle()

    with pytest.raises(AssertionError, match=r"expected no tasks at the end of the run\n  lost: forever \("):
        virtual_time.run(scenario())
    assert kept[0].cancelled()


def test_an_error_of_the_coroutine_is_raised_as_it_is_even_with_tasks_left() -> None:
    async def scenario() -> None:
        task = asyncio.create_task(forever())
        await settle()
        raise OSError(f"no {task.get_name()[:4]}")

    with pytest.raises(OSError, match="no Task"):
        virtual_time.run(scenario())


@in_virtual_time
async def test_a_thread_takes_no_virtual_time() -> None:
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> str:
        loop.call_soon_threadsafe(released.set)
        return "worked"

    async with asyncio.timeout(0.001):
        assert await asyncio.to_thread(work) == "worked"
        await released.wait()
    assert elapsed() == 0.0
    await asyncio.sleep(5)
    assert elapsed() == 5.0


@in_virtual_time
async def test_a_thread_that_fails_ends_the_wait_for_it_too() -> None:
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 / 0)
    await asyncio.sleep(5)
    assert elapsed() == 5.0


@in_virtual_time
async def test_sockets_and_subprocesses_are_refused() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(RuntimeError, match="expected no sockets, pipes or subprocesses in virtual time, got file desc"):
        loop.add_reader(0, print)
    with pytest.raises(RuntimeError, match="got a subprocess"):
        await asyncio.create_subprocess_exec("true")
    with pytest.raises(RuntimeError, match="got a subprocess"):
        await asyncio.create_subprocess_shell("true")


@in_virtual_time
async def test_the_wall_clock_follows_the_loop() -> None:
    assert virtual_time.now() == virtual_time.EPOCH == datetime(2000, 1, 1, tzinfo=UTC)
    await asyncio.sleep(86_400.5)
    assert virtual_time.now() == datetime(2000, 1, 2, 0, 0, 0, 500_000, tzinfo=UTC)
    assert virtual_time.timestamp() == virtual_time.now().timestamp()


def test_a_clock_of_an_older_object_follows_the_loop_and_never_goes_back() -> None:
    clock = virtual_time.VirtualClock()

    async def wait() -> float:
        await asyncio.sleep(60)
        return clock()

    begin = virtual_time.EPOCH.timestamp()
    assert clock() == begin
    assert virtual_time.run(wait()) == clock() == begin + 60
    with asyncio.Runner() as runner:
        assert runner.run(asyncio.sleep(0, result=clock())) == begin + 60
    assert virtual_time.run(asyncio.sleep(1, result=clock())) == begin + 60


@in_virtual_time
async def test_settle_runs_all_that_is_ready_and_does_not_move_the_time() -> None:
    steps: list[int] = []

    async def work() -> None:
        for step in range(500):
            await asyncio.sleep(0)
            steps.append(step)
        asyncio.get_running_loop().call_later(0, steps.append, 500)
        await asyncio.sleep(1)

    task = asyncio.create_task(work())
    await settle()
    assert len(steps) == 501
    assert elapsed() == 0.0
    await task


def test_settling_beside_a_task_that_never_waits_is_an_error() -> None:
    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    async def scenario() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(spin(), name="spinner")
            await settle()

    with pytest.raises(BaseExceptionGroup) as caught:
        virtual_time.run(scenario())
    assert caught.group_contains(Stuck, match=r"ready after 100000 turns(.|\n)*spinner: .*spin \(test_virtual_time")


@in_virtual_time
async def test_code_that_blocks_the_loop_moves_the_time_and_timers_run_late() -> None:
    ran: list[float] = []
    asyncio.get_running_loop().call_later(1, lambda: ran.append(elapsed()))
    advance(5)
    assert elapsed() == 5.0
    await settle()
    assert ran == [5.0]


@pytest.mark.parametrize("use", [elapsed, virtual_time.now, virtual_time.timestamp, lambda: advance(1)])
async def test_the_functions_refuse_a_loop_with_another_clock(use: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match=r"expected a VirtualTimeLoop, got .*; run the test in virtual time"):
        use()


def test_a_generator_that_nobody_closed_is_no_task_that_was_left() -> None:
    async def main() -> None:
        async def numbers() -> AsyncIterator[int]:
            yield 1

        assert await anext(numbers()) == 1

    virtual_time.run(main())
