"""JSON: the format that every API server understands, and that everything is read as unless it says otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError
from kubeloop.objects.json import encode as _encode
from kubeloop.objects.json import scan as json_scan
from kubeloop.objects.model import KindList
from kubeloop.unstructured import UnstructuredList
from kubeloop.wire.serializers import json_objects

if TYPE_CHECKING:
    from kubeloop.wire.serializers.json_events import JSONEventDecoder
    from kubeloop.wire.serializers.json_frames import JSONFrames

__all__ = ["JSON", "JSONSerializer"]

T = TypeVar("T")

_readers: dict[type[Any], Callable[[bytes, Any], Any]] = {}


class JSONSerializer:
    """Objects as JSON documents, and watch events as JSON documents one after the other; see `Serializer`."""

    __slots__ = ()
    media_types: tuple[str, ...] = ("application/json",)
    """The media types of the format."""
    at_once_bytes = 128 * 1024 * 1024
    """About 14,000 pods, which take half a second. Steps cost a sixth more, and the longest step, in which the places
    of the items are found, takes a quarter of the time."""

    def supports(self, cls: type[Any] | None) -> bool:
        """Return True: whatever a client sends or reads has a form in JSON."""
        del cls
        return True

    def encode(self, value: object) -> bytes:
        """Write a value as a body."""
        return json_objects.encode(value)

    def decode(self, data: bytes, into: type[T]) -> T:
        """Read a body as a class."""
        reader = _readers.get(into)
        if reader is None:
            reader = _readers[into] = _choose_reader(into)
        return reader(data, into)  # type: ignore[no-any-return]

    def decode_any(self, data: bytes) -> Any:
        """Read a body as what it says that it is."""
        return json_objects.decode_any(data)

    def decode_list_in_steps(self, data: bytes, into: type[T]) -> Generator[None, None, T]:
        """Read a LIST in steps, which take a sixth longer in all; a list of eager objects without a model in one."""
        return (yield from json_objects.decoding_list(data, into))

    def status(self, data: bytes) -> Mapping[str, Any] | None:
        """Read the Status that a body is; few bodies have the word in them, so that few are read."""
        if b"Status" not in data and b"\\u" not in data:
            return None
        from kubeloop.objects.json import status_members  # loaded with the first Status

        found = status_members.members(data)
        return found if found is not None and found.get("kind") == "Status" else None

    def identity(self, data: bytes) -> Mapping[str, str]:
        """Read what identifies an object."""
        return json_scan.identity(data)

    def plain_data(self, data: bytes) -> Any:
        """Read any body as plain data."""
        try:
            return _encode.loads(data)
        except (ValueError, RecursionError):
            pass  # outside the handler, so that a second error is alone
        try:
            return json.loads(data)  # which takes half of a surrogate pair, and is five times slower
        except (ValueError, RecursionError):
            raise_alone(DecodeError("body: not readable as JSON"))

    def framing(self) -> JSONFrames:
        """Return the framing of one stream."""
        from kubeloop.wire.serializers.json_frames import JSONFrames  # loaded with the first watch

        return JSONFrames()

    def event_decoder(self, into: type[T]) -> JSONEventDecoder[T]:
        """Return the decoder of the events of a watch."""
        from kubeloop.wire.serializers.json_events import JSONEventDecoder  # loaded with the first watch

        return JSONEventDecoder(into)

    def encode_event(self, event_type: str, obj: object) -> bytes:
        """Write one watch event as a line."""
        kind = _encode.dumps(event_type)
        return b'{"type":%b,"object":%b}\n' % (kind, json_objects.encode(obj))

    def __repr__(self) -> str:
        return "<JSONSerializer>"


def _choose_reader(into: type[Any]) -> Callable[[bytes, Any], Any]:
    if issubclass(into, (KindList, UnstructuredList)):
        return json_objects.decode_list
    if getattr(into, "kind", "") == "Status":
        return lambda data, _: json_objects.read_status(data)
    return json_objects.decode_into


JSON = JSONSerializer()
"""The one serializer of this format."""
