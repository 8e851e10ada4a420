"""Waiting until the store of an informer shows a write. In virtual time."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.errors import NotFound, StaleCache
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.scripted_clientset import RunningInformer, clientset, pod
from tests.support.scripted_transport import Hang, bookmark, error_status, event, list_of, watch_response


def written(name: str, version: int | str, namespace: str = "x", **labels: str) -> core_v1.Pod:
    metadata = meta_v1.ObjectMeta(
        name=name, namespace=namespace, resource_version=str(version), uid=f"uid-{name}", labels=labels
    )
    return core_v1.Pod(metadata=metadata, spec=core_v1.PodSpec(containers=[core_v1.Container(name="main")]))


@in_virtual_time
async def test_a_write_is_in_the_store_when_the_wait_ends() -> None:
    served = RunningInformer(
        list_of([pod("a", 1)], "5"),
        watch_response(2.0, event("ADDED", pod("b", 6)), 1.0, event("MODIFIED", pod("a", 7)), Hang()),
    )
    async with served:
        assert served.pods.store_version() == "5"
        await served.pods.wait_for_write(written("a", 5))
        assert elapsed() == 0
        await served.pods.wait_for_write(written("a", 7))
        assert elapsed() == 3
        assert served.pods.lister.get("x/a").metadata.resource_version == "7"


@in_virtual_time
async def test_handlers_have_been_notified_before_the_wait_ends() -> None:
    served = RunningInformer(list_of([], "5"), watch_response(1.0, event("ADDED", pod("a", 6)), Hang()))
    async with served:
        await served.pods.wait_for_write(written("a", 6))
        assert served.told == ["add a"]


@in_virtual_time
async def test_the_first_list_and_a_bookmark_show_a_write_too() -> None:
    served = RunningInformer(list_of([pod("a", 1)], "5", delay=1.0), watch_response(1.0, bookmark("9"), Hang()))
    async with served:
        await served.pods.wait_for_write(written("a", 4))
        assert elapsed() == 1
        await served.pods.wait_for_write(written("gone-again", 8))
        assert elapsed() == 2


@in_virtual_time
async def test_a_write_is_seen_in_a_list_after_the_watch_has_failed() -> None:
    served = RunningInformer(
        list_of([pod("a", 1)], "5"),
        watch_response(error_event()),
        list_of([pod("a", 7)], "8"),
        watch_response(Hang()),
    )
    async with served:
        await served.pods.wait_for_write(written("a", 7))
        assert served.store == {"a": "7"}


def error_event() -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}
    return event("ERROR", status)


@in_virtual_time
async def test_a_deletion_by_object_and_by_uid() -> None:
    served = RunningInformer(
        list_of([pod("a", 1), pod("b", 2), pod("c", 3)], "5"),
        watch_response(
            1.0, event("DELETED", pod("a", 6)), 1.0, event("DELETED", pod("b", 7)), 1.0, event("DELETED", pod("c", 8)),
            Hang(),
        ),
    )  # fmt: skip
    async with served:
        await served.pods.wait_for_deletion(written("a", 1))
        assert elapsed() == 1
        await served.pods.wait_for_deletion(written("b", 1))
        assert elapsed() == 2
        await served.pods.wait_for_deletion("uid-c")
        assert elapsed() == 3
        assert served.store == {}


@in_virtual_time
async def test_an_informer_that_is_cut_off_says_why_it_is_behind() -> None:
    served = RunningInformer(list_of([], "5"), watch_response(Hang()))
    async with served:
        with pytest.raises(StaleCache, match=r"resourceVersion 9 within 5 s: it is at 5$"):
            await served.pods.wait_for_write(written("a", 9))
        assert elapsed() == 5
    refused = RunningInformer(*[error_status(403, "Forbidden", "no")] * 20)
    async with refused:
        with pytest.raises(StaleCache, match=r"no list has succeeded \(.* 403 Forbidden: no\)$"):
            await refused.pods.wait_for_write(written("a", 9))


@in_virtual_time
async def test_an_informer_that_was_never_started_or_has_stopped_shows_no_write() -> None:
    factory = SharedInformerFactory(clientset(list_of([], "5"), watch_response(Hang()))[0], watch_list=False)
    informer = factory.core_v1.pods()
    with pytest.raises(StaleCache, match="no list has succeeded"):
        await informer.wait_for_write(written("a", 9), timeout=1)
    async with factory:
        waiting = asyncio.create_task(informer.wait_for_write(written("a", 9)))
        await settle()
    with pytest.raises(StaleCache, match="before the informer stopped"):
        await waiting
    await informer.wait_for_write(written("a", 5))


@in_virtual_time
async def test_objects_outside_of_the_namespace_and_the_selectors_are_not_waited_for() -> None:
    clients, _ = clientset(list_of([pod("a", 1)], "5"), watch_response(Hang()))
    factory = SharedInformerFactory(clients, watch_list=False)
    informer = factory.core_v1.pods("x", label_selector="app=web", field_selector="spec.nodeName=n1")
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await informer.wait_for_write(written("b", 9, namespace="y"))
        await informer.wait_for_write(written("b", 9, app="db"))
        await informer.wait_for_write(written("b", 9, app="web"))  # on no node
        assert elapsed() == 0
        with pytest.raises(StaleCache):
            await informer.wait_for_write(written("a", 9, app="db"))  # is stored in an older state


@in_virtual_time
async def test_a_dynamic_informer_and_one_of_metadata_wait_for_typed_objects() -> None:
    api = APIServer(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="x")), controllers=(), random=random.Random(0))
    clients = api.clientset()
    maps = clients.core_v1.config_maps("x")
    factory = SharedInformerFactory(clients, watch_list=False, random=random.Random(0))
    informers: list[Any] = [factory.metadata(core_v1.ConfigMap), factory.core_v1.config_maps()]
    async with factory:
        for number in range(20):
            name = f"m{number % 3}"
            made = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name), data={"number": str(number)})
            obj = await (maps.create(made) if number < 3 else maps.patch(name, {"data": {"number": str(number)}}))
            for informer in informers:
                await informer.wait_for_write(obj)
                assert informer.lister.namespace("x").get(name).metadata == obj.metadata
        for number in range(3):
            held = informers[0].lister.namespace("x").get(f"m{number}")
            await maps.delete(f"m{number}")
            for informer in informers:
                await informer.wait_for_deletion(held)
                with pytest.raises(NotFound):
                    informer.lister.namespace("x").get(f"m{number}")
    api.close()


@in_virtual_time
async def test_a_server_without_resource_versions_delays_nobody() -> None:
    served = RunningInformer(list_of([pod("a", 1)], ""), watch_response(Hang()))
    async with served:
        await served.pods.wait_for_write(written("a", 9))
        await served.pods.wait_for_deletion(written("b", 9))
        assert elapsed() == 0
