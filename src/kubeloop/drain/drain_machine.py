"""DrainMachine: the states of the pods that leave a node. It decides, and `node_drain` carries out.

Times of attempts are those of the event loop; the times at which pods are skipped are wall-clock times, because
deletion timestamps are.

Reference: kubectl pkg/drain/drain.go, evictPods and waitForDelete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from kubeloop.clients.error_line import error_line
from kubeloop.drain.drain_report import DrainStep, PodResult
from kubeloop.drain.eviction_outcome import MAX_FAULTS, RETRY_PAUSE, Next, after_attempt
from kubeloop.drain.pod_filter import skipped_at
from kubeloop.errors import Forbidden
from kubeloop.wire.go_text import quoted

if TYPE_CHECKING:
    from kubeloop.drain.drain_report import PodOutcome
    from kubeloop.drain.drain_settings import DrainSettings
    from kubeloop.models import core_v1

__all__ = ["DrainMachine"]


class _Leaving:
    """A pod that leaves the node.

    Attributes:
        pod: Its newest known state.
        due: The time of the next attempt; None while an attempt runs, and after the last one.
        is_awaited: Whether the pod was evicted, so that its deletion is awaited.
        attempts: The number of attempts.
        faults: The faults of the connection or the server since the last other response.
    """

    __slots__ = ("attempts", "due", "faults", "is_awaited", "pod")

    def __init__(self, pod: core_v1.Pod) -> None:
        self.pod = pod
        self.due: float | None = 0.0
        self.is_awaited = False
        self.attempts = 0
        self.faults = 0


class DrainMachine:
    """The pods that leave a node, until each has a result.

    Args:
        node: The name of the node.
        pods: The pods that are to be evicted or deleted.
        settings: What the caller of `drain` wants.
    """

    def __init__(self, node: str, pods: Iterable[core_v1.Pod], settings: DrainSettings) -> None:
        self._node = node
        self._settings = settings
        self._leaving = {pod.metadata.uid: _Leaving(pod) for pod in pods}
        self._steps: list[DrainStep] = []
        self.results: list[PodResult] = []

    @property
    def is_finished(self) -> bool:
        """Whether every pod has a result."""
        return not self._leaving

    @property
    def next_attempt(self) -> float | None:
        """The time of the next attempt; None if there is none, except those that running ones may lead to."""
        return min((each.due for each in self._leaving.values() if each.due is not None), default=None)

    @property
    def next_skip(self) -> float | None:
        """The Unix time at which the next pod is not awaited any more; None if there is none."""
        limit = self._settings.skip_wait_for_delete_timeout
        times = (skipped_at(each.pod, limit) for each in self._leaving.values() if each.is_awaited)
        return min((time for time in times if time is not None), default=None)

    def take_steps(self) -> list[DrainStep]:
        """Return the steps since the last call."""
        steps, self._steps = self._steps, []
        return steps

    def take(self, now: float) -> core_v1.Pod | None:
        """Begin the attempt whose time passed first, and return its pod; None if all attempts are later."""
        due = [each for each in self._leaving.values() if each.due is not None and each.due <= now]
        if not due:
            return None
        chosen = min(due, key=lambda each: each.due or 0.0)
        chosen.due = None
        chosen.attempts += 1
        self._report("evicting" if self._settings.uses_eviction else "deleting", chosen.pod)
        return chosen.pod

    def attempted(self, uid: str, error: Exception | None, now: float) -> None:
        """Record the end of an attempt. A pod that the watch has reported as deleted meanwhile needs nothing more."""
        leaving = self._leaving.get(uid)
        if leaving is None:
            return
        pod = leaving.pod
        follows = after_attempt(
            error,
            pod.metadata.name,
            is_terminating=pod.metadata.deletion_timestamp is not None,
            uses_eviction=self._settings.uses_eviction,
        )
        leaving.faults = leaving.faults + 1 if follows is Next.RETRY_IF_BRIEF else 0
        if follows is Next.GONE:
            self.deleted(uid)
        elif follows is Next.AWAIT:
            leaving.is_awaited = True
            if self._settings.dry_run:
                self._end(uid, self._success)
        elif error is not None and (follows is Next.FAIL or leaving.faults > MAX_FAULTS):
            self._end(uid, "failed", f"{self._when_evicting(pod)}: {error_line(error)}")
        elif error is not None:
            leaving.due = now + RETRY_PAUSE
            self._report("retrying", pod, self._retry_text(pod, error))

    def observed(self, pod: core_v1.Pod) -> None:
        """Record a newer state of a pod."""
        leaving = self._leaving.get(pod.metadata.uid)
        if leaving is not None:
            leaving.pod = pod

    def deleted(self, uid: str) -> None:
        """Record that a pod does not exist any more."""
        if uid in self._leaving:
            self._end(uid, self._success)

    def replaced(self, uids: Collection[str]) -> None:
        """Record that only these pods exist: events were lost."""
        for uid in [uid for uid in self._leaving if uid not in uids]:
            self.deleted(uid)

    def skip_overdue(self, time: float) -> None:
        """Stop waiting for pods that have been terminating for too long at a Unix time."""
        limit = self._settings.skip_wait_for_delete_timeout
        for uid, leaving in list(self._leaving.items()):
            since = skipped_at(leaving.pod, limit) if leaving.is_awaited else None
            if since is not None and time >= since:
                name = quoted(leaving.pod.metadata.name)
                self._end(uid, "skipped", f"pod {name} has DeletionTimestamp older than {limit} seconds, skipping")

    def end_all(self, outcome: PodOutcome, text: str) -> None:
        """Record a result for all pods that have none, because of the deadline or an error of the watch."""
        for uid, leaving in list(self._leaving.items()):
            metadata = leaving.pod.metadata
            when = self._when_evicting(leaving.pod)
            if leaving.is_awaited:
                name, namespace = quoted(metadata.name), quoted(metadata.namespace)
                when = f"error when waiting for pod {name} in namespace {namespace} to terminate"
            self._end(uid, outcome, f"{when}: {text}")

    @property
    def _success(self) -> PodOutcome:
        return "evicted" if self._settings.uses_eviction else "deleted"

    def _when_evicting(self, pod: core_v1.Pod) -> str:
        verb = "evicting" if self._settings.uses_eviction else "deleting"
        return f"error when {verb} pods/{quoted(pod.metadata.name)} -n {quoted(pod.metadata.namespace)}"

    def _retry_text(self, pod: core_v1.Pod, error: Exception) -> str:
        when = self._when_evicting(pod)
        if isinstance(error, Forbidden):
            name, namespace = quoted(pod.metadata.name), quoted(pod.metadata.namespace)
            when = f"error when evicting pod {name} from terminating namespace {namespace}"
        return f"{when} (will retry after {RETRY_PAUSE:g}s): {error_line(error)}"

    def _end(self, uid: str, outcome: PodOutcome, message: str = "") -> None:
        leaving = self._leaving.pop(uid)
        metadata = leaving.pod.metadata
        self.results.append(
            PodResult(metadata.namespace, metadata.name, uid, outcome, message, attempts=leaving.attempts)
        )
        self._report(outcome, leaving.pod, message)

    def _report(self, action: str, pod: core_v1.Pod, message: str = "") -> None:
        metadata = pod.metadata
        step = DrainStep(action, self._node, metadata.namespace, metadata.name, message, dry_run=self._settings.dry_run)
        self._steps.append(step)

    def __repr__(self) -> str:
        awaited = sum(each.is_awaited for each in self._leaving.values())
        return f"<DrainMachine of {self._node}: {len(self._leaving)} pods left, {awaited} terminating>"
