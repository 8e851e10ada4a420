"""Reactions and the record of actions, over the whole server."""

from __future__ import annotations

import asyncio
import random

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import Action, APIServer
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle


def settings(name: str, **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name, namespace="x"), data=data)


def increment(draft: core_v1.ConfigMap.Draft) -> None:
    draft.data["count"] = str(int(draft.data["count"]) + 1)


class Setup:
    def __init__(self) -> None:
        self.api = APIServer(settings("a", count="1"), random=random.Random(0), controllers=())
        self.clientset = self.api.clientset()
        self.maps = self.clientset.core_v1.config_maps("x")


@in_virtual_time
async def test_actions_are_recorded_with_their_objects_in_order_and_forgotten_on_demand() -> None:
    setup = Setup()
    await setup.maps.edit("a", increment)
    await setup.maps.create(settings("b"))
    setup.api.actions.writes.assert_equal(
        [
            Action("patch", "configmaps", "a", namespace="x", patch_type="merge"),
            Action("create", "configmaps", "b", namespace="x", object=settings("b").to_dict()),
        ]
    )
    assert setup.api.actions.of("get") == [Action("get", "configmaps", "a", namespace="x")]
    assert [each.status for each in setup.api.actions.latest(2)] == [200, 201]
    setup.api.actions.clear()
    await setup.maps.list()
    setup.api.actions.assert_no_writes()


@in_virtual_time
async def test_a_conflict_is_retried_by_the_client_as_in_production() -> None:
    setup = Setup()
    setup.api.on("patch", "configmaps", nth=1).fail(errors.Conflict)
    assert (await setup.maps.edit("a", increment)).data == {"count": "2"}
    assert len(setup.api.actions.of("patch")) == 2


@in_virtual_time
async def test_a_write_whose_response_is_lost_was_carried_out() -> None:
    setup = Setup()
    reaction = setup.api.on("create", "configmaps").fail(errors.ConnectionLost, is_sent=True)
    with pytest.raises(errors.ConnectionLost):
        await setup.maps.create(settings("b"))
    reaction.remove()
    with pytest.raises(errors.AlreadyExists):
        await setup.maps.create(settings("b"))


@in_virtual_time
async def test_a_delay_and_its_timeout() -> None:
    setup = Setup()
    setup.api.on("get", "configmaps").delay(10)
    with pytest.raises(errors.RequestTimeout):
        await setup.maps.get("a", timeout=3)
    assert (await setup.maps.get("a")).data == {"count": "1"}
    assert elapsed() == 13.0


@in_virtual_time
async def test_stale_reads_are_some_writes_behind_and_other_requests_are_not() -> None:
    setup = Setup()
    await setup.maps.create(settings("b", v="1"))
    await setup.maps.update(settings("b", v="2"))
    await setup.maps.delete("a")
    reaction = setup.api.on("*", "configmaps").stale(2)
    assert (await setup.maps.get("b")).data == {"v": "1"}
    old = await setup.maps.list()
    assert [each.metadata.name for each in old.items] == ["a", "b"]
    assert int(old.metadata.resource_version) == setup.api.storage.revision - 2
    with pytest.raises(errors.NotFound):
        await setup.maps.delete("a")
    reaction.remove()
    assert [each.metadata.name for each in (await setup.maps.list()).items] == ["b"]


@in_virtual_time
async def test_a_stale_read_of_a_newer_revision_waits_in_vain() -> None:
    setup = Setup()
    setup.api.on("get", "configmaps").stale()
    created = await setup.maps.create(settings("b"))
    with pytest.raises(errors.GatewayTimeout, match="Too large resource version"):
        await setup.maps.get("b", resource_version=created.metadata.resource_version, timeout=3.5)
    assert elapsed() >= 3.0


@in_virtual_time
async def test_a_read_from_before_the_first_write_finds_nothing() -> None:
    setup = Setup()
    setup.api.on("list", "configmaps").stale(100_000)
    assert list((await setup.maps.list()).items) == []


@pytest.mark.parametrize("error", [None, errors.Expired])
@in_virtual_time
async def test_a_watch_is_cut_and_an_informer_gets_over_it(error: type[kubeloop.APIError] | None) -> None:
    setup = Setup()
    reaction = setup.api.on("watch", "configmaps", nth=[1, 2, 3]).cut_watch(after=1, error=error)
    factory = kubeloop.SharedInformerFactory(setup.clientset, namespace="x")
    informer = factory.core_v1.config_maps()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        for number in range(5):
            await setup.maps.create(settings(f"b{number}"))
        await asyncio.sleep(120)
        names = {each.metadata.name for each in informer.lister.list()}
    assert names == {"a", *(f"b{number}" for number in range(5))}
    assert reaction.count >= 2


@in_virtual_time
async def test_a_watch_that_is_cut_at_once_delivers_nothing() -> None:
    setup = Setup()
    setup.api.on("watch", "configmaps").cut_watch()
    async with setup.clientset.rest.watch("configmaps", into=core_v1.ConfigMap) as stream:
        with pytest.raises(errors.ConnectionLost, match="closed by a reaction"):
            await anext(stream)
    await settle()


@in_virtual_time
async def test_a_function_may_respond_for_a_subresource() -> None:
    setup = Setup()
    setup.api.on("create", "pods/eviction").respond(lambda action: {"kind": "Status", "message": action.name})
    eviction = Action("create", "pods/eviction", "a", namespace="x", object={"kind": "Eviction"})
    path = "/api/v1/namespaces/x/pods/a/eviction"
    request = kubeloop.Request("POST", path, {"Content-Type": "application/json"}, b'{"kind":"Eviction"}')
    response = await setup.api.transport().request(request)
    assert response.body == b'{"kind":"Status","message":"a"}'
    assert setup.api.actions == [eviction]


@in_virtual_time
async def test_chance_uses_the_random_numbers_of_the_server() -> None:
    with pytest.raises(ValueError, match="needs random numbers"):
        APIServer().on("get", "pods", chance=0.5)
    setup = Setup()
    setup.api.on("get", "configmaps", chance=0.5).fail(errors.InternalError)
    outcomes = []
    for _ in range(20):
        try:
            await setup.maps.get("a")
            outcomes.append(True)
        except errors.InternalError:
            outcomes.append(False)
    assert 0 < sum(outcomes) < 20
