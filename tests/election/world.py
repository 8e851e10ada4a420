"""A world of three candidates, made from a seed: what happens in it, and what must hold.

Work is a request that is sent. `disturbances` plans what goes wrong, and `run` lets it happen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

import kubeloop
from kubeloop.leaderelection import LeaderElection
from tests.election.candidate import Candidate
from tests.election.happenings import HAPPENINGS
from tests.election.lease_server import INTRUDER, CandidateTransport, LeaseServer, Weather
from tests.election.several_loops import SlantedLoop, Timeline

__all__ = ["RATIO", "Fence", "Result", "World"]

RATIO = 1.2
"""The largest ratio of the rates of two clocks."""

Fence = Callable[[LeaderElection, kubeloop.Clientset], kubeloop.Clientset]


@dataclass
class Result:
    """What happened in a world.

    Attributes:
        violations: What must not have happened, one line each.
        story: Who did what, and when.
        happened: How often the rare things happened.
        work: The number of requests that were work.
        terms: How often a candidate became the leader.
        without_leader: The seconds without a leader after the leader was killed, and after another one released the
            lease, by the clock of the next leader.
    """

    violations: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    work: int = 0
    terms: int = 0
    without_leader: tuple[float, float] = (0.0, 0.0)


class World:
    """Three candidates, their server, and what is observed.

    Args:
        seed: Decides everything.
        change: Called with each election, to break it.
        fence: Returns the client that the work uses.

    Attributes:
        is_tight: Whether the clocks and pauses are those with which another candidate leads as early as possible.
        leader: The candidate that became the leader last; None if none has since this was set to None.
        led_at: The true time at which it did.
        released_at: The true time at which the lease was released last.
    """

    def __init__(self, seed: int, change: Callable[[LeaderElection], None], fence: Fence) -> None:
        self.random = random = Random(f"world {seed}")
        self.timeline = Timeline()
        self.server = LeaseServer(self._stored)
        self.outage = Weather()
        self.change = change
        self.fence = fence
        self.result = Result()
        self.leader: Candidate | None = None
        self.led_at = 0.0
        self.released_at = 0.0
        self.graves: list[tuple[SlantedLoop, CandidateTransport]] = []
        self._numbers = count(1)
        self._working_term = 0
        self._ended_terms: set[int] = set()
        self.candidates: list[Candidate] = []
        slowest = random.uniform(0.9, 1.1)
        self.is_tight = random.random() < 0.4
        are_extreme, are_eager = (self.is_tight or random.random() < 0.5 for _ in range(2))
        extremes = random.sample([1.0, RATIO, RATIO], 3)
        for name, extreme in zip("abc", extremes, strict=True):
            ratio = extreme if are_extreme else random.uniform(1, RATIO)
            offset = random.uniform(0, 1e5)
            self.candidates.append(Candidate(self, name, offset=offset, rate=slowest * ratio, is_eager=are_eager))

    @property
    def leading(self) -> Candidate | None:
        """The candidate that leads now; None if there is none."""
        return next((each for each in self.candidates if each.is_leading), None)

    def intrude(self) -> None:
        """Write another holder into the Lease, as a person does."""
        self.tell("the lease is edited")
        self.server.intrude()

    def tell(self, text: str) -> None:
        """Add a line to the story."""
        self.result.story.append(f"{self.timeline.now:8.3f} {text}")

    def happened(self, what: str) -> None:
        """Count something rare."""
        assert what in HAPPENINGS, what
        self.result.happened[what] += 1

    def violated(self, text: str) -> None:
        """Record something that must not happen."""
        self.result.violations.append(f"{self.timeline.now:.3f}: {text}")

    def leads(self, candidate: Candidate) -> int:
        """Record that a candidate became the leader; return the number of its term."""
        self.result.terms += 1
        self.leader, self.led_at = candidate, self.timeline.now
        term = next(self._numbers)
        self.tell(f"{candidate.name} leads, term {term}")
        return term

    def worked(self, candidate: Candidate, term: int) -> None:
        """Record that work was sent in a term, and check that no other term has begun to work since it began."""
        self.result.work += 1
        if term == self._working_term:
            return
        if term in self._ended_terms:
            self.violated(f"{candidate.name} works in term {term} after term {self._working_term} began")
        self._ended_terms.add(self._working_term)
        self._working_term = term
        self.tell(f"{candidate.name} works, term {term}")

    def _stored(self, before: str, after: str) -> None:
        """Record that the Lease was written."""
        if not after:
            self.released_at = self.timeline.now
            self.tell(f"the lease of {before} is released")
        elif before != after and after != INTRUDER and self.released_at:
            self.happened(f"the lease was taken after it {'had expired' if before else 'was released'}")
