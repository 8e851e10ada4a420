"""The events about an object: what `kubectl describe` shows below it, and `clientset.events_of` returns.

Reference: kubectl describe/describe.go (the searches for pods and nodes), cmd/events/events.go (eventTime).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeloop.clients.event_selector import events_about
from kubeloop.clients.object_reference import reference_to
from kubeloop.clients.resource_endpoint import ResourceEndpoint
from kubeloop.models import core_v1
from kubeloop.objects.model import Kind
from kubeloop.objects.type_guards import is_dict
from kubeloop.unstructured import Unstructured
from kubeloop.wire.options import list_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kubeloop.clients.object_reference import Referable
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.rest.client import RESTClient

__all__ = ["event_time", "events_of", "references_in_events"]

_MIRROR_POD = "kubernetes.io/config.mirror"
_NEVER = datetime.min.replace(tzinfo=UTC)


async def events_of(
    rest: RESTClient, references: Iterable[core_v1.ObjectReference], *, timeout: float | None = None
) -> list[core_v1.Event]:
    """Return the events about what any of the references names, the oldest first.

    Args:
        rest: Sends the requests.
        references: As `references_in_events` returns them.
        timeout: Seconds for each request; None takes the timeout of the config.
    """
    found: dict[str, core_v1.Event] = {}
    for reference in references:
        # The events about an object without a namespace may be in any; most programs write them to `default`.
        endpoint = ResourceEndpoint(rest, core_v1.Event, reference.namespace or None, spell=_spell)
        request = endpoint.request("GET", endpoint.collection, list_params({"field_selector": events_about(reference)}))
        read: core_v1.EventList = await rest.call(request, endpoint.list_model, timeout, is_list=True)
        for event in read.items:
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


def _spell(_: ResourceInfo, namespace: str) -> str:
    return f"clientset.core_v1.events({namespace})"


def _with_uid(reference: core_v1.ObjectReference, uid: str) -> core_v1.ObjectReference:
    draft = reference.draft()
    draft.uid = uid
    return draft.finish().after


def _annotations(obj: object) -> Mapping[str, str]:
    if isinstance(obj, Unstructured):
        found: object = obj.get_in("metadata", "annotations")
        return found if is_dict(found) else {}
    return getattr(getattr(obj, "metadata", None), "annotations", None) or {} if isinstance(obj, Kind) else {}
