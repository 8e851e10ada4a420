"""Records as bytes: what is written is read, and what is not whole is recognized."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from kubeloop.testing.apiserver.storage.journal_record import (
    BASE,
    FIRST_LINE,
    WRITE,
    BadRecord,
    encode_object,
    encode_revisions,
    object_size,
    payloads,
    read_object,
    read_revisions,
    zero_tail,
)
from kubeloop.testing.apiserver.storage.stored import Key, Stored

POD = Stored(Key("pods", "default", "web-0"), 7, 3, b'{"a":1}')


def items(*records: bytes) -> Iterator[tuple[int, memoryview] | BadRecord]:
    return payloads(memoryview(FIRST_LINE + b"".join(records)))


def whole(*versions: Stored) -> list[memoryview]:
    """Return the payloads of the records of these versions."""
    found = items(*(encode_object(WRITE, stored) for stored in versions))
    return [item[1] for item in found if not isinstance(item, BadRecord)]


@pytest.mark.parametrize(
    "stored",
    [
        POD,
        Stored(Key("nodes", "", "n"), 2, 2, b""),
        Stored(Key("deployments.apps", "ä/ö", "\U0001f600"), 2**63, 1, bytes(range(256))),
    ],
)
def test_an_object_is_read_as_it_was_written(stored: Stored) -> None:
    [item] = items(encode_object(WRITE, stored))
    assert not isinstance(item, BadRecord)
    offset, payload = item
    assert (offset, payload[0], bytes(payload[-1:])) == (len(FIRST_LINE), WRITE, b"\n")
    read = read_object(payload, {})
    assert (read.key, read.revision, read.created_revision, read.data) == (
        stored.key,
        stored.revision,
        stored.created_revision,
        stored.data,
    )


def test_versions_of_an_object_share_the_key_and_objects_share_their_namespace() -> None:
    keys: dict[bytes, Key] = {}
    other = Stored(Key("pods", "default", "web-1"), 8, 8, b"")
    read = [read_object(payload, keys) for payload in whole(POD, POD, other)]
    assert read[0].key is read[1].key
    assert read[0].key.namespace is read[2].key.namespace


def test_keys_with_the_same_text_in_other_places_are_told_apart() -> None:
    keys: dict[bytes, Key] = {}
    wanted = [Key("pods", "ab", "c"), Key("pods", "a", "bc"), Key("pods", "", "abc"), Key("pod", "sab", "c")]
    records = whole(*(Stored(key, 2, 2, b"") for key in wanted))
    assert [read_object(payload, keys).key for payload in records] == wanted


def test_revisions_are_read_as_they_were_written() -> None:
    [item] = items(encode_revisions(BASE, 2**40, 3))
    assert read_revisions(item[1]) == (2**40, 3)  # type: ignore[arg-type]


def test_the_size_of_an_object_is_that_of_its_record() -> None:
    assert object_size(POD) == len(encode_object(WRITE, POD))


def test_a_record_that_ends_early_is_incomplete_wherever_it_ends() -> None:
    record = encode_object(WRITE, POD)
    for length in range(1, len(record)):
        *before, bad = items(record, record[:length])
        assert len(before) == 1
        assert isinstance(bad, BadRecord)
        assert (bad.offset, bad.is_incomplete) == (len(FIRST_LINE) + len(record), True)


def test_a_changed_byte_is_not_an_incomplete_record() -> None:
    record = bytearray(encode_object(WRITE, POD))
    for index in range(len(record)):
        record[index] ^= 0x10
        [bad] = items(bytes(record))
        assert isinstance(bad, BadRecord)
        assert not bad.is_incomplete
        assert "bad checksum" in bad.reason
        record[index] ^= 0x10


@pytest.mark.parametrize("kept", [0, 1, 5, 12, 20, -1])
def test_a_record_whose_end_is_zeros_is_incomplete(kept: int) -> None:
    record = encode_object(WRITE, POD)
    start = record[:kept] if kept >= 0 else record[:-1]
    for length in (len(record), len(record) + 100_000):
        [bad] = items(start.ljust(length, b"\0"))
        assert isinstance(bad, BadRecord)
        assert bad.is_incomplete


def test_zeros_before_a_whole_record_are_damage() -> None:
    [bad] = items(bytes(50), encode_object(WRITE, POD))
    assert isinstance(bad, BadRecord)
    assert not bad.is_incomplete


@pytest.mark.parametrize(("content", "start"), [(b"", 0), (b"\0\0", 0), (b"a", 1), (b"a\0b\0\0", 3)])
def test_the_zeros_at_the_end_are_found(content: bytes, start: int) -> None:
    assert zero_tail(memoryview(content)) == start


def test_many_zeros_are_found_in_blocks() -> None:
    assert zero_tail(memoryview(b"ab" + bytes(300_000))) == 2


def test_texts_that_are_longer_than_the_record_are_refused() -> None:
    payload = bytearray(whole(POD)[0])
    struct.pack_into("<I", payload, 25, 2**31)
    with pytest.raises(ValueError, match="longer than the record"):
        read_object(memoryview(payload), {})
