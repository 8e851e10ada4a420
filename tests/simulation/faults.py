"""The kinds of faults. Each is a function that disturbs a world for some time, as a generator of two halves.

    def outage(world, random):
        begin …
        yield                # as long as the fault lasts
        end …

A fault yields the seconds that it lasts at least; None lets the plan decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from kubeloop import errors
from kubeloop.testing import StreamedResponse, virtual_time
from kubeloop.testing.action import Action
from kubeloop.wire.refusals import expired
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.status_bodies import status_document
from tests.simulation.cluster import APPS, NAMESPACES, ODD, RESOURCES
from tests.simulation.flow import SILENCE, Flow

if TYPE_CHECKING:
    from kubeloop.testing.faults import FaultRule
    from kubeloop.wire.request import Request
    from tests.simulation.world import World

__all__ = ["FAULTS", "Fault"]

Fault = Callable[["World", Random], Iterator[float | None]]

_JSON = Headers([("Content-Type", "application/json")])


def servers_lag(world: World, random: Random) -> Iterator[float | None]:
    """The watch caches of some servers are seconds behind the storage."""
    chosen = [server for server in world.cluster.running() if random.random() < 0.7]
    for server in chosen:
        server.cache.lag = random.choice((0.2, 1.0, 4.0, 15.0))
    yield None
    for server in chosen:
        server.cache.lag = 0.0
        server.cache.advance(world.cluster.now())


def cache_is_held(world: World, random: Random) -> Iterator[float | None]:
    """The watch cache of a server is stuck: lists at newer versions time out (504, too large version). Sometimes it is
    the only server.
    """
    numbers = [number for number, server in enumerate(world.cluster.servers) if server is not None]
    held = random.choice(numbers) if numbers else None
    server = None if held is None else world.cluster.servers[held]
    if server is not None:
        server.cache.hold()
    for _ in range(random.randint(1, 3)):
        yield random.choice((1.0, 5.0))
        _tell_expired(world, random)
    is_alone = random.random() < 0.4
    others = [number for number in range(len(world.cluster.servers)) if number != held and is_alone]
    for number in others:
        _kill(world, number, random)
    yield 60.0 if is_alone else None
    if server is not None:
        server.cache.release()
    for number in others:
        world.cluster.start(number)


def server_restarts(world: World, random: Random) -> Iterator[float | None]:
    """A server is killed and started again: its window of events is empty."""
    number = random.randrange(len(world.cluster.servers))
    _kill(world, number, random)
    yield random.choice((0.1, 2.0, 10.0))
    world.cluster.start(number)


def servers_restart_often(world: World, random: Random) -> Iterator[float | None]:
    """The servers are restarted again and again, one after the other."""
    for turn in range(random.randint(2, 6)):
        number = turn % len(world.cluster.servers)
        _kill(world, number, random)
        yield 1.0
        world.cluster.start(number)
        yield random.choice((2.0, 8.0))


def all_servers_are_down(world: World, random: Random) -> Iterator[float | None]:
    """No server runs: connections are refused."""
    numbers = range(len(world.cluster.servers))
    for number in numbers:
        _kill(world, number, random)
    yield None
    for number in numbers:
        world.cluster.start(number)


def balancer_is_blind(world: World, random: Random) -> Iterator[float | None]:
    """A server is down, and the balancer sends requests to it all the same."""
    number = random.randrange(len(world.cluster.servers))
    _kill(world, number, random)
    world.network.knows_the_dead = False
    yield None
    world.network.knows_the_dead = True
    world.cluster.start(number)


def storage_is_compacted(world: World, random: Random) -> Iterator[float | None]:
    """The history is dropped, several times."""
    for _ in range(random.randint(1, 5)):
        world.cluster.compact()
        yield 1.0


def pages_expire(world: World, random: Random) -> Iterator[float | None]:
    """Watches expire, so that lists follow; their pages come slowly, and their snapshots are compacted meanwhile."""
    rules = _rules(world, "list", "*", chance=0.8)
    for rule in rules:
        rule.delay(0.6)
    for _ in range(random.randint(5, 12)):
        if random.random() < 0.5:
            _tell_expired(world, random)
        yield 0.4
        world.cluster.compact()
    _remove(rules)


def versions_expire(world: World, random: Random) -> Iterator[float | None]:
    """Open watches expire (410) and, for a while, new watches and lists too."""
    _tell_expired(world, random)
    rules = _rules(world, random.choice(("watch", "watch", "list", "*")), "*", chance=random.choice((0.0, 0.5, 1.0)))
    error = random.choice((errors.Expired, errors.Gone))
    for rule in rules:
        rule.fail(error)
    yield None
    _remove(rules)


def internal_errors_in_watches(world: World, random: Random) -> Iterator[float | None]:
    """Open watches end with an ERROR event of another kind than 410."""
    for _ in range(random.randint(1, 6)):
        error = random.choice((errors.InternalError, errors.TooManyRequests, errors.Forbidden))
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": _CODES[error]}
        frame = json.dumps({"type": "ERROR", "object": {**status, "reason": error.__name__}}, separators=(",", ":"))
        for flow in _some_watches(world, random):
            flow.tell(frame.encode() + b"\n")
        yield random.choice((0.5, 3.0, 20.0, 65.0))


_CODES = {errors.InternalError: 500, errors.TooManyRequests: 429, errors.Forbidden: 403}


def connections_are_cut(world: World, random: Random) -> Iterator[float | None]:
    """Open connections break in the middle of the bytes that are in flight."""
    for _ in range(random.randint(1, 8)):
        flows = [flow for flow in world.network.open_flows() if random.random() < 0.6]
        for flow in flows:
            world.after_writes(flow.cut, random.randrange(0, 2000))
        yield random.choice((0.3, 2.0, 15.0))


def responses_are_cut(world: World, random: Random) -> Iterator[float | None]:
    """New responses break after some bytes, or before the first."""
    rules = _rules(world, random.choice(("list", "watch", "*")), "*", chance=random.choice((0.3, 0.9)))
    for rule in rules:
        rule.cut(after=random.choice((None, random.randrange(0, 300), random.randrange(0, 4000))))
    _end_some_watches(world, random)
    yield None
    _remove(rules)


def events_come_twice(world: World, random: Random) -> Iterator[float | None]:
    """Events of watches arrive twice."""

    def shape(flow: Flow) -> None:
        flow.duplicates = 0.5 if flow.is_watch else 0.0

    yield from _shaped(world, shape)


def bodies_drip(world: World, random: Random) -> Iterator[float | None]:
    """Bodies arrive a few bytes at a time."""
    size = random.choice((40, 200, 1000))

    def shape(flow: Flow) -> None:
        flow.drip = size

    yield from _shaped(world, shape)
    for flow in world.network.open_flows():
        flow.drip = 0


def watches_end_after_each_event(world: World, random: Random) -> Iterator[float | None]:
    """Each watch ends after one or two events."""

    def shape(flow: Flow) -> None:
        flow.ends_after = random.choice((1, 1, 2)) if flow.is_watch else None

    yield from _shaped(world, shape)
    for flow in world.network.open_flows():
        flow.ends_after = None


def watches_end_at_once(world: World, random: Random) -> Iterator[float | None]:
    """Each watch ends before its first event."""
    kind = random.choice(("end", "cut"))

    def shape(flow: Flow) -> None:
        if flow.is_watch:
            world.loop.call_later(0.03, flow.end if kind == "end" else flow.lost)

    yield from _shaped(world, shape)


def events_are_delayed(world: World, random: Random) -> Iterator[float | None]:
    """Bytes in flight are held back for a while, and then arrive."""
    for _ in range(random.randint(1, 3)):
        flows = [flow for flow in world.network.open_flows() if random.random() < 0.7]
        for flow in flows:
            flow.freeze()
        yield random.choice((0.5, 5.0, 30.0))
        for flow in flows:
            flow.thaw()


def network_is_a_black_hole(world: World, random: Random) -> Iterator[float | None]:
    """Nothing arrives from any server; then all of it does."""
    for flow in world.network.open_flows():
        flow.freeze()
    world.network.shapes[shape := object()] = Flow.freeze
    yield random.choice((5.0, 60.0, 250.0))
    del world.network.shapes[shape]
    for flow in world.network.open_flows():
        flow.thaw()


def connections_are_forgotten(world: World, random: Random) -> Iterator[float | None]:
    """A router forgets open connections: nothing ever arrives, until the client gives up after its silence bound."""
    for flow in world.network.open_flows():
        if random.random() < 0.8:
            flow.freeze()
    yield SILENCE + 1.0


def storm_of_429(world: World, random: Random) -> Iterator[float | None]:
    """Requests are refused with 429, with and without Retry-After."""
    yield from _refusals(world, random, errors.TooManyRequests)


def storm_of_5xx(world: World, random: Random) -> Iterator[float | None]:
    """Requests are refused with 500, 503 or 504."""
    yield from _refusals(
        world,
        random,
        random.choice((errors.InternalError, errors.ServiceUnavailable, errors.GatewayTimeout, _TOO_LARGE)),
    )


_TOO_LARGE = errors.GatewayTimeout(
    errors.StatusDetails(code=504, reason="Timeout", message="Too large resource version: 900000, current: 5")
)


def access_is_refused(world: World, random: Random) -> Iterator[float | None]:
    """Requests are refused with 401, 403 or 404."""
    yield from _refusals(world, random, random.choice((errors.Unauthorized, errors.Forbidden, errors.NotFound)))


def connections_are_refused(world: World, random: Random) -> Iterator[float | None]:
    """Connections are refused, or their TLS certificate has expired."""
    yield from _refusals(world, random, random.choice((errors.ConnectError, errors.TLSError, errors.ConnectionLost)))


def another_body(world: World, random: Random) -> Iterator[float | None]:
    """The response to lists and watches is 200, with the body of something else."""
    body = random.choice(OTHER_BODIES)
    rules = _rules(world, random.choice(("list", "list", "*")), "*", chance=random.choice((0.5, 1.0)))
    for rule in rules:
        rule.respond(lambda action: _other_response(action, body))
    _tell_expired(world, random)
    _end_some_watches(world, random)
    yield None
    _remove(rules)


OTHER_BODIES = (
    b"{}",
    b'{"error":"bad gateway"}',
    b"",
    b"<html>Welcome to the hotel</html>",
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","code":503}',
    b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5"},"rows":[]}',
    b'{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]}',
    b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","resourceVersion":"5"}}',
)


def _other_response(action: Action, body: bytes) -> Response | StreamedResponse:
    del action
    return Response(200, _JSON, body)


def responses_are_garbled(world: World, random: Random) -> Iterator[float | None]:
    """The bodies of responses are noise."""
    rules = _rules(world, random.choice(("list", "watch", "*")), "*", chance=random.choice((0.3, 0.8)))
    for rule in rules:
        rule.garble(random.choice((b"\x00\xff\xfe{<", b"{\n", b'{"type":"ADDED"}\n')))
    _end_some_watches(world, random)
    yield None
    _remove(rules)


def objects_become_unreadable(world: World, random: Random) -> Iterator[float | None]:
    """Objects change into something that their class cannot read, are deleted in this state, or become readable."""
    resources = [resource for resource in RESOURCES if random.random() < 0.7] or [RESOURCES[0]]
    for _ in range(random.randint(3, 10)):
        for resource in resources:
            key = world.key(resource, random.choice(NAMESPACES), f"{ODD}{random.choice('ab')}")
            exists = key in world.cluster.facts
            breaks = random.choice(("", "content", "all"))
            if resource in world.selected:
                breaks = breaks and "content"  # the server itself reads the labels
            if exists and random.random() < 0.3:
                world.cluster.delete(key)
            else:
                world.cluster.put(key, app=random.choice(APPS), breaks=breaks)
        if random.random() < 0.3:
            _tell_expired(world, random)
        yield random.choice((0.0, 0.5, 5.0))


def metadata_is_garbled(world: World, random: Random) -> Iterator[float | None]:
    """The names or the versions of some objects cannot be read by anybody, until the objects are written again."""
    _write_odd_objects(world)
    odd, garbled = random.choice(
        (
            (rb'"name":"odd-[ab]"', b'"name":7'),
            (rb'("name":"odd-[ab]".{0,60}"resourceVersion":)"[0-9]+"', rb"\g<1>7"),
        )
    )

    def shape(flow: Flow) -> None:
        flow.rewrite = partial(re.sub, odd, garbled)

    yield from _rewritten(world, random, shape)
    _write_odd_objects(world)


def versions_are_missing(world: World, random: Random) -> Iterator[float | None]:
    """Lists have no version, as those of some aggregated servers."""
    world.judge.versions_are_lost = True

    def shape(flow: Flow) -> None:
        if not flow.is_watch:
            flow.rewrite = lambda body: re.sub(
                rb'("metadata":\{)"resourceVersion":"[0-9]+"', rb'\1"x":""', body, count=1
            )

    yield from _rewritten(world, random, shape)


def pages_lead_to_themselves(world: World, random: Random) -> Iterator[float | None]:
    """Each page of a list says that the next page is itself."""

    def shape(flow: Flow) -> None:
        if not flow.is_watch:
            flow.rewrite = _leads_to_itself

    def change(request: Request) -> Request:
        return request.replace(target=request.target.replace("continue=again", "x=1"))

    world.network.changes[token := object()] = change
    yield from _rewritten(world, random, shape)
    del world.network.changes[token]


def _leads_to_itself(body: bytes) -> bytes:
    head, metadata, rest = body.partition(b'"metadata":{')
    rest = re.sub(rb'"continue":"[^"]*",?', b"", rest, count=1)
    return head + metadata + b'"continue":"again",' + rest if metadata else body


def timeouts_are_ignored(world: World, random: Random) -> Iterator[float | None]:
    """The servers do not end watches after their `timeoutSeconds`."""

    def change(request: Request) -> Request:
        return request.replace(target=re.sub("timeoutSeconds=[0-9]+", "timeoutSeconds=100000", request.target))

    world.network.changes[token := object()] = change
    _end_some_watches(world, random)
    yield random.choice((5.0, 700.0))
    del world.network.changes[token]


def client_is_stopped(world: World, random: Random) -> Iterator[float | None]:
    """The process of the clients is stopped for a while: all its timers are late."""
    for _ in range(random.randint(1, 3)):
        seconds = random.choice((1.0, 20.0, 200.0))
        world.network.stopped_seconds += seconds
        virtual_time.advance(seconds)
        yield random.choice((1.0, 10.0))


def clock_of_the_servers_jumps(world: World, random: Random) -> Iterator[float | None]:
    """The wall clock of the servers jumps forward for good, or back for a while."""
    jump = random.choice((30.0, 700.0, 4000.0, -30.0, -600.0))
    world.cluster.offset += jump
    yield None
    if jump < 0:
        world.cluster.offset -= jump


FAULTS: dict[str, Fault] = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        servers_lag,
        cache_is_held,
        server_restarts,
        servers_restart_often,
        all_servers_are_down,
        balancer_is_blind,
        storage_is_compacted,
        pages_expire,
        versions_expire,
        internal_errors_in_watches,
        connections_are_cut,
        responses_are_cut,
        events_come_twice,
        bodies_drip,
        watches_end_after_each_event,
        watches_end_at_once,
        events_are_delayed,
        network_is_a_black_hole,
        connections_are_forgotten,
        storm_of_429,
        storm_of_5xx,
        access_is_refused,
        connections_are_refused,
        another_body,
        responses_are_garbled,
        objects_become_unreadable,
        metadata_is_garbled,
        versions_are_missing,
        pages_lead_to_themselves,
        timeouts_are_ignored,
        client_is_stopped,
        clock_of_the_servers_jumps,
    )
}
"""All kinds of faults, by the name in the story."""


def _kill(world: World, number: int, random: Random) -> None:
    """Stop a server; its connections break, or end as those of a server that shuts down."""
    server = world.cluster.servers[number]
    if server is None:
        return
    if random.random() < 0.7:
        for flow in world.network.open_flows():
            if flow.server is server:
                flow.lost()
    world.cluster.stop(number)


def _rules(world: World, verb: str, resource: str, *, chance: float) -> list[FaultRule]:
    return [link.rules.on(verb, resource, chance=chance) for link in world.links()]


def _remove(rules: list[FaultRule]) -> None:
    for rule in rules:
        rule.remove()


def _refusals(world: World, random: Random, error: Any) -> Iterator[float | None]:
    verb = random.choice(("*", "*", "list", "watch"))
    rules = _rules(world, verb, "*", chance=random.choice((0.5, 1.0)))
    waits = error in (errors.TooManyRequests, errors.InternalError, errors.ServiceUnavailable)
    retry_after = random.choice((None, None, 0, 1, 7, 30, 600)) if waits else None
    for rule in rules:
        rule.fail(error, retry_after=retry_after)
    _end_some_watches(world, random)
    yield None
    _remove(rules)


def _shaped(world: World, shape: Callable[[Flow], None]) -> Iterator[float | None]:
    for flow in world.network.open_flows():
        shape(flow)
    world.network.shapes[token := object()] = shape
    yield None
    del world.network.shapes[token]
    for flow in world.network.open_flows():
        flow.duplicates = 0.0


def _write_odd_objects(world: World) -> None:
    for resource in RESOURCES:
        for namespace in NAMESPACES:
            for name in "ab":
                world.cluster.put(world.key(resource, namespace, ODD + name), app=APPS[0])


def _rewritten(world: World, random: Random, shape: Callable[[Flow], None]) -> Iterator[float | None]:
    """Change the bytes that arrive, and cause lists. At the end all watches end: an informer learns only then that a
    list was incomplete, or that a watch began without a version.
    """
    world.network.shapes[token := object()] = shape
    for flow in world.network.open_flows():
        shape(flow)
    if random.random() < 0.7:
        _tell_expired(world, random)
    yield None
    del world.network.shapes[token]
    for flow in world.network.open_flows():
        if flow.is_watch:
            flow.rewrite = None
            flow.end()
        else:
            flow.lost()


def _some_watches(world: World, random: Random) -> list[Flow]:
    return [flow for flow in world.network.open_flows(is_watch=True) if random.random() < 0.7]


def _tell_expired(world: World, random: Random) -> None:
    frame = json.dumps({"type": "ERROR", "object": status_document(_EXPIRED)}, separators=(",", ":")).encode()
    for flow in _some_watches(world, random):
        flow.tell(frame + b"\n")


_EXPIRED = expired("too old resource version: 1 (100)")


def _end_some_watches(world: World, random: Random) -> None:
    for flow in _some_watches(world, random):
        if random.random() < 0.5:
            flow.end()
        else:
            flow.lost()
