"""set_labels, set_annotations, add_finalizer, remove_finalizer and ensure_absent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import ScriptedResponse, list_of

OURS = "example.com/release-address"


def config_map(*finalizers: str, **metadata: Any) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(
        metadata=meta_v1.ObjectMeta(name="paint", namespace="shop", finalizers=finalizers, **metadata)
    )


def patches(clients: fake.Clientset) -> list[Any]:
    return [action.object for action in clients.api.actions.writes if action.verb == "patch"]


@in_virtual_time
async def test_labels_are_set_and_removed_with_one_request() -> None:
    clients = fake.Clientset(config_map(labels={"app": "web", "old": "1"}))
    changed = await clients.core_v1.config_maps("shop").set_labels(
        "paint", {"tier": "front", "old": None, "none": None}
    )
    assert changed.metadata.labels == {"app": "web", "tier": "front"}
    assert [action.verb for action in clients.api.actions] == ["patch"]


@in_virtual_time
async def test_annotations_are_set_on_objects_without_any() -> None:
    clients = fake.Clientset(config_map())
    changed = await clients.core_v1.config_maps("shop").set_annotations("paint", {"Example.com/note": "a: b\n"})
    assert changed.metadata.annotations == {"Example.com/note": "a: b\n"}


@pytest.mark.parametrize(
    ("labels", "fault"),
    [
        ({"-a": "x"}, r"invalid labels: key '-a'"),
        ({"a/b/c": None}, r"key 'a/b/c'"),
        ({"a": "no spaces"}, r"a: value 'no spaces'"),
        ({"UP.example/a": "x"}, r"prefix must consist of lower case"),
    ],
)
@in_virtual_time
async def test_labels_that_cannot_exist_are_refused_before_a_request(labels: dict[str, str | None], fault: str) -> None:
    clients = fake.Clientset(config_map())
    with pytest.raises(ValueError, match=fault):
        await clients.core_v1.config_maps("shop").set_labels("paint", labels)
    with pytest.raises(TypeError, match="expected text or None in labels for 'a', got int"):
        await clients.core_v1.config_maps("shop").set_labels("paint", {"a": 1})  # type: ignore[dict-item]
    assert len(clients.api.actions) == 0


@in_virtual_time
async def test_a_finalizer_is_added_by_the_smallest_patch() -> None:
    clients = fake.Clientset(config_map("example.com/other"))
    before = await clients.core_v1.config_maps("shop").get("paint")
    after = await clients.core_v1.config_maps("shop").add_finalizer("paint", OURS)
    assert list(after.metadata.finalizers) == ["example.com/other", OURS]
    version = before.metadata.resource_version
    finalizers = ["example.com/other", OURS]
    assert patches(clients) == [{"metadata": {"finalizers": finalizers, "resourceVersion": version}}]


@in_virtual_time
async def test_nothing_is_sent_for_a_finalizer_that_is_there_or_absent() -> None:
    clients = fake.Clientset(config_map(OURS))
    config_maps = clients.core_v1.config_maps("shop")
    found = await config_maps.get("paint")
    assert await config_maps.add_finalizer("paint", OURS) == found
    assert await config_maps.add_finalizer(found, OURS) is found
    assert await config_maps.remove_finalizer(found, "example.com/other") is found
    assert [action.verb for action in clients.api.actions] == ["get", "get"]


@in_virtual_time
async def test_an_object_that_is_passed_is_not_read() -> None:
    clients = fake.Clientset(config_map())
    config_maps = clients.core_v1.config_maps()  # the namespace is that of the object
    found = await clients.core_v1.config_maps("shop").get("paint")
    after = await config_maps.add_finalizer(found, OURS)
    assert list(after.metadata.finalizers) == [OURS]
    gone = await config_maps.remove_finalizer(after, OURS)
    assert gone is not None
    assert list(gone.metadata.finalizers) == []
    assert [action.verb for action in clients.api.actions] == ["get", "patch", "patch"]


@in_virtual_time
async def test_an_object_that_has_changed_is_read_again_and_no_finalizer_is_lost() -> None:
    config_maps = fake.Clientset(config_map()).core_v1.config_maps("shop")
    stale = await config_maps.get("paint")
    await config_maps.add_finalizer("paint", "example.com/other")
    after = await config_maps.add_finalizer(stale, OURS)
    assert list(after.metadata.finalizers) == ["example.com/other", OURS]


@in_virtual_time
async def test_another_object_of_the_same_name_gets_no_finalizer() -> None:
    config_maps = fake.Clientset(config_map()).core_v1.config_maps("shop")
    former = await config_maps.get("paint")
    await config_maps.delete("paint")
    await config_maps.create({"metadata": {"name": "paint", "finalizers": [OURS + "2"]}})
    with pytest.raises(kubeloop.NotFound, match="was replaced by another object"):
        await config_maps.add_finalizer(former, OURS)
    has_it = former.draft()
    has_it.metadata.finalizers.append(OURS + "2")
    assert await config_maps.remove_finalizer(has_it.finish().after, OURS + "2") is None
    assert list((await config_maps.get("paint")).metadata.finalizers) == [OURS + "2"]


@in_virtual_time
async def test_removing_the_last_finalizer_ends_the_deletion() -> None:
    config_maps = fake.Clientset(config_map(OURS)).core_v1.config_maps("shop")
    await config_maps.delete("paint")
    assert await config_maps.exists("paint")
    assert await config_maps.remove_finalizer("paint", OURS) is not None
    assert not await config_maps.exists("paint")
    assert await config_maps.remove_finalizer("paint", OURS) is None
    with pytest.raises(kubeloop.NotFound):
        await config_maps.add_finalizer("paint", OURS)


@in_virtual_time
async def test_a_server_without_the_resource_has_no_finalizer_removed() -> None:
    clients, _ = clientset(ScriptedResponse.text("404 page not found", 404))
    with pytest.raises(kubeloop.NotFound):
        await clients.core_v1.config_maps("shop").remove_finalizer("paint", OURS)


@pytest.mark.parametrize("finalizer", [None, 5, ["example.com/a"]], ids=str)
@in_virtual_time
async def test_a_finalizer_that_is_no_text_is_refused(finalizer: Any) -> None:
    config_maps = fake.Clientset(config_map()).core_v1.config_maps("shop")
    for verb in (config_maps.add_finalizer, config_maps.remove_finalizer):
        with pytest.raises(TypeError, match="expected text as the finalizer, got "):
            await verb("paint", finalizer)


@pytest.mark.parametrize("finalizer", ["", "a b", "a/b/c"])
@in_virtual_time
async def test_a_finalizer_that_cannot_exist_is_refused(finalizer: str) -> None:
    clients = fake.Clientset(config_map())
    with pytest.raises(ValueError, match="invalid finalizer"):
        await clients.core_v1.config_maps("shop").add_finalizer("paint", finalizer)
    assert len(clients.api.actions) == 0


@in_virtual_time
async def test_an_endless_conflict_is_raised_after_the_last_attempt() -> None:
    clients = fake.Clientset(config_map())
    rule = clients.api.on("patch", "configmaps").fail(kubeloop.Conflict)
    with pytest.raises(kubeloop.Conflict) as raised:
        await clients.core_v1.config_maps("shop").add_finalizer("paint", OURS)
    assert (rule.count, raised.value.__notes__) == (20, ["add_finalizer gave up after 20 attempts"])


@in_virtual_time
async def test_ensure_absent_deletes_what_exists_and_reports_it() -> None:
    config_maps = fake.Clientset(config_map()).core_v1.config_maps("shop")
    assert await config_maps.ensure_absent("paint") is True
    assert await config_maps.ensure_absent("paint") is False


@in_virtual_time
async def test_an_object_of_another_uid_is_absent_and_stays() -> None:
    config_maps = fake.Clientset(config_map()).core_v1.config_maps("shop")
    assert await config_maps.ensure_absent("paint", uid="another") is False
    with pytest.raises(TypeError, match="expected a timeout in seconds, got bool"):
        await config_maps.ensure_absent("paint", wait=True)
    assert await config_maps.exists("paint")
    with pytest.raises(kubeloop.Conflict):
        await config_maps.ensure_absent("paint", resource_version="1")
    assert await config_maps.ensure_absent("paint", uid=(await config_maps.get("paint")).metadata.uid) is True


@in_virtual_time
async def test_ensure_absent_raises_where_the_resource_is_not_served() -> None:
    clients, _ = clientset(ScriptedResponse.text("404 page not found", 404))
    with pytest.raises(kubeloop.NotFound):
        await clients.core_v1.config_maps("shop").ensure_absent("paint")


@in_virtual_time
async def test_ensure_absent_waits_until_finalizers_let_the_object_go() -> None:
    config_maps = fake.Clientset(config_map(OURS)).core_v1.config_maps("shop")

    async def release() -> None:
        await asyncio.sleep(5)
        await config_maps.remove_finalizer("paint", OURS)

    task = asyncio.create_task(release())
    assert await config_maps.ensure_absent("paint", wait=60) is True
    assert elapsed() >= 5
    assert not await config_maps.exists("paint")
    assert await config_maps.ensure_absent("paint", wait=60) is False
    await task


@in_virtual_time
async def test_ensure_absent_reports_an_object_that_stays() -> None:
    config_maps = fake.Clientset(config_map(OURS)).core_v1.config_maps("shop")
    with pytest.raises(kubeloop.WaitTimeout, match="paint"):
        await config_maps.ensure_absent("paint", wait=3)
    assert elapsed() == 3
    with pytest.raises(ValueError, match="a dry run deletes nothing"):
        await config_maps.ensure_absent("paint", wait=3, dry_run=True)


@in_virtual_time
async def test_an_object_that_is_created_again_is_neither_deleted_nor_waited_for() -> None:
    clients = fake.Clientset(config_map())
    config_maps = clients.core_v1.config_maps("shop")

    found = await config_maps.get("paint")
    await config_maps.delete("paint")
    await config_maps.create({"metadata": {"name": "paint"}})
    assert await config_maps.ensure_absent("paint", uid=found.metadata.uid, wait=60) is False
    assert await config_maps.exists("paint")


@in_virtual_time
async def test_an_object_that_cannot_be_read_is_deleted_by_its_uid() -> None:
    broken = {**pod("a", 5), "spec": {"containers": "none"}}
    deleted = {"kind": "Status", "apiVersion": "v1", "status": "Success"}
    clients, transport = clientset(ScriptedResponse.of(broken), ScriptedResponse.of(deleted), list_of([], "7"))
    assert await clients.core_v1.pods("x").ensure_absent("a", wait=60) is True
    assert json.loads(transport.requests[1].body or b"")["preconditions"] == {"uid": "uid-a"}
