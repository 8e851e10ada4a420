"""The client for the metadata of objects: its requests, and what it reads of the responses."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import ScriptedResponse, error_status, event, list_of, watch_response

ONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def partial(name: str, version: int = 7, **metadata: Any) -> dict[str, Any]:
    """Build the JSON of the metadata of a pod in the namespace x."""
    return {**pod(name, version, **metadata), "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}


def partials(*items: dict[str, Any], **metadata: Any) -> ScriptedResponse:
    data = {
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadataList",
        "metadata": {"resourceVersion": "9", **metadata},
        "items": list(items),
    }
    return ScriptedResponse.of(data, is_for="list")


def accepted(transport: Any) -> list[str]:
    """Return the first media type that each request accepts."""
    return [request.headers["Accept"].partition(",")[0].replace(" ", "") for request in transport.requests]


@in_virtual_time
async def test_an_object_is_read_as_its_metadata() -> None:
    clients, transport = clientset(
        ScriptedResponse.of(partial("a", labels={"app": "web"})).to("GET /api/v1/namespaces/x/pods/a")
    )
    found = await clients.metadata.resource(core_v1.Pod, "x").get("a")
    assert isinstance(found, meta_v1.PartialObjectMetadata)
    assert found.metadata.labels == {"app": "web"}
    assert accepted(transport) == [ONE]


@in_virtual_time
async def test_lists_and_pages_ask_for_lists_of_metadata() -> None:
    clients, transport = clientset(
        partials(partial("a")), partials(partial("a"), **{"continue": "c"}), partials(partial("b"))
    )
    pods = clients.metadata.resource(core_v1.Pod)
    listed = await pods.list(label_selector="app=web")
    assert [each.metadata.name for each in listed.items] == ["a"]
    assert [each.metadata.name async for each in pods.iterate(limit=1)] == ["a", "b"]
    assert accepted(transport) == [LIST] * 3


@in_virtual_time
async def test_a_server_that_sends_whole_objects_is_read_too() -> None:
    clients, _ = clientset(
        list_of([pod("a", 7)], "9"),
        ScriptedResponse.of({**pod("a", 7), "spec": {"nodeName": "n"}}),
    )
    pods = clients.metadata.resource(core_v1.Pod, "x")
    listed = await pods.list()
    one = await pods.get("a")
    assert list(listed.items) == [one]
    assert one.to_dict()["kind"] == "PartialObjectMetadata"
    assert "spec" not in one.to_dict()


@in_virtual_time
async def test_a_status_is_no_metadata() -> None:
    clients, _ = clientset(ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Success"}))
    with pytest.raises(kubeloop.DecodeError, match=r"expected meta.k8s\.io/v1 PartialObjectMetadata, got v1 Status"):
        await clients.metadata.resource(core_v1.Pod, "x").get("a")


@in_virtual_time
async def test_a_watch_yields_metadata() -> None:
    frames = event("ADDED", partial("a", 7)), event("DELETED", partial("a", 8))
    clients, transport = clientset(watch_response(*frames))
    async with clients.metadata.resource(core_v1.Pod, "x").watch(resource_version="5") as events:
        seen = [(found.type, found.object.metadata.name) for _ in range(2) for found in [await anext(events)]]
    assert seen == [("ADDED", "a"), ("DELETED", "a")]
    assert accepted(transport) == [ONE]


@in_virtual_time
async def test_patch_and_delete_return_metadata() -> None:
    patch = {"metadata": {"labels": {"a": "b"}}}
    gone = {"kind": "Status", "apiVersion": "v1", "status": "Success"}
    clients, transport = clientset(
        ScriptedResponse.of(partial("a", 8)).to("PATCH /api/v1/namespaces/x/pods/a", body=patch),
        ScriptedResponse.of(partial("a", 9)),
        ScriptedResponse.of(gone),
        ScriptedResponse.of(gone),
    )
    pods = clients.metadata.resource(core_v1.Pod, "x")
    assert (await pods.patch("a", patch)).metadata.resource_version == "8"
    deleted = await pods.delete("a", uid="uid-a")
    assert deleted is not None
    assert deleted.metadata.resource_version == "9"
    assert await pods.delete("a") is None
    await pods.delete_collection(label_selector="a=b")
    assert accepted(transport) == [ONE, ONE, ONE, LIST]
    assert json.loads(transport.requests[1].body or b"")["preconditions"] == {"uid": "uid-a"}


@in_virtual_time
async def test_an_edit_sends_a_patch_of_the_metadata() -> None:
    clients, transport = clientset(ScriptedResponse.of(partial("a", 7)), ScriptedResponse.of(partial("a", 8)))

    def label(draft: meta_v1.PartialObjectMetadata.Draft) -> None:
        draft.metadata.labels["a"] = "b"

    await clients.metadata.resource(core_v1.Pod, "x").edit("a", label)
    assert json.loads(transport.requests[1].body or b"") == {"metadata": {"labels": {"a": "b"}, "resourceVersion": "7"}}


@pytest.mark.parametrize(
    "resource", [GroupVersionKind("t.dev", "v1", "Thing"), GroupVersionResource("t.dev", "v1", "things")]
)
@in_virtual_time
async def test_a_kind_and_a_resource_are_looked_up_once_per_clientset(
    resource: GroupVersionKind | GroupVersionResource,
) -> None:
    known = {"name": "things", "kind": "Thing", "namespaced": True, "singularName": "", "verbs": ["get"]}
    resources = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "t.dev/v1", "resources": [known]}
    clients, transport = clientset(
        ScriptedResponse.of(resources).to("GET /apis/t.dev/v1"),
        ScriptedResponse.of(partial("a")).to("GET /apis/t.dev/v1/namespaces/x/things/a"),
        ScriptedResponse.of(partial("a")).to("GET /apis/t.dev/v1/namespaces/y/things/a"),
    )
    await clients.metadata.resource(resource, "x").get("a")
    await clients.metadata.resource(resource).namespace("y").get("a")
    assert len(transport.requests) == 3
    assert "t.dev/v1" in repr(clients.metadata.resource(resource, "x"))


@in_virtual_time
async def test_what_names_no_resource_is_refused() -> None:
    clients, _ = clientset()
    with pytest.raises(TypeError, match="needs a model class, a GroupVersionResource or a GroupVersionKind"):
        clients.metadata.resource("pods")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not namespaced"):
        clients.metadata.resource(core_v1.Node, "x")
    with pytest.raises(ValueError, match=r'metadata.resource\(Pod, "the-namespace"\)'):
        await clients.metadata.resource(core_v1.Pod).get("a")


@in_virtual_time
async def test_an_object_that_is_absent_is_none() -> None:
    clients, _ = clientset(error_status(404, "NotFound", details={"name": "a", "kind": "pods"}))
    assert await clients.metadata.resource(core_v1.Pod, "x").get_or_none("a") is None
