"""edit of a subresource: read, changed and patched at the path of the subresource."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, autoscaling_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, error_status

PATH = "/apis/apps/v1/namespaces/shop/deployments/web/scale"


def scale(replicas: int, version: str = "5") -> ScriptedResponse:
    return ScriptedResponse.of(
        {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {"name": "web", "namespace": "shop", "resourceVersion": version},
            "spec": {"replicas": replicas},
        }
    )


def one_more(draft: autoscaling_v1.Scale.Draft) -> None:
    draft.spec.replicas = (draft.spec.replicas or 0) + 1


@in_virtual_time
async def test_a_function_changes_the_scale() -> None:
    clients, transport = clientset(scale(2), scale(3, "6"))
    after = await clients.apps_v1.deployments("shop").scale("web").edit(one_more, field_manager="me")
    assert after.spec.replicas == 3
    read, patch = transport.requests
    assert (read.method, read.target) == ("GET", PATH)
    assert (patch.method, patch.target) == ("PATCH", PATH + "?fieldManager=me")
    assert json.loads(patch.body or b"") == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 3}}


@in_virtual_time
async def test_a_conflict_is_repeated_from_the_read() -> None:
    clients, transport = clientset(scale(2), error_status(409, "Conflict", "changed"), scale(7, "6"), scale(8, "7"))
    after = await clients.apps_v1.deployments("shop").scale("web").edit(one_more)
    assert after.spec.replicas == 8
    assert [request.method for request in transport.requests] == ["GET", "PATCH", "GET", "PATCH"]


@in_virtual_time
async def test_a_block_changes_the_scale_once() -> None:
    clients, _ = clientset(scale(2), scale(4, "6"), scale(2), error_status(409, "Conflict", "changed"))
    edit = clients.apps_v1.deployments("shop").scale("web").edit()
    async with edit as draft:
        draft.spec.replicas = 4
    assert edit.result.spec.replicas == 4
    with pytest.raises(kubeloop.Conflict, match=r"Use `await scale\.edit\(change\)`"):
        async with clients.apps_v1.deployments("shop").scale("web").edit() as draft:
            draft.spec.replicas = 5


@in_virtual_time
async def test_nothing_is_sent_if_nothing_changed() -> None:
    clients, transport = clientset(scale(2))
    after = await clients.apps_v1.deployments("shop").scale("web").edit(lambda _: None)
    assert after.spec.replicas == 2
    assert len(transport.requests) == 1


@in_virtual_time
async def test_the_misuse_of_a_block_names_the_call() -> None:
    clients, _ = clientset()
    edit: Any = clients.apps_v1.deployments("shop").scale("web").edit()
    with pytest.raises(TypeError, match=r"scale\.edit\(\) without a function cannot be awaited"):
        await edit
    with pytest.raises(TypeError, match="attempts needs a function"):
        clients.apps_v1.deployments("shop").scale("web").edit(attempts=3)  # type: ignore[call-overload]


@in_virtual_time
async def test_a_subresource_without_a_class_is_edited_as_unstructured() -> None:
    web = apps_v1.Deployment(
        metadata=meta_v1.ObjectMeta(name="web", namespace="shop"), spec=apps_v1.DeploymentSpec(replicas=2)
    )

    def to_five(draft: kubeloop.UnstructuredDraft) -> None:
        draft["spec"]["replicas"] = 5

    clients = fake.Clientset(web)
    deployments = clients.dynamic.resource("apps/v1", "deployments").namespace("shop")
    after = await deployments.subresource("web", "scale").edit(to_five)
    assert after["spec"]["replicas"] == 5
    assert (await clients.apps_v1.deployments("shop").get("web")).spec.replicas == 5
