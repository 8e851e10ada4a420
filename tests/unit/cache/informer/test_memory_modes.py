"""The memory modes of informers: what is decoded when, what is counted as unreadable, and the sizes by part."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.memory_mode import MemoryMode, class_in_mode
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.cache.store.index_by_field import field_index
from kubeloop.errors import Unreadable
from kubeloop.meta.gvk import GroupResource
from kubeloop.models import core_v1
from kubeloop.objects.lazy_object import is_packed
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from kubeloop.wire.serializers.compressed_unstructured import CompressedUnstructured
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured
from tests.support.scripted_clientset import PODS, clientset, pod
from tests.support.scripted_transport import Hang, event, expired_event, list_of, watch_response

PACKED: Any = pytest.mark.parametrize("mode", ["lazy", "compressed"])


def full(name: str, version: int, node: Any = "n1", **spec: Any) -> dict[str, Any]:
    return {**pod(name, version), "spec": {"nodeName": node, **spec}, "status": {"phase": "Running"}}


@asynccontextmanager
async def held(
    *items: dict[str, Any], events: bytes = b"", dynamic: bool = False, **options: Any
) -> AsyncIterator[SharedInformer[Any]]:
    """Run an informer that has these objects, and then sees these events."""
    clients, _ = clientset(list_of([*items], "5"), watch_response(events, Hang()))
    factory = SharedInformerFactory(clients, watch_list=False)
    # Any: typed and dynamic objects have two types.
    informer: Any = (
        factory.informer(Unstructured, PODS, **options) if dynamic else factory.informer(core_v1.Pod, **options)
    )
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await settle()
        yield informer


def of(informer: SharedInformer[Any], name: str) -> Any:
    return informer.lister.namespace("x").get(name)


@PACKED
@in_virtual_time
async def test_a_lazy_informer_decodes_members_when_they_are_read_from_lists_and_watches(mode: MemoryMode) -> None:
    async with held(full("a", 1), events=event("ADDED", full("b", 6)), mode=mode) as informer:
        assert informer.mode == mode
        for name in "ab":
            obj = of(informer, name)
            assert isinstance(obj, core_v1.Pod)
            assert is_packed(obj)
            assert (obj.spec.node_name, obj.status.phase) == ("n1", "Running")
            assert is_packed(of(informer, name)) == (mode == "compressed")


@in_virtual_time
async def test_models_are_eager_and_unstructured_objects_lazy_unless_the_program_chooses() -> None:
    async with held(full("a", 1)) as informer:
        assert informer.mode == "eager"
        assert not is_packed(of(informer, "a"))
    async with held(full("a", 1), events=event("MODIFIED", full("a", 6, "n2")), dynamic=True) as informer:
        assert informer.mode == "lazy"
        assert type(of(informer, "a")) is LazyUnstructured
        assert of(informer, "a")["spec"] == {"nodeName": "n2"}
    async with held(full("a", 1), dynamic=True, mode="eager") as informer:
        assert informer.mode == "eager"
        assert type(of(informer, "a")) is Unstructured
    async with held(full("a", 1), events=event("MODIFIED", full("a", 6, "n2")), dynamic=True, mode="compressed") as now:
        assert now.mode == "compressed"
        assert type(of(now, "a")) is CompressedUnstructured
        assert of(now, "a")["spec"] == {"nodeName": "n2"}


def test_the_factory_has_a_mode_for_informers_that_name_none() -> None:
    factory = SharedInformerFactory(clientset()[0], mode="lazy")
    assert factory.core_v1.pods().mode == "lazy"
    assert factory.core_v1.services(mode="eager").mode == "eager"
    assert SharedInformerFactory(clientset()[0], mode="eager").informer(Unstructured, PODS).mode == "eager"
    with pytest.raises(ValueError, match="expected the memory mode 'eager', 'lazy' or 'compressed', got 'small'"):
        factory.core_v1.nodes(mode="small")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("first", "second"),
    [("lazy", "eager"), ("eager", "lazy"), ("compressed", "lazy"), ("lazy", "compressed"), ("compressed", "eager")],
)
def test_the_same_informer_in_another_mode_is_refused(first: MemoryMode, second: MemoryMode) -> None:
    factory = SharedInformerFactory(clientset()[0])
    pods = factory.core_v1.pods("x", mode=first)
    assert factory.core_v1.pods("x") is pods
    assert factory.core_v1.pods("x", mode=first) is pods
    with pytest.raises(ValueError, match=f"v1 pods in x: the factory has this informer in the mode '{first}'"):
        factory.core_v1.pods("x", mode=second)
    assert factory.core_v1.pods("y", mode=second).mode == second


def test_a_kind_without_members_to_keep_has_one_form_in_each_mode() -> None:
    factory = SharedInformerFactory(clientset()[0])
    classes = factory.scheduling_v1.priority_classes(mode="lazy")
    assert factory.scheduling_v1.priority_classes(mode="eager") is classes
    assert factory.scheduling_v1.priority_classes(mode="compressed") is classes


BROKEN = full("a", 1, 5)


@PACKED
@in_virtual_time
async def test_a_member_that_cannot_be_read_fails_at_its_first_read_and_is_counted(
    caplog: pytest.LogCaptureFixture, mode: MemoryMode
) -> None:
    caplog.set_level(logging.WARNING)
    async with held(BROKEN, full("b", 2), events=event("MODIFIED", full("b", 6)), mode=mode) as informer:
        assert informer.unreadable == {}
        assert of(informer, "a").metadata.uid == "uid-a"
        for _ in range(2):
            with pytest.raises(Unreadable, match=r"Pod x/a: spec\.nodeName: expected str, got int"):
                _ = of(informer, "a").spec
        assert list(informer.unreadable) == ["x/a"]
        assert informer.last_error == "x/a cannot be read: Pod x/a: spec.nodeName: expected str, got int"
        assert of(informer, "a").status.phase == "Running"
        assert len(caplog.records) == 1
        assert len(informer.lister.list()) == 2


@PACKED
@in_virtual_time
async def test_the_next_state_of_an_unreadable_object_clears_the_note(mode: MemoryMode) -> None:
    clients, transport = clientset(list_of([BROKEN], "5"), watch_response(Hang()), watch_response(Hang()))
    del transport
    factory = SharedInformerFactory(clients, watch_list=False)
    informer = factory.core_v1.pods(mode=mode)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        old = of(informer, "a")
        with pytest.raises(Unreadable):
            _ = old.spec
        assert list(informer.unreadable) == ["x/a"]
        informer.indexer.put("x/a", fresh := class_pod(full("a", 6)))
        informer.indexer.clear_unreadable("x/a")
        with pytest.raises(Unreadable):
            _ = old.spec
        assert informer.unreadable == {}, "an object that is no longer stored is not counted"
        assert of(informer, "a") is fresh


@in_virtual_time
async def test_a_list_that_keeps_the_instance_keeps_its_note(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    other = {**full("b", 2), "metadata": {"namespace": "x"}}
    clients, _ = clientset(
        list_of([BROKEN], "5"),
        watch_response(expired_event()),
        list_of([BROKEN], "6"),
        watch_response(event("ADDED", full("c", 7)), expired_event()),
        list_of([BROKEN, other], "8"),
        watch_response(event("ADDED", full("d", 9)), expired_event()),
        list_of([full("a", 10)], "11"),
        watch_response(Hang()),
    )
    factory = SharedInformerFactory(clients, watch_list=False)
    informer = factory.core_v1.pods(mode="lazy")
    noted: list[list[str]] = []
    informer.add_event_handler(on_add=lambda _: noted.append(list(informer.unreadable)))
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        first = of(informer, "a")
        with pytest.raises(Unreadable):
            _ = first.spec
        await asyncio.sleep(20)
        assert noted == [[], ["x/a"], ["x/a", "#1 of those that were read"]]
        assert of(informer, "a") is not first
        assert informer.unreadable == {}
        assert [line for line in caplog.messages if "read again" in line] == ["v1 pods: x/a can be read again"]
        assert sum("x/a cannot be read" in line for line in caplog.messages) == 1


@in_virtual_time
@pytest.mark.parametrize("mode", ["eager", "lazy"])
@pytest.mark.parametrize("dynamic", [False, True])
async def test_an_item_or_an_event_without_a_name_is_not_stored(dynamic: bool, mode: MemoryMode) -> None:
    """(A12)"""
    nameless = {**full("", 3), "metadata": {"namespace": "x", "resourceVersion": "3"}}
    clients, transport = clientset(
        list_of([full("a", 1), nameless], "5"),
        watch_response(event("ADDED", full("b", 6)), event("ADDED", nameless)),
        list_of([full("b", 6)], "7"),
        watch_response(Hang()),
    )
    factory = SharedInformerFactory(clients, watch_list=False)
    # Any: typed and dynamic objects have two types.
    informer: Any = factory.informer(Unstructured, PODS, mode=mode) if dynamic else factory.core_v1.pods(mode=mode)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert informer.indexer.list_keys() == ["x/a"]
        assert [error.name for error in informer.unreadable.values()] == [""]
        await asyncio.sleep(20)
        assert informer.indexer.list_keys() == ["x/b"]
        assert informer.unreadable == {}
        assert len(transport.requests) == 4


def class_pod(data: dict[str, Any]) -> core_v1.Pod:
    return core_v1.Pod.from_dict(data)


@PACKED
@in_virtual_time
async def test_a_failure_in_another_thread_is_counted_by_the_loop(mode: MemoryMode) -> None:
    async with held(BROKEN, mode=mode) as informer:
        obj = of(informer, "a")

        def read() -> str:
            try:
                return str(obj.spec)
            except Unreadable:
                return "unreadable"

        assert await asyncio.to_thread(read) == "unreadable"
        await settle()
        assert list(informer.unreadable) == ["x/a"]


@pytest.mark.parametrize("member", ["labels", "annotations"])
@pytest.mark.parametrize("mode", ["eager", "lazy", "compressed"])
@in_virtual_time
async def test_metadata_that_cannot_be_read_are_unreadable_on_arrival_in_each_mode(
    mode: MemoryMode, member: str
) -> None:
    bad = {**full("a", 1), "metadata": {**pod("a", 1)["metadata"], member: "none"}}
    async with held(bad, full("b", 2), mode=mode) as informer:
        assert list(informer.unreadable) == ["x/a"]
        with pytest.raises(Unreadable):
            of(informer, "a")


@PACKED
@in_virtual_time
async def test_an_informer_built_by_hand_has_the_mode_of_its_class(mode: MemoryMode) -> None:
    clients, _ = clientset(list_of([full("a", 1)], "5"), watch_response(Hang()))
    lazy_pod = class_in_mode(core_v1.Pod, mode)
    informer = SharedInformer(
        rest_list_watch(clients.rest, lazy_pod, watch_list=False),
        resource=GroupResource("", "pods"),
        expected_type=lazy_pod,
    )
    running = asyncio.create_task(informer.run())
    await informer.wait_for_sync()
    assert informer.mode == mode
    assert is_packed(of(informer, "a"))
    running.cancel()
    await asyncio.wait([running])


@PACKED
@in_virtual_time
async def test_a_transform_that_drops_metadata_keeps_objects_lazy(mode: MemoryMode) -> None:
    def without_labels(obj: core_v1.Pod) -> core_v1.Pod:
        draft = obj.draft()
        del draft.metadata.labels
        return draft.finish().after

    data = full("a", 1)
    data["metadata"]["labels"] = {"app": "web"}
    async with held(data, mode=mode, transform=without_labels) as informer:
        assert is_packed(of(informer, "a"))
        assert of(informer, "a").metadata.labels == {}
        assert of(informer, "a").spec.node_name == "n1"


@in_virtual_time
@PACKED
@pytest.mark.parametrize("dynamic", [False, True])
async def test_the_garbage_collector_does_not_visit_the_objects_of_a_lazy_informer(
    dynamic: bool, mode: MemoryMode
) -> None:
    items = [full(f"p{number}", number + 1, containers=[{"name": "c"}] * 3) for number in range(300)]
    async with held(*items, dynamic=dynamic, mode=mode) as informer:
        informer.add_indexers({"node": field_index("spec.nodeName")})
        stored = informer.lister.list()
        assert not any(map(gc.is_tracked, stored))
        gc.collect()
        ids = set(map(id, stored))
        below = [each for each in gc.get_referents(*stored) if gc.is_tracked(each) and id(each) not in ids]
        assert [each for each in below if not isinstance(each, type)] == []
        assert len(informer.lister.by_index("node", "n1")) == 300
        if not dynamic:
            assert all(map(is_packed, stored))


@in_virtual_time
async def test_the_memory_of_an_informer_by_part() -> None:
    items = [full(f"p{number}", number + 1, schedulerName="s" * 1000) for number in range(250)]
    for mode in ("eager", "lazy"):
        async with held(*items, mode=mode) as informer:
            usage = informer.memory()
            assert usage.total == usage.objects + usage.store + usage.indices + usage.queue
            assert 250 * 1000 < usage.objects < 250 * 4000
            assert 250 * 20 < usage.store < 250 * 400
            assert 0 < usage.indices < 250 * 200
            assert abs(informer.memory(sample=None).objects - usage.objects) < usage.objects / 20
            informer.add_indexers({"node": field_index("spec.nodeName")})
            assert informer.memory().indices > usage.indices
    async with held(mode="lazy") as informer:
        assert informer.memory().objects == 0


@in_virtual_time
@pytest.mark.parametrize("dynamic", [False, True])
async def test_a_compressed_informer_takes_the_least_memory_and_lists_again_without_copies(dynamic: bool) -> None:
    items = [full(f"p{n}", n + 1, schedulerName=f"{n} " * 400, hostname=f"h{n}") for n in range(400)]
    sizes: dict[str, int] = {}
    modes: tuple[MemoryMode, ...] = ("eager", "lazy", "compressed")
    for mode in modes:
        async with held(*items, dynamic=dynamic, mode=mode) as informer:
            sizes[mode] = informer.memory(sample=None).objects
    assert sizes["compressed"] < sizes["lazy"] / 2 < sizes["eager"] / 2

    gone = event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})
    clients, _ = clientset(
        list_of(items, "5"), watch_response(gone), list_of([*items[1:], full("p0", 900)], "900"), watch_response(Hang())
    )
    factory = SharedInformerFactory(clients, watch_list=False, mode="compressed")
    pods: Any = factory.informer(Unstructured, PODS) if dynamic else factory.core_v1.pods()
    changes: list[str] = []
    pods.add_event_handler(on_update=lambda old, new: changes.append(new.metadata.name))
    async with factory:
        await pods.wait_for_sync()
        before = {obj.metadata.name: obj for obj in pods.lister.list()}
        await asyncio.sleep(60)
        after = {obj.metadata.name: obj for obj in pods.lister.list()}
        assert after.keys() == before.keys()
        assert changes == ["p0"]
        assert [name for name in after if after[name] is not before[name]] == ["p0"]
        assert pods.statistics().relists


@in_virtual_time
async def test_what_waits_in_the_queue_of_a_handler_is_counted() -> None:
    items = [full(f"p{number}", number + 1) for number in range(50)]
    more = b"".join(
        event("DELETED", full(f"p{number}", number + 100, schedulerName="s" * 5000)) for number in range(50)
    )
    clients, _ = clientset(list_of(items, "5"), watch_response(more, Hang()))
    factory = SharedInformerFactory(clients, watch_list=False)
    pods = factory.core_v1.pods()
    release = asyncio.Event()

    async def slow(_: object) -> None:
        await release.wait()

    pods.add_event_handler(on_add=slow, on_delete=slow)
    async with factory:
        await pods.wait_for_sync()
        await settle()
        waiting = pods.memory()
        assert waiting.queue > 50 * 5000
        assert waiting.objects == 0
        release.set()
        await settle()
        assert pods.memory().queue < 10_000
