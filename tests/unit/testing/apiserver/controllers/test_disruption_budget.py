"""The status of PodDisruptionBudgets."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import TooManyRequests
from kubeloop.testing.apiserver.storage.stored import Key
from tests.support.controlled import ControlledServer
from tests.support.served_kinds import state

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SELECTOR = {"matchLabels": {"app": "web"}}


@pytest.fixture
def server() -> ControlledServer:
    return ControlledServer(enabled=["disruption-budgets"])


def pod(server: ControlledServer, name: str, *owners: Any) -> None:
    metadata = {"name": name, "labels": {"app": "web"}, "ownerReferences": list(owners)}
    spec = {"nodeName": "n", "terminationGracePeriodSeconds": 30}
    server.post(PODS, {"metadata": metadata, "spec": spec})
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    server.patch(f"{PODS}/{name}/status", {"status": ready})


def budget(server: ControlledServer, **spec: Any) -> None:
    server.post(BUDGETS, {"metadata": {"name": "b"}, "spec": {"selector": SELECTOR, **spec}})


def status(server: ControlledServer) -> dict[str, Any]:
    stored = server.storage.get(Key("poddisruptionbudgets.policy", "default", "b"))
    assert stored
    return dict(state(stored)["status"])


def numbers(server: ControlledServer) -> tuple[int, int, int, int]:
    found = status(server)
    return (found["expectedPods"], found["desiredHealthy"], found["currentHealthy"], found["disruptionsAllowed"])


def test_a_budget_without_pods_allows_nothing(server: ControlledServer) -> None:
    budget(server, minAvailable=0)

    assert numbers(server) == (0, 0, 0, 0)
    assert status(server)["observedGeneration"] == 1
    assert [(each["status"], each["reason"]) for each in status(server)["conditions"]] == [
        ("False", "InsufficientPods")
    ]


def test_a_number_of_available_pods_counts_the_pods(server: ControlledServer) -> None:
    budget(server, minAvailable=1)
    pod(server, "a")
    pod(server, "b")

    assert numbers(server) == (2, 1, 2, 1)
    assert [(each["status"], each["reason"]) for each in status(server)["conditions"]] == [("True", "SufficientPods")]


def test_a_pod_that_is_not_ready_or_is_being_deleted_is_not_healthy(server: ControlledServer) -> None:
    budget(server, minAvailable=1)
    pod(server, "a")
    pod(server, "b")

    server.patch(f"{PODS}/a/status", {"status": {"conditions": []}})
    server.send("DELETE", f"{PODS}/b")

    assert numbers(server) == (2, 1, 0, 0)


def replica_set(server: ControlledServer, replicas: int, *owners: Any) -> dict[str, Any]:
    body = {"metadata": {"name": "web", "ownerReferences": list(owners)}, "spec": {"replicas": replicas}}
    created = server.post(SETS, body)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "web",
        "uid": created["metadata"]["uid"],
        "controller": True,
    }


def test_a_share_is_that_of_the_replicas_of_the_controller(server: ControlledServer) -> None:
    owner = replica_set(server, 4)
    budget(server, minAvailable="50%")
    for name in "abc":
        pod(server, name, owner)

    assert numbers(server) == (4, 2, 3, 1)


def test_the_replicas_of_a_deployment_count_for_its_replica_sets(server: ControlledServer) -> None:
    created = server.post(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": {"replicas": 10}})
    uid = created["metadata"]["uid"]
    above = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid, "controller": True}
    owner = replica_set(server, 3, above)
    budget(server, maxUnavailable=8)
    pod(server, "a", owner)

    assert numbers(server) == (10, 2, 1, 0)


def test_a_pod_whose_controller_does_not_exist_makes_the_budget_fail(server: ControlledServer) -> None:
    budget(server, maxUnavailable=1)
    missing = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "no", "uid": "1", "controller": True}

    pod(server, "a", missing)

    condition = status(server)["conditions"][0]
    assert (condition["reason"], condition["message"]) == ("SyncFailed", 'found no controllers for pod "a"')


def test_pods_without_a_controller_do_not_count_for_a_share(server: ControlledServer) -> None:
    budget(server, maxUnavailable=1)

    pod(server, "a")

    assert numbers(server) == (0, 0, 1, 0)


def test_an_evicted_pod_counts_as_disrupted_until_it_is_deleted(server: ControlledServer) -> None:
    budget(server, minAvailable=1)
    pod(server, "a")
    pod(server, "b")

    server.send("POST", f"{PODS}/a/eviction", {"metadata": {"name": "a"}})

    assert numbers(server) == (2, 1, 1, 0)
    assert "disruptedPods" not in status(server)
    with pytest.raises(TooManyRequests):
        server.send("POST", f"{PODS}/b/eviction", {"metadata": {"name": "b"}})


def test_a_disrupted_pod_that_is_not_deleted_counts_again_after_two_minutes(server: ControlledServer) -> None:
    budget(server, minAvailable=1)
    pod(server, "a")
    pod(server, "b")
    disrupted = {**status(server), "disruptedPods": {"a": "2027-01-15T08:00:00Z"}}
    server.patch(f"{BUDGETS}/b/status", {"status": disrupted})
    before, due = numbers(server), server.controllers.next_at

    server.controllers.step(server.now + 121)

    assert before == (2, 1, 1, 0)
    assert due == server.now + 120
    assert numbers(server) == (2, 1, 2, 1)
    assert server.controllers.next_at is None


def test_a_change_of_the_budget_is_observed(server: ControlledServer) -> None:
    budget(server, minAvailable=1)
    pod(server, "a")

    server.patch(f"{BUDGETS}/b", {"spec": {"minAvailable": 0}})

    assert status(server)["observedGeneration"] == 2
    assert numbers(server) == (1, 0, 1, 1)
