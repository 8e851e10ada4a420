"""Which pods of a node are evicted, kept, or forbid to drain the node."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeloop import format_time
from kubeloop.drain import PodDecision
from kubeloop.drain.drain_plan import DrainPlan
from kubeloop.drain.drain_settings import DrainSettings
from kubeloop.drain.pod_filter import decide, is_overdue, skipped_at
from tests.support.drained import owned_by, pod_on

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
DAEMON = owned_by("DaemonSet", "logs")
EMPTY_DIR = {"volumes": [{"name": "cache", "emptyDir": {}}]}
MIRROR = {"annotations": {"kubernetes.io/config.mirror": ""}}

DAEMON_SET = "DaemonSet-managed Pods (use ignore_daemon_sets=True to ignore)"
LOCAL = "Pods with local storage (use delete_empty_dir_data=True to override)"
UNMANAGED = "Pods that declare no controller (use force=True to override)"


def deleted(seconds: float) -> dict[str, Any]:
    return {"deletionTimestamp": format_time(NOW - timedelta(seconds=seconds))}


@pytest.mark.parametrize(
    ("pod", "settings", "decision"),
    [
        ({}, {}, PodDecision(True)),
        ({"owner": {}}, {}, PodDecision(False, "error", UNMANAGED)),
        ({"owner": {}}, {"force": True}, PodDecision(True, "warning", "deleting Pods that declare no controller")),
        ({"owner": {}, "status": {"phase": "Succeeded"}}, {}, PodDecision(True)),
        ({"owner": {}, "status": {"phase": "Failed"}}, {}, PodDecision(True)),
        ({"owner": {**owned_by(), "controller": False}}, {}, PodDecision(False, "error", UNMANAGED)),
        ({"owner": DAEMON}, {}, PodDecision(False, "error", DAEMON_SET)),
        ({"owner": DAEMON}, {"force": True}, PodDecision(False, "error", DAEMON_SET)),
        (
            {"owner": DAEMON},
            {"ignore_daemon_sets": True},
            PodDecision(False, "warning", "ignoring DaemonSet-managed Pods"),
        ),
        ({"owner": DAEMON, "status": {"phase": "Failed"}}, {}, PodDecision(True)),
        ({"owner": owned_by("DaemonSet", "logs", api_version="example.com/v1")}, {}, PodDecision(True)),
        ({"owner": {}, "metadata": MIRROR}, {}, PodDecision(False, "skip")),
        ({"spec": EMPTY_DIR}, {}, PodDecision(False, "error", LOCAL)),
        (
            {"spec": EMPTY_DIR, "owner": {}},
            {"force": True},
            PodDecision(False, "error", LOCAL),
        ),
        # The last filter decides, so that the warning about local storage is lost, as in kubectl.
        ({"spec": EMPTY_DIR}, {"delete_empty_dir_data": True}, PodDecision(True)),
        ({"spec": EMPTY_DIR, "status": {"phase": "Succeeded"}}, {}, PodDecision(True)),
        ({"metadata": deleted(62)}, {"skip_wait_for_delete_timeout": 60}, PodDecision(False, "skip")),
        ({"metadata": deleted(60)}, {"skip_wait_for_delete_timeout": 60}, PodDecision(True)),
        ({"metadata": deleted(60), "owner": {}}, {}, PodDecision(False, "error", UNMANAGED)),
    ],
)
def test_a_pod_is_judged_as_kubectl_judges_it(
    pod: dict[str, Any], settings: dict[str, Any], decision: PodDecision
) -> None:
    assert decide(pod_on("web", **pod), DrainSettings(**settings), {}, NOW) == decision


@pytest.mark.parametrize(
    ("is_missing", "settings", "decision"),
    [
        (True, {}, PodDecision(False, "error", "no such set")),
        (True, {"force": True}, PodDecision(True, "warning", "no such set")),
        (False, {"force": True, "ignore_daemon_sets": True}, PodDecision(False, "error", "no such set")),
    ],
)
def test_a_pod_of_a_daemon_set_that_cannot_be_read(
    is_missing: bool, settings: dict[str, Any], decision: PodDecision
) -> None:
    faults = {("default", "logs"): (is_missing, "no such set")}
    pod = pod_on("web", owner=DAEMON)
    found = decide(pod, DrainSettings(**settings), faults, NOW)
    # A pod whose controller is missing has passed all other filters, and the last one decides.
    assert found == (PodDecision(True) if decision.deletes else decision)


def test_filters_of_the_caller_come_last_and_only_for_pods_that_are_evicted() -> None:
    asked: list[str] = []

    def keep(pod: Any) -> PodDecision:
        asked.append(pod.metadata.name)
        return PodDecision(False, "skip")

    settings = DrainSettings()
    assert decide(pod_on("a"), settings, {}, NOW, [keep]) == PodDecision(False, "skip")
    decide(pod_on("b", owner={}), settings, {}, NOW, [keep])
    assert asked == ["a"]


def test_a_pod_is_overdue_after_whole_seconds() -> None:
    pod = pod_on("web", metadata=deleted(0))
    assert skipped_at(pod, 10) == NOW.timestamp() + 11
    assert not is_overdue(pod, 10, NOW + timedelta(seconds=10.9))
    assert is_overdue(pod, 10, NOW + timedelta(seconds=11))
    assert not is_overdue(pod, None, NOW + timedelta(days=1))
    assert not is_overdue(pod, 0, NOW + timedelta(days=1))
    assert not is_overdue(pod_on("web"), 10, NOW + timedelta(days=1))


def test_warnings_and_refusals_name_the_pods_by_class() -> None:
    decisions = [
        ("a", PodDecision(False, "error", UNMANAGED)),
        ("b", PodDecision(False, "error", LOCAL)),
        ("c", PodDecision(False, "error", UNMANAGED)),
        ("d", PodDecision(False, "warning", "ignoring DaemonSet-managed Pods")),
        ("e", PodDecision(True, "okay", "")),
        ("f", PodDecision(False, "error", "")),
    ]
    plan = DrainPlan(tuple((pod_on(name), decision) for name, decision in decisions), ("default/x",))
    assert plan.refusals == (
        f"cannot delete {UNMANAGED}: default/a, default/c",
        f"cannot delete {LOCAL}: default/b",
        "cannot delete unexpected error: default/f",
        "cannot delete Pods that cannot be read: default/x",
    )
    assert plan.warnings == ("ignoring DaemonSet-managed Pods: default/d",)
    assert [pod.metadata.name for pod in plan.evicted] == ["e"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"grace_period_seconds": -1}, ValueError),
        ({"grace_period_seconds": 1.5}, TypeError),
        ({"skip_wait_for_delete_timeout": True}, TypeError),
    ],
)
def test_numbers_that_are_no_whole_seconds_are_refused(settings: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(settings))):
        DrainSettings(**settings)
