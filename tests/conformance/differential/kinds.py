"""The kinds of the differential test: a smallest valid object of each, and changes that are valid.

The recorded defaults (`templates.json`) are made from the objects of this page by the real server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

__all__ = ["KINDS", "KindPlan"]

Object = dict[str, Any]
Change = Callable[[Object, Random], None]

_POD_SPEC: Object = {"containers": [{"name": "main", "image": "example.com/app:1"}]}
_TEMPLATE: Object = {"metadata": {"labels": {"app": "x"}}, "spec": _POD_SPEC}
_SELECTOR: Object = {"matchLabels": {"app": "x"}}
_IMAGES = ("example.com/app:1", "example.com/app:2", "example.com/app:3")


@dataclass(frozen=True)
class KindPlan:
    """What the sequences know of one kind.

    Attributes:
        kind: The kind.
        group_version: Its `apiVersion`.
        plural: The name of the resource.
        smallest: A smallest valid object without metadata.
        change: A valid change of an object that was read.
        status_change: A valid change for the status subresource; None if the kind has no status.
        is_namespaced: The scope.
        field_selectors: Field selectors that the server supports, besides those on names.
        strategic: A strategic merge patch that touches a list by its key; None if the kind has no such list.
    """

    kind: str
    group_version: str
    plural: str
    smallest: Mapping[str, Any]
    change: Change
    status_change: Change | None = None
    is_namespaced: bool = True
    field_selectors: tuple[str, ...] = ()
    strategic: Callable[[Random], Object] | None = None
    extra_versions: tuple[str, ...] = field(default=())

    @property
    def prefix(self) -> str:
        """The path of the group and version."""
        return f"/apis/{self.group_version}" if "/" in self.group_version else f"/api/{self.group_version}"

    def collection(self, namespace: str) -> str:
        """The path of the collection, in a namespace where the kind has one; `""` for all namespaces."""
        inside = f"/namespaces/{namespace}" if self.is_namespaced and namespace else ""
        return f"{self.prefix}{inside}/{self.plural}"


def _image(path: str) -> Change:
    def change(obj: Object, random: Random) -> None:
        spec = obj["spec"]
        for part in path.split("."):
            spec = spec[part] if part else spec
        spec["containers"][0]["image"] = random.choice(_IMAGES)

    return change


def _either(*changes: Change) -> Change:
    return lambda obj, random: random.choice(changes)(obj, random)


def _set(path: str, *values: Any) -> Change:
    """Set a member of a path to one of the values."""

    def change(obj: Object, random: Random) -> None:
        *parents, last = path.split(".")
        at = obj
        for part in parents:
            at = at.setdefault(part, {})
        at[last] = random.choice(values)

    return change


def _containers(path: str = "spec") -> Callable[[Random], Object]:
    def patch(random: Random) -> Object:
        body: Object = {"containers": [{"name": "main", "image": random.choice(_IMAGES)}]}
        for part in reversed(path.split(".")):
            body = {part: body}
        return body

    return patch


def _condition(kind: str) -> Change:
    def change(obj: Object, random: Random) -> None:
        obj.setdefault("status", {})["conditions"] = [
            {
                "type": kind,
                "status": random.choice(("True", "False")),
                "lastTransitionTime": "2026-01-02T03:04:05Z",
                "reason": random.choice(("A", "B")),
            }
        ]

    return change


def _replica_status(obj: Object, random: Random) -> None:
    count = random.randrange(1, 4)
    obj.setdefault("status", {}).update({"replicas": count, "observedGeneration": random.randrange(1, 3)})


KINDS: tuple[KindPlan, ...] = (
    KindPlan("ConfigMap", "v1", "configmaps", {"data": {"a": "1"}}, _set("data.b", "1", "2", "3")),
    KindPlan("Secret", "v1", "secrets", {"data": {"a": "MQ=="}}, _set("data.b", "MQ==", "Mg=="),
             field_selectors=("type=Opaque", "type=other", "type!=Opaque")),
    KindPlan("Pod", "v1", "pods", {"spec": _POD_SPEC}, _image(""),
             _either(_set("status.phase", "Running", "Succeeded", "Failed", "Pending"), _condition("Ready")),
             field_selectors=("spec.nodeName=", "status.phase=Running", "status.phase!=Running"),
             strategic=_containers()),
    KindPlan("Service", "v1", "services", {"spec": {"ports": [{"port": 80}], "selector": {"app": "x"}}},
             _either(_set("spec.selector.tier", "a", "b"), _set("spec.sessionAffinity", "None")),
             _condition("Ready"),
             strategic=lambda random: {"spec": {"selector": {"tier": random.choice("ab")}}}),
    KindPlan("ServiceAccount", "v1", "serviceaccounts", {}, _set("automountServiceAccountToken", True, False),
             strategic=lambda random: {"secrets": [{"name": random.choice("ab")}]}),
    KindPlan("PersistentVolumeClaim", "v1", "persistentvolumeclaims",
             {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
             _set("metadata.labels.tier", "a", "b"), _set("status.phase", "Pending", "Lost")),
    KindPlan("Event", "v1", "events", {"reason": "Tested", "message": "a", "type": "Normal"},
             _either(_set("message", "a", "b"), _set("count", 1, 2, 3)),
             field_selectors=("reason=Tested", "type!=Normal", "involvedObject.kind=Pod"),
             extra_versions=("events.k8s.io/v1",)),
    KindPlan("Deployment", "apps/v1", "deployments", {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
             _either(_set("spec.replicas", 1, 2, 3), _image("template.spec"), _set("spec.paused", True, False)),
             _replica_status, strategic=_containers("spec.template.spec")),
    KindPlan("StatefulSet", "apps/v1", "statefulsets",
             {"spec": {"selector": _SELECTOR, "template": _TEMPLATE, "serviceName": "x"}},
             _either(_set("spec.replicas", 1, 2, 3), _image("template.spec")), _replica_status,
             strategic=_containers("spec.template.spec")),
    KindPlan("Job", "batch/v1", "jobs",
             {"spec": {"template": {"spec": {**_POD_SPEC, "restartPolicy": "Never"}}, "suspend": True}},
             _set("spec.parallelism", 1, 2, 3), _set("status.active", 0)),
    KindPlan("CronJob", "batch/v1", "cronjobs",
             {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {
                 "template": {"spec": {**_POD_SPEC, "restartPolicy": "Never"}}}}}},
             _either(_set("spec.schedule", "* * * * *", "1 * * * *"), _set("spec.suspend", True, False)),
             _set("status.lastScheduleTime", "2026-01-02T03:04:05Z", "2026-01-02T03:05:05Z"),
             strategic=_containers("spec.jobTemplate.spec.template.spec")),
    KindPlan("Lease", "coordination.k8s.io/v1", "leases", {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}},
             _either(_set("spec.holderIdentity", "a", "b"), _set("spec.leaseTransitions", 1, 2))),
    KindPlan("Ingress", "networking.k8s.io/v1", "ingresses",
             {"spec": {"defaultBackend": {"service": {"name": "x", "port": {"number": 80}}}}},
             _set("spec.defaultBackend.service.name", "x", "y"),
             _set("status.loadBalancer", {"ingress": [{"ip": "10.1.2.3"}]}, {"ingress": [{"hostname": "a.example"}]})),
    KindPlan("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets",
             {"spec": {"minAvailable": 1, "selector": _SELECTOR}},
             _set("spec.minAvailable", 1, 2, "50%"),
             _set("status.disruptionsAllowed", 0, 1, 2)),
    KindPlan("Role", "rbac.authorization.k8s.io/v1", "roles",
             {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
             _set("rules", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}],
                  [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]}])),
    KindPlan("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers",
             {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"},
                      "maxReplicas": 3}},
             _either(_set("spec.maxReplicas", 3, 4), _set("spec.minReplicas", 1, 2)),
             _set("status.currentReplicas", 1, 2), extra_versions=("autoscaling/v1",)),
    KindPlan("Node", "v1", "nodes", {}, _set("spec.unschedulable", True, False), _condition("Ready"),
             is_namespaced=False, field_selectors=("spec.unschedulable=true",)),
    KindPlan("PriorityClass", "scheduling.k8s.io/v1", "priorityclasses", {"value": 10},
             _set("description", "a", "b"), is_namespaced=False),
)  # fmt: skip
"""The kinds of the sequences."""
