"""JSON watch events: one document per event, with the members `type` and `object`.

Reference: apimachinery pkg/apis/meta/v1/watch.go (WatchEvent).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args

import msgspec

from kubeloop.errors import DecodeError
from kubeloop.objects.accepted_kinds import check_kind
from kubeloop.objects.json import decode as _decode
from kubeloop.objects.json import decode_errors as _decode_errors
from kubeloop.objects.json import decoder as _decoder
from kubeloop.objects.json import scan as json_scan
from kubeloop.objects.json import status_members
from kubeloop.unstructured import Unstructured
from kubeloop.wire.serializers.json_objects import metadata_readers, whole_object
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured, lazy_object
from kubeloop.wire.watch_events import EventType, UnreadableEvent, WatchEvent, error_event, unread_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.models import meta_v1

__all__ = ["JSONEventDecoder"]

T = TypeVar("T")


class _Frame(msgspec.Struct, gc=False):
    """The parts of a frame that is not read in one step."""

    object: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    type: str = ""
    kind: msgspec.Raw = msgspec.Raw()


_TYPES: dict[bytes, Any] = {kind.encode(): kind for kind in get_args(EventType)}
_usual_frame = re.compile(rb'\{"type":"(%b)","object":(\{.*\})\}[ \t\r\n]*+' % b"|".join(_TYPES), re.DOTALL).fullmatch


class JSONEventDecoder(Generic[T]):
    """Decode the frames of a watch, in one step each.

    Args:
        cls: The class of the objects: a Kind, or Unstructured.
    """

    __slots__ = ("_bookmarks", "_check", "_cls", "_decode", "_has_names", "_lazy_class", "_read")

    def __init__(self, cls: type[T]) -> None:
        self._cls = cls
        self._lazy_class: type[LazyUnstructured] | None = cls if issubclass(cls, LazyUnstructured) else None
        # Any: the class is known at run time only.
        wanted: Any = cls
        self._read: Callable[[bytes], Any] = partial(_decode.decode, cls=cls)
        if self._lazy_class is not None:
            wanted, self._read = msgspec.Raw, partial(lazy_object, cls=self._lazy_class)
        elif cls is Unstructured:
            wanted, self._read = dict[str, Any], whole_object
        self._decode: Callable[[bytes], Any] = _decoder.decoder(WatchEvent[wanted]).decode
        if wanted is msgspec.Raw:
            self._decode = _cut
        # Annotations of bookmarks have a meaning, and a class that drops fields may drop them.
        whole: type[T] | None = getattr(cls, "__plain__", None) if getattr(cls, "keep", ()) else None
        self._bookmarks = JSONEventDecoder(whole) if whole is not None else None
        self._check = check_kind
        self._has_names = issubclass(cls, Unstructured) or hasattr(cls, "metadata")

    def decode(self, frame: bytes) -> WatchEvent[T | meta_v1.Status] | UnreadableEvent:
        """Read one frame.

        Returns:
            The event. The object of an ERROR is a `meta_v1.Status` with what could be read of it; a frame that is a
            bare Status is such an event, too. A change of an object that cannot be read, that is of another kind or
            that has no name is an `UnreadableEvent`.

        Raises:
            DecodeError: The frame is not an event.
        """
        try:
            event = self._decode(frame)
            if event.type == "ERROR":
                return self._slowly(frame)
            if event.type == "BOOKMARK" and self._bookmarks is not None:
                return self._bookmarks.decode(frame)
            if self._cls is Unstructured:
                metadata = metadata_readers()[1](frame).object.metadata
                event = WatchEvent(type=event.type, object=Unstructured.owning(event.object, metadata))
            elif self._lazy_class is not None:
                event = WatchEvent(type=event.type, object=lazy_object(event.object, cls=self._lazy_class))
                metadata = event.object.metadata
            else:
                self._check(event.object)
                metadata = event.object.metadata if self._has_names else None
        except (DecodeError, msgspec.ValidationError, *_decode_errors.BROKEN) as error:
            return self._slowly(frame, error)
        if metadata is not None and not metadata.name and event.type != "BOOKMARK":
            return self._slowly(frame)
        return cast("WatchEvent[T | meta_v1.Status]", event)

    def _slowly(self, frame: bytes, error: Exception | None = None) -> WatchEvent[T | meta_v1.Status] | UnreadableEvent:
        """Read an ERROR, or an event whose object needs the tolerant reader."""
        kind, body, is_status = _parts_of_frame(frame, error)
        if kind == "ERROR" or is_status:
            return error_event(status_members.members(body) or {})
        cls = self._cls
        try:
            obj = self._read(body)
            if self._has_names and not obj.metadata.name and kind != "BOOKMARK":
                raise DecodeError(f"{cls.__name__}: an object without a name")
        except DecodeError as problem:
            found = _decode_errors.unreadable(body, cls, problem)
            return unread_event(cls, kind, found, _annotations(frame) if kind == "BOOKMARK" else None)
        return WatchEvent(type=kind, object=obj)


def _cut(frame: bytes) -> WatchEvent[msgspec.Raw | memoryview]:
    """Return an event whose object is not decoded. If the object is JSON, then the frame is, too.

    This saves the scan of a decoder that looks for the end of the object, unless the frame is written in another way.
    """
    found = _usual_frame(frame)
    if found is None:
        read: WatchEvent[msgspec.Raw | memoryview] = _decoder.decoder(WatchEvent[msgspec.Raw]).decode(frame)
        return read
    return WatchEvent(type=_TYPES[found[1]], object=memoryview(frame)[found.start(2) : found.end(2)])


def _annotations(frame: bytes) -> Mapping[str, str] | None:
    """Return the annotations of an object that cannot be read; None if they cannot be read either."""
    try:
        return cast("Mapping[str, str]", metadata_readers()[1](frame).object.metadata.annotations)
    except (msgspec.ValidationError, *_decode_errors.BROKEN):
        return None


def _parts_of_frame(frame: bytes, error: Exception | None) -> tuple[Any, bytes, bool]:
    """Return the type and the object of a frame, and whether it is a bare Status, which then is the object.

    The type is Any: a server may send one that is not known, which consumers skip with a log line.

    Raises:
        DecodeError: The frame is not an event.
    """
    try:
        read = _decoder.decoder(_Frame).decode(frame)
        kind, body, said = read.type, read.object, read.kind
        body = body if body is msgspec.UNSET else bytes(body)
    except msgspec.ValidationError as wrong:
        raise DecodeError(f"watch event: {_decode_errors.explained(wrong)}") from wrong
    except _decode_errors.BROKEN as wrong:
        try:
            parts = {key: frame[start:end] for key, start, end in json_scan.whole_members(frame)}
            kind = _decoder.decoder(str).decode(parts.get(b'"type"', b'""'))
        except (json_scan.Malformed, msgspec.ValidationError, *_decode_errors.BROKEN):
            raise _decode_errors.broken("watch event", frame, error or wrong) from wrong
        body, said = parts.get(b'"object"', msgspec.UNSET), parts.get(b'"kind"', b"")
    if not kind and body is msgspec.UNSET and bytes(said) == b'"Status"':
        return "", frame, True
    if not kind or body is msgspec.UNSET:
        raise DecodeError(f"watch event: it has no {'object' if kind else 'type'}")
    return kind, body, False
