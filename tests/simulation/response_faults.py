"""Faults of single requests: refusals, and responses with another body."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from kubeloop import errors
from kubeloop.wire.response import Headers, Response
from tests.simulation.disturbance import Disturbance, add_rules, end_some_watches, expire_watches, remove_rules

if TYPE_CHECKING:
    from kubeloop.testing.action import Action
    from tests.simulation.world import World

_JSON = Headers([("Content-Type", "application/json")])


def versions_expire(world: World, random: Random) -> Disturbance:
    """Open watches expire (410) and, for a while, new watches and lists too."""
    expire_watches(world, random)
    rules = add_rules(world, random.choice(("watch", "watch", "list", "*")), "*", chance=random.choice((0.0, 0.5, 1.0)))
    error = random.choice((errors.Expired, errors.Gone))
    for rule in rules:
        rule.fail(error)
    yield None
    remove_rules(rules)


def responses_are_cut(world: World, random: Random) -> Disturbance:
    """New responses break after some bytes, or before the first."""
    rules = add_rules(world, random.choice(("list", "watch", "*")), "*", chance=random.choice((0.3, 0.9)))
    for rule in rules:
        rule.cut(after=random.choice((None, random.randrange(0, 300), random.randrange(0, 4000))))
    end_some_watches(world, random)
    yield None
    remove_rules(rules)


def storm_of_429(world: World, random: Random) -> Disturbance:
    """Requests are refused with 429, with and without Retry-After."""
    yield from _refusals(world, random, errors.TooManyRequests)


def storm_of_5xx(world: World, random: Random) -> Disturbance:
    """Requests are refused with 500, 503 or 504."""
    yield from _refusals(
        world,
        random,
        random.choice((errors.InternalError, errors.ServiceUnavailable, errors.GatewayTimeout, _TOO_LARGE)),
    )


_TOO_LARGE = errors.GatewayTimeout(
    errors.StatusDetails(code=504, reason="Timeout", message="Too large resource version: 900000, current: 5")
)


def access_is_refused(world: World, random: Random) -> Disturbance:
    """Requests are refused with 401, 403 or 404."""
    yield from _refusals(world, random, random.choice((errors.Unauthorized, errors.Forbidden, errors.NotFound)))


def streaming_lists_are_refused(world: World, random: Random) -> Disturbance:
    """Watches that begin with a list are refused with 400, 403 or 422."""
    error = random.choice((errors.BadRequest, errors.Forbidden, errors.Invalid))
    rules = [link.rules.on("watch", "*", where=is_streaming_list).fail(error) for link in world.links()]
    expire_watches(world, random)
    yield None
    remove_rules(rules)


def is_streaming_list(action: Action) -> bool:
    return "sendInitialEvents" in action.options


def connections_are_refused(world: World, random: Random) -> Disturbance:
    """Connections are refused, or their TLS certificate has expired."""
    yield from _refusals(world, random, random.choice((errors.ConnectError, errors.TLSError, errors.ConnectionLost)))


def another_body(world: World, random: Random) -> Disturbance:
    """The response to lists and watches is 200, with the body of something else."""
    body = random.choice(OTHER_BODIES)
    rules = add_rules(world, random.choice(("list", "list", "*")), "*", chance=random.choice((0.5, 1.0)))
    for rule in rules:
        rule.respond(partial(_another_response, body))
    expire_watches(world, random)
    end_some_watches(world, random)
    yield None
    remove_rules(rules)


OTHER_BODIES = (
    b"{}",
    b'{"error":"bad gateway"}',
    b"",
    b"<html>Welcome to the hotel</html>",
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","code":503}',
    b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5"},"rows":[]}',
    OTHER_LIST := b'{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]}',
    b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","resourceVersion":"5"}}',
)


def _another_response(body: bytes, action: Action) -> Response | None:
    # A dynamic informer takes the kind of its first list for that of all others, so the first is left alone.
    if body is OTHER_LIST and action.verb == "list" and action.options.get("resourceVersion", "0") == "0":
        return None
    return Response(200, _JSON, body)


def responses_are_garbled(world: World, random: Random) -> Disturbance:
    """The bodies of responses are noise."""
    rules = add_rules(world, random.choice(("list", "watch", "*")), "*", chance=random.choice((0.3, 0.8)))
    for rule in rules:
        rule.garble(random.choice((b"\x00\xff\xfe{<", b"{\n", b'{"type":"ADDED"}\n')))
    end_some_watches(world, random)
    yield None
    remove_rules(rules)


def _refusals(world: World, random: Random, error: Any) -> Disturbance:
    verb = random.choice(("*", "*", "list", "watch"))
    rules = add_rules(world, verb, "*", chance=random.choice((0.5, 1.0)))
    waits = error in (errors.TooManyRequests, errors.InternalError, errors.ServiceUnavailable)
    retry_after = random.choice((None, None, 0, 1, 7, 30, 600)) if waits else None
    for rule in rules:
        rule.fail(error, retry_after=retry_after)
    end_some_watches(world, random)
    yield None
    remove_rules(rules)
