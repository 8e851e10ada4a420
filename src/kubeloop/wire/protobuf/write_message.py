"""Write a model as the bytes of its protobuf message: fields by number, maps by key, as Go does.

A field that is absent or zero, and may not be told from absent, is not written; Go writes zeros, which it reads alike.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import EncodeError
from kubeloop.objects.json.decode import decode_data
from kubeloop.objects.json.encode import dumps
from kubeloop.objects.markers import NULL_BYTES
from kubeloop.objects.type_guards import class_of, is_dict, is_list
from kubeloop.objects.unknown_members import rest_of
from kubeloop.wire.protobuf.message_fields import Encoded, message_of, wire_type
from kubeloop.wire.protobuf.wire_format import LENGTH, varint, with_length

__all__ = ["write_message"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BITS_64 = (1 << 64) - 1
_SECOND, _MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


def write_message(obj: Any) -> bytes:
    """Return a model as a message, without an envelope.

    Raises:
        EncodeError: A value has no form in protobuf, or is of another type than its field; names the path.
    """
    cls = class_of(obj)
    rest = rest_of(obj)
    if rest:
        raise EncodeError(f"{cls.__name__}: protobuf has no form for the unknown field {min(rest)}; use JSON")
    return _write_fields(obj, _written(cls))


_Step = tuple[str, str, Any, Callable[[Any], bytes]]


@cache
def _written(cls: Any) -> tuple[_Step, ...]:
    """Return how each field of a class is written: attribute, API field name, the value that is absent, the writer."""
    return _steps(cls, message_of(cls))


def _steps(cls: Any, fields: tuple[Encoded, ...]) -> tuple[_Step, ...]:
    defaults = dict(zip(cls.__struct_fields__, cls.__struct_defaults__, strict=True))
    return tuple(_step(cls, field, defaults) for field in fields)


def _step(cls: Any, field: Encoded, defaults: Mapping[str, Any]) -> _Step:
    tag = varint(field.number << 3 | LENGTH)
    if field.inner:
        inner = _steps(cls, field.inner)
        return "", "", None, lambda obj: _prefixed(tag, _write_fields(obj, inner), b"")
    attribute = field.name if field.container != "lazy" else field.name[1:]
    default = NULL_BYTES if field.encoding == "bytes" else defaults[field.name]
    if field.encoding in ("text", "int", "bool", "double") and not (field.container or field.is_pointer):
        default = _ZERO
    if field.container == "map":
        value_of = _payload_of(field)
        return attribute, field.wire, default, lambda entries: b"".join(_entries(tag, entries, value_of))
    if wire_type(field.encoding) != LENGTH:
        number_tag = varint(field.number << 3 | wire_type(field.encoding))
        number_of = _NUMBERS[field.encoding]
        if field.container:
            return attribute, field.wire, default, lambda items: b"".join(number_tag + number_of(one) for one in items)
        return attribute, field.wire, default, lambda value: number_tag + number_of(value)
    payload_of = _payload_of(field)
    if field.container:
        return attribute, field.wire, default, lambda items: b"".join(_prefixed(tag, payload_of(one)) for one in items)
    return attribute, field.wire, default, lambda value: _prefixed(tag, payload_of(value))


_ZERO: Any = object()


def _prefixed(tag: bytes, payload: bytes, empty: bytes | None = None) -> bytes:
    if not payload and empty is not None:
        return empty
    return tag + varint(len(payload)) + payload


def _write_fields(obj: Any, steps: tuple[_Step, ...]) -> bytes:
    parts: list[bytes] = []
    for attribute, wire, absent, write in steps:
        if not attribute:
            parts.append(write(obj))
            continue
        value = getattr(obj, attribute)
        if value is None or value is absent or (absent is _ZERO and not value):
            continue
        try:
            parts.append(write(value))
        except EncodeError as error:
            raise_alone(EncodeError(f"{wire}.{error}" if ": " in str(error) else f"{wire}: {error}"))
        except (TypeError, ValueError, AttributeError, OverflowError, struct.error):
            raise_alone(EncodeError(f"{wire}: a {type(value).__name__} that is not a value of this field"))
        except RecursionError:
            raise_alone(EncodeError(f"{wire}: nested too deeply (see sys.getrecursionlimit)"))
    return b"".join(parts)


def _entries(tag: bytes, entries: Mapping[str, Any], value_of: Callable[[Any], bytes]) -> Iterator[bytes]:
    for key, value in sorted(entries.items()):
        yield _prefixed(tag, with_length(1, key.encode()) + with_length(2, value_of(value)))


# --- numbers ----------------------------------------------------------------------------------------------------------


def _int(value: int) -> bytes:
    """Return an integer of a field, whose size the models do not know.

    Go cuts the bits off that an int32 does not have: 4294967297 replicas would be 1. In JSON the server refuses them.
    """
    if not -(1 << 31) <= value < 1 << 31:
        raise EncodeError("expected an integer of at most 32 bits, because Go cuts others off; use JSON")
    return _int64(value)


def _int64(value: int) -> bytes:
    return varint(value & _BITS_64)


def _bool(value: Any) -> bytes:
    return b"\x01" if value else b"\x00"


def _double(value: float) -> bytes:
    return struct.pack("<d", value)


_NUMBERS: Mapping[str, Callable[[Any], bytes]] = {"int": _int, "bool": _bool, "double": _double}


# --- payloads ---------------------------------------------------------------------------------------------------------


def _text(value: str) -> bytes:
    return value.encode()


def _time(value: datetime | None) -> bytes:
    if value is None:
        return b""
    return b"\x08" + _int64((value - _EPOCH) // _SECOND) + b"\x10\x00"


def _micro_time(value: datetime | None) -> bytes:
    if value is None:
        return b""
    seconds, rest = divmod(value - _EPOCH, _SECOND)
    return b"\x08" + _int64(seconds) + b"\x10" + _int64(rest // _MICROSECOND * 1000)


def _quantity(value: str) -> bytes:
    return with_length(1, value.encode())


def _int_or_string(value: int | str) -> bytes:
    if isinstance(value, str):
        return b"\x08\x01\x10\x00" + with_length(3, value.encode())
    return b"\x08\x00\x10" + _int(value) + b"\x1a\x00"


def _json(value: Any) -> bytes:
    return with_length(1, dumps(value))


def _texts(value: Any) -> bytes:
    return b"".join(with_length(1, each.encode()) for each in value)


_PAYLOADS: Mapping[str, Callable[[Any], bytes]] = {
    "text": _text,
    "bytes": bytes,
    "message": write_message,
    "time": _time,
    "micro_time": _micro_time,
    "quantity": _quantity,
    "int_or_string": _int_or_string,
    "json": _json,
    "texts": _texts,
}


def _payload_of(field: Encoded) -> Callable[[Any], bytes]:
    return _PAYLOADS.get(field.encoding) or _union(field.encoding, field.model)


def _union(encoding: str, cls: Any) -> Callable[[Any], bytes]:
    """Return the writer of a schema or something else; see `read_message._union`."""

    def write(value: Any) -> bytes:
        if is_dict(value):
            schema = write_message(decode_data(value, cls))
            if encoding == "schema_or_bool":
                return b"\x08\x01" + with_length(2, schema)
            return with_length(1, schema)
        if encoding == "schema_or_bool" and isinstance(value, bool):
            return b"\x08" + _bool(value)
        if encoding == "schema_or_array" and is_list(value):
            return b"".join(with_length(2, write_message(decode_data(each, cls))) for each in value)
        if encoding == "schema_or_strings" and is_list(value):
            return b"".join(with_length(2, each.encode()) for each in value)
        raise EncodeError(f"expected a schema, got a {type(value).__name__}")

    return write
