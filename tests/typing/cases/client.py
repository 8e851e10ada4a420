"""Typed clients: each resource has the verbs and subresources that the server supports, and no others."""

from collections.abc import Mapping
from typing import Any, assert_type

from kubeloop.clients.clientset import Clientset
from kubeloop.clients.dynamic import DynamicResource
from kubeloop.discovery import APIResources, RESTMapping
from kubeloop.meta.gvk import GroupResource, GroupVersionKind
from kubeloop.models import apps_v1, authentication_v1, autoscaling_v1, core_v1, meta_v1, policy_v1
from kubeloop.objects.model import KindList
from kubeloop.program import run
from kubeloop.unstructured import Unstructured


async def verbs(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    assert_type(await pods.get("a"), core_v1.Pod)
    assert_type(await pods.list(label_selector="a=b", limit=5), core_v1.PodList)
    async for pod in pods.iterate(limit=500):
        assert_type(pod, core_v1.Pod)
    assert_type(await pods.create(core_v1.Pod()), core_v1.Pod)
    assert_type(await pods.update(core_v1.Pod()), core_v1.Pod)
    assert_type(await pods.patch("a", {"spec": {}}), core_v1.Pod)
    assert_type(await pods.apply({}, field_manager="me"), core_v1.Pod)
    assert_type(await pods.delete("a"), core_v1.Pod | None)
    assert_type(await pods.update_status(core_v1.Pod()), core_v1.Pod)
    await pods.delete_collection(label_selector="a=b")
    async with pods.watch() as events:
        async for event in events:
            assert_type(event.object, core_v1.Pod)
    async with clientset.apps_v1.deployments("default").edit("web") as draft:
        assert_type(draft, apps_v1.Deployment.Draft)
        draft.spec.replicas = 3
    assert_type(await clientset.apps_v1.deployments("a").edit("b", set_image), apps_v1.Deployment)


def set_image(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.template.spec.containers[0].image = "x"


async def subresources(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("default")
    assert_type(await pods.eviction("a").create(policy_v1.Eviction()), meta_v1.Status)
    assert_type(await pods.log("a", tail_lines=3), str)
    assert_type(await pods.ephemeral_containers("a").patch({}), core_v1.Pod)
    assert_type(await pods.binding("a").create(core_v1.Binding()), meta_v1.Status)
    assert_type(await clientset.core_v1.bindings("a").create(core_v1.Binding()), meta_v1.Status)
    accounts = clientset.core_v1.service_accounts("default")
    request = authentication_v1.TokenRequest()
    assert_type(await accounts.token("a").create(request), authentication_v1.TokenRequest)
    scale = clientset.apps_v1.deployments("default").scale("web")
    assert_type(await scale.get(), autoscaling_v1.Scale)
    assert_type(await scale.apply({}, field_manager="me"), autoscaling_v1.Scale)
    assert_type(await clientset.core_v1.namespaces().finalize("a").update(core_v1.Namespace()), core_v1.Namespace)


async def any_kind(clientset: Clientset) -> None:
    assert_type(await clientset.resource(core_v1.Pod, "a").get("b"), core_v1.Pod)
    assert_type(await clientset.resource(core_v1.Pod, "a").list(), KindList[core_v1.Pod])


async def script(clientset: Clientset) -> int:
    return len((await clientset.core_v1.pods("default").list()).items)


def programs() -> None:
    assert_type(run(script), int)
    run(programs)  # error


async def any_name(clientset: Clientset) -> None:
    deployments = await clientset.resolve("deploy", "default")
    assert_type(deployments, DynamicResource)
    assert_type(await deployments.get("web"), Unstructured)
    assert_type(await clientset.mapper.resolve(GroupVersionKind("apps", "v1", "Deployment")), RESTMapping)
    assert_type(await clientset.mapper.expand_category("all"), tuple[GroupResource, ...] | None)
    assert_type(await clientset.discovery.api_resources(namespaced=True, sort_by="kind"), APIResources)
    assert_type(await clientset.openapi.schema("v1"), Mapping[str, Any])


async def wrong(clientset: Clientset) -> None:
    print(clientset.core_v2)  # error
    clientset.core_v1.configmaps("a")  # error
    clientset.core_v1.nodes("default")  # error
    await clientset.discovery.api_resources(sort_by="age")  # error
    pods = clientset.core_v1.pods("default")
    await pods.create(core_v1.Service())  # error
    await pods.scale("a").get()  # error
    await pods.eviction("a").get()  # error
    await pods.eviction("a").create(core_v1.Pod())  # error
    await pods.log("a").create({})  # error
    await clientset.core_v1.config_maps("a").update_status(core_v1.ConfigMap())  # error
    await clientset.authentication_v1.token_reviews().get("a")  # error
    await clientset.authentication_v1.token_reviews().list()  # error
    await clientset.core_v1.services("a").exec("b")  # error
