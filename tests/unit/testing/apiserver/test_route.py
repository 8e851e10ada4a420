"""Paths and methods, as the real server responded to them."""

from __future__ import annotations

import json

import pytest

from kubeloop.testing import APIServer
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response

MAPS = "/api/v1/namespaces/default/configmaps"
POD = "/api/v1/namespaces/default/pods/none"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
MESSAGES = {
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
}


@pytest.fixture(scope="module")
def api() -> APIServer:
    return APIServer(controllers=())


def refusal(api: APIServer, method: str, target: str) -> tuple[int, str]:
    reply = api.handle(Request(method, target, body=b"{}"), 1000.0)
    assert isinstance(reply, Response)
    return reply.status, str(json.loads(reply.body).get("message"))


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PATCH", MAPS),
        ("PUT", MAPS),
        ("HEAD", MAPS),
        ("OPTIONS", MAPS),
        ("POST", f"{MAPS}/a"),
        ("PUT", "/api/v1/configmaps"),
        ("POST", "/api/v1/configmaps"),
        ("DELETE", "/api/v1/configmaps"),
        ("GET", REVIEWS),
        ("DELETE", REVIEWS),
        ("POST", "/api/v1/nodes/a/status"),
        ("DELETE", f"{POD}/status"),
        ("PUT", f"{POD}/eviction"),
        ("DELETE", f"{POD}/exec"),
        ("GET", "/api/v1/namespaces/x/finalize"),
        ("POST", "/api/v1/watch/pods"),
    ],
)
def test_a_path_has_only_its_methods(api: APIServer, method: str, target: str) -> None:
    assert refusal(api, method, target) == (405, MESSAGES[405])


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/api/v1/namespaces/default/nothings"),
        ("GET", "/api/v1/namespaces/default/nodes"),
        ("POST", "/api/v1/namespaces/default/namespaces"),
        ("GET", "/api/v1/configmaps/a"),
        ("PATCH", "/api/v1/configmaps/a"),
        ("GET", f"{MAPS}/a/status"),
        ("POST", f"{MAPS}/a/b/c"),
        ("GET", f"{POD}/status/more"),
        ("DELETE", f"{REVIEWS}/a"),
        ("GET", "/api/v1/proxy/nodes/a"),
        ("GET", "/api/v1/watch/namespaces/default/pods/a/status"),
        ("GET", "/api/v1/watch/pods/a"),
        ("GET", "/api/v1/watch/bindings"),
    ],
)
def test_a_path_that_leads_nowhere_is_not_found(api: APIServer, method: str, target: str) -> None:
    assert refusal(api, method, target) == (404, MESSAGES[404])


@pytest.mark.parametrize("target", ["/apis/none/v1/pods", "/apis//v1/pods", "//api/v1/pods", "/apis/v1/pods/a"])
def test_a_path_of_an_unknown_group_gets_the_text_of_the_real_server(api: APIServer, target: str) -> None:
    reply = api.handle(Request("GET", target), 1000.0)

    assert isinstance(reply, Response)
    assert (reply.status, reply.body) == (404, b"404 page not found\n")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("target", [f"{MAPS}/", "/api/v1/pods/", f"{POD}/log/"])
def test_a_slash_at_the_end_changes_nothing(api: APIServer, target: str) -> None:
    assert refusal(api, "GET", target) == refusal(api, "GET", target.rstrip("/"))


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("GET", "/api/v1/configmaps", 200),
        ("GET", "/api/v1/namespaces", 200),
        ("GET", "/api/v1/namespaces/default", 200),
        ("GET", "/api/v1/namespaces/default/status", 200),
        ("GET", f"{POD}/log", 404),
        ("DELETE", f"{POD}/proxy/a/b", 404),
        ("OPTIONS", "/api/v1/namespaces/default/services/kubernetes/proxy", 501),
        ("GET", f"{MAPS}?fieldSelector=metadata.name=a", 200),
    ],
)
def test_other_paths_reach_their_object(api: APIServer, method: str, target: str, code: int) -> None:
    status, message = refusal(api, method, target)
    assert status == code
    assert message not in MESSAGES.values()
