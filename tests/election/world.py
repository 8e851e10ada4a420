"""A world of three candidates, made from a seed: what happens in it, and what must hold.

Work is a request that is sent. For a minute everything goes wrong; then the leader is killed, and the next one stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import kubeloop
from kubeloop.errors import LeadershipLost
from kubeloop.leaderelection import LeaderElection
from kubeloop.wire.request import Request
from tests.election.lease_server import LONGEST, WORK, CandidateTransport, LeaseServer, Weather
from tests.election.several_loops import SlantedLoop, Timeline

__all__ = ["Result", "run_seed"]

CHAOS = 60.0
"""The true time at which the last fault ends."""
LEASE, RETRY = 15.0, 2.0
LONGEST_PAUSE = RETRY * 2.2
REQUEST = 2 * LONGEST
SETTLED = 2 * LEASE + 3 * LONGEST_PAUSE
"""The seconds after the last fault within which there is a leader that works."""
RATIO = 1.2

Fence = Callable[[LeaderElection, kubeloop.Clientset], kubeloop.Clientset]


@dataclass
class Result:
    """What happened in a world.

    Attributes:
        violations: What must not have happened, one line each.
        story: Who did what, and when.
        work: The number of requests that were work.
        terms: How often a candidate became the leader.
        without_leader: The seconds without a leader after the leader was killed, and after another one stopped.
    """

    violations: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    work: int = 0
    terms: int = 0
    without_leader: tuple[float, float] = (0.0, 0.0)


class World:
    """Three candidates, their server, and what is observed."""

    def __init__(self, seed: int, change: Callable[[LeaderElection], None], fence: Fence) -> None:
        self.random = Random(f"world {seed}")
        self.timeline = Timeline()
        self.server = LeaseServer()
        self.outage = Weather()
        self.change = change
        self.fence = fence
        self.result = Result()
        self.leader: Process | None = None
        self.led_at = 0.0
        self.graves: list[tuple[SlantedLoop, CandidateTransport]] = []
        self._numbers = count(1)
        self._working_term = 0
        self._ended_terms: set[int] = set()
        self.processes: list[Process] = []
        slowest = self.random.uniform(0.9, 1.1)
        for name in "abc":
            rate = slowest * self.random.uniform(1, RATIO)
            self.processes.append(Process(self, name, self.random.uniform(0, 1e5), rate))

    def tell(self, text: str) -> None:
        """Add a line to the story."""
        self.result.story.append(f"{self.timeline.now:8.3f} {text}")

    def leads(self, process: Process) -> int:
        """Record that a process became the leader; return the number of its term."""
        self.result.terms += 1
        self.leader, self.led_at = process, self.timeline.now
        term = next(self._numbers)
        self.tell(f"{process.name} leads, term {term}")
        return term

    def worked(self, process: Process, term: int) -> None:
        """Record that work was sent in a term, and check that the term of no other process has begun to work."""
        self.result.work += 1
        if term == self._working_term:
            return
        if term in self._ended_terms:
            self.result.violations.append(
                f"{self.timeline.now:.3f}: {process.name} works in term {term} after term {self._working_term} began"
            )
        self._ended_terms.add(self._working_term)
        self._working_term = term
        self.tell(f"{process.name} works, term {term}")


class Process:
    """One candidate: a machine with a clock, and a process on it that can be killed and started again."""

    def __init__(self, world: World, name: str, offset: float, rate: float) -> None:
        self.world = world
        self.name = name
        self.rate = rate
        self.weather = Weather()
        self._offset = offset
        self._starts = 0
        self._wall_offset = timedelta(0)
        self.is_killed = True
        self.is_blocking = False
        self.is_stubborn = False
        self.start()

    def start(self) -> None:
        """Start the process, if it does not run."""
        if not self.is_killed:
            return
        self.is_killed = False
        self._starts += 1
        world = self.world
        self.random = Random(f"{world.random.random()} {self.name}")
        self.loop = world.timeline.new_loop(offset=self._offset, rate=self.rate)
        self.network = CandidateTransport(
            world.timeline, self.loop, world.server, (world.outage, self.weather), self.random, self._sent
        )
        self._term = 0
        self.task = self.loop.create_task(self._main())
        self.task.add_done_callback(self._restart)

    def _restart(self, _: asyncio.Task[None]) -> None:
        """Start the process again, a second after it has stopped."""
        if not self.is_killed:
            self.is_killed = True
            self.world.graves.append((self.loop, self.network))
            self.world.timeline.at(self.world.timeline.now + 1, self.start)

    def kill(self) -> None:
        """Kill the process, as SIGKILL does."""
        if self.is_killed or self.loop.is_blocked:
            return
        self.is_killed = True
        self.world.timeline.stop(self.loop)
        self.world.graves.append((self.loop, self.network))
        self.world.tell(f"{self.name} is killed")

    @property
    def is_leading(self) -> bool:
        """Whether the process leads."""
        return not self.is_killed and self.election.is_leader

    def set_wall_clock(self) -> None:
        """Move the time of day of the machine by some days, forward or back."""
        self._wall_offset = timedelta(seconds=self.random.uniform(-1e6, 1e6))

    async def _main(self) -> None:
        config = kubeloop.Config(host="http://server")
        clientset = kubeloop.Clientset(config, transport=self.network, random=self.random)
        election = LeaderElection(
            clientset,
            "x",
            "default",
            identity=f"{self.name}{self._starts}",
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.loop.time()) + self._wall_offset,
            random=self.random,
        )
        self.election = election
        self.world.change(election)
        fenced = self.world.fence(election, clientset)
        while True:
            try:
                async with election:
                    self._term = self.world.leads(self)
                    await self._work(fenced)
            except LeadershipLost:
                self.world.tell(f"{self.name} lost the lease")

    async def _work(self, client: kubeloop.Clientset) -> None:
        try:
            while True:
                await self._send_work(client)
                await asyncio.sleep(self.random.uniform(0.2, 2))
        except asyncio.CancelledError:
            if self.is_stubborn:  # a cleanup that takes its time and sends requests
                for _ in range(20):
                    await self._send_work(client)
                    await asyncio.sleep(0.7)
            raise

    async def _send_work(self, client: kubeloop.Clientset) -> None:
        if self.is_blocking and self.random.random() < 0.2:
            seconds = self.random.choice([self.random.uniform(0, 5), self.random.uniform(5, 40)])
            self.world.tell(f"{self.name} blocks its loop for {seconds:.1f} s")
            self.world.timeline.block(self.loop, seconds)
        try:
            await client.rest.put(WORK, body={}, into=dict, timeout=8)
        except (kubeloop.APIError, kubeloop.TransportError):
            pass

    def _sent(self, request: Request) -> None:
        if request.path == WORK:
            self.world.worked(self, self._term)


def _bury(loop: SlantedLoop, network: CandidateTransport) -> None:
    """Cancel everything that a killed process left, and close its loop."""
    network.is_dead = True
    for _ in range(1000):
        tasks = asyncio.all_tasks(loop)
        if not tasks:
            break
        for task in tasks:
            task.cancel()
        loop.turn()
    assert not asyncio.all_tasks(loop), "a task continues after its cancellation"
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _plan_chaos(world: World) -> None:
    """Plan faults that overlap, all of which end before `CHAOS`."""
    random, timeline = world.random, world.timeline

    def during(begin: Callable[[], None], end: Callable[[], None]) -> None:
        start = random.uniform(0, CHAOS - 5)
        timeline.at(start, begin)
        timeline.at(min(start + random.choice([3, 12, 30]) * random.uniform(0.5, 1), CHAOS), end)

    def storm(weather: Weather, kind: str, where: str) -> None:
        def begin() -> None:
            weather.kind = kind
            world.tell(f"{where} is {kind}")

        def end() -> None:
            weather.kind = ""

        during(begin, end)

    for _ in range(random.randint(1, 3)):
        storm(world.outage, random.choice(["slow", "failing", "silent", "limited"]), "the server")
    for process in world.processes:
        for _ in range(random.randint(0, 3)):
            storm(process.weather, random.choice(["slow", "failing", "silent"]), f"the network of {process.name}")
        if random.random() < 0.6:
            process.is_blocking = True
        if random.random() < 0.4:
            process.is_stubborn = True
        if random.random() < 0.3:
            during(process.kill, process.start)
        if random.random() < 0.3:
            timeline.at(random.uniform(0, CHAOS), process.task.cancel)
        timeline.at(random.uniform(0, CHAOS), process.set_wall_clock)


def _calm(world: World) -> None:
    world.outage.kind = ""
    for process in world.processes:
        process.weather.kind = ""
        process.is_blocking = process.is_stubborn = False
        process.start()
    world.tell("no more faults")


def _wait_for_leader(world: World, within: float, what: str) -> float:
    """Run until there is a new leader; return the seconds that it took."""
    begin = world.timeline.now
    world.leader = None
    world.timeline.run(begin + within)
    if world.leader is None:
        world.result.violations.append(f"{begin:.3f}: {what}, and there is no leader within {within:.1f} s")
    return world.led_at - begin


def _run(world: World) -> None:
    timeline = world.timeline
    timeline.run(CHAOS)
    # A loop may be blocked for longer: the time has moved on when it runs again.
    _calm(world)
    slowest = min(process.rate for process in world.processes)
    timeline.run(timeline.now + SETTLED / slowest)
    leading = [process for process in world.processes if process.is_leading]
    if len(leading) != 1:
        world.result.violations.append(f"{timeline.now:.3f}: expected one leader, got {len(leading)}")
        return
    leading[0].kill()
    after_kill = _wait_for_leader(world, (LEASE + 2 * LONGEST_PAUSE) / slowest + 2 * REQUEST, "the leader was killed")
    if world.leader is None:
        return
    timeline.run(timeline.now + 10)
    world.tell(f"{world.leader.name} stops")
    world.leader.task.cancel()
    # The release is two requests too.
    after_stop = _wait_for_leader(world, LONGEST_PAUSE / slowest + 4 * REQUEST, "the leader released the lease")
    timeline.run(timeline.now + 5)
    world.result.without_leader = (after_kill, after_stop)


def run_seed(
    seed: int,
    *,
    change: Callable[[LeaderElection], None] = lambda _: None,
    fence: Fence = lambda election, clientset: election.fence(clientset),
) -> Result:
    """Run the world of a seed, and return what happened.

    Args:
        seed: Decides everything.
        change: Called with each election, to break it.
        fence: Returns the client that the work uses.
    """
    with _quiet():
        world = World(seed, change, fence)
        _plan_chaos(world)
        try:
            _run(world)
        finally:
            for process in world.processes:
                process.kill()
            for loop, network in world.graves:
                _bury(loop, network)
    return world.result


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("kubeloop")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
