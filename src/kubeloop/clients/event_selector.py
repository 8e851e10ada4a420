"""`events_about`: the field selector of the events about an object.

Reference: client-go tools/events/helper.go (GetFieldSelector).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop import fields
from kubeloop.clients.object_reference import reference_to
from kubeloop.models import core_v1

if TYPE_CHECKING:
    from kubeloop.clients.object_reference import Referable
    from kubeloop.models import events_v1, events_v1beta1

__all__ = ["events_about"]


def events_about(
    obj: Referable, events: type[core_v1.Event | events_v1.Event | events_v1beta1.Event] = core_v1.Event
) -> fields.Selector:
    """Return the field selector of the events about an object, for `list` and `watch`.

        events = clientset.core_v1.events(pod.metadata.namespace)
        async for event in events.iterate(field_selector=events_about(pod)):
            print(event.reason, event.message)

    Every server has each event in all APIs, whichever API wrote it.

    Args:
        obj: The object. What it does not have, such as the uid of an `ObjectReference`, does not select.
        events: The class of the events that are read, which decides the names of the fields.

    Raises:
        TypeError: See `reference_to`.
        ValueError: See `reference_to`.

    Reference: client-go GetFieldSelector.
    """
    prefix = "involvedObject" if events is core_v1.Event else "regarding"
    reference = reference_to(obj)
    values = {
        "name": reference.name,
        "kind": reference.kind,
        "apiVersion": reference.api_version,
        "uid": reference.uid,
    }
    return fields.from_mapping({f"{prefix}.{name}": value for name, value in values.items() if value})
