"""The status of PodDisruptionBudgets: how many of their pods are healthy, and how many may be evicted.

Reference: k8s.io/kubernetes/pkg/controller/disruption.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kubeloop.errors import APIError
from kubeloop.meta.int_or_string import scaled_int_or_percent
from kubeloop.testing.apiserver.controllers.expected_scale import expected_scale
from kubeloop.testing.apiserver.encoding.attribute import labels_of
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.writing.disruption_rule import is_ready, with_allowed, with_failed_sync
from kubeloop.testing.apiserver.writing.document_parts import (
    Document,
    is_same,
    mapping_in,
    name_of,
    number_in,
    text_in,
)
from kubeloop.testing.apiserver.writing.label_selector import selector_of
from kubeloop.testing.apiserver.writing.moment import seconds_of
from kubeloop.testing.apiserver.writing.replacement import replace_object
from kubeloop.testing.apiserver.writing.stored_form import stored_document

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Change
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["DisruptionBudgets"]

_BUDGETS = "poddisruptionbudgets.policy"
_DELETION_TIMEOUT = 120.0
"""For how long an evicted pod that is not deleted counts as disrupted."""


class DisruptionBudgets:
    """Keeps the status of budgets, one budget per step.

    Attributes:
        next_at: When a step is needed even if nothing has changed; None for never.
    """

    def __init__(self) -> None:
        self._budgets: dict[str, dict[Key, None]] = {}
        self._pending: dict[Key, None] = {}
        self._rechecks: dict[Key, float] = {}

    @property
    def next_at(self) -> float | None:
        """When a step is needed even if nothing has changed; None for never."""
        return min(self._rechecks.values(), default=None)

    def observe(self, change: Change) -> None:
        """Note a change of the storage."""
        key = change.key
        if key.resource == _BUDGETS:
            budgets = self._budgets.setdefault(key.namespace, {})
            if change.value is None:
                budgets.pop(key, None)
                self._pending.pop(key, None)
                self._rechecks.pop(key, None)
            else:
                budgets[key] = None
                self._pending[key] = None
        elif key.resource == "pods":
            self._pending.update(self._budgets.get(key.namespace, {}))

    def step(self, writer: Writer) -> bool:
        """Deal with one budget and return whether there was one."""
        due = [key for key, time in self._rechecks.items() if time <= writer.moment.now]
        for key in due:
            del self._rechecks[key]
            self._pending[key] = None
        if not self._pending:
            return False
        key = next(iter(self._pending))
        del self._pending[key]
        budgets = writer.resources.of_storage(_BUDGETS)
        stored = writer.storage.get(key)
        if budgets is not None and stored is not None:
            with suppress(APIError):
                self._sync(writer, budgets, key, stored_document(stored, budgets))
        return True

    def _sync(self, writer: Writer, budgets: ServedResource, key: Key, budget: Document) -> None:
        old = mapping_in(budget, "status")
        try:
            pods = _pods_of(writer, budget)
            expected, desired = _expected(writer, budget, pods)
        except ValueError as error:
            status = with_failed_sync({**old, "disruptionsAllowed": 0}, str(error), writer.moment)
        else:
            disrupted = self._disrupted(writer, key, budget, pods)
            healthy = sum(
                is_ready(pod) and not text_in(pod, "metadata", "deletionTimestamp") and name_of(pod) not in disrupted
                for pod in pods
            )
            allowed = max(0, healthy - desired) if expected > 0 else 0
            status = {
                **{field: value for field, value in old.items() if field in ("conditions",)},
                "disruptionsAllowed": allowed,
                "currentHealthy": healthy,
                "desiredHealthy": desired,
                "expectedPods": expected,
                "observedGeneration": number_in(budget, "metadata", "generation") or 0,
                **({"disruptedPods": disrupted} if disrupted else {}),
            }
            status = with_allowed(status, writer.moment)
        if not is_same(status, old):
            changed = {**budget, "status": status}
            replace_object(writer, budgets, key.namespace, key.name, lambda _: changed, subresource="status")

    def _disrupted(self, writer: Writer, key: Key, budget: Document, pods: list[Document]) -> dict[str, Any]:
        """Return the evicted pods that still have time to be deleted, and note when that time ends."""
        self._rechecks.pop(key, None)
        known = mapping_in(budget, "status", "disruptedPods")
        found: dict[str, Any] = {}
        for pod in pods:
            time = known.get(name_of(pod))
            if not time or text_in(pod, "metadata", "deletionTimestamp"):
                continue
            end = seconds_of(time) + _DELETION_TIMEOUT
            if end > writer.moment.now:
                found[name_of(pod)] = time
                self._rechecks[key] = min(end, self._rechecks.get(key, end))
        return found


def _pods_of(writer: Writer, budget: Document) -> list[Document]:
    resource = writer.resources.of_storage("pods")
    if resource is None:
        return []
    selector = selector_of(mapping_in(budget, "spec").get("selector"))
    page = writer.storage.range("pods", text_in(budget, "metadata", "namespace"))
    return [stored_document(stored, resource) for stored in page.items if selector.matches(labels_of(stored))]


def _expected(writer: Writer, budget: Document, pods: list[Document]) -> tuple[int, int]:
    """Return how many pods there should be, and how many of them must be healthy.

    Raises:
        ValueError: A number in the spec, or the controller of a pod, cannot be read.
    """
    spec = mapping_in(budget, "spec")
    most_unavailable, least_available = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most_unavailable is not None:
        expected = expected_scale(writer, pods)
        return expected, max(0, expected - scaled_int_or_percent(most_unavailable, expected, round_up=True))
    if isinstance(least_available, str):
        expected = expected_scale(writer, pods)
        return expected, scaled_int_or_percent(least_available, expected, round_up=True)
    return (len(pods), int(least_available)) if least_available is not None else (0, 0)
