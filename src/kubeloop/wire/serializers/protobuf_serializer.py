"""Protobuf: the binary format of API servers, for built-in types only; everything else remains JSON.

docs/design/protobuf.md says why JSON is the default. Reference: apimachinery pkg/runtime/serializer/protobuf.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from kubeloop.errors import DecodeError, EncodeError, Unreadable
from kubeloop.objects.accepted_kinds import accepts_kind, name_kind
from kubeloop.objects.json.encode import to_data
from kubeloop.objects.list_items import finish, unnamed_kind
from kubeloop.objects.model import Kind, KindList, Model
from kubeloop.objects.type_guards import class_of
from kubeloop.scheme import Scheme
from kubeloop.wire.protobuf.envelope import Envelope, opened, sealed
from kubeloop.wire.protobuf.message_fields import has_message
from kubeloop.wire.protobuf.read_lists import reading_list
from kubeloop.wire.protobuf.read_message import guarded, reader_of
from kubeloop.wire.protobuf.read_parts import identity_in, status_in
from kubeloop.wire.protobuf.write_message import write_message
from kubeloop.wire.serializers.collected_list import CollectedList

if TYPE_CHECKING:
    from kubeloop.wire.serializers.length_frames import LengthFrames
    from kubeloop.wire.serializers.protobuf_events import ProtobufEventDecoder

__all__ = ["PROTOBUF", "ProtobufSerializer"]

T = TypeVar("T")
_LIST: Any = KindList  # of whatever kind, for which checkers would ask


class ProtobufSerializer:
    """Objects as messages in an envelope, and watch events as messages after their length; see `Serializer`."""

    __slots__ = ()
    media_types: tuple[str, ...] = ("application/vnd.kubernetes.protobuf",)
    """The media types of the format."""

    def supports(self, cls: type[Any] | None) -> bool:
        """Return whether a class is a built-in kind that has a protobuf form; a lazy object holds JSON."""
        if cls is None or not issubclass(cls, Kind) or getattr(cls, "__plain__", None) is not None:
            return False
        return bool(cls.kind) and has_message(cls)

    def encode(self, value: object) -> bytes:
        """Write a value as a body.

        Raises:
            EncodeError: The value has no form in protobuf, or an unknown field; names the path.
        """
        if not isinstance(value, Model) or not self.supports(type(value)):
            raise EncodeError(f"protobuf has no form for a {type(value).__name__}; use JSON")
        return sealed(value.api_version, value.kind, write_message(value))  # type: ignore[attr-defined]

    def decode(self, data: bytes, into: type[T]) -> T:
        """Read a body as a class."""
        if issubclass(into, _LIST):
            return finish(_reading_list(data, into))
        where = envelope_of(data, into)
        cls: Any = into
        try:
            return guarded(reader_of(cls).read, data, where.start, where.end)  # type: ignore[no-any-return]
        except DecodeError as error:
            known = identity_in(data, where.start, where.end)
            name = "/".join(part for part in (known.get("namespace"), known.get("name")) if part)
            message = f"{into.__name__}{' ' if name else ''}{name}: {error}"
            raise (Unreadable(message, **known) if known.get("name") else DecodeError(message)) from error

    def decode_any(self, data: bytes) -> Any:
        """Read a body as plain data: a client that does not know what to expect asks for JSON."""
        return self.plain_data(data)

    def list_reader(self, into: type[T]) -> CollectedList[T]:
        """Return the reader of one LIST, whose body is half as large as in JSON."""
        return CollectedList(lambda body: _reading_list(body, into))

    def status(self, data: bytes) -> Mapping[str, Any] | None:
        """Read the Status that a body is."""
        try:
            where = guarded(opened, data)
        except DecodeError:
            return None
        return status_in(data, where.start, where.end, where.api_version) if where.kind == "Status" else None

    def identity(self, data: bytes) -> Mapping[str, str]:
        """Read what identifies an object."""
        try:
            where = guarded(opened, data)
        except DecodeError:
            return {}
        named = {"api_version": where.api_version, "kind": where.kind}
        return {**{name: text for name, text in named.items() if text}, **identity_in(data, where.start, where.end)}

    def plain_data(self, data: bytes) -> Any:
        """Read any body of a built-in kind as plain data.

        Raises:
            DecodeError: The body is not protobuf, or its kind has no class.
        """
        where = guarded(opened, data)
        cls = Scheme().lookup(where.api_version, where.kind)
        if cls is None or not has_message(cls):
            raise DecodeError("body: a protobuf message of a kind that has no class")
        return to_data(guarded(reader_of(cls).read, data, where.start, where.end))

    def framing(self) -> LengthFrames:
        """Return the framing of one stream."""
        from kubeloop.wire.serializers.length_frames import LengthFrames  # loaded with the first watch

        return LengthFrames()

    def event_decoder(self, into: type[T]) -> ProtobufEventDecoder[T]:
        """Return the decoder of the events of a watch."""
        from kubeloop.wire.serializers.protobuf_events import ProtobufEventDecoder  # loaded with the first watch

        return ProtobufEventDecoder(into, self)

    def encode_event(self, event_type: str, obj: object) -> bytes:
        """Write one watch event as its length and a message."""
        from kubeloop.wire.serializers.protobuf_events import event_message

        message = event_message(event_type, self.encode(obj))
        return len(message).to_bytes(4, "big") + message

    def __repr__(self) -> str:
        return "<ProtobufSerializer>"


def _reading_list(data: bytes, into: type[T]) -> Generator[None, None, T]:
    where = envelope_of(data, into, is_list=True)
    listing = yield from reading_list(data, where.start, where.end, into)
    if where.kind != class_of(listing).kind:
        name_kind(listing, where.api_version, where.kind)
    return listing


def envelope_of(data: bytes, cls: Any, *, is_list: bool = False) -> Envelope:
    """Open the envelope of an object of a class.

    Raises:
        DecodeError: The body is not protobuf, or is of another kind; a list must name its kind.
    """
    where: Envelope = guarded(opened, data)
    version, kind = where.api_version, where.kind
    if kind == "Status" and version == "meta.k8s.io/v1":
        version = "v1"
    if is_list and not kind:
        raise unnamed_kind(cls)
    if not accepts_kind(cls, version, kind):
        raise DecodeError(f"expected {cls.api_version} {cls.kind}, got {version or '?'} {kind or '?'}")
    return where


PROTOBUF = ProtobufSerializer()
"""The one serializer of this format."""
