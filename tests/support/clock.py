"""Virtual time: an asyncio loop in which waiting costs nothing and time is exact.

    @virtual
    async def test_waits_a_minute():
        await asyncio.sleep(60)
        assert now() == 60.0

When no callback is ready, the loop's time jumps to the next timer. Runs are deterministic: the loop starts at 0.0 and
only timers move it. A test that would hang for ever (no callback is ready and no timer runs) raises `Deadlock` at once,
with the tasks that wait. A task that still exists when the coroutine ends fails the test: every task has an owner that
awaits it.

This works only for code that waits through the loop: no sockets, subprocesses or threads.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Deadlock", "VirtualTimeLoop", "now", "run_virtual", "settle", "virtual"]

P = ParamSpec("P")
T = TypeVar("T")


class Deadlock(AssertionError):
    """No callback is ready and no timer runs: the test would wait for ever."""


class _JumpingSelector(selectors.BaseSelector):
    """A selector without sockets: instead of waiting, `select` moves the loop's time."""

    def __init__(self) -> None:
        self.loop: VirtualTimeLoop | None = None
        self._inner = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert self.loop is not None
        ready = self._inner.select(0)
        if not ready and (timeout is None or timeout > 0):
            self.loop.jump()
        return ready

    def get_map(self) -> Any:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock does not advance while callbacks run and jumps when none is ready."""

    def __init__(self, *, start: float = 0.0) -> None:
        self._virtual_now = start
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self._virtual_now

    def jump(self) -> None:
        """Move the time to the next timer, exactly."""
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        if timers:
            self._virtual_now = max(self._virtual_now, min(timers))
            return
        waiting = "\n  ".join(sorted(repr(task) for task in asyncio.all_tasks(self)))
        raise Deadlock(f"nothing is ready and no timer runs at {self._virtual_now}; waiting:\n  {waiting}")


def now() -> float:
    """The running loop's time, in seconds."""
    return asyncio.get_running_loop().time()


async def settle(turns: int = 20) -> None:
    """Run every callback that is ready, and the callbacks that these make ready, without moving the time."""
    for _ in range(turns):
        await asyncio.sleep(0)


def run_virtual(main: Coroutine[Any, Any, T], *, start: float = 0.0) -> T:
    """Run a coroutine to its end in virtual time and return its result.

    Raises:
        Deadlock: The coroutine would have waited for ever.
        AssertionError: The coroutine ended but left tasks behind, which are named (and cancelled).
    """
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start=start)) as runner:
        result = runner.run(main)
        left = [repr(task) for task in asyncio.all_tasks(runner.get_loop())]
    if left:
        raise AssertionError("tasks that nobody awaited:\n  " + "\n  ".join(left))
    return result


def virtual(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run an async test function in virtual time; fixtures and parameters work as usual. A decorator."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtual(test(*args, **kwargs))

    return run
