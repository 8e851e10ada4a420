"""Waits and rollouts beside kubectl, on the same objects: the same outcomes, and the same lines."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.testing import ControlPlaneError, Kubectl
from tests.support.real_clientset import pod
from tests.support.workloads import WORKLOAD_STATES, client_of, required_status, workload

READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


async def succeeds(call: Awaitable[Any]) -> bool:
    try:
        await call
    except (errors.WaitTimeout, errors.NotFound, ValueError, ControlPlaneError):
        return False
    return True


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("condition=Ready", {"condition": "Ready"}),
        ("condition=ready=TRUE", {"condition": "ready=TRUE"}),
        ("condition=Ready=False", {"condition": "Ready=False"}),
        ("condition=Absent", {"condition": "Absent"}),
        ("condition=Old", {"condition": "Old"}),
        ("jsonpath={.status.phase}=Running", {"jsonpath": "{.status.phase}=Running"}),
        ("jsonpath=.status.phase='Running'", {"jsonpath": ".status.phase='Running'"}),
        ("jsonpath={.status.phase}=running", {"jsonpath": "{.status.phase}=running"}),
        ("jsonpath={.status.podIP}", {"jsonpath": "{.status.podIP}"}),
        ("jsonpath={.metadata.generation}=1", {"jsonpath": "{.metadata.generation}=1"}),
        ("jsonpath={.status.conditions}=x", {"jsonpath": "{.status.conditions}=x"}),
        ("jsonpath={.status.conditions[*].type}=x", {"jsonpath": "{.status.conditions[*].type}=x"}),
        (
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
            {"jsonpath": '{.status.conditions[?(@.type=="Ready")].status}=True'},
        ),
        ("create", {"for_create": True}),
        ("delete", {"for_delete": True}),
    ],
)
async def test_outcomes_are_those_of_kubectl(
    kubectl: Kubectl, clientset: kubeloop.Clientset, namespace: str, what: str, state: Any
) -> None:
    pods = clientset.core_v1.pods(namespace)
    await pods.create(pod("a"))
    old = {**READY, "type": "Old", "observedGeneration": 0}
    await pods.patch_status("a", {"status": {"conditions": [READY, old], "phase": "Running"}})
    unchecked: Any = pods
    for name in ("a", "absent") if what in ("condition=Ready", "create", "delete") else ("a",):
        # With 0 seconds, kubectl checks once; for a creation, it does not even do that.
        seconds = "0" if what != "create" else "10s" if name == "a" else "1s"
        theirs = await succeeds(
            kubectl.run("wait", "-n", namespace, f"--for={what}", f"--timeout={seconds}", f"pod/{name}")
        )
        assert await succeeds(unchecked.wait(name, **state, timeout=0)) is theirs, name


@pytest.mark.parametrize(
    ("kind", "status"), [(kind, status) for kind, found in WORKLOAD_STATES.items() for status in found]
)
async def test_the_lines_of_a_rollout_are_those_of_kubectl(
    kubectl: Kubectl, clientset: kubeloop.Clientset, namespace: str, kind: str, status: dict[str, Any]
) -> None:
    client = client_of(kind, clientset, namespace)
    await client.create(workload(kind))
    obj = await client.patch_status("web", {"status": {**required_status(kind), **status}})
    arguments = ("rollout", "status", "--watch=false", "-n", namespace, f"{kind}/web")
    theirs, refusal = "", ""
    try:
        theirs = await kubectl.run(*arguments)
    except ControlPlaneError as error:
        refusal = str(error)
    if refusal:
        with pytest.raises(errors.RolloutFailed) as caught:
            kubeloop.rollout_progress(obj)
        assert str(caught.value) in refusal
    else:
        assert f"{kubeloop.rollout_progress(obj).message}\n" == theirs


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
async def test_a_strategy_without_rollouts_is_refused_as_by_kubectl(
    kubectl: Kubectl, clientset: kubeloop.Clientset, namespace: str, kind: str
) -> None:
    await client_of(kind, clientset, namespace).create(workload(kind, "OnDelete"))
    text = "rollout status is only available for RollingUpdate strategy type"
    with pytest.raises(ControlPlaneError, match=text):
        await kubectl.run("rollout", "status", "--watch=false", "-n", namespace, f"{kind}/web")
    with pytest.raises(errors.RolloutFailed, match=text):
        await clientset.rollout_status(f"{kind}/web", namespace)
