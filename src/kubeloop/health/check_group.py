"""`CheckGroup`: the named checks of liveness or of readiness. It calls them, each for a limited time.

`check_history` decides what is logged.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Collection, Iterable
from typing import Final

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.near_names import did_you_mean
from kubeloop.health.check_call import Check, called, error_of
from kubeloop.health.check_history import CheckHistory
from kubeloop.health.check_series import CheckSeries
from kubeloop.health.health_report import CheckResult, HealthReport

__all__ = ["CheckGroup"]

# How long a cancelled check has to end before the probe gets its response without it.
_END_SECONDS: Final = 0.1
# Of the unreserved characters of RFC 3986, which need no escape in a path or query.
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._~-]*[A-Za-z0-9])?"
_is_name = re.compile(f"{_PART}(?:/{_PART})*").fullmatch

logger = logging.getLogger(__name__)


class CheckGroup:
    """The checks of one kind, in the order in which they were added. The first is `ping`, which always passes.

    Args:
        kind: `"liveness"` or `"readiness"`, for messages.
        endpoint: `"livez"` or `"readyz"`, for metrics.
        timeout: The seconds after which an async check has failed.
        series: Counts the results.
        may_fail_at_start: Whether checks fail while a healthy program starts.

    Concurrency: one event loop; any number of calls at the same time.
    """

    def __init__(
        self, kind: str, endpoint: str, *, timeout: float, series: CheckSeries, may_fail_at_start: bool
    ) -> None:
        self._kind = kind
        self._endpoint = endpoint
        self._timeout = timeout
        self._series = series
        self._history = CheckHistory(may_fail_at_start=may_fail_at_start)
        self._checks: dict[str, Check] = {"ping": _ping}
        # The tasks of checks that have ignored their cancellation, with their names.
        self._unended: dict[asyncio.Task[object], str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the checks."""
        return tuple(self._checks)

    def add(self, name: str, check: Check) -> None:
        """Add a check.

        Raises:
            ValueError: The name is malformed, or there is a check of this name.
            TypeError: The check is not a function.
        """
        if not _is_name(name):
            raise ValueError(
                f"expected a name of letters, digits, '-', '.', '_', '~' and '/', got {name!r}: a {self._kind} check"
            )
        if name in self._checks:
            raise ValueError(f"there is a {self._kind} check {name!r} already; choose another name")
        if not callable(check):
            raise TypeError(f"expected a function, got {type(check).__name__}: the {self._kind} check {name!r}")
        self._checks[name] = check

    async def report(self, exclude: Collection[str] = ()) -> HealthReport:
        """Call all checks except the excluded ones, and return what they found.

        Raises:
            TypeError: The names to exclude are one text.
        """
        if isinstance(exclude, str):
            raise TypeError(f"expected a collection of names, got the text {exclude!r}")
        errors = await self._errors([name for name in self._checks if name not in exclude])
        # A check that is added meanwhile is not part of this report.
        results = tuple(
            CheckResult(name, errors.get(name, ""), is_excluded=name in exclude)
            for name in self._checks
            if name in errors or name in exclude
        )
        return HealthReport(results, tuple(sorted(set(exclude).difference(self._checks))))

    async def result(self, name: str) -> CheckResult:
        """Call one check, and return what it found.

        Raises:
            ValueError: There is no check of this name.
        """
        if name not in self._checks:
            raise ValueError(f"there is no {self._kind} check {name!r}{did_you_mean(name, self.names)}")
        return CheckResult(name, (await self._errors([name]))[name])

    async def _errors(self, names: Iterable[str]) -> dict[str, str]:
        """Call checks and return their errors, `""` for those that passed. Async checks run at the same time."""
        errors: dict[str, str] = {}
        tasks: dict[str, asyncio.Task[object]] = {}
        loop = asyncio.get_running_loop()
        try:
            for name in names:
                if name in self._unended.values():
                    errors[name] = "the call for an earlier probe was cancelled and has not ended"
                elif isinstance(outcome := called(self._checks[name]), str):
                    errors[name] = outcome
                else:
                    tasks[name] = task = loop.create_task(outcome, name=f"{self._kind} check {name}")
                    task.add_done_callback(self._ended)
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self._timeout)
        finally:
            late = {name: task for name, task in tasks.items() if not task.done()}
            await self._cancel(late)
        for name, task in tasks.items():
            errors[name] = f"timed out after {in_seconds(self._timeout)}" if name in late else error_of(task)
        self._record(errors)
        return errors

    async def _cancel(self, tasks: dict[str, asyncio.Task[object]]) -> None:
        """Cancel checks, and wait a moment for their ends. A check that continues is not called again until it ends."""
        for task in tasks.values():
            task.cancel()
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=_END_SECONDS)
        finally:
            self._unended.update((task, name) for name, task in tasks.items() if not task.done())

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._unended.pop(task, None)
        if not task.cancelled():
            task.exception()  # otherwise asyncio logs that nobody read it

    def _record(self, errors: dict[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        for name, error in errors.items():
            self._series.record(name, self._endpoint, has_passed=not error)
            news = self._history.record(name, error, now)
            logger.log(news.level, "%s check %s: %s", self._kind, name, news.text)

    def __repr__(self) -> str:
        return f"<CheckGroup {self._kind}: {', '.join(self._checks)}>"


def _ping() -> None:
    """Pass: a process that responds is alive."""
