"""Events about the Lease of an election."""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn

import pytest

import kubeloop
from kubeloop.leaderelection import LeaderElection
from kubeloop.record import CoreEventRecorder
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.elections import election_of, lease_of, lost


def notes(recorder: fake.EventRecorder) -> list[tuple[str, str, str, str]]:
    return [(each.type, each.reason, each.action, each.note) for each in recorder.events]


BECAME = ("Normal", "LeaderElection", "BecomeLeader", "a became leader")
STOPPED = ("Normal", "LeaderElection", "StopLeading", "a stopped leading")


@in_virtual_time
async def test_the_begin_and_the_end_of_a_leadership_are_events_about_the_lease() -> None:
    client, recorder = fake.Clientset(), fake.EventRecorder()
    async with election_of(client, recorder=recorder):
        assert notes(recorder) == [BECAME]
        lease = await client.coordination_v1.leases("default").get("x")
        assert recorder.events[0].regarding.uid == lease.metadata.uid
    assert notes(recorder) == [BECAME, STOPPED]
    for event in recorder.events:
        about = event.regarding
        assert (about.api_version, about.kind) == ("coordination.k8s.io/v1", "Lease")
        assert (about.namespace, about.name) == ("default", "x")


@in_virtual_time
async def test_the_loss_of_a_lease_is_an_event_at_once() -> None:
    client, recorder = fake.Clientset(), fake.EventRecorder()
    with lost():
        async with election_of(client, recorder=recorder):
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                assert notes(recorder) == [BECAME, STOPPED]
                await asyncio.sleep(5)
    assert notes(recorder) == [BECAME, STOPPED]


@in_virtual_time
async def test_a_candidate_that_never_leads_has_no_events() -> None:
    client, recorder = fake.Clientset(), fake.EventRecorder()
    async with election_of(client, "a"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30), election_of(client, "b", recorder=recorder):
                pass
    assert recorder.events == ()


@in_virtual_time
async def test_the_end_is_an_event_also_if_the_lease_was_deleted() -> None:
    client, recorder = fake.Clientset(), fake.EventRecorder()
    async with election_of(client, recorder=recorder):
        await client.coordination_v1.leases("default").delete("x")
    assert notes(recorder) == [BECAME, STOPPED]
    assert (recorder.events[1].regarding.name, recorder.events[1].regarding.kind) == ("x", "Lease")


@in_virtual_time
async def test_an_exception_of_the_recorder_does_not_end_the_election(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def event(self, *_: Any, **__: Any) -> NoReturn:
            raise ZeroDivisionError

    client = fake.Clientset()
    async with election_of(client, recorder=Broken()) as election:
        await asyncio.sleep(20)
        assert election.is_leader
    assert elapsed() == 20.0
    assert (await lease_of(client)).holder_identity == ""
    assert "leader election default/x: no event could be recorded; the election continues" in caplog.text


@in_virtual_time
async def test_a_real_recorder_writes_the_events() -> None:
    client = fake.Clientset()
    async with CoreEventRecorder(client, "web") as recorder:
        async with LeaderElection(client, "x", "default", identity="a\x1b", recorder=recorder):
            await asyncio.sleep(5)
        await asyncio.sleep(5)
    events = (await client.core_v1.events("default").list()).items
    assert len(events) == 2
    assert {each.involved_object.name for each in events} == {"x"}
    assert not any("\x1b" in (each.message or "") for each in events)
    assert all(each.reason == "LeaderElection" for each in events)
