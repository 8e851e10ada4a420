"""What is special about writes to pods: their first status, grace periods, conditions and subresources.

Reference: k8s.io/kubernetes/pkg/registry/core/pod (strategy.go, storage/storage.go).
"""

from __future__ import annotations

from typing import Any

from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, number_in, text_in
from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.quality_of_service import quality_of_service

__all__ = [
    "bind_pod",
    "first_pod_status",
    "keep_observed_generations",
    "pod_grace_period",
    "with_condition",
    "with_ephemeral_containers",
    "with_resources",
]

_ENDED = ("Failed", "Succeeded")


def first_pod_status(pod: Document, moment: Moment) -> Document:
    """Return the status of a new pod."""
    status: Document = {"phase": "Pending", "qosClass": quality_of_service(mapping_in(pod, "spec"))}
    if list_in(pod, "spec", "schedulingGates"):
        gated = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        }
        return with_condition(status, gated, moment)
    return status


def with_condition(status: Document, condition: Document, moment: Moment) -> Document:
    """Return a pod's status with a condition added, or changed if one of its type exists."""
    conditions = list_in(status, "conditions")
    old = next((each for each in conditions if each.get("type") == condition["type"]), None)
    new = {**condition, "lastProbeTime": None, "lastTransitionTime": moment.text}
    if old is None:
        return {**status, "conditions": [*conditions, new]}
    if old.get("status") == condition["status"]:
        new["lastTransitionTime"] = old.get("lastTransitionTime")
    new["lastProbeTime"] = old.get("lastProbeTime")
    return {**status, "conditions": [new if each is old else each for each in conditions]}


def pod_grace_period(pod: Document, requested: int | None) -> int:
    """Return the seconds for which a pod remains after its deletion: 0 if nothing runs."""
    if not text_in(pod, "spec", "nodeName") or text_in(pod, "status", "phase") in _ENDED:
        return 0
    period = number_in(pod, "spec", "terminationGracePeriodSeconds") or 0 if requested is None else requested
    return 1 if period < 0 else period


def keep_observed_generations(new: Document, old: Document) -> Document:
    """Return a changed status with what an older client leaves out: qosClass and observed generations."""
    kept = {
        field: old[field]
        for field in ("qosClass", "resourceClaimStatuses", "extendedResourceClaimStatus", "observedGeneration")
        if not new.get(field) and old.get(field)
    }
    generations: dict[str, list[Any]] = {}
    for condition in list_in(old, "conditions"):
        generations.setdefault(text_in(condition, "type"), []).append(condition.get("observedGeneration"))
    conditions: list[Any] = []
    for condition in list_in(new, "conditions"):
        known = generations.get(text_in(condition, "type"))
        generation = known.pop(0) if known else None
        keep = generation and not condition.get("observedGeneration")
        conditions.append({**condition, "observedGeneration": generation} if keep else condition)
    return {**new, **kept, **({"conditions": conditions} if conditions else {})}


def with_ephemeral_containers(new: Document, old: Document) -> Document:
    """Return the stored pod with the ephemeral containers of another one."""
    containers = list_in(new, "spec", "ephemeralContainers")
    return {**old, "spec": {**mapping_in(old, "spec"), "ephemeralContainers": containers}}


def with_resources(new: Document, old: Document) -> Document:
    """Return the stored pod with the resources and resize policies of another one that has the same containers.

    If the containers differ, the other pod is returned as it is, and the check of its spec refuses it.
    """
    spec, stored = mapping_in(new, "spec"), mapping_in(old, "spec")
    changed: Document = {}
    for part in ("containers", "initContainers"):
        ours, theirs = list_in(spec, part), list_in(stored, part)
        if [each.get("name") for each in ours] != [each.get("name") for each in theirs]:
            return new
        if theirs:
            changed[part] = [_resized(one, other) for one, other in zip(theirs, ours, strict=True)]
    resources = spec.get("resources") or stored.get("resources")
    return {**old, "spec": {**stored, **changed, **({"resources": resources} if resources else {})}}


def _resized(stored: Document, wanted: Document) -> Document:
    sizes = ("resources", "resizePolicy")
    kept = {field: value for field, value in stored.items() if field not in sizes}
    return {**kept, **{field: value for field, value in wanted.items() if field in sizes}}


def bind_pod(pod: Document, binding: Document, moment: Moment) -> Document:
    """Return a pod that is assigned to the node of a binding, with the binding's labels and annotations."""
    metadata = {**mapping_in(pod, "metadata")}
    for field in ("annotations", "labels"):
        added = mapping_in(binding, "metadata", field)
        if added:
            metadata[field] = {**mapping_in(metadata, field), **added}
    status = {field: value for field, value in mapping_in(pod, "status").items() if field != "nominatedNodeName"}
    scheduled = {"type": "PodScheduled", "status": "True"}
    return {
        **pod,
        "metadata": metadata,
        "spec": {**mapping_in(pod, "spec"), "nodeName": text_in(binding, "target", "name")},
        "status": with_condition(status, scheduled, moment),
    }
