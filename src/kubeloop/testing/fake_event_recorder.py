"""`EventRecorder` of `kubeloop.testing.fake`: keeps events in memory, with assertions.

Reference: client-go tools/events/fake.go, tools/record/fake.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from kubeloop._kit.text import counted, safe_text
from kubeloop.clients.object_reference import Referable, reference_to
from kubeloop.models import core_v1
from kubeloop.record.occurrence import Occurrence, object_identity, occurrence_of

__all__ = ["EventRecorder"]


class EventRecorder:
    """A `Recorder` that keeps its events in memory, checks arguments as the real ones do, and asserts.

        recorder = fake.EventRecorder()
        book_ports(pod, recorder)
        recorder.assert_event(type="Warning", reason="NoFreePort", about=pod, note_contains="30000")

    Every call of `event` is kept: nothing is combined, filtered or dropped. It needs no event loop and no block;
    `async with` is possible, where a program enters the recorder that it is given.

    Reference: client-go events.FakeRecorder, record.FakeRecorder, which send texts to a channel.
    """

    def __init__(self) -> None:
        self._events: list[Occurrence] = []

    @property
    def events(self) -> tuple[Occurrence, ...]:
        """The events, in the order of the calls."""
        return tuple(self._events)

    def event(
        self,
        obj: Referable,
        type: Literal["Normal", "Warning"],
        reason: str,
        action: str,
        note: str,
        *,
        related: Referable | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Keep an event; see `Recorder.event`.

        Raises:
            TypeError: See `Recorder.event`.
            ValueError: See `Recorder.event`.
        """
        self._events.append(occurrence_of(obj, type, reason, action, note, related=related, annotations=annotations))

    def assert_event(
        self,
        *,
        type: Literal["Normal", "Warning"] | None = None,
        reason: str | None = None,
        action: str | None = None,
        about: Referable | None = None,
        related: Referable | None = None,
        note: str | None = None,
        note_contains: str | None = None,
        times: int | None = None,
    ) -> Occurrence:
        """Assert that there was an event that has everything that is given, and return the first of them.

        Args:
            type: The type.
            reason: The reason.
            action: The action.
            about: The object that the event is about; its version does not count.
            related: The second object.
            note: The whole note.
            note_contains: A part of the note.
            times: How many such events there were, at least 1; None for any number.

        Raises:
            AssertionError: There was no such event, or another number of them. The message lists what was recorded.
            ValueError: `times` is less than 1; see `assert_no_event`.
        """
        if times is not None and times < 1:
            raise ValueError(f"expected times of at least 1, got {times}; assert_no_event asserts that there is none")
        wanted = _Wanted(type, reason, action, about, related, note, note_contains)
        found = [event for event in self._events if wanted.is_met_by(event)]
        if not found or times not in (None, len(found)):
            number = "an event" if times is None else counted(times, "event")
            raise AssertionError(f"expected {number} with {wanted}, got {len(found)} of them; {self._listing()}")
        return found[0]

    def assert_no_event(
        self,
        *,
        type: Literal["Normal", "Warning"] | None = None,
        reason: str | None = None,
        action: str | None = None,
        about: Referable | None = None,
        related: Referable | None = None,
        note: str | None = None,
        note_contains: str | None = None,
    ) -> None:
        """Assert that there was no event that has everything that is given; without arguments, that there was none.

        Args:
            type: See `assert_event`.
            reason: See `assert_event`.
            action: See `assert_event`.
            about: See `assert_event`.
            related: See `assert_event`.
            note: See `assert_event`.
            note_contains: See `assert_event`.

        Raises:
            AssertionError: There was one. The message lists what was recorded.
        """
        wanted = _Wanted(type, reason, action, about, related, note, note_contains)
        found = sum(wanted.is_met_by(event) for event in self._events)
        if found:
            raise AssertionError(f"expected no event with {wanted}, got {found} of them; {self._listing()}")

    def clear(self) -> None:
        """Forget the events."""
        self._events.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    def _listing(self) -> str:
        if not self._events:
            return "nothing was recorded"
        lines = (f"  {number}. {_line(event)}" for number, event in enumerate(self._events, 1))
        return "\n".join(["recorded:", *lines])

    def __repr__(self) -> str:
        return f"<EventRecorder with {len(self._events)} events in memory>"


class _Wanted:
    """The fields that an event is to have; those that are None do not count."""

    def __init__(
        self,
        type: str | None,
        reason: str | None,
        action: str | None,
        about: Referable | None,
        related: Referable | None,
        note: str | None,
        note_contains: str | None,
    ) -> None:
        self._fields = {"type": type, "reason": reason, "action": action, "note": note}
        self._objects = {
            name: reference_to(obj) for name, obj in (("regarding", about), ("related", related)) if obj is not None
        }
        self._part = note_contains

    def is_met_by(self, event: Occurrence) -> bool:
        return (
            all(value is None or getattr(event, name) == value for name, value in self._fields.items())
            and all(_is_same(getattr(event, name), wanted) for name, wanted in self._objects.items())
            and (self._part is None or self._part in event.note)
        )

    def __str__(self) -> str:
        parts = [f"{name} {value!r}" for name, value in self._fields.items() if value is not None]
        parts += [f"{name} {_object_text(wanted)}" for name, wanted in self._objects.items()]
        parts += [] if self._part is None else [f"{self._part!r} in its note"]
        return ", ".join(parts) or "any content"


def _is_same(reference: core_v1.ObjectReference | None, wanted: core_v1.ObjectReference) -> bool:
    if reference is None:
        return False
    return object_identity(reference) == object_identity(wanted) and reference.field_path == wanted.field_path


def _line(event: Occurrence) -> str:
    related = "" if event.related is None else f", related to {_object_text(event.related)}"
    return safe_text(
        f"{event.type} {event.reason} {event.action}: {event.note!r}, about {_object_text(event.regarding)}{related}"
    )


def _object_text(reference: core_v1.ObjectReference) -> str:
    where = f"{reference.namespace}/" if reference.namespace else ""
    part = f" {reference.field_path}" if reference.field_path else ""
    uid = f" ({reference.uid})" if reference.uid else ""
    return f"{reference.kind} {where}{reference.name}{part}{uid}"
