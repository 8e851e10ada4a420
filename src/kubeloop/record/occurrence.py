"""`Occurrence`: what one call of `event` says, checked and shortened; `occurrence_of` creates it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubeloop._kit.value import Value
from kubeloop.clients.object_reference import reference_to
from kubeloop.meta.name_rules import label_key_faults
from kubeloop.models import core_v1
from kubeloop.objects.type_guards import is_mapping
from kubeloop.record.event_text import ACTION_BYTES, NOTE_BYTES, REASON_BYTES, cleaned, encodable, shortened

if TYPE_CHECKING:
    from collections.abc import Hashable

    from kubeloop.clients.object_reference import Referable

__all__ = ["Occurrence", "object_identity", "occurrence_of"]

_TYPES = ("Normal", "Warning")


class Occurrence(Value, frozen=True):
    """What one call of `event` says.

    Attributes:
        regarding: The object that the event is about.
        type: `"Normal"` or `"Warning"`.
        reason: Why the event is recorded.
        action: What the program did.
        note: A sentence for people.
        related: The second object; None if there is none.
        annotations: The annotations of the event.
    """

    regarding: core_v1.ObjectReference
    type: str
    reason: str
    action: str
    note: str
    related: core_v1.ObjectReference | None = None
    annotations: Mapping[str, str] = {}

    @property
    def title(self) -> str:
        """The type, the reason and the object, for log lines."""
        where = self.regarding
        return (
            f"{self.type} {self.reason} of {where.kind} {f'{where.namespace}/' if where.namespace else ''}{where.name}"
        )


def occurrence_of(
    obj: Referable,
    type: str,
    reason: str,
    action: str,
    note: str,
    *,
    related: Referable | None,
    annotations: Mapping[str, str] | None,
) -> Occurrence:
    """Return what a call of `event` says, with texts that the server accepts.

    Raises:
        TypeError: See `Recorder.event`.
        ValueError: See `Recorder.event`.
    """
    if type not in _TYPES:
        raise ValueError(f"expected the type 'Normal' or 'Warning' of an event, got {type!r}")
    return Occurrence(
        regarding=_named(reference_to(obj), "the event is about"),
        type=type,
        reason=_identifier(reason, "reason", REASON_BYTES, "FailedScheduling"),
        action=_identifier(action, "action", ACTION_BYTES, "Binding"),
        note=shortened(cleaned(_text(note, "note")), NOTE_BYTES, mark="…"),
        related=None if related is None else _named(reference_to(related), "the event relates to"),
        annotations={} if annotations is None else _annotations(annotations),
    )


def object_identity(reference: core_v1.ObjectReference) -> Hashable:
    """Return what distinguishes an object from others: no version and no field path."""
    return reference.kind, reference.namespace, reference.name, reference.uid, reference.api_version


def _named(reference: core_v1.ObjectReference, role: str) -> core_v1.ObjectReference:
    if not reference.kind:
        raise ValueError(f"the object that {role} has no kind: {reference!r}")
    if not reference.name:
        raise ValueError(
            f"the {reference.kind} that {role} has no name: create it first, and use the object that `create` returns"
        )
    return reference


def _identifier(text: str, what: str, limit: int, example: str) -> str:
    if not _text(text, what):
        raise ValueError(f"expected the {what} of an event, such as {example!r}, got an empty text")
    return shortened(cleaned(text), limit)


def _text(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"expected text as the {what} of an event, got {type(text).__name__}")
    return text


def _annotations(annotations: object) -> dict[str, str]:
    if not is_mapping(annotations):
        raise TypeError(f"expected a mapping as the annotations of an event, got {type(annotations).__name__}")
    checked: dict[str, str] = {}
    for key, value in annotations.items():
        faults = label_key_faults(_text(key, "key of an annotation"))
        if faults:
            raise ValueError(f"the annotation {key!r} of an event has no valid key: {'; '.join(faults)}")
        checked[key] = encodable(_text(value, f"annotation {key!r}"))
    return checked
