"""Slow readers of an informer's events, against the real API server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kubeloop.cache import Added, Deleted, Updated
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.keys import object_key
from kubeloop.models import core_v1, meta_v1
from tests.support.real_clientset import config_of

PATIENCE = 60
ROUNDS, NAMES = 40, ("a", "b", "c")


async def write(clientset: Clientset, namespace: str) -> None:
    """Create, change and delete ConfigMaps, some large, so that what nobody reads fills the buffers of a connection."""
    config_maps = clientset.core_v1.config_maps(namespace)
    for number in range(ROUNDS):
        for name in NAMES:
            if number % 10 == 9:
                await config_maps.delete(name)
            elif number % 10 == 0:
                obj = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name), data={"text": "x" * 100_000})
                await config_maps.create(obj)
            else:
                await config_maps.patch(name, {"data": {"number": str(number)}})
    await config_maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="last")))


@pytest.mark.parametrize("limit", [{}, {"max_backlog": 2}, {"max_backlog": 2, "when_full": "block"}], ids=str)
async def test_what_a_slow_reader_sees_adds_up_to_a_fresh_list(
    kubeconfig: Path, namespace: str, limit: dict[str, Any]
) -> None:
    state: dict[str, core_v1.ConfigMap] = {}
    async with Clientset(config_of(kubeconfig)) as clientset:
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = factory.core_v1.config_maps(field_selector="metadata.name!=kube-root-ca.crt")
        async with factory, informer.events(**limit) as events, asyncio.timeout(PATIENCE):
            writing = asyncio.create_task(write(clientset, namespace))
            async for event in events:
                name = object_key(event.object)
                match event:
                    case Added(new):
                        assert name not in state
                        state[name] = new
                    case Updated(old, new):
                        assert state[name] == old
                        state[name] = new
                    case Deleted():
                        del state[name]
                if limit:
                    assert events.backlog <= 2 + 2 * len(NAMES)
                if writing.done() and f"{namespace}/last" in state and not events.backlog:
                    break
                await asyncio.sleep(0.02)
            await writing
        listed = await clientset.core_v1.config_maps(namespace).list(field_selector="metadata.name!=kube-root-ca.crt")
    assert state == {object_key(obj): obj for obj in listed.items}
