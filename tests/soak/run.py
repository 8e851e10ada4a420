"""A run: the processes, the rounds of disturbances, and the quiet points after them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import kubeloop
from kubeloop.testing import ControlPlane
from tests.soak.disturbances import Scene, disturb, time_table
from tests.soak.judge import Judge
from tests.soak.programs import Program
from tests.soak.report import Figures, hourly_growth, line
from tests.soak.tokens import Tokens
from tests.support.middle_box import middle_box
from tests.support.real_clientset import wait_until_served

__all__ = ["Settings", "run"]

SAME = ("sockets", "tasks", "threads")
"""What a program must use as much of at every quiet point."""

IDLE = 80
"""The seconds after which connections that nobody uses are closed."""

SETTLING = 180.0
"""The seconds for which a program may use more than before at a quiet point."""


@dataclass(frozen=True)
class Settings:
    """The size of a run.

    Attributes:
        minutes: The minutes for which rounds begin; 0 for one round.
        size: The number of objects of each resource per namespace.
        pause: The seconds between two writes of a resource in a namespace.
        plan: The disturbances of every round, with the seconds after which they begin; empty for those of `time_table`.
        away_seconds: The seconds for which a server is away.
        skips: Whether waits of minutes move the clock of the program under test, instead of lasting.
        trace: Whether to trace allocations of memory.
        seed: Chooses the times of disturbances.
        warm_up: The seconds of which the memory does not count.
        growth: The percent by which the memory may grow per hour.
    """

    minutes: float = 60.0
    size: int = 20
    pause: float = 3.0
    plan: tuple[tuple[float, str], ...] = ()
    away_seconds: float = 3.0
    skips: bool = False
    trace: bool = False
    seed: int = 1
    warm_up: float = 600.0
    growth: float = 1.0


class Run:
    """A run, while its processes exist."""

    def __init__(
        self, settings: Settings, scene: Scene, writer: Program, judge: Judge, say: Callable[[str], None]
    ) -> None:
        self.figures = Figures(disturbances=scene.counts, verdicts=judge.verdicts, faults=judge.faults)
        self._settings = settings
        self._scene = scene
        self._subject = scene.subject
        self._writer = writer
        self._judge = judge
        self._say = say
        self._random = Random(settings.seed)
        self._began = _time()
        self._said = 0

    async def run(self) -> None:
        """Open the informers, let rounds happen, and close the informers."""
        rested = await self._writer.ask("rest")
        await self._subject.ask("open", timeout=120.0)
        await self._close()  # what is created once in the life of a process exists now
        self._began = _time()
        await self._subject.ask("open", timeout=120.0)
        await self._quiet(rested)
        async with _background(self._watch()):
            number = 0
            while number == 0 or self._seconds < self._settings.minutes * 60:
                await self._round(number)
                number += 1
        self.figures.usage = await self._subject.ask("usage")
        await self._close()
        self.figures.seconds = self._seconds
        self._compare_usage()

    @property
    def _seconds(self) -> float:
        return _time() - self._began

    async def _round(self, number: int) -> None:
        """Write while disturbances happen, and judge after that."""
        await self._writer.ask("go")
        async with asyncio.TaskGroup() as group:
            for delay, name in self._settings.plan or time_table(number, self._random):
                group.create_task(self._disturb(delay, name))
        await asyncio.sleep(self._settings.pause)
        await self._quiet(await self._writer.ask("rest"))

    async def _disturb(self, delay: float, name: str) -> None:
        await asyncio.sleep(delay)
        await disturb(self._scene, name)

    async def _quiet(self, rested: dict[str, Any]) -> None:
        """Judge, and measure when idle connections are closed."""
        self.figures.writes.update(rested["done"])
        self.figures.recoveries.append(await self._judge.compare(rested))
        await self._judge.check_consistency()
        await self._subject.ask("cycle", times=1)
        self.figures.quiet.append(await self._settled(self.figures.quiet[:1]))
        self._say(f"[{self._seconds / 60:5.1f} min] quiet: recovered after {self.figures.recoveries[-1]:.1f} s")
        for fault in self.figures.faults[self._said :]:
            self._say(f"    {fault}")
        self._said = len(self.figures.faults)

    async def _close(self) -> None:
        if alive := await self._subject.ask("close"):
            self.figures.faults.append(f"{alive} informers are still in memory after the closing")
        self.figures.closed.append(await self._settled(self.figures.closed[:1]))

    async def _settled(self, before: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what the program uses, once this is what it used before.

        Args:
            before: What it used at the first time; empty for that time, before which idle connections are closed.
        """
        deadline = _time() + SETTLING
        if self._settings.skips:
            await self._subject.ask("skip", seconds=IDLE)
        elif not before:
            await asyncio.sleep(IDLE)
        while True:
            usage = await self._subject.ask("usage", collect=True)
            if all(usage[what] == first[what] for first in before for what in SAME) or _time() > deadline:
                return usage
            await asyncio.sleep(1)

    async def _watch(self) -> None:
        """Measure the memory every 10 seconds, and print a line per minute."""
        minute = 0
        while True:
            usage = await self._subject.ask("usage")
            self.figures.samples.append((self._seconds, usage["rss"]))
            if self._seconds >= minute * 60:
                minute += 1
                self._say(line(self._seconds, usage, self._scene.counts, self.figures.writes.total()))
            await asyncio.sleep(10)

    def _compare_usage(self) -> None:
        figures, faults = self.figures, self.figures.faults
        for what in SAME:
            for when, usages in {"at quiet points": figures.quiet, "after closing": figures.closed}.items():
                found = [usage[what] for usage in usages]
                if len(set(found)) > 1:
                    faults.append(f"{what} {when} differ: {found}")
        growth = hourly_growth(figures.samples, after=self._settings.warm_up)
        if growth is not None and growth >= self._settings.growth:
            faults.append(f"RSS grows by {growth:.2f} % per hour, expected less than {self._settings.growth} %")


async def run(plane: ControlPlane, folder: Path, settings: Settings, say: Callable[[str], None] = print) -> Figures:
    """Run informers, writers and disturbances on a control plane, and return what was found.

    Args:
        plane: The control plane, whose servers are killed and started again.
        folder: The folder for logs and for the token.
        settings: The size of the run.
        say: Called with a line per minute.
    """
    name = f"soak-{os.getpid()}"
    port = urlsplit(plane.url).port
    assert port is not None
    namespaces = [await asyncio.to_thread(plane.create_namespace, name) for _ in range(4)]
    own, namespaces = namespaces[0], namespaces[1:]
    async with contextlib.AsyncExitStack() as stack:
        direct = await stack.enter_async_context(kubeloop.Clientset(kubeloop.load_config(plane.kubeconfig)))
        for namespace in (own, *namespaces):
            stack.push_async_callback(asyncio.to_thread, plane.delete_namespace, namespace)
        await wait_until_served(direct)
        tokens = Tokens(direct, own, folder / "token")
        await tokens.prepare()
        stack.push_async_callback(tokens.clean)
        box = await stack.enter_async_context(middle_box(port))
        common = ("--run", name, "--namespaces", *namespaces)
        subject = Program(
            *("tests.soak.subject", "--host", f"https://127.0.0.1:{box.port}", "--ca-file", str(plane.ca_file)),
            *("--token-file", str(tokens.path), *common, *(["--trace"] if settings.trace else [])),
            log=folder / "subject.log",
        )
        writer = Program(
            *("tests.soak.writer", "--kubeconfig", str(plane.kubeconfig), *common),
            *("--size", str(settings.size), "--pause", str(settings.pause)),
            log=folder / "writer.log",
        )
        await stack.enter_async_context(subject)
        await stack.enter_async_context(writer)
        stack.push_async_callback(_clean, writer)
        scene = Scene(plane, box, tokens, subject, skips=settings.skips, pause=settings.away_seconds)
        one = Run(settings, scene, writer, Judge(direct, subject, name, skips=settings.skips), say)
        await one.run()
        return one.figures


async def _clean(writer: Program) -> None:
    """Delete the objects of the writers, if that is possible after a run that may have failed."""
    with contextlib.suppress(TimeoutError, RuntimeError):
        async with asyncio.timeout(60):
            await writer.ask("clean")


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run work in a task as long as the block runs; the block fails if the work does."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()


def _time() -> float:
    return asyncio.get_running_loop().time()
