"""`drain`, `cordon` and `uncordon` with a server in the same process, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.drain import DrainFailed, DrainRefused, DrainStep, cordon, drain, uncordon
from kubeloop.drain.eviction_run import MAX_AT_ONCE
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, now
from tests.support.drained import kubelet, node, owned_by, pod_json, pod_on, seconds_ago

EMPTY_DIR = {"volumes": [{"name": "cache", "emptyDir": {}}]}
DAEMON = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "logs", "namespace": "default"},
    "spec": {"selector": {"matchLabels": {"a": "b"}}},
}
BUDGET = errors.TooManyRequests(
    errors.StatusDetails(
        code=429,
        reason="TooManyRequests",
        message="Cannot evict pod as it would violate the pod's disruption budget.",
    )
)


class Clients(kubeloop.Clientset):
    """A Clientset of a server without controllers, whose garbage collector would delete pods without owners."""

    def __init__(self, *objects: Any) -> None:
        self.api = APIServer(*objects, controllers=())
        super().__init__(self.api.config(), transport=self.api.transport())


def clientset(*pods: Any) -> Clients:
    return Clients(node(), *pods)


def lines(steps: list[DrainStep]) -> list[str]:
    return [str(step) for step in steps]


def sent(clients: Clients, verb: str, resource: str) -> list[Any]:
    return [each for each in clients.api.actions if (each.verb, each.resource) == (verb, resource)]


@in_virtual_time
async def test_a_node_is_cordoned_once_and_uncordoned() -> None:
    clients = clientset()
    assert (await cordon(clients, "n1")).spec.unschedulable is True
    assert (await cordon(clients, "n1")).spec.unschedulable is True
    assert (await uncordon(clients, "n1")).spec.unschedulable is False
    assert (await uncordon(clients, "n1", dry_run=True)).spec.unschedulable is False
    assert len([each for each in clients.api.actions if each.verb == "patch"]) == 2
    with pytest.raises(errors.NotFound):
        await cordon(clients, "n2")


@in_virtual_time
async def test_the_pods_of_the_node_are_evicted_and_their_deletion_is_awaited() -> None:
    clients = clientset(pod_on("a"), pod_on("b"), pod_on("c", node="n2"))
    steps: list[DrainStep] = []
    async with kubelet(clients, seconds=20):
        report = await drain(clients, "n1", progress=steps.append)
    assert elapsed() == pytest.approx(40, abs=1)  # this kubelet ends one pod after the other
    assert [(each.name, each.outcome, each.attempts) for each in report] == [("a", "evicted", 1), ("b", "evicted", 1)]
    assert lines(steps) == [
        "node/n1 cordoned",
        "evicting pod default/a",
        "evicting pod default/b",
        "pod/a evicted",
        "pod/b evicted",
        "node/n1 drained",
    ]
    assert str(report) == "node n1 drained\npod default/a evicted\npod default/b evicted"
    assert await clients.core_v1.pods("default").exists("c")
    assert (await clients.core_v1.nodes().get("n1")).spec.unschedulable


@in_virtual_time
async def test_one_watch_and_one_list_serve_all_pods() -> None:
    clients = clientset(*(pod_on(f"p{number}") for number in range(100)))
    async with kubelet(clients):
        clients.api.actions.clear()
        await drain(clients, "n1", grace_period_seconds=0)
    reads = [(each.verb, each.resource) for each in clients.api.actions if each.verb in ("get", "list", "watch")]
    assert sorted(each for each in reads if each[1] == "pods") == [("list", "pods"), ("watch", "pods")]


@in_virtual_time
async def test_a_limited_number_of_evictions_run_at_once() -> None:
    clients = clientset(*(pod_on(f"p{number}") for number in range(100)))
    running = most = 0

    async def count(_: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1

    clients.api.on("create", "pods/eviction").respond(count)
    report = await drain(clients, "n1", grace_period_seconds=0)
    assert len(report) == 100
    assert most == MAX_AT_ONCE


@in_virtual_time
async def test_refusals_name_all_pods_and_nothing_is_evicted() -> None:
    clients = clientset(
        DAEMON,
        pod_on("logs-x", owner=owned_by("DaemonSet", "logs")),
        pod_on("bare", owner={}),
        pod_on("cache", spec=EMPTY_DIR),
        pod_on("fine"),
    )
    with pytest.raises(DrainRefused) as caught:
        await drain(clients, "n1")
    assert sorted(caught.value.refusals) == [
        "cannot delete DaemonSet-managed Pods (use ignore_daemon_sets=True to ignore): default/logs-x",
        "cannot delete Pods that declare no controller (use force=True to override): default/bare",
        "cannot delete Pods with local storage (use delete_empty_dir_data=True to override): default/cache",
    ]
    assert str(caught.value).startswith("cannot drain node n1: cannot delete ")
    assert sent(clients, "create", "pods/eviction") == []
    assert (await clients.core_v1.nodes().get("n1")).spec.unschedulable, "kubectl leaves the node cordoned, too"


@in_virtual_time
async def test_what_the_caller_permits_is_evicted_with_warnings() -> None:
    clients = clientset(
        DAEMON,
        pod_on("logs-x", owner=owned_by("DaemonSet", "logs")),
        pod_on("bare", owner={}),
        pod_on("cache", spec=EMPTY_DIR),
        pod_on("mirror", owner={}, metadata={"annotations": {"kubernetes.io/config.mirror": "x"}}),
    )
    report = await drain(
        clients, "n1", ignore_daemon_sets=True, force=True, delete_empty_dir_data=True, grace_period_seconds=0
    )
    assert {each.name: each.outcome for each in report} == {
        "logs-x": "kept",
        "bare": "evicted",
        "cache": "evicted",
        "mirror": "kept",
    }
    assert sorted(report.warnings) == [
        "deleting Pods that declare no controller: default/bare",
        "ignoring DaemonSet-managed Pods: default/logs-x",
    ]
    assert len(sent(clients, "get", "daemonsets")) == 1


@in_virtual_time
async def test_an_orphan_of_a_daemon_set_needs_force() -> None:
    clients = clientset(pod_on("logs-x", owner=owned_by("DaemonSet", "logs")))
    with pytest.raises(DrainRefused, match=r'cannot delete daemonsets\.apps "logs" not found: default/logs-x'):
        await drain(clients, "n1", ignore_daemon_sets=True)
    report = await drain(clients, "n1", force=True, grace_period_seconds=0)
    assert [each.outcome for each in report] == ["evicted"]


@in_virtual_time
async def test_a_pod_that_cannot_be_read_forbids_the_drain() -> None:
    clients = clientset(pod_on("a"), {**pod_json("broken"), "status": {"phase": ["no", "text"]}})
    with pytest.raises(DrainRefused, match="cannot delete Pods that cannot be read: default/broken"):
        await drain(clients, "n1", force=True)


@in_virtual_time
async def test_a_budget_is_retried_every_five_seconds() -> None:
    clients = clientset(pod_on("a"), pod_on("b"))
    clients.api.on("create", "pods/eviction", nth=(1, 2), where=lambda each: each.name == "a").fail(BUDGET)
    steps: list[DrainStep] = []
    report = await drain(clients, "n1", grace_period_seconds=0, progress=steps.append)
    assert {each.name: each.attempts for each in report} == {"a": 3, "b": 1}
    assert elapsed() == pytest.approx(10, abs=0.1)
    assert (
        'error when evicting pods/"a" -n "default" (will retry after 5s): '
        "Cannot evict pod as it would violate the pod's disruption budget."
    ) in lines(steps)


@in_virtual_time
async def test_the_deadline_covers_retries_and_waiting_and_the_report_tells_what_is_left() -> None:
    clients = clientset(pod_on("budget"), pod_on("slow"), pod_on("fine"))
    clients.api.on("create", "pods/eviction", where=lambda each: each.name == "budget").fail(BUDGET)
    async with kubelet(clients, spared=["slow"]):
        with pytest.raises(DrainFailed) as caught:
            await drain(clients, "n1", timeout=30)
    assert elapsed() == pytest.approx(30, abs=0.1)
    report = caught.value.report
    assert {each.name: (each.outcome, each.message) for each in report} == {
        "fine": ("evicted", ""),
        "budget": ("timed out", 'error when evicting pods/"budget" -n "default": global timeout reached: 30s'),
        "slow": (
            "timed out",
            'error when waiting for pod "slow" in namespace "default" to terminate: global timeout reached: 30s',
        ),
    }
    assert str(report).startswith("node n1 not drained\n")
    assert {each.name for each in report.failures} == {"budget", "slow"}


@in_virtual_time
async def test_an_eviction_that_fails_for_good_fails_its_pod_only() -> None:
    clients = clientset(pod_on("a"), pod_on("b"))
    clients.api.on("create", "pods/eviction", where=lambda each: each.name == "a").fail(errors.InternalError)
    with pytest.raises(DrainFailed, match='error when evicting pods/"a" -n "default": ') as caught:
        await drain(clients, "n1", grace_period_seconds=0)
    assert {each.name: each.outcome for each in caught.value.report} == {"a": "failed", "b": "evicted"}


@in_virtual_time
async def test_a_later_pod_of_the_same_name_is_not_evicted() -> None:
    clients = clientset(pod_on("a"))
    pods = clients.core_v1.pods("default")

    async def replace(_: Any) -> None:
        """Delete the pod before the eviction arrives, and create it again on another node, as controllers do."""
        await pods.delete("a", grace_period_seconds=0)
        await pods.create({**pod_json("a", node="n2"), "metadata": {"name": "a"}})

    clients.api.on("create", "pods/eviction", nth=1).respond(replace)
    report = await drain(clients, "n1", timeout=60)
    assert [each.outcome for each in report] == ["evicted"]
    later = await pods.get("a")
    assert later.spec.node_name == "n2"
    assert later.metadata.deletion_timestamp is None


@in_virtual_time
async def test_a_pod_that_terminates_for_too_long_is_not_awaited() -> None:
    clients = clientset(
        pod_on("old", metadata={"deletionTimestamp": seconds_ago(100), "finalizers": ["x.dev/y"]}), pod_on("new")
    )
    steps: list[DrainStep] = []
    async with kubelet(clients, spared=["old", "new"]):
        report = await drain(
            clients, "n1", skip_wait_for_delete_timeout=40, progress=steps.append, now=now, grace_period_seconds=10
        )
    assert {each.name: each.outcome for each in report} == {"old": "kept", "new": "skipped"}
    assert 'pod "new" has DeletionTimestamp older than 40 seconds, skipping' in lines(steps)
    assert elapsed() == pytest.approx(51, abs=1), "ten seconds of grace, and more than forty later"


@in_virtual_time
async def test_pods_are_deleted_if_eviction_is_disabled_or_not_served() -> None:
    clients = clientset(pod_on("a"))
    steps: list[DrainStep] = []
    report = await drain(clients, "n1", disable_eviction=True, grace_period_seconds=0, progress=steps.append)
    assert [each.outcome for each in report] == ["deleted"]
    assert lines(steps)[1:3] == ["deleting pod default/a", "pod/a deleted"]
    assert sent(clients, "create", "pods/eviction") == []

    clients = clientset(pod_on("a"))
    nothing = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": []}
    clients.api.on("get", "/api/v1").respond(lambda _: nothing)
    report = await drain(clients, "n1", grace_period_seconds=0)
    assert [each.outcome for each in report] == ["deleted"]


@in_virtual_time
async def test_a_dry_run_changes_nothing_and_waits_for_nothing() -> None:
    clients = clientset(pod_on("a"))
    steps: list[DrainStep] = []
    report = await drain(clients, "n1", dry_run=True, progress=steps.append)
    assert lines(steps) == [
        "node/n1 cordoned (server dry run)",
        "evicting pod default/a (server dry run)",
        "pod/a evicted (server dry run)",
        "node/n1 drained (server dry run)",
    ]
    assert report.dry_run
    assert not (await clients.core_v1.nodes().get("n1")).spec.unschedulable
    assert (await clients.core_v1.pods("default").get("a")).metadata.deletion_timestamp is None


@in_virtual_time
async def test_a_selector_and_filters_of_the_caller_choose_pods() -> None:
    from kubeloop.drain import PodDecision

    clients = clientset(
        pod_on("a", metadata={"labels": {"app": "x"}}),
        pod_on("b", owner={}),
        pod_on("c", metadata={"labels": {"app": "x"}}),
    )

    def spare(pod: Any) -> PodDecision:
        return PodDecision(pod.metadata.name != "c", "okay", "spared")

    report = await drain(clients, "n1", pod_selector="app=x", pod_filters=[spare], grace_period_seconds=0)
    assert {each.name: (each.outcome, each.message) for each in report} == {
        "a": ("evicted", ""),
        "c": ("kept", "spared"),
    }
    with pytest.raises(ValueError, match="app in"):
        await drain(clients, "n1", pod_selector="app in")
    with pytest.raises(ValueError, match="expected 0 or more seconds or None as timeout, got -1"):
        await drain(clients, "n1", timeout=-1)


@in_virtual_time
async def test_a_node_without_pods_is_drained_with_three_requests() -> None:
    clients = clientset()
    report = await drain(clients, "n1")
    assert len(report) == 0
    assert repr(report) == "<DrainReport of n1: 0 pods, 0 failed>"
    assert [(each.verb, each.resource) for each in clients.api.actions] == [
        ("get", "nodes"), ("patch", "nodes"), ("list", "pods"),
    ]  # fmt: skip


@in_virtual_time
async def test_an_error_of_the_function_that_reports_progress_is_raised_as_it_is() -> None:
    clients = clientset(pod_on("a"))

    def fail(step: DrainStep) -> None:
        if step.action == "evicting":
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await drain(clients, "n1", progress=fail)


@in_virtual_time
async def test_a_cancelled_drain_leaves_no_task() -> None:
    clients = clientset(pod_on("a"))
    task = asyncio.create_task(drain(clients, "n1"))
    await asyncio.sleep(10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("error", [kubeloop.NotFound, errors.Gone, errors.ServiceUnavailable, errors.ConnectionLost])
@pytest.mark.parametrize("action", ["evicting", "evicted"])
@in_virtual_time
async def test_an_error_of_the_function_that_reports_progress_is_no_fault_of_the_watch(
    error: type[Exception], action: str
) -> None:
    mine = error("mine") if issubclass(error, errors.TransportError) else error(errors.StatusDetails(message="mine"))

    def progress(step: DrainStep) -> None:
        if step.action == action:
            raise mine

    with pytest.raises(error) as caught:
        await drain(clientset(pod_on("a"), pod_on("b")), "n1", grace_period_seconds=0, progress=progress)
    assert caught.value is mine
    assert len(asyncio.all_tasks()) == 1


@in_virtual_time
async def test_a_coroutine_function_is_refused_as_progress() -> None:
    async def progress(_: DrainStep) -> None: ...

    clients = clientset(pod_on("a"))
    with pytest.raises(TypeError, match="got a coroutine function, which nothing would await"):
        await drain(clients, "n1", progress=progress)
    assert not clients.api.actions.writes
