"""The garbage collector."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.testing.apiserver.storage.stored import Key
from tests.support.controlled import ControlledServer
from tests.support.served_kinds import state

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
PODS = "/api/v1/namespaces/default/pods"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def owner(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": of["apiVersion"],
        "kind": of["kind"],
        "name": of["metadata"]["name"],
        "uid": of["metadata"]["uid"],
        **more,
    }


def metadata(server: ControlledServer, resource: str, name: str) -> dict[str, Any] | None:
    stored = server.storage.get(Key(resource, "default", name))
    return dict(state(stored)["metadata"]) if stored else None


def chain(server: ControlledServer, **more: Any) -> None:
    """Create a Deployment, a ReplicaSet of it, and a pod of that."""
    deployment = server.post(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": {}})
    replicas = server.post(
        SETS, {"metadata": {"name": "web", "ownerReferences": [owner(deployment, **more)]}, "spec": {}}
    )
    server.post(PODS, {"metadata": {"name": "web", "ownerReferences": [owner(replicas, **more)]}, "spec": {}})


@pytest.fixture
def server() -> ControlledServer:
    return ControlledServer(enabled=["garbage-collection"])


def test_a_deletion_in_the_background_deletes_all_dependents(server: ControlledServer) -> None:
    chain(server)

    server.send("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Background")

    assert metadata(server, "deployments.apps", "web") is None
    assert metadata(server, "replicasets.apps", "web") is None
    assert metadata(server, "pods", "web") is None


def test_a_deletion_in_the_foreground_deletes_dependents_first(server: ControlledServer) -> None:
    chain(server, blockOwnerDeletion=True)
    deleted: list[str] = []
    server.storage.subscribe(lambda change: deleted.append(change.key.resource) if change.value is None else None)

    server.send("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Foreground")

    assert deleted == ["pods", "replicasets.apps", "deployments.apps"]


def test_an_owner_waits_only_for_dependents_that_block_it(server: ControlledServer) -> None:
    deployment = server.post(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": {}})
    for name, blocks in (("blocking", True), ("free", False)):
        reference = owner(deployment, blockOwnerDeletion=blocks)
        held = {"name": name, "finalizers": ["x/y"], "ownerReferences": [reference]}
        server.post(CONFIG_MAPS, {"metadata": held})

    server.send("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Foreground")
    waiting = metadata(server, "deployments.apps", "web")
    server.patch(f"{CONFIG_MAPS}/blocking", {"metadata": {"finalizers": None}})

    assert waiting is not None
    assert metadata(server, "deployments.apps", "web") is None
    free = metadata(server, "configmaps", "free")
    assert free is not None
    assert "deletionTimestamp" in free


def test_orphans_lose_their_owner_reference(server: ControlledServer) -> None:
    chain(server)

    server.send("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Orphan")

    assert metadata(server, "deployments.apps", "web") is None
    replicas, pod = metadata(server, "replicasets.apps", "web"), metadata(server, "pods", "web")
    assert replicas is not None
    assert "ownerReferences" not in replicas
    assert pod is not None
    assert "ownerReferences" in pod


def test_an_object_whose_owner_does_not_exist_is_deleted(server: ControlledServer) -> None:
    absent = {"apiVersion": "v1", "kind": "ConfigMap", "name": "absent", "uid": "1"}

    server.post(CONFIG_MAPS, {"metadata": {"name": "a", "ownerReferences": [absent]}})

    assert metadata(server, "configmaps", "a") is None


def test_an_owner_of_the_same_name_and_another_uid_is_no_owner(server: ControlledServer) -> None:
    other = server.post(CONFIG_MAPS, {"metadata": {"name": "owner"}})

    server.post(CONFIG_MAPS, {"metadata": {"name": "a", "ownerReferences": [owner(other, uid="old")]}})

    assert metadata(server, "configmaps", "a") is None


def test_an_object_with_another_owner_loses_the_absent_one_only(server: ControlledServer) -> None:
    solid = server.post(CONFIG_MAPS, {"metadata": {"name": "owner"}})
    first = server.post(CONFIG_MAPS, {"metadata": {"name": "first"}})
    server.post(CONFIG_MAPS, {"metadata": {"name": "a", "ownerReferences": [owner(solid), owner(first)]}})

    server.send("DELETE", f"{CONFIG_MAPS}/first")

    found = metadata(server, "configmaps", "a")
    assert found is not None
    assert [each["name"] for each in found["ownerReferences"]] == ["owner"]


def test_an_owner_of_an_unknown_kind_protects_the_object(server: ControlledServer) -> None:
    unknown = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": "1"}

    server.post(CONFIG_MAPS, {"metadata": {"name": "a", "ownerReferences": [unknown]}})

    assert metadata(server, "configmaps", "a")


def test_an_owner_of_the_cluster_can_own_objects_of_namespaces_and_not_the_reverse(server: ControlledServer) -> None:
    node = server.post("/api/v1/nodes", {"metadata": {"name": "n"}})
    lease = server.post(CONFIG_MAPS, {"metadata": {"name": "a", "ownerReferences": [owner(node)]}})
    server.post("/api/v1/nodes", {"metadata": {"name": "m", "ownerReferences": [owner(lease)]}})

    server.send("DELETE", "/api/v1/nodes/n")

    assert metadata(server, "configmaps", "a") is None
    assert server.storage.get(Key("nodes", "", "m"))


def test_a_circle_of_owners_does_not_block_itself(server: ControlledServer) -> None:
    first = server.post(CONFIG_MAPS, {"metadata": {"name": "a"}})
    second = server.post(
        CONFIG_MAPS, {"metadata": {"name": "b", "ownerReferences": [owner(first, blockOwnerDeletion=True)]}}
    )
    reference = owner(second, blockOwnerDeletion=True)
    server.patch(f"{CONFIG_MAPS}/a", {"metadata": {"ownerReferences": [reference]}})

    server.send("DELETE", f"{CONFIG_MAPS}/a?propagationPolicy=Foreground")

    assert metadata(server, "configmaps", "a") is None
    assert metadata(server, "configmaps", "b") is None


def test_events_are_not_collected(server: ControlledServer) -> None:
    absent = {"apiVersion": "v1", "kind": "Pod", "name": "absent", "uid": "1"}
    event = {"metadata": {"name": "e", "ownerReferences": [absent]}, "involvedObject": {"namespace": "default"}}

    server.post("/api/v1/namespaces/default/events", event)

    assert metadata(server, "events", "e")


def test_what_a_storage_contains_is_known_from_the_start() -> None:
    first = ControlledServer(enabled=[])
    chain(first)
    second = ControlledServer(storage=first.storage, enabled=["garbage-collection"])

    second.send("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Background")

    assert metadata(second, "pods", "web") is None


def test_without_the_controller_finalizers_remain() -> None:
    server = ControlledServer(enabled=[])
    chain(server)

    server.send("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Foreground")

    found = metadata(server, "deployments.apps", "web")
    assert found is not None
    assert found["finalizers"] == ["foregroundDeletion"]
