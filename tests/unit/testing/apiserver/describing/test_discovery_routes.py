"""The responses to requests that concern no resource."""

from __future__ import annotations

import json

import pytest

from kubeloop import errors
from kubeloop.testing.apiserver.describing.discovery_routes import Discovery
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.wire.request import Request
from kubeloop.wire.request_path import parse_path
from kubeloop.wire.response import Response

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
DISCOVERY = Discovery(resources(), address="127.0.0.1:6443", started=0.0)


def send(target: str, method: str = "GET", **headers: str) -> Response | None:
    request = Request(method, target, {name.replace("_", "-"): value for name, value in headers.items()})
    return DISCOVERY.respond(request, parse_path(method, target), 0.0)


def get(target: str, method: str = "GET", **headers: str) -> Response:
    response = send(target, method, **headers)
    assert response is not None
    return response


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/api", "APIVersions"),
        ("/api/", "APIVersions"),
        ("/apis", "APIGroupList"),
        ("/apis/apps", "APIGroup"),
        ("/apis/apps/v1", "APIResourceList"),
        ("/apis/apps/v1/", "APIResourceList"),
        ("/api/v1", "APIResourceList"),
    ],
)
def test_each_path_has_its_document(target: str, kind: str) -> None:
    response = get(target)
    assert response.status == 200
    assert response.headers.pairs == (("Content-Type", "application/json"),)
    assert json.loads(response.body)["kind"] == kind


def test_the_aggregated_form_is_cached_by_its_hash() -> None:
    first = get("/apis", Accept=f"{AGGREGATED},application/json")
    assert first.headers["content-type"] == AGGREGATED
    assert (first.headers["vary"], first.headers["cache-control"]) == ("Accept", "public")
    assert len(json.loads(first.body)["items"]) == len(resources().groups) - 1
    again = get("/apis", Accept=AGGREGATED, If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert get("/api", Accept=AGGREGATED).headers["etag"] != first.headers["etag"]


def test_a_format_that_nobody_writes_is_not_acceptable() -> None:
    with pytest.raises(errors.NotAcceptable, match="only the following media types are accepted: application/json, "):
        get("/apis/apps", Accept="text/html")


@pytest.mark.parametrize("target", ["/apis/apps/v9", "/api/v2"])
def test_an_unknown_version_of_a_known_group_is_a_status(target: str) -> None:
    with pytest.raises(errors.NotFound, match="the server could not find the requested resource"):
        send(target)


@pytest.mark.parametrize(
    "target", ["/none", "/apis/none", "/apis/none/v1", "/apis/none/v1/things", "/openapi/v1", "/apis//v1", "//api"]
)
def test_an_unknown_path_is_a_plain_text(target: str) -> None:
    response = get(target)
    assert (response.status, response.body) == (404, b"404 page not found\n")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("target", ["/api/v1/pods", "/apis/apps/v1/none", "/apis/apps/v9/deployments"])
def test_requests_of_resources_in_known_groups_are_left_to_others(target: str) -> None:
    assert send(target) is None


@pytest.mark.parametrize("target", ["/metrics", "/openid/v1/jwks", "/logs"])
def test_what_only_the_real_server_has_is_not_implemented_or_not_found(target: str) -> None:
    if target == "/logs":  # the real server has it only on request
        assert get(target).status == 404
        return
    with pytest.raises(errors.APIError, match=f"501 NotImplemented: the path {target} is not implemented"):
        send(target)


@pytest.mark.parametrize("target", ["/api", "/api/v1", "/apis/apps/v1", "/version"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
def test_some_documents_can_only_be_read(target: str, method: str) -> None:
    with pytest.raises(errors.MethodNotAllowed):
        send(target, method)


@pytest.mark.parametrize("target", ["/apis", "/apis/apps", "/healthz", "/openapi/v3", "/"])
def test_other_documents_are_the_same_for_every_method(target: str) -> None:
    assert get(target, "POST") == get(target)


def test_the_version_and_the_paths_are_indented() -> None:
    assert get("/version").body.startswith(b'{\n  "major": "1",\n')
    assert "/apis/apps/v1" in json.loads(get("/").body)["paths"]


def test_health_and_openapi_are_served() -> None:
    assert get("/readyz?verbose").body.endswith(b"readyz check passed\n")
    assert json.loads(get("/openapi/v3/apis/apps/v1").body)["openapi"] == "3.0.0"
