"""`until_signalled`: a block that the first SIGTERM or SIGINT ends gracefully, and the second at once."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["StopSignal", "until_signalled"]

logger = logging.getLogger(__name__)

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def until_signalled() -> StopSignal:
    """Return a block that ends gracefully when the process receives SIGTERM or SIGINT.

        async with kubeloop.until_signalled() as stop:
            async with election:
                ...
                await stop.wait()
                queue.shut_down()

    If the task of the block is in `stop.wait()` when the first signal arrives, the wait returns, and the block runs to
    its end. Whatever else the task awaits is cancelled, so that a wait for a lease or a server ends, too. The block
    swallows exactly this cancellation and then ends without an exception; an exception of the body and a cancellation
    of the task by somebody else are raised as usual.

    A second signal ends the process at once, even if the event loop is blocked, and the exit status is that of the
    signal. After the block, signals have the effect that they had before.

    Raises:
        RuntimeError: The block is entered outside of the main thread, while another one runs, for a second time, or
            while the event loop has a handler of its own for one of the signals.

    Concurrency: one event loop, in the main thread.

    Reference: controller-runtime pkg/manager/signals (SetupSignalHandler).
    """
    return StopSignal()


class StopSignal:
    """The `stop` of `until_signalled`: whether a signal has arrived, and which one.

    A function that only uses `is_set` and `wait` works with an `asyncio.Event`, too, for instance in tests.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._signal: signal.Signals | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._body: asyncio.Task[Any] | None = None  # nobody reads the result
        self._cancellations = 0
        self._is_waiting = False
        self._has_cancelled = False
        # The signal handlers before the block, which may be functions, numbers or None.
        self._previous: dict[signal.Signals, Any] = {}
        self._context = contextvars.Context()

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
        self._is_waiting = True
        try:
            await self._event.wait()
        finally:
            self._is_waiting = False

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise RuntimeError("the block was entered before; call until_signalled() again")
        loop = asyncio.get_running_loop()
        _check_free(loop)
        self._loop = loop
        self._body = asyncio.current_task()
        assert self._body is not None, "an async block runs in a task"
        self._cancellations = self._body.cancelling()
        # Otherwise the log lines would have the context of whatever the signal interrupts.
        self._context = contextvars.copy_context()
        for each in _SIGNALS:
            self._previous[each] = signal.getsignal(each)
            # The handler of the loop does nothing but wake it. Ours runs while the loop is blocked, too.
            with suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(each, _do_nothing)
            signal.signal(each, self._receive)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        body, self._body = self._body, None
        assert body is not None, "the block was entered"
        for each, previous in self._previous.items():
            _forget_loop_handler(asyncio.get_running_loop(), each)
            if previous is not None:  # otherwise it was not set by Python, and Python cannot set it
                signal.signal(each, previous)
        if not self._has_cancelled:
            return False
        is_cancelled_by_others = body.uncancel() > self._cancellations
        return isinstance(error, asyncio.CancelledError) and not is_cancelled_by_others

    def _receive(self, number: int, _: FrameType | None) -> None:
        """Handle a signal, between any two steps of the program."""
        received = signal.Signals(number)
        if self._signal is not None:
            signal.signal(received, signal.SIG_DFL)
            signal.raise_signal(received)
            # The kernel spares the first process of a container, for which signals have no default action.
            os._exit(128 + number)
        self._signal = received
        assert self._loop is not None, "the block was entered"
        self._loop.call_soon_threadsafe(self._stop, received.name, context=self._context)

    def _stop(self, name: str) -> None:
        logger.info("%s was received: the program ends gracefully; a second signal ends it at once", name)
        self._event.set()
        if self._body is not None and not self._is_waiting:
            self._has_cancelled = True
            self._body.cancel()

    def __repr__(self) -> str:
        return f"<StopSignal, {self._signal.name if self._signal is not None else 'not set'}>"


def _check_free(loop: asyncio.AbstractEventLoop) -> None:
    """Check that this thread may handle the signals, and that nobody else in the loop does."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("until_signalled() is for the main thread, the only one that may handle signals")
    for each in _SIGNALS:
        if getattr(signal.getsignal(each), "__func__", None) is StopSignal._receive:
            raise RuntimeError("until_signalled() was called within its own block; pass the outer `stop` on")
    for each in _SIGNALS:
        if _forget_loop_handler(loop, each):
            raise RuntimeError(f"the event loop had a handler for {each.name} of its own; use until_signalled() alone")


def _forget_loop_handler(loop: asyncio.AbstractEventLoop, each: signal.Signals) -> bool:
    """Remove the loop's own handler of a signal; return whether there was one."""
    with suppress(NotImplementedError):  # Windows
        return loop.remove_signal_handler(each)
    return False


def _do_nothing() -> None:
    """Wake the event loop."""
