"""Reader: a function that only reads works with a client and with an informer's store, with the same results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.store.cached_reader import CachedList
from kubeloop.cache.store.indexer import Indexer, namespace_index
from kubeloop.cache.store.lister import Lister
from kubeloop.clients.reader import Reader
from kubeloop.errors import NotFound, Unreadable
from kubeloop.meta.gvk import GroupResource
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.informers import informer_of
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import ScriptedResponse, error_status, list_of, query
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing

PODS = [pod("a", 1, labels={"app": "web"}), pod("b", 2), pod("c", 3, labels={"app": "web"})]


def serve(request: Any) -> ScriptedResponse:
    """Respond to a client as an API server would that holds `PODS`."""
    path, _, _ = request.target.partition("?")
    namespace, _, name = path.removeprefix("/api/v1/namespaces/").partition("/pods")
    held = [each for each in PODS if each["metadata"]["namespace"] == namespace]
    if not name:
        selector = query(request).get("labelSelector")
        return list_of([each for each in held if not selector or "labels" in each["metadata"]], "9")
    found = [each for each in held if each["metadata"]["name"] == name[1:]]
    return (
        ScriptedResponse.of(found[0])
        if found
        else error_status(404, "NotFound", message=f'pods "{name[1:]}" not found')
    )


def of_a_client() -> Callable[[str], Reader[core_v1.Pod]]:
    clients, _ = clientset(serve)
    return clients.core_v1.pods


def of_a_store() -> Callable[[str], Reader[core_v1.Pod]]:
    indexer: Indexer[core_v1.Pod] = Indexer({"namespace": namespace_index})
    indexer.replace(core_v1.Pod.from_dict(each) for each in PODS)
    return Lister(indexer, GroupResource("", "pods")).reader


sources = pytest.mark.parametrize("pods", [of_a_client, of_a_store], ids=["client", "store"])


@sources
@in_virtual_time
async def test_gets_an_object_by_its_name(pods: Callable[[], Callable[[str], Reader[core_v1.Pod]]]) -> None:
    assert (await pods()("x").get("a")).metadata.uid == "uid-a"


@sources
@in_virtual_time
async def test_what_does_not_exist_is_not_found(pods: Callable[[], Callable[[str], Reader[core_v1.Pod]]]) -> None:
    for reader in (pods()("x"), pods()("other")):
        with pytest.raises(NotFound, match='pods "z" not found'):
            await reader.get("z")


@sources
@pytest.mark.parametrize("name", ["x/a", ""])
@in_virtual_time
async def test_what_cannot_be_a_name_is_refused(
    pods: Callable[[], Callable[[str], Reader[core_v1.Pod]]], name: str
) -> None:
    with pytest.raises(ValueError, match="name"):
        await pods()("x").get(name)


@sources
@in_virtual_time
async def test_lists_the_objects_of_the_namespace(pods: Callable[[], Callable[[str], Reader[core_v1.Pod]]]) -> None:
    listed = await pods()("x").list()
    assert [each.metadata.name for each in listed.items] == ["a", "b", "c"]
    assert listed.unreadable == {}
    chosen = await pods()("x").list(label_selector="app=web")
    assert [each.metadata.name for each in chosen.items] == ["a", "c"]
    assert len((await pods()("other").list()).items) == 0


# What only a store supports


def informer() -> SharedInformer[Thing]:
    return informer_of(ThingServer(), indexers={"namespace": namespace_index})


@in_virtual_time
async def test_a_list_of_a_store_has_a_length_and_can_be_iterated() -> None:
    things = informer()
    things.indexer.replace([thing("x/a"), thing("y/b")])
    listed = await things.lister.reader().list()
    assert isinstance(listed, CachedList)
    assert len(listed) == 2
    assert [each.metadata.name for each in listed] == ["a", "b"]
    assert repr(listed) == "<CachedList 2 objects>"


@in_virtual_time
async def test_names_the_unreadable_objects_of_the_namespace() -> None:
    things = informer()
    things.indexer.replace([thing("x/a")])
    for key in ("x/bad", "y/bad"):
        namespace, _, name = key.partition("/")
        things.indexer.set_unreadable(key, Unreadable("broken", namespace=namespace, name=name))
    things.indexer.set_unreadable("#3", Unreadable("broken"))
    assert (await things.lister.reader("x").list()).unreadable.keys() == {"x/bad", "#3"}
    assert (await things.lister.reader().list(label_selector="a")).unreadable.keys() == {"x/bad", "y/bad", "#3"}
    with pytest.raises(Unreadable, match="broken"):
        await things.lister.reader("x").get("bad")


@in_virtual_time
async def test_a_reader_without_a_namespace_gets_objects_that_have_none() -> None:
    things = informer()
    things.indexer.replace([thing("node-1")])
    assert (await things.lister.reader().get("node-1")).metadata.name == "node-1"


@in_virtual_time
async def test_the_reader_of_an_informer_that_was_never_started_says_so() -> None:
    """(G3)"""
    reader = informer().lister.reader("x")
    with pytest.raises(RuntimeError, match="never started"):
        await reader.get("a")
    with pytest.raises(RuntimeError, match="never started"):
        await reader.list()
