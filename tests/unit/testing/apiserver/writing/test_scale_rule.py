"""The subresource scale."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import BadRequest, Conflict, Invalid
from tests.support.written import WriteServer, content, warnings

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def deployment(server: WriteServer) -> dict[str, Any]:
    selector = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a"]}]}
    spec = {"replicas": 2, "selector": selector, "template": {}}
    return server.post(DEPLOYMENTS, {"metadata": {"name": "web", "labels": {"a": "b"}}, "spec": spec})


def scale(replicas: int, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", **metadata}, "spec": {"replicas": replicas}}


def test_a_scale_changes_the_replicas_and_the_generation() -> None:
    server = WriteServer()
    old = deployment(server)

    response = server.send("PUT", f"{DEPLOYMENTS}/web/scale", scale(5))

    found = content(response)
    assert found == {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": old["metadata"]["uid"],
            "resourceVersion": str(server.storage.revision),
            "creationTimestamp": old["metadata"]["creationTimestamp"],
        },
        "spec": {"replicas": 5},
        "status": {"replicas": 0, "selector": "app=web,tier in (a)"},
    }
    assert warnings(response) == []
    changed = server.patch(f"{DEPLOYMENTS}/web", {})
    assert (changed["spec"]["replicas"], changed["metadata"]["generation"]) == (5, 2)
    assert changed["metadata"]["labels"] == {"a": "b"}


def test_a_scale_can_be_patched() -> None:
    server = WriteServer()
    deployment(server)

    assert server.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 3}})["spec"] == {"replicas": 3}


def test_no_replicas_are_not_written() -> None:
    server = WriteServer()
    deployment(server)

    assert content(server.send("PUT", f"{DEPLOYMENTS}/web/scale", scale(0)))["spec"] == {}


def test_negative_replicas_are_invalid() -> None:
    server = WriteServer()
    deployment(server)

    with pytest.raises(Invalid) as raised:
        server.send("PUT", f"{DEPLOYMENTS}/web/scale", scale(-1))

    assert (raised.value.status.kind, raised.value.status.group) == ("Scale", "autoscaling")
    assert [cause.field for cause in raised.value.causes] == ["spec.replicas"]


@pytest.mark.parametrize("metadata", [{"resourceVersion": "1"}, {"uid": "other"}])
def test_a_scale_of_another_version_or_object_is_a_conflict(metadata: dict[str, Any]) -> None:
    server = WriteServer()
    deployment(server)

    with pytest.raises(Conflict):
        server.send("PUT", f"{DEPLOYMENTS}/web/scale", scale(5, **metadata))


def test_a_controller_with_a_plain_selector_has_a_scale_too() -> None:
    server = WriteServer()
    controllers = "/api/v1/namespaces/default/replicationcontrollers"
    server.post(controllers, {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "template": {}}})

    found = content(server.send("PUT", f"{controllers}/web/scale", scale(2)))

    assert found["status"] == {"replicas": 0, "selector": "app=web"}


def test_a_selector_that_cannot_be_read_is_a_bad_request() -> None:
    server = WriteServer()
    spec = {"selector": {"matchLabels": {"app": "2026-02-30T00:00:00Z"}}, "template": {}}
    server.post(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})

    with pytest.raises(BadRequest, match="invalid label selector"):
        server.send("PUT", f"{DEPLOYMENTS}/web/scale", scale(5))
