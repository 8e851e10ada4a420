"""A coordinated election: the API server chooses the candidate of the oldest version, and the leader gives way to it."""

from __future__ import annotations

import asyncio

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
        asyncio.timeout(120),
        ControlPlane(api_server_args=FLAGS) as plane,
        kubeloop.Clientset(kubeloop.load_config(plane.kubeconfig)) as clientset,
    ):
        elections = {
            name: LeaderElection(
                clientset, "x", "default", identity=name, is_coordinated=True, renew_deadline=4, retry_period=1
            )
            for name in ("new", "old")
        }

        async def lead(name: str) -> str:
            async with elections[name]:
                return name

        async with LeaseCandidate(clientset, "new", "default", lease_name="x", binary_version="1.3.0"):
            async with elections["new"]:
                lease = await clientset.coordination_v1.leases("default").get("x")
                assert (lease.spec.holder_identity, lease.spec.strategy) == ("new", "OldestEmulationVersion")
            async with LeaseCandidate(clientset, "old", "default", lease_name="x", binary_version="1.2.0"):
                successor = asyncio.create_task(lead("old"))
                with pytest.raises(LeadershipLost, match="the API server prefers old"):
                    await elections["new"].run(asyncio.Event().wait)
                assert await successor == "old"
