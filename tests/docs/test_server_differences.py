"""The list of what the API server in Python does not do is true: a request for each part of the list is refused so.

A part that is implemented fails its test here, and leaves the list.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.markdown import ROOT
from tests.support.markdown_tables import tables

PAGE = ROOT / "docs" / "reference" / "differences.md"
HEADING = "## The API server in Python"

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a.b.c"}}
API_SERVICE = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.b.c"}}
QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "a"}, "spec": {"hard": {"pods": "0"}}}
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a"}, "rules": []}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"nodeName": "n1", "containers": [{"name": "web", "image": "registry.example/web:1"}]},
}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}

HOME = "/api/v1/namespaces/default"
WARNED = "this server neither sets defaults nor validates the spec of an object, and runs no admission plugins"
IMPERSONATED = {"Impersonate-User": "jane"}


def review(group: str, kind: str) -> tuple[str, str, dict[str, Any]]:
    """Return the request that creates a review."""
    body = {"apiVersion": f"{group}/v1", "kind": kind, "spec": {}}
    return "POST", f"/apis/{group}/v1/{kind.lower()}s", body


REFUSED: dict[str, list[tuple[str, str, dict[str, Any] | None]]] = {
    "server-side apply": [("PATCH", f"{HOME}/configmaps/a?fieldManager=me", CONFIG_MAP)],
    "CustomResourceDefinitions": [("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)],
    "aggregated API servers": [("POST", "/apis/apiregistration.k8s.io/v1/apiservices", API_SERVICE)],
    "TokenReview": [
        review("authentication.k8s.io", "TokenReview"),
        review("authentication.k8s.io", "SelfSubjectReview"),
        review("authorization.k8s.io", "SubjectAccessReview"),
        review("authorization.k8s.io", "SelfSubjectAccessReview"),
        review("authorization.k8s.io", "SelfSubjectRulesReview"),
        ("POST", f"{HOME}/serviceaccounts/default/token", {}),
    ],
    "keys of ServiceAccount tokens": [
        ("GET", "/openid/v1/jwks", None),
        ("GET", "/.well-known/openid-configuration", None),
    ],
    "logs, `exec`": [("GET", f"{HOME}/pods/web/{name}", None) for name in ("log", "exec", "attach", "portforward")],
    "`proxy`": [("GET", f"{path}/proxy/", None) for path in ("/api/v1/nodes/n1", f"{HOME}/pods/web")],
    "`/metrics`": [("GET", path, None) for path in ("/metrics", "/statusz", "/flagz")],
}
"""What is refused with 501, by the beginning of the row."""

WARNING: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "defaults, validation": [(f"{HOME}/services", SERVICE), (f"{HOME}/configmaps", CONFIG_MAP)],
    "admission webhooks": [(f"{HOME}/resourcequotas", QUOTA)],
    "users and RBAC": [("/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", ROLE)],
}
"""What is carried out with a Warning, by the beginning of the row."""


def listed() -> list[str]:
    """Return the first cells of the table."""
    text = PAGE.read_text(encoding="utf-8").partition(HEADING)[2]
    (table,) = tables(text)
    return [row.cells[0] for row in table.rows]


async def send(
    method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> kubeloop.Response:
    """Return the response of a new server with a pod on a node."""
    media_type = "application/json" if method == "POST" else "application/apply-patch+yaml"
    given = {"Content-Type": media_type, **(headers or {})}
    data = None if body is None else json.dumps(body).encode()
    return await APIServer(POD, NODE).transport().request(kubeloop.Request(method, path, headers=given, body=data))


@pytest.mark.parametrize("part", sorted({*REFUSED, *WARNING}))
def test_the_part_is_listed_once(part: str) -> None:
    assert len([cell for cell in listed() if cell.startswith(part)]) == 1


@pytest.mark.parametrize("request_", [each for requests in REFUSED.values() for each in requests], ids=str)
@in_virtual_time
async def test_what_is_not_implemented_is_a_status(request_: tuple[str, str, dict[str, Any] | None]) -> None:
    response = await send(*request_)
    status = json.loads(response.body)
    assert (response.status, status["kind"], status["reason"]) == (501, "Status", "NotImplemented")


@in_virtual_time
async def test_impersonation_is_refused() -> None:
    assert (await send("GET", "/api/v1/namespaces", headers=IMPERSONATED)).status == 501


@pytest.mark.parametrize("request_", [each for requests in WARNING.values() for each in requests], ids=str)
@in_virtual_time
async def test_what_is_stored_without_its_effects_has_a_warning(request_: tuple[str, dict[str, Any]]) -> None:
    response = await send("POST", *request_)
    assert (response.status, response.headers["warning"]) == (201, f'299 - "{WARNED}"')


@in_virtual_time
async def test_objects_have_no_managed_fields_and_services_no_address() -> None:
    created = json.loads((await send("POST", f"{HOME}/services", SERVICE)).body)
    assert "managedFields" not in created["metadata"]
    assert "clusterIP" not in created["spec"]


@in_virtual_time
async def test_profiles_are_not_found() -> None:
    assert (await send("GET", "/debug/pprof/")).status == 404


@in_virtual_time
async def test_a_table_has_two_columns() -> None:
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    table = json.loads((await send("GET", f"{HOME}/pods", headers=accept)).body)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Age"]


@in_virtual_time
async def test_cbor_is_refused() -> None:
    assert (await send("GET", f"{HOME}/pods", headers={"Accept": "application/cbor"})).status == 406
    headers = {"Content-Type": "application/cbor"}
    assert (await send("POST", f"{HOME}/configmaps", CONFIG_MAP, headers)).status == 415


@in_virtual_time
async def test_what_is_nested_too_deeply_is_refused() -> None:
    body = json.dumps(CONFIG_MAP).encode()[:-1] + b', "nested": ' + b"[" * 3000 + b"]" * 3000 + b"}"
    request = kubeloop.Request("POST", f"{HOME}/configmaps", headers={"Content-Type": "application/json"}, body=body)
    assert (await APIServer().transport().request(request)).status == 400
