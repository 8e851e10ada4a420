"""The client for the metadata of objects, on both servers."""

from __future__ import annotations

import asyncio

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from tests.support.real_clientset import config_map


async def test_every_verb_reads_metadata_only(clientset: kubeloop.Clientset, namespace: str) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    for number in range(5):
        await config_maps.create(config_map(f"a{number}"))
    metadata = clientset.metadata.resource(core_v1.ConfigMap, namespace)

    one = await metadata.get("a0")
    assert one.metadata.name == "a0"
    assert one.metadata == (await config_maps.get("a0")).metadata
    listed = await metadata.list()
    names = {each.metadata.name for each in listed.items}
    assert names >= {"a0", "a1", "a2", "a3", "a4"}
    assert {each.metadata.name async for each in metadata.iterate(limit=2)} == names

    async with metadata.watch(resource_version=listed.metadata.resource_version) as events:
        await config_maps.patch("a1", {"metadata": {"labels": {"a": "b"}}})
        event = await asyncio.wait_for(anext(events), 30)
    assert isinstance(event.object, meta_v1.PartialObjectMetadata)
    assert (event.type, event.object.metadata.labels["a"]) == ("MODIFIED", "b")

    patched = await metadata.patch("a2", {"metadata": {"annotations": {"x": "y"}}})
    assert patched.metadata.annotations["x"] == "y"

    def label(draft: meta_v1.PartialObjectMetadata.Draft) -> None:
        draft.metadata.labels["c"] = "d"

    assert (await metadata.edit("a2", label)).metadata.labels["c"] == "d"
    assert dict((await config_maps.get("a2")).data) == dict((await config_maps.get("a3")).data)

    await metadata.delete("a0", uid=one.metadata.uid)
    assert not await config_maps.exists("a0")
    await metadata.delete_collection(label_selector="c=d")
    assert not await metadata.exists("a2")
    assert await metadata.exists("a3")


async def test_a_kind_needs_no_class(clientset: kubeloop.Clientset, namespace: str) -> None:
    await clientset.core_v1.config_maps(namespace).create(config_map("a"))
    kind = kubeloop.GroupVersionKind("", "v1", "ConfigMap")
    resource = kubeloop.GroupVersionResource("", "v1", "configmaps")
    by_kind = await clientset.metadata.resource(kind, namespace).get("a")
    by_resource = await clientset.metadata.resource(resource).namespace(namespace).get("a")
    assert by_kind == by_resource
    with pytest.raises(kubeloop.NotFound, match=r"no kind ConfigMop in v1; did you mean 'ConfigMap'"):
        await clientset.metadata.resource(kubeloop.GroupVersionKind("", "v1", "ConfigMop"), namespace).get("a")
