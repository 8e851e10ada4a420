"""The records of the journal as bytes.

A journal is one line of text and then records. A record is a head (the length of the payload, its checksum, and the
checksum of both) and a payload: the kind, numbers, texts and JSON. The last byte of a payload is a line feed.
"""

from __future__ import annotations

from struct import Struct
from sys import intern
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from kubeloop.testing.apiserver.storage.stored import Key, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BASE",
    "COMPACTION",
    "DELETION",
    "FIRST_LINE",
    "OBJECT",
    "WRITE",
    "BadRecord",
    "encode_object",
    "encode_revisions",
    "object_size",
    "payloads",
    "read_object",
    "read_revisions",
    "zero_tail",
]

FIRST_LINE = b"kubeloop journal 1\n"

BASE = ord("B")
"""The history starts here: its first revision and the compacted revision."""
OBJECT = ord("O")
"""An object that was written before the history starts."""
WRITE = ord("W")
"""A change: the new version of an object."""
DELETION = ord("D")
"""A change: the last state of an object."""
COMPACTION = ord("C")
"""The compacted revision, twice."""

_LENGTH = Struct("<II")  # length and checksum of the payload
_CHECK = Struct("<I")  # checksum of these
_HEAD_BYTES = _LENGTH.size + _CHECK.size
_OBJECT = Struct("<BQQIII")  # kind, revision, created revision, lengths of resource, namespace, name
_REVISIONS = Struct("<BQQ")
_ZEROS = bytes(1 << 16)


class BadRecord(NamedTuple):
    """Where the records of a journal stop to be readable.

    Attributes:
        offset: The start of the record, in bytes.
        reason: What is wrong.
        is_incomplete: Whether the file ends within the record, as after a crash in the middle of a write.
    """

    offset: int
    reason: str
    is_incomplete: bool


def encode_object(kind: int, stored: Stored) -> bytes:
    """Return the record of a version of an object."""
    resource, namespace, name = (text.encode() for text in stored.key)
    numbers = _OBJECT.pack(kind, stored.revision, stored.created_revision, len(resource), len(namespace), len(name))
    return _framed(b"".join((numbers, resource, namespace, name, stored.data, b"\n")))


def object_size(stored: Stored) -> int:
    """Return the length of the record of an object whose key is ASCII."""
    return _HEAD_BYTES + _OBJECT.size + sum(map(len, stored.key)) + len(stored.data) + 1


def encode_revisions(kind: int, revision: int, compacted_revision: int) -> bytes:
    """Return a record that consists of two revisions."""
    return _framed(_REVISIONS.pack(kind, revision, compacted_revision) + b"\n")


def _framed(payload: bytes) -> bytes:
    length = _LENGTH.pack(len(payload), crc32(payload))
    return b"".join((length, _CHECK.pack(crc32(length)), payload))


def payloads(journal: memoryview) -> Iterator[tuple[int, memoryview] | BadRecord]:
    """Yield each payload with the offset of its record, and at last the record that cannot be read, if there is one.

    An incomplete record is the only thing that a crash of the process can leave, since a write appends one record.
    After a crash of the machine, the end of the file may also be zeros.
    """
    offset, size = len(FIRST_LINE), len(journal)
    while offset < size:
        start = offset + _HEAD_BYTES
        if start > size:
            yield BadRecord(offset, "expected a record, got a part of its head", True)
            return
        length, checksum = _LENGTH.unpack_from(journal, offset)
        end = start + length
        if _CHECK.unpack_from(journal, start - _CHECK.size)[0] != crc32(journal[offset : start - _CHECK.size]):
            yield BadRecord(offset, "expected a record, got a bad checksum of its head", zero_tail(journal) < start)
            return
        if end > size:
            yield BadRecord(offset, f"expected a record of {length} bytes, got {size - start}", True)
            return
        payload = journal[start:end]
        if crc32(payload) != checksum:
            yield BadRecord(offset, "expected a record, got a bad checksum", zero_tail(journal) < end)
            return
        yield offset, payload
        offset = end


def zero_tail(journal: memoryview) -> int:
    """Return where the zeros begin with which a journal ends."""
    end = len(journal)
    while end and journal[end - 1] == 0:
        block = journal[max(0, end - len(_ZEROS)) : end]
        end = end - len(block) if bytes(block) == _ZEROS[: len(block)] else end - 1
    return end


def read_object(payload: memoryview, keys: dict[bytes, Key]) -> Stored:
    """Return the object of a payload.

    Args:
        payload: The payload of a record that encodes an object.
        keys: Keys that have been read before, which versions of an object share.

    Raises:
        ValueError: The payload is too short, or a text is not UTF-8.
    """
    kind, revision, created, *lengths = _OBJECT.unpack_from(payload)
    del kind
    start = _OBJECT.size
    end = start + sum(lengths)
    if end >= len(payload):
        raise ValueError("the texts are longer than the record")
    texts = bytes(payload[start:end])
    key = keys.get(texts)
    if key is None or (len(key.resource), len(key.namespace)) != (lengths[0], lengths[1]):
        resource, rest = texts[: lengths[0]], texts[lengths[0] :]
        namespace, name = rest[: lengths[1]], rest[lengths[1] :]
        key = keys[texts] = Key(intern(resource.decode()), intern(namespace.decode()), name.decode())
    return Stored(key, revision, created, bytes(payload[end:-1]))


def read_revisions(payload: memoryview) -> tuple[int, int]:
    """Return the two revisions of a payload."""
    _, revision, compacted_revision = _REVISIONS.unpack_from(payload)
    return revision, compacted_revision
