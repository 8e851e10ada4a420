"""`drain`: evict the pods of a node, and wait until they are deleted. `eviction_run` carries the evictions out.

Reference: kubectl pkg/drain/drain.go and pkg/cmd/drain/drain.go.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeloop import labels
from kubeloop._kit import waiting
from kubeloop.clients.error_line import error_line
from kubeloop.drain.drain_error import DrainFailed, DrainRefused
from kubeloop.drain.drain_plan import DrainPlan
from kubeloop.drain.drain_report import DrainReport, DrainStep, PodResult
from kubeloop.drain.drain_settings import DrainSettings
from kubeloop.drain.eviction_run import EvictionRun, pods_on
from kubeloop.drain.node_scheduling import set_unschedulable
from kubeloop.drain.pod_filter import daemon_set_of, decide
from kubeloop.errors import APIError, NotFound

if TYPE_CHECKING:
    from kubeloop.clients.clientset import Clientset
    from kubeloop.drain.pod_filter import DaemonSetFaults, PodFilter
    from kubeloop.models import core_v1

__all__ = ["drain"]


def _wall_clock() -> datetime:
    return datetime.now(UTC)


async def drain(
    clientset: Clientset,
    node: str,
    *,
    grace_period_seconds: int | None = None,
    timeout: float | None = None,
    ignore_daemon_sets: bool = False,
    delete_empty_dir_data: bool = False,
    force: bool = False,
    pod_selector: labels.LabelSelection | None = None,
    pod_filters: Sequence[PodFilter] = (),
    disable_eviction: bool = False,
    skip_wait_for_delete_timeout: int | None = None,
    dry_run: bool = False,
    progress: Callable[[DrainStep], object] | None = None,
    now: Callable[[], datetime] = _wall_clock,
) -> DrainReport:
    """Mark a node as unschedulable, evict its pods, and wait until they are deleted.

    Pods of DaemonSets stay, and so do the mirror pods of a kubelet. An eviction that a disruption budget forbids is
    retried every five seconds. Only the pods that were on the node at the beginning are evicted: a later pod of the
    same name on another node is not touched.

    Args:
        clientset: Clients of the server.
        node: The name of the node.
        grace_period_seconds: Seconds that each pod gets to terminate. None means the time in the pod; 0 is at once.
        timeout: Seconds for the whole call. None and 0 mean no limit.
        ignore_daemon_sets: Whether to continue if there are pods of DaemonSets.
        delete_empty_dir_data: Whether to evict pods with `emptyDir` volumes, whose data is lost.
        force: Whether to evict pods without a controller, which nothing creates again.
        pod_selector: A label selector of the pods to evict, in any form. None means all of them.
        pod_filters: More filters, which come after those of kubectl.
        disable_eviction: Whether to delete pods instead of evicting them, which disregards disruption budgets.
        skip_wait_for_delete_timeout: Seconds; a pod that has been terminating for longer is not awaited. None means no
            limit.
        dry_run: Whether the server only validates every request.
        progress: Called with each step. `str(step)` is the line that kubectl prints.
        now: The wall clock, to which the deletion times of pods are compared.

    Returns:
        The result of each pod. All are evicted, kept or skipped.

    Raises:
        DrainRefused: A pod may not be evicted. No pod was.
        DrainFailed: A pod could not be evicted, or was not deleted in time; its `report` has all results.
        TimeoutError: The pods of the node could not be read in time.
        NotFound: There is no node of this name.
        TypeError: `progress` is a coroutine function.
        ValueError: A number is negative, or the selector is malformed.

    Concurrency: Leaving the call, also by cancellation, ends all its requests. A cancelled drain leaves the node
        cordoned, and another call continues.

    Reference: kubectl drain. Intended differences: one watch instead of polling every pod, so that the caller needs the
        permission to watch pods; evictions name the uid of their pod; brief faults of the network are retried.
    """
    settings = DrainSettings(
        ignore_daemon_sets=ignore_daemon_sets,
        delete_empty_dir_data=delete_empty_dir_data,
        force=force,
        grace_period_seconds=grace_period_seconds,
        skip_wait_for_delete_timeout=skip_wait_for_delete_timeout,
        dry_run=dry_run,
        uses_eviction=not disable_eviction,
    )
    if timeout is not None and timeout < 0:
        raise ValueError(f"expected 0 or more seconds or None as timeout, got {timeout:g}")
    if inspect.iscoroutinefunction(progress):
        raise TypeError("expected a plain function as progress, got a coroutine function, which nothing would await")
    if pod_selector is not None:
        pod_selector = labels.Selector.of(pod_selector)
    deadline = None if not timeout else waiting.now() + timeout
    report = progress or _ignore
    scope = asyncio.timeout_at(deadline)
    try:
        async with scope:
            await _cordon(clientset, node, report, dry_run=dry_run)
            found = await pods_on(clientset, node, pod_selector)
            faults = await _faults_of_owners(clientset, found.items)
            plan = _planned(found, settings, faults, now(), pod_filters)
            if plan.refusals:
                raise DrainRefused(node, plan.refusals)
            for text in plan.warnings:
                report(DrainStep("warning", node, message=text))
            version = ""
            if plan.evicted and settings.uses_eviction:
                version = await _version_of_evictions(clientset)
                settings = settings.replace(uses_eviction=bool(version))
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise TimeoutError(f"the pods of node {node} could not be read within {timeout:g} s") from error
    results = [_kept(pod, decision.message) for pod, decision in plan.kept]
    if plan.evicted:
        run = EvictionRun(clientset, node, plan.evicted, settings, eviction_version=version, report=report, now=now)
        results += await run.results(found.metadata.resource_version, deadline=deadline, timeout=timeout or 0.0)
    drained = DrainReport(node, results, plan.warnings, dry_run=dry_run)
    if drained.failures:
        raise DrainFailed(drained)
    report(DrainStep("drained", node, dry_run=dry_run))
    return drained


async def _cordon(clientset: Clientset, node: str, report: Callable[[DrainStep], object], *, dry_run: bool) -> None:
    _, is_changed = await set_unschedulable(clientset, node, True, dry_run=dry_run)
    report(DrainStep("cordoned" if is_changed else "already cordoned", node, dry_run=dry_run))


async def _faults_of_owners(clientset: Clientset, pods: Iterable[core_v1.Pod]) -> DaemonSetFaults:
    """Return the DaemonSets of pods that cannot be read."""
    faults: dict[tuple[str, str], tuple[bool, str]] = {}
    for owner in dict.fromkeys(owner for pod in pods if (owner := daemon_set_of(pod)) is not None):
        try:
            await clientset.apps_v1.daemon_sets(owner[0]).get(owner[1])
        except APIError as error:
            faults[owner] = isinstance(error, NotFound), error_line(error)
    return faults


def _planned(
    found: core_v1.PodList,
    settings: DrainSettings,
    faults: DaemonSetFaults,
    now: datetime,
    pod_filters: Sequence[PodFilter],
) -> DrainPlan:
    decisions = [(pod, decide(pod, settings, faults, now, pod_filters)) for pod in found.items]
    return DrainPlan(tuple(decisions), tuple(found.unreadable))


async def _version_of_evictions(clientset: Clientset) -> str:
    """Return the version of the evictions that the server supports; `""` if it supports none."""
    from kubeloop.models import meta_v1

    served = await clientset.rest.get("/api/v1", into=meta_v1.APIResourceList)
    for each in served.resources:
        if each.name == "pods/eviction" and each.kind == "Eviction" and each.group and each.version:
            return f"{each.group}/{each.version}"
    return ""


def _kept(pod: core_v1.Pod, message: str) -> PodResult:
    metadata = pod.metadata
    return PodResult(metadata.namespace, metadata.name, metadata.uid, "kept", message)


def _ignore(_: DrainStep) -> None:
    """Report progress to nobody."""
