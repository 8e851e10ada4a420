"""One call of a check: what it returns or raises becomes the text of an error."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeGuard

from kubeloop._kit.text import safe_text
from kubeloop.errors import KubeloopError

__all__ = ["Check", "called", "error_of"]

Check = Callable[[], object]
"""A plain or async function without arguments that raises an exception if its part of the program is unhealthy.

A check that returns False has failed, too, and any other result is ignored.
"""

_MOST_CHARACTERS = 1024


def called(check: Check) -> str | Coroutine[Any, Any, object]:  # what the coroutine awaits is known to asyncio only
    """Call a check.

    Returns:
        The error of a plain check, `""` if it passed; or what a task is to run until an async check ends.

    Raises:
        KeyboardInterrupt, SystemExit: The check raised it. Every other exception is an error of the check.
    """
    try:
        returned = check()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return _text(error)
    if inspect.iscoroutine(returned):
        return returned
    return _awaited(returned) if _is_awaitable(returned) else _verdict(returned)


def error_of(task: asyncio.Task[object]) -> str:
    """Return the error of an async check whose task has ended; `""` if the check passed."""
    if task.cancelled():
        return "the check was cancelled"
    error = task.exception()
    return _verdict(task.result()) if error is None else _text(error)


def _is_awaitable(returned: object) -> TypeGuard[Awaitable[object]]:
    return inspect.isawaitable(returned)


async def _awaited(returned: Awaitable[object]) -> object:
    return await returned


def _verdict(returned: object) -> str:
    return "the check returned False" if returned is False else ""


def _text(error: BaseException) -> str:
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # the exception is a user's, and its kind is known
        text = ""
    if not text or not isinstance(error, KubeloopError):
        text = f"{kind}: {text}" if text else kind
    return safe_text(text, _MOST_CHARACTERS)
