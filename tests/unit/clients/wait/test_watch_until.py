"""`watch_until`: conditions in their order, preconditions, versions and timeouts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.clients.wait.watch_until import ConditionChain
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time


def config_map(name: str, **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name, namespace="x"), data=data)


def has(value: str) -> Callable[[Any], bool]:
    return lambda event: event.type != "DELETED" and event.object.data.get("v") == value


async def change(client: fake.Clientset, *values: str) -> None:
    """Change an object once per second."""
    for value in values:
        await asyncio.sleep(1)
        await client.core_v1.config_maps("x").patch("a", {"data": {"v": value}})


def test_an_event_can_satisfy_several_conditions() -> None:
    chain = ConditionChain[int]([lambda _: True, lambda _: True, lambda event: event.object == 2])
    one: Any = kubeloop.WatchEvent("ADDED", 1)
    two: Any = kubeloop.WatchEvent("ADDED", 2)
    three: Any = kubeloop.WatchEvent("ADDED", 3)
    assert not chain.see_all([one])
    assert chain.number == 3
    assert chain.see_all([two, three])
    assert chain.last is two


@in_virtual_time
async def test_conditions_are_satisfied_one_after_the_other() -> None:
    client = fake.Clientset(config_map("a", v="0"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(change(client, "2", "1", "2"))
        last = await kubeloop.watch_until(client.core_v1.config_maps("x"), has("0"), has("1"), has("2"))
        assert elapsed() == 3
    assert isinstance(last, kubeloop.WatchEvent)
    assert (last.type, last.object.data["v"]) == ("MODIFIED", "2")


@in_virtual_time
async def test_what_exists_is_added_first() -> None:
    client = fake.Clientset(config_map("a", v="0"), config_map("b", v="0"))
    config_maps = client.core_v1.config_maps("x")
    last = await kubeloop.watch_until(config_maps, lambda event: event.object.metadata.name == "b")
    assert last.type == "ADDED"


@in_virtual_time
async def test_a_precondition_sees_the_objects_of_the_first_list() -> None:
    client = fake.Clientset(config_map("a", v="0"))
    config_maps = client.core_v1.config_maps("x")
    seen: list[Mapping[str, core_v1.ConfigMap]] = []

    def is_there(objects: Mapping[str, core_v1.ConfigMap]) -> bool:
        seen.append(dict(objects))
        return "x/a" in objects

    assert await kubeloop.watch_until(config_maps, has("never"), precondition=is_there) is None
    assert [each["x/a"].data["v"] for each in seen] == ["0"]
    found = await kubeloop.watch_until(config_maps, has("0"), precondition=lambda objects: "x/b" in objects)
    assert found is not None


@in_virtual_time
async def test_a_precondition_without_objects_is_asked_too() -> None:
    client = fake.Clientset()
    pods = client.core_v1.pods("x")
    assert (
        await kubeloop.watch_until(pods, lambda _: False, precondition=lambda objects: not objects, timeout=5) is None
    )
    assert elapsed() == 0


@in_virtual_time
async def test_with_a_version_events_after_it_are_seen() -> None:
    client = fake.Clientset(config_map("a", v="0"))
    config_maps = client.core_v1.config_maps("x")
    version = (await config_maps.list()).metadata.resource_version
    await change(client, "1", "2")
    seen: list[str] = []

    def is_second(event: Any) -> bool:
        seen.append(event.object.data["v"])
        return bool(event.object.data["v"] == "2")

    await kubeloop.watch_until(config_maps, is_second, resource_version=version)
    assert seen == ["1", "2"]


@in_virtual_time
async def test_selectors_choose_the_events() -> None:
    client = fake.Clientset(config_map("a", v="0"), config_map("b", v="0"))
    last = await kubeloop.watch_until(
        client.core_v1.config_maps("x"), lambda _: True, field_selector="metadata.name=b", label_selector="!app"
    )
    assert last.object.metadata.name == "b"
    with pytest.raises(errors.WaitTimeout, match="there was no event"):
        await kubeloop.watch_until(
            client.core_v1.config_maps("x"), lambda _: True, label_selector={"app": "web"}, timeout=0
        )


@in_virtual_time
async def test_an_exception_of_a_condition_ends_the_watch() -> None:
    client = fake.Clientset(config_map("a"))

    def fail(_: Any) -> bool:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await kubeloop.watch_until(client.core_v1.config_maps("x"), fail)


@in_virtual_time
async def test_a_timeout_names_the_condition_and_the_last_event() -> None:
    client = fake.Clientset(config_map("a", v="0"))
    config_maps = client.core_v1.config_maps("x")
    with pytest.raises(errors.WaitTimeout) as caught:
        await kubeloop.watch_until(config_maps, has("0"), has("1"), field_selector="metadata.name=a", timeout=5)
    assert str(caught.value) == ("timed out after 5 s waiting for condition 2 of 2: the last event was ADDED of x/a")
    assert (caught.value.awaited, caught.value.timeout, elapsed()) == ("condition 2 of 2", 5, 5)
    with pytest.raises(errors.WaitTimeout, match="there was no event"):
        await kubeloop.watch_until(client.core_v1.pods("x"), lambda _: True, timeout=5)


@in_virtual_time
async def test_zero_seconds_read_one_list() -> None:
    client = fake.Clientset(config_map("a", v="0"))
    config_maps = client.core_v1.config_maps("x")
    assert (await kubeloop.watch_until(config_maps, has("0"), timeout=0)).type == "ADDED"
    with pytest.raises(errors.WaitTimeout, match="the last event was ADDED of x/"):
        await kubeloop.watch_until(config_maps, has("1"), timeout=0)
    assert [action.verb for action in client.api.actions] == ["list", "list"]
    with pytest.raises(errors.WaitTimeout, match="there was no event"):
        await kubeloop.watch_until(config_maps, has("1"), resource_version="1", timeout=0)
    assert elapsed() == 0


@pytest.mark.parametrize(
    ("conditions", "options", "error", "problem"),
    [
        ([], {}, TypeError, "expected at least one condition"),
        ([bool], {"resource_version": "5", "precondition": bool}, TypeError, "a precondition is for the first list"),
        ([bool], {"resource_version": ""}, ValueError, "expected the version of an object or a list, got ''"),
        ([bool], {"resource_version": "0"}, ValueError, "expected the version of an object or a list, got '0'"),
        ([bool], {"timeout": -1}, ValueError, "expected a timeout of 0 or more seconds"),
    ],
)
async def test_arguments_that_cannot_be_right_are_refused(
    conditions: Any, options: Any, error: type[Exception], problem: str
) -> None:
    client = fake.Clientset()
    with pytest.raises(error, match=problem):
        await kubeloop.watch_until(client.core_v1.pods("x"), *conditions, **options)
    assert list(client.api.actions) == []
