"""Lister: reads of an informer's store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.store.indexer import Indexer, namespace_index
from kubeloop.cache.store.lister import Lister
from kubeloop.errors import NotFound, UnknownIndex
from kubeloop.labels import Selector
from kubeloop.meta.gvk import GroupResource
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.informers import informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing


def lister_of(*objects: Thing, indexed: bool = True, group: str = "") -> Lister[Thing]:
    indexer: Indexer[Thing] = Indexer({"namespace": namespace_index} if indexed else None)
    indexer.replace(objects)
    return Lister(indexer, GroupResource(group, "things"))


def test_gets_the_stored_object_itself():
    obj = thing("ns/a")
    lister = lister_of(obj)
    assert lister.get("ns/a") is obj
    assert lister.namespace("ns").get("a") is obj


def test_gets_objects_without_a_namespace_by_their_name():
    lister = lister_of(thing("node-1"))
    assert lister.get("node-1").metadata.name == "node-1"
    assert lister.namespace("").get("node-1").metadata.name == "node-1"


@pytest.mark.parametrize("group", ["", "example.com"])
def test_an_absent_object_raises_the_error_that_the_server_would_have_sent(group: str):
    resource = "things" if not group else f"things.{group}"
    for read in (lambda lister: lister.get("ns/a"), lambda lister: lister.namespace("ns").get("a")):
        with pytest.raises(NotFound) as caught:
            read(lister_of(thing("other/a"), group=group))
        status = caught.value.status
        assert (status.code, status.reason, status.name, status.group, status.kind) == (
            404,
            "NotFound",
            "a",
            group,
            "things",
        )
        assert status.message == f'{resource} "a" not found'


def test_lists_all_or_those_of_a_namespace():
    lister = lister_of(thing("x/a"), thing("x/b"), thing("y/a"))
    assert len(lister.list()) == 3
    assert [obj.metadata.name for obj in lister.namespace("x").list()] == ["a", "b"]
    assert lister.namespace("z").list() == []


def test_lists_a_namespace_without_an_index_too():
    lister = lister_of(thing("x/a"), thing("y/a"), indexed=False)
    assert [obj.metadata.namespace for obj in lister.namespace("y").list()] == ["y"]


def test_lists_by_labels():
    lister = lister_of(
        thing("x/a", labels={"app": "web", "tier": "front"}), thing("x/b", labels={"app": "web"}), thing("x/c")
    )
    assert [obj.metadata.name for obj in lister.list("app=web,!tier")] == ["b"]
    assert [obj.metadata.name for obj in lister.namespace("x").list("app in (web),tier")] == ["a"]


def test_takes_a_selector_that_was_parsed_before():
    assert len(lister_of(thing("x/a", labels={"app": "web"}), thing("x/c")).list(Selector.parse("app"))) == 1


def test_a_selector_is_named_as_in_a_client():
    lister = lister_of(thing("x/a", labels={"app": "web"}), thing("x/c"))
    assert len(lister.list(label_selector="app")) == len(lister.namespace("x").list(label_selector="app")) == 1


def test_a_selector_that_is_none_is_refused():
    with pytest.raises(ValueError, match="a b"):
        lister_of(thing("x/a")).list("a b")


def test_lists_by_index():
    lister = lister_of(thing("x/a"), thing("y/a"))
    assert [obj.metadata.namespace for obj in lister.by_index("namespace", "y")] == ["y"]
    with pytest.raises(UnknownIndex):
        lister.by_index("node", "n1")


def test_a_list_is_the_callers_own():
    lister = lister_of(thing("x/a"))
    lister.list().clear()
    assert len(lister.list()) == 1


def test_a_key_in_place_of_a_name_gets_a_hint():
    with pytest.raises(NotFound, match=r'things "a" not found; the lister of a namespace takes a name without the n'):
        lister_of(thing("ns/a")).namespace("ns").get("ns/a")


def test_a_name_without_its_namespace_gets_a_hint():
    with pytest.raises(NotFound, match=r'things "a" not found; an object of a namespace is found by "namespace/a"'):
        lister_of(thing("ns/a")).get("a")
    with pytest.raises(NotFound, match=r'things "b" not found$'):
        lister_of(thing("a")).get("b")
    with pytest.raises(NotFound, match=r'things "a" not found$'):
        lister_of().get("a")


# An informer that was never started

READS: dict[str, Callable[[Lister[Thing]], object]] = {
    "get": lambda lister: lister.get("ns/a"),
    "list": lambda lister: lister.list(),
    "list by labels": lambda lister: lister.list("app=web"),
    "by_index": lambda lister: lister.by_index("namespace", "ns"),
    "get in a namespace": lambda lister: lister.namespace("ns").get("a"),
    "list of a namespace": lambda lister: lister.namespace("ns").list(),
}
reads = pytest.mark.parametrize("read", READS.values(), ids=READS)


def new_informer() -> SharedInformer[Thing]:
    return informer_of(ThingServer(), indexers={"namespace": namespace_index})


@reads
def test_reads_of_an_informer_that_was_never_started_say_what_to_do(read: Callable[[Lister[Thing]], object]):
    """(G3)"""
    with pytest.raises(RuntimeError, match=r"the informer of things was never started.*`async with factory:`"):
        read(new_informer().lister)


@reads
@in_virtual_time
async def test_an_informer_that_runs_or_ran_may_hold_nothing(read: Callable[[Lister[Thing]], object]):
    """(G3)"""
    informer = new_informer()
    async with running(informer):
        assert outcome(read, informer.lister) in ([], NotFound)
    assert informer.is_stopped
    assert outcome(read, informer.lister) in ([], NotFound)


@reads
@pytest.mark.parametrize("seed", ["an object", "no object", "an object that was deleted again", "put"])
def test_a_store_that_was_filled_by_hand_counts_as_started(read: Callable[[Lister[Thing]], object], seed: str):
    """(G3)"""
    informer = new_informer()
    other = thing("other/b")
    if seed == "no object":
        informer.indexer.replace([])
    elif seed == "put":
        informer.indexer.put("other/b", other)
    else:
        informer.indexer.add(other)
    if seed == "an object that was deleted again":
        informer.indexer.delete(other)
    assert outcome(read, informer.lister) in ([], [other], NotFound)


def outcome(read: Callable[[Lister[Thing]], object], lister: Lister[Thing]) -> object:
    try:
        return read(lister)
    except NotFound:
        return NotFound
