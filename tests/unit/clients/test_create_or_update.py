"""create_or_update: an object is created, changed by the smallest patch, or left alone; races are repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.create_or_update import WriteResult
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse

Draft = core_v1.ConfigMap.Draft
SHOP = core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="shop"))


def config_map(name: str = "paint", **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name, namespace="shop"), data=data)


def green(draft: Draft) -> None:
    draft.data["color"] = "green"


def sent(clients: fake.Clientset) -> list[tuple[str, Any]]:
    return [(action.verb, action.object) for action in clients.api.actions.writes]


@in_virtual_time
async def test_an_absent_object_is_created_with_its_name_and_namespace() -> None:
    clients = fake.Clientset(SHOP)
    paint, operation = await clients.core_v1.config_maps("shop").create_or_update("paint", green)
    assert operation == "created"
    assert (paint.metadata.name, paint.metadata.namespace, paint.data) == ("paint", "shop", {"color": "green"})
    assert [verb for verb, _ in sent(clients)] == ["create"]


@in_virtual_time
async def test_zeros_that_the_function_sets_are_sent() -> None:
    def none_of_it(draft: apps_v1.Deployment.Draft) -> None:
        draft.spec.replicas = 0

    clients = fake.Clientset(SHOP)
    await clients.apps_v1.deployments("shop").create_or_update("web", none_of_it)
    ((_, body),) = sent(clients)
    assert body["spec"]["replicas"] == 0


@in_virtual_time
async def test_an_object_is_changed_by_the_smallest_patch_with_its_version() -> None:
    clients = fake.Clientset(config_map(color="blue", size="3"))
    config_maps = clients.core_v1.config_maps("shop")
    before = await config_maps.get("paint")
    paint, operation = await config_maps.create_or_update("paint", green, field_manager="me")
    assert operation == "updated"
    assert paint.data == {"color": "green", "size": "3"}
    version = before.metadata.resource_version
    assert sent(clients) == [("patch", {"metadata": {"resourceVersion": version}, "data": {"color": "green"}})]


@in_virtual_time
async def test_nothing_is_sent_for_an_object_that_is_as_wanted() -> None:
    clients = fake.Clientset(config_map(color="green"))
    paint, operation = await clients.core_v1.config_maps("shop").create_or_update("paint", green)
    assert (paint.data, operation) == ({"color": "green"}, "unchanged")
    assert sent(clients) == []


@in_virtual_time
async def test_a_patch_that_changes_nothing_on_the_server_leaves_the_object_unchanged() -> None:
    clients = fake.Clientset(config_map(color="blue"))
    stored = await clients.core_v1.config_maps("shop").get("paint")
    clients.api.on("patch", "configmaps").respond(lambda _: stored)
    result = await clients.core_v1.config_maps("shop").create_or_update("paint", green)
    assert result == WriteResult(stored, "unchanged")


def once(race: Callable[[], Any]) -> tuple[Callable[[Draft], Any], list[bool]]:
    """Return a function that paints green and races with another writer in its first call, and its calls."""
    calls: list[bool] = []

    async def change(draft: Draft) -> None:
        calls.append(bool(draft.metadata.resource_version))
        if len(calls) == 1:
            await race()
        green(draft)

    return change, calls


@in_virtual_time
async def test_an_object_that_is_created_meanwhile_is_read_and_changed() -> None:
    config_maps = fake.Clientset(SHOP).core_v1.config_maps("shop")
    change, calls = once(lambda: config_maps.create(config_map(size="3")))
    paint, operation = await config_maps.create_or_update("paint", change)
    assert (paint.data, operation) == ({"color": "green", "size": "3"}, "updated")
    assert calls == [False, True]


@in_virtual_time
async def test_an_object_that_changes_meanwhile_is_read_again() -> None:
    config_maps = fake.Clientset(config_map(color="blue")).core_v1.config_maps("shop")
    change, calls = once(lambda: config_maps.patch("paint", {"data": {"size": "3"}}))
    paint, operation = await config_maps.create_or_update("paint", change)
    assert (paint.data, operation) == ({"color": "green", "size": "3"}, "updated")
    assert calls == [True, True]


@in_virtual_time
async def test_an_object_that_is_deleted_meanwhile_is_created() -> None:
    config_maps = fake.Clientset(config_map(color="blue")).core_v1.config_maps("shop")
    change, calls = once(lambda: config_maps.delete("paint"))
    paint, operation = await config_maps.create_or_update("paint", change)
    assert (paint.data, operation) == ({"color": "green"}, "created")
    assert calls == [True, False]


@in_virtual_time
async def test_a_race_that_never_ends_is_an_error_after_the_last_attempt() -> None:
    clients = fake.Clientset(config_map(color="blue"))
    rule = clients.api.on("patch", "configmaps").fail(kubeloop.Conflict)
    with pytest.raises(kubeloop.Conflict) as raised:
        await clients.core_v1.config_maps("shop").create_or_update("paint", green, attempts=3)
    assert rule.count == 3
    assert raised.value.__notes__ == ["create_or_update gave up after 3 attempts"]


@in_virtual_time
async def test_an_error_of_the_function_is_neither_repeated_nor_mistaken() -> None:
    clients = fake.Clientset(SHOP)
    calls = []

    async def reads_another(draft: Draft) -> None:
        calls.append(draft)
        await clients.core_v1.secrets("shop").get("paint")  # absent, and of the same name

    with pytest.raises(kubeloop.NotFound, match="secrets"):
        await clients.core_v1.config_maps("shop").create_or_update("paint", reads_another)
    assert len(calls) == 1
    assert sent(clients) == []


@in_virtual_time
async def test_a_server_without_the_resource_says_nothing_about_the_object() -> None:
    clients, transport = clientset(ScriptedResponse.text("404 page not found", 404))
    with pytest.raises(kubeloop.NotFound):
        await clients.core_v1.config_maps("shop").create_or_update("paint", green)
    assert [request.method for request in transport.requests] == ["GET"]


@pytest.mark.parametrize("objects", [(), (config_map(),)], ids=["absent", "present"])
@pytest.mark.parametrize(
    ("field", "what"), [("name", "name 'paint'"), ("namespace", "namespace 'shop'"), ("uid", "uid '.*'")]
)
@in_virtual_time
async def test_the_function_cannot_change_the_identity(objects: tuple[Any, ...], field: str, what: str) -> None:
    def rename(draft: Draft) -> None:
        setattr(draft.metadata, field, "other")

    clients = fake.Clientset(*objects)
    with pytest.raises(ValueError, match=f"expected the {what}, got 'other'"):
        await clients.core_v1.config_maps("shop").create_or_update("paint", rename)
    assert sent(clients) == []


@in_virtual_time
async def test_the_function_may_replace_the_metadata() -> None:
    def replace(draft: Draft) -> None:
        draft.metadata = meta_v1.ObjectMeta(name="paint", namespace="shop", labels={"a": "b"})

    clients = fake.Clientset(config_map(color="blue"))
    before = await clients.core_v1.config_maps("shop").get("paint")
    paint, _ = await clients.core_v1.config_maps("shop").create_or_update("paint", replace)
    assert (paint.metadata.labels, paint.metadata.uid) == ({"a": "b"}, before.metadata.uid)


def yields(draft: Draft) -> Any:
    draft.data["color"] = "green"
    yield


async def yields_later(draft: Draft) -> Any:
    draft.data["color"] = "green"
    yield


@pytest.mark.parametrize("change", [yields, yields_later])
@pytest.mark.parametrize("verb", ["edit", "create_or_update"])
@in_virtual_time
async def test_a_function_that_does_not_run_is_refused(change: Any, verb: str) -> None:
    clients = fake.Clientset(config_map(color="blue"))
    with pytest.raises(TypeError, match="one that yields, so it does not run"):
        await getattr(clients.core_v1.config_maps("shop"), verb)("paint", change)
    assert sent(clients) == []


@pytest.mark.parametrize("exists", [False, True], ids=["absent", "present"])
@in_virtual_time
async def test_the_status_is_refused_where_it_is_a_subresource(exists: bool) -> None:
    def set_status(draft: apps_v1.Deployment.Draft) -> None:
        draft.status.replicas = 3

    web = apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="web", namespace="shop"))
    clients = fake.Clientset(*([web] if exists else []))
    with pytest.raises(ValueError, match=r"create_or_update\(\) does not change the status: use edit_status\(\)"):
        await clients.apps_v1.deployments("shop").create_or_update("web", set_status)
    assert sent(clients) == []


@in_virtual_time
async def test_a_dry_run_tells_what_would_be_done() -> None:
    clients = fake.Clientset(config_map(color="blue"))
    config_maps = clients.core_v1.config_maps("shop")
    assert (await config_maps.create_or_update("paint", green, dry_run=True)).operation == "updated"
    assert (await config_maps.create_or_update("other", green, dry_run=True)).operation == "created"
    assert (await config_maps.get("paint")).data == {"color": "blue"}
    assert not await config_maps.exists("other")


@in_virtual_time
async def test_objects_without_a_class_and_without_a_namespace() -> None:
    def label(draft: kubeloop.UnstructuredDraft) -> None:
        draft.metadata.labels["team"] = "a"

    clients = fake.Clientset()
    kind = kubeloop.GroupVersionKind("", "v1", "Namespace")
    namespaces = clients.resource(kubeloop.Unstructured, kind)
    created = await namespaces.create_or_update("shop", label)
    assert (created.operation, created.obj.kind, created.obj.metadata.labels["team"]) == ("created", "Namespace", "a")
    assert (await namespaces.create_or_update("shop", label)).operation == "unchanged"
    assert (await clients.core_v1.namespaces().create_or_update("shop", lambda _: None)).operation == "unchanged"


@in_virtual_time
async def test_wrong_arguments_are_refused_before_a_request() -> None:
    clients = fake.Clientset(SHOP)
    config_maps = clients.core_v1.config_maps("shop")
    with pytest.raises(ValueError, match="needs a namespace"):
        await clients.core_v1.config_maps().create_or_update("paint", green)
    with pytest.raises(TypeError, match="expected a function"):
        await config_maps.create_or_update("paint", {"data": {}})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no option 'fieldmanager'"):
        await config_maps.create_or_update("paint", green, fieldmanager="me")  # type: ignore[call-arg]
    assert len(clients.api.actions) == 0
