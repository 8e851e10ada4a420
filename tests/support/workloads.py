"""Deployments, StatefulSets and DaemonSets that no controller runs, and the states of their rollouts."""

from __future__ import annotations

from typing import Any

import kubeloop
from kubeloop.models import apps_v1, core_v1, meta_v1

__all__ = ["WORKLOAD_STATES", "client_of", "required_status", "workload"]

_TEMPLATE = core_v1.PodTemplateSpec(
    metadata=meta_v1.ObjectMeta(labels={"app": "web"}),
    spec=core_v1.PodSpec(containers=[core_v1.Container(name="main", image="example.com/web:1")]),
)
WORKLOAD_STATES: dict[str, list[dict[str, Any]]] = {
    "deployment": [
        {},
        {"observedGeneration": 1, "replicas": 2},
        {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 2},
        {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1, "availableReplicas": 1},
        {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
        {"observedGeneration": 1, "replicas": 2, "conditions": [
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]},
    ],
    "statefulset": [
        {"replicas": 0},
        {"observedGeneration": 1, "replicas": 2, "readyReplicas": 1},
        {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 1,
         "updateRevision": "web-2", "currentRevision": "web-1"},
        {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2, "currentReplicas": 2,
         "updateRevision": "web-2", "currentRevision": "web-2"},
    ],
    "daemonset": [
        {},
        {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1},
        {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1},
        {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
    ],
}  # fmt: skip
_REQUIRED: dict[str, dict[str, Any]] = {
    "deployment": {},
    "statefulset": {"replicas": 0},
    "daemonset": {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0},
}


def required_status(kind: str) -> dict[str, Any]:
    """Return the fields without which the status of a kind is not valid."""
    return _REQUIRED[kind]


def workload(kind: str, strategy: str = "RollingUpdate") -> Any:
    """Return an object that has rollouts, of two replicas, without a namespace."""
    metadata = meta_v1.ObjectMeta(name="web", generation=1)
    selector = meta_v1.LabelSelector(match_labels={"app": "web"})
    if kind == "deployment":
        return apps_v1.Deployment(
            metadata=metadata, spec=apps_v1.DeploymentSpec(replicas=2, selector=selector, template=_TEMPLATE)
        )
    if kind == "statefulset":
        spec = apps_v1.StatefulSetSpec(
            replicas=2, selector=selector, template=_TEMPLATE, service_name="web",
            update_strategy=apps_v1.StatefulSetUpdateStrategy(type=strategy),
        )  # fmt: skip
        return apps_v1.StatefulSet(metadata=metadata, spec=spec)
    daemon = apps_v1.DaemonSetSpec(
        selector=selector, template=_TEMPLATE, update_strategy=apps_v1.DaemonSetUpdateStrategy(type=strategy)
    )
    return apps_v1.DaemonSet(metadata=metadata, spec=daemon)


def client_of(kind: str, clientset: kubeloop.Clientset, namespace: str) -> Any:
    """Return the client of a kind. Any: the clients of three kinds."""
    apps = clientset.apps_v1
    clients = {"deployment": apps.deployments, "statefulset": apps.stateful_sets, "daemonset": apps.daemon_sets}
    return clients[kind](namespace)
