"""What is special about writes to CertificateSigningRequests: who may change what, and the times of conditions.

Reference: k8s.io/kubernetes/pkg/registry/certificates/certificates/strategy.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, text_in
from kubeloop.testing.apiserver.writing.moment import Moment

__all__ = ["certificate_update_rules", "new_certificate_request"]

_USER = {"username": "system:admin", "groups": ["system:masters", "system:authenticated"]}
_USER_FIELDS = frozenset({"username", "uid", "groups", "extra"})


def new_certificate_request(request: Document, _moment: Moment) -> Document:
    """Return a new request of the server's only user, who may do everything."""
    spec = {field: value for field, value in mapping_in(request, "spec").items() if field not in _USER_FIELDS}
    return {**request, "spec": {**spec, **_USER}, "status": {}}


def certificate_update_rules() -> dict[str, Callable[[Document, Document, Moment], Document]]:
    """Return the rules of updates: metadata only; the status without verdicts; the verdicts."""
    return {"": _changed, "status": _changed_status, "approval": _changed_approval}


def _changed(new: Document, old: Document, _moment: Moment) -> Document:
    return {**new, "spec": old.get("spec", {}), "status": old.get("status", {})}


def _changed_status(new: Document, old: Document, moment: Moment) -> Document:
    conditions = list_in(new, "status", "conditions")
    for verdict in ("Approved", "Denied"):
        conditions = _with_known(conditions, list_in(old, "status", "conditions"), verdict)
    return _with_conditions(new, mapping_in(new, "status"), _timed(conditions, old, moment))


def _changed_approval(new: Document, old: Document, moment: Moment) -> Document:
    conditions = _timed(list_in(new, "status", "conditions"), old, moment)
    return _with_conditions(new, mapping_in(old, "status"), conditions)


def _with_conditions(new: Document, status: Document, conditions: list[Any]) -> Document:
    rest = {field: value for field, value in status.items() if field != "conditions"}
    return {**new, "status": {**rest, **({"conditions": conditions} if conditions else {})}}


def _with_known(conditions: list[Any], known: list[Any], verdict: str) -> list[Any]:
    stored = [each for each in known if text_in(each, "type") == verdict]
    if len(stored) != sum(text_in(each, "type") == verdict for each in conditions):
        return conditions
    remaining = iter(stored)
    return [next(remaining) if text_in(each, "type") == verdict else each for each in conditions]


def _timed(conditions: list[Any], old: Document, moment: Moment) -> list[Any]:
    known = {
        (each.get("type"), each.get("status")): each.get("lastTransitionTime")
        for each in reversed(list_in(old, "status", "conditions"))
        if each.get("lastTransitionTime")
    }
    return [
        {
            **each,
            "lastUpdateTime": each.get("lastUpdateTime") or moment.text,
            "lastTransitionTime": each.get("lastTransitionTime")
            or known.get((each.get("type"), each.get("status")), moment.text),
        }
        for each in conditions
    ]
