"""Own writes on top of a store. In virtual time; the model at the end decides what every read must return."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.object_selection import ObjectSelection
from kubeloop.cache.store.indexer import NAMESPACE_INDEX, Indexer, namespace_index
from kubeloop.cache.store.mutation_cache import SWEEP_AT, MutationCache
from kubeloop.errors import UnknownIndex, Unreadable
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import advance, in_virtual_time, run


def pod(name: str, version: int | str, uid: str = "", node: str = "", **labels: str) -> core_v1.Pod:
    metadata = meta_v1.ObjectMeta(
        name=name, namespace="x", resource_version=str(version), uid=uid or f"uid-{name}", labels=labels
    )
    return core_v1.Pod(metadata=metadata, spec=core_v1.PodSpec(node_name=node, containers=[]))


class Informer:
    """What a MutationCache needs of an informer."""

    name = "v1 pods"

    def __init__(self, *pods: core_v1.Pod, version: str | None = "5", **selection: Any) -> None:
        self.indexer: Indexer[core_v1.Pod] = Indexer(
            {NAMESPACE_INDEX: namespace_index, "node": lambda obj: [obj.spec.node_name]}
        )
        self.version = version
        self.selects = ObjectSelection(**selection)
        for each in pods:
            self.indexer.add(each)

    def store_version(self, _namespace: str = "") -> str | None:
        return self.version

    def apply(self, version: str | None, *, put: core_v1.Pod | None = None, remove: str = "") -> None:
        if put is not None:
            self.indexer.add(put)
        if remove:
            self.indexer.remove(remove)
        self.version = version


def over(informer: Informer, **options: Any) -> MutationCache[core_v1.Pod]:
    stub: Any = informer
    return MutationCache(stub, **options)


@in_virtual_time
async def test_a_write_is_shown_until_the_store_has_it() -> None:
    informer = Informer(pod("a", 5))
    cache = over(informer)
    cache.record(pod("a", 7))
    assert cache.get_by_key("x/a") == pod("a", 7)
    informer.apply("6", put=pod("a", 6))
    assert cache.get_by_key("x/a") == pod("a", 7)
    informer.apply("8", put=pod("a", 8))
    assert cache.get_by_key("x/a") == pod("a", 8)
    assert repr(cache) == "<MutationCache of v1 pods: 0 writes>"


@in_virtual_time
async def test_a_created_object_is_shown_at_once_and_not_after_its_deletion() -> None:
    informer = Informer()
    cache = over(informer)
    cache.record(pod("a", 7, node="n1"))
    assert cache.get_by_key("x/a") == pod("a", 7, node="n1")
    assert cache.list() == cache.by_index("node", "n1") == [pod("a", 7, node="n1")]
    informer.apply("9")  # the object was deleted before the store saw it
    assert cache.get_by_key("x/a") is None
    assert cache.list() == cache.by_index("node", "n1") == []


@in_virtual_time
async def test_a_write_whose_deletion_the_store_has_seen_is_not_recorded() -> None:
    informer = Informer(pod("a", 5), version="5")
    cache = over(informer)
    informer.apply("8", remove="x/a")
    cache.record(pod("a", 7))
    assert cache.get_by_key("x/a") is None


@in_virtual_time
async def test_an_older_write_does_not_replace_a_newer_one() -> None:
    cache = over(Informer(pod("a", 5)))
    cache.record(pod("a", 9))
    cache.record(pod("a", 7))
    cache.record(pod("a", 9, changed="yes"))
    assert cache.get_by_key("x/a") == pod("a", 9)
    cache.record(pod("a", 10))
    assert cache.get_by_key("x/a") == pod("a", 10)


@in_virtual_time
async def test_an_object_that_replaces_another_of_its_name_is_shown() -> None:
    informer = Informer(pod("a", 5, uid="old"))
    cache = over(informer)
    cache.record(pod("a", 9, uid="new"))
    informer.apply("7", remove="x/a")
    assert cache.get_by_key("x/a") == pod("a", 9, uid="new")


@in_virtual_time
async def test_a_late_write_to_an_object_that_was_replaced_is_not_shown() -> None:
    informer = Informer(pod("a", 5, uid="old"), version="5")
    cache = over(informer)
    informer.apply("8", remove="x/a")
    informer.apply("9", put=pod("a", 9, uid="new"))
    cache.record(pod("a", 7, uid="old"))
    assert cache.get_by_key("x/a") == pod("a", 9, uid="new")
    informer.apply("10", remove="x/a")
    assert cache.get_by_key("x/a") is None


@in_virtual_time
async def test_indices_follow_the_newest_state() -> None:
    informer = Informer(pod("a", 5, node="n1"), pod("b", 4, node="n1"))
    cache = over(informer)
    cache.record(pod("a", 7, node="n2"))
    assert cache.by_index("node", "n1") == [pod("b", 4, node="n1")]
    assert cache.by_index("node", "n2") == [pod("a", 7, node="n2")]
    assert cache.by_index(NAMESPACE_INDEX, "x") == [pod("b", 4, node="n1"), pod("a", 7, node="n2")]
    assert cache.list() == [pod("b", 4, node="n1"), pod("a", 7, node="n2")]
    with pytest.raises(UnknownIndex):
        cache.by_index("zone", "z")


@in_virtual_time
async def test_a_created_object_that_the_store_never_reaches_expires_and_a_changed_one_does_not() -> None:
    informer = Informer(pod("a", 5))
    cache = over(informer, ttl=60)
    cache.record(pod("a", 7))
    cache.record(pod("b", 8))
    advance(59)
    assert cache.list() == [pod("a", 7), pod("b", 8)]
    advance(1)
    assert cache.list() == [pod("a", 7)]
    assert cache.get_by_key("x/b") is None
    advance(3600)
    assert cache.get_by_key("x/a") == pod("a", 7)
    informer.apply("6", put=pod("b", 6))
    assert cache.get_by_key("x/b") == pod("b", 8)


@pytest.mark.parametrize("version", [None, "", "v7"])
@in_virtual_time
async def test_without_a_version_of_the_store_the_versions_of_objects_decide(version: str | None) -> None:
    informer = Informer(pod("a", 5), version=version)
    cache = over(informer)
    cache.record(pod("a", 7))
    assert cache.get_by_key("x/a") == pod("a", 7)
    cache.record(pod("b", 8))
    informer.apply(version, put=pod("a", 7))
    assert cache.list() == [pod("a", 7), pod("b", 8)]
    assert "1 write>" in repr(cache)
    advance(300)
    assert cache.list() == [pod("a", 7)]


@pytest.mark.parametrize("version", ["", "0", "v7"])
@in_virtual_time
async def test_a_write_that_cannot_be_compared_is_not_recorded(version: str) -> None:
    cache = over(Informer(pod("a", 5)))
    cache.record(pod("a", version))
    assert cache.get_by_key("x/a") == pod("a", 5)
    assert "0 writes" in repr(cache)


@in_virtual_time
async def test_a_stored_state_that_cannot_be_compared_wins() -> None:
    cache = over(Informer(pod("a", "v5")))
    cache.record(pod("a", 7))
    assert cache.get_by_key("x/a") == pod("a", "v5")


@in_virtual_time
async def test_a_write_that_moves_an_object_out_of_the_selection_hides_it() -> None:
    informer = Informer(pod("a", 5, app="web"), pod("b", 4, app="web"), label_selector="app=web")
    cache = over(informer)
    cache.record(pod("a", 7, app="db"))
    cache.record(pod("c", 8, app="db"))
    assert cache.get_by_key("x/a") is None
    assert cache.list() == cache.by_index("node", "") == [pod("b", 4, app="web")]
    informer.apply("9", put=pod("a", 9, app="web"))
    assert cache.get_by_key("x/a") == pod("a", 9, app="web")


@in_virtual_time
async def test_nothing_is_kept_of_objects_that_the_informer_never_holds() -> None:
    cache = over(Informer(label_selector="app=web"))
    for number in range(10):
        cache.record(pod(f"p{number}", 7 + number, app="db"))
    assert "0 writes" in repr(cache)


@in_virtual_time
async def test_an_unreadable_object_is_shown_as_it_was_written() -> None:
    informer = Informer()
    informer.indexer.set_unreadable("x/a", Unreadable("no", namespace="x", name="a", uid="uid-a"))
    cache = over(informer)
    with pytest.raises(Unreadable):
        cache.get_by_key("x/a")
    cache.record(pod("a", 7))
    assert cache.get_by_key("x/a") == pod("a", 7)


@in_virtual_time
async def test_writes_that_nobody_reads_do_not_stay_for_ever() -> None:
    informer = Informer()
    cache = over(informer)
    for number in range(10_000):
        cache.record(pod(f"p{number}", 6 + number))
        informer.apply(str(6 + number))
    assert int(repr(cache).split()[-2]) <= SWEEP_AT


@pytest.mark.parametrize("ttl", [0, -1, float("nan")])
def test_a_ttl_that_is_no_time_is_refused(ttl: float) -> None:
    with pytest.raises(ValueError, match="ttl"):
        over(Informer(), ttl=ttl)


@in_virtual_time
async def test_a_program_reads_its_writes_while_the_watch_is_behind() -> None:
    api = APIServer(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="x")), controllers=(), random=random.Random(0))
    clients = api.clientset()
    secrets = clients.core_v1.secrets("x")
    factory = SharedInformerFactory(clients, random=random.Random(0))
    informer = factory.core_v1.secrets()
    cache = MutationCache(informer)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        for number in range(50):
            name = f"s{number % 5}"
            metadata = meta_v1.ObjectMeta(name=name, annotations={"number": str(number)})
            obj = await (
                secrets.create(core_v1.Secret(metadata=metadata))
                if number < 5
                else secrets.patch(name, {"metadata": {"annotations": {"number": str(number)}}})
            )
            cache.record(obj)
            assert cache.get_by_key(f"x/{name}") == obj
            assert obj in cache.by_index(NAMESPACE_INDEX, "x")
        await secrets.delete("s4")
        await informer.wait_for_deletion(obj)
        assert cache.list() == informer.indexer.list()
        assert repr(cache) == "<MutationCache of v1 secrets: 0 writes>"
    api.close()


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[int, str]], list[int]]:
    """Draw the writes of one object (version, uid; `""` as the uid is a deletion) and the order of what happens.

    In the order, -1 lets the store take its next write, -2 lets a minute pass, and another number records a write.
    """
    count = draw(st.integers(1, 8))
    writes: list[tuple[int, str]] = []
    uid, exists = 0, False
    for number in range(count):
        exists, created = (draw(st.booleans()) if exists else True), not exists
        uid += created
        writes.append((10 + number, f"u{uid}" if exists else ""))
    steps = st.one_of(st.just(-1), st.just(-2), st.integers(0, count - 1))
    return writes, draw(st.lists(steps, max_size=30))


@given(histories())
def test_reads_never_go_back_in_time(history: tuple[list[tuple[int, str]], list[int]]) -> None:
    writes, steps = history

    async def play() -> None:
        informer = Informer(version="9")
        cache = over(informer, ttl=90)
        taken, newest_read, newest_known = 0, 0, 0
        for step in steps:
            if step == -1 and taken < len(writes):
                version, uid = writes[taken]
                taken += 1
                informer.apply(str(version), put=pod("a", version, uid) if uid else None, remove="" if uid else "x/a")
                newest_known = max(newest_known, version)
            elif step == -2:
                await asyncio.sleep(60)
            elif step >= 0 and writes[step][1]:
                cache.record(pod("a", *writes[step]))
                newest_known = max(newest_known, writes[step][0])
            found = cache.get_by_key("x/a")
            if found is not None:
                read = int(found.metadata.resource_version)
                assert newest_read <= read <= newest_known
                assert (read, found.metadata.uid) in writes
                assert read >= int(informer.version or 0) or found is informer.indexer.get_by_key("x/a")
                newest_read = read
            assert cache.list() == ([] if found is None else [found])

    run(play())
