"""What a seed decides before a world begins: the servers, the consumers, the writes and the faults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from tests.simulation.cluster import NAMESPACES, RESOURCES, Scope
from tests.simulation.consumers import FLAVOURS
from tests.simulation.faults import FAULTS
from tests.simulation.recorder import HANDLERS

__all__ = ["FaultPlan", "InformerPlan", "Plan", "ReaderPlan", "make_plan"]


PAGE_SIZES = (None, None, 0, 5, 20)
"""The page sizes of informers: None for the default, 0 for lists without pages."""

RESYNC_PERIODS = (0.0, 0.0, 0.0, 9.0, 31.0)
"""The seconds between two resyncs of informers; 0 for none."""


@dataclass(frozen=True)
class InformerPlan:
    """An informer: its kind, what it reads, when it starts, and what happens to its handlers."""

    flavour: str
    scope: Scope
    page_size: int | None
    max_internal_error_retry: float
    min_watch_timeout: float | None
    resync_period: float
    starts_at: float
    stops_at: float
    handlers: tuple[str, ...]
    later: tuple[tuple[float, str], ...]
    """Times at which a handler of a kind is added; `""` stands for the removal of the last one."""


@dataclass(frozen=True)
class ReaderPlan:
    """A reader of `watch()` or of `iterate()`."""

    kind: str
    scope: Scope
    starts_at: float


@dataclass(frozen=True)
class FaultPlan:
    """A fault: when it begins, and how long it lasts unless it decides that itself."""

    kind: str
    starts_at: float
    seconds: float


@dataclass(frozen=True)
class Plan:
    """A world. A crowded one has more events than a page of a list."""

    seed: int
    servers: int
    window: int | None
    duration: float
    resources: tuple[str, ...]
    is_crowded: bool
    informers: tuple[InformerPlan, ...]
    readers: tuple[ReaderPlan, ...]
    faults: tuple[FaultPlan, ...]
    bursts: tuple[tuple[float, int], ...]
    """Times of writes, and how many follow each other at once."""


def make_plan(seed: int) -> Plan:
    """Return the world of a seed."""
    random = Random(f"world {seed}")
    duration = random.uniform(60.0, 180.0)
    bursts: list[tuple[float, int]] = []
    while sum(size for _, size in bursts) < random.randint(220, 400):
        bursts.append((random.uniform(0.0, duration), random.choice((1, 1, 2, 3, 5, 12))))
    resources = tuple(random.sample(RESOURCES, random.randint(2, 3)))
    flavours = ["typed", "dynamic", *random.choices([*FLAVOURS], k=random.randint(1, 3))]
    kinds = [kind for kind, chance in (("watch", 0.5), ("iterate", 0.4)) if random.random() < chance]
    faults = random.sample([*FAULTS], random.randint(3, 8))
    return Plan(
        seed,
        servers=random.choice((1, 2, 2, 3)),
        window=random.choice((None, None, 3, 10, 30)),
        duration=duration,
        resources=resources,
        is_crowded=random.random() < 0.03,
        informers=tuple(_informer(random, flavour, resources, duration) for flavour in flavours),
        readers=tuple(_reader(random, kind, resources) for kind in kinds),
        faults=tuple(_fault(random, kind, duration) for kind in faults),
        bursts=tuple(sorted(bursts)),
    )


def _informer(random: Random, flavour: str, resources: tuple[str, ...], duration: float) -> InformerPlan:
    scope = Scope(
        random.choice(resources),
        "" if FLAVOURS[flavour].has_sources else random.choice(("", "", NAMESPACES[0])),
        random.choice(("", "", "", "a")),
        FLAVOURS[flavour].reads_content,
        is_picky=random.random() < 0.2,
    )
    later = [
        (random.uniform(0.0, duration), random.choice((*HANDLERS, "", ""))) for _ in range(random.choice((0, 0, 1, 2)))
    ]
    return InformerPlan(
        flavour,
        scope,
        page_size=random.choice(PAGE_SIZES),
        max_internal_error_retry=random.choice((0.0, 0.0, 30.0)),
        min_watch_timeout=random.choice((None, None, None, 700.0)),
        resync_period=random.choice(RESYNC_PERIODS),
        starts_at=random.choice((0.0, 0.0, 0.0, random.uniform(0.0, duration))),
        stops_at=random.uniform(duration / 2, duration) if random.random() < 0.05 else math.inf,
        handlers=("plain", *random.sample(HANDLERS[1:], random.choice((0, 1, 1, 2)))),
        later=tuple(sorted(later)),
    )


def _reader(random: Random, kind: str, resources: tuple[str, ...]) -> ReaderPlan:
    scope = Scope(random.choice(resources), random.choice(("", NAMESPACES[0])))
    return ReaderPlan(kind, scope, random.uniform(0.0, 20.0))


def _fault(random: Random, kind: str, duration: float) -> FaultPlan:
    # Many short faults, some of a minute.
    return FaultPlan(kind, random.uniform(0.5, duration * 0.9), math.exp(random.uniform(math.log(0.3), math.log(70.0))))
