"""How far the rollout of a Deployment, StatefulSet or DaemonSet is: `rollout_progress`, a plain function of the object.

Reference: kubectl pkg/polymorphichelpers/rollout_status.go.
"""

from __future__ import annotations

from typing import TypeAlias

from kubeloop._kit.value import Value
from kubeloop.errors import RolloutFailed
from kubeloop.models import apps_v1

__all__ = ["RolloutProgress", "Workload", "rollout_progress"]

Workload: TypeAlias = apps_v1.Deployment | apps_v1.StatefulSet | apps_v1.DaemonSet
"""What has rollouts."""

_REVISION = "deployment.kubernetes.io/revision"


class RolloutProgress(Value, frozen=True):
    """How far a rollout is.

    Attributes:
        message: The line that `kubectl rollout status` prints.
        is_done: Whether the rollout is complete.
    """

    message: str
    is_done: bool

    def __str__(self) -> str:
        return self.message


def rollout_progress(obj: Workload, *, revision: int | None = None) -> RolloutProgress:
    """Return how far a rollout is, from one state of its object.

        progress = rollout_progress(await clientset.apps_v1.deployments("default").get("web"))

    Args:
        obj: The object.
        revision: The revision of a Deployment that must be the current one; None for any.

    Raises:
        RolloutFailed: The rollout exceeded its progress deadline, the strategy has no rollouts (`OnDelete`), or the
            Deployment has another revision.
        TypeError: The object has no rollouts.
        ValueError: The revision is not positive.

    Reference: kubectl polymorphichelpers.StatusViewer.
    """
    if revision is not None and revision < 1:
        raise ValueError(f"expected a revision of 1 or more, got {revision!r}")
    if isinstance(obj, apps_v1.Deployment):
        return _of_deployment(obj, revision)
    if isinstance(obj, apps_v1.DaemonSet):
        return _of_daemon_set(obj)
    if isinstance(obj, apps_v1.StatefulSet):  # pyright: ignore[reportUnnecessaryIsInstance]
        return _of_stateful_set(obj)
    raise TypeError(f"expected a Deployment, a StatefulSet or a DaemonSet of apps/v1, got {type(obj).__name__}")


def _of_deployment(obj: apps_v1.Deployment, revision: int | None) -> RolloutProgress:
    name, status = obj.metadata.name, obj.status
    if revision is not None:
        current = (obj.metadata.annotations or {}).get(_REVISION, "")
        if current != str(revision):
            raise RolloutFailed(f'deployment "{name}": expected revision {revision}, got {current or "none yet"}')
    if obj.metadata.generation > status.observed_generation:
        return RolloutProgress("Waiting for deployment spec update to be observed...", is_done=False)
    progressing = next((each for each in status.conditions if each.type == "Progressing"), None)
    if progressing is not None and progressing.reason == "ProgressDeadlineExceeded":
        raise RolloutFailed(f'deployment "{name}" exceeded its progress deadline')
    begin, wanted, updated = (
        f'Waiting for deployment "{name}" rollout to finish:',
        obj.spec.replicas,
        status.updated_replicas,
    )
    if wanted is not None and updated < wanted:
        return RolloutProgress(f"{begin} {updated} out of {wanted} new replicas have been updated...", is_done=False)
    if status.replicas > updated:
        text = f"{begin} {status.replicas - updated} old replicas are pending termination..."
        return RolloutProgress(text, is_done=False)
    if status.available_replicas < updated:
        text = f"{begin} {status.available_replicas} of {updated} updated replicas are available..."
        return RolloutProgress(text, is_done=False)
    return RolloutProgress(f'deployment "{name}" successfully rolled out', is_done=True)


def _of_daemon_set(obj: apps_v1.DaemonSet) -> RolloutProgress:
    name, status = obj.metadata.name, obj.status
    _check_strategy(obj.spec.update_strategy.type, f'daemon set "{name}"')
    if obj.metadata.generation > status.observed_generation:
        return RolloutProgress("Waiting for daemon set spec update to be observed...", is_done=False)
    begin, wanted = f'Waiting for daemon set "{name}" rollout to finish:', status.desired_number_scheduled
    if status.updated_number_scheduled < wanted:
        text = f"{begin} {status.updated_number_scheduled} out of {wanted} new pods have been updated..."
        return RolloutProgress(text, is_done=False)
    if status.number_available < wanted:
        text = f"{begin} {status.number_available} of {wanted} updated pods are available..."
        return RolloutProgress(text, is_done=False)
    return RolloutProgress(f'daemon set "{name}" successfully rolled out', is_done=True)


def _of_stateful_set(obj: apps_v1.StatefulSet) -> RolloutProgress:
    status, strategy, wanted = obj.status, obj.spec.update_strategy, obj.spec.replicas
    _check_strategy(strategy.type, f'statefulset "{obj.metadata.name}"')
    if status.observed_generation == 0 or obj.metadata.generation > status.observed_generation:
        return RolloutProgress("Waiting for statefulset spec update to be observed...", is_done=False)
    if wanted is not None and status.ready_replicas < wanted:
        return RolloutProgress(f"Waiting for {wanted - status.ready_replicas} pods to be ready...", is_done=False)
    updated = status.updated_replicas
    if strategy.rolling_update is not None:
        partition = strategy.rolling_update.partition
        if wanted is not None and partition is not None and updated < wanted - partition:
            text = f"{updated} out of {wanted - partition} new pods have been updated..."
            return RolloutProgress(f"Waiting for partitioned roll out to finish: {text}", is_done=False)
        text = f"partitioned roll out complete: {updated} new pods have been updated..."
        return RolloutProgress(text, is_done=True)
    if status.update_revision != status.current_revision:
        text = f"{updated} pods at revision {status.update_revision}..."
        return RolloutProgress(f"waiting for statefulset rolling update to complete {text}", is_done=False)
    text = f"{status.current_replicas} pods at revision {status.current_revision}..."
    return RolloutProgress(f"statefulset rolling update complete {text}", is_done=True)


def _check_strategy(strategy: str, what: str) -> None:
    """Check that an object is rolled out by its controller.

    Raises:
        RolloutFailed: It is not.
    """
    if strategy != "RollingUpdate":
        problem = f"rollout status is only available for RollingUpdate strategy type, got {strategy or 'none'}"
        raise RolloutFailed(f"{problem}: {what}")
