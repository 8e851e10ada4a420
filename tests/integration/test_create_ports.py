"""createPorts on the real API server, when its informer's cache is behind the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import kubeloop
from examples.create_ports.controller import COUNT, LEDGER, PORTS, CreatePorts
from kubeloop.models import core_v1
from tests.support.real_clientset import connect, pod


@pytest_asyncio.fixture
async def controller(kubeconfig: Path, namespace: str) -> AsyncIterator[CreatePorts]:
    """Return a controller that was not started: the test fills its cache and its ledger."""
    async with connect(kubeconfig) as clientset:
        idle = CreatePorts(clientset)
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
    ledger = (await controller.config_maps.get(LEDGER)).data

    controller.pods.indexer.delete(live)
    if "earlier" in cache:
        controller.pods.indexer.add(with_annotations(live, uid="another", **{COUNT: "1"}))
    elif "before" in cache:
        controller.pods.indexer.add(with_annotations(live, **{COUNT: "1", PORTS: ports.split(",")[0]}))
    controller.ledger = None  # as after a restart
    await controller.reconcile(kubeloop.object_key(live))

    assert (await controller.config_maps.get(LEDGER)).data == ledger
    assert (await controller.clientset.core_v1.pods(namespace).get("asks")).metadata.annotations[PORTS] == ports


async def test_the_ports_of_a_deleted_pod_are_freed(controller: CreatePorts, namespace: str):
    live = await served(controller, namespace)
    await controller.clientset.core_v1.pods(namespace).delete("asks", grace_period_seconds=0)
    controller.pods.indexer.delete(live)
    await controller.reconcile(kubeloop.object_key(live))
    assert (await controller.config_maps.get(LEDGER)).data == {}
