"""Read a model from the bytes of its protobuf message.

Unknown fields are skipped, as in every other format. A field of another wire type than the model's is an error, as in
Go. The parts of a message are merged, as protobuf demands. Each part is read once, so that the time is linear.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from kubeloop.errors import DecodeError
from kubeloop.objects.frozen_struct import make
from kubeloop.objects.json.encode import lazy_bytes, to_data
from kubeloop.wire.protobuf.message_fields import Encoded, message_of, wire_type
from kubeloop.wire.protobuf.read_value import NUMBERS, PAYLOADS, ReadPayload
from kubeloop.wire.protobuf.wire_format import (
    INCOMPLETE,
    LENGTH,
    VARINT,
    Malformed,
    fields_in,
    read_varint,
    skip_value,
    too_long,
    wrong_wire_type,
)

__all__ = ["MessageReader", "read_message", "reader_of"]

_NOT_UTF_8 = "expected a text in UTF-8"

Found = dict[str, Any]
OfNumber = Callable[[int, Found], None]
"""Keeps a number that was read."""
OfPayload = Callable[[bytes, int, int, Found], None]
"""Reads a payload between two positions, and keeps its value."""


def read_message(data: bytes, cls: type[Any]) -> Any:
    """Read an object of a class that has a protobuf form.

    Raises:
        DecodeError: The bytes are not such a message. The error names the path of the field, but not the object.
    """
    kind: Any = cls
    return guarded(reader_of(kind).read, data, 0, len(data))


def guarded(read: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that reads, and raise a plain `DecodeError` for everything that may be wrong with its data.

    Raises:
        DecodeError: The data are malformed, end too early, contain a text that is not UTF-8, or are nested too deeply.
    """
    try:
        return read(*arguments)
    except Malformed as error:
        reason = str(error)
    except IndexError:
        reason = INCOMPLETE
    except UnicodeDecodeError:
        reason = _NOT_UTF_8
    except RecursionError:
        reason = "nested too deeply (see sys.getrecursionlimit)"
    raise DecodeError(reason)  # alone: a UnicodeDecodeError contains the whole text, which may be a secret


@cache
def reader_of(cls: Any, *, in_union: bool = False) -> MessageReader:
    """Return the reader of a class, which is created once; see `MessageReader`."""
    return MessageReader(cls, in_union=in_union)


class MessageReader:
    """Reads the messages of one class, whose fields are compiled when the first message is read.

    Args:
        cls: The class.
        in_union: Whether the object is a part of a union. The unions within it are then models, because the outermost
            one turns all of them into plain data at once: a conversion at each level would cost size times depth.
    """

    __slots__ = ("_absent", "_cls", "_fields", "_finish", "_in_union")

    def __init__(self, cls: Any, *, in_union: bool = False) -> None:
        self._cls = cls
        self._in_union = in_union
        self._fields: _Fields | None = None
        self._absent: Found = {}
        self._finish: tuple[tuple[str, Callable[[Any], Any]], ...] = ()

    def read(self, data: bytes, at: int, end: int) -> Any:
        """Read the message between two positions."""
        fields = self._fields or self._compile()
        found = self._absent.copy()
        fields.read(data, at, end, found)
        for name, finish in self._finish:
            if name in found:
                found[name] = finish(found[name])
        return make(self._cls, **found)

    def _compile(self) -> _Fields:
        encoded = message_of(self._cls)
        finish: list[tuple[str, Callable[[Any], Any]]] = []
        for field in _all_of(encoded):
            if field.null:
                self._absent[field.name] = None
            if field.container == "lazy":
                finish.append((field.name, lazy_bytes))
            elif field.container == "list":
                finish.append((field.name, _tuple_of))
        self._finish = tuple(finish)
        self._fields = _Fields(encoded, in_union=self._in_union)
        return self._fields


def _tuple_of(items: list[Any] | None) -> tuple[Any, ...] | None:
    return None if items is None else tuple(items)


def _all_of(encoded: tuple[Encoded, ...]) -> list[Encoded]:
    """Return fields, and those of messages that JSON flattens."""
    return [each for field in encoded for each in (_all_of(field.inner) if field.inner else [field])]


class _Fields:
    """Reads the fields of one message into a dictionary of attributes."""

    __slots__ = ("_messages", "_names", "_numbers", "_payloads")

    def __init__(self, encoded: tuple[Encoded, ...], *, in_union: bool) -> None:
        self._numbers: dict[int, OfNumber] = {}
        self._payloads: dict[int, OfPayload] = {}
        self._messages: dict[int, OfPayload] = {}
        self._names = {field.number: field.wire for field in encoded}
        for field in encoded:
            tag = field.number << 3 | wire_type(field.encoding)
            if field.inner:
                self._payloads[tag], self._messages[tag] = _later, _Fields(field.inner, in_union=in_union).read
            elif field.container == "map":
                self._payloads[field.number << 3 | LENGTH] = _map(field, payload_reader(field, in_union=in_union))
            elif field.encoding in NUMBERS:
                convert = NUMBERS[field.encoding]
                if field.container:
                    self._numbers[tag] = _number_of_list(field.name, convert)
                    self._payloads[field.number << 3 | LENGTH] = _packed(field.name, convert)
                else:
                    self._numbers[tag] = _number(field.name, convert, is_pointer=field.is_pointer)
            elif field.container:
                self._payloads[tag] = _item(field.name, payload_reader(field, in_union=in_union))
            elif field.encoding == "text":
                self._payloads[tag] = _text(field.name, is_pointer=field.is_pointer)
            elif field.encoding == "message":
                read = payload_reader(field, in_union=in_union)
                self._payloads[tag], self._messages[tag] = _later, _payload(field.name, read)
            else:
                self._payloads[tag] = _payload(field.name, payload_reader(field, in_union=in_union))

    def read(self, data: bytes, at: int, end: int, found: Found) -> None:
        """Read the fields between two positions.

        Messages are read last, and once: a part of a message may follow later.
        """
        later: dict[int, tuple[int, int]] = {}
        joined: dict[int, bytearray] | None = None
        payloads = self._payloads
        while at < end:
            tag = data[at]
            at += 1
            if tag > 127:
                tag, at = read_varint(data, at - 1)
            if tag & 7 == LENGTH and (of_payload := payloads.get(tag)) is not None:
                size = data[at]
                at += 1
                if size > 127:
                    size, at = read_varint(data, at - 1)
                stop = at + size
                if stop > end:
                    self._fail(tag, too_long(size))
                if of_payload is _later:
                    if tag in later:
                        joined = joined or {}
                        if tag not in joined:
                            first, last = later[tag]
                            joined[tag] = bytearray(data[first:last])
                        joined[tag] += data[at:stop]
                    else:
                        later[tag] = (at, stop)
                else:
                    try:
                        of_payload(data, at, stop, found)
                    except Malformed as error:
                        error.path.append(self._names[tag >> 3])
                        raise
                    except UnicodeDecodeError:
                        self._fail(tag, _NOT_UTF_8)
                at = stop
            elif (of_number := self._numbers.get(tag)) is not None:
                if tag & 7 == VARINT:
                    value = data[at]
                    at += 1
                    if value > 127:
                        value, at = read_varint(data, at - 1)
                else:
                    value = int.from_bytes(data[at : at + 8], "little")
                    at += 8
                of_number(value, found)
            elif tag >> 3 in self._names:
                self._fail(tag, wrong_wire_type(tag))
            else:
                at = skip_value(data, at, end, tag)
        if at > end:
            raise Malformed(INCOMPLETE)
        if not later:
            return
        messages = self._messages
        for tag, (first, last) in later.items():
            try:
                if joined is None or tag not in joined:
                    messages[tag](data, first, last, found)
                else:
                    messages[tag](bytes(joined[tag]), 0, len(joined[tag]), found)
            except Malformed as error:
                error.path.append(self._names[tag >> 3])
                raise
            except UnicodeDecodeError:
                self._fail(tag, _NOT_UTF_8)

    def _fail(self, tag: int, reason: str) -> NoReturn:
        error = Malformed(reason)
        error.path.append(self._names[tag >> 3])
        raise error


def _later(data: bytes, at: int, end: int, found: Found) -> None:
    """Stand for a message, of which there may be further parts. It is not called."""


def _number(name: str, convert: Callable[[int], Any], *, is_pointer: bool) -> OfNumber:
    def keep(value: int, found: Found) -> None:
        if value or is_pointer:
            found[name] = convert(value)

    return keep


def _number_of_list(name: str, convert: Callable[[int], Any]) -> OfNumber:
    def keep(value: int, found: Found) -> None:
        _append(found, name, convert(value))

    return keep


def _packed(name: str, convert: Callable[[int], Any]) -> OfPayload:
    """Return the reader of numbers without tags, which is another form of a list of numbers."""

    def keep(data: bytes, at: int, end: int, found: Found) -> None:
        while at < end:
            value, at = read_varint(data, at)
            _append(found, name, convert(value))
        if at > end:
            raise Malformed(INCOMPLETE)

    return keep


def _text(name: str, *, is_pointer: bool) -> OfPayload:
    def keep(data: bytes, at: int, end: int, found: Found) -> None:
        if end > at or is_pointer:
            found[name] = data[at:end].decode()

    return keep


def _payload(name: str, read: ReadPayload) -> OfPayload:
    def keep(data: bytes, at: int, end: int, found: Found) -> None:
        found[name] = read(data, at, end)

    return keep


def _item(name: str, read: ReadPayload) -> OfPayload:
    def keep(data: bytes, at: int, end: int, found: Found) -> None:
        _append(found, name, read(data, at, end))

    return keep


def _append(found: Found, name: str, value: Any) -> None:
    held = found.get(name)
    if held is None:
        found[name] = [value]
    else:
        held.append(value)


def _map(field: Encoded, read: ReadPayload) -> OfPayload:
    """Return the reader of an entry: a message of a key and a value, each of which may be missing."""
    name = field.name

    def keep(data: bytes, at: int, end: int, found: Found) -> None:
        key, value = "", None
        while at < end:
            tag = data[at]
            if tag in (10, 18):
                size = data[at + 1]
                at += 2
                if size > 127:
                    size, at = read_varint(data, at - 1)
                stop = at + size
                if stop > end:
                    raise Malformed(too_long(size))
                if tag == 10:
                    key = data[at:stop].decode()
                else:
                    value = read(data, at, stop)
                at = stop
            else:
                tag, at = read_varint(data, at)
                if tag >> 3 in (1, 2):
                    raise Malformed(wrong_wire_type(tag))
                at = skip_value(data, at, end, tag)
        if at > end:
            raise Malformed(INCOMPLETE)
        if value is None:
            value = read(b"", 0, 0)
        held = found.get(name)
        if held is None:
            found[name] = {key: value}
        else:
            held[key] = value

    return keep


def payload_reader(field: Encoded, *, in_union: bool) -> ReadPayload:
    """Return what reads the payload of a field, or of one of its items."""
    if field.encoding == "message":
        return reader_of(field.model, in_union=in_union).read
    return PAYLOADS.get(field.encoding) or _union(field.encoding, field.model, in_union=in_union)


def _union(encoding: str, cls: Any, *, in_union: bool) -> ReadPayload:
    """Return the reader of a schema or something else, as plain data, which is how the models hold it.

    Reference: apiextensions v1 marshal.go (JSONSchemaPropsOrArray, …OrBool, …OrStringArray).
    """
    number_of_schema = 2 if encoding == "schema_or_bool" else 1
    read_schema = reader_of(cls, in_union=True).read

    def schema_at(data: bytes, start: int, stop: int) -> Any:
        schema = read_schema(data, start, stop)
        return schema if in_union else to_data(schema)

    def read(data: bytes, at: int, end: int) -> Any:
        schema = None
        others: list[Any] = []
        for tag, start, stop in fields_in(data, at, end):
            if tag == number_of_schema << 3 | LENGTH:
                schema = schema_at(data, start, stop)
            elif encoding == "schema_or_bool" and tag == 1 << 3 | VARINT:
                others = [read_varint(data, start)[0] != 0]
            elif encoding == "schema_or_array" and tag == 2 << 3 | LENGTH:
                others.append(schema_at(data, start, stop))
            elif encoding == "schema_or_strings" and tag == 2 << 3 | LENGTH:
                others.append(data[start:stop].decode())
            elif tag >> 3 in (1, 2):
                raise Malformed(wrong_wire_type(tag))
        if encoding == "schema_or_bool":
            return schema if schema is not None else others == [True]
        if encoding == "schema_or_array":
            return schema if schema is not None or not others else others
        return others or schema

    return read
