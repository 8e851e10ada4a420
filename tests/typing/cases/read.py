"""Reading: Go's rule for None, frozen objects, exact types."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_type

from kubeloop.models import apps_v1, autoscaling_v1, core_v1, meta_v1, policy_v1, resource_v1


def read(pod: core_v1.Pod, deployment: apps_v1.Deployment) -> str:
    assert_type(pod.spec.node_name, str)
    assert_type(pod.spec.containers, Sequence[core_v1.Container])
    assert_type(pod.spec.containers[0].image, str)
    assert_type(pod.spec.termination_grace_period_seconds, int | None)
    assert_type(pod.spec.affinity, core_v1.Affinity | None)
    assert_type(pod.status.start_time, datetime | None)
    assert_type(pod.metadata.labels, Mapping[str, str])
    assert_type(pod.metadata.labels.get("a"), str | None)
    assert_type(pod.metadata.managed_fields, Sequence[meta_v1.ManagedFieldsEntry])
    assert_type(pod.spec.containers[0].resources.limits, Mapping[str, str])
    assert_type(pod.spec.containers[0].ports[0].container_port, int)
    assert_type(deployment.status.ready_replicas, int)
    assert_type(deployment.spec.replicas, int | None)
    assert_type(pod.kind, str)
    assert_type(pod.to_dict(), dict[str, Any])
    assert_type(core_v1.Pod.from_dict({}), core_v1.Pod)
    phase: str = pod.status.phase
    if pod.status.phase == "Running" and deployment.status.ready_replicas >= 1:
        phase = pod.status.phase
    match pod:
        case core_v1.Pod(status=core_v1.PodStatus(phase="Running")):
            return pod.metadata.name
        case _:
            return phase


def read_more(
    budget: policy_v1.PodDisruptionBudget,
    secret: core_v1.Secret,
    scale: autoscaling_v1.Scale,
    claim: resource_v1.ResourceClaim,
    pods: core_v1.PodList,
) -> None:
    assert_type(budget.status.disrupted_pods, Mapping[str, datetime | None])
    assert_type(budget.spec.min_available, int | str | None)
    assert_type(secret.data, Mapping[str, bytes])
    assert_type(scale.spec.replicas, int)
    assert_type(claim.metadata.name, str)
    assert_type(pods.items, Sequence[core_v1.Pod])
    assert_type(pods.metadata.continue_, str)
    assert_type([pod.metadata.name for pod in pods.items], list[str])
    assert_type([pod.metadata.name for pod in pods], list[str])
    assert_type(pods[0], core_v1.Pod)
    assert_type(pods[:2], Sequence[core_v1.Pod])
    assert_type(len(pods), int)


def wrong(pod: core_v1.Pod, deployment: apps_v1.Deployment) -> None:
    _a: int = deployment.spec.replicas  # error
    _b: bool | None = pod.spec.security_context.run_as_non_root  # error
    print(pod.spec.nodeName)  # error
    print(pod.spec.pod_ips)  # error


def frozen(pod: core_v1.Pod) -> None:
    pod.spec = core_v1.PodSpec()  # error
    pod.spec.node_name = "x"  # error
    pod.spec.containers.append(core_v1.Container())  # error
    pod.metadata.labels["a"] = "b"  # error
    pod.spec.containers[0] = core_v1.Container()  # error
    del pod.spec.node_name  # error: pyright (mypy does not know that a frozen attribute cannot be deleted)
