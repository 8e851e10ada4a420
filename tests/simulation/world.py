"""A world: it runs the plan of a seed in virtual time, and judges it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from kubeloop.testing import virtual_time
from kubeloop.testing.apiserver.storage.stored import Key
from tests.simulation.cluster import APPS, NAMESPACES, RESOURCES, Cluster
from tests.simulation.consumers import FLAVOURS, Consumer, InformerRun, PageReader, WatchReader
from tests.simulation.faults import FAULTS
from tests.simulation.judge import PATIENCE, Judge, judge_connections
from tests.simulation.network import Link, Network
from tests.simulation.plan import FaultPlan, InformerPlan, Plan, ReaderPlan, make_plan

__all__ = ["Result", "World", "failed", "run_seed"]

A_REQUEST = 0.5
"""Seconds that the requests after this pause may take."""

CROWD = 520
"""More events than a page of a list has."""

NAMES = tuple("abcdefghij")


@dataclass
class Result:
    """What became of a world."""

    seed: int
    violations: list[str]
    faults: tuple[str, ...]
    writes: int
    informers: tuple[str, ...]
    requests: int
    calls: int
    storm: int
    cpu_seconds: float
    seconds: float
    trace: int
    story: list[str] = field(default_factory=list)


class World:
    """The cluster, the network, the consumers and the faults of one plan.

    Attributes:
        selected: The resources that a consumer selects by label.
        story: What happened, as text with the time.
        disturbed_at: When the last fault ended.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.loop = asyncio.get_running_loop()
        self.judge = Judge()
        self.story: list[str] = []
        self.disturbed_at = 0.0
        self.cluster = Cluster(self.random("servers"), plan.servers, plan.window)
        self.network = Network(self.cluster)
        self.selected = {each.scope.resource for each in plan.informers if each.scope.app}
        self.consumers: list[Consumer] = []
        self._writer = self.random("writes")
        self._after_writes: list[Callable[[], None]] = []
        for number, each in enumerate(plan.informers):
            self.consumers.append(self._informer(number, each))
        self.consumers.extend(self._reader(each) for each in plan.readers)

    def random(self, what: str) -> Random:
        return Random(f"{what} of {self.plan.seed}")

    def links(self) -> list[Link]:
        return [consumer.link for consumer in self.consumers]

    def key(self, resource: str, namespace: str, name: str) -> Key:
        return Key(resource, namespace, name)

    def tell(self, what: str) -> None:
        self.story.append(f"{virtual_time.elapsed():9.3f} {what}")

    def after_writes(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function right after the next writes, before anybody has read them."""
        self._after_writes.append(lambda: function(*arguments))

    def _informer(self, number: int, plan: InformerPlan) -> InformerRun:
        name = f"{plan.flavour} informer {number}"
        return InformerRun(
            name,
            plan.scope,
            self.network,
            self.judge,
            self.random(name),
            flavour=FLAVOURS[plan.flavour],
            page_size=plan.page_size,
            max_internal_error_retry=plan.max_internal_error_retry,
            min_watch_timeout=plan.min_watch_timeout,
            resync_period=plan.resync_period,
        )

    def _reader(self, plan: ReaderPlan) -> Consumer:
        kind = WatchReader if plan.kind == "watch" else PageReader
        name = f"reader of {plan.kind}()"
        return kind(name, plan.scope, self.network, self.judge, self.random(name))

    # Running

    async def run(self) -> None:
        for _ in range(30):
            self._write()
        for number in range(CROWD if self.plan.is_crowded else 0):
            self.cluster.put(self.key("events", NAMESPACES[0], f"crowd-{number}"), app=APPS[1])
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_bursts())
            for fault in self.plan.faults:
                group.create_task(self._disturb(fault))
            for consumer, plan in zip(self.consumers, (*self.plan.informers, *self.plan.readers), strict=True):
                group.create_task(self._live(consumer, plan))
        self.tell("all faults are over")
        self.disturbed_at = self.loop.time()
        for _ in range(5):
            await asyncio.sleep(2.0)
            self._write_some(3)
        while (left := self.disturbed_at + PATIENCE + A_REQUEST - self.loop.time()) > 0:
            await asyncio.sleep(left)
        for consumer in self.consumers:
            consumer.check()
        await self._probe()
        # The news proves a watch that was opened a moment ago.
        if len(self.consumers) == len(self.plan.informers) + len(self.plan.readers):  # none was stopped
            judge_connections(self.judge)
        for consumer in self.consumers:
            await consumer.stop()

    async def _live(self, consumer: Consumer, plan: InformerPlan | ReaderPlan) -> None:
        await asyncio.sleep(plan.starts_at)
        if not isinstance(consumer, InformerRun) or isinstance(plan, ReaderPlan):
            consumer.start()
            return
        for kind in plan.handlers:
            consumer.add_handler(kind)
        consumer.start()
        for at, kind in plan.later:
            await asyncio.sleep(at - self.loop.time())
            self.tell(f"{consumer.name}: {f'another {kind} handler' if kind else 'one handler less'}")
            consumer.add_handler(kind) if kind else consumer.remove_handler()
        if plan.stops_at < self.plan.duration:
            await asyncio.sleep(plan.stops_at - self.loop.time())
            self.tell(f"{consumer.name} is stopped")
            await consumer.stop()
            self.consumers.remove(consumer)

    async def _disturb(self, plan: FaultPlan) -> None:
        await asyncio.sleep(plan.starts_at)
        self.tell(f"begins: {plan.kind}")
        for seconds in FAULTS[plan.kind](self, self.random(plan.kind)):
            await asyncio.sleep(plan.seconds if seconds is None else seconds)
        self.tell(f"ends: {plan.kind}")

    # Writing

    async def _write_bursts(self) -> None:
        for at, size in self.plan.bursts:
            await asyncio.sleep(at - self.loop.time())
            self._write_some(size)

    def _write_some(self, count: int) -> None:
        for _ in range(count):
            self._write()
        disturb, self._after_writes = self._after_writes, []
        for function in disturb:
            function()

    def _write(self) -> None:
        random = self._writer
        key = self.key(random.choice(self.plan.resources), random.choice(NAMESPACES), random.choice(NAMES))
        exists, chance = key in self.cluster.facts, random.random()
        app = random.choice(APPS)
        if exists and chance < 0.3:
            self.cluster.delete(key)
            if chance > 0.1:
                return
        self.cluster.put(key, app=app)

    async def _probe(self) -> None:
        """Write into what every consumer reads, and see whether the news arrives."""
        for resource in RESOURCES:
            self.cluster.put(self.key(resource, NAMESPACES[0], "probe"), app=APPS[0])
        await asyncio.sleep(5.0)
        for consumer in self.consumers:
            if isinstance(consumer, InformerRun):
                path = f"{NAMESPACES[0]}/probe"
                if consumer.informer.indexer.get_by_key(path) is None:
                    self.judge.violation(consumer.name, "news did not arrive within 5 s")


class _Log(logging.Handler):
    """Errors that the package logs are violations: no fault of a network or of a server is an error of a program.

    Counts the lines that tell that a connection was lost, and that it is back.
    """

    def __init__(self, judge: Judge) -> None:
        super().__init__(logging.INFO)
        self._judge = judge

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self._judge.violation(record.name, f"logged an error: {record.getMessage()}")
        elif record.levelno == logging.WARNING and "the store keeps" in record.msg:
            self._judge.lost_connections[str(record.args[0])] += 1  # type: ignore[index]
        elif record.levelno == logging.INFO and "the connection to the server is back" in record.msg:
            self._judge.lost_connections[str(record.args[0])] -= 1  # type: ignore[index]


def run_seed(seed: int) -> Result:
    """Run the world of a seed."""
    plan = make_plan(seed)
    started = time.process_time()
    logger = logging.getLogger("kubeloop")
    before = logger.level, logger.propagate
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    connections = logging.getLogger("kubeloop.cache.source.informer_connection")
    connections.setLevel(logging.INFO)

    async def run() -> Result:
        world = World(plan)
        handler = _Log(world.judge)
        logger.addHandler(handler)
        try:
            await world.run()
        finally:
            logger.removeHandler(handler)
        return _result(world, time.process_time() - started)

    try:
        return virtual_time.run(run())
    finally:
        logger.level, logger.propagate = before
        logger.setLevel(before[0])
        connections.setLevel(logging.NOTSET)


def failed(seed: int, reason: str) -> Result:
    """Return the result of a world that could not be run to its end."""
    faults = tuple(each.kind for each in make_plan(seed).faults)
    return Result(seed, reason.splitlines()[-12:], faults, 0, (), 0, 0, 0, 0.0, 0.0, 0)


def _result(world: World, cpu_seconds: float) -> Result:
    runs = [consumer for consumer in world.consumers if isinstance(consumer, InformerRun)]
    return Result(
        world.plan.seed,
        world.judge.violations,
        tuple(each.kind for each in world.plan.faults),
        world.cluster.writes,
        tuple(each.flavour for each in world.plan.informers),
        sum(len(consumer.link.attempts) for consumer in world.consumers),
        sum(recorder.calls for run in runs for recorder in run.recorders),
        max(consumer.storm for consumer in world.consumers),
        cpu_seconds,
        virtual_time.elapsed(),
        world.judge.trace,
        [*describe(world.plan), *world.story],
    )


def describe(plan: Plan) -> Iterable[str]:
    """Return the plan as lines of text."""
    window = "as the real one" if plan.window is None else f"of {plan.window} events"
    yield f"seed {plan.seed}: {plan.servers} servers, windows {window}, {plan.duration:.0f} s"
    for each in plan.informers:
        scope = each.scope
        selector = f", app={scope.app}" if scope.app else ""
        pages = "the default" if each.page_size is None else each.page_size or "all objects"
        yield (
            f"{each.flavour} informer of {scope.resource} in {scope.namespace or 'all namespaces'}{selector}, pages of "
            f"{pages}, from {each.starts_at:.1f} s, handlers: {', '.join(each.handlers)}"
        )
    for reader in plan.readers:
        yield f"reader of {reader.kind}() of {reader.scope.resource}, from {reader.starts_at:.1f} s"
