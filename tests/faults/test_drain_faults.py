"""Drains while connections break, watches expire and requests fail. In virtual time."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.drain import DrainFailed, DrainRefused, drain
from kubeloop.drain.eviction_outcome import MAX_FAULTS
from kubeloop.testing import APIServer, FaultyTransport
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.drained import kubelet, node, owned_by, pod_on


class World:
    """A server with pods on a node, a client whose requests meet faults, and one for the kubelet that meets none."""

    def __init__(self, *pods: Any, seed: int = 1) -> None:
        self.api = APIServer(node(), *pods, controllers=())
        self.transport = FaultyTransport(self.api.transport(), random=random.Random(seed))
        self.clients = kubeloop.Clientset(self.api.config(), transport=self.transport, random=random.Random(seed))
        self.healthy = self.api.clientset()

    async def left(self) -> set[str]:
        """Return the names of the pods that exist."""
        return {pod.metadata.name for pod in (await self.healthy.core_v1.pods().list()).items}


def outcomes(report: Any) -> dict[str, str]:
    return {each.name: each.outcome for each in report}


@in_virtual_time
async def test_a_deletion_that_a_broken_watch_did_not_bring_is_seen() -> None:
    world = World(pod_on("a"), pod_on("b"))
    world.transport.on("watch", "pods", nth=(1, 2)).cut(after=0)
    async with kubelet(world.healthy, seconds=3):
        assert outcomes(await drain(world.clients, "n1", timeout=120)) == {"a": "evicted", "b": "evicted"}


@in_virtual_time
async def test_a_silent_watch_ends_and_the_next_one_brings_what_was_missed() -> None:
    world = World(pod_on("a"))
    world.transport.on("watch", "pods", nth=1).hang(after=0)
    async with kubelet(world.healthy, seconds=3):
        assert outcomes(await drain(world.clients, "n1", timeout=3600)) == {"a": "evicted"}


@pytest.mark.parametrize("after", [0, 1, 2])
@in_virtual_time
async def test_an_expired_watch_is_followed_by_a_list(after: int) -> None:
    world = World(pod_on("a"), pod_on("b"), pod_on("slow"))
    world.api.on("watch", "pods", nth=2).cut_watch(after=after, error=errors.Expired)  # the first is the kubelet's
    world.transport.on("list", "pods", nth=2).fail(errors.ServiceUnavailable)
    async with kubelet(world.healthy, seconds=1):
        report = await drain(world.clients, "n1", timeout=120)
    assert set(outcomes(report).values()) == {"evicted"}
    assert await world.left() == set()


@in_virtual_time
async def test_an_eviction_whose_response_is_lost_is_not_lost() -> None:
    world = World(pod_on("a"))
    world.transport.on("create", "pods/eviction", nth=1).cut()
    async with kubelet(world.healthy, seconds=30):
        report = await drain(world.clients, "n1", timeout=120)
    assert outcomes(report) == {"a": "evicted"}


@in_virtual_time
async def test_an_eviction_whose_response_is_garbage_was_carried_out() -> None:
    world = World(pod_on("a"))
    world.transport.on("create", "pods/eviction", nth=1).garble()
    async with kubelet(world.healthy, seconds=1):
        report = await drain(world.clients, "n1", timeout=120)
    assert [(each.outcome, each.attempts) for each in report] == [("evicted", 1)]


@in_virtual_time
async def test_an_outage_is_survived_and_one_that_lasts_is_told() -> None:
    world = World(pod_on("a"))
    world.transport.on("create", "pods/eviction", nth=range(1, 4)).fail(errors.ConnectError)
    async with kubelet(world.healthy):
        assert outcomes(await drain(world.clients, "n1", timeout=600)) == {"a": "evicted"}

    world = World(pod_on("a"))
    world.transport.on("create", "pods/eviction").cut()
    world.api.on("create", "pods/eviction").fail(errors.ServiceUnavailable)
    with pytest.raises(DrainFailed, match='error when evicting pods/"a"') as caught:
        await drain(world.clients, "n1")
    assert caught.value.report[0].attempts == MAX_FAULTS + 1


@in_virtual_time
async def test_a_watch_that_cannot_be_opened_at_once_delays_the_evictions() -> None:
    world = World(pod_on("a"))
    world.transport.on("watch", "pods", nth=(1, 2)).fail(errors.ConnectError)
    async with kubelet(world.healthy):
        assert outcomes(await drain(world.clients, "n1", timeout=600)) == {"a": "evicted"}
    assert elapsed() == pytest.approx(10, abs=1)

    world = World(pod_on("a"))
    world.transport.on("watch", "pods").fail(errors.ConnectError)
    with pytest.raises(DrainFailed, match="the pods of the node cannot be watched: "):
        await drain(world.clients, "n1")
    assert await world.left() == {"a"}


@in_virtual_time
async def test_without_permission_to_watch_pods_nothing_is_evicted() -> None:
    world = World(pod_on("a"))
    world.transport.on("watch", "pods").fail(errors.Forbidden)
    with pytest.raises(DrainFailed, match="the pods of the node cannot be watched: ") as caught:
        await drain(world.clients, "n1")
    assert [(each.outcome, each.attempts) for each in caught.value.report] == [("failed", 0)]
    assert await world.left() == {"a"}


@in_virtual_time
async def test_a_permission_that_is_withdrawn_ends_the_drain() -> None:
    world = World(pod_on("a"))
    world.transport.on("watch", "pods", nth=1).cut(after=0)
    world.transport.on("watch", "pods").fail(errors.Forbidden)
    with pytest.raises(DrainFailed, match="cannot be watched"):
        await drain(world.clients, "n1", timeout=600)
    assert elapsed() < 600


@pytest.mark.parametrize("resource", ["nodes", "pods", "/api/v1"])
@in_virtual_time
async def test_a_server_that_is_silent_from_the_beginning_ends_at_the_deadline(resource: str) -> None:
    world = World(pod_on("a"))
    world.transport.on("*", resource).hang()
    with pytest.raises(TimeoutError, match="the pods of node n1 could not be read within 20 s"):
        await drain(world.clients, "n1", timeout=20)
    assert elapsed() == pytest.approx(20, abs=0.1)
    assert await world.left() == {"a"}


@in_virtual_time
async def test_an_eviction_that_hangs_ends_at_the_deadline() -> None:
    world = World(pod_on("a"), pod_on("b"))
    world.transport.on("create", "pods/eviction", where=lambda each: each.name == "a").hang()
    async with kubelet(world.healthy):
        with pytest.raises(DrainFailed) as caught:
            await drain(world.clients, "n1", timeout=20)
    assert outcomes(caught.value.report) == {"a": "timed out", "b": "evicted"}


@in_virtual_time
async def test_a_daemon_set_that_cannot_be_read_forbids_the_drain() -> None:
    world = World(pod_on("a", owner=owned_by("DaemonSet", "logs")))
    world.transport.on("get", "daemonsets").fail(errors.Forbidden)
    with pytest.raises(DrainRefused, match=r"cannot delete .*: default/a"):
        await drain(world.clients, "n1", force=True, ignore_daemon_sets=True)


@in_virtual_time
async def test_a_daemon_set_that_cannot_be_reached_is_told_as_what_it_is() -> None:
    world = World(*(pod_on(name, owner=owned_by("DaemonSet", name)) for name in ("a", "b")))
    world.transport.on("get", "daemonsets").fail(errors.ConnectError)
    with pytest.raises(errors.ConnectError):
        await drain(world.clients, "n1", force=True, ignore_daemon_sets=True)
    assert await world.left() == {"a", "b"}


@in_virtual_time
async def test_a_namespace_that_terminates_is_retried_until_its_pods_terminate() -> None:
    world = World(pod_on("a"))
    causes = (errors.StatusCause("NamespaceTerminating", "namespace default is being terminated"),)
    status = errors.StatusDetails(code=403, reason="Forbidden", message="it is being terminated", causes=causes)
    world.transport.on("create", "pods/eviction").fail(errors.Forbidden(status))
    steps: list[str] = []

    def told(step: Any) -> None:
        steps.append(str(step))

    drained = asyncio.create_task(drain(world.clients, "n1", timeout=120, progress=told))
    await asyncio.sleep(12)
    await world.healthy.core_v1.pods("default").delete("a")  # as the controller of namespaces does
    await asyncio.sleep(30)
    await world.healthy.core_v1.pods("default").delete("a", grace_period_seconds=0)
    report = await drained
    assert [(each.outcome, each.attempts) for each in report] == [("evicted", 4)]
    assert steps.count("evicting pod default/a") == 4
    assert any("from terminating namespace" in step and "(will retry after 5s)" in step for step in steps)


@in_virtual_time
async def test_a_pod_that_becomes_unreadable_is_awaited_until_it_is_deleted() -> None:
    world = World(pod_on("a"))
    drained = asyncio.create_task(drain(world.clients, "n1", timeout=120))
    await asyncio.sleep(1)
    pods = world.healthy.dynamic.resource("v1", "pods").namespace("default")
    broken = (await pods.get("a")).to_dict()
    world.api.put({**broken, "status": {"phase": {"no": "text"}}})
    await asyncio.sleep(1)
    assert not drained.done()
    await pods.delete("a", grace_period_seconds=0)
    assert outcomes(await drained) == {"a": "evicted"}


@in_virtual_time
async def test_an_attempt_for_a_pod_that_is_deleted_meanwhile_delays_nothing() -> None:
    world = World(pod_on("a"))
    world.transport.on("create", "pods/eviction").hang()
    drained = asyncio.create_task(drain(world.clients, "n1"))
    await asyncio.sleep(5)
    await world.healthy.core_v1.pods("default").delete("a", grace_period_seconds=0)
    assert outcomes(await drained) == {"a": "evicted"}
    assert elapsed() == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize("seed", range(10))
@in_virtual_time
async def test_whatever_breaks_by_chance_all_pods_leave(seed: int) -> None:
    world = World(*(pod_on(f"p{number}") for number in range(12)), seed=seed)
    chance = random.Random(seed)
    world.transport.on("watch", "pods", chance=0.4).cut(after=chance.randrange(3000))
    world.transport.on("watch", "pods", chance=0.2).fail(errors.Expired)
    world.transport.on("create", "pods/eviction", chance=0.3).cut()
    world.transport.on("create", "pods/eviction", chance=0.2).fail(errors.TooManyRequests)
    world.transport.on("list", "pods", nth=range(2, 1000), chance=0.2).fail(errors.TooManyRequests)
    async with kubelet(world.healthy, seconds=0.5):
        report = await drain(world.clients, "n1", timeout=1800)
    assert set(outcomes(report).values()) == {"evicted"}
    assert await world.left() == set()
