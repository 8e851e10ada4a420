"""Binding pods."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import APIError, BadRequest, Conflict, Forbidden, NotFound
from tests.support.written import WriteServer, content

PODS = "/api/v1/namespaces/default/pods"


def pod(server: WriteServer, **spec: Any) -> dict[str, Any]:
    return server.post(PODS, {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web"}], **spec}})


def binding(node: str = "n1", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", **metadata}, "target": {"kind": "Node", "name": node}}


@pytest.mark.parametrize("target", [f"{PODS}/web/binding", "/api/v1/namespaces/default/bindings"])
def test_a_bound_pod_has_its_node(target: str) -> None:
    server = WriteServer()
    pod(server)

    response = server.send("POST", target, binding(annotations={"a": "b"}))

    assert response.status == 201
    assert content(response) == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    bound = server.patch(f"{PODS}/web", {})
    assert bound["spec"]["nodeName"] == "n1"
    assert bound["metadata"]["annotations"] == {"a": "b"}
    assert [each["type"] for each in bound["status"]["conditions"]] == ["PodScheduled"]


def test_a_dry_run_binds_nothing() -> None:
    server = WriteServer()
    pod(server)
    before = server.storage.revision

    server.send("POST", f"{PODS}/web/binding?dryRun=All", binding())

    assert server.storage.revision == before


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"nodeName": "n2"}, 'pod web is already assigned to node "n2"'),
        ({"schedulingGates": [{"name": "a"}]}, "pod web has non-empty .spec.schedulingGates"),
    ],
)
def test_a_pod_that_cannot_be_bound_is_a_conflict(spec: dict[str, Any], message: str) -> None:
    server = WriteServer()
    pod(server, **spec)

    with pytest.raises(Conflict) as raised:
        server.send("POST", f"{PODS}/web/binding", binding())

    assert raised.value.status.message == f'Operation cannot be fulfilled on pods/binding "web": {message}'


def test_a_pod_that_is_being_deleted_cannot_be_bound() -> None:
    server = WriteServer()
    server.post(PODS, {"metadata": {"name": "web", "finalizers": ["x/y"]}, "spec": {}})
    server.send("DELETE", f"{PODS}/web")

    with pytest.raises(Conflict, match="is being deleted"):
        server.send("POST", f"{PODS}/web/binding", binding())


@pytest.mark.parametrize("metadata", [{"uid": "other"}, {"resourceVersion": "1"}])
def test_the_binding_can_require_a_certain_pod(metadata: dict[str, Any]) -> None:
    server = WriteServer()
    pod(server)

    with pytest.raises(Conflict, match="Precondition failed"):
        server.send("POST", f"{PODS}/web/binding", binding(**metadata))


def test_a_binding_that_is_created_as_an_object_loses_its_uid() -> None:
    server = WriteServer()
    pod(server)

    assert server.send("POST", "/api/v1/namespaces/default/bindings", binding(uid="other")).status == 201


def test_a_missing_pod_and_another_name_are_refused() -> None:
    server = WriteServer()

    with pytest.raises(NotFound):
        server.send("POST", f"{PODS}/web/binding", binding())
    with pytest.raises(BadRequest, match="name in URL does not match name in Binding object"):
        server.send("POST", f"{PODS}/other/binding", binding())


@pytest.mark.parametrize("target", [{"kind": "Pod", "name": "n1"}, {"kind": "Node"}])
def test_the_target_must_be_a_node(target: dict[str, Any]) -> None:
    server = WriteServer()
    pod(server)

    with pytest.raises(APIError) as raised:
        server.send("POST", f"{PODS}/web/binding", {**binding(), "target": target})

    assert raised.value.code == 500


def test_nothing_is_bound_in_a_namespace_that_is_being_deleted() -> None:
    server = WriteServer()
    server.post("/api/v1/namespaces", {"metadata": {"name": "other"}})
    server.send("DELETE", "/api/v1/namespaces/other")

    with pytest.raises(Forbidden):
        server.send("POST", "/api/v1/namespaces/other/pods/web/binding", binding())
