"""The life cycle of namespaces."""

from __future__ import annotations

from typing import Any

from kubeloop.testing.apiserver.storage.stored import Key
from tests.support.controlled import ControlledServer
from tests.support.served_kinds import state

NAMESPACES = "/api/v1/namespaces"


def namespace(server: ControlledServer) -> dict[str, Any] | None:
    stored = server.storage.get(Key("namespaces", "", "other"))
    return state(stored) if stored else None


def conditions(server: ControlledServer) -> dict[str, str]:
    found = namespace(server)
    assert found is not None
    return {each["type"]: each["reason"] for each in found["status"]["conditions"] if each["status"] == "True"}


def test_a_deleted_namespace_loses_its_content_and_is_deleted() -> None:
    server = ControlledServer()
    server.post(NAMESPACES, {"metadata": {"name": "other"}})
    server.post(f"{NAMESPACES}/other/configmaps", {"metadata": {"name": "a"}})
    server.post(f"{NAMESPACES}/other/pods", {"metadata": {"name": "a"}, "spec": {}})
    server.post("/apis/apps/v1/namespaces/other/deployments", {"metadata": {"name": "a"}, "spec": {}})

    server.send("DELETE", f"{NAMESPACES}/other")

    assert namespace(server) is None
    for resource in server.storage.resources():
        assert server.storage.range(resource, "other").items == []


def test_a_namespace_waits_for_finalizers_of_its_content() -> None:
    server = ControlledServer()
    server.post(NAMESPACES, {"metadata": {"name": "other"}})
    server.post(f"{NAMESPACES}/other/configmaps", {"metadata": {"name": "a", "finalizers": ["x/y"]}})

    server.send("DELETE", f"{NAMESPACES}/other")
    waiting = conditions(server)
    server.patch(f"{NAMESPACES}/other/configmaps/a", {"metadata": {"finalizers": None}})

    assert waiting == {
        "NamespaceContentRemaining": "SomeResourcesRemain",
        "NamespaceFinalizersRemaining": "SomeFinalizersRemain",
    }
    assert namespace(server) is None


def test_pods_are_deleted_before_anything_else() -> None:
    server = ControlledServer()
    server.post(NAMESPACES, {"metadata": {"name": "other"}})
    server.post(f"{NAMESPACES}/other/configmaps", {"metadata": {"name": "a"}})
    running = {"metadata": {"name": "a"}, "spec": {"nodeName": "n", "terminationGracePeriodSeconds": 30}}
    server.post(f"{NAMESPACES}/other/pods", running)

    server.send("DELETE", f"{NAMESPACES}/other")
    waiting = server.storage.get(Key("configmaps", "other", "a"))
    server.send("DELETE", f"{NAMESPACES}/other/pods/a?gracePeriodSeconds=0")

    assert waiting
    assert namespace(server) is None


def test_a_namespace_waits_for_its_own_finalizers() -> None:
    server = ControlledServer()
    server.post(NAMESPACES, {"metadata": {"name": "other"}, "spec": {"finalizers": ["example.com/x"]}})

    server.send("DELETE", f"{NAMESPACES}/other")

    found = namespace(server)
    assert found is not None
    assert found["spec"]["finalizers"] == ["example.com/x"]


def test_orphans_are_not_kept_in_a_namespace_that_is_deleted() -> None:
    server = ControlledServer()
    server.post(NAMESPACES, {"metadata": {"name": "other"}})
    server.post("/apis/batch/v1/namespaces/other/jobs", {"metadata": {"name": "a"}, "spec": {}})

    server.send("DELETE", f"{NAMESPACES}/other")

    assert namespace(server) is None


def test_a_namespace_without_its_controller_stays() -> None:
    server = ControlledServer(enabled=[])
    server.post(NAMESPACES, {"metadata": {"name": "other"}})

    server.send("DELETE", f"{NAMESPACES}/other")

    assert namespace(server)
