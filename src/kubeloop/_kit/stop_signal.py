"""`until_signalled`: a block that the first SIGTERM or SIGINT ends gracefully, and the second at once."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["StopSignal", "until_signalled"]

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def until_signalled() -> StopSignal:
    """Return a block that ends when the process receives SIGTERM or SIGINT, without an exception.

        async with kubeloop.until_signalled() as stop:
            async with factory, election:
                ...
                await stop.wait()
                queue.shut_down()

    After the first signal, `stop.wait()` returns if the task of the block waits there, and the block goes on, for as
    long as it needs to end gracefully. Whatever else the block awaits then is cancelled, and the block swallows
    exactly this cancellation. A second signal ends the process at once, with the exit status of the signal.
    """
    return StopSignal()


class StopSignal:
    """The `stop` of `until_signalled`: whether the process was told to end, and by which signal.

    Raises:
        RuntimeError: The block is entered outside of the main thread, within another such block, or while the event
            loop has a handler of its own for one of the signals.

    Concurrency: one event loop, in the main thread.

    Reference: controller-runtime pkg/manager/signals (SetupSignalHandler).
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._signal: signal.Signals | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._body: asyncio.Task[Any] | None = None  # the result of the body is not used
        self._cancellations = 0
        self._waiting = 0
        self._has_cancelled = False
        self._previous: dict[signal.Signals, Any] = {}  # what `signal.getsignal` returns: functions and numbers

    def is_set(self) -> bool:
        """Return whether a signal has arrived."""
        return self._event.is_set()

    @property
    def signal(self) -> signal.Signals | None:
        """The first signal; None before it arrives."""
        return self._signal

    async def wait(self) -> None:
        """Wait until a signal arrives.

        Concurrency: any number of tasks can wait; safe to cancel.
        """
        if asyncio.current_task() is not self._body:
            await self._event.wait()
            return
        self._waiting += 1
        try:
            await self._event.wait()
        finally:
            self._waiting -= 1

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise RuntimeError("the block of until_signalled() was entered before; call until_signalled() again")
        self._loop = asyncio.get_running_loop()
        self._body = asyncio.current_task()
        assert self._body is not None, "an async block runs in a task"
        self._cancellations = self._body.cancelling()
        self._install(self._loop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        assert self._loop is not None and self._body is not None, "the block was entered"
        self._restore(self._loop)
        body, self._body = self._body, None
        if not self._has_cancelled:
            return False
        is_cancelled_from_outside = body.uncancel() > self._cancellations
        return isinstance(error, asyncio.CancelledError) and not is_cancelled_from_outside

    def _install(self, loop: asyncio.AbstractEventLoop) -> None:
        for each in _SIGNALS:
            self._previous[each] = signal.getsignal(each)
            # The loop's own handler wakes the loop; ours runs even while the loop is blocked.
            with suppress(NotImplementedError):
                loop.add_signal_handler(each, _do_nothing)
            signal.signal(each, self._received)

    def _restore(self, loop: asyncio.AbstractEventLoop) -> None:
        for each, previous in self._previous.items():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(each)
            if previous is not None:
                signal.signal(each, previous)

    def _received(self, number: int, _: FrameType | None) -> None:
        assert self._loop is not None, "signals are handled within the block"
        received = signal.Signals(number)
        if self._signal is None:
            self._signal = received
            self._loop.call_soon_threadsafe(self._stop, received)
            return
        signal.signal(received, signal.SIG_DFL)
        signal.raise_signal(received)
        # The kernel ignores the default action of signals for the first process of a container.
        os._exit(128 + number)

    def _stop(self, received: signal.Signals) -> None:
        logger.info("received %s: stopping; a second signal ends the process at once", received.name)
        self._event.set()
        if self._body is not None and not self._waiting:
            self._has_cancelled = True
            self._body.cancel()

    def __repr__(self) -> str:
        return f"<StopSignal: {self._signal.name if self._signal else 'not signalled'}>"


def _do_nothing() -> None:
    """Wake the event loop."""
