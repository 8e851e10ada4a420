"""Read the values of fields: numbers, texts, and the messages for which Go has a type of its own."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kubeloop.errors import DecodeError
from kubeloop.objects.json.decode import parse
from kubeloop.wire.protobuf.wire_format import (
    LENGTH,
    VARINT,
    Malformed,
    fields_in,
    read_varint,
    signed,
    wrong_wire_type,
)

__all__ = ["NUMBERS", "PAYLOADS", "ReadPayload"]

ReadPayload = Callable[[bytes, int, int], Any]
"""Reads the payload between two positions."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _double(value: int) -> float:
    return struct.unpack("<d", value.to_bytes(8, "little"))[0]  # type: ignore[no-any-return]


NUMBERS: Mapping[str, Callable[[int], Any]] = {"int": signed, "bool": bool, "double": _double}
"""What a number of each encoding stands for."""


def _text(data: bytes, at: int, end: int) -> str:
    return data[at:end].decode()


def _bytes(data: bytes, at: int, end: int) -> bytes:
    return data[at:end]


def _parts(data: bytes, at: int, end: int, kinds: Mapping[int, int]) -> dict[int, int | bytes]:
    """Return the fields of a small message by number, the last of each.

    Args:
        data: The bytes.
        at: Where the message begins.
        end: Where the message ends.
        kinds: The wire types by number.

    Raises:
        Malformed: A field has another wire type.
    """
    found: dict[int, int | bytes] = {}
    for tag, start, stop in fields_in(data, at, end):
        kind = kinds.get(tag >> 3)
        if kind is None:
            continue
        if kind != tag & 7:
            raise Malformed(wrong_wire_type(tag))
        found[tag >> 3] = data[start:stop] if kind == LENGTH else read_varint(data, start)[0]
    return found


_TIMESTAMP = {1: VARINT, 2: VARINT}
_ONE_TEXT = {1: LENGTH}
_INT_OR_STRING = {1: VARINT, 2: VARINT, 3: LENGTH}


def _time(data: bytes, at: int, end: int) -> datetime | None:
    """Read a `Time`, which has whole seconds: Go ignores the others."""
    if at == end:
        return None
    return _moment(_seconds(data, at, end)[0], 0)


def _micro_time(data: bytes, at: int, end: int) -> datetime | None:
    if at == end:
        return None
    seconds, nanoseconds = _seconds(data, at, end)
    return _moment(seconds, nanoseconds // 1000)


def _seconds(data: bytes, at: int, end: int) -> tuple[int, int]:
    found: Any = _parts(data, at, end, _TIMESTAMP)
    return signed(found.get(1, 0)), signed(found.get(2, 0))


def _moment(seconds: int, microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=microseconds)
    except OverflowError:
        reason = "expected a time in the years 1 to 9999"
    raise Malformed(reason)


def _quantity(data: bytes, at: int, end: int) -> str:
    found: Any = _parts(data, at, end, _ONE_TEXT)
    return found.get(1, b"").decode() or "0"


def _int_or_string(data: bytes, at: int, end: int) -> int | str:
    found: Any = _parts(data, at, end, _INT_OR_STRING)
    if found.get(1, 0):
        return found.get(3, b"").decode()  # type: ignore[no-any-return]
    return signed(found.get(2, 0))


def _json(data: bytes, at: int, end: int) -> Any:
    """Read a message whose only field has JSON: RawExtension, FieldsV1, and the JSON of apiextensions."""
    text: Any = _parts(data, at, end, _ONE_TEXT).get(1, b"")
    if not text:
        return None
    try:
        return parse(text, "value")
    except DecodeError:
        reason = "expected a value in JSON"
    raise Malformed(reason)


def _texts(data: bytes, at: int, end: int) -> tuple[str, ...]:
    """Read a named list of texts."""
    found: list[str] = []
    for tag, start, stop in fields_in(data, at, end):
        if tag == 1 << 3 | LENGTH:
            found.append(data[start:stop].decode())
    return tuple(found)


PAYLOADS: Mapping[str, ReadPayload] = {
    "text": _text,
    "bytes": _bytes,
    "time": _time,
    "micro_time": _micro_time,
    "quantity": _quantity,
    "int_or_string": _int_or_string,
    "json": _json,
    "texts": _texts,
}
"""How the payload of each encoding is read."""
