"""The conveniences of clients on the API server: races, finalizers, labels, pages read ahead, scale, events."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop import conditions
from kubeloop.models import apps_v1, autoscaling_v1, core_v1, meta_v1
from kubeloop.record import EventRecorder
from tests.support.markdown import ROOT, names_of
from tests.support.real_clientset import config_map, config_of, pod

PAGE = ROOT / "docs" / "how-to" / "conveniences.md"
RIVALS = 20
FINALIZER = "test.kubeloop.dev/clean-up"


def deployment(name: str, replicas: int) -> apps_v1.Deployment:
    labels = {"app": name}
    container = core_v1.Container(name="main", image="example.com/web:1")
    template = core_v1.PodTemplateSpec(
        metadata=meta_v1.ObjectMeta(labels=labels), spec=core_v1.PodSpec(containers=[container])
    )
    spec = apps_v1.DeploymentSpec(
        replicas=replicas, selector=meta_v1.LabelSelector(match_labels=labels), template=template
    )
    return apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name=name), spec=spec)


async def test_rivals_that_create_or_update_one_object_create_it_once_and_lose_no_change(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)

    async def write(number: int) -> str:
        def change(draft: core_v1.ConfigMap.Draft) -> None:
            draft.data[f"rival-{number}"] = "was here"

        return (await config_maps.create_or_update("shared", change, attempts=200)).operation

    operations = await asyncio.gather(*(write(number) for number in range(RIVALS)))
    assert sorted(operations) == ["created", *["updated"] * (RIVALS - 1)]
    assert len((await config_maps.get("shared")).data) == RIVALS
    assert await write(0) == "unchanged"


async def test_create_or_update_survives_a_rival_that_deletes(clientset: kubeloop.Clientset, namespace: str) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    await config_maps.create(config_map("shared", color="blue"))
    calls = []

    async def change(draft: core_v1.ConfigMap.Draft) -> None:
        calls.append(draft.metadata.uid)
        if len(calls) == 1:
            assert await config_maps.ensure_absent("shared")
        draft.data["size"] = "3"

    shared, operation = await config_maps.create_or_update("shared", change)
    assert (operation, shared.data, len(calls)) == ("created", {"size": "3"}, 2)


async def test_create_or_update_reports_a_namespace_that_does_not_exist(clientset: kubeloop.Clientset) -> None:
    with pytest.raises(kubeloop.NotFound, match="namespaces"):
        await clientset.core_v1.config_maps("missing").create_or_update("a", lambda draft: draft.data.update(a="b"))


async def test_create_or_update_of_objects_without_a_class(clientset: kubeloop.Clientset, namespace: str) -> None:
    def change(draft: kubeloop.UnstructuredDraft) -> None:
        draft.setdefault("data", {})["a"] = "b"

    config_maps = await clientset.resolve("cm", namespace)
    assert (await config_maps.create_or_update("plain", change)).operation == "created"
    assert (await config_maps.create_or_update("plain", change)).operation == "unchanged"
    assert (await config_maps.get("plain"))["data"] == {"a": "b"}


async def test_a_read_change_and_update_is_repeated_after_conflicts(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    await config_maps.create(config_map("ledger", count="0"))

    async def count_up() -> core_v1.ConfigMap:
        draft = (await config_maps.get("ledger")).draft()
        draft.data["count"] = str(int(draft.data["count"]) + 1)
        return await config_maps.update(draft)

    backoff = kubeloop.Backoff(0.01, factor=1.5, jitter=2.0, steps=50, cap=0.5)
    await asyncio.gather(*(kubeloop.retry_on_conflict(count_up, backoff=backoff) for _ in range(8)))
    assert (await config_maps.get("ledger")).data["count"] == "8"


async def test_finalizers_hold_an_object_until_the_last_is_removed(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    stale = await config_maps.create(config_map("held"))
    names = [f"{FINALIZER}-{number}" for number in range(4)]
    await asyncio.gather(*(config_maps.add_finalizer(stale, name) for name in names))
    held = await config_maps.add_finalizer("held", names[0])
    assert sorted(held.metadata.finalizers) == names
    assert await config_maps.ensure_absent("held")
    assert (await config_maps.get("held")).metadata.deletion_timestamp is not None
    with pytest.raises(kubeloop.APIError, match="no new finalizers can be added"):
        await config_maps.add_finalizer("held", f"{FINALIZER}-late")
    await asyncio.gather(*(config_maps.remove_finalizer("held", name) for name in names))
    assert not await config_maps.exists("held")
    await config_maps.create({"metadata": {"name": "slow", "finalizers": [FINALIZER]}})
    with pytest.raises(kubeloop.WaitTimeout):
        await config_maps.ensure_absent("slow", wait=0.2)
    absent = asyncio.create_task(config_maps.ensure_absent("slow", wait=30))
    await config_maps.remove_finalizer("slow", FINALIZER)
    await absent
    assert not await config_maps.exists("slow")
    assert await config_maps.remove_finalizer(held, names[0]) is None
    assert await config_maps.ensure_absent("held") is False


async def test_another_object_of_the_name_is_left_alone(clientset: kubeloop.Clientset, namespace: str) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    former = await config_maps.create(config_map("a"))
    await config_maps.delete("a")
    await config_maps.create(config_map("a"))
    assert await config_maps.ensure_absent("a", uid=former.metadata.uid) is False
    with pytest.raises(kubeloop.NotFound, match="was replaced"):
        await config_maps.add_finalizer(former, FINALIZER)
    assert (await config_maps.get("a")).metadata.finalizers == ()


async def test_labels_and_annotations_are_set_and_select(clientset: kubeloop.Clientset, namespace: str) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    for name in ("a", "b"):
        await config_maps.create(config_map(name))
    await config_maps.set_labels("a", {"app": "web", "tier": "front"})
    labelled = await config_maps.set_labels("a", {"tier": None, "absent": None, "size": ""})
    assert labelled.metadata.labels == {"app": "web", "size": ""}
    noted = await config_maps.set_annotations("a", {"Test.example/Note": "two\nlines"})
    assert noted.metadata.annotations == {"Test.example/Note": "two\nlines"}

    by_label, by_field = {"app": "web", "size": ""}, {"metadata.name": "a"}
    found = await config_maps.list(label_selector=by_label, field_selector=by_field)
    assert [one.metadata.name for one in found] == ["a"]
    async with config_maps.watch(label_selector=by_label, timeout=10) as events:
        assert (await anext(events)).object.metadata.name == "a"
    await config_maps.delete_collection(label_selector=by_label)
    assert not await config_maps.exists("a")
    assert await config_maps.exists("b")


async def test_edits_of_one_scale_lose_no_change(clientset: kubeloop.Clientset, namespace: str) -> None:
    deployments = clientset.apps_v1.deployments(namespace)
    await deployments.create(deployment("web", 0))

    def one_more(draft: autoscaling_v1.Scale.Draft) -> None:
        draft.spec.replicas = (draft.spec.replicas or 0) + 1

    await asyncio.gather(*(deployments.scale("web").edit(one_more, attempts=100) for _ in range(5)))
    assert (await deployments.get("web")).spec.replicas == 5
    untyped = clientset.dynamic.resource("apps/v1", "deployments").namespace(namespace).subresource("web", "scale")
    async with untyped.edit() as draft:
        draft["spec"]["replicas"] = 1
    assert (await deployments.scale("web").get()).spec.replicas == 1


async def test_containers_are_added_by_an_edit_of_their_subresource(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    pods = clientset.core_v1.pods(namespace)
    await pods.create(pod("web"))
    async with pods.ephemeral_containers("web").edit() as draft:
        draft.spec.ephemeral_containers.append({"name": "debug", "image": "example.com/debug:1"})
    assert [one.name for one in (await pods.get("web")).spec.ephemeral_containers] == ["debug"]


async def test_pages_are_read_ahead(clientset: kubeloop.Clientset, namespace: str) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    names = [f"a{number:02}" for number in range(25)]
    await asyncio.gather(*(config_maps.create(config_map(name)) for name in names))
    for prefetch in (1, 3, 100):
        async with config_maps.iterate(limit=4, prefetch=prefetch) as found:
            seen = [one.metadata.name async for one in found]
        assert [name for name in seen if name.startswith("a")] == names
    async with config_maps.iterate(limit=4, prefetch=3) as found:
        async for _ in found:
            break


async def test_a_condition_is_set_once_and_a_repetition_sends_nothing(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    pods = clientset.core_v1.pods(namespace)
    await pods.create(pod("web"))

    async def report(status: bool, reason: str) -> core_v1.Pod:
        def change(draft: core_v1.Pod.Draft) -> None:
            conditions.set_condition(draft.status.conditions, "test.example/Ready", status, reason=reason)

        return await pods.edit_status("web", change)

    first = await report(False, "Starting")
    assert (await report(False, "Starting")).metadata.resource_version == first.metadata.resource_version
    second = await report(False, "StillStarting")
    before, after = (conditions.find_condition(one.status.conditions, "test.example/Ready") for one in (first, second))
    assert before is not None
    assert after is not None
    assert before.last_transition_time == after.last_transition_time is not None
    assert conditions.is_true((await report(True, "Up")).status.conditions, "test.example/Ready")


async def test_the_difference_of_two_versions_is_told_in_words(clientset: kubeloop.Clientset, namespace: str) -> None:
    deployments = clientset.apps_v1.deployments(namespace)
    before = await deployments.create(deployment("web", 1))

    def change(draft: apps_v1.Deployment.Draft) -> None:
        draft.spec.replicas = 2
        draft.spec.template.spec.containers[0].image = "example.com/web:2"

    after = await deployments.edit("web", change)
    untold = ("metadata.managedFields", "metadata.resourceVersion", "metadata.generation")
    assert str(kubeloop.diff(before, after, ignore=untold)).split("\n") == [
        "spec.replicas: changed from 1 to 2",
        'spec.template.spec.containers[name=main].image: changed from "example.com/web:1" to "example.com/web:2"',
    ]


async def test_the_events_of_an_object_are_returned(clientset: kubeloop.Clientset, namespace: str) -> None:
    pods = clientset.core_v1.pods(namespace)
    web, other = [await pods.create(pod(name)) for name in ("web", "other")]
    async with EventRecorder(clientset, "test") as recorder:
        for obj, reason in ((web, "First"), (other, "Other"), (web, "Second")):
            recorder.event(obj, "Normal", reason, "Test", "a note")
    assert {event.reason for event in await clientset.events_of(web)} == {"First", "Second"}
    untyped = await (await clientset.resolve("pods", namespace)).get("web")
    assert len(await clientset.events_of(untyped)) == 2


async def test_the_functions_of_the_page_run(
    clientset: kubeloop.Clientset, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def of_page(name: str) -> Any:
        return names_of(PAGE, name, '"default"', f'"{namespace}"')[name]

    await clientset.core_v1.services(namespace).create(
        {
            "metadata": {"name": "web", "annotations": {"example.com/address": "10.0.0.7"}},
            "spec": {"ports": [{"port": 80}]},
        }
    )
    await clientset.apps_v1.deployments(namespace).create(deployment("web", 1))
    await clientset.core_v1.pods(namespace).create(pod("web", labels={"app": "web"}))
    await of_page("ensure_paint")(clientset)
    await of_page("replace_color")(clientset, "red")
    await of_page("ensure_no_paint")(clientset)
    await of_page("reconcile")(clientset, "web")
    await clientset.core_v1.services(namespace).delete("web")
    await of_page("reconcile")(clientset, "web")
    assert await of_page("pods_of")(clientset, "web") == ["web"]
    assert await of_page("names_of_web")(clientset, "n1") == []
    await of_page("show_change")(clientset)
    await of_page("grow")(clientset)
    await of_page("report")(clientset, "web", True, "Up")
    await of_page("explain")(clientset, "web")
    assert capsys.readouterr().out.split("\n")[:-1] == [
        "created green",
        "deleted",
        "released 10.0.0.7",
        "spec.replicas: changed from 1 to 3",
        "spec.paused: added true",
        "2",
        "True",
    ]


async def test_permissions_are_those_of_the_user(kubeconfig: Any, namespace: str) -> None:
    config = config_of(kubeconfig)
    async with kubeloop.Clientset(config) as admin:
        assert await admin.can_i("delete", "deploy", namespace=namespace)
        assert await admin.can_i("get", "/metrics")
        rules = await admin.permissions(namespace)
        assert any("*" in rule.verbs for rule in rules.resource_rules)
        role = {
            "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}],
        }
        await admin.rbac_v1.roles(namespace).create(role)
        subject = {"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}
        reference = {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
        binding = {"metadata": {"name": "jane"}, "subjects": [subject], "roleRef": reference}
        await admin.rbac_v1.role_bindings(namespace).create(binding)
    jane = config.replace(impersonate=kubeloop.Impersonation(user="jane"))
    async with kubeloop.Clientset(jane) as clientset:
        assert not await clientset.can_i("get", "pods", namespace=namespace)
        for _ in range(100):  # the authorizer's informers follow a little later
            log = await clientset.can_i("get", core_v1.Pod, namespace=namespace, subresource="log")
            if log:
                break
            await asyncio.sleep(0.1)
        assert log
        assert "jane" in log.reason
        refused = await clientset.can_i("get", core_v1.Pod, subresource="log")
        assert str(refused).startswith("get pods/log in all namespaces: no")
