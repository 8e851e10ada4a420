"""Protobuf watch events: a message with the type, and the object in its envelope.

Reference: apimachinery pkg/apis/meta/v1/watch.go (WatchEvent), runtime.RawExtension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.wire.protobuf.read_message import guarded
from kubeloop.wire.protobuf.wire_format import LENGTH, fields_in, with_length
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent, error_event, unread_event

if TYPE_CHECKING:
    from kubeloop.models import meta_v1
    from kubeloop.wire.serializers.serializer import Serializer

__all__ = ["ProtobufEventDecoder", "event_message"]

T = TypeVar("T")
_TYPE, _OBJECT, _RAW = (number << 3 | LENGTH for number in (1, 2, 1))


def event_message(event_type: str, obj: bytes) -> bytes:
    """Return the message of an event, without its length.

    Args:
        event_type: The type of the event.
        obj: The object in its envelope.
    """
    return with_length(1, event_type.encode()) + with_length(2, with_length(1, obj))


class ProtobufEventDecoder(Generic[T]):
    """Decode the frames of a watch.

    Args:
        cls: The class of the objects: a kind that has a protobuf form.
        serializer: Reads the objects.
    """

    __slots__ = ("_cls", "_has_names", "_serializer")

    def __init__(self, cls: type[T], serializer: Serializer) -> None:
        self._cls = cls
        self._serializer = serializer
        self._has_names = hasattr(cls, "metadata")

    def decode(self, frame: bytes) -> WatchEvent[T | meta_v1.Status] | UnreadableEvent:
        """Read one frame; see `EventDecoder.decode`."""
        kind, body = guarded(_parts, frame)
        if kind == "ERROR":
            return error_event(self._serializer.status(body) or {})
        if not kind:
            raise DecodeError("watch event: it has no type")
        try:
            obj: Any = self._serializer.decode(body, self._cls)
            if self._has_names and not obj.metadata.name and kind != "BOOKMARK":
                raise DecodeError(f"{self._cls.__name__}: an object without a name")
        except DecodeError as problem:
            found = problem if isinstance(problem, Unreadable) else Unreadable(str(problem))
            return unread_event(self._cls, kind, found)
        return cast("WatchEvent[T | meta_v1.Status]", WatchEvent(type=kind, object=obj))


def _parts(frame: bytes) -> tuple[Any, bytes]:
    """Return the type and the object of an event; the type is Any, because a server may send an unknown one."""
    kind = body = b""
    for tag, start, stop in fields_in(frame, 0, len(frame)):
        if tag == _TYPE:
            kind = frame[start:stop]
        elif tag == _OBJECT:
            for inner, at, end in fields_in(frame, start, stop):
                if inner == _RAW:
                    body = frame[at:end]
    return kind.decode(), body
