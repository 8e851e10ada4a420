"""The short form of an `APIServer` and its client."""

from __future__ import annotations

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import Action, fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle

METADATA = meta_v1.ObjectMeta(name="a", namespace="web")
CONFIG_MAP = core_v1.ConfigMap(metadata=METADATA, data={"color": "blue"})
ACTION = Action("delete", "configmaps", "a", namespace="web")


@in_virtual_time
async def test_a_clientset_finds_the_objects_it_was_created_with_and_writes() -> None:
    client = fake.Clientset(CONFIG_MAP)

    assert (await client.core_v1.config_maps("web").get("a")).data == {"color": "blue"}
    await client.core_v1.config_maps("web").delete("a")

    with pytest.raises(errors.NotFound):
        await client.core_v1.config_maps("web").get("a")
    assert client.api.actions.writes == [ACTION]


@in_virtual_time
async def test_a_clientset_is_that_of_programs() -> None:
    async with fake.Clientset(CONFIG_MAP) as client:
        assert isinstance(client, kubeloop.Clientset)
        found = await client.dynamic.resource("v1", "configmaps").namespace("web").get("a")
        assert found["data"] == {"color": "blue"}
        assert (await client.discovery.server_version()).minor == "37"


@in_virtual_time
async def test_its_informers_see_what_others_write() -> None:
    client = fake.Clientset(CONFIG_MAP)
    factory = kubeloop.SharedInformerFactory(client)
    lister = factory.core_v1.config_maps("web").lister
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        client.api.put(core_v1.ConfigMap(metadata=METADATA, data={"color": "green"}))
        await settle()

        assert lister.namespace("web").get("a").data == {"color": "green"}
    assert elapsed() < 1.0


@in_virtual_time
async def test_two_clientsets_share_nothing() -> None:
    fake.Clientset(CONFIG_MAP)

    with pytest.raises(errors.NotFound):
        await fake.Clientset().core_v1.config_maps("web").get("a")


@in_virtual_time
async def test_its_server_reacts() -> None:
    client = fake.Clientset(CONFIG_MAP)
    client.api.on("delete", "configmaps").fail(errors.Conflict)

    with pytest.raises(errors.Conflict):
        await client.core_v1.config_maps("web").delete("a")


@in_virtual_time
async def test_a_dynamic_client_takes_objects_in_each_form() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "web"}}
    other = {**document, "metadata": {"name": "c", "namespace": "web"}}
    client = fake.DynamicClient(CONFIG_MAP, document, kubeloop.Unstructured(other))

    config_maps = client.resource("v1", "configmaps").namespace("web")
    names = [item.metadata.name for item in (await config_maps.list()).items]
    await config_maps.delete("a")

    assert isinstance(client, kubeloop.DynamicClient)
    assert names == ["a", "b", "c", "kube-root-ca.crt"]
    assert client.api.actions.writes == [ACTION]
