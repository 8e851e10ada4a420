"""`until_signalled` within this process: what the block does at the first signal. Nothing here ends the process.

The second signal, and the exit status, are in `tests/faults/test_signalled_processes.py`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

import kubeloop
from kubeloop.errors import LeadershipLost
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import VirtualTimeLoop, elapsed
from tests.support import loops
from tests.support.elections import election_of


class WithoutSignals(asyncio.SelectorEventLoop):
    """A loop without signal handlers of its own, like those of Windows."""

    def add_signal_handler(self, *_: Any) -> None:
        raise NotImplementedError

    def remove_signal_handler(self, sig: int) -> bool:
        raise NotImplementedError


Main = Callable[[], Coroutine[Any, Any, Any]]
SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOPS = [asyncio.SelectorEventLoop, loops.uvloop.new_event_loop, WithoutSignals]


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    """Protect the test run from a signal that nobody handles, and check that blocks restore the handlers."""
    before = {each: signal.signal(each, _fail) for each in SIGNALS}
    yield
    after = {each: signal.signal(each, before[each]) for each in SIGNALS}
    assert after == dict.fromkeys(SIGNALS, _fail)


def _fail(number: int, _: object) -> None:
    raise AssertionError(f"nobody handled the signal {number}")


def run(main: Main) -> Any:
    """Run a coroutine in virtual time."""
    return virtual_time.run(main())


def send(number: int = signal.SIGTERM) -> None:
    """Send a signal to this process, which handles it before this function returns."""
    os.kill(os.getpid(), number)


def send_after(seconds: float, number: int = signal.SIGTERM) -> None:
    asyncio.get_running_loop().call_later(seconds, send, number)


# The wait of the body


@pytest.mark.parametrize("number", SIGNALS)
def test_the_wait_of_the_body_returns_and_the_body_goes_on(number: signal.Signals) -> None:
    async def main() -> list[object]:
        async with kubeloop.until_signalled() as stop:
            seen: list[object] = [stop.is_set(), stop.signal]
            send_after(5, number)
            await stop.wait()
            seen += [elapsed(), stop.is_set(), stop.signal]
            await asyncio.sleep(30)
            return [*seen, elapsed()]

    assert run(main) == [False, None, 5, True, number, 35]


def test_a_wait_after_the_signal_returns_at_once() -> None:
    async def main() -> float:
        async with kubeloop.until_signalled() as stop:
            send_after(5)
            await stop.wait()
            await stop.wait()
            return elapsed()

    assert run(main) == 5


def test_other_tasks_wait_too_and_are_not_cancelled() -> None:
    async def main() -> list[float]:
        seen: list[float] = []

        async def work(stop: kubeloop.StopSignal) -> None:
            await stop.wait()
            await asyncio.sleep(2)
            seen.append(elapsed())

        async with kubeloop.until_signalled() as stop, asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(work(stop))
            send_after(5)
            await stop.wait()
        return seen

    assert run(main) == [7, 7, 7]


def test_a_wait_with_a_timeout_ends_with_either() -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        async with kubeloop.until_signalled() as stop:
            send_after(5)
            for _ in range(2):
                try:
                    async with asyncio.timeout(3):
                        await stop.wait()
                    seen.append("signal")
                except TimeoutError:
                    seen.append("timeout")
        return seen

    assert run(main) == ["timeout", "signal"]


def test_a_cancelled_wait_is_no_wait_any_more() -> None:
    async def main() -> float:
        async with kubeloop.until_signalled() as stop:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await stop.wait()
            send_after(1)
            await asyncio.sleep(100)
            raise AssertionError("the sleep was cancelled")
        return elapsed()

    assert run(main) == 2


# What else the body awaits


def test_whatever_else_the_body_awaits_is_cancelled_and_the_block_ends_quietly() -> None:
    async def main() -> list[object]:
        seen: list[object] = []
        async with kubeloop.until_signalled():
            send_after(5)
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
        task = asyncio.current_task()
        assert task is not None
        await asyncio.sleep(1)  # the task can wait again
        return [*seen, elapsed(), task.cancelling()]

    assert run(main) == ["cancelled", 6, 0]


def test_the_tasks_of_a_group_are_cancelled_if_the_body_waits_for_them() -> None:
    async def main() -> list[float]:
        ended: list[float] = []

        async def work() -> None:
            try:
                await asyncio.sleep(100)
            finally:
                ended.append(elapsed())

        async with kubeloop.until_signalled(), asyncio.TaskGroup() as group:
            group.create_task(work())
            group.create_task(work())
            send_after(5)
        return ended

    assert run(main) == [5, 5]


def test_a_body_that_goes_on_after_the_cancellation_ends_normally() -> None:
    async def main() -> list[object]:
        async with kubeloop.until_signalled() as stop:
            send_after(5)
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                await asyncio.sleep(10)
        task = asyncio.current_task()
        assert task is not None
        return [elapsed(), stop.is_set(), task.cancelling()]

    assert run(main) == [15, True, 0]


def test_an_exception_of_the_body_wins() -> None:
    async def main() -> None:
        async with kubeloop.until_signalled():
            send_after(5)
            try:
                await asyncio.sleep(100)
            finally:
                raise ValueError("while it ended")

    with pytest.raises(ValueError, match="while it ended"):
        run(main)


def test_an_exception_of_a_task_in_a_group_wins() -> None:
    async def main() -> None:
        async def work() -> None:
            try:
                await asyncio.sleep(100)
            finally:
                raise ValueError("while it ended")

        async with kubeloop.until_signalled(), asyncio.TaskGroup() as group:
            group.create_task(work())
            send_after(5)

    with pytest.raises(ExceptionGroup) as caught:
        run(main)
    assert caught.group_contains(ValueError, match="while it ended")


# Cancellations by others


@pytest.mark.parametrize("has_signal", [False, True])
def test_a_cancellation_by_others_stays_one(has_signal: bool) -> None:
    async def body() -> None:
        async with kubeloop.until_signalled():
            await asyncio.sleep(100)

    async def main() -> tuple[bool, float]:
        task = asyncio.create_task(body())
        if has_signal:
            send_after(5)
        asyncio.get_running_loop().call_later(5, task.cancel)
        await asyncio.wait([task])
        return task.cancelled(), elapsed()

    assert run(main) == (True, 5)


@pytest.mark.parametrize("has_signal", [False, True])
def test_a_timeout_around_the_block_stays_one(has_signal: bool) -> None:
    async def main() -> None:
        async with asyncio.timeout(5):
            async with kubeloop.until_signalled():
                if has_signal:
                    send_after(5)
                await asyncio.sleep(100)

    with pytest.raises(TimeoutError):
        run(main)


def test_a_task_that_was_cancelled_before_the_block_can_use_it() -> None:
    async def body() -> tuple[float, int]:
        task = asyncio.current_task()
        assert task is not None
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            async with kubeloop.until_signalled():
                send_after(5)
                await asyncio.sleep(100)
        return elapsed(), task.cancelling()

    async def main() -> tuple[float, int]:
        task = asyncio.create_task(body())
        await asyncio.sleep(1)
        task.cancel()
        return await task

    assert run(main) == (6, 1)


def test_a_signal_in_the_last_step_of_the_body_does_no_harm() -> None:
    async def main() -> list[object]:
        async with kubeloop.until_signalled() as stop:
            send()
        await asyncio.sleep(1)
        return [stop.is_set(), stop.signal, elapsed()]

    assert run(main) == [True, signal.SIGTERM, 1]


# Leader election


def test_a_candidate_that_waits_for_the_lease_ends() -> None:
    async def main() -> tuple[float, str]:
        client = fake.Clientset()
        async with election_of(client, "other"):
            election = election_of(client)
            async with kubeloop.until_signalled() as stop:
                send_after(60)
                async with election:
                    await stop.wait()
                    raise AssertionError("the other candidate leads")
            return elapsed(), election.leader

    assert run(main) == (60, "other")


def test_a_leader_ends_gracefully_and_releases_the_lease() -> None:
    async def main() -> tuple[list[float], str]:
        client, done = fake.Clientset(), list[float]()
        election = election_of(client)
        queue: kubeloop.WorkQueue[int] = kubeloop.WorkQueue()

        async def work() -> None:
            async for item in queue:
                await asyncio.sleep(3)
                done.append(elapsed())
                queue.done(item)

        async with kubeloop.until_signalled() as stop, election, asyncio.TaskGroup() as group:
            group.create_task(work())
            queue.add(1)
            queue.add(2)
            send_after(1)
            await stop.wait()
            queue.shut_down()
        return done, election.leader

    assert run(main) == ([3, 6], "")


def test_a_lost_lease_is_reported_as_such() -> None:
    async def main() -> None:
        client = fake.Clientset()
        async with kubeloop.until_signalled() as stop, election_of(client):
            client.api.on("*", "leases").fail(503)
            await stop.wait()

    with pytest.raises(LeadershipLost):
        run(main)


# Handlers


@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop", "without signal handlers"])
@pytest.mark.parametrize("waits", [True, False])
def test_every_event_loop_is_woken(new_loop: Callable[[], asyncio.AbstractEventLoop], waits: bool) -> None:
    async def main() -> signal.Signals | None:
        async with asyncio.timeout(30), kubeloop.until_signalled() as stop:
            send_after(0.01)
            await (stop.wait() if waits else asyncio.sleep(100))
        return stop.signal

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(main()) is signal.SIGTERM
        assert [signal.getsignal(each) for each in SIGNALS] == [_fail, _fail]


def test_the_handlers_of_before_work_again_after_the_block() -> None:
    async def main() -> None:
        async with kubeloop.until_signalled():
            pass
        send()

    with pytest.raises(AssertionError, match="nobody handled the signal 15"):
        run(main)


def test_the_interrupt_of_asyncio_run_works_after_the_block() -> None:
    async def main() -> None:
        async with kubeloop.until_signalled() as stop:
            send_after(0, signal.SIGINT)
            await stop.wait()
        send_after(0, signal.SIGINT)
        await asyncio.sleep(100)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(main)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_blocks_can_follow_each_other() -> None:
    async def main() -> float:
        for _ in range(3):
            async with kubeloop.until_signalled() as stop:
                send_after(5)
                await stop.wait()
        return elapsed()

    assert run(main) == 15


# Errors


def test_a_nested_block_is_an_error_and_the_outer_one_still_works() -> None:
    async def main() -> float:
        async with kubeloop.until_signalled() as stop:
            with pytest.raises(RuntimeError, match="within its own block; pass the outer `stop` on"):
                async with kubeloop.until_signalled():
                    pass
            send_after(5)
            await stop.wait()
        return elapsed()

    assert run(main) == 5


def test_a_block_is_entered_once() -> None:
    async def main() -> None:
        stop = kubeloop.until_signalled()
        async with stop:
            pass
        async with stop:
            pass

    with pytest.raises(RuntimeError, match=r"entered before; call until_signalled\(\) again"):
        run(main)


def test_another_thread_cannot_handle_signals() -> None:
    errors: list[BaseException] = []

    async def main() -> None:
        async with kubeloop.until_signalled():
            pass

    def thread() -> None:
        try:
            asyncio.run(main())
        except RuntimeError as error:
            errors.append(error)

    started = threading.Thread(target=thread)
    started.start()
    started.join()
    assert [str(error) for error in errors] == [
        "until_signalled() is for the main thread, the only one that may handle signals"
    ]


@pytest.mark.parametrize("new_loop", [VirtualTimeLoop, loops.uvloop.new_event_loop])
def test_a_handler_of_the_loop_itself_is_an_error(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, print)
        try:
            async with kubeloop.until_signalled():
                pass
        finally:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)

    with (
        asyncio.Runner(loop_factory=new_loop) as runner,
        pytest.raises(RuntimeError, match="the event loop had a handler for SIGINT of its own"),
    ):
        runner.run(main())
    signal.signal(signal.SIGINT, _fail)


# The log


def test_the_signal_is_logged_with_the_context_of_the_block(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    caplog.handler.addFilter(log_filter := kubeloop.LogContextFilter())

    async def main() -> None:
        with kubeloop.log_context(component="all"):
            async with kubeloop.until_signalled() as stop:
                with kubeloop.log_context(object="interrupted"):
                    send()
                await stop.wait()

    try:
        run(main)
    finally:
        caplog.handler.removeFilter(log_filter)
    (record,) = caplog.records
    assert record.getMessage() == "SIGTERM was received: the program ends gracefully; a second signal ends it at once"
    assert vars(record)["log_context"] == " component=all"


def test_the_repr_shows_the_signal() -> None:
    async def main() -> list[str]:
        async with kubeloop.until_signalled() as stop:
            before = repr(stop)
            send()
            await stop.wait()
            return [before, repr(stop)]

    assert run(main) == ["<StopSignal, not set>", "<StopSignal, SIGTERM>"]
