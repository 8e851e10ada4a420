"""The programs of the page on draining nodes run."""

from __future__ import annotations

import pytest

import kubeloop
from kubeloop.drain import DrainFailed, DrainRefused
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.drained import kubelet, node, owned_by, pod_on
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "drain.md"
DAEMON = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "logs", "namespace": "default"},
    "spec": {"selector": {"matchLabels": {"a": "b"}}},
}


def clientset(*objects: object) -> kubeloop.Clientset:
    return APIServer(node(), DAEMON, *objects, controllers=()).clientset()  # type: ignore[arg-type]


@in_virtual_time
async def test_a_node_is_maintained(capsys: pytest.CaptureFixture[str]) -> None:
    client = clientset(pod_on("web"), pod_on("logs-x", owner=owned_by("DaemonSet", "logs")))
    async with kubelet(client, seconds=2):
        await names_of(PAGE, "maintain")["maintain"](client, "n1")
    assert capsys.readouterr().out.splitlines() == [
        "node/n1 cordoned",
        "Warning: ignoring DaemonSet-managed Pods: default/logs-x",
        "evicting pod default/web",
        "pod/web evicted",
        "node/n1 drained",
        "node n1 drained",
        "Warning: ignoring DaemonSet-managed Pods: default/logs-x",
        "pod default/logs-x kept: ignoring DaemonSet-managed Pods",
        "pod default/web evicted",
    ]
    assert not (await client.core_v1.nodes().get("n1")).spec.unschedulable


@in_virtual_time
async def test_refusals_and_what_is_left_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    maintain = names_of(PAGE, "maintain")["maintain"]
    await maintain(clientset(pod_on("bare", owner={})), "n1")
    refusal = "cannot delete Pods that declare no controller (use force=True to override): default/bare"
    assert refusal in capsys.readouterr().out.splitlines()
    with pytest.raises(DrainFailed):
        await maintain(clientset(pod_on("slow")), "n1")
    assert elapsed() == pytest.approx(300, abs=1)
    assert "pod default/slow timed out: " in capsys.readouterr().out


@in_virtual_time
async def test_a_database_forbids_the_drain() -> None:
    drain_without_databases = names_of(PAGE, "drain_without_databases")["drain_without_databases"]
    database = pod_on("db", metadata={"labels": {"tier": "database"}})
    with pytest.raises(DrainRefused, match="cannot delete Pods of databases: default/db"):
        await drain_without_databases(clientset(pod_on("web"), database), "n1")
