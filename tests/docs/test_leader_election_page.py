"""The programs of the page on two replicas run."""

from __future__ import annotations

import asyncio

import pytest

import kubeloop
from kubeloop.models import coordination_v1, meta_v1, rbac_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "leader-election.md"


@in_virtual_time
async def test_one_of_two_replicas_counts_and_the_other_takes_over(capsys: pytest.CaptureFixture[str]) -> None:
    client = fake.Clientset()
    lead = names_of(PAGE, "lead")["lead"]
    replicas = [asyncio.create_task(lead(client)) for _ in range(2)]
    await asyncio.sleep(150)
    assert capsys.readouterr().out.split() == ["0", "0", "0"]
    holder = (await client.coordination_v1.leases("default").get("pod-counter")).spec.holder_identity
    replicas[0].cancel()
    await asyncio.wait(replicas[:1])
    stopped_at = elapsed()
    while (await client.coordination_v1.leases("default").get("pod-counter")).spec.holder_identity in ("", holder):
        await asyncio.sleep(0.1)
    assert elapsed() <= stopped_at + 4.5
    replicas[1].cancel()
    await asyncio.wait(replicas)
    assert capsys.readouterr().out.split() == ["0"]


@in_virtual_time
async def test_callbacks_are_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert await names_of(PAGE, "lead_and_tell")["lead_and_tell"](fake.Clientset()) == "replica-1 led"
    assert capsys.readouterr().out.splitlines() == ["leader: replica-1", "leader: ", "stopped"]


@in_virtual_time
async def test_a_replica_leads_once_the_server_has_chosen_it(capsys: pytest.CaptureFixture[str]) -> None:
    client = fake.Clientset()
    replica = asyncio.create_task(names_of(PAGE, "lead_if_chosen")["lead_if_chosen"](client, "pod-1"))
    await asyncio.sleep(60)
    assert capsys.readouterr().out == ""
    candidate = await client.coordination_v1beta1.lease_candidates("default").get("pod-1")
    assert (candidate.spec.lease_name, candidate.spec.binary_version) == ("pod-counter", "1.2.0")
    spec = coordination_v1.LeaseSpec(holder_identity="pod-1", lease_duration_seconds=15)
    await client.coordination_v1.leases("default").create(
        coordination_v1.Lease(metadata=meta_v1.ObjectMeta(name="pod-counter"), spec=spec)
    )
    await replica
    assert capsys.readouterr().out == "pod-1\n"


@in_virtual_time
async def test_the_role_permits_what_an_election_does() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    [role] = kubeloop.parse_manifests(text.encode())
    assert isinstance(role, rbac_v1.Role)
    client = fake.Clientset()
    await names_of(PAGE, "lead_and_tell")["lead_and_tell"](client)
    used = {(each.verb, each.resource) for each in client.api.actions}
    assert used == {(verb, resource) for rule in role.rules for verb in rule.verbs for resource in rule.resources}
