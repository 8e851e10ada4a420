"""edit() on the real API server: no change is lost, nor a field that our models do not have."""

from __future__ import annotations

import asyncio
from typing import Any

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.objects.model import MAP, SEQ, Kind, KindList, Map, Model, Seq
from tests.support.real_clientset import config_map, pod, wait_until_served

EDITORS = 50


class Part(Model):
    """A part, as far as this program's class defines it: the server's has a serial too."""

    name: str = ""
    weight: int | None = None


class ThingSpec(Model):
    """A spec, as far as this program's class defines it: the server's has a color too."""

    size: int | None = None
    parts: Seq[Part] = SEQ


class Thing(Kind, api_version="test.kubeloop.dev/v1", kind="Thing", resource="things", namespaced=True):
    """A custom resource of which this program's class defines only a part."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: ThingSpec = ThingSpec()
    labels: Map[str] = MAP


class ThingList(KindList, api_version="test.kubeloop.dev/v1", kind="ThingList", item=Thing):  # type: ignore[type-arg]
    """The list of these resources."""

    metadata: meta_v1.ListMeta = meta_v1.ListMeta()
    items: Seq[Thing] = SEQ


async def test_fifty_tasks_that_edit_one_object_at_once_lose_no_change(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    await config_maps.create(config_map("ledger", count="0"))

    def count_up(number: int) -> Any:
        def change(draft: core_v1.ConfigMap.Draft) -> None:
            draft.data["count"] = str(int(draft.data["count"]) + 1)
            draft.data[f"task-{number}"] = "done"

        return change

    async with asyncio.TaskGroup() as tasks:
        for number in range(EDITORS):
            tasks.create_task(config_maps.edit("ledger", count_up(number)))  # type: ignore[arg-type]
    after = await config_maps.get("ledger")
    assert after.data["count"] == str(EDITORS)
    assert len(after.data) == EDITORS + 1


async def test_fields_that_our_class_does_not_know_survive_an_edit(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    await wait_until_served(clientset)
    raw = clientset.dynamic.resource("test.kubeloop.dev/v1", "things").namespace(namespace)
    spec = {
        "size": 1,
        "color": "red",
        "parts": [{"name": "a", "weight": 1, "serial": "A1"}, {"name": "b", "weight": 2, "serial": "B1"}],
    }
    await raw.create({"apiVersion": "test.kubeloop.dev/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec})

    things = clientset.resource(Thing, namespace)

    def change(draft: Any) -> None:
        draft.spec.size = 2
        draft.spec.parts[1].weight = 5
        draft.spec.parts.append(Part(name="c"))

    after = await things.edit("t", change)  # type: ignore[arg-type]
    assert [part.name for part in after.spec.parts] == ["a", "b", "c"]
    stored = (await raw.get("t"))["spec"]
    assert stored == {
        "size": 2,
        "color": "red",
        "parts": [
            {"name": "a", "weight": 1, "serial": "A1"},
            {"name": "b", "weight": 5, "serial": "B1"},
            {"name": "c"},
        ],
    }
    assert [one.metadata.name for one in (await things.list()).items] == ["t"]


async def test_a_list_that_became_shorter_meanwhile_is_a_conflict_and_no_error(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    await wait_until_served(clientset)
    raw = clientset.dynamic.resource("test.kubeloop.dev/v1", "things").namespace(namespace)
    parts = [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}]
    await raw.create(
        {"apiVersion": "test.kubeloop.dev/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"parts": parts}}
    )
    turns = 0

    async def change(draft: Any) -> None:
        nonlocal turns
        turns += 1
        draft.spec.parts[-1].weight = 9
        if turns == 1:
            await raw.patch("t", {"spec": {"parts": parts[:1]}})

    await clientset.resource(Thing, namespace).edit("t", change)  # type: ignore[arg-type]
    assert turns == 2
    assert (await raw.get("t"))["spec"]["parts"] == [{"name": "a", "weight": 9}]


async def test_a_built_in_object_keeps_everything_but_the_change(clientset: kubeloop.Clientset, namespace: str) -> None:
    pods = clientset.core_v1.pods(namespace)
    before = (await pods.create(pod("a", labels={"x": "1"}))).to_dict()
    async with pods.edit("a") as draft:
        draft.metadata.labels["y"] = "2"
        del draft.metadata.labels["x"]
        draft.spec.containers[0].image = "example.com/web:2"
    after = (await pods.get("a")).to_dict()
    assert after["metadata"]["labels"] == {"y": "2"}
    assert after["spec"]["containers"][0].pop("image") == "example.com/web:2"
    assert before["spec"]["containers"][0].pop("image") == "example.com/web:1"
    assert after["spec"] == before["spec"]


async def test_the_dynamic_client_edits_too(clientset: kubeloop.Clientset, namespace: str) -> None:
    config_maps = clientset.dynamic.resource("v1", "configmaps").namespace(namespace)
    await config_maps.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}})
    edit = config_maps.edit("a")
    async with edit as draft:
        draft["data"]["y"] = "2"
    assert edit.result["data"] == {"x": "1", "y": "2"}
    await asyncio.gather(*(config_maps.edit("a", _count) for _ in range(5)))
    assert (await config_maps.get("a"))["data"]["count"] == "5"


def _count(draft: Any) -> None:
    draft["data"]["count"] = str(int(draft["data"].get("count", "0")) + 1)
