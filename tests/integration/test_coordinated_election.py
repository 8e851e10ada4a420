"""A coordinated election: the API server chooses the candidate of the oldest version, and the leader ends its term."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop.errors import LeadershipLost
from kubeloop.leaderelection import LeaderElection, LeaseCandidate
from kubeloop.testing.controlplane import ControlPlane

FLAGS = (
    "--feature-gates=CoordinatedLeaderElection=true",
    "--runtime-config=coordination.k8s.io/v1beta1=true",
)


async def test_the_server_chooses_the_oldest_version() -> None:
    async with (
        asyncio.timeout(80),
        ControlPlane(api_server_args=FLAGS) as plane,
        kubeloop.Clientset(kubeloop.load_config(plane.kubeconfig)) as clientset,
        LeaseCandidate(clientset, "new", "default", lease_name="x", binary_version="1.3.0"),
    ):
        leads = asyncio.Event()
        new = election_of(clientset, "new", on_new_leader=lambda _: leads.set())
        work = asyncio.create_task(new.run(asyncio.Event().wait))
        await leads.wait()
        lease = await clientset.coordination_v1.leases("default").get("x")
        assert (lease.spec.holder_identity, lease.spec.strategy) == ("new", "OldestEmulationVersion")
        async with (
            LeaseCandidate(clientset, "old", "default", lease_name="x", binary_version="1.2.0"),
            election_of(clientset, "old"),
        ):
            assert not new.is_leader
            with pytest.raises(LeadershipLost, match="the API server prefers old"):
                await work


def election_of(clientset: kubeloop.Clientset, identity: str, **options: Any) -> LeaderElection:
    """Return a coordinated election with short times."""
    return LeaderElection(
        clientset,
        "x",
        "default",
        identity=identity,
        is_coordinated=True,
        lease_duration=6,
        renew_deadline=4,
        retry_period=1,
        **options,
    )
