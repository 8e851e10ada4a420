"""Faults of servers and of their storage, of clocks, and of the objects that they hold."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from kubeloop.testing import virtual_time
from tests.simulation.cluster import APPS, NAMESPACES, ODD, RESOURCES
from tests.simulation.disturbance import Disturbance, add_rules, expire_watches, remove_rules

if TYPE_CHECKING:
    from tests.simulation.world import World


def servers_lag(world: World, random: Random) -> Disturbance:
    """The watch caches of some servers are seconds behind the storage."""
    chosen = [server for server in world.cluster.running() if random.random() < 0.7]
    for server in chosen:
        server.cache.lag = random.choice((0.2, 1.0, 4.0, 15.0))
    yield None
    for server in chosen:
        server.cache.lag = 0.0
        server.cache.advance(world.cluster.now())


def cache_is_held(world: World, random: Random) -> Disturbance:
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
        expire_watches(world, random)
    is_alone = random.random() < 0.4
    others = [number for number in range(len(world.cluster.servers)) if number != held and is_alone]
    for number in others:
        _kill(world, number, random)
    yield 60.0 if is_alone else None
    if server is not None:
        server.cache.release()
    for number in others:
        world.cluster.start(number)


def server_restarts(world: World, random: Random) -> Disturbance:
    """A server is killed and started again: its window of events is empty."""
    number = random.randrange(len(world.cluster.servers))
    _kill(world, number, random)
    yield random.choice((0.1, 2.0, 10.0))
    world.cluster.start(number)


def servers_restart_often(world: World, random: Random) -> Disturbance:
    """The servers are restarted again and again, one after the other."""
    for turn in range(random.randint(2, 6)):
        number = turn % len(world.cluster.servers)
        _kill(world, number, random)
        yield 1.0
        world.cluster.start(number)
        yield random.choice((2.0, 8.0))


def all_servers_are_down(world: World, random: Random) -> Disturbance:
    """No server runs: connections are refused."""
    numbers = range(len(world.cluster.servers))
    for number in numbers:
        _kill(world, number, random)
    yield None
    for number in numbers:
        world.cluster.start(number)


def balancer_is_blind(world: World, random: Random) -> Disturbance:
    """A server is down, and the balancer sends requests to it all the same."""
    number = random.randrange(len(world.cluster.servers))
    _kill(world, number, random)
    world.network.knows_the_dead = False
    yield None
    world.network.knows_the_dead = True
    world.cluster.start(number)


def storage_is_compacted(world: World, random: Random) -> Disturbance:
    """The history is dropped, several times."""
    for _ in range(random.randint(1, 5)):
        world.cluster.compact()
        yield 1.0


def pages_expire(world: World, random: Random) -> Disturbance:
    """Watches expire, so that lists follow; their pages come slowly, and their snapshots are compacted meanwhile."""
    rules = add_rules(world, "list", "*", chance=0.8)
    for rule in rules:
        rule.delay(0.6)
    for _ in range(random.randint(5, 12)):
        if random.random() < 0.5:
            expire_watches(world, random)
        yield 0.4
        world.cluster.compact()
    remove_rules(rules)


def objects_become_unreadable(world: World, random: Random) -> Disturbance:
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
            expire_watches(world, random)
        yield random.choice((0.0, 0.5, 5.0))


def client_is_stopped(world: World, random: Random) -> Disturbance:
    """The process of the clients is stopped for a while: all its timers are late."""
    for _ in range(random.randint(1, 3)):
        seconds = random.choice((1.0, 20.0, 200.0))
        world.network.stopped_seconds += seconds
        virtual_time.advance(seconds)
        yield random.choice((1.0, 10.0))


def clock_of_the_servers_jumps(world: World, random: Random) -> Disturbance:
    """The wall clock of the servers jumps forward for good, or back for a while."""
    jump = random.choice((30.0, 700.0, 4000.0, -30.0, -600.0))
    world.cluster.offset += jump
    yield None
    if jump < 0:
        world.cluster.offset -= jump


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
