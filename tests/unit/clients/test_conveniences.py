"""get_or_none, exists, delete(ignore_not_found), drafts and changes as arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.serializers import json_objects
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import ScriptedResponse, error_status

ABSENT = error_status(404, "NotFound", 'pods "a" not found', details={"name": "a", "kind": "pods"})
NOT_SERVED = ScriptedResponse.text("404 page not found\n", 404)
NOT_SERVED_AS_STATUS = error_status(404, "NotFound", "the server could not find the requested resource", details={})
DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment", "apiVersion": "apps/v1",
    "metadata": {"name": "web", "namespace": "x", "resourceVersion": "5"},
    "spec": {"replicas": 1, "selector": {}, "template": {"spec": {"containers": [{"name": "a", "image": "1"}]}}},
}  # fmt: skip


@in_virtual_time
async def test_an_object_that_is_absent_is_none_and_does_not_exist() -> None:
    clients, transport = clientset(ABSENT, ABSENT, ABSENT)
    pods = clients.core_v1.pods("x")
    assert await pods.get_or_none("a", resource_version="0") is None
    assert await pods.exists("a") is False
    assert await pods.delete("a", ignore_not_found=True) is None
    assert transport.requests[0].target == "/api/v1/namespaces/x/pods/a?resourceVersion=0"


@in_virtual_time
async def test_an_object_that_exists_is_returned() -> None:
    clients, _ = clientset(*[ScriptedResponse.of(pod("a", 5))] * 3)
    pods = clients.core_v1.pods("x")
    found = await pods.get_or_none("a")
    assert found is not None
    assert found.metadata.name == "a"
    assert await pods.exists("a") is True
    deleted = await pods.delete("a", ignore_not_found=True)
    assert deleted is not None
    assert deleted.metadata.uid == "uid-a"


@pytest.mark.parametrize("response", [NOT_SERVED, NOT_SERVED_AS_STATUS])
@in_virtual_time
async def test_a_resource_that_is_not_served_says_nothing_about_the_object(response: ScriptedResponse) -> None:
    clients, _ = clientset(*[response] * 3)
    pods = clients.core_v1.pods("x")
    for call in (pods.get_or_none("a"), pods.exists("a"), pods.delete("a", ignore_not_found=True)):
        with pytest.raises(kubeloop.NotFound):
            await call


@in_virtual_time
async def test_other_errors_are_raised() -> None:
    clients, _ = clientset(*[error_status(403, "Forbidden")] * 3, ABSENT)
    pods = clients.core_v1.pods("x")
    for call in (pods.get_or_none("a"), pods.exists("a"), pods.delete("a", ignore_not_found=True)):
        with pytest.raises(kubeloop.Forbidden):
            await call
    with pytest.raises(kubeloop.NotFound):
        await pods.delete("a")


@in_virtual_time
async def test_an_object_that_cannot_be_read_exists() -> None:
    unreadable = ScriptedResponse.of({**pod("a", 5), "spec": {"containers": "none"}})
    clients, _ = clientset(unreadable, unreadable)
    assert await clients.core_v1.pods("x").exists("a") is True
    with pytest.raises(kubeloop.Unreadable):
        await clients.core_v1.pods("x").get_or_none("a")


def read_deployment() -> apps_v1.Deployment:
    return json_objects.decode_into(json.dumps(DEPLOYMENT).encode(), apps_v1.Deployment)


@in_virtual_time
async def test_update_sends_a_draft_whole() -> None:
    clients, transport = clientset(ScriptedResponse.of(DEPLOYMENT), ScriptedResponse.of(DEPLOYMENT))
    draft = read_deployment().draft()
    draft.spec.replicas = 3
    deployments = clients.apps_v1.deployments("x")
    await deployments.update(draft)
    await deployments.update_status(draft)
    for request in transport.requests:
        body = json.loads(request.body or b"")
        assert body["spec"]["replicas"] == 3
        assert body["spec"]["template"] == DEPLOYMENT["spec"]["template"]
        assert body["metadata"]["resourceVersion"] == "5"


@in_virtual_time
async def test_update_sends_a_draft_of_an_object_without_a_model() -> None:
    clients, transport = clientset(ScriptedResponse.of(DEPLOYMENT))
    draft = kubeloop.Unstructured(DEPLOYMENT).draft()
    draft["spec"]["replicas"] = 3
    draft.metadata.labels["a"] = "b"
    await clients.dynamic.resource("apps/v1", "deployments").namespace("x").update(draft)
    body = json.loads(transport.requests[0].body or b"")
    assert (body["spec"]["replicas"], body["metadata"]["labels"]) == (3, {"a": "b"})


@in_virtual_time
async def test_patch_sends_a_change_for_the_version_that_was_read() -> None:
    clients, transport = clientset(*[ScriptedResponse.of(DEPLOYMENT)] * 4)
    deployments = clients.apps_v1.deployments("x")
    small, in_list = read_deployment().draft(), read_deployment().draft()
    small.spec.replicas = 3
    in_list.spec.template.spec.containers[0].image = "2"
    await deployments.patch("web", small.finish())
    await deployments.patch("web", in_list.finish())
    await deployments.patch("web", small.finish(), type="json")
    await deployments.patch_status("web", small.finish())
    bodies = [json.loads(request.body or b"") for request in transport.requests]
    assert bodies[0] == bodies[3] == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 3}}
    guard = {"op": "replace", "path": "/metadata/resourceVersion", "value": "5"}
    assert bodies[1] == [
        guard, {"op": "add", "path": "/spec/template/spec/containers/0/image", "value": "2"},
    ]  # fmt: skip
    assert bodies[2] == [guard, {"op": "add", "path": "/spec/replicas", "value": 3}]
    with pytest.raises(ValueError, match="'merge' or 'json' for a Change, got 'strategic'"):
        await deployments.patch("web", small.finish(), type="strategic")
    assert transport.left == 0
