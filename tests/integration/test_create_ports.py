"""createPorts on the real API server, when its informer's cache is behind the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import kubeloop
from examples.create_ports.controller import NAME, CreatePorts
from examples.create_ports.ledger import COUNT, LEADER, PORTS, RANGE, NoFreePort
from kubeloop.models import core_v1
from kubeloop.testing import fake
from tests.support.real_clientset import connect, pod


@pytest_asyncio.fixture
async def controller(kubeconfig: Path, namespace: str) -> AsyncIterator[CreatePorts]:
    """Return a controller that was not started: the test fills its cache and its ledger."""
    async with connect(kubeconfig) as clientset:
        informer = kubeloop.SharedInformerFactory(clientset).core_v1.pods()
        idle = CreatePorts(clientset, informer, fake.EventRecorder(), "replica-1")
        idle.config_maps = clientset.core_v1.config_maps(namespace)
        yield idle


def with_annotations(obj: core_v1.Pod, *, uid: str = "", **annotations: str) -> core_v1.Pod:
    draft = obj.draft()
    draft.metadata.annotations.update(annotations)
    draft.metadata.uid = uid or obj.metadata.uid
    return draft.finish().after


async def served(controller: CreatePorts, namespace: str) -> core_v1.Pod:
    """Return a pod that requested two ports, and has them: in the ledger and in its annotation."""
    pods = controller.clientset.core_v1.pods(namespace)
    created = await pods.create(with_annotations(pod("asks"), **{COUNT: "2"}))
    controller.pods.indexer.add(created)
    await controller.reconcile(kubeloop.object_key(created))
    return await pods.get("asks")


@pytest.mark.parametrize("cache", ["lacks it", "holds an earlier pod of this name", "holds it as it was before"])
async def test_a_cache_that_lags_frees_no_port_of_a_live_pod(controller: CreatePorts, namespace: str, cache: str):
    live = await served(controller, namespace)
    ports = live.metadata.annotations[PORTS]
    assert len(ports.split(",")) == 2
    ledger = (await controller.config_maps.get(NAME)).data

    controller.pods.indexer.delete(live)
    if "earlier" in cache:
        controller.pods.indexer.add(with_annotations(live, uid="another", **{COUNT: "1"}))
    elif "before" in cache:
        controller.pods.indexer.add(with_annotations(live, **{COUNT: "1", PORTS: ports.split(",")[0]}))
    controller.ledger = None  # as after a restart
    await controller.reconcile(kubeloop.object_key(live))

    assert (await controller.config_maps.get(NAME)).data == ledger
    assert (await controller.clientset.core_v1.pods(namespace).get("asks")).metadata.annotations[PORTS] == ports


async def test_the_ports_of_a_deleted_pod_are_freed(controller: CreatePorts, namespace: str):
    live = await served(controller, namespace)
    await controller.clientset.core_v1.pods(namespace).delete("asks", grace_period_seconds=0)
    controller.pods.indexer.delete(live)
    await controller.reconcile(kubeloop.object_key(live))
    assert (await controller.config_maps.get(NAME)).data == {}


def recorded(controller: CreatePorts) -> fake.EventRecorder:
    assert isinstance(controller.recorder, fake.EventRecorder)
    return controller.recorder


async def test_a_pod_and_the_ledger_name_the_replica_that_wrote(controller: CreatePorts, namespace: str):
    live = await served(controller, namespace)
    assert live.metadata.annotations[LEADER] == "replica-1"
    assert (await controller.config_maps.get(NAME)).metadata.annotations[LEADER] == "replica-1"


async def test_the_pod_has_an_event_with_its_ports(controller: CreatePorts, namespace: str):
    live = await served(controller, namespace)
    ports = live.metadata.annotations[PORTS]
    recorded(controller).assert_event(type="Normal", reason="PortsBooked", about=live, note_contains=ports, times=1)


async def test_a_pod_that_requests_too_many_ports_has_a_warning(controller: CreatePorts, namespace: str):
    asks = with_annotations(pod("asks"), **{COUNT: str(len(RANGE) + 1)})
    created = await controller.clientset.core_v1.pods(namespace).create(asks)
    controller.pods.indexer.add(created)
    with pytest.raises(NoFreePort):
        await controller.reconcile(kubeloop.object_key(created))
    recorded(controller).assert_event(type="Warning", reason="NoFreePort", about=created, times=1)


async def test_two_leaders_in_turn_do_not_book_the_same_port(controller: CreatePorts, namespace: str):
    first = await served(controller, namespace)
    following = CreatePorts(controller.clientset, controller.pods, fake.EventRecorder(), "replica-2")
    following.config_maps = controller.config_maps
    another = with_annotations(pod("another"), **{COUNT: "2"})
    created = await controller.clientset.core_v1.pods(namespace).create(another)
    controller.pods.indexer.add(created)
    await following.reconcile(kubeloop.object_key(created))
    second = await controller.clientset.core_v1.pods(namespace).get("another")
    shown = [*first.metadata.annotations[PORTS].split(","), *second.metadata.annotations[PORTS].split(",")]
    assert len(set(shown)) == 4
