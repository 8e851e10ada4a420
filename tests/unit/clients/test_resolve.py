"""Clientset.resolve and Clientset.mapper, on the fake clientset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop import GroupVersionKind, GroupVersionResource
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.discovery import DiskCache, DiskDiscovery, MemoryDiscovery
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.unstructured import Unstructured
from tests.support.discovery_server import DiscoveryServer

WEB = core_v1.ConfigMap(
    metadata=meta_v1.ObjectMeta(name="web", namespace="shop", labels={"app": "web"}), data={"color": "blue"}
)


@in_virtual_time
@pytest.mark.parametrize("name", [
    "cm", "ConfigMap", "configmap", "configmaps", "configmaps.v1.", "ConfigMap.v1.",
    GroupVersionKind("", "v1", "ConfigMap"), GroupVersionResource("", "v1", "configmaps"),
])  # fmt: skip
async def test_every_name_leads_to_the_same_objects(name: Any) -> None:
    clientset = fake.Clientset(WEB)
    found = await (await clientset.resolve(name, "shop")).get("web")
    assert isinstance(found, Unstructured)
    assert (found.kind, found["data"]) == ("ConfigMap", {"color": "blue"})


@in_virtual_time
async def test_what_the_mapper_returned_is_a_name_too() -> None:
    clientset = fake.Clientset(WEB)
    mapping = await clientset.mapper.resolve("cm")
    assert (await (await clientset.resolve(mapping, "shop")).get("web")).metadata.name == "web"


@in_virtual_time
async def test_the_scope_of_the_resource_is_known() -> None:
    clientset = fake.Clientset(WEB)
    with pytest.raises(ValueError, match="nodes are not namespaced"):
        await clientset.resolve("no", "shop")
    with pytest.raises(ValueError, match="needs a namespace"):
        await (await clientset.resolve("cm")).get("web")
    found = await (await clientset.resolve("cm")).list(label_selector="app=web")
    assert [each.metadata.name for each in found.items] == ["web"]


@in_virtual_time
async def test_there_is_one_mapper_with_a_cache_in_memory() -> None:
    clientset = fake.Clientset()
    assert clientset.mapper is clientset.mapper
    assert isinstance(clientset.mapper.discovery, MemoryDiscovery)
    assert clientset.guarded(lambda: lambda: None).mapper is clientset.mapper


@in_virtual_time
async def test_a_clientset_may_have_a_disk_cache(tmp_path: Path) -> None:
    server = DiscoveryServer()
    for _ in range(2):
        clientset = kubeloop.Clientset(server.config, transport=server.transport, discovery_cache=DiskCache(tmp_path))
        assert isinstance(clientset.mapper.discovery, DiskDiscovery)
        assert (await clientset.resolve("deploy")).namespace("x") is not None
    assert server.paths == ["/api", "/apis"]


@in_virtual_time
async def test_a_client_by_kind_asks_the_server_for_nothing_that_the_mapper_knows() -> None:
    server = DiscoveryServer()
    clientset = kubeloop.Clientset(server.config, transport=server.transport)
    await clientset.mapper.table()
    deployments = clientset.resource(Unstructured, GroupVersionKind("apps", "v1", "Deployment"), "shop")
    with pytest.raises(KeyError):
        await deployments.get("web")  # the server has no objects; the request shows that the path was known
    assert server.paths == ["/api", "/apis", "/apis/apps/v1/namespaces/shop/deployments/web"]


@in_virtual_time
@pytest.mark.parametrize("name", ["cm", "ConfigMap", "configmaps.v1."])
async def test_an_informer_may_be_asked_for_by_a_name(name: str) -> None:
    clientset = fake.Clientset(WEB)
    factory = kubeloop.SharedInformerFactory(clientset, label_selector="app=web")
    informer: SharedInformer[Unstructured] = factory.informer(Unstructured, name)
    assert factory.informer(Unstructured, name) is informer
    several = factory.informer(Unstructured, name, namespace=["shop", "bank"])
    metadata = factory.metadata(name)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        for each in (informer, several, metadata):
            assert [one.metadata.name for one in each.lister.list()] == ["web"]
    assert name in repr(informer)


@in_virtual_time
async def test_an_informer_of_an_unknown_name_says_why_it_is_not_synced() -> None:
    factory = kubeloop.SharedInformerFactory(fake.Clientset())
    informer = factory.informer(Unstructured, "foos")
    async with factory:
        with pytest.raises(kubeloop.NotSynced, match="no resource or kind 'foos'"):
            await factory.wait_for_cache_sync(timeout=5)
    assert "no resource or kind 'foos'" in str(informer.last_error)


@in_virtual_time
async def test_an_informer_of_a_clientset_without_a_mapper_finds_names_too() -> None:
    class Bare:
        def __init__(self, clientset: kubeloop.Clientset) -> None:
            self.rest = clientset.rest

    factory = kubeloop.SharedInformerFactory(Bare(fake.Clientset(WEB)), label_selector="app=web")
    informer = factory.informer(Unstructured, "cm")
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert len(informer.lister.list()) == 1
