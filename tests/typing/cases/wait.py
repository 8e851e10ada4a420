"""Waits: the type of the result follows the names, the objects and the state."""

from collections.abc import Mapping
from typing import assert_type

import kubeloop
from kubeloop import GroupVersionKind, Unstructured
from kubeloop.clients.clientset import Clientset
from kubeloop.models import apps_v1, core_v1, rbac_v1


def is_running(pod: core_v1.Pod) -> bool:
    return pod.status.phase == "Running"


async def one(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    assert_type(await pods.wait("a", condition="Ready", timeout=60), core_v1.Pod)
    assert_type(await pods.wait("a", condition="Ready", for_create=True), core_v1.Pod)
    assert_type(await pods.wait("a", jsonpath="{.status.phase}=Running", timeout=None), core_v1.Pod)
    assert_type(await pods.wait("a", jsonpath=("{.status.phase}", "Running")), core_v1.Pod)
    assert_type(await pods.wait("a", until=is_running), core_v1.Pod)
    assert_type(await pods.wait("a", until=lambda pod: pod.status.pod_ip), core_v1.Pod)
    assert_type(await pods.wait("a", for_create=True), core_v1.Pod)
    assert_type(await pods.wait("a", for_delete=True, uid="u"), core_v1.Pod | None)
    assert_type(await clientset.rbac_v1.cluster_roles().wait("a", for_create=True), rbac_v1.ClusterRole)


async def several(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    assert_type(await pods.wait(["a", "b"], condition="Ready"), list[core_v1.Pod])
    assert_type(await pods.wait(("a", "b"), until=is_running), list[core_v1.Pod])
    assert_type(await pods.wait(label_selector="a=b", condition="Ready", for_create=True), list[core_v1.Pod])
    assert_type(await pods.wait(label_selector={"a": "b"}, condition="Ready"), list[core_v1.Pod])
    assert_type(await pods.wait(field_selector="a=b", jsonpath="{.a}"), list[core_v1.Pod])
    assert_type(await pods.wait(all=True, for_create=True), list[core_v1.Pod])
    assert_type(await pods.wait(["a"], for_delete=True), list[core_v1.Pod])


async def no_class(clientset: Clientset) -> None:
    things = clientset.resource(Unstructured, GroupVersionKind("a.b", "v1", "Thing"), "x")
    assert_type(await things.wait("a", condition="Ready"), Unstructured)
    assert_type(await things.wait(["a"], until=lambda thing: thing.get("spec")), list[Unstructured])


async def exactly_one_state(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    await pods.wait("a")  # error
    await pods.wait("a", condition="Ready", jsonpath="{.a}")  # error
    await pods.wait("a", condition="Ready", for_delete=True)  # error
    await pods.wait("a", until=3)  # error
    await pods.wait("a", for_create=False)  # error
    await pods.wait(["a"], for_delete=True, uid="u")  # error
    await pods.wait("a", condition="Ready", label_selector="a=b")  # error
    await pods.wait(condition="Ready", labels="a=b")  # error


async def several_kinds(clientset: Clientset, pod: core_v1.Pod, node: core_v1.Node) -> None:
    assert_type(await clientset.wait([pod], condition="Ready"), list[core_v1.Pod])
    assert_type(await clientset.wait([pod], until=is_running), list[core_v1.Pod])
    assert_type(await clientset.wait([pod], for_delete=True), list[core_v1.Pod | None])
    objects: list[kubeloop.Kind | Unstructured] = [pod, node]
    assert_type(await clientset.wait(objects, for_create=True), list[kubeloop.Kind | Unstructured])
    await clientset.wait([pod], condition="Ready", for_delete=True)  # error
    await clientset.wait(["a"], condition="Ready")  # error


async def rollouts(clientset: Clientset, deployment: apps_v1.Deployment, pod: core_v1.Pod) -> None:
    assert_type(await clientset.rollout_status(deployment, timeout=5, progress=print), apps_v1.Deployment)
    found = await clientset.rollout_status("sts/web", "default")
    assert_type(found, apps_v1.Deployment | apps_v1.StatefulSet | apps_v1.DaemonSet)
    assert_type(kubeloop.rollout_progress(deployment).is_done, bool)
    await clientset.rollout_status("sts/web")  # error
    await clientset.rollout_status(pod)  # error


def is_deleted(event: kubeloop.WatchEvent[core_v1.Pod] | kubeloop.UnreadableEvent) -> bool:
    return event.type == "DELETED"


def is_empty(objects: Mapping[str, core_v1.Pod]) -> bool:
    return not objects


async def events(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    last = await kubeloop.watch_until(pods, is_deleted, lambda event: event.object.status.phase == "Running")
    assert_type(last, kubeloop.WatchEvent[core_v1.Pod] | kubeloop.UnreadableEvent)
    if last.type != "UNREADABLE":
        assert_type(last.object, core_v1.Pod)
    await kubeloop.watch_until(pods, is_deleted, label_selector={"app": "web"}, timeout=5)
    found = await kubeloop.watch_until(pods, is_deleted, precondition=is_empty)
    assert_type(found, kubeloop.WatchEvent[core_v1.Pod] | kubeloop.UnreadableEvent | None)
    await kubeloop.watch_until(pods, is_deleted, precondition=is_empty, resource_version="5")  # error
    await kubeloop.watch_until(clientset.core_v1.component_statuses(), is_deleted)  # error


def timeouts(error: kubeloop.WaitTimeout) -> None:
    assert_type([event.reason for unmet in error.objects for event in unmet.events], list[str])
