"""What a wait reports when its time is over: the objects that are missing, their last states and their newest events.

Events are read for a few objects and within a few seconds. A failure to read them is a part of the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop._kit.text import reason_of
from kubeloop.clients.object_events import event_time, events_of, references_in_events
from kubeloop.clients.wait.unmet_object import EventSummary, UnmetObject
from kubeloop.errors import WaitTimeout
from kubeloop.meta.keys import split_key
from kubeloop.meta.times import format_time
from kubeloop.models import core_v1

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.clients.wait.wait_loop import WaitLoop

__all__ = ["timeout_error"]

EVENTS_TIMEOUT = 3.0
"""Seconds for reading the events of all objects, after the timeout of the wait."""
_OBJECTS_WITH_EVENTS = 3
_EVENTS_PER_OBJECT = 3
_SHOWN_OBJECTS = 5


async def timeout_error(loops: Sequence[WaitLoop[Any]], awaited: str, timeout: float | None) -> WaitTimeout:
    """Return the error of a wait whose time is over.

    Args:
        loops: The loops of the wait, one per resource and namespace.
        awaited: What was awaited.
        timeout: The seconds that were waited; 0 for a wait that read once, whose report has no events.
    """
    missing: list[tuple[UnmetObject, _EventReader | None]] = []
    for loop in loops:
        for key, obj, last in loop.machine.unmet():
            namespace, name = split_key(key) if key else (loop.endpoint.namespace or "", "")
            unmet = UnmetObject(
                loop.endpoint.info.plural, namespace, name, last.text, last.status, last.reason, last.message
            )
            reader = _EventReader(loop, obj, namespace, name, loop.machine.uid_of(key)) if name else None
            missing.append((unmet, reader))
    readers = [reader for _, reader in missing if reader is not None][: _OBJECTS_WITH_EVENTS if timeout else 0]
    # The limit is that of each reader, so that one that hangs takes nothing from the others.
    found = dict(zip(readers, await waiting.gather(reader.read() for reader in readers), strict=True))
    objects = tuple(unmet if reader not in found else _with(unmet, found[reader]) for unmet, reader in missing)
    error = WaitTimeout(_message(objects, awaited, timeout), awaited=awaited, timeout=timeout, objects=objects)
    error.__cause__ = next((loop.last_error for loop in loops if loop.last_error is not None), None)
    return error


class _EventReader:
    """Reads the newest events about one object."""

    def __init__(self, loop: WaitLoop[Any], obj: Any, namespace: str, name: str, uid: str) -> None:
        self._rest = loop.endpoint.rest
        self._info = loop.endpoint.info
        self._obj = obj
        self._namespace = namespace
        self._name = name
        self._uid = uid

    async def read(self) -> list[core_v1.Event] | str:
        """Return the events, the newest last, or why they could not be read."""
        try:
            async with waiting.timeout(EVENTS_TIMEOUT):
                return await self._events()
        except Exception as error:  # the report is about something else, and must not fail
            return reason_of(error)

    async def _events(self) -> list[core_v1.Event]:
        references = [_reference(self._info, self._namespace, self._name, self._uid)]
        if self._obj is not None:
            references = references_in_events(self._obj)
        return (await events_of(self._rest, references))[-_EVENTS_PER_OBJECT:]


def _reference(info: ResourceInfo, namespace: str, name: str, uid: str) -> core_v1.ObjectReference:
    """Return the reference to an object of which no state is known."""
    values = {"api_version": str(info.group_version), "kind": info.kind, "namespace": namespace, "name": name}
    values["uid"] = uid
    return core_v1.ObjectReference(**{field: value for field, value in values.items() if value})


def _with(unmet: UnmetObject, found: list[core_v1.Event] | str) -> UnmetObject:
    if isinstance(found, str):
        return unmet.replace(events_error=found)
    return unmet.replace(events=tuple(_summary(event) for event in found))


def _summary(event: core_v1.Event) -> EventSummary:
    count = event.series.count if event.series is not None else event.count
    has_time = any((event.series, event.last_timestamp, event.event_time, event.first_timestamp))
    seen = format_time(event_time(event)) if has_time else ""
    return EventSummary(event.type, event.reason, event.message, max(count, 1), seen)


def _message(objects: Sequence[UnmetObject], awaited: str, timeout: float | None) -> str:
    begin = f"timed out after {timeout:g} s waiting for" if timeout else "not met:"
    states = [f"{unmet}: {unmet.state}" for unmet in objects[:_SHOWN_OBJECTS]]
    if len(objects) > _SHOWN_OBJECTS:
        states.append(f"and {len(objects) - _SHOWN_OBJECTS} more")
    newest = next((unmet.events[-1] for unmet in objects if unmet.events), None)
    told = f"; its newest event: {newest}" if newest is not None and len(objects) == 1 else ""
    return f"{begin} {awaited} of {'; '.join(states)}{told}"
