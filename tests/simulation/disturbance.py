"""What faults have in common: rules for requests, changes of the bytes in flight, and the end of watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from kubeloop.wire.refusals import expired
from kubeloop.wire.status_bodies import status_document
from tests.simulation.cluster import APPS, NAMESPACES, ODD, RESOURCES
from tests.simulation.flow import Flow

if TYPE_CHECKING:
    from kubeloop.testing.faults import FaultRule
    from tests.simulation.world import World

Disturbance: TypeAlias = "Iterator[float | None]"
"""The course of a fault: it begins at the first step, yields the seconds until the next step, and ends after the last.
None stands for the seconds of the plan.
"""


def add_rules(world: World, verb: str, resource: str, *, chance: float) -> list[FaultRule]:
    return [link.rules.on(verb, resource, chance=chance) for link in world.links()]


def remove_rules(rules: list[FaultRule]) -> None:
    for rule in rules:
        rule.remove()


def shaped(world: World, shape: Callable[[Flow], None]) -> Disturbance:
    for flow in world.network.open_flows():
        shape(flow)
    world.network.shapes[token := object()] = shape
    yield None
    del world.network.shapes[token]
    for flow in world.network.open_flows():
        flow.duplicates = 0.0


def rewritten(world: World, random: Random, shape: Callable[[Flow], None]) -> Disturbance:
    """Change the bytes that arrive, and cause lists. At the end all watches end: an informer learns only then that a
    list was incomplete, or that a watch began without a version.
    """
    world.network.shapes[token := object()] = shape
    for flow in world.network.open_flows():
        shape(flow)
    if random.random() < 0.7:
        expire_watches(world, random)
    yield None
    del world.network.shapes[token]
    for flow in world.network.open_flows():
        if flow.is_watch:
            flow.rewrite = None
            flow.end()
        else:
            flow.lost()
    _end_next_watches(world)


def _end_next_watches(world: World) -> None:
    """End the next watch of each consumer: a retry may open it after the fault, from the list of that time."""
    ended: set[object] = set()

    def end_when_open(flow: Flow) -> None:
        if flow.is_open:
            ended.add(flow.owner)
            flow.end()
            world.disturbed_at = world.loop.time()
        elif flow in world.network.flows:
            world.loop.call_later(0.05, end_when_open, flow)

    def shape(flow: Flow) -> None:
        if flow.is_watch and flow.owner not in ended:
            world.loop.call_later(0.05, end_when_open, flow)

    world.network.shapes[shape] = shape


def some_watches(world: World, random: Random) -> list[Flow]:
    return [flow for flow in world.network.open_flows(is_watch=True) if random.random() < 0.7]


def expire_watches(world: World, random: Random) -> None:
    frame = json.dumps({"type": "ERROR", "object": status_document(_EXPIRED)}, separators=(",", ":")).encode()
    for flow in some_watches(world, random):
        flow.tell(frame + b"\n")


_EXPIRED = expired("too old resource version: 1 (100)")


def end_some_watches(world: World, random: Random) -> None:
    for flow in some_watches(world, random):
        if random.random() < 0.5:
            flow.end()
        else:
            flow.lost()


def write_odd_objects(world: World) -> None:
    for resource in RESOURCES:
        for namespace in NAMESPACES:
            for name in "ab":
                world.cluster.put(world.key(resource, namespace, ODD + name), app=APPS[0])
