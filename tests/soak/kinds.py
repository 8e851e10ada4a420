"""The resources of the run: 20 built-in kinds, two of them without namespaces, and a custom resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubeloop.meta.gvk import GroupVersion, GroupVersionResource
from kubeloop.models import (
    apps_v1,
    batch_v1,
    coordination_v1,
    core_v1,
    discovery_v1,
    meta_v1,
    networking_v1,
    policy_v1,
    scheduling_v1,
)
from kubeloop.objects.model import SEQ, Kind, KindList, Seq

__all__ = ["KINDS", "LABEL", "Resource", "body_of"]

LABEL = "soak"
"""The label of the objects of a run; its value is the name of the run."""

_POD = {"metadata": {"labels": {"app": "soak"}}, "spec": {"containers": [{"name": "main", "image": "example.com/a:1"}]}}
_ONCE = {**_POD, "spec": {**_POD["spec"], "restartPolicy": "Never"}}
_SELECTED = {"selector": {"matchLabels": {"app": "soak"}}, "template": _POD}


class Thing(Kind, api_version="test.kubeloop.dev/v1", kind="Thing", resource="things", namespaced=True):
    """A custom resource."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: Mapping[str, Any] = field(default_factory=dict[str, Any])


class ThingList(KindList, api_version="test.kubeloop.dev/v1", kind="ThingList", item=Thing):  # type: ignore[type-arg]
    """The list of these resources."""

    metadata: meta_v1.ListMeta = meta_v1.ListMeta()
    items: Seq[Thing] = SEQ


@dataclass(frozen=True)
class Resource:
    """A resource of the server.

    Attributes:
        plural: The plural of the resource.
        model: The class of its objects.
        content: The fields that its objects have besides their metadata.
        namespaced: Whether the objects have namespaces.
    """

    plural: str
    model: Any  # a class of kinds, each with another type of objects
    content: dict[str, Any]
    namespaced: bool = True

    @property
    def name(self) -> GroupVersionResource:
        """Group, version and plural."""
        return GroupVersion.parse(self.model.api_version).with_resource(self.plural)


KINDS = [
    Resource("pods", core_v1.Pod, {"spec": _ONCE["spec"]}),
    Resource("configmaps", core_v1.ConfigMap, {"data": {"a": "b" * 1000}}),
    Resource("secrets", core_v1.Secret, {"stringData": {"a": "b"}}),
    Resource("services", core_v1.Service, {"spec": {"clusterIP": "None"}}),
    Resource("serviceaccounts", core_v1.ServiceAccount, {}),
    Resource("events", core_v1.Event, {"reason": "Soak"}),
    Resource("podtemplates", core_v1.PodTemplate, {"template": _POD}),
    Resource("replicationcontrollers", core_v1.ReplicationController, {
        "spec": {"selector": {"app": "soak"}, "replicas": 0, "template": _POD},
    }),
    Resource("nodes", core_v1.Node, {}, namespaced=False),
    Resource("deployments", apps_v1.Deployment, {"spec": {"replicas": 0, **_SELECTED}}),
    Resource("statefulsets", apps_v1.StatefulSet, {"spec": {"replicas": 0, "serviceName": "a", **_SELECTED}}),
    Resource("daemonsets", apps_v1.DaemonSet, {"spec": _SELECTED}),
    Resource("replicasets", apps_v1.ReplicaSet, {"spec": {"replicas": 0, **_SELECTED}}),
    Resource("jobs", batch_v1.Job, {"spec": {"template": _ONCE}}),
    Resource("cronjobs", batch_v1.CronJob, {
        "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": _ONCE}}},
    }),
    Resource("leases", coordination_v1.Lease, {"spec": {"holderIdentity": "nobody"}}),
    Resource("endpointslices", discovery_v1.EndpointSlice, {"addressType": "IPv4", "endpoints": []}),
    Resource("networkpolicies", networking_v1.NetworkPolicy, {"spec": {"podSelector": {}}}),
    Resource("poddisruptionbudgets", policy_v1.PodDisruptionBudget, {
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "soak"}}},
    }),
    Resource("priorityclasses", scheduling_v1.PriorityClass, {"value": 1000}, namespaced=False),
    Resource("things", Thing, {"spec": {"size": 1, "color": "red"}}),
]  # fmt: skip
"""The resources. None of them has a finalizer, an expiry or a controller, so only the writers change objects."""


def body_of(resource: Resource, name: str, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return a new object of a resource."""
    body = {
        "apiVersion": resource.model.api_version,
        "kind": resource.model.kind,
        "metadata": {"name": name, "labels": dict(labels)},
        **resource.content,
    }
    if resource.plural == "events":
        body["involvedObject"] = {"kind": "Namespace", "namespace": namespace}
    return body
