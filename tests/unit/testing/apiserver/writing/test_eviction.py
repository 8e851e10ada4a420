"""Evicting pods."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import APIError, BadRequest, Conflict, Forbidden, NotFound, TooManyRequests
from tests.support.served_kinds import NOW_TEXT
from tests.support.written import WriteServer, content

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
READY = {"type": "Ready", "status": "True"}


def pod(server: WriteServer, *, phase: str = "Running", ready: bool = True) -> dict[str, Any]:
    spec = {"nodeName": "n1", "terminationGracePeriodSeconds": 30, "containers": [{"name": "web"}]}
    server.post(PODS, {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": spec})
    status = {"phase": phase, "conditions": [READY] if ready else []}
    return server.patch(f"{PODS}/web/status", {"status": status})


def budget(server: WriteServer, name: str = "b", *, policy: str = "", **status: Any) -> None:
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 1}
    if policy:
        spec["unhealthyPodEvictionPolicy"] = policy
    server.post(BUDGETS, {"metadata": {"name": name}, "spec": spec})
    server.patch(f"{BUDGETS}/{name}/status", {"status": {"observedGeneration": 1, **status}})


def evict(server: WriteServer, query: str = "", **options: Any) -> dict[str, Any]:
    body = {"metadata": {"name": "web"}, **({"deleteOptions": options} if options else {})}
    return content(server.send("POST", f"{PODS}/web/eviction{query}", body))


def test_a_pod_without_a_budget_is_deleted() -> None:
    server = WriteServer()
    pod(server)

    assert evict(server) == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    evicted = server.patch(f"{PODS}/web", {})
    assert evicted["metadata"]["deletionGracePeriodSeconds"] == 30
    assert ("DisruptionTarget", "EvictionByEvictionAPI") in [
        (each["type"], each.get("reason")) for each in evicted["status"]["conditions"]
    ]


def test_a_budget_is_used_by_an_eviction() -> None:
    server = WriteServer()
    pod(server)
    budget(server, disruptionsAllowed=1, currentHealthy=2, desiredHealthy=1)

    evict(server)

    status = server.patch(f"{BUDGETS}/b", {})["status"]
    assert (status["disruptionsAllowed"], status["disruptedPods"]) == (0, {"web": NOW_TEXT})
    assert [(each["type"], each["status"]) for each in status["conditions"]] == [("DisruptionAllowed", "False")]


def test_a_budget_that_allows_no_disruption_refuses_the_eviction() -> None:
    server = WriteServer()
    pod(server)
    budget(server, disruptionsAllowed=0, currentHealthy=1, desiredHealthy=1)

    with pytest.raises(TooManyRequests) as raised:
        evict(server)

    assert raised.value.has_cause("DisruptionBudget")
    assert raised.value.causes[0].message == "The disruption budget b needs 1 healthy pods and has 1 currently"
    assert raised.value.retry_after is None
    assert "deletionTimestamp" not in server.patch(f"{PODS}/web", {})["metadata"]


def test_an_eviction_waits_for_the_controller_of_the_budget() -> None:
    server = WriteServer()
    pod(server)
    budget(server, disruptionsAllowed=1, observedGeneration=0)

    with pytest.raises(TooManyRequests) as raised:
        evict(server)

    assert raised.value.retry_after == 10


def test_a_broken_budget_forbids_evictions() -> None:
    server = WriteServer()
    pod(server)
    budget(server, disruptionsAllowed=-1)

    with pytest.raises(Forbidden):
        evict(server)


def test_more_than_one_budget_is_an_error() -> None:
    server = WriteServer()
    pod(server)
    budget(server, "b", disruptionsAllowed=1)
    budget(server, "c", disruptionsAllowed=1)

    with pytest.raises(APIError, match="more than one PodDisruptionBudget") as raised:
        evict(server)

    assert raised.value.code == 500


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_a_pod_that_does_not_run_needs_no_budget(phase: str) -> None:
    server = WriteServer()
    pod(server, phase=phase)
    budget(server, disruptionsAllowed=0)

    assert evict(server)["status"] == "Success"


@pytest.mark.parametrize(
    ("policy", "healthy", "is_evicted"),
    [("AlwaysAllow", 0, True), ("", 1, True), ("IfHealthyBudget", 0, False)],
)
def test_a_pod_that_is_not_ready_is_evicted_by_the_policy(policy: str, healthy: int, is_evicted: bool) -> None:
    server = WriteServer()
    pod(server, ready=False)
    budget(server, policy=policy, disruptionsAllowed=0, currentHealthy=healthy, desiredHealthy=1)

    if is_evicted:
        assert evict(server)["status"] == "Success"
        assert "disruptedPods" not in server.patch(f"{BUDGETS}/b", {})["status"]
    else:
        with pytest.raises(TooManyRequests):
            evict(server)


def test_a_dry_run_changes_nothing() -> None:
    server = WriteServer()
    pod(server)
    budget(server, disruptionsAllowed=1)
    before = server.storage.revision

    evict(server, "?dryRun=All")
    evict(server, dryRun=["All"])

    assert server.storage.revision == before


def test_the_options_of_the_deletion_hold() -> None:
    server = WriteServer()
    running = pod(server)

    with pytest.raises(Conflict):
        evict(server, preconditions={"uid": "other"})
    evict(server, preconditions={"resourceVersion": running["metadata"]["resourceVersion"]}, gracePeriodSeconds=0)

    with pytest.raises(NotFound):
        evict(server)


def test_another_name_is_refused() -> None:
    with pytest.raises(BadRequest, match="name in URL does not match name in Eviction object"):
        WriteServer().send("POST", f"{PODS}/other/eviction", {"metadata": {"name": "web"}})


def test_an_eviction_of_the_old_version_is_accepted() -> None:
    server = WriteServer()
    pod(server)
    body = {"kind": "Eviction", "apiVersion": "policy/v1beta1", "metadata": {"name": "web"}}

    assert server.send("POST", f"{PODS}/web/eviction", body).status == 201
