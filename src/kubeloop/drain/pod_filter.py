"""Which pods of a node are evicted, which stay, and which forbid to drain the node. Pure functions of pods.

Reference: kubectl pkg/drain/filters.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from kubeloop._kit.value import Value
from kubeloop.meta.owners import controller_of

if TYPE_CHECKING:
    from kubeloop.drain.drain_settings import DrainSettings
    from kubeloop.models import core_v1, meta_v1

__all__ = ["DaemonSetFaults", "PodDecision", "PodFilter", "daemon_set_of", "decide", "is_overdue", "skipped_at"]

_MIRROR = "kubernetes.io/config.mirror"
_FINISHED = ("Succeeded", "Failed")

DAEMON_SET = "DaemonSet-managed Pods (use ignore_daemon_sets=True to ignore)"
DAEMON_SET_IGNORED = "ignoring DaemonSet-managed Pods"
LOCAL_STORAGE = "Pods with local storage (use delete_empty_dir_data=True to override)"
LOCAL_STORAGE_DELETED = "deleting Pods with local storage"
UNMANAGED = "Pods that declare no controller (use force=True to override)"
UNMANAGED_DELETED = "deleting Pods that declare no controller"

DaemonSetFaults: TypeAlias = "Mapping[tuple[str, str], tuple[bool, str]]"
"""The DaemonSets, by namespace and name, that cannot be read: whether they are missing, and the error."""


class PodDecision(Value, frozen=True):
    """What happens to a pod of the node.

    Attributes:
        deletes: Whether the pod is evicted.
        reason: `"error"` if the node cannot be drained because of the pod, `"warning"` for a pod that needs attention,
            `"skip"` for a pod that stays silently.
        message: The class of pods that an error or a warning is about.
    """

    deletes: bool
    reason: Literal["okay", "skip", "warning", "error"] = "okay"
    message: str = ""


PodFilter: TypeAlias = "Callable[[core_v1.Pod], PodDecision]"
"""Decides about a pod that no other filter has kept."""

OKAY = PodDecision(True)
SKIP = PodDecision(False, "skip")


def decide(
    pod: core_v1.Pod,
    settings: DrainSettings,
    faults: DaemonSetFaults,
    now: datetime,
    more: Sequence[PodFilter] = (),
) -> PodDecision:
    """Return what happens to a pod. The first filter that keeps the pod decides, or the last one.

    Args:
        pod: The pod.
        settings: What the caller permits.
        faults: The DaemonSets that cannot be read.
        now: The wall-clock time.
        more: The caller's own filters, which come last.
    """
    filters: tuple[PodFilter, ...] = (
        lambda pod: SKIP if is_overdue(pod, settings.skip_wait_for_delete_timeout, now) else OKAY,
        lambda pod: _of_daemon_set(pod, settings, faults),
        lambda pod: SKIP if _MIRROR in pod.metadata.annotations else OKAY,
        lambda pod: _with_local_storage(pod, settings),
        lambda pod: _unmanaged(pod, settings),
    )
    decision = OKAY
    for each in (*filters, *more):
        decision = each(pod)
        if not decision.deletes:
            break
    return decision


def daemon_set_of(pod: core_v1.Pod) -> tuple[str, str] | None:
    """Return the namespace and name of the DaemonSet that has to exist for a pod, or None."""
    controller = controller_of(pod)
    if controller is None or not _is_daemon_set(controller) or pod.status.phase in _FINISHED:
        return None
    return pod.metadata.namespace, controller.name


def skipped_at(pod: core_v1.Pod, seconds: int | None) -> float | None:
    """Return the Unix time from which a pod that terminates is not awaited any more, or None."""
    deleted = pod.metadata.deletion_timestamp
    # kubectl compares whole seconds.
    return deleted.timestamp() + seconds + 1 if seconds and deleted is not None else None


def is_overdue(pod: core_v1.Pod, seconds: int | None, now: datetime) -> bool:
    """Return whether a pod has been terminating for longer than a number of seconds; None or 0 is no limit."""
    since = skipped_at(pod, seconds)
    return since is not None and now.timestamp() >= since


def _is_daemon_set(controller: meta_v1.OwnerReference) -> bool:
    return controller.kind == "DaemonSet" and controller.api_version == "apps/v1"


def _of_daemon_set(pod: core_v1.Pod, settings: DrainSettings, faults: DaemonSetFaults) -> PodDecision:
    owner = daemon_set_of(pod)
    if owner is None:
        return OKAY
    is_missing, error = faults.get(owner, (False, ""))
    if error:
        # Nothing creates the pod again.
        return PodDecision(True, "warning", error) if is_missing and settings.force else _error(error)
    return PodDecision(False, "warning", DAEMON_SET_IGNORED) if settings.ignore_daemon_sets else _error(DAEMON_SET)


def _with_local_storage(pod: core_v1.Pod, settings: DrainSettings) -> PodDecision:
    if pod.status.phase in _FINISHED or all(volume.empty_dir is None for volume in pod.spec.volumes):
        return OKAY
    if settings.delete_empty_dir_data:
        return PodDecision(True, "warning", LOCAL_STORAGE_DELETED)
    return _error(LOCAL_STORAGE)


def _unmanaged(pod: core_v1.Pod, settings: DrainSettings) -> PodDecision:
    if pod.status.phase in _FINISHED or controller_of(pod) is not None:
        return OKAY
    return PodDecision(True, "warning", UNMANAGED_DELETED) if settings.force else _error(UNMANAGED)


def _error(message: str) -> PodDecision:
    return PodDecision(False, "error", message)
