"""Leases that others edit or delete, holders of odd forms, and servers that refuse: recovery or a clear error."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

import kubeloop
from kubeloop.leaderelection import LeaderElection
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.elections import RETRIES, election_of, faulty, followed, lease_of, lost, verbs

ODD_IDENTITIES = {
    "a space": " ",
    "white space": "\t \u00a0",
    "lines": "other\nERROR fake line",
    "10 KB": "x" * 10_240,
    "not ASCII": "höst_😀",
    "control characters": "\x00\x1b[31m",
}


def lease(spec: object, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "x", "namespace": "default", **metadata},
        "spec": spec,
    }


def held(**fields: object) -> dict[str, Any]:
    """Return the spec of a Lease of another candidate, with other fields."""
    time = "2026-01-02T12:00:00.000000Z"
    spec = {"holderIdentity": "other", "leaseDurationSeconds": 15, "acquireTime": time, "renewTime": time}
    return {**spec, "leaseTransitions": 1, **fields}


@pytest.mark.parametrize("identity", ODD_IDENTITIES.values(), ids=ODD_IDENTITIES)
@in_virtual_time
async def test_a_holder_of_an_odd_form_is_respected_for_the_duration_of_its_lease(
    identity: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = fake.Clientset(lease(held(holderIdentity=identity)))
    async with election_of(client):
        assert 15.0 <= elapsed() <= 15.0 + RETRIES
    assert not any("\x1b" in each.message or "\nERROR" in each.message for each in caplog.records)


@pytest.mark.parametrize("identity", ODD_IDENTITIES.values(), ids=ODD_IDENTITIES)
@in_virtual_time
async def test_an_identity_of_an_odd_form_leads_renews_and_releases(
    identity: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = fake.Clientset()
    election = election_of(client, identity, recorder=fake.EventRecorder())
    async with election:
        assert (await lease_of(client)).holder_identity == identity
        await asyncio.sleep(60)
        assert election.is_leader
    assert (await lease_of(client)).holder_identity == ""
    assert "\n" not in repr(election)
    assert not any("\x1b" in each.message or "\nERROR" in each.message for each in caplog.records)


@in_virtual_time
async def test_two_processes_of_the_same_identity_both_lead_and_neither_is_blocked() -> None:
    # Nothing distinguishes them. The documentation forbids it; client-go behaves in the same way.
    client = fake.Clientset()
    async with election_of(client, "same") as first, election_of(client, "same") as second:
        await asyncio.sleep(120)
        assert first.is_leader
        assert second.is_leader
    assert len(client.api.actions) < 400


@pytest.mark.parametrize(
    ("fields", "least", "most"),
    [
        ({"leaseDurationSeconds": None}, 0, 0),
        ({"leaseDurationSeconds": 0}, 0, 0),
        ({"leaseDurationSeconds": -15}, 0, 0),
        ({"leaseDurationSeconds": "15"}, 0, 0),
        ({"leaseDurationSeconds": True}, 0, RETRIES),
        ({"leaseDurationSeconds": 1.5}, 0, RETRIES),
        ({"leaseDurationSeconds": 3600}, 3600, 3600 + RETRIES),
        ({"renewTime": None, "acquireTime": None}, 15, 15 + RETRIES),
        ({"renewTime": "yesterday"}, 15, 15 + RETRIES),
        ({"renewTime": 3}, 15, 15 + RETRIES),
        ({"renewTime": "9999-12-31T23:59:59.999999Z"}, 15, 15 + RETRIES),
        ({"leaseTransitions": None}, 15, 15 + RETRIES),
        ({"leaseTransitions": "many"}, 15, 15 + RETRIES),
        ({"holderIdentity": None}, 0, 0),
        ({"holderIdentity": ["other"]}, 0, 0),
    ],
    ids=str,
)
@in_virtual_time
async def test_absurd_values_are_survived(fields: dict[str, object], least: float, most: float) -> None:
    client = fake.Clientset(lease(held(**fields)))
    async with election_of(client) as election:
        assert least <= elapsed() <= most
        await asyncio.sleep(60)
        assert election.is_leader
        assert (await lease_of(client)).lease_duration_seconds == 15


@in_virtual_time
async def test_a_huge_duration_blocks_nobody_once_the_lease_is_deleted() -> None:
    client = fake.Clientset(lease(held(leaseDurationSeconds=2**31 - 1)))
    async with followed(election_of(client)) as follower:
        await asyncio.sleep(3600)
        assert not follower.done()
        await client.coordination_v1.leases("default").delete("x")
        assert 3600 <= await follower <= 3600 + RETRIES


@pytest.mark.parametrize("document", [lease(None), lease("text"), lease([])], ids=["null", "text", "list"])
@in_virtual_time
async def test_a_lease_without_a_spec_is_taken(document: dict[str, Any]) -> None:
    client = fake.Clientset(document)
    async with election_of(client):
        assert elapsed() == 0.0
        assert (await lease_of(client)).holder_identity == "a"


@pytest.mark.parametrize("renew_time", [None, "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
@in_virtual_time
async def test_a_leader_whose_renewal_time_was_edited_renews_it(renew_time: str | None) -> None:
    client = fake.Clientset()
    leases = client.dynamic.resource("coordination.k8s.io/v1", "leases").namespace("default")
    async with election_of(client) as election:
        document = (await leases.get("x")).to_dict()
        document["spec"]["renewTime"] = renew_time
        await leases.update(document)
        await asyncio.sleep(21)
        assert election.is_leader
        assert (await lease_of(client)).renew_time == virtual_time.EPOCH + timedelta(seconds=20)


@in_virtual_time
async def test_a_lease_that_is_deleted_while_its_renewal_is_under_way_is_created_again() -> None:
    client = fake.Clientset()
    slow, network = faulty(client)
    async with election_of(slow) as election:
        network.on("update", "leases", nth=1).delay(1)
        await asyncio.sleep(2.5)
        await client.coordination_v1.leases("default").delete("x")
        await asyncio.sleep(5)
        assert election.is_leader
        assert (await lease_of(client)).holder_identity == "a"


@in_virtual_time
async def test_a_lease_that_is_deleted_again_and_again_is_created_again_and_floods_nobody() -> None:
    client = fake.Clientset()
    leases = client.coordination_v1.leases("default")
    async with election_of(client) as election:
        for _ in range(60):
            await leases.delete("x")
            await asyncio.sleep(3)
            assert election.is_leader
    assert len(verbs(client)) < 500


@in_virtual_time
async def test_conflicts_of_every_claim_keep_a_candidate_waiting_until_they_end() -> None:
    client = fake.Clientset()
    storm = client.api.on("create", "leases")
    storm.fail(kubeloop.Conflict)
    async with followed(election_of(client)) as follower:
        await asyncio.sleep(600)
        assert not follower.done()
        assert len(verbs(client)) < 700
        storm.remove()
        assert 600 <= await follower <= 600 + RETRIES


@pytest.mark.parametrize("wait", [1, 3])
@in_virtual_time
async def test_a_renewal_that_is_limited_is_sent_again_after_the_time_that_the_server_names(wait: int) -> None:
    client = fake.Clientset()
    limited, network = faulty(client)
    async with election_of(limited) as election:
        network.on("update", "leases", nth=1).fail(kubeloop.TooManyRequests, retry_after=wait)
        await asyncio.sleep(60)
        assert election.is_leader
        assert election.last_error is None


@in_virtual_time
async def test_a_time_to_wait_that_is_longer_than_the_deadline_does_not_outlive_it() -> None:
    client = fake.Clientset()
    limited, network = faulty(client)
    with lost():
        async with election_of(limited):
            network.on("*", "leases").fail(kubeloop.TooManyRequests, retry_after=3600)
            try:
                await asyncio.sleep(7200)
            except asyncio.CancelledError:
                assert elapsed() == 10.0
                network.clear()
                raise


@in_virtual_time
async def test_a_wall_clock_that_jumps_by_years_changes_nothing() -> None:
    client, shift = fake.Clientset(), timedelta(0)
    options: dict[str, Any] = {"now": lambda: virtual_time.now() + shift}
    first = LeaderElection(client, "x", "default", identity="a", **options)
    second = LeaderElection(client, "x", "default", identity="b", **options)
    async with AsyncExitStack() as stack:
        async with first:
            follower = await stack.enter_async_context(followed(second))
            for years in (20, -30, 0):
                shift = timedelta(days=365 * years)
                await asyncio.sleep(60)
                assert first.is_leader
                assert not follower.done()
        assert 180 <= await follower <= 180 + RETRIES
