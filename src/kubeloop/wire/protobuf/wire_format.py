"""The encoding of protobuf: variable-length integers, tags and the bounds of fields, and what is wrong with bytes.

Reference: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubeloop.errors import DecodeError

__all__ = [
    "FIXED32",
    "FIXED64",
    "INCOMPLETE",
    "LENGTH",
    "VARINT",
    "Malformed",
    "end_of_payload",
    "fields_in",
    "read_varint",
    "signed",
    "skip_value",
    "too_long",
    "varint",
    "with_length",
    "wrong_wire_type",
]

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)
_MAX_VARINT_BYTES = 10
_BITS_64 = (1 << 64) - 1
_MAX_NUMBER = (1 << 29) - 1
_MAX_GROUPS = 10_000
_ONE_BYTE = tuple(bytes((value,)) for value in range(128))


INCOMPLETE = "the message ends within a value"


def too_long(size: int) -> str:
    """Return the reason for a length that is more than the rest of the message."""
    return f"expected a length within the message, got {size} bytes"


def wrong_wire_type(tag: int) -> str:
    """Return the reason for a known field whose wire type is that of another type."""
    return f"expected the wire type of the field, got {tag & 7}"


class Malformed(DecodeError):
    """Bytes that are not the message that they should be.

    Args:
        reason: What is wrong. It never contains a value, which may be a secret.

    Attributes:
        path: The names of the fields around the place, innermost first.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = str(self.args[0])  # safe for terminals
        self.path: list[str] = []

    def __str__(self) -> str:
        place = ".".join(name for name in reversed(self.path) if name)
        return f"{place}: {self.reason}" if place else self.reason


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned integer at a position, and the position after it.

    Raises:
        Malformed: The integer has more than 64 bits.
        IndexError: The data end within the integer.
    """
    value = data[at]
    if value < 128:
        return value, at + 1
    value = value & 127 | data[at + 1] << 7
    if value < 1 << 14:  # most are this short, and the loop takes twice as long
        return value, at + 2
    value &= (1 << 14) - 1
    shift = 14
    for here in range(at + 2, at + _MAX_VARINT_BYTES):
        byte = data[here]
        value |= (byte & 127) << shift
        if byte < 128:
            if value > _BITS_64:
                break
            return value, here + 1
        shift += 7
    raise Malformed("expected an integer of at most 64 bits")


def signed(value: int) -> int:
    """Return an unsigned integer of 64 bits as the signed integer with the same bits."""
    return value - (1 << 64) if value >> 63 else value


def varint(value: int) -> bytes:
    """Return an unsigned integer as protobuf writes it."""
    if 0 <= value < 128:  # nearly all are, and the loop takes three times as long
        return _ONE_BYTE[value]
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def with_length(number: int, payload: bytes) -> bytes:
    """Return a field with its tag and its length."""
    return varint(number << 3 | LENGTH) + varint(len(payload)) + payload


def end_of_payload(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the bounds of a payload whose length is at a position.

    Raises:
        Malformed: The payload does not end before `end`.
    """
    size, start = read_varint(data, at)
    if start + size > end:
        raise Malformed(too_long(size))
    return start, start + size


def skip_value(data: bytes, at: int, end: int, tag: int) -> int:
    """Return the position after the value of an unknown field; groups are skipped without recursion.

    Raises:
        Malformed: The value is not complete, or the tag is not one.
        IndexError: The data end within the value.
    """
    open_groups: list[int] = []
    while True:
        number, kind = tag >> 3, tag & 7
        if not 0 < number <= _MAX_NUMBER:
            raise Malformed(f"expected a field number from 1 to {_MAX_NUMBER}, got {number}")
        if kind == VARINT:
            _, at = read_varint(data, at)
        elif kind == LENGTH:
            _, at = end_of_payload(data, at, end)
        elif kind == FIXED64:
            at += 8
        elif kind == FIXED32:
            at += 4
        elif kind == START_GROUP:
            if len(open_groups) == _MAX_GROUPS:
                raise Malformed(f"expected at most {_MAX_GROUPS} groups within each other")
            open_groups.append(number)
        elif kind == END_GROUP:
            if not open_groups or open_groups.pop() != number:
                raise Malformed("a group ends that has not begun")
        else:
            raise Malformed(f"expected a wire type from 0 to 5, got {kind}")
        if at > end:
            raise Malformed(INCOMPLETE)
        if not open_groups:
            return at
        if at == end:
            raise Malformed("the message ends within a group")
        tag, at = read_varint(data, at)


def fields_in(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the fields of a message: the tag, and where the value begins and ends.

    The value of a field with a length begins after the length.

    Raises:
        Malformed: The bytes are not a message.
    """
    try:
        while at < end:
            tag, at = read_varint(data, at)
            if tag & 7 == LENGTH and tag >> 3:
                at, stop = end_of_payload(data, at, end)
            else:
                stop = skip_value(data, at, end, tag)
            yield tag, at, stop
            at = stop
    except IndexError:
        raise Malformed(INCOMPLETE) from None
