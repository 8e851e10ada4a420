"""Ending tasks: cancel them and wait until they have ended."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["cancel_and_wait"]


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until all of them have ended, even if a task ignores its cancellation.

    If this call is cancelled, it waits for all tasks before it raises the cancellation.

    Raises:
        BaseException: A task ended with an exception other than its cancellation. Several exceptions are raised as one
            BaseExceptionGroup.

    Concurrency: In the event loop of the tasks, and not from one of them.
    """
    for task in tasks:
        task.cancel()
    cancelled: asyncio.CancelledError | None = None
    pending: set[asyncio.Task[Any]] = {task for task in tasks if not task.done()}
    while pending:
        try:
            _, pending = await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            # This call was cancelled (`wait` does not raise the tasks' cancellations): wait for all tasks first.
            cancelled = error
            pending = {task for task in pending if not task.done()}
    faults = [fault for task in tasks if not task.cancelled() and (fault := task.exception()) is not None]
    if cancelled is not None:
        raise cancelled
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise BaseExceptionGroup("tasks failed while they were ended", faults)
