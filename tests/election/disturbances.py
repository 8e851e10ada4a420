"""What goes wrong in a world, and when: faults that overlap, and one that is made for the leader of its time."""

from __future__ import annotations

from collections.abc import Callable

from tests.election.candidate import Candidate
from tests.election.lease_server import Weather
from tests.election.world import World

__all__ = ["CHAOS", "calm", "disturb"]

CHAOS = 80.0
"""The true time at which the last fault ends."""


def disturb(world: World) -> None:
    """Plan faults, all of which end before `CHAOS`: many, or few that are made for the leader of their time."""
    random = world.random
    for candidate in world.candidates:
        candidate.is_patient = random.random() < 0.5
    if world.is_tight:
        for when in (3, 9, 15):
            world.timeline.at(when, lambda: _let_the_slowest_lead(world))
        for begin in (18, 52):
            _cut_off_after_late_responses(world, begin + random.uniform(0, 3))
    else:
        _plan_many(world)


def _plan_many(world: World) -> None:
    random, timeline = world.random, world.timeline
    for _ in range(random.randint(1, 3)):
        _storm(world, world.outage, random.choice(["slow", "failing", "silent", "limited"]), "the server")
    if random.random() < 0.5:
        _during(world, world.server.go_down, world.server.come_up)
    for candidate in world.candidates:
        for _ in range(random.randint(0, 3)):
            kind = random.choice(["slow", "late", "failing", "cut", "silent", "limited"])
            _storm(world, candidate.weather, kind, f"the network of {candidate.name}")
        if random.random() < 0.6:
            candidate.is_blocking = True
        if random.random() < 0.4:
            candidate.is_stubborn = True
        if random.random() < 0.3:
            _during(world, candidate.kill, candidate.start)
        if random.random() < 0.3:
            timeline.at(random.uniform(0, CHAOS), candidate.stop)
        timeline.at(random.uniform(0, CHAOS), candidate.set_wall_clock)
    for _ in range(random.randint(1, 2)):
        _cut_off_after_late_responses(world, random.uniform(0, CHAOS - 25))
    if random.random() < 0.3:
        _stop_a_stubborn_leader(world)
    if random.random() < 0.2:
        timeline.at(random.uniform(0, CHAOS), world.intrude)


def calm(world: World) -> None:
    """End all faults."""
    world.outage.kind = ""
    for candidate in world.candidates:
        candidate.weather.kind = ""
        candidate.is_blocking = candidate.is_stubborn = False
        candidate.start()
    world.tell("no more faults")


def _during(world: World, begin: Callable[[], None], end: Callable[[], None]) -> None:
    random = world.random
    start = random.uniform(0, CHAOS - 5)
    world.timeline.at(start, begin)
    world.timeline.at(min(start + random.choice([3, 12, 30]) * random.uniform(0.5, 1), CHAOS), end)


def _storm(world: World, weather: Weather, kind: str, where: str) -> None:
    def begin() -> None:
        weather.kind = kind
        world.tell(f"{where} is {kind}")

    def end() -> None:
        weather.kind = ""

    _during(world, begin, end)


def _cut_off_after_late_responses(world: World, begin: float) -> None:
    """Delay the responses to the leader of that time, and then let it hear nothing more or limit its requests.

    A deadline that is counted from a response, and not from the renewal, is too late then.
    """
    random, timeline = world.random, world.timeline
    late_for, last_kind = random.uniform(2, 7), random.choice(["cut", "limited"])

    def change(leader: Candidate, kind: str) -> None:
        leader.weather.kind = kind
        world.tell(f"the network of {leader.name}, which led, is {kind or 'well'}")

    def start() -> None:
        if (leader := world.leading) is not None:
            change(leader, "late")
            timeline.at(begin + late_for, lambda: change(leader, last_kind))
            timeline.at(begin + 25, lambda: change(leader, ""))

    timeline.at(begin, start)


def _let_the_slowest_lead(world: World) -> None:
    """Stop a leader that does not have the slowest clock."""
    leader = world.leading
    if leader is not None and leader.rate > min(each.rate for each in world.candidates):
        leader.stop()


def _stop_a_stubborn_leader(world: World) -> None:
    """Cancel the leader of that time, whose body works on for a while."""

    def stop() -> None:
        if (leader := world.leading) is not None:
            leader.is_stubborn = True
            leader.stop()

    world.timeline.at(world.random.uniform(0, CHAOS - 15), stop)
