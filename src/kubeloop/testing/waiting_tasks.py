"""A description of the tasks of a loop: what they run, and where they wait."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["describe_tasks"]

_KINDS = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))


def describe_tasks(loop: asyncio.AbstractEventLoop) -> str:
    """Return one line per task of a loop that has not ended, each after a line break; `""` without tasks.

    A line names the task and the functions that wait for each other, outermost first:
    `Task-1: test_pods (test_pods.py:12) > Queue.get (queues.py:158)`.
    """
    tasks = sorted(asyncio.all_tasks(loop), key=_name_and_number)
    return "".join(f"\n  {task.get_name()}: {_where(task)}" for task in tasks)


def _name_and_number(task: asyncio.Task[Any]) -> tuple[str, int]:
    name = task.get_name()
    text = name.rstrip("0123456789")
    return text, int(name[len(text) :] or 0)


def _where(task: asyncio.Task[Any]) -> str:
    functions: list[str] = []
    # Each step is the object that the one before awaits; the last is a future or an awaitable of C code. Coroutines,
    # generators and asynchronous generators name their attributes differently.
    waiting: Any = task.get_coro()
    while kind := next((kind for kind in _KINDS if hasattr(waiting, kind[0])), None):
        frame: FrameType | None = getattr(waiting, kind[0])
        place = f" ({Path(frame.f_code.co_filename).name}:{frame.f_lineno})" if frame is not None else ""
        functions.append(waiting.__qualname__.replace("<locals>.", "") + place)
        waiting = getattr(waiting, kind[1])
    return " > ".join(functions) or repr(task.get_coro())
