"""The events about an object: what `kubectl describe` shows below it, and `clientset.events_of` returns.

Reference: kubectl describe/describe.go (the searches for pods and nodes), cmd/events/events.go (eventTime).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeloop.clients.event_selector import events_about
from kubeloop.clients.object_reference import reference_to
from kubeloop.models import core_v1
from kubeloop.objects.model import Kind
from kubeloop.objects.type_guards import is_dict
from kubeloop.unstructured import Unstructured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.clients.clientset import Clientset
    from kubeloop.clients.object_reference import Referable

__all__ = ["event_time", "events_of", "references_in_events"]

_MIRROR_POD = "kubernetes.io/config.mirror"
_NEVER = datetime.min.replace(tzinfo=UTC)


async def events_of(clientset: Clientset, obj: Referable, *, timeout: float | None = None) -> list[core_v1.Event]:
    """Return the events about an object, the oldest first. For the arguments see `Clientset.events_of`.

    Raises:
        TypeError: See `reference_to`.
        ValueError: See `reference_to`.
    """
    found: dict[str, core_v1.Event] = {}
    for reference in references_in_events(obj):
        # The events about an object without a namespace may be in any; most programs write them to `default`.
        events = clientset.core_v1.events(reference.namespace or None)
        async for event in events.iterate(field_selector=events_about(reference), timeout=timeout):
            found[f"{event.metadata.namespace}/{event.metadata.name}"] = event
    return sorted(found.values(), key=event_time)


def references_in_events(obj: Referable) -> list[core_v1.ObjectReference]:
    """Return the references by which events name an object: one for most kinds.

    The kubelet names a node with the name in place of the uid, and a static pod with the hash of its manifest, which an
    annotation of the mirror pod contains.
    """
    reference = reference_to(obj)
    kind = (reference.api_version, reference.kind)
    if kind == ("v1", "Node") and reference.uid and reference.uid != reference.name:
        return [reference, _with_uid(reference, reference.name)]
    if kind == ("v1", "Pod") and reference.uid:
        mirrored = _annotations(obj).get(_MIRROR_POD)
        if mirrored and isinstance(mirrored, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            return [_with_uid(reference, mirrored)]
    return [reference]


def event_time(event: core_v1.Event) -> datetime:
    """Return when an event last occurred, whichever recorder wrote it; the earliest time if the event has no time."""
    if event.series is not None and event.series.last_observed_time is not None:
        return event.series.last_observed_time
    return (
        event.last_timestamp or event.event_time or event.first_timestamp or event.metadata.creation_timestamp or _NEVER
    )


def _with_uid(reference: core_v1.ObjectReference, uid: str) -> core_v1.ObjectReference:
    draft = reference.draft()
    draft.uid = uid
    return draft.finish().after


def _annotations(obj: object) -> Mapping[str, str]:
    if isinstance(obj, Unstructured):
        found: object = obj.get_in("metadata", "annotations")
        return found if is_dict(found) else {}
    return getattr(getattr(obj, "metadata", None), "annotations", None) or {} if isinstance(obj, Kind) else {}
