"""`LeaseRecord`: who leads, as a value; read from the `spec` of a Lease, and written into it.

Reference: client-go tools/leaderelection/resourcelock (interface.go, leaselock.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeloop._kit.value import Value
from kubeloop.objects.type_guards import is_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.unstructured import Unstructured

__all__ = ["LeaseRecord", "lease_with", "new_lease", "record_of"]


class LeaseRecord(Value, frozen=True):
    """The fields of a Lease that the election uses.

    Attributes:
        holder: The identity of the leader; `""` if the lease was released.
        duration: The seconds for which other candidates wait after they have seen a change of the record.
        acquire_time: When the holder became the leader, by its wall clock, as text of the API; None if absent.
        renew_time: When the holder renewed the lease last, in the same form.
        transitions: How often the leader has changed.
        strategy: The strategy of a coordinated election; `""` without coordination.
        preferred_holder: The candidate that a coordinated election prefers to the holder; `""` if there is none.

    Reference: client-go resourcelock.LeaderElectionRecord.
    """

    holder: str = ""
    duration: int = 0
    acquire_time: str | None = None
    renew_time: str | None = None
    transitions: int = 0
    strategy: str = ""
    preferred_holder: str = ""


def record_of(lease: Unstructured) -> LeaseRecord:
    """Return the record of a Lease. A field that is absent, or has another type than the API's, has its zero value."""
    spec = lease.get("spec")
    spec = spec if is_dict(spec) else {}
    return LeaseRecord(
        _text(spec, "holderIdentity"),
        _number(spec, "leaseDurationSeconds"),
        _text(spec, "acquireTime") or None,
        _text(spec, "renewTime") or None,
        _number(spec, "leaseTransitions"),
        _text(spec, "strategy"),
        _text(spec, "preferredHolder"),
    )


def new_lease(
    name: str, namespace: str, record: LeaseRecord, *, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Lease to create."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": _marked({"name": name, "namespace": namespace}, labels, annotations),
        "spec": _spec(record),
    }


def lease_with(
    lease: Unstructured, record: LeaseRecord, *, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Lease with another record, for an update.

    Everything that is neither a field of the record nor one of the labels and annotations stays as it is: those of
    others, owner references, and fields that a newer server has added.
    """
    data = lease.to_dict()
    spec = data.get("spec")
    kept = dict(spec) if is_dict(spec) else {}
    for optional in ("strategy", "preferredHolder"):
        kept.pop(optional, None)
    data["spec"] = kept | _spec(record)
    data["metadata"] = _marked(data["metadata"], labels, annotations)
    return data


def _marked(metadata: dict[str, Any], labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """Return metadata with more labels and annotations."""
    for name, added in (("labels", labels), ("annotations", annotations)):
        if added:
            metadata = {**metadata, name: {**(metadata.get(name) or {}), **added}}
    return metadata


def _spec(record: LeaseRecord) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "holderIdentity": record.holder,
        "leaseDurationSeconds": record.duration,
        "acquireTime": record.acquire_time,
        "renewTime": record.renew_time,
        "leaseTransitions": record.transitions,
    }
    if record.strategy:
        spec["strategy"] = record.strategy
    if record.preferred_holder:
        spec["preferredHolder"] = record.preferred_holder
    return spec


# The values of JSON data have any type.
def _text(spec: dict[str, Any], name: str) -> str:
    value = spec.get(name)
    return value if isinstance(value, str) else ""


def _number(spec: dict[str, Any], name: str) -> int:
    value = spec.get(name)
    # The API's numbers have 32 bits; a larger one may be beyond all floats.
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31 else 0
