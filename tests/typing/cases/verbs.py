"""What checkers know of the verbs: options, drafts, subresources, statuses, the dynamic client."""

from typing import assert_type

import kubeloop
from kubeloop.models import apps_v1, autoscaling_v1, core_v1, meta_v1, policy_v1
from kubeloop.objects.model import KindList
from kubeloop.unstructured import Unstructured, UnstructuredList


def scale_up(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.replicas = 3


async def scale_up_slowly(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.replicas = 3


async def right(clientset: kubeloop.Clientset, dynamic: kubeloop.DynamicClient, rest: kubeloop.RESTClient) -> None:
    pods = clientset.core_v1.pods("default")
    deployments = clientset.apps_v1.deployments("default")
    assert_type(await pods.list(label_selector="a=b", limit=5, resource_version="0"), core_v1.PodList)
    async for pod in pods.iterate(field_selector="spec.nodeName=n1"):
        assert_type(pod, core_v1.Pod)
    assert_type(await pods.create({"metadata": {"name": "a"}}, dry_run=True), core_v1.Pod)
    assert_type(await pods.delete("a", propagation_policy="Foreground"), core_v1.Pod | meta_v1.Status | None)
    async with pods.watch(timeout=3) as events:
        async for event in events:
            assert_type(event.object, core_v1.Pod)
    assert_type(deployments.edit("web").result, apps_v1.Deployment)
    assert_type(await deployments.edit("web", scale_up, attempts=3), apps_v1.Deployment)
    assert_type(await deployments.edit("web", scale_up_slowly), apps_v1.Deployment)
    assert_type(await deployments.edit("web", lambda draft: draft.spec.replicas), apps_v1.Deployment)
    async for status in pods.edit_status("a"):
        assert_type(status, core_v1.Pod.Draft)
    assert_type(await deployments.scale("web").get(), autoscaling_v1.Scale)
    assert_type(await pods.eviction("a").create(policy_v1.Eviction()), meta_v1.Status)
    assert_type(await pods.log("a").get(tail_lines=5), str)
    assert_type(await clientset.of(apps_v1.Deployment, "x").get("a"), apps_v1.Deployment)
    assert_type(await clientset.of(apps_v1.Deployment, "x").list(), KindList[apps_v1.Deployment])
    async for draft in clientset.of(apps_v1.Deployment, "x").edit("web"):
        assert_type(draft, apps_v1.Deployment.Draft)
    things = dynamic.resource("example.com/v1", "things").namespace("a")
    assert_type(await things.get("x"), Unstructured)
    assert_type(await things.list(), UnstructuredList)
    async for thing in things.edit("x"):
        thing["spec"] = {"size": 1}
    assert_type(await rest.get("pods", namespace="a", name="b", into=core_v1.Pod), core_v1.Pod)
    groups, _ = await clientset.discovery.server_groups_and_resources()
    assert_type(groups, tuple[meta_v1.APIGroup, ...])


async def wrong(clientset: kubeloop.Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    await pods.create(apps_v1.Deployment())  # error
    await pods.list(labels="a")  # error
    await pods.list(limit="5")  # error
    await pods.delete("a", propagation_policy="foreground")  # error
    await pods.create(core_v1.Pod(), field_validation="strict")  # error
    await pods.apply({"metadata": {"name": "a"}})  # error
    await pods.edit("a", scale_up)  # error
    await pods.eviction("a").get()  # error
    await clientset.core_v1.nodes("default").get("a")  # error
    await clientset.core_v1.config_maps("a").update_status(core_v1.ConfigMap())  # error
    await clientset.authentication_v1.token_reviews().get("a")  # error
    await clientset.core_v1.namespaces().delete_collection()  # error
    clientset.of(meta_v1.ObjectMeta)  # error
