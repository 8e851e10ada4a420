"""`CheckGroup`: the named checks of liveness or of readiness; it calls them, each for a limited time.

What a result means for the log is decided by `check_history`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, cast

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.near_names import did_you_mean
from kubeloop._kit.text import safe_text
from kubeloop.errors import KubeloopError
from kubeloop.health.check_history import CheckHistory
from kubeloop.health.health_report import CheckResult, HealthReport

__all__ = ["Check", "CheckGroup"]

Check = Callable[[], object]
"""A plain or async function without arguments that raises an exception if the part of the program is unhealthy.

A check that returns False has failed, too; any other result is ignored.
"""

PING = "ping"
_END_SECONDS = 0.1
_MOST_CHARACTERS = 1024
_is_name = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._~-]*[A-Za-z0-9])?").fullmatch

logger = logging.getLogger(__name__)


class CheckGroup:
    """The checks of one kind, in the order in which they were added. The first is `ping`, which always passes.

    Args:
        kind: `"liveness"` or `"readiness"`, for log lines.
        timeout: The seconds after which an async check has failed.
        is_failing_at_start: Whether the checks may fail at the start of a healthy program.

    Concurrency: one event loop.
    """

    def __init__(self, kind: str, timeout: float, *, is_failing_at_start: bool) -> None:
        self._kind = kind
        self._timeout = timeout
        self._checks: dict[str, Check] = {PING: _ping}
        self._history = CheckHistory(is_failing_at_start=is_failing_at_start)
        self._unending: dict[str, asyncio.Task[object]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the checks."""
        return tuple(self._checks)

    def add(self, name: str, check: Check) -> None:
        """Add a check; see `HealthChecks.add_liveness`."""
        if not _is_name(name):
            raise ValueError(
                f"expected a name of letters, digits, '-', '.', '_' and '~', got {name!r}: a {self._kind} check"
            )
        if name in self._checks:
            raise ValueError(f"there is a {self._kind} check {name!r} already")
        if not callable(check):
            raise TypeError(f"expected a function, got {type(check).__name__}: {self._kind} check {name!r}")
        self._checks[name] = check

    async def report(self, exclude: Collection[str] = ()) -> HealthReport:
        """Call all checks but the excluded ones, and return what they found."""
        if isinstance(exclude, str):
            raise TypeError(f"expected a collection of names to exclude, got the text {exclude!r}")
        errors = await self._errors([name for name in self._checks if name not in exclude])
        results = tuple(CheckResult(name, errors.get(name, ""), name not in errors) for name in self._checks)
        return HealthReport(results, tuple(sorted(set(exclude).difference(self._checks))))

    async def result(self, name: str) -> CheckResult:
        """Call one check.

        Raises:
            ValueError: There is no check with this name.
        """
        if name not in self._checks:
            raise ValueError(f"there is no {self._kind} check {name!r}{did_you_mean(name, self.names)}")
        return CheckResult(name, (await self._errors([name]))[name])

    async def _errors(self, names: Iterable[str]) -> dict[str, str]:
        """Return the error of each check, `""` if it passed: plain checks first, and the async ones at the same time."""
        errors: dict[str, str] = {}
        tasks: dict[str, asyncio.Task[object]] = {}
        try:
            for name in names:
                if name in self._unending:
                    errors[name] = "the check of an earlier probe has not ended: it ignores its cancellation"
                    continue
                outcome = _outcome(self._checks[name])
                if isinstance(outcome, str):
                    errors[name] = outcome
                else:
                    tasks[name] = asyncio.get_running_loop().create_task(outcome, name=f"{self._kind} check {name}")
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self._timeout)
        finally:
            timed_out = {name for name, task in tasks.items() if not task.done()}
            await self._end({name: tasks[name] for name in timed_out})
        for name, task in tasks.items():
            errors[name] = f"timed out after {in_seconds(self._timeout)}" if name in timed_out else _error_of(task)
        self._log(errors)
        return errors

    async def _end(self, tasks: dict[str, asyncio.Task[object]]) -> None:
        """Cancel checks, and wait a moment for their end; a check that ignores its cancellation is not called again."""
        for name, task in tasks.items():
            self._unending[name] = task
            task.add_done_callback(lambda ended, name=name: self._ended(name, ended))
            task.cancel()
        if tasks:
            await asyncio.wait(tasks.values(), timeout=_END_SECONDS)

    def _ended(self, name: str, task: asyncio.Task[object]) -> None:
        if self._unending.get(name) is task:
            del self._unending[name]
        if not task.cancelled():
            task.exception()  # otherwise asyncio logs that nobody read it

    def _log(self, errors: dict[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        for name, error in errors.items():
            news = self._history.record(name, error, now)
            logger.log(news.level, "%s check %s: %s", self._kind, name, news.text)

    def __repr__(self) -> str:
        return f"<CheckGroup {self._kind}: {', '.join(self._checks)}>"


def _ping() -> None:
    """Pass."""


def _outcome(check: Check) -> Any:  # the coroutine of an async check, or the text of an error
    """Call a check; return `""` if it passed, the error if it failed, or a coroutine that is to be awaited."""
    try:
        returned = check()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return _text(error)
    if inspect.isawaitable(returned):
        return _awaited(cast("Awaitable[object]", returned))
    return _verdict(returned)


async def _awaited(awaitable: Awaitable[object]) -> object:
    return await awaitable


def _error_of(task: asyncio.Task[object]) -> str:
    if task.cancelled():
        return "the check was cancelled"
    error = task.exception()
    return _verdict(task.result()) if error is None else _text(error)


def _verdict(returned: object) -> str:
    return "the check returned False" if returned is False else ""


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = ""
    kind = type(error).__name__
    return safe_text(
        text if text and isinstance(error, KubeloopError) else f"{kind}: {text}" if text else kind, _MOST_CHARACTERS
    )
