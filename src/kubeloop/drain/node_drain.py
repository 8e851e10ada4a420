"""`drain`: evict the pods of a node, and wait until they are deleted. `drain_machine` decides.

Reference: kubectl pkg/drain/drain.go and pkg/cmd/drain/drain.go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kubeloop import fields, labels
from kubeloop._kit import waiting
from kubeloop.drain.drain_error import DrainFailed, DrainRefused
from kubeloop.drain.drain_machine import DrainMachine
from kubeloop.drain.drain_plan import DrainPlan
from kubeloop.drain.drain_report import DrainReport, DrainStep, PodResult
from kubeloop.drain.drain_settings import DrainSettings
from kubeloop.drain.eviction_outcome import RETRY_PAUSE, error_text
from kubeloop.drain.node_scheduling import set_unschedulable
from kubeloop.drain.pod_filter import daemon_set_of, decide
from kubeloop.errors import APIError, Gone, KubeloopError, NotFound
from kubeloop.listwatch.reopen_or_raise import can_heal
from kubeloop.meta.times import format_duration

if TYPE_CHECKING:
    from kubeloop.clients.clientset import Clientset
    from kubeloop.drain.pod_filter import PodFilter
    from kubeloop.models import core_v1

__all__ = ["MAX_AT_ONCE", "drain"]

MAX_AT_ONCE = 32
"""The number of evictions that run at the same time."""

logger = logging.getLogger(__name__)


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
    pod_selector: str | labels.Selector | None = None,
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
        timeout: Seconds for the whole call. None means no limit.
        ignore_daemon_sets: Whether to continue if there are pods of DaemonSets.
        delete_empty_dir_data: Whether to evict pods with `emptyDir` volumes, whose data is lost.
        force: Whether to evict pods without a controller, which nothing creates again.
        pod_selector: A label selector of the pods to evict. None means all of them.
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
    if isinstance(pod_selector, str):
        labels.Selector.parse(pod_selector)
    deadline = None if not timeout else waiting.now() + timeout
    call = _Drain(clientset, node, settings, progress or _ignore, now)
    scope = asyncio.timeout_at(deadline)
    try:
        async with scope:
            plan, version = await call.prepare(pod_selector, pod_filters)
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise TimeoutError(f"the pods of node {node} could not be read within {timeout:g} s") from error
    results = [_kept(pod, decision.message) for pod, decision in plan.kept]
    if plan.evicted:
        results += await call.evict(plan.evicted, version, deadline, timeout or 0.0)
    report = DrainReport(node, results, plan.warnings, dry_run=dry_run)
    if report.failures:
        raise DrainFailed(report)
    call.report(DrainStep("drained", node, dry_run=dry_run))
    return report


class _Drain:
    """One call of `drain`."""

    def __init__(
        self,
        clientset: Clientset,
        node: str,
        settings: DrainSettings,
        report: Callable[[DrainStep], object],
        now: Callable[[], datetime],
    ) -> None:
        self._clientset = clientset
        self._node = node
        self._settings = settings
        self.report = report
        self._now = now
        self._changed = asyncio.Event()
        self._is_watched = asyncio.Event()
        self._eviction_version = ""
        self._machine = DrainMachine(node, (), settings)

    async def prepare(
        self, pod_selector: str | labels.Selector | None, pod_filters: Sequence[PodFilter]
    ) -> tuple[DrainPlan, str]:
        """Cordon the node, read its pods, and decide about each. Return the plan, and the version of the list.

        Raises:
            DrainRefused: A pod may not be evicted.
        """
        dry_run = self._settings.dry_run
        _, is_changed = await set_unschedulable(self._clientset, self._node, True, dry_run=dry_run)
        self.report(DrainStep("cordoned" if is_changed else "already cordoned", self._node, dry_run=dry_run))
        found = await self._list(pod_selector)
        owners = dict.fromkeys(owner for pod in found.items if (owner := daemon_set_of(pod)) is not None)
        faults = dict(zip(owners, await waiting.gather(map(self._fault_of, owners)), strict=True))
        known = {owner: fault for owner, fault in faults.items() if fault is not None}
        now = self._now()
        decisions = [(pod, decide(pod, self._settings, known, now, pod_filters)) for pod in found.items]
        plan = DrainPlan(tuple(decisions), tuple(found.unreadable))
        if plan.refusals:
            raise DrainRefused(self._node, plan.refusals)
        for text in plan.warnings:
            self.report(DrainStep("warning", self._node, message=text))
        if plan.evicted and self._settings.uses_eviction:
            self._eviction_version = await self._find_eviction()
            if not self._eviction_version:
                self._settings = self._settings.replace(uses_eviction=False)
        return plan, found.metadata.resource_version

    async def evict(
        self, pods: Sequence[core_v1.Pod], version: str, deadline: float | None, timeout: float
    ) -> list[PodResult]:
        """Evict or delete pods, wait until they are deleted, and return a result for each."""
        machine = self._machine = DrainMachine(self._node, pods, self._settings)
        try:
            async with asyncio.timeout_at(deadline), asyncio.TaskGroup() as group:
                watch = None if self._settings.dry_run else group.create_task(self._watch(version))
                for _ in range(min(len(pods), MAX_AT_ONCE)):
                    group.create_task(self._attempt_all())
                await self._until_finished()
                if watch is not None:
                    watch.cancel()
        except BaseExceptionGroup as group:
            # The function that reports progress has failed: its error says it all.
            raise group.exceptions[0] from None
        except TimeoutError:
            machine.end_all("timed out", f"global timeout reached: {format_duration(timedelta(seconds=timeout))}")
            self._tell()
        return machine.results

    async def _until_finished(self) -> None:
        """Wait until every pod has a result, and stop waiting for pods that have been terminating for too long."""
        machine = self._machine
        while not machine.is_finished:
            skip = machine.next_skip
            pause = None if skip is None else max(0.0, skip - self._now().timestamp())
            await self._wait_for_change(pause)
            machine.skip_overdue(self._now().timestamp())
            self._tell()

    async def _attempt_all(self) -> None:
        """Carry out attempts at their times, until no attempt is left for this task."""
        machine = self._machine
        if not self._settings.dry_run:
            await self._is_watched.wait()
        while (due := machine.next_attempt) is not None:
            pod = machine.take(waiting.now())
            if pod is None:
                await self._wait_for_change(due - waiting.now())
                continue
            self._tell()
            error = await self._attempt(pod)
            machine.attempted(pod.metadata.uid, error, waiting.now())
            self._tell()

    async def _attempt(self, pod: core_v1.Pod) -> Exception | None:
        """Evict or delete a pod, and return the error."""
        name, uid = pod.metadata.name, pod.metadata.uid
        pods = self._clientset.core_v1.pods(pod.metadata.namespace)
        grace, dry_run = self._settings.grace_period_seconds, self._settings.dry_run
        options: dict[str, Any] = {"preconditions": {"uid": uid}}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if dry_run:
            options["dryRun"] = ["All"]
        try:
            if self._settings.uses_eviction:
                body = {"apiVersion": self._eviction_version, "kind": "Eviction", "deleteOptions": options}
                await pods.eviction(name).create(body)
            else:
                await pods.delete(name, uid=uid, grace_period_seconds=grace, dry_run=dry_run)
        except KubeloopError as error:
            return error
        return None

    async def _watch(self, version: str) -> None:
        """Report changes and deletions of the node's pods to the machine. An error that lasts ends all pods."""
        try:
            while True:
                try:
                    await self._follow(version)
                except Gone:
                    version = await self._list_again()
        except KubeloopError as error:
            self._machine.end_all("failed", f"the pods of the node cannot be watched: {error_text(error)}")
            self._is_watched.set()
            self._tell()

    async def _follow(self, version: str) -> None:
        pods = self._clientset.core_v1.pods()
        async with pods.watch(field_selector=_on(self._node), resource_version=version) as events:
            self._is_watched.set()
            while True:
                for event in await events.batch():
                    if event.type == "DELETED":
                        self._machine.deleted(event.object.metadata.uid)
                    elif event.type in ("ADDED", "MODIFIED"):
                        self._machine.observed(event.object)
                self._tell()

    async def _list_again(self) -> str:
        """List the pods after events were lost, report them to the machine, and return the version of the list."""
        while True:
            await asyncio.sleep(RETRY_PAUSE)
            try:
                found = await self._list(None)
            except KubeloopError as error:
                if not can_heal(error):
                    raise
                logger.warning("drain of %s: %s; listing its pods again in %g s", self._node, error, RETRY_PAUSE)
                continue
            uids = {pod.metadata.uid for pod in found.items}
            self._machine.replaced(uids | {error.uid for error in found.unreadable.values()})
            for pod in found.items:
                self._machine.observed(pod)
            self._tell()
            return found.metadata.resource_version

    async def _list(self, pod_selector: str | labels.Selector | None) -> core_v1.PodList:
        pods = self._clientset.core_v1.pods()
        return await pods.list(field_selector=_on(self._node), label_selector=pod_selector)

    async def _fault_of(self, owner: tuple[str, str]) -> tuple[bool, str] | None:
        """Return whether a DaemonSet is missing, and why it cannot be read; None if it exists."""
        try:
            await self._clientset.apps_v1.daemon_sets(owner[0]).get(owner[1])
        except APIError as error:
            return isinstance(error, NotFound), error_text(error)
        return None

    async def _find_eviction(self) -> str:
        """Return the version of the evictions that the server supports; `""` if it supports none."""
        from kubeloop.models import meta_v1

        served = await self._clientset.rest.get("/api/v1", into=meta_v1.APIResourceList)
        for each in served.resources:
            if each.name == "pods/eviction" and each.kind == "Eviction" and each.group and each.version:
                return f"{each.group}/{each.version}"
        return ""

    async def _wait_for_change(self, seconds: float | None) -> None:
        """Wait until the machine has changed, or some seconds have passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _tell(self) -> None:
        """Report the new steps, and wake what waits for a change."""
        for step in self._machine.take_steps():
            if step.action == "retrying":
                logger.warning("drain of %s: %s", self._node, step.message)
            self.report(step)
        self._changed.set()
        self._changed = asyncio.Event()


def _on(node: str) -> str:
    return str(fields.equals("spec.nodeName", node))


def _kept(pod: core_v1.Pod, message: str) -> PodResult:
    metadata = pod.metadata
    return PodResult(metadata.namespace, metadata.name, metadata.uid, "kept", message)


def _ignore(_: DrainStep) -> None:
    """Report progress to nobody."""
