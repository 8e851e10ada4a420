"""Run the world of a seed: the faults, then a crash of the leader, then a release by the next one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kubeloop.leaderelection import LeaderElection
from tests.election.candidate import Candidate
from tests.election.disturbances import CHAOS, calm, disturb
from tests.election.lease_server import LONGEST, CandidateTransport
from tests.election.several_loops import SlantedLoop, Timeline
from tests.election.world import Fence, Result, World

__all__ = ["run_seed"]

LEASE, RETRY = 15.0, 2.0
LONGEST_PAUSE = RETRY * 2.2
ATTEMPT = 4 * LONGEST
"""The longest attempt to take the lease, in true seconds: it is read, and then written."""
SETTLED = 2 * LEASE + 3 * LONGEST_PAUSE
"""The seconds after the last fault within which there is a leader that works."""
ROUNDING = 0.01
"""What the turns of the loops may add, in seconds."""


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
        disturb(world)
        try:
            _run(world)
        finally:
            for candidate in world.candidates:
                candidate.kill()
            for loop, network in world.graves:
                _bury(world.timeline, loop, network)
    return world.result


def _run(world: World) -> None:
    timeline = world.timeline
    timeline.run(CHAOS)
    # A loop may be blocked for longer: the time has moved on when it runs again.
    calm(world)
    slowest = min(candidate.rate for candidate in world.candidates)
    timeline.run(timeline.now + SETTLED / slowest)
    leading = [candidate for candidate in world.candidates if candidate.is_leading]
    if len(leading) != 1:
        world.violated(f"expected one leader, got {len(leading)}")
        return
    leading[0].kill()
    world.leader = None
    # Its last renewal is seen after a pause and a read; the lease is taken a pause after it has expired.
    after_kill = _next_leader(world, timeline.now, LEASE + 2 * LONGEST_PAUSE, 2 * ATTEMPT, "the leader was killed")
    leader = world.leader
    if leader is None:
        return
    timeline.run(timeline.now + 10)
    begin = timeline.now
    leader.starts_again = False  # a new process reads the lease at once; those that wait have a pause
    leader.stop()
    world.leader = None
    # A renewal that was under way may cause a conflict first.
    timeline.run(begin + 3 * ATTEMPT)
    if world.released_at < begin:
        world.violated(f"{leader.name} has not released the lease")
        return
    # The response to a read that the server has carried out just before may still be under way.
    after_release = _next_leader(world, world.released_at, LONGEST_PAUSE, LONGEST + ATTEMPT, "the lease was released")
    timeline.run(timeline.now + 5)
    world.result.without_leader = (after_kill, after_release)


def _next_leader(world: World, begin: float, pauses: float, requests: float, what: str) -> float:
    """Wait for the next leader; return the seconds since `begin` by its clock.

    Args:
        world: The world, whose `leader` was None at the true time `begin`.
        begin: A true time.
        pauses: The most seconds that the candidate waits, by its own clock.
        requests: The most true seconds that its requests take.
        what: What happened at `begin`.
    """
    slowest = min(candidate.rate for candidate in world.candidates)
    world.timeline.run(begin + pauses / slowest + requests)
    leader: Candidate | None = world.leader
    if leader is None:
        world.violated(f"{what}, and there is no leader after {pauses:.1f} s and {requests:.1f} s of requests")
        return 0.0
    seconds = (world.led_at - begin) * leader.rate
    most = pauses + requests * leader.rate
    if seconds > most + ROUNDING:
        world.violated(f"{what}, and {leader.name} led after {seconds:.3f} s of its clock, not within {most:.3f} s")
    return seconds


def _bury(timeline: Timeline, loop: SlantedLoop, network: CandidateTransport) -> None:
    """Cancel everything that a killed process left, and close its loop."""
    network.is_dead = True
    for _ in range(1000):
        tasks = asyncio.all_tasks(loop)
        if not tasks:
            break
        for task in tasks:
            task.cancel()
        timeline.now += 0.02
        loop.turn()
    assert not asyncio.all_tasks(loop), "a task continues after its cancellation"
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("kubeloop")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
