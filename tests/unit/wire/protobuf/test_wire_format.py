"""The encoding of protobuf: integers, tags, bounds, and values of unknown fields."""

from __future__ import annotations

import pytest

from kubeloop.wire.protobuf.wire_format import (
    Malformed,
    end_of_payload,
    fields_in,
    read_varint,
    signed,
    skip_value,
    varint,
    with_length,
)

INTEGERS = [
    (0, b"\x00"),
    (1, b"\x01"),
    (126, b"\x7e"),
    (127, b"\x7f"),
    (128, b"\x80\x01"),
    (129, b"\x81\x01"),
    (255, b"\xff\x01"),
    (256, b"\x80\x02"),
    (300, b"\xac\x02"),
    (16383, b"\xff\x7f"),
    (16384, b"\x80\x80\x01"),
    (16385, b"\x81\x80\x01"),
    (1 << 21, b"\x80\x80\x80\x01"),
    ((1 << 31) - 1, b"\xff\xff\xff\xff\x07"),
    (1 << 63, b"\x80" * 9 + b"\x01"),
    ((1 << 64) - 1, b"\xff" * 9 + b"\x01"),
]
LAST_NUMBER = 536_870_911


@pytest.mark.parametrize(("value", "data"), INTEGERS)
def test_integers_are_written_and_read_in_as_few_bytes_as_possible(value: int, data: bytes) -> None:
    assert varint(value) == data
    assert read_varint(b"\xff" + data + b"\xff", 1) == (value, 1 + len(data))


def test_an_integer_in_more_bytes_than_necessary_is_read() -> None:
    assert read_varint(b"\x80\x80\x00", 0) == (0, 3)
    assert read_varint(b"\x81" + b"\x80" * 8 + b"\x00", 0) == (1, 10)


@pytest.mark.parametrize(
    "data", [b"\x80" * 9 + b"\x02", b"\x81" + b"\x80" * 8 + b"\x02", b"\xff" * 10, b"\x80" * 10 + b"\x00"]
)
def test_an_integer_of_more_than_64_bits_or_ten_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed, match="at most 64 bits"):
        read_varint(data + b"\x00" * 4, 0)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x80", b"\x80" * 9])
def test_an_integer_that_is_cut_off_ends_the_data(data: bytes) -> None:
    with pytest.raises(IndexError):
        read_varint(data, 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), (5, 5), (1 << 62, 1 << 62), ((1 << 63) - 1, (1 << 63) - 1), (1 << 63, -(1 << 63)), ((1 << 64) - 1, -1)],
)
def test_the_highest_of_64_bits_is_the_sign(value: int, expected: int) -> None:
    assert signed(value) == expected


def test_a_field_with_a_length_has_a_tag_a_length_and_a_payload() -> None:
    assert with_length(1, b"ab") == b"\x0a\x02ab"
    assert with_length(16, b"x" * 128) == b"\x82\x01\x80\x01" + b"x" * 128


def test_a_payload_ends_within_the_message() -> None:
    assert end_of_payload(b"\x02ab", 0, 3) == (1, 3)
    with pytest.raises(Malformed, match="got 3 bytes"):
        end_of_payload(b"\x03abc", 0, 3)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(0, b"\x80\x01"), (1, b"12345678"), (2, b"\x03abc"), (5, b"1234"), (3, b"\x08\x01\x12\x01x\x0c")],
)
def test_the_value_of_an_unknown_field_is_skipped(kind: int, value: bytes) -> None:
    assert skip_value(value + b"rest", 0, len(value) + 4, 1 << 3 | kind) == len(value)


def test_the_last_field_number_is_valid() -> None:
    assert skip_value(b"\x05", 0, 1, LAST_NUMBER << 3) == 1


@pytest.mark.parametrize(("kind", "value"), [(1, b"1234567"), (5, b"123"), (2, b"\x03ab"), (3, b"\x08\x01")])
def test_the_value_of_an_unknown_field_must_be_complete(kind: int, value: bytes) -> None:
    with pytest.raises(Malformed):
        skip_value(value, 0, len(value), 1 << 3 | kind)


@pytest.mark.parametrize("tag", [0, LAST_NUMBER + 1 << 3, 1 << 3 | 6, 1 << 3 | 7, 1 << 3 | 4])
def test_a_tag_that_begins_no_field_is_refused(tag: int) -> None:
    with pytest.raises(Malformed):
        skip_value(b"\x00" * 16, 0, 16, tag)


def test_ten_thousand_groups_within_each_other_are_skipped_and_no_more() -> None:
    def nested(count: int) -> bytes:
        return b"\x0b" * (count - 1) + b"\x0c" * count

    assert skip_value(nested(10_000), 0, 19_999, 1 << 3 | 3) == 19_999
    with pytest.raises(Malformed, match="10000 groups"):
        skip_value(nested(10_001), 0, 20_001, 1 << 3 | 3)


def test_the_fields_of_a_message_are_its_tags_with_the_bounds_of_the_values() -> None:
    data = b"\x08\x96\x01" + b"\x12\x02ab" + b"\x1d1234" + b"\x2112345678" + b"\x9a\x01\x00" + b"\x0b\x08\x01\x0c"
    assert list(fields_in(data, 0, len(data))) == [
        (8, 1, 3),
        (18, 5, 7),
        (29, 8, 12),
        (33, 13, 21),
        (154, 24, 24),
        (11, 25, 28),
    ]
    assert list(fields_in(data, 3, 7)) == [(18, 5, 7)]


@pytest.mark.parametrize("data", [b"\x02\x00", b"\x0a", b"\x0a\x05ab", b"\x80", b"\x0e\x00", b"\x04"])
def test_the_fields_of_a_malformed_message_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(fields_in(data, 0, len(data)))
