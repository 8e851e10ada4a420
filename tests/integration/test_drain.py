"""Drains of nodes, compared with kubectl. Nodes are objects here: a task does what their kubelets would do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.drain import DrainFailed, DrainRefused, cordon, drain, uncordon
from kubeloop.models import core_v1, policy_v1
from kubeloop.testing import ControlPlaneError, Kubectl
from tests.support.drained import kubelet, owned_by
from tests.support.real_clientset import pod

FLAGS = {
    "--ignore-daemonsets": "ignore_daemon_sets=True",
    "--delete-emptydir-data": "delete_empty_dir_data=True",
    "--force": "force=True",
}

REFUSAL = re.compile(r"cannot delete .+?: [\w-]+/[\w-]+(?:, [\w-]+/[\w-]+)*")


@pytest_asyncio.fixture
async def node(clientset: kubeloop.Clientset, namespace: str) -> AsyncIterator[str]:
    """Create a node, and delete it at the end."""
    name = f"node-{namespace}"
    # A node that is not ready gets a taint, and its pods would be evicted by a controller if there was one.
    await clientset.core_v1.nodes().create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    try:
        yield name
    finally:
        await clientset.core_v1.nodes().delete(name)


async def place(clientset: kubeloop.Clientset, namespace: str, node: str, name: str, **fields: Any) -> core_v1.Pod:
    """Create a pod on a node; `owner`, `labels`, `annotations` and `volumes` are optional."""
    data = pod(name).to_dict()
    owner = fields.get("owner", owned_by())
    data["metadata"] |= {
        "labels": fields.get("labels", {}),
        "annotations": fields.get("annotations", {}),
        "ownerReferences": [owner] if owner else [],
    }
    data["spec"] |= {"volumes": fields.get("volumes", []), "nodeName": node}
    pods = clientset.core_v1.pods(namespace)
    created = await pods.create(data)
    if "phase" in fields:
        created = await pods.patch_status(name, {"status": {"phase": fields["phase"]}})
    return created


async def refusal_of_kubectl(kubectl: Kubectl, *arguments: str) -> str:
    """Run kubectl, which must fail, and return what it printed, with the keywords of `drain` for its flags."""
    with pytest.raises(ControlPlaneError) as caught:
        await kubectl.run(*arguments)
    text = str(caught.value)
    for flag, keyword in FLAGS.items():
        text = text.replace(flag, keyword)
    return text


async def daemon_set(clientset: kubeloop.Clientset, namespace: str) -> dict[str, Any]:
    """Create a DaemonSet that makes no pods, and return a reference to it."""
    labels = {"app": "logs"}
    container = {"name": "main", "image": "example.com/logs:1"}
    created = await clientset.apps_v1.daemon_sets(namespace).create(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "logs"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }
    )
    return {**owned_by("DaemonSet", "logs"), "uid": created.metadata.uid}


async def test_a_node_is_cordoned_and_uncordoned_as_kubectl_does(
    clientset: kubeloop.Clientset, kubectl: Kubectl, node: str
) -> None:
    assert (await cordon(clientset, node)).spec.unschedulable
    assert await kubectl.run("cordon", node) == f"node/{node} already cordoned\n"
    assert not (await uncordon(clientset, node)).spec.unschedulable
    assert await kubectl.run("uncordon", node) == f"node/{node} already uncordoned\n"
    assert await kubectl.run("cordon", node) == f"node/{node} cordoned\n"
    version = (await clientset.core_v1.nodes().get(node)).metadata.resource_version
    assert (await cordon(clientset, node)).metadata.resource_version == version
    assert not (await uncordon(clientset, node, dry_run=True)).spec.unschedulable
    assert (await clientset.core_v1.nodes().get(node)).spec.unschedulable


async def test_pods_are_evicted_with_the_lines_of_kubectl(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, node: str
) -> None:
    async def place_all() -> None:
        owner = await daemon_set(clientset, namespace)
        await place(clientset, namespace, node, "web-0")
        await place(clientset, namespace, node, "web-1")
        await place(clientset, namespace, node, "bare", owner=None)
        await place(clientset, namespace, node, "done", owner=None, phase="Succeeded")
        await place(clientset, namespace, node, "cache", volumes=[{"name": "c", "emptyDir": {}}])
        await place(clientset, namespace, node, "logs-x", owner=owner)

    await place_all()
    lines: list[str] = []
    async with kubelet(clientset):
        report = await drain(
            clientset,
            node,
            ignore_daemon_sets=True,
            delete_empty_dir_data=True,
            force=True,
            timeout=60,
            progress=lambda step: lines.append(str(step)),
        )
    assert {each.name: each.outcome for each in report} == {
        "web-0": "evicted",
        "web-1": "evicted",
        "bare": "evicted",
        "done": "evicted",
        "cache": "evicted",
        "logs-x": "kept",
    }
    assert [each.metadata.name for each in (await clientset.core_v1.pods(namespace).list()).items] == ["logs-x"]

    await clientset.core_v1.pods(namespace).delete("logs-x", grace_period_seconds=0)
    await clientset.apps_v1.daemon_sets(namespace).delete("logs")
    await uncordon(clientset, node)
    await place_all()
    async with kubelet(clientset):
        arguments = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s")
        printed = await kubectl.run("drain", node, *arguments)
    ours = [line for line in lines if not line.startswith("Warning: ")]
    assert sorted(ours) == sorted(printed.splitlines())
    assert (ours[0], ours[-1]) == (f"node/{node} cordoned", f"node/{node} drained")


async def test_refusals_are_those_of_kubectl(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, node: str
) -> None:
    owner = await daemon_set(clientset, namespace)
    await place(clientset, namespace, node, "logs-x", owner=owner)
    await place(clientset, namespace, node, "orphan", owner={**owner, "name": "missing"})
    await place(clientset, namespace, node, "bare-0", owner=None)
    await place(clientset, namespace, node, "bare-1", owner=None)
    await place(clientset, namespace, node, "cache", volumes=[{"name": "c", "emptyDir": {}}])
    await place(clientset, namespace, node, "fine")
    for arguments, options in (
        ((), {}),
        (("--force",), {"force": True}),
        (("--ignore-daemonsets",), {"ignore_daemon_sets": True}),
        (
            ("--delete-emptydir-data", "--ignore-daemonsets"),
            {"delete_empty_dir_data": True, "ignore_daemon_sets": True},
        ),
    ):
        with pytest.raises(DrainRefused) as caught:
            await drain(clientset, node, **options)
        theirs = await refusal_of_kubectl(kubectl, "drain", node, *arguments)
        assert set(REFUSAL.findall(theirs)) == set(caught.value.refusals)
    assert len((await clientset.core_v1.pods(namespace).list()).items) == 6


async def test_a_selector_and_a_dry_run_have_the_lines_of_kubectl(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, node: str
) -> None:
    await place(clientset, namespace, node, "a", labels={"app": "x"})
    await place(clientset, namespace, node, "b", owner=None)
    lines: list[str] = []
    await drain(clientset, node, pod_selector="app=x", dry_run=True, progress=lambda step: lines.append(str(step)))
    printed = await kubectl.run("drain", node, "--pod-selector=app=x", "--dry-run=server")
    # kubectl reports the end of an eviction only when it has waited for the deletion.
    assert [line for line in lines if not line.startswith("pod/a evicted")] == printed.splitlines()
    assert not (await clientset.core_v1.nodes().get(node)).spec.unschedulable
    assert len((await clientset.core_v1.pods(namespace).list()).items) == 2


async def test_a_budget_holds_a_pod_until_the_deadline(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, node: str
) -> None:
    await place(clientset, namespace, node, "web-0", labels={"app": "web"}, phase="Running")
    budgets = clientset.policy_v1.pod_disruption_budgets(namespace)
    budget = await budgets.create(
        policy_v1.PodDisruptionBudget.from_dict(
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": {"name": "web"},
                "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
            }
        )
    )
    status = {
        "observedGeneration": budget.metadata.generation,
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 1,
        "expectedPods": 1,
    }
    await budgets.patch_status("web", {"status": status})
    lines: list[str] = []
    with pytest.raises(DrainFailed) as caught:
        await drain(clientset, node, timeout=1, progress=lambda step: lines.append(str(step)))
    assert caught.value.report[0].outcome == "timed out"
    retried = (
        f'error when evicting pods/"web-0" -n "{namespace}" (will retry after 5s): '
        "Cannot evict pod as it would violate the pod's disruption budget."
    )
    assert retried in lines
    theirs = await refusal_of_kubectl(kubectl, "drain", node, "--timeout=1s")
    assert retried in theirs
    assert caught.value.report[0].message in theirs

    report = await drain(clientset, node, timeout=60, disable_eviction=True, grace_period_seconds=0)
    assert [each.outcome for each in report] == ["deleted"]


async def test_a_pod_that_does_not_end_is_told_and_then_skipped(
    clientset: kubeloop.Clientset, namespace: str, node: str
) -> None:
    await place(clientset, namespace, node, "web-0")
    with pytest.raises(DrainFailed, match='error when waiting for pod "web-0" in namespace'):
        await drain(clientset, node, timeout=2, grace_period_seconds=1)
    assert (await clientset.core_v1.pods(namespace).get("web-0")).metadata.deletion_timestamp is not None
    report = await drain(clientset, node, timeout=60, grace_period_seconds=1, skip_wait_for_delete_timeout=1)
    assert report[0].outcome in ("skipped", "kept")
    await clientset.core_v1.pods(namespace).delete("web-0", grace_period_seconds=0)


async def test_a_bound_pod_is_drained(clientset: kubeloop.Clientset, namespace: str, node: str) -> None:
    data = pod("web-0").to_dict()
    data["metadata"]["ownerReferences"] = [owned_by()]
    pods = clientset.core_v1.pods(namespace)
    await pods.create(data)
    await pods.binding("web-0").create(core_v1.Binding(target=core_v1.ObjectReference(kind="Node", name=node)))
    async with kubelet(clientset):
        report = await drain(clientset, node, timeout=60)
    assert [(each.name, each.outcome) for each in report] == [("web-0", "evicted")]
