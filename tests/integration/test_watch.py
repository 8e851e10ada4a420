"""Watches on the real API server: they resume after a restart, and report when they cannot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1
from kubeloop.testing import ControlPlane
from tests.support.middle_box import before
from tests.support.real_clientset import config_map, connect
from tests.support.servers import AnyServer, new_server


@pytest.fixture(params=["typed", "dynamic"])
def config_maps(request: pytest.FixtureRequest, clientset: kubeloop.Clientset, namespace: str) -> Any:
    """Return the same collection through both clients. Any: their objects have the same structure and two types."""
    if request.param == "typed":
        return clientset.core_v1.config_maps(namespace)
    return clientset.dynamic.resource("v1", "configmaps").namespace(namespace)


async def test_events_follow_a_list(config_maps: Any) -> None:
    page = await config_maps.list()
    async with config_maps.watch(resource_version=page.metadata.resource_version, timeout=30.0) as events:
        await config_maps.create(config_map("a", x="1").to_dict())
        await config_maps.patch("a", {"data": {"x": "2"}})
        await config_maps.delete("a")
        seen = [await anext(events) for _ in range(3)]
    assert [(one.type, one.object.metadata.name) for one in seen] == [
        ("ADDED", "a"),
        ("MODIFIED", "a"),
        ("DELETED", "a"),
    ]


async def test_without_a_version_what_there_is_comes_first(config_maps: Any) -> None:
    await config_maps.create(config_map("a").to_dict())
    await config_maps.create(config_map("b").to_dict())
    async with config_maps.watch(field_selector="metadata.name!=kube-root-ca.crt", timeout=30.0) as events:
        first = [(one.type, one.object.metadata.name) for one in await events.batch()]
        await config_maps.delete("b")
        second = await anext(events)
    assert first == [("ADDED", "a"), ("ADDED", "b")]
    assert (second.type, second.object.metadata.name) == ("DELETED", "b")


async def test_selectors_choose_the_events(config_maps: Any) -> None:
    async with config_maps.watch(label_selector="watched=yes", timeout=30.0) as events:
        await config_maps.create(config_map("a").to_dict())
        labelled = config_map("b").to_dict()
        labelled["metadata"]["labels"] = {"watched": "yes"}
        await config_maps.create(labelled)
        assert (await anext(events)).object.metadata.name == "b"


async def test_the_time_ends_it(config_maps: Any) -> None:
    async with config_maps.watch(resource_version="0", timeout=1.0, field_selector="metadata.name=nobody") as events:
        assert [event async for event in events] == []


async def test_a_version_that_the_server_has_forgotten_is_expired() -> None:
    forgetful = ["--watch-cache=false", "--etcd-compaction-interval=1s"]
    async with ControlPlane(api_server_args=forgetful) as plane, connect(plane.kubeconfig) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        old = (await config_maps.create(config_map("a"))).metadata.resource_version

        async def watch_again_and_again() -> None:
            while True:
                for value in "12":
                    await config_maps.patch("a", {"data": {"x": value}})
                async with config_maps.watch(resource_version=old, timeout=1.0) as events:
                    async for _ in events:
                        pass

        with pytest.raises(kubeloop.Expired):
            await asyncio.wait_for(watch_again_and_again(), 60.0)


async def test_a_version_from_before_the_start_of_the_server_is_expired() -> None:
    async with new_server() as server, connect(server.kubeconfig) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        old = (await config_maps.create(config_map("a"))).metadata.resource_version
        for value in "123":
            await config_maps.patch("a", {"data": {"x": value}})
        await server.kill("kube-apiserver")
        await server.restart("kube-apiserver")

        async def watch() -> list[str]:
            async with config_maps.watch(resource_version=old, timeout=30.0) as events:
                return [event.type async for event in events]

        with pytest.raises(kubeloop.Expired):
            await watch()


async def test_it_resumes_when_every_connection_is_cut(control_plane: AnyServer, namespace: str) -> None:
    async with (
        connect(control_plane.kubeconfig) as direct,
        before(control_plane) as (box, config),
        kubeloop.Clientset(config) as clientset,
    ):
        config_maps = direct.core_v1.config_maps(namespace)
        start = (await config_maps.list()).metadata.resource_version
        seen: list[str] = []
        async with clientset.core_v1.config_maps(namespace).watch(resource_version=start, timeout=60.0) as events:
            for number in range(2):
                await config_maps.create(config_map(f"a{number}"))
                seen.append((await anext(events)).object.metadata.name)
                box.cut(reset=True)
                await config_maps.create(config_map(f"b{number}"))
                seen.append((await anext(events)).object.metadata.name)
    assert seen == [f"{letter}{number}" for number in range(2) for letter in "ab"]


async def test_a_server_that_is_killed_and_restarted_ends_no_watch_in_silence() -> None:
    async with new_server() as server, connect(server.kubeconfig) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        start = (await config_maps.list()).metadata.resource_version
        seen: list[str] = []

        async def follow() -> str:
            try:
                async with config_maps.watch(resource_version=start, timeout=60.0) as events:
                    async for event in events:
                        seen.append(event.object.metadata.name)
                        if event.object.metadata.name == "last":
                            return "everything"
            except kubeloop.Expired:
                # A server without a past may refuse to resume from before its start.
                return "expired"
            return "silence"

        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follow())
            for number in range(3):
                await config_maps.create(config_map(f"before-{number}"))
            await server.kill("kube-apiserver")
            await server.restart("kube-apiserver")
            for number in range(3):
                await config_maps.create(config_map(f"after-{number}"))
            await config_maps.create(config_map("last"))
    names = [name for name in seen if name != "kube-root-ca.crt"]
    expected = [*(f"before-{number}" for number in range(3)), *(f"after-{number}" for number in range(3)), "last"]
    assert names == (expected if following.result() == "everything" else expected[: len(names)])
    assert following.result() in {"everything", "expired"}


async def test_one_watch_request_ends_when_the_server_ends_it(clientset: kubeloop.Clientset, namespace: str) -> None:
    await clientset.core_v1.config_maps(namespace).create(config_map("a"))
    params = {"timeoutSeconds": 1}
    address: dict[str, Any] = {"namespace": namespace, "params": params}
    async with clientset.rest.watch("configmaps", into=core_v1.ConfigMap, **address) as stream:
        names = [event.object.metadata.name async for event in stream]
    assert "a" in names
