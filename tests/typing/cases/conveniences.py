"""The types of the conveniences: create_or_update, finalizers, edits of subresources, retries."""

from typing import assert_type

import kubeloop
from kubeloop.models import apps_v1, autoscaling_v1, core_v1, meta_v1
from kubeloop.unstructured import Unstructured, UnstructuredDraft


def scale_up(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.replicas = 3


def double(draft: autoscaling_v1.Scale.Draft) -> None:
    draft.spec.replicas = 2 * (draft.spec.replicas or 0)


def label(draft: UnstructuredDraft) -> None:
    draft.metadata.labels["a"] = "b"


async def read() -> core_v1.Pod:
    raise NotImplementedError


async def right(clientset: kubeloop.Clientset) -> None:
    deployments = clientset.apps_v1.deployments("default")
    web, operation = await deployments.create_or_update("web", scale_up)
    assert_type(web, apps_v1.Deployment)
    assert_type(operation, kubeloop.OperationResult)
    assert_type((await deployments.create_or_update("web", scale_up)).obj, apps_v1.Deployment)
    if operation == "made":  # error
        pass
    await deployments.create_or_update("web", double)  # error
    await deployments.create_or_update("web", lambda draft: draft.spec.paused)
    await clientset.core_v1.namespaces().create_or_update("shop", lambda draft: draft.metadata.labels)
    await clientset.core_v1.component_statuses().create_or_update("a", lambda draft: None)  # error
    things = clientset.dynamic.resource("apps/v1", "deployments")
    assert_type(await things.create_or_update("web", label), kubeloop.WriteResult[Unstructured])

    assert_type(await deployments.set_labels("web", {"a": "b", "c": None}), apps_v1.Deployment)
    await deployments.set_annotations("web", {"a": 1})  # error
    assert_type(await deployments.add_finalizer("web", "a.example/b"), apps_v1.Deployment)
    assert_type(await deployments.add_finalizer(web, "a.example/b"), apps_v1.Deployment)
    assert_type(await deployments.remove_finalizer(web, "a.example/b"), apps_v1.Deployment | None)
    assert_type(await deployments.ensure_absent("web", grace_period_seconds=0, wait=60), bool)
    await deployments.ensure_absent("web", wait="1m")  # error

    scale = deployments.scale("web")
    assert_type(await scale.edit(double), autoscaling_v1.Scale)
    await scale.edit(scale_up)  # error
    async with scale.edit(dry_run=True) as draft:
        assert_type(draft, autoscaling_v1.Scale.Draft)
    clientset.core_v1.namespaces().finalize("a").edit(label)  # error

    assert_type(await kubeloop.retry_on_conflict(read, backoff=kubeloop.Backoff(0.1)), core_v1.Pod)
    assert_type(await kubeloop.retry_on_error(read, (OSError, kubeloop.Conflict)), core_v1.Pod)
    await kubeloop.retry_on_error(read, "Conflict")  # error
    assert_type(list(kubeloop.DEFAULT_RETRY), list[float])
    assert_type(await clientset.events_of(web), list[core_v1.Event])


async def mappings(clientset: kubeloop.Clientset, factory: kubeloop.SharedInformerFactory) -> None:
    pods = clientset.core_v1.pods("default")
    assert_type(await pods.list(label_selector={"a": "b"}, field_selector={"c": "d"}), core_v1.PodList)
    await pods.list(label_selector={"a": 1})  # error
    await pods.list(label_selector=["a"])  # error
    async with pods.watch(label_selector={"a": "b"}) as events:
        assert_type((await anext(events)).object, core_v1.Pod)
    await pods.delete_collection(label_selector={"a": "b"})
    informer = factory.core_v1.pods(label_selector={"a": "b"})
    assert_type(informer.lister.list({"a": "b"}), list[core_v1.Pod])
    assert_type(kubeloop.labels.Selector.of({"a": "b"}), kubeloop.labels.Selector)


async def prefetched(clientset: kubeloop.Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    async with pods.iterate(prefetch=2, limit=100) as found:
        async for pod in found:
            assert_type(pod, core_v1.Pod)
    async with pods.iterate():  # error
        pass
    assert_type(pods.iterate(), kubeloop.ObjectIterator[core_v1.Pod])
    pods.iterate(prefetch="2")  # error


def conditions(pod: core_v1.Pod, backup: list[meta_v1.Condition]) -> None:
    assert_type(kubeloop.conditions.find_condition(pod.status.conditions, "Ready"), core_v1.PodCondition | None)
    assert_type(kubeloop.conditions.is_true(pod.status.conditions, "Ready"), bool)
    draft = pod.draft()
    kubeloop.conditions.set_condition(draft.status.conditions, "Ready", True, reason="Up")
    kubeloop.conditions.set_condition(draft.status.conditions, "Ready", 3)  # error
    kubeloop.conditions.set_condition(draft.status.conditions, "Ready", "true")  # error
    ready = meta_v1.Condition(type="Ready", status="True")
    assert_type(kubeloop.conditions.with_condition(backup, ready), tuple[meta_v1.Condition, ...])


def differences(pod: core_v1.Pod) -> None:
    assert_type(kubeloop.diff(pod, pod.draft()), kubeloop.Differences)
    assert_type([each.path for each in kubeloop.diff({}, pod)], list[str])
    if kubeloop.diff(pod, pod)[0].kind == "new":  # error
        pass


async def permissions(clientset: kubeloop.Clientset) -> None:
    assert_type(await clientset.can_i("get", "pods", namespace=kubeloop.DEFAULT), kubeloop.Permission)
    assert_type((await clientset.can_i("get", core_v1.Pod, name="a", subresource="log")).reason, str)
    await clientset.can_i("get", 3)  # error
    await clientset.permissions()  # error
