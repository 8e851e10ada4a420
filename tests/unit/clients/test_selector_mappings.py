"""Mappings as `label_selector` and `field_selector`, wherever a selector is an argument."""

from __future__ import annotations

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.scripted_clientset import clientset

WEB = {"app": "web", "tier": "front"}


def pod(name: str, **labels: str) -> core_v1.Pod:
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(name=name, namespace="shop", labels=labels))


def world() -> fake.Clientset:
    return fake.Clientset(pod("a", **WEB), pod("b", app="web"), pod("c"))


@in_virtual_time
async def test_lists_and_iterations_take_mappings() -> None:
    pods = world().core_v1.pods("shop")
    assert [each.metadata.name for each in await pods.list(label_selector=WEB)] == ["a"]
    assert [each.metadata.name async for each in pods.iterate(field_selector={"metadata.name": "b"})] == ["b"]
    assert len(await pods.list(label_selector={})) == 3


@in_virtual_time
async def test_a_watch_takes_mappings() -> None:
    async with world().core_v1.pods("shop").watch(label_selector=WEB, field_selector={"metadata.name": "a"}) as events:
        assert (await anext(events)).object.metadata.name == "a"


@in_virtual_time
async def test_a_collection_is_deleted_by_labels_and_not_by_an_empty_mapping() -> None:
    pods = world().core_v1.pods("shop")
    for empty in ({"label_selector": {}}, {"field_selector": {}}):
        with pytest.raises(ValueError, match=r"an empty (label|field)_selector selects every object"):
            await pods.delete_collection(**empty)  # type: ignore[arg-type]
    await pods.delete_collection(label_selector={"app": "web"}, grace_period_seconds=0)
    assert [each.metadata.name for each in await pods.list()] == ["c"]


@in_virtual_time
async def test_informers_and_listers_take_mappings() -> None:
    clients = world()
    factory = kubeloop.SharedInformerFactory(clients, label_selector={"app": "web"}, watch_list=False)
    informer = factory.core_v1.pods()
    chosen = factory.core_v1.pods(label_selector=WEB)
    assert factory.core_v1.pods(label_selector={"tier": "front", "app": "web"}) is chosen
    assert factory.core_v1.pods(label_selector="app=web,tier=front") is chosen
    async with factory:
        await factory.wait_for_cache_sync(timeout=5)
        assert {each.metadata.name for each in informer.lister.list()} == {"a", "b"}
        assert [each.metadata.name for each in informer.lister.list({"tier": "front"})] == ["a"]
        assert [each.metadata.name for each in chosen.lister.namespace("shop").list({"app": "web"})] == ["a"]
        found = await informer.lister.reader("shop").list(label_selector={"tier": "front"})
        assert [each.metadata.name for each in found] == ["a"]


@in_virtual_time
async def test_what_selects_nothing_on_any_server_is_refused_before_a_request() -> None:
    clients, transport = clientset()
    pods = clients.core_v1.pods("shop")
    with pytest.raises(ValueError, match="label_selector: invalid label selector: value 'no spaces'"):
        await pods.list(label_selector={"a": "no spaces"})
    with pytest.raises(TypeError, match=r"got LabelSelector: use kubeloop\.labels\.Selector\.of"):
        await pods.list(label_selector=meta_v1.LabelSelector(match_labels=WEB))  # type: ignore[arg-type]
    assert transport.requests == []
