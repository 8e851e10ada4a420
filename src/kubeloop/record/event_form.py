"""How each API writes events: the object that is created, the patch of its count, and the pause after a failure.

Reference: client-go tools/events (event_recorder.go, event_broadcaster.go), tools/record (event.go, events_cache.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from kubeloop._kit.backoff import jitter
from kubeloop.meta.times import format_micro_time, format_time
from kubeloop.models import core_v1, events_v1, meta_v1

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from kubeloop.clients.clientset import Clientset
    from kubeloop.record.recorded_event import RecordedEvent
    from kubeloop.wire.patch import PatchType

__all__ = ["CoreForm", "EventClient", "EventForm", "EventsV1Form"]

E = TypeVar("E")

_PAUSE = 10.0


class EventClient(Protocol[E]):
    """The verbs of a client of events that a recorder uses."""

    async def create(self, obj: E, /) -> E:
        """Create an event."""
        ...

    async def patch(self, name: str, patch: Mapping[str, Any], /, *, type: PatchType) -> E:
        """Change some fields of an event."""
        ...


class EventForm(Protocol[E]):
    """How one API writes events."""

    def client(self, namespace: str) -> EventClient[E]:
        """Return the client of the events of a namespace."""
        ...

    def object_of(self, event: RecordedEvent) -> E:
        """Return the object to create."""
        ...

    def patch_of(self, event: RecordedEvent) -> Mapping[str, Any]:
        """Return the strategic merge patch that updates the count of the object."""
        ...

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after the given number of failed attempts."""
        ...


class EventsV1Form:
    """How `events.k8s.io/v1` writes events.

    Args:
        clientset: Has the clients.
        controller: The reporting controller.
        instance: The reporting instance.
        random: The source of the jitter.

    Reference: client-go tools/events (makeEvent, createPatchBytesForSeries, attemptRecording).
    """

    def __init__(self, clientset: Clientset, controller: str, instance: str, random: Random) -> None:
        self._clientset = clientset
        self._controller = controller
        self._instance = instance
        self._random = random

    def client(self, namespace: str) -> EventClient[events_v1.Event]:
        """Return the client of the events of a namespace."""
        return self._clientset.events_v1.events(namespace)

    def object_of(self, event: RecordedEvent) -> events_v1.Event:
        """Return the object to create."""
        said = event.occurrence
        return events_v1.Event(
            metadata=meta_v1.ObjectMeta(name=event.name, namespace=event.namespace, annotations=said.annotations),
            event_time=event.first_time,
            reporting_controller=self._controller,
            reporting_instance=self._instance,
            action=said.action,
            reason=said.reason,
            regarding=said.regarding,
            related=said.related,
            note=said.note,
            type=said.type,
            series=None
            if event.count == 1
            else events_v1.EventSeries(count=event.count, last_observed_time=event.last_time),
        )

    def patch_of(self, event: RecordedEvent) -> Mapping[str, Any]:
        """Return the strategic merge patch that updates the count of the object."""
        return {"series": {"count": event.count, "lastObservedTime": format_micro_time(event.last_time)}}

    def pause(self, failures: int) -> float:  # noqa: ARG002 (all pauses are random)
        """Return the seconds to wait after the given number of failed attempts."""
        return jitter(_PAUSE, 0.25, self._random)


class CoreForm:
    """How core `v1` writes events.

    Args:
        clientset: Has the clients.
        component: The component of the source.
        host: The host of the source.
        random: The source of the jitter.

    Reference: client-go tools/record (makeEvent, eventObserve, recordToSink).
    """

    def __init__(self, clientset: Clientset, component: str, host: str, random: Random) -> None:
        self._clientset = clientset
        self._component = component
        self._host = host
        self._random = random

    def client(self, namespace: str) -> EventClient[core_v1.Event]:
        """Return the client of the events of a namespace."""
        return self._clientset.core_v1.events(namespace)

    def object_of(self, event: RecordedEvent) -> core_v1.Event:
        """Return the object to create."""
        said = event.occurrence
        return core_v1.Event(
            metadata=meta_v1.ObjectMeta(name=event.name, namespace=event.namespace, annotations=said.annotations),
            involved_object=said.regarding,
            reason=said.reason,
            message=said.note,
            source=core_v1.EventSource(component=self._component, host=self._host),
            first_timestamp=event.first_time,
            last_timestamp=event.last_time,
            count=event.count,
            type=said.type,
            action=said.action,
            related=said.related,
            reporting_component=self._component,
            reporting_instance=self._host,
        )

    def patch_of(self, event: RecordedEvent) -> Mapping[str, Any]:
        """Return the strategic merge patch that updates the count of the object."""
        message = {"message": event.occurrence.note} if event.occurrence.note else {}
        return {"count": event.count, "lastTimestamp": format_time(event.last_time), **message}

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after the given number of failed attempts."""
        # Only the first pause is random: it spreads the programs that lost the same server at the same time.
        return _PAUSE * self._random.random() if failures == 1 else _PAUSE
