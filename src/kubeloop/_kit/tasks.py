"""Ending tasks: cancel them and wait until they have ended."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["cancel_and_wait"]


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and return when all of them have ended.

    They have all ended however this call ends, also when it is itself cancelled meanwhile: that cancellation is
    raised once they have. A task that does not let itself be cancelled is waited for.

    Raises:
        BaseException: what a task ended with other than its cancellation; several come as one BaseExceptionGroup.

    Concurrency: on the loop of the tasks, not from one of them.
    """
    for task in tasks:
        task.cancel()
    cancelled: asyncio.CancelledError | None = None
    pending: set[asyncio.Task[Any]] = {task for task in tasks if not task.done()}
    while pending:
        try:
            _, pending = await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            # Ours, not a task's (`wait` never raises theirs): finish first, then obey.
            cancelled = error
            pending = {task for task in pending if not task.done()}
    faults = [fault for task in tasks if not task.cancelled() and (fault := task.exception()) is not None]
    if cancelled is not None:
        raise cancelled
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise BaseExceptionGroup("tasks failed while they were ended", faults)
