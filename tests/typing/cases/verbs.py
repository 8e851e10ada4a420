"""The types of the verbs: options, drafts, subresources, statuses, the dynamic client."""

from typing import assert_type

import kubeloop
from kubeloop.models import apps_v1, autoscaling_v1, core_v1, meta_v1, policy_v1
from kubeloop.objects.model import KindList
from kubeloop.unstructured import Unstructured, UnstructuredList


def scale_up(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.replicas = 3


def list_options(limit: int) -> kubeloop.ListOptions:
    return {"limit": limit, "label_selector": "a=b"}


async def names(pods: kubeloop.ObjectIterator[core_v1.Pod]) -> list[str]:
    return [pod.metadata.name async for pod in pods]


def kind_of_patch(patch: kubeloop.AnyPatch) -> kubeloop.PatchType:
    return "merge" if isinstance(patch, dict) else "json"


def has_gone(event_type: kubeloop.EventType) -> bool:
    return event_type == "DELETED"


async def scale_up_slowly(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.replicas = 3


async def right(clientset: kubeloop.Clientset, dynamic: kubeloop.DynamicClient, rest: kubeloop.RESTClient) -> None:
    pods = clientset.core_v1.pods("default")
    deployments = clientset.apps_v1.deployments("default")
    assert_type(await pods.list(label_selector="a=b", limit=5, resource_version="0"), core_v1.PodList)
    assert_type(await pods.list(**list_options(5)), core_v1.PodList)
    assert_type(await names(pods.iterate()), list[str])
    async with pods.log_lines("a", follow=True) as lines:
        assert_type([line async for line in lines], list[str])
    async for pod in pods.iterate(field_selector="spec.nodeName=n1"):
        assert_type(pod, core_v1.Pod)
    assert_type(await pods.create({"metadata": {"name": "a"}}, dry_run=True), core_v1.Pod)
    assert_type(await pods.delete("a", propagation_policy="Foreground"), core_v1.Pod | None)
    async with pods.watch(timeout=3) as events:
        async for event in events:
            assert_type(event.object, core_v1.Pod)
            if event.type == "ADED":  # error
                pass
    edit = deployments.edit("web")
    async with edit as draft:
        assert_type(draft, apps_v1.Deployment.Draft)
    assert_type(edit.result, apps_v1.Deployment)
    assert_type(await deployments.edit("web", scale_up, attempts=3), apps_v1.Deployment)
    assert_type(await deployments.edit("web", scale_up_slowly), apps_v1.Deployment)
    assert_type(await deployments.edit("web", lambda draft: draft.spec.replicas), apps_v1.Deployment)
    async with pods.edit_status("a") as status:
        assert_type(status, core_v1.Pod.Draft)
    assert_type(await pods.edit_status("a", lambda draft: draft.status.phase), core_v1.Pod)
    assert_type(await deployments.update(draft), apps_v1.Deployment)
    assert_type(await deployments.update_status(draft), apps_v1.Deployment)
    assert_type(await deployments.patch("web", draft.finish()), apps_v1.Deployment)
    assert_type(await deployments.get_or_none("web"), apps_v1.Deployment | None)
    assert_type(await deployments.exists("web"), bool)
    assert_type(await deployments.delete("web", ignore_not_found=True), apps_v1.Deployment | None)
    assert_type(await deployments.scale("web").get(), autoscaling_v1.Scale)
    assert_type(await pods.eviction("a").create(policy_v1.Eviction()), meta_v1.Status)
    assert_type(await pods.log("a", tail_lines=5), str)
    assert_type(await clientset.resource(apps_v1.Deployment, "x").get("a"), apps_v1.Deployment)
    assert_type(await clientset.resource(apps_v1.Deployment, "x").list(), KindList[apps_v1.Deployment])
    async with clientset.resource(apps_v1.Deployment, "x").edit("web") as draft:
        assert_type(draft, apps_v1.Deployment.Draft)
    kind = kubeloop.GroupVersionKind("example.com", "v1", "Thing")
    assert_type(await clientset.resource(kubeloop.Unstructured, kind, kubeloop.DEFAULT).get("a"), Unstructured)
    assert_type(
        await clientset.resource(kubeloop.Unstructured, kubeloop.GroupVersionResource("", "v1", "pods")).list(),
        UnstructuredList,
    )
    assert_type(
        await dynamic.resource(kubeloop.GroupVersionResource("", "v1", "pods")).list(),
        UnstructuredList,
    )
    assert_type(await clientset.core_v1.pods(kubeloop.DEFAULT).get("a"), core_v1.Pod)
    assert_type(await rest.get("pods", namespace=kubeloop.DEFAULT, name="b", into=core_v1.Pod), core_v1.Pod)
    things = dynamic.resource("example.com/v1", "things").namespace("a")
    assert_type(await things.get("x"), Unstructured)
    assert_type(await things.list(), UnstructuredList)
    async with things.edit("x") as thing:
        thing["spec"] = {"size": 1}
        assert_type(await things.update(thing), Unstructured)
    assert_type(await rest.get("pods", namespace="a", name="b", into=core_v1.Pod), core_v1.Pod)
    groups, _ = await clientset.discovery.server_groups_and_resources()
    assert_type(groups, tuple[meta_v1.APIGroup, ...])


async def wrong(clientset: kubeloop.Clientset, dynamic: kubeloop.DynamicClient) -> None:
    pods = clientset.core_v1.pods("default")
    await pods.create(apps_v1.Deployment())  # error
    await pods.list(labels="a")  # error
    await pods.list(limit="5")  # error
    await pods.delete("a", propagation_policy="foreground")  # error
    await pods.create(core_v1.Pod(), field_validation="strict")  # error
    await pods.apply({"metadata": {"name": "a"}})  # error
    await pods.edit("a", scale_up)  # error
    await pods.edit("a")  # error
    await pods.edit("a", {"spec": {}})  # error
    pods.edit("a", attempts=3)  # error
    async for _ in pods.edit("a"):  # error
        pass
    await pods.update(apps_v1.Deployment.Draft())  # error
    await pods.lst()  # error
    print(clientset.core_v1.configmaps)  # error
    print(clientset.core_v2)  # error
    clientset.core_v1.pods(5)  # error
    dynamic.resource(kubeloop.Unstructured, kubeloop.GroupVersionKind("", "v1", "Pod"))  # error
    await pods.eviction("a").get()  # error
    await clientset.core_v1.nodes("default").get("a")  # error
    await clientset.core_v1.config_maps("a").update_status(core_v1.ConfigMap())  # error
    await clientset.authentication_v1.token_reviews().get("a")  # error
    await clientset.core_v1.namespaces().delete_collection()  # error
    clientset.resource(meta_v1.ObjectMeta)  # error
    clientset.resource(core_v1.Pod, kubeloop.GroupVersionResource("", "v1", "pods"))  # error
    clientset.resource(kubeloop.Unstructured)  # error
