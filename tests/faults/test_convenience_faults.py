"""Conveniences on a server that fails: an unknown outcome is an error, and the next call finds out what happened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time

SHOP = core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="shop"))
FINALIZER = "example.com/clean-up"


def config_map(name: str = "paint", **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name, namespace="shop"), data=data)


def green(draft: core_v1.ConfigMap.Draft) -> None:
    draft.data["color"] = "green"


def verbs(clients: fake.Clientset) -> list[str]:
    return [action.verb for action in clients.api.actions]


@pytest.mark.parametrize(("verb", "objects"), [("create", ()), ("patch", (config_map(color="blue"),))])
@pytest.mark.parametrize("failure", [kubeloop.ConnectionLost, 500], ids=["lost", "500"])
@in_virtual_time
async def test_a_write_whose_response_is_lost_is_not_repeated_blindly(
    verb: str, objects: tuple[Any, ...], failure: Any
) -> None:
    clients = fake.Clientset(SHOP, *objects)
    clients.api.on(verb, "configmaps", nth=1).fail(failure, is_sent=True)
    config_maps = clients.core_v1.config_maps("shop")
    with pytest.raises((kubeloop.ConnectionLost, kubeloop.InternalError)):
        await config_maps.create_or_update("paint", green)
    assert verbs(clients) == ["get", verb]
    paint, operation = await config_maps.create_or_update("paint", green)
    assert (paint.data, operation) == ({"color": "green"}, "unchanged")
    assert verbs(clients) == ["get", verb, "get"]


@pytest.mark.parametrize("verb", ["get", "create"])
@in_virtual_time
async def test_a_busy_server_is_asked_again_after_its_delay(verb: str) -> None:
    clients = fake.Clientset(SHOP)
    clients.api.on(verb, "configmaps", nth=1).fail(429, retry_after=2)
    assert (await clients.core_v1.config_maps("shop").create_or_update("paint", green)).operation == "created"
    assert elapsed() >= 2


@in_virtual_time
async def test_a_cancelled_write_sends_nothing_more() -> None:
    clients = fake.Clientset(SHOP, config_map(color="blue"))
    clients.api.on("patch", "configmaps").delay(60)
    task = asyncio.create_task(clients.core_v1.config_maps("shop").create_or_update("paint", green))
    await asyncio.sleep(5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(120)
    assert verbs(clients) == ["get", "patch"]


@in_virtual_time
async def test_the_pauses_between_lost_races_are_bounded() -> None:
    clients = fake.Clientset(SHOP, config_map(color="blue"))
    clients.api.on("patch", "configmaps").fail(kubeloop.Conflict)
    with pytest.raises(kubeloop.Conflict):
        await clients.core_v1.config_maps("shop").create_or_update("paint", green)
    assert elapsed() < 20 * 3
    assert verbs(clients) == ["get", "patch"] * 20


@in_virtual_time
async def test_a_finalizer_that_was_added_unseen_is_not_added_twice() -> None:
    clients = fake.Clientset(SHOP, config_map())
    config_maps = clients.core_v1.config_maps("shop")
    stale = await config_maps.get("paint")
    clients.api.on("patch", "configmaps", nth=1).fail(kubeloop.ConnectionLost, is_sent=True)
    with pytest.raises(kubeloop.ConnectionLost):
        await config_maps.add_finalizer(stale, FINALIZER)
    added = await config_maps.add_finalizer(stale, FINALIZER)
    assert list(added.metadata.finalizers) == [FINALIZER]


@in_virtual_time
async def test_pages_that_are_read_ahead_survive_a_lost_connection() -> None:
    clients = fake.Clientset(SHOP, *[config_map(f"a{number}") for number in range(6)])
    clients.api.on("list", "configmaps", nth=2).fail(kubeloop.Forbidden)
    names: list[str] = []
    failures = 0
    async with clients.core_v1.config_maps("shop").iterate(limit=2, prefetch=2) as found:
        while len(names) < 6:
            try:
                names.append((await anext(found)).metadata.name)
            except kubeloop.Forbidden:
                failures += 1
                assert names == ["a0", "a1"]
    assert (names, failures) == ([f"a{number}" for number in range(6)], 1)


@in_virtual_time
async def test_a_deletion_whose_response_is_lost_is_found_absent() -> None:
    clients = fake.Clientset(SHOP, config_map())
    clients.api.on("delete", "configmaps", nth=1).fail(kubeloop.ConnectionLost, is_sent=True)
    config_maps = clients.core_v1.config_maps("shop")
    with pytest.raises(kubeloop.ConnectionLost):
        await config_maps.ensure_absent("paint")
    assert await config_maps.ensure_absent("paint") is False
