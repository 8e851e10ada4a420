"""The verb get of subresources: the Scale, and what the real server asks a node for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop.testing import APIServer
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response

PODS = "/api/v1/namespaces/web/pods"


def sent(api: APIServer, target: str, method: str = "GET") -> Response:
    reply = api.handle(Request(method, target), 1000.0)
    assert isinstance(reply, Response)
    return reply


def refusal(api: APIServer, target: str, method: str = "GET") -> tuple[int, str]:
    reply = sent(api, target, method)
    return reply.status, str(json.loads(reply.body)["message"])


def pod(name: str, *containers: str, node: str = "") -> dict[str, Any]:
    spec = {"containers": [{"name": each, "image": "x"} for each in containers], "nodeName": node}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "web"}, "spec": spec}


@pytest.fixture
def api() -> APIServer:
    """A Deployment with three replicas, and pods without and with a node."""
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "web"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "a"}}},
    }
    two = pod("two", "main", "side")
    two["spec"]["initContainers"] = [{"name": "first", "image": "x"}]
    return APIServer(deployment, pod("one", "main"), two, pod("bound", "main", node="n1"), controllers=())


@pytest.mark.parametrize("version", ["", "?resourceVersion=0"])
def test_a_scale_is_read_from_its_object(api: APIServer, version: str) -> None:
    found = json.loads(sent(api, f"/apis/apps/v1/namespaces/web/deployments/a/scale{version}").body)
    assert (found["apiVersion"], found["kind"], found["metadata"]["name"]) == ("autoscaling/v1", "Scale", "a")
    assert (found["spec"], found["status"]) == ({"replicas": 3}, {"replicas": 0, "selector": "app=a"})


def test_a_status_is_the_whole_object(api: APIServer) -> None:
    assert json.loads(sent(api, f"{PODS}/one/status").body)["kind"] == "Pod"


def test_the_log_of_a_pod_without_a_node_is_empty(api: APIServer) -> None:
    reply = sent(api, f"{PODS}/one/log")
    assert (reply.status, reply.body) == (204, b"")


@pytest.mark.parametrize("subresource", ["attach", "exec", "portforward"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_pod_without_a_node_accepts_no_connection(api: APIServer, subresource: str, method: str) -> None:
    assert refusal(api, f"{PODS}/one/{subresource}", method) == (400, "pod one does not have a host assigned")


@pytest.mark.parametrize("subresource", ["attach", "exec", "log", "portforward", "proxy"])
def test_a_connection_to_a_node_is_not_implemented(api: APIServer, subresource: str) -> None:
    expected = f"a connection to pods/{subresource} is not implemented by this server"
    assert refusal(api, f"{PODS}/bound/{subresource}") == (501, expected)


@pytest.mark.parametrize("subresource", ["exec", "log", "proxy"])
def test_a_pod_that_does_not_exist_is_not_found(api: APIServer, subresource: str) -> None:
    assert refusal(api, f"{PODS}/none/{subresource}") == (404, 'pods "none" not found')


@pytest.mark.parametrize(
    ("name", "query", "message"),
    [
        ("one", "container=x", "container x is not valid for pod one"),
        ("two", "", "a container name must be specified for pod two, choose one of: [first main side]"),
    ],
)
def test_a_container_must_be_one_of_the_pod(api: APIServer, name: str, query: str, message: str) -> None:
    assert refusal(api, f"{PODS}/{name}/log?{query}") == (400, message)
    assert sent(api, f"{PODS}/two/log?container=first").status == 204


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tailLines=-1", "tailLines"),
        ("limitBytes=0", "limitBytes"),
        ("sinceSeconds=0", "sinceSeconds"),
        ("sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z", "[]"),
    ],
)
def test_options_of_a_log_are_checked(api: APIServer, query: str, field: str) -> None:
    reply = sent(api, f"{PODS}/one/log?{query}")
    details = json.loads(reply.body)["details"]
    assert (reply.status, details["kind"], details["causes"][0].get("field", "")) == (422, "PodLogOptions", field)
