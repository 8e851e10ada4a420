"""Evicting a pod: a deletion that a PodDisruptionBudget can refuse.

Reference: k8s.io/kubernetes/pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.errors import Conflict
from kubeloop.meta.gvk import GroupResource
from kubeloop.testing.apiserver.writing.creation import group_resource_of
from kubeloop.testing.apiserver.writing.deletion import check_preconditions, delete_object
from kubeloop.testing.apiserver.writing.disruption_rule import (
    after_disruption,
    ignores_budgets,
    is_ready,
    may_be_evicted_unready,
    still_processed,
)
from kubeloop.testing.apiserver.writing.document_parts import Document, mapping_in, text_in
from kubeloop.testing.apiserver.writing.label_selector import selector_of
from kubeloop.testing.apiserver.writing.plain_failure import plain_failure
from kubeloop.testing.apiserver.writing.pod_rule import with_condition
from kubeloop.testing.apiserver.writing.replacement import replace_object
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.wire import refusals
from kubeloop.wire.parse_options import DeleteOptions

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["evict_pod"]

_MANY = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


def evict_pod(writer: Writer, pods: ServedResource, namespace: str, name: str, request: DeleteOptions) -> None:
    """Delete a pod if the budgets allow it.

    Raises:
        NotFound: There is no such pod.
        TooManyRequests: A budget allows no disruption now.
        Forbidden: The status of the budget is broken.
        Conflict: The pod has another uid or resourceVersion.
        APIError: 500: the pod has more than one budget.
    """
    stored = writer.read(pods, namespace, name)
    if stored is None:
        raise refusals.not_found(group_resource_of(pods), name)
    pod = stored_document(stored, pods)
    if ignores_budgets(pod):
        _delete(writer, pods, pod, request)
        return
    budgets = writer.resources.of_storage("poddisruptionbudgets.policy")
    found = _budgets_of(writer, budgets, pod) if budgets else []
    if len(found) > 1:
        raise plain_failure(_MANY)
    if not found or budgets is None:
        _delete(writer, pods, pod, request)
        return
    budget = found[0]
    if not is_ready(pod) and may_be_evicted_unready(budget):
        try:
            _delete(writer, pods, pod, request)
        except Conflict:
            if request.resource_version is not None:
                raise
            raise still_processed(budget) from None
        return
    used = after_disruption(budget, name, writer.moment)
    if not writer.is_dry_run:
        replace_object(
            writer, budgets, namespace, text_in(budget, "metadata", "name"), lambda _: used, subresource="status"
        )
    _delete(writer, pods, pod, request)


def _budgets_of(writer: Writer, budgets: ServedResource, pod: Document) -> list[Document]:
    labels = mapping_in(pod, "metadata", "labels")
    page = writer.storage.range(budgets.stored_as, text_in(pod, "metadata", "namespace"))
    found: list[Document] = []
    for stored in page.items:
        budget = stored_document(stored, budgets)
        try:
            selector = selector_of(mapping_in(budget, "spec").get("selector"))
        except ValueError:  # a budget with an invalid selector selects nothing
            continue
        if selector.matches(labels):
            found.append(budget)
    return found


def _delete(writer: Writer, pods: ServedResource, pod: Document, request: DeleteOptions) -> None:
    """Add the condition DisruptionTarget to a pod, and delete the pod."""
    namespace, name = text_in(pod, "metadata", "namespace"), text_in(pod, "metadata", "name")
    if not writer.is_dry_run:
        check_preconditions(pod, GroupResource("", "Pod"), request)
        target = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
        }
        changed = {**pod, "status": with_condition(mapping_in(pod, "status"), target, writer.moment)}
        result = replace_object(writer, pods, namespace, name, lambda _: changed, subresource="status")
        if request.resource_version is not None:
            request = request.replace(resource_version=str(result.stored.revision))
    delete_object(writer, pods, namespace, name, request)
