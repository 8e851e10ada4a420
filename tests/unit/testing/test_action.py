"""Actions: what requests do, as values."""

from __future__ import annotations

import json

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import FakeTransport, json_response
from kubeloop.testing.action import Action
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

POD = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x"))


def of(method: str, target: str, body: bytes | None = None, content_type: str = "application/json") -> Action:
    headers = {} if body is None else {"Content-Type": content_type}
    return Action.of(kubeloop.Request(method, target, headers, body))


@pytest.mark.parametrize(
    ("method", "target", "expected", "text"),
    [
        ("GET", "/api/v1/namespaces/x/pods/a", Action("get", "pods", "a", namespace="x"), "get pods x/a"),
        ("GET", "/api/v1/pods?limit=5", Action("list", "pods", options={"limit": "5"}), "list pods"),
        ("GET", "/api/v1/pods?watch=true", Action("watch", "pods", options={}), "watch pods"),
        ("DELETE", "/api/v1/namespaces/x/pods", Action("deletecollection", "pods", namespace="x"), None),
        ("DELETE", "/api/v1/namespaces/x", Action("delete", "namespaces", "x"), "delete namespaces x"),
        ("PUT", "/api/v1/namespaces/x/finalize", Action("update", "namespaces/finalize", "x"), None),
        (
            "PUT",
            "/apis/apps/v1/namespaces/x/deployments/a/status",
            Action("update", "deployments.apps/status", "a", namespace="x"),
            "update deployments.apps/status x/a",
        ),
        ("GET", "/api/v1/namespaces/x/pods/a/proxy/b/c", Action("get", "pods/proxy/b/c", "a", namespace="x"), None),
        ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/a", Action("get", "clusterroles", "a"), None),
        ("GET", "/openapi/v3?hash=1", Action("get", "/openapi/v3", options={"hash": "1"}), "get /openapi/v3"),
        ("GET", "/api/%zz", Action("get", "/api/%zz"), "get /api/%zz"),
    ],
)
def test_the_path_and_the_query_say_what_a_request_does(
    method: str, target: str, expected: Action, text: str | None
) -> None:
    action = of(method, target)
    assert action == expected
    assert action.object is None
    if text is not None:
        assert str(action) == text


def test_a_create_has_the_name_and_the_object_of_its_body() -> None:
    body = json.dumps(POD.to_dict()).encode()
    action = of("POST", "/api/v1/namespaces/x/pods?dryRun=All", body)
    assert action == Action("create", "pods", "a", namespace="x", object=POD, options={"dryRun": "All"})
    assert action.object == POD.to_dict()
    assert of("POST", "/api/v1/namespaces/x/pods", b'{"metadata":{"generateName":"a-"}}').name == ""
    assert of("POST", "/api/v1/namespaces/x/pods/a/eviction", b"{}") == Action(
        "create", "pods/eviction", "a", namespace="x", object={}
    )


def test_bodies_in_protobuf_and_yaml_are_read_too() -> None:
    protobuf = of("POST", "/api/v1/namespaces/x/pods", PROTOBUF.encode(POD), "application/vnd.kubernetes.protobuf")
    assert (protobuf.name, protobuf.object["metadata"]) == ("a", {"name": "a", "namespace": "x"})
    yaml = of("PATCH", "/api/v1/namespaces/x/pods/a", b"spec: {nodeName: node}", "application/apply-patch+yaml")
    assert (yaml.patch_type, yaml.object) == ("apply", {"spec": {"nodeName": "node"}})


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
)
def test_a_body_that_cannot_be_read_is_raw_bytes(content_type: str) -> None:
    assert of("POST", "/api/v1/namespaces/x/pods", b"{: \xff", content_type).object == b"{: \xff"


@pytest.mark.parametrize(("kind", "expected"), [("merge-patch", "merge"), ("json-patch", "json"), ("other", "")])
def test_a_patch_has_its_type(kind: str, expected: str) -> None:
    action = of("PATCH", "/api/v1/namespaces/x/pods/a", b"[]", f"application/{kind}+json; charset=utf-8")
    assert action == Action("patch", "pods", "a", namespace="x", patch_type=expected, object=[])


def test_what_a_test_leaves_out_equals_anything_and_what_it_names_must_be_equal() -> None:
    action = of("PATCH", "/apis/apps/v1/namespaces/x/deployments/a?force=true", b"{}", "application/merge-patch+json")
    assert action == Action("patch", "deployments", "a", namespace="x")
    assert action.differences(
        Action("update", "pods.apps/status", "b", namespace="y", object=[], options={}, patch_type="json")
    ) == ["verb", "resource", "subresource", "name", "namespace", "patch_type", "options", "object"]
    assert action != Action("patch", "deployments.extensions", "a", namespace="x")
    assert action != "patch deployments x/a"
    assert {action: 1}[Action("patch", "deployments", "a", namespace="x")] == 1


def test_the_repr_creates_an_equal_action() -> None:
    for action in (
        of("PATCH", "/apis/apps/v1/namespaces/x/deployments/a/scale?force=true", b"[]", "application/json-patch+json"),
        Action("list", "pods"),
        Action("create", "pods", namespace="x", object=POD),
    ):
        again = eval(repr(action))
        assert again == action
        assert repr(again) == repr(action)


@in_virtual_time
async def test_the_requests_of_the_client_are_read() -> None:
    transport = FakeTransport(lambda request: json_response(POD))
    async with kubeloop.Clientset(kubeloop.Config(), transport=transport) as clientset:
        pods = clientset.core_v1.pods("x")
        await pods.create(POD)
        await pods.patch("a", {"metadata": {"labels": {"a": "b"}}})
        await pods.delete("a", propagation_policy="Orphan")
        await pods.delete_collection(label_selector="a=b")
    actions = [Action.of(request) for request in transport.requests]
    assert actions == [
        Action("create", "pods", "a", namespace="x"),
        Action("patch", "pods", "a", namespace="x", patch_type="merge", object={"metadata": {"labels": {"a": "b"}}}),
        Action("delete", "pods", "a", namespace="x"),
        Action("deletecollection", "pods", namespace="x", options={"labelSelector": "a=b"}),
    ]
