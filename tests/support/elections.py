"""Elections over fake clients, and what tests ask of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop.errors import LeadershipLost
from kubeloop.leaderelection import LeaderElection
from kubeloop.models import coordination_v1
from kubeloop.testing import FaultyTransport, fake, virtual_time
from kubeloop.testing.virtual_time import elapsed

RETRIES = 4.4
"""The longest pause of a candidate, in seconds: the retry period and 120 % of it."""


class Longest(Random):
    """Chance that makes every pause the longest: the first renewal comes after a whole retry period."""

    def random(self) -> float:
        return 1.0


def election_of(client: kubeloop.Clientset, identity: str = "a", **options: Any) -> LeaderElection:
    return LeaderElection(
        client, "x", "default", identity=identity, now=virtual_time.now, **{"random": Longest(), **options}
    )


async def lease_of(client: kubeloop.Clientset) -> coordination_v1.LeaseSpec:
    return (await client.coordination_v1.leases("default").get("x")).spec


def verbs(client: fake.Clientset) -> list[str]:
    return [action.verb for action in client.api.actions if action.resource == "leases"]


def faulty(client: fake.Clientset) -> tuple[kubeloop.Clientset, FaultyTransport]:
    """Return another client of the same server, and its network."""
    transport = FaultyTransport(client.api.transport())
    return kubeloop.Clientset(client.api.config(), transport=transport), transport


@contextmanager
def lost(message: str = "leader election default/x: ") -> Iterator[None]:
    """Expect that the block ends with `LeadershipLost`."""
    with pytest.raises(LeadershipLost, match=message):
        yield


@asynccontextmanager
async def followed(election: LeaderElection) -> AsyncGenerator[asyncio.Task[float]]:
    """Run a task that waits for the leadership, and returns the time at which it has it."""

    async def now() -> float:
        return elapsed()

    task = asyncio.create_task(election.run(now))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
