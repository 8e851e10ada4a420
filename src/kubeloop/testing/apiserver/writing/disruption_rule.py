"""Whether a PodDisruptionBudget allows the eviction of a pod, and what the eviction changes in its status.

Reference: k8s.io/kubernetes/pkg/registry/core/pod/storage/eviction.go; component-helpers apps/poddisruptionbudget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.errors import StatusCause, TooManyRequests
from kubeloop.meta.gvk import GroupResource
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, name_of, number_in, text_in
from kubeloop.wire import refusals

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.writing.moment import Moment

__all__ = [
    "after_disruption",
    "ignores_budgets",
    "is_ready",
    "may_be_evicted_unready",
    "still_processed",
    "with_allowed",
]

_MOST_DISRUPTED_PODS = 2000
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_CAUSE = "DisruptionBudget"


def ignores_budgets(pod: Document) -> bool:
    """Return whether the eviction of a pod disrupts nothing: it has ended, has not started, or is being deleted."""
    ended = text_in(pod, "status", "phase") in ("Succeeded", "Failed", "Pending")
    return ended or bool(text_in(pod, "metadata", "deletionTimestamp"))


def is_ready(pod: Document) -> bool:
    """Return whether a pod has the condition Ready, which is how budgets count healthy pods."""
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in list_in(pod, "status", "conditions")
    )


def may_be_evicted_unready(budget: Document) -> bool:
    """Return whether pods that are not ready may be evicted without counting as a disruption."""
    if text_in(budget, "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    desired = number_in(budget, "status", "desiredHealthy") or 0
    return (number_in(budget, "status", "currentHealthy") or 0) >= desired > 0


def still_processed(budget: Document) -> TooManyRequests:
    """Return the error for an eviction that has to wait for the controller of the budget."""
    text = f"The disruption budget {name_of(budget)} is still being processed by the server."
    return refusals.too_many_requests(_REFUSED, 10, [StatusCause(_CAUSE, text)])


def after_disruption(budget: Document, pod: str, moment: Moment) -> Document:
    """Return a budget of which one disruption has been used by a pod.

    Raises:
        TooManyRequests: The budget allows no disruption now, or its status is not up to date.
        Forbidden: The status of the budget is broken.
    """
    name = name_of(budget)
    status = mapping_in(budget, "status")
    if (number_in(status, "observedGeneration") or 0) < (number_in(budget, "metadata", "generation") or 0):
        raise still_processed(budget)
    allowed = number_in(status, "disruptionsAllowed") or 0
    disrupted = mapping_in(status, "disruptedPods")
    if allowed < 0:
        raise _broken(name, "pdb disruptions allowed is negative", "pdb disruptions allowed is negative")
    if len(disrupted) > _MOST_DISRUPTED_PODS:
        cause = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise _broken(name, cause, "too many pending evictions not confirmed by PDB controller")
    if allowed == 0:
        raise refusals.too_many_requests(_REFUSED, 0, [StatusCause(_CAUSE, _why_not(name, status))])
    status = {**status, "disruptionsAllowed": allowed - 1, "disruptedPods": {**disrupted, pod: moment.text}}
    return {**budget, "status": with_allowed(status, moment) if allowed == 1 else status}


def with_allowed(status: Document, moment: Moment) -> Document:
    """Return the status of a budget with the condition that says whether disruptions are allowed."""
    is_allowed = (number_in(status, "disruptionsAllowed") or 0) > 0
    reason = "SufficientPods" if is_allowed else "InsufficientPods"
    return _with_condition(status, "True" if is_allowed else "False", reason, "", moment)


def with_failed_sync(status: Document, message: str, moment: Moment) -> Document:
    """Return the status of a budget that cannot be computed, with the condition that says why."""
    return _with_condition(status, "False", "SyncFailed", message, moment)


def _with_condition(status: Document, value: str, reason: str, message: str, moment: Moment) -> Document:
    condition: Document = {
        "type": "DisruptionAllowed",
        "status": value,
        "lastTransitionTime": moment.text,
        "reason": reason,
        "message": message,
    }
    observed = number_in(status, "observedGeneration")
    if observed:
        condition["observedGeneration"] = observed
    old = list_in(status, "conditions")
    same = next((each for each in old if each.get("type") == condition["type"]), None)
    if same is None:
        return {**status, "conditions": [*old, condition]}
    if same.get("status") == value:
        condition["lastTransitionTime"] = same.get("lastTransitionTime")
    return {**status, "conditions": [condition if each is same else each for each in old]}


def _broken(name: str, cause: str, detail: str) -> Exception:
    text = f"The disruption budget {name} does not allow evicting pods currently: {detail}"
    resource = GroupResource("policy", "poddisruptionbudget")
    return refusals.forbidden(resource, name, cause, [StatusCause(_CAUSE, text)])


def _why_not(name: str, status: Document) -> str:
    conditions = list_in(status, "conditions")
    nothing: Document = {}
    condition = next((each for each in conditions if each.get("type") == "DisruptionAllowed"), nothing)
    message = text_in(condition, "message") if condition.get("status") == "False" else ""
    reason = text_in(condition, "reason")
    healthy, desired = (number_in(status, field) or 0 for field in ("currentHealthy", "desiredHealthy"))
    if message and reason == "SyncFailed":
        return f"The disruption budget {name} does not allow evicting pods currently because it failed sync: {message}"
    if healthy <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
    if message:
        return f"The disruption budget {name} does not allow evicting pods currently ({reason}): {message}"
    return f"The disruption budget {name} does not allow evicting pods currently"
