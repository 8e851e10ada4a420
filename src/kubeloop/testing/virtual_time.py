"""Virtual time: an asyncio event loop in which waiting takes no real time, and in which time is exact.

When no callback is ready, the time jumps to the next timer. Nothing else moves it, so a run is deterministic. Functions
in threads take no virtual time. Sockets, pipes and subprocesses are refused, because the loop cannot know when data
will arrive. Reference: Go's testing/synctest.
"""

from __future__ import annotations

import asyncio
import functools
import math
import selectors
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, TypeVarTuple, Unpack

from .waiting_tasks import describe_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import Executor

__all__ = [
    "EPOCH",
    "Stuck",
    "VirtualClock",
    "VirtualTimeLoop",
    "advance",
    "elapsed",
    "in_virtual_time",
    "now",
    "run",
    "settle",
    "timestamp",
]

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""The wall-clock time at which every `VirtualTimeLoop` starts."""

_LIMIT = 366 * 86_400.0
_MAX_TURNS = 100_000


class Stuck(AssertionError):
    """The run would never end. The message names the tasks that wait, and where they wait.

    Either no callback is ready and no timer is set, or timers have moved the time forward by more than a year.
    """


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that starts at time 0 and jumps to the next timer when no callback is ready.

    `run` and `in_virtual_time` use it. It is public as a loop factory for other runners:

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(main())

    Timers run exactly at their time, in the order of their times. A run that would never end raises `Stuck`.
    """

    def __init__(self) -> None:
        self._virtual_time = 0.0
        self._ends_by = math.inf
        self._threads = 0
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.loop = self
        self._set_time(0.0)

    def time(self) -> float:
        """Return the seconds of virtual time since the loop was created."""
        return self._virtual_time

    def run_forever(self) -> None:
        """Run until `stop` is called.

        Raises:
            Stuck: The run would never end.
        """
        self._ends_by = self._virtual_time + _LIMIT
        super().run_forever()

    def jump(self) -> None:
        """Move the time to the next timer.

        Raises:
            Stuck: There is no timer, or it is more than a year after the start of the run.
        """
        when = self._next_timer()
        if when == math.inf:
            raise Stuck(f"no callback is ready and no timer is set at {self._virtual_time} s{describe_tasks(self)}")
        if when > self._ends_by:
            raise Stuck(f"the run has not ended after a year, at {self._virtual_time} s{describe_tasks(self)}")
        self._set_time(when)

    def advance(self, seconds: float) -> None:
        """Move the time forward, as if the code that runs now needed these seconds; due timers run afterwards."""
        self._set_time(self._virtual_time + seconds)

    @property
    def is_settled(self) -> bool:
        """Whether neither a callback nor a timer is ready."""
        # asyncio has no public name for its callbacks.
        return not vars(self)["_ready"] and self._next_timer() > self._virtual_time

    @property
    def waits_for_threads(self) -> bool:
        """Whether functions run in threads, for which the loop waits in real time."""
        return self._threads > 0

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread. The virtual time stops meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._end_thread)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait until the threads of the default executor have ended, without a timeout."""
        del timeout  # virtual time does not pass meanwhile
        self._threads += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._threads -= 1

    async def subprocess_exec(self, *_: Any, **__: Any) -> NoReturn:  # the arguments of asyncio's method
        """Refuse to start a subprocess, before it starts.

        Raises:
            RuntimeError: Always.
        """
        raise _refusal("a subprocess")

    subprocess_shell = subprocess_exec

    def _end_thread(self, _: asyncio.Future[Any]) -> None:
        self._threads -= 1

    def _next_timer(self) -> float:
        # asyncio has no public name for its heap of timers, whose top is not cancelled when it selects.
        timers = vars(self)["_scheduled"]
        return timers[0].when() if timers else math.inf

    def _set_time(self, time: float) -> None:
        self._virtual_time = time
        # asyncio runs the timers before `time + resolution`. With its constant, 1e-9, that sum is `time` after 2**24 s,
        # and no timer would ever run. With the distance to the next float, the timers at `time` always run.
        self._clock_resolution = math.ulp(time)


class _JumpingSelector(selectors.BaseSelector):
    """A selector that moves the time of its loop instead of waiting. It accepts only the loop's own socket."""

    def __init__(self) -> None:
        self.loop: VirtualTimeLoop | None = None
        self._inner = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self.loop is not None:
            raise _refusal(f"file descriptor {fileobj}")
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        may_wait = timeout is None or timeout > 0
        if may_wait and self.loop is not None and self.loop.waits_for_threads:
            return self._inner.select()  # a thread that ends wakes the loop
        ready = self._inner.select(0)
        if not ready and may_wait and self.loop is not None:
            self.loop.jump()
        return ready

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


def _refusal(what: str) -> RuntimeError:
    return RuntimeError(
        f"expected no sockets, pipes or subprocesses in virtual time, got {what}; "
        "use a transport without sockets, such as a FakeTransport"
    )


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time and return its result, like `asyncio.run`.

        async def wait_an_hour() -> float:
            await asyncio.sleep(3600)
            return virtual_time.elapsed()

        assert virtual_time.run(wait_an_hour()) == 3600.0

    Raises:
        Stuck: The coroutine would never end.
        AssertionError: The coroutine returned and left tasks behind, which are named. They are cancelled.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        result = runner.run(main)
        loop = runner.get_loop()
        # An asynchronous generator that nobody refers to any longer is closed by a task of the loop.
        loop.run_until_complete(asyncio.sleep(0))
        left = describe_tasks(loop)
    if left:
        raise AssertionError(f"expected no tasks at the end of the run{left}")
    return result


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return a plain function that runs an async test in virtual time; a decorator.

        @in_virtual_time
        async def test_an_hour_passes() -> None:
            await asyncio.sleep(3600)
            assert virtual_time.elapsed() == 3600.0

    Parameters and synchronous fixtures work as usual. For async fixtures, use the fixture `virtual_time` of
    `kubeloop.testing.pytest_plugin`.
    """

    @functools.wraps(test)
    def run_test(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(test(*args, **kwargs))

    return run_test


def elapsed() -> float:
    """Return the seconds since the running loop was created, for code that takes a clock like `time.monotonic`.

    Raises:
        RuntimeError: The running loop is not a `VirtualTimeLoop`.
    """
    return _running_loop().time()


def now() -> datetime:
    """Return the virtual wall-clock time in UTC: `EPOCH` plus the time of the loop.

    Raises:
        RuntimeError: The running loop is not a `VirtualTimeLoop`.
    """
    return EPOCH + timedelta(seconds=elapsed())


def timestamp() -> float:
    """Return the virtual wall-clock time in seconds since 1970, for code that takes a clock like `time.time`.

    Raises:
        RuntimeError: The running loop is not a `VirtualTimeLoop`.
    """
    return EPOCH.timestamp() + elapsed()


def advance(seconds: float) -> None:
    """Move the time forward, as if the code that runs now needed these seconds and blocked the loop meanwhile.

    Raises:
        RuntimeError: The running loop is not a `VirtualTimeLoop`.
    """
    _running_loop().advance(seconds)


class VirtualClock:
    """A clock like `time.time` for objects that are created before the event loop runs, such as an `APIServer`.

    In a `VirtualTimeLoop` it returns the virtual wall-clock time. Elsewhere it returns what it has returned last, at
    first `EPOCH`. It never goes back.
    """

    def __init__(self) -> None:
        self._latest = EPOCH.timestamp()

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        with suppress(RuntimeError):  # not in virtual time
            self._latest = max(self._latest, timestamp())
        return self._latest


async def settle() -> None:
    """Run the callbacks that are ready, and those that these make ready, until all tasks wait; the time does not move.

    Raises:
        Stuck: After 100,000 turns of the loop, there are still callbacks.
        RuntimeError: The running loop is not a `VirtualTimeLoop`.
    """
    loop = _running_loop()
    for _ in range(_MAX_TURNS):
        await asyncio.sleep(0)
        if loop.is_settled:
            return
    raise Stuck(f"callbacks are still ready after {_MAX_TURNS} turns{describe_tasks(loop)}")


def _running_loop() -> VirtualTimeLoop:
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualTimeLoop):
        return loop
    raise RuntimeError(f"expected a VirtualTimeLoop, got {type(loop).__name__}; run the test in virtual time")
