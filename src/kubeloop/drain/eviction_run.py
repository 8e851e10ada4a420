"""EvictionRun: the tasks that evict or delete pods and wait until they are deleted. `drain_machine` decides.

Reference: kubectl pkg/drain/drain.go, evictPods, deletePods and waitForDelete.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kubeloop import fields, labels
from kubeloop._kit import waiting
from kubeloop.clients.error_line import error_line
from kubeloop.drain.drain_machine import DrainMachine
from kubeloop.drain.eviction_outcome import MAX_FAULTS, RETRY_PAUSE
from kubeloop.errors import Gone, KubeloopError
from kubeloop.listwatch.reopen_or_raise import can_heal
from kubeloop.meta.times import format_duration

if TYPE_CHECKING:
    from kubeloop.clients.clientset import Clientset
    from kubeloop.drain.drain_report import DrainStep, PodResult
    from kubeloop.drain.drain_settings import DrainSettings
    from kubeloop.models import core_v1

__all__ = ["MAX_AT_ONCE", "EvictionRun", "pods_on"]

MAX_AT_ONCE = 32
"""The number of evictions that run at the same time."""

logger = logging.getLogger(__name__)


async def pods_on(
    clientset: Clientset, node: str, pod_selector: labels.LabelSelection | None = None
) -> core_v1.PodList:
    """Read the pods of a node."""
    return await clientset.core_v1.pods().list(field_selector=_on(node), label_selector=pod_selector)


class EvictionRun:
    """The evictions of one drain: a few tasks carry attempts out, and one reads the watch of the node's pods.

    Args:
        clientset: Clients of the server.
        node: The name of the node.
        pods: The pods to evict or delete.
        settings: What the caller of `drain` wants.
        eviction_version: The apiVersion of evictions.
        report: Called with each step.
        now: The wall clock.
    """

    def __init__(
        self,
        clientset: Clientset,
        node: str,
        pods: Sequence[core_v1.Pod],
        settings: DrainSettings,
        *,
        eviction_version: str,
        report: Callable[[DrainStep], object],
        now: Callable[[], datetime],
    ) -> None:
        self._clientset = clientset
        self._node = node
        self._settings = settings
        self._eviction_version = eviction_version
        self._report = report
        self._now = now
        self._count = min(len(pods), MAX_AT_ONCE)
        self._machine = DrainMachine(node, pods, settings)
        self._changed = asyncio.Event()
        self._is_watched = asyncio.Event()
        self._report_error: Exception | None = None

    async def results(self, version: str, *, deadline: float | None, timeout: float) -> list[PodResult]:
        """Evict or delete the pods, wait until they are deleted, and return a result for each.

        Args:
            version: The resource version of the list that the pods are from.
            deadline: The time of the event loop at which waiting ends; None for no limit.
            timeout: The seconds that led to the deadline, for messages.
        """
        machine = self._machine
        try:
            async with asyncio.timeout_at(deadline), asyncio.TaskGroup() as group:
                calls = [self._attempt_all() for _ in range(self._count)]
                if not self._settings.dry_run:
                    calls.append(self._watch(version))
                tasks = [group.create_task(call) for call in calls]
                await self._until_finished()
                # The watch, and attempts for pods that the watch has reported as deleted.
                for task in tasks:
                    task.cancel()
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
        faults = 0
        try:
            while True:
                try:
                    await self._follow(version)
                except KubeloopError as error:
                    if error is self._report_error:
                        raise
                    # A watch that was open raises nothing else that can heal.
                    faults = 0 if isinstance(error, Gone) else faults + 1
                    if faults > MAX_FAULTS or not (isinstance(error, Gone) or can_heal(error)):
                        raise
                    logger.warning("drain of %s: %s; listing its pods in %g s", self._node, error, RETRY_PAUSE)
                version = await self._list_again()
        except KubeloopError as error:
            if error is self._report_error:
                raise
            self._machine.end_all("failed", f"the pods of the node cannot be watched: {error_line(error)}")
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
                found = await pods_on(self._clientset, self._node)
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
            try:
                self._report(step)
            except Exception as error:
                self._report_error = error  # no fault of the watch, if it is raised there
                raise
        self._changed.set()
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<EvictionRun of {self._node}: {self._machine!r}>"


def _on(node: str) -> str:
    return str(fields.equals("spec.nodeName", node))
