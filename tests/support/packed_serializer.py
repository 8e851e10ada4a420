"""A second wire format, unlike JSON: MessagePack bodies, and watch events with their length in front.

It supports only models, as protobuf does: objects without a class are requested and sent as JSON. A watch has a media
type of its own, as in CBOR.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec

from kubeloop.errors import DecodeError, EncodeError, Unreadable
from kubeloop.models import meta_v1
from kubeloop.objects.json.decode import decode_data
from kubeloop.objects.markers import PartialItems
from kubeloop.objects.model import Kind, KindList, Model
from kubeloop.objects.reflection import fields_of
from kubeloop.wire.plain_values import to_data
from kubeloop.wire.serializers.collected_list import CollectedList
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent, identified

__all__ = ["PACKED", "PACKED_TYPE", "PACKED_WATCH_TYPE", "LengthPrefixed", "PackedSerializer"]

T = TypeVar("T")

PACKED_TYPE = "application/x-packed"
PACKED_WATCH_TYPE = "application/x-packed-seq"
_LENGTH_BYTES = 4
ITEMS_A_STEP = 8


class LengthPrefixed:
    """Frames that begin with their length in four bytes."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        self._held += data
        frames: list[bytes] = []
        while len(self._held) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._held[:_LENGTH_BYTES])
            if len(self._held) < end:
                break
            frames.append(self._held[_LENGTH_BYTES:end])
            self._held = self._held[end:]
        return frames

    def reframe(self, frames: Sequence[bytes]) -> None:
        """Return None: there is only one way to cut the stream."""

    def finish(self) -> list[bytes] | None:
        return None if self._held else []


class _Events(Generic[T]):
    def __init__(self, cls: type[T]) -> None:
        self._cls = cls

    def decode(self, frame: bytes) -> WatchEvent[T | meta_v1.Status] | UnreadableEvent:
        tree = _unpack(frame)
        if not isinstance(tree, dict) or not {"type", "object"} <= tree.keys():
            raise DecodeError("watch event: it has no type or no object")
        event = cast("dict[str, Any]", tree)
        kind, obj = event["type"], event["object"]
        if kind == "ERROR":
            return WatchEvent(type=kind, object=decode_data(obj, meta_v1.Status))
        try:
            return WatchEvent(type=kind, object=decode_data(obj, self._cls))
        except DecodeError as error:
            found = Unreadable(str(error), **_identity(obj))
            if kind == "BOOKMARK":
                return WatchEvent(type=kind, object=identified(self._cls, found))
            return UnreadableEvent(error=found, change=kind)


class PackedSerializer:
    """The serializer; see the module's documentation."""

    @property
    def media_types(self) -> Sequence[str]:
        return (PACKED_TYPE, PACKED_WATCH_TYPE)

    def supports(self, cls: type[Any] | None) -> bool:
        return cls is not None and issubclass(cls, Model)

    def encode(self, value: object) -> bytes:
        try:
            return msgspec.msgpack.encode(to_data(value))
        except (TypeError, ValueError) as error:
            raise EncodeError(str(error)) from error

    def decode(self, data: bytes, into: type[T]) -> T:
        if issubclass(into, KindList):
            steps = self._in_steps(data, into)
            while True:
                try:
                    next(steps)
                except StopIteration as done:
                    return cast("T", done.value)
        tree = _unpack(data)
        try:
            return decode_data(tree, into)
        except DecodeError as error:
            known = _identity(tree)
            if issubclass(into, Kind) and known.get("name"):
                raise Unreadable(str(error), **known) from error
            raise

    def decode_any(self, data: bytes) -> Any:
        raise NotImplementedError("a client that does not know what to expect asks for JSON")

    def list_reader(self, into: type[T]) -> CollectedList[T]:
        return CollectedList(lambda body: self._in_steps(body, into))

    def _in_steps(self, data: bytes, into: type[T]) -> Generator[None, None, T]:
        cls: Any = into
        tree = _unpack(data)
        if (tree.get("apiVersion"), tree.get("kind")) != (cls.api_version, cls.kind):
            raise DecodeError(f"expected {cls.api_version} {cls.kind}, got {tree.get('kind')}")
        item = _item_class(cls)
        items: list[Any] = []
        unread: dict[str, Unreadable] = {}
        for number, each in enumerate(tree.pop("items")):
            try:
                items.append(decode_data(each, item))
            except DecodeError as error:
                found = Unreadable(str(error), **_identity(each))
                unread[found.key or f"#{number}"] = found
            if number % ITEMS_A_STEP == ITEMS_A_STEP - 1:
                yield
        listing = decode_data(tree, cls)
        msgspec.structs.force_setattr(listing, "items", PartialItems.of(items, unread))
        return cast("T", listing)

    def status(self, data: bytes) -> Mapping[str, Any] | None:
        try:
            tree = _unpack(data)
        except DecodeError:
            return None
        return cast("dict[str, Any]", tree) if isinstance(tree, dict) and tree.get("kind") == "Status" else None

    def identity(self, data: bytes) -> Mapping[str, str]:
        try:
            tree = _unpack(data)
        except DecodeError:
            return {}
        named = {"api_version": tree.get("apiVersion"), "kind": tree.get("kind")}
        return {**{key: value for key, value in named.items() if value}, **_identity(tree)}

    def plain_data(self, data: bytes) -> Any:
        return _unpack(data)

    def framing(self) -> LengthPrefixed:
        return LengthPrefixed()

    def event_decoder(self, into: type[T]) -> _Events[T]:
        return _Events(into)

    def encode_event(self, event_type: str, obj: object) -> bytes:
        body = msgspec.msgpack.encode({"type": event_type, "object": to_data(obj)})
        return len(body).to_bytes(_LENGTH_BYTES) + body


def _unpack(data: bytes) -> Any:
    try:
        return msgspec.msgpack.decode(data)
    except msgspec.DecodeError as error:
        raise DecodeError(f"not packed: {error}") from error


def _identity(tree: Any) -> dict[str, str]:
    metadata = tree.get("metadata") or {}
    names = {"namespace": "namespace", "name": "name", "uid": "uid", "resourceVersion": "resource_version"}
    return {ours: metadata[wire] for wire, ours in names.items() if metadata.get(wire)}


def _item_class(cls: type[Any]) -> type[Any]:
    model = fields_of(cls)["items"].shape.model
    assert model is not None
    return model


PACKED = PackedSerializer()
