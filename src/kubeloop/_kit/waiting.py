"""Waiting: the only module through which clients, rest, authentication and config use the event loop.

These packages do not import `asyncio`, so that a synchronous form can be generated from their source with a synchronous
version of this module (docs/design/waiting.md).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from weakref import WeakKeyDictionary

from kubeloop._kit.tasks import cancel_and_wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

__all__ = [
    "Ahead",
    "Cancelled",
    "Lock",
    "Timeout",
    "gather",
    "let_others_run",
    "now",
    "sleep",
    "timeout",
    "timeout_at",
    "to_the_end",
]

T = TypeVar("T")

Cancelled = asyncio.CancelledError
"""Raised in a call that is cancelled while it waits. Code that catches it must raise it again."""

Timeout = asyncio.Timeout
"""A block that raises `TimeoutError` when its time has passed; `expired()` returns whether that has happened."""


def now() -> float:
    """Return the time of the running event loop, in seconds. It never goes back."""
    return asyncio.get_running_loop().time()


async def sleep(seconds: float) -> None:
    """Wait for some seconds while other tasks run."""
    await asyncio.sleep(seconds)


async def let_others_run() -> None:
    """Yield to other tasks that are ready, between two parts of a long computation."""
    await asyncio.sleep(0)


def timeout(seconds: float | None) -> Timeout:
    """Return a block that raises `TimeoutError` after some seconds; None for no timeout."""
    return asyncio.timeout(seconds)


def timeout_at(when: float | None) -> Timeout:
    """Return a block that raises `TimeoutError` at a time of `now`; None for no timeout."""
    return asyncio.timeout_at(when)


async def gather(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run calls at the same time and return their results in the order of the calls.

    Raises:
        BaseExceptionGroup: Calls failed. The others were cancelled and have ended.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call) for call in calls]
    return [task.result() for task in tasks]


async def to_the_end(call: Coroutine[Any, Any, T]) -> T:
    """Run a call to its end, even if this task is cancelled meanwhile; then raise the cancellation.

    For a short and bounded call that must not stop in the middle. The result of a cancelled call is lost, and so is its
    error. `asyncio.run` waits for the call too, before it closes the event loop.

    Raises:
        Cancelled: This task was cancelled, and the call has ended.
    """
    task = _UnbrokenTask(call, loop=asyncio.get_running_loop())
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # otherwise asyncio logs that nobody read it
        raise cancelled
    return task.result()


class _UnbrokenTask(asyncio.Task[T]):
    """A task that `asyncio.run` does not cancel at its end. Timeouts inside of the task cancel it as usual."""

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel the task while its event loop runs; `asyncio.run` cancels the tasks that are left in between."""
        return self.get_loop().is_running() and super().cancel(msg)


class Ahead(Generic[T]):
    """Values that are computed before they are needed, in order: `async with Ahead(read_page, 2) as pages`.

    A task computes the next values while the program uses the last one. An exception is raised where its value would
    have been returned, after all values before it; another `take` computes that value again. Leaving the block stops
    the computation, and waits until it has stopped. A `take` that is cancelled loses nothing.

    Args:
        compute: Returns the next value; None at the end. It is never called twice at the same time.
        limit: How many values may be computed, or being computed, before they are taken.

    Concurrency: One task enters the block and takes the values.
    """

    __slots__ = ("_compute", "_error", "_has_ended", "_has_news", "_has_room", "_limit", "_ready", "_task")

    def __init__(self, compute: Callable[[], Awaitable[T | None]], limit: int) -> None:
        self._compute = compute
        self._limit = limit
        self._ready: deque[T] = deque()
        self._error: BaseException | None = None
        self._has_ended = False
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        task, self._task = self._task, None
        if task is not None:
            await cancel_and_wait(task)

    async def take(self) -> T | None:
        """Return the next value, None at the end; wait for it if it is not computed yet.

        Raises:
            RuntimeError: The block was left, or was not entered.
            BaseException: The value could not be computed.
        """
        while True:
            if self._task is None:
                raise RuntimeError("values are taken inside of the block that computes them")
            if self._ready:
                self._has_room.set()
                return self._ready.popleft()
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._has_ended:
                return None
            if self._task.done():
                self._task = asyncio.create_task(self._run())
            self._has_news.clear()
            await self._has_news.wait()

    async def _run(self) -> None:
        try:
            while True:
                while len(self._ready) >= self._limit:
                    self._has_room.clear()
                    await self._has_room.wait()
                value = await self._compute()
                if value is None:
                    self._has_ended = True
                    return
                self._ready.append(value)
                self._has_news.set()
        except BaseException as error:
            self._error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._has_news.set()

    def __repr__(self) -> str:
        return f"<Ahead, {len(self._ready)} of {self._limit} ready>"


class Lock:
    """A block that one task at a time runs: `async with lock`.

    Several event loops may share a lock. It only excludes tasks of the same loop.
    """

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def __aenter__(self) -> Self:
        await self._lock().acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._lock().release()

    def _lock(self) -> asyncio.Lock:
        return self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    def __repr__(self) -> str:
        return f"<Lock, {'held' if any(lock.locked() for lock in self._locks.values()) else 'free'}>"
