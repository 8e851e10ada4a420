"""Whatever the network does: what the server has in the end adds up to what occurred, for both recorders."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.record import CoreEventRecorder, EventRecorder
from kubeloop.testing import FaultyTransport, fake, virtual_time
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.occurrences import core_events_of, note, pod

PODS = [pod(f"p{number}", uid=f"u{number}") for number in range(12)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("recorders", [EventRecorder, CoreEventRecorder])
@in_virtual_time
async def test_counts_add_up(recorders: type[EventRecorder | CoreEventRecorder], seed: int) -> None:
    random = Random(seed)
    client = fake.Clientset()
    network = FaultyTransport(client.api.transport(), random=Random(seed + 1))
    faulty = kubeloop.Clientset(client.api.config(), transport=network, random=Random(seed + 2))
    network.on("*", "events", chance=0.2).fail(errors.ConnectError)
    network.on("*", "events", chance=0.2).cut()
    network.on("*", "events", chance=0.1).fail(errors.ServiceUnavailable)
    network.on("*", "events", chance=0.05).hang()
    occurred = Counter[str]()
    async with recorders(faulty, "tester", now=virtual_time.now, random=Random(seed + 3)) as recorder:
        for _ in range(150):
            chosen = random.choice(PODS)
            occurred[chosen.metadata.name] += 1
            note(recorder, about=chosen)
            if random.random() < 0.1:
                await delete_one(client, random)
            await asyncio.sleep(random.choice((0, 0, 0.5, 5)))
        network.clear()
        await asyncio.sleep(60)
        assert recorder.waiting == 0
    counted = Counter[str]()
    for event in await core_events_of(client):
        counted[event.involved_object.name] += event.series.count if event.series else max(event.count, 1)
    assert recorder.dropped == 0
    assert {name: counted[name] for name in counted} == {name: occurred[name] for name in counted}
    # An event that was deleted, and did not occur again, stays deleted.
    assert len(occurred - counted) <= 3


async def delete_one(client: fake.Clientset, random: Random) -> None:
    """Delete an event, as the server does when it expires."""
    events = await core_events_of(client)
    if events:
        await client.core_v1.events("default").delete(random.choice(events).metadata.name)
