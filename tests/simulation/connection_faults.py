"""Faults of connections: what happens to bytes in flight."""

from __future__ import annotations

import json
import re
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from kubeloop import errors
from tests.simulation.disturbance import (
    Disturbance,
    end_some_watches,
    expire_watches,
    rewritten,
    shaped,
    some_watches,
    write_odd_objects,
)
from tests.simulation.flow import SILENCE, Flow

if TYPE_CHECKING:
    from kubeloop.wire.request import Request
    from tests.simulation.world import World


def connections_are_cut(world: World, random: Random) -> Disturbance:
    """Open connections break in the middle of the bytes that are in flight."""
    for _ in range(random.randint(1, 8)):
        flows = [flow for flow in world.network.open_flows() if random.random() < 0.6]
        for flow in flows:
            world.after_writes(flow.cut, random.randrange(0, 2000))
        yield random.choice((0.3, 2.0, 15.0))


def events_come_twice(world: World, random: Random) -> Disturbance:
    """Events of watches arrive twice."""
    world.judge.events_may_repeat = True

    def shape(flow: Flow) -> None:
        flow.duplicates = 0.5 if flow.is_watch else 0.0

    yield from shaped(world, shape)


def bodies_drip(world: World, random: Random) -> Disturbance:
    """Bodies arrive a few bytes at a time."""
    size = random.choice((40, 200, 1000))

    def shape(flow: Flow) -> None:
        flow.drip = size

    yield from shaped(world, shape)
    for flow in world.network.open_flows():
        flow.drip = 0


def watches_end_after_each_event(world: World, random: Random) -> Disturbance:
    """Each watch ends after one or two events."""

    def shape(flow: Flow) -> None:
        flow.ends_after = random.choice((1, 1, 2)) if flow.is_watch else None

    yield from shaped(world, shape)
    for flow in world.network.open_flows():
        flow.ends_after = None


def watches_end_at_once(world: World, random: Random) -> Disturbance:
    """Each watch ends before its first event."""
    kind = random.choice(("end", "cut"))

    def shape(flow: Flow) -> None:
        if flow.is_watch:
            world.loop.call_later(0.03, flow.end if kind == "end" else flow.lost)

    yield from shaped(world, shape)


def events_are_delayed(world: World, random: Random) -> Disturbance:
    """Bytes in flight are held back for a while, and then arrive."""
    for _ in range(random.randint(1, 3)):
        flows = [flow for flow in world.network.open_flows() if random.random() < 0.7]
        for flow in flows:
            flow.freeze()
        yield random.choice((0.5, 5.0, 30.0))
        for flow in flows:
            flow.thaw()


def network_is_a_black_hole(world: World, random: Random) -> Disturbance:
    """Nothing arrives from any server; then all of it does."""
    for flow in world.network.open_flows():
        flow.freeze()
    world.network.shapes[shape := object()] = Flow.freeze
    yield random.choice((5.0, 60.0, 250.0))
    del world.network.shapes[shape]
    for flow in world.network.open_flows():
        flow.thaw()


def connections_are_forgotten(world: World, random: Random) -> Disturbance:
    """A router forgets open connections: nothing ever arrives, until the client gives up after its silence bound."""
    for flow in world.network.open_flows():
        if random.random() < 0.8:
            flow.freeze()
    yield SILENCE + 1.0


def internal_errors_in_watches(world: World, random: Random) -> Disturbance:
    """Open watches end with an ERROR event of another kind than 410."""
    for _ in range(random.randint(1, 6)):
        error = random.choice((errors.InternalError, errors.TooManyRequests, errors.Forbidden))
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": _CODES[error]}
        frame = json.dumps({"type": "ERROR", "object": {**status, "reason": error.__name__}}, separators=(",", ":"))
        for flow in some_watches(world, random):
            flow.tell(frame.encode() + b"\n")
        yield random.choice((0.5, 3.0, 20.0, 65.0))


_CODES = {errors.InternalError: 500, errors.TooManyRequests: 429, errors.Forbidden: 403}


def metadata_is_garbled(world: World, random: Random) -> Disturbance:
    """The names or the versions of some objects cannot be read by anybody, until the objects are written again."""
    write_odd_objects(world)
    odd, garbled = random.choice(
        (
            (rb'"name":"odd-[ab]"', b'"name":7'),
            (rb'("name":"odd-[ab]".{0,60}"resourceVersion":)"[0-9]+"', rb"\g<1>7"),
        )
    )

    def shape(flow: Flow) -> None:
        flow.rewrite = partial(re.sub, odd, garbled)

    yield from rewritten(world, random, shape)
    write_odd_objects(world)


def versions_are_missing(world: World, random: Random) -> Disturbance:
    """Lists have no version, as those of some aggregated servers; nor has the end of streaming lists."""

    def shape(flow: Flow) -> None:
        if flow.is_watch:
            flow.rewrite = partial(re.sub, rb'("metadata":\{)"resourceVersion":"[0-9]+",("annotations")', rb"\1\2")
        else:
            flow.rewrite = lambda body: re.sub(
                rb'("metadata":\{)"resourceVersion":"[0-9]+"', rb'\1"x":""', body, count=1
            )

    yield from rewritten(world, random, shape)


def pages_lead_to_themselves(world: World, random: Random) -> Disturbance:
    """Each page of a list says that the next page is itself."""

    def shape(flow: Flow) -> None:
        if not flow.is_watch:
            flow.rewrite = _leads_to_itself

    def change(request: Request) -> Request:
        return request.replace(target=request.target.replace("continue=again", "x=1"))

    world.network.changes[token := object()] = change
    yield from rewritten(world, random, shape)
    del world.network.changes[token]


def _leads_to_itself(body: bytes) -> bytes:
    body, has_pages = re.subn(rb'"continue":"[^"]*"', b'"continue":"again"', body, count=1)
    return body if has_pages else body.replace(b'"metadata":{', b'"metadata":{"continue":"again",', 1)


def streaming_lists_are_ignored(world: World, random: Random) -> Disturbance:
    """The servers do not know `sendInitialEvents`, as those before Kubernetes 1.27."""
    world.network.changes[token := object()] = without_initial_events
    expire_watches(world, random)
    yield None
    del world.network.changes[token]


def without_initial_events(request: Request) -> Request:
    """Return a request as a server reads it that does not know `sendInitialEvents`."""
    unknown = "&?(sendInitialEvents=true|resourceVersionMatch=NotOlderThan)"
    return request.replace(target=re.sub(unknown, "", request.target).replace("?&", "?"))


def bookmarks_are_missing(world: World, random: Random) -> Disturbance:
    """The servers send no bookmarks, not even at the end of a streaming list."""

    def shape(flow: Flow) -> None:
        if flow.is_watch:
            flow.rewrite = partial(re.sub, rb'\{"type":"BOOKMARK".*\n', b"")

    for flow in world.network.open_flows():
        shape(flow)
    world.network.shapes[token := object()] = shape
    if random.random() < 0.5:
        expire_watches(world, random)
    yield random.choice((None, 20.0, 400.0))
    del world.network.shapes[token]
    for flow in world.network.open_flows(is_watch=True):
        flow.rewrite = None


def timeouts_are_ignored(world: World, random: Random) -> Disturbance:
    """The servers do not end watches after their `timeoutSeconds`."""

    def change(request: Request) -> Request:
        return request.replace(target=re.sub("timeoutSeconds=[0-9]+", "timeoutSeconds=100000", request.target))

    world.network.changes[token := object()] = change
    end_some_watches(world, random)
    yield random.choice((5.0, 700.0))
    del world.network.changes[token]
