"""What is special about pods."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.pod_rule import (
    bind_pod,
    first_pod_status,
    keep_observed_generations,
    pod_grace_period,
    with_condition,
    with_ephemeral_containers,
    with_resources,
)
from tests.support.served_kinds import NOW, NOW_TEXT

MOMENT = Moment(NOW, Random(1))
RUNNING: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {"nodeName": "n1", "terminationGracePeriodSeconds": 30, "containers": [{"name": "web"}]},
    "status": {"phase": "Running"},
}


def test_a_new_pod_is_pending() -> None:
    assert first_pod_status({"spec": {}}, MOMENT) == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_pod_with_scheduling_gates_is_not_scheduled() -> None:
    status = first_pod_status({"spec": {"schedulingGates": [{"name": "a"}]}}, MOMENT)

    assert [(each["type"], each["status"], each["reason"]) for each in status["conditions"]] == [
        ("PodScheduled", "False", "SchedulingGated")
    ]


def test_a_condition_keeps_its_time_while_its_status_is_the_same() -> None:
    old = {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}, {"type": "X"}]
    }

    same = with_condition(old, {"type": "Ready", "status": "True", "reason": "r"}, MOMENT)
    other = with_condition(old, {"type": "Ready", "status": "False"}, MOMENT)

    assert same["conditions"][0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert same["conditions"][0]["reason"] == "r"
    assert other["conditions"][0]["lastTransitionTime"] == NOW_TEXT
    assert [each["type"] for each in other["conditions"]] == ["Ready", "X"]


@pytest.mark.parametrize(
    ("change", "requested", "expected"),
    [
        ({}, None, 30),
        ({}, 5, 5),
        ({}, 0, 0),
        ({}, -3, 1),
        ({"spec": {"terminationGracePeriodSeconds": 30}}, None, 0),
        ({"spec": {"nodeName": "n1"}}, None, 0),
        ({"status": {"phase": "Succeeded"}}, 5, 0),
        ({"status": {"phase": "Failed"}}, None, 0),
    ],
)
def test_a_pod_remains_for_its_grace_period_while_something_may_run(
    change: dict[str, Any], requested: int | None, expected: int
) -> None:
    assert pod_grace_period({**RUNNING, **change}, requested) == expected


def test_a_status_keeps_what_an_older_client_leaves_out() -> None:
    old = {
        "qosClass": "Burstable",
        "observedGeneration": 3,
        "conditions": [{"type": "Ready", "observedGeneration": 2}, {"type": "Ready", "observedGeneration": 1}],
    }
    new = {"conditions": [{"type": "Ready"}, {"type": "Ready", "observedGeneration": 5}, {"type": "Other"}]}

    assert keep_observed_generations(new, old) == {
        "qosClass": "Burstable",
        "observedGeneration": 3,
        "conditions": [
            {"type": "Ready", "observedGeneration": 2},
            {"type": "Ready", "observedGeneration": 5},
            {"type": "Other"},
        ],
    }


def test_only_ephemeral_containers_are_taken_from_that_subresource() -> None:
    new = {
        "metadata": {"name": "web", "labels": {"a": "b"}},
        "spec": {"nodeName": "x", "ephemeralContainers": [{"name": "d"}]},
    }

    changed = with_ephemeral_containers(new, RUNNING)

    assert changed == {**RUNNING, "spec": {**RUNNING["spec"], "ephemeralContainers": [{"name": "d"}]}}


def test_only_resources_are_taken_from_a_resize() -> None:
    wanted = {"name": "web", "image": "other", "resources": {"limits": {"cpu": "1"}}, "resizePolicy": [{}]}

    changed = with_resources({"spec": {"containers": [wanted]}}, RUNNING)

    assert changed["spec"]["containers"] == [
        {"name": "web", "resources": {"limits": {"cpu": "1"}}, "resizePolicy": [{}]}
    ]
    assert changed["spec"]["nodeName"] == "n1"


def test_a_resize_of_other_containers_is_left_to_the_check_of_the_spec() -> None:
    new = {"spec": {"containers": [{"name": "other"}]}}

    assert with_resources(new, RUNNING) is new


def test_a_bound_pod_has_its_node_and_the_labels_of_the_binding() -> None:
    pod = {
        "metadata": {"name": "web", "labels": {"a": "1"}},
        "spec": {},
        "status": {"nominatedNodeName": "n2", "phase": "Pending"},
    }
    binding = {"metadata": {"labels": {"a": "2"}, "annotations": {"b": "3"}}, "target": {"name": "n1"}}

    bound = bind_pod(pod, binding, MOMENT)

    assert bound["spec"] == {"nodeName": "n1"}
    assert bound["metadata"] == {"name": "web", "labels": {"a": "2"}, "annotations": {"b": "3"}}
    assert "nominatedNodeName" not in bound["status"]
    assert [(each["type"], each["status"]) for each in bound["status"]["conditions"]] == [("PodScheduled", "True")]
