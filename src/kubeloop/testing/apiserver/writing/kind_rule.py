"""What the server does to objects of certain kinds before it stores them, beyond the recorded facts.

Each rule gets documents and returns new ones. What holds for all kinds is in `preparation`.
Reference: the strategies of k8s.io/kubernetes/pkg/registry (PrepareForCreate, PrepareForUpdate).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from kubeloop._kit.value import Value
from kubeloop.testing.apiserver.writing.certificate_rule import certificate_update_rules, new_certificate_request
from kubeloop.testing.apiserver.writing.document_parts import Document, is_same, list_in, mapping_in, name_of, text_in
from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.namespace_rule import changed_namespace, labelled_namespace, new_namespace
from kubeloop.testing.apiserver.writing.pod_rule import (
    first_pod_status,
    keep_observed_generations,
    with_ephemeral_containers,
    with_resources,
)

__all__ = ["KindRule", "kind_rule_of"]

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"

Change = Callable[[Document, Document, Moment], Document]
"""The new document, the stored one and the time, to the document that is stored."""


def _as_it_is(document: Document, _moment: Moment) -> Document:
    return document


class KindRule(Value, frozen=True):
    """What is special about a kind.

    Attributes:
        create: Called with a new object, whose metadata is complete.
        updates: By subresource, `""` for the resource itself: called with the new and the stored object.
        keeps_status: Whether a create keeps the status of the client although the resource has the subresource.
        empty_status: The members that a status has even if nobody set them.
    """

    create: Callable[[Document, Moment], Document] = _as_it_is
    updates: Mapping[str, Change] = {}
    keeps_status: bool = False
    empty_status: Mapping[str, Any] = {}


def _new_pod(pod: Document, moment: Moment) -> Document:
    return {**pod, "status": first_pod_status(pod, moment)}


def _changed_pod_status(new: Document, old: Document, _moment: Moment) -> Document:
    return {**new, "status": keep_observed_generations(mapping_in(new, "status"), mapping_in(old, "status"))}


def _new_volume(volume: Document, moment: Moment) -> Document:
    return {**volume, "status": {"phase": "Pending", "lastPhaseTransitionTime": moment.text}}


def _changed_volume_status(new: Document, old: Document, moment: Moment) -> Document:
    status = mapping_in(new, "status")
    given, known = (text_in(each, "status", "lastPhaseTransitionTime") for each in (new, old))
    has_phase_changed = text_in(new, "status", "phase") != text_in(old, "status", "phase")
    if has_phase_changed and given in ("", known):
        return {**new, "status": {**status, "lastPhaseTransitionTime": moment.text}}
    if not has_phase_changed and not given and known:
        return {**new, "status": {**status, "lastPhaseTransitionTime": known}}
    return new


def _new_job(job: Document, _moment: Moment) -> Document:
    spec = mapping_in(job, "spec")
    if spec.get("manualSelector"):
        return job
    uid, name = text_in(job, "metadata", "uid"), name_of(job)
    template = mapping_in(spec, "template")
    metadata = mapping_in(template, "metadata")
    labels = {
        "job-name": name,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "batch.kubernetes.io/controller-uid": uid,
        **mapping_in(metadata, "labels"),
    }
    selector = mapping_in(spec, "selector")
    matched = {"batch.kubernetes.io/controller-uid": uid, **mapping_in(selector, "matchLabels")}
    template = {**template, "metadata": {**metadata, "labels": labels}}
    created = {**job, "spec": {**spec, "selector": {**selector, "matchLabels": matched}, "template": template}}
    metadata = mapping_in(job, "metadata")
    # The labels of the template are the default of those of the job, also when the server has added them.
    return created if metadata.get("labels") else {**created, "metadata": {**metadata, "labels": labels}}


def _new_daemon_set(daemon_set: Document, _moment: Moment) -> Document:
    return _with_template_generation(daemon_set, max(1, _template_generation(daemon_set)))


def _changed_daemon_set(new: Document, old: Document, _moment: Moment) -> Document:
    generation = _template_generation(old)
    is_changed = not is_same(mapping_in(new, "spec").get("template"), mapping_in(old, "spec").get("template"))
    return _with_template_generation(new, generation + is_changed)


def _template_generation(daemon_set: Document) -> int:
    text = text_in(daemon_set, "metadata", "annotations", _TEMPLATE_GENERATION)
    return int(text) if text.isascii() and text.isdigit() else 0


def _with_template_generation(daemon_set: Document, generation: int) -> Document:
    annotations = {**mapping_in(daemon_set, "metadata", "annotations"), _TEMPLATE_GENERATION: str(generation)}
    return {**daemon_set, "metadata": {**mapping_in(daemon_set, "metadata"), "annotations": annotations}}


def _new_secret(secret: Document, _moment: Moment) -> Document:
    texts = mapping_in(secret, "stringData")
    if not texts:
        return {field: value for field, value in secret.items() if field != "stringData"}
    written = {key: base64.b64encode((text or "").encode()).decode() for key, text in texts.items()}
    data = {**mapping_in(secret, "data"), **written}
    return {**{field: value for field, value in secret.items() if field != "stringData"}, "data": data}


def _changed_secret(new: Document, old: Document, moment: Moment) -> Document:
    secret = _new_secret(new, moment)
    return secret if secret.get("type") or not old.get("type") else {**secret, "type": old["type"]}


def _new_service_account(account: Document, _moment: Moment) -> Document:
    secrets = list_in(account, "secrets")
    names = [{"name": each["name"]} if each.get("name") else {} for each in secrets]
    return {**account, "secrets": names} if secrets else account


def _changed_service_account(new: Document, _old: Document, moment: Moment) -> Document:
    return _new_service_account(new, moment)


def _new_limit_range(limit_range: Document, moment: Moment) -> Document:
    if name_of(limit_range):
        return limit_range
    return {**limit_range, "metadata": {**mapping_in(limit_range, "metadata"), "name": moment.uid()}}


_RULES: dict[str, KindRule] = {
    "certificatesigningrequests.certificates.k8s.io": KindRule(new_certificate_request, certificate_update_rules()),
    "daemonsets.apps": KindRule(
        _new_daemon_set,
        {"": _changed_daemon_set},
        empty_status={
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        },
    ),
    "horizontalpodautoscalers.autoscaling": KindRule(empty_status={"desiredReplicas": 0, "currentMetrics": None}),
    "ingresses.networking.k8s.io": KindRule(empty_status={"loadBalancer": {}}),
    "jobs.batch": KindRule(_new_job),
    "limitranges": KindRule(_new_limit_range),
    "namespaces": KindRule(
        new_namespace,
        {"": changed_namespace, "finalize": labelled_namespace, "status": labelled_namespace},
    ),
    "nodes": KindRule(keeps_status=True),
    "persistentvolumeclaims": KindRule(empty_status={"phase": "Pending"}),
    "persistentvolumes": KindRule(_new_volume, {"status": _changed_volume_status}),
    "poddisruptionbudgets.policy": KindRule(
        empty_status={"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
    ),
    "pods": KindRule(
        _new_pod,
        {
            "status": _changed_pod_status,
            "ephemeralcontainers": lambda new, old, _moment: with_ephemeral_containers(new, old),
            "resize": lambda new, old, _moment: with_resources(new, old),
        },
    ),
    "replicasets.apps": KindRule(empty_status={"replicas": 0}),
    "replicationcontrollers": KindRule(empty_status={"replicas": 0}),
    "secrets": KindRule(_new_secret, {"": _changed_secret}),
    "serviceaccounts": KindRule(_new_service_account, {"": _changed_service_account}),
    "services": KindRule(empty_status={"loadBalancer": {}}),
    "statefulsets.apps": KindRule(empty_status={"replicas": 0, "availableReplicas": 0}),
    "volumeattachments.storage.k8s.io": KindRule(empty_status={"attached": False}),
}

_NO_RULE = KindRule()


def kind_rule_of(stored_as: str) -> KindRule:
    """Return what is special about a resource, which is named as it is stored: `deployments.apps`."""
    return _RULES.get(stored_as, _NO_RULE)
