"""Times and durations, with the facts of apimachinery's duration_test.go."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from kubeloop.meta.times import (
    format_duration,
    format_micro_time,
    format_time,
    human_duration,
    parse_duration,
    parse_time,
    short_human_duration,
)
from tests.support.growth import growth

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5Z", datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)),
        ("2026-01-02T03:04:05+01:30", datetime(2026, 1, 2, 1, 34, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05-01:00", datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_reads_rfc_3339(text, expected):
    assert parse_time(text) == expected
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-01-02 03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+0100", "2026-01-02T02:04:05Z"),
        ("2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T3:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+24:00", "2026-01-01T03:04:05Z"),
        ("2026-01-02T03:04:05-24:00", "2026-01-03T03:04:05Z"),
        ("2026-01-02T03:04:05+24:60", "2026-01-01T02:04:05Z"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.9999999Z", "2026-01-02T03:04:05Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00"),
        ("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00"),
    ],
)
def test_reads_what_go_and_models_read_and_writes_it_as_go(text, written):
    """(E13, E2) A time outside the years 1 to 9999 of UTC keeps its offset."""
    assert format_time(parse_time(text)) == written
    assert parse_time(written) == parse_time(text).replace(microsecond=0)


def read_or_refuse(read, text):
    with contextlib.suppress(ValueError):
        read(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "2026-01-02T03:04:05." + "9" * n + "Z",
        lambda n: "2026-01-02T03:04:05." + "9" * n,
        lambda n: "2" * n,
        lambda n: "2026-01-02T" * n,
    ],
)
def test_reading_a_time_takes_one_pass(make):
    """(F3)"""
    assert growth(make, lambda text: read_or_refuse(parse_time, text), 2000) < 16


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "9" * n + "s",
        lambda n: "0" * n + "s",
        lambda n: "0." + "9" * n + "h",
        lambda n: "9" * n,
        lambda n: "1ns" * n,
        lambda n: "1h" * n,
        lambda n: "0." * n,
        lambda n: "0s" * n + "x",
    ],
)
def test_reading_a_duration_takes_one_pass(make):
    """(F3)"""
    assert growth(make, lambda text: read_or_refuse(parse_duration, text), 1000) < 16


def test_long_numbers_of_durations_are_read():
    """(F3)"""
    assert parse_duration("0" * 5000 + "1.5" + "0" * 5000 + "s") == timedelta(seconds=1.5)
    assert parse_duration("0." + "3" * 5000 + "s") == timedelta(microseconds=333_333)
    with pytest.raises(ValueError, match="292 years"):
        parse_duration("9" * 5000 + "ns")


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-01-02", "2026-01-02T03:04:05", "2026-02-30T03:04:05Z", "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:60Z", "2026-1-2T03:04:05Z", "2026-01-02T03:04:05+25:00", "2026-01-02T03:04:05+01",
        "2026-01-02T03:04:05+23:61", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-01-02T3:4:5Z",
        "0001-01-01T00:00:00+24:00", "2026-01-02T03:04:05 Z", "2026-01-02T 3:04:05Z", "2026-01-02_03:04:05Z",
        "٢026-01-02T03:04:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Z\n",
    ],
)  # fmt: skip
def test_refuses_what_is_no_time(text):
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_time(text)


def test_writes_times_in_utc_with_whole_seconds():
    assert (
        format_time(datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=1))))
        == "2026-01-02T02:04:05Z"
    )
    assert format_time(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"


def test_writes_micro_times_with_six_digits():
    assert format_micro_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"
    assert format_micro_time(datetime(2026, 1, 2, 3, 4, 5, 42, tzinfo=UTC)) == "2026-01-02T03:04:05.000042Z"


@pytest.mark.parametrize("write", [format_time, format_micro_time])
def test_refuses_to_write_a_time_without_a_zone(write):
    with pytest.raises(ValueError, match="time zone"):
        write(datetime(2026, 1, 2))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("5s", 5), ("30s", 30), ("1478s", 1478),
        ("-5s", -5), ("+5s", 5), ("-0", 0), ("5.0s", 5), ("5.6s", 5.6),
        ("5.s", 5), (".5s", 0.5), ("1.004s", 1.004), ("10ns", 0), ("11us", 11e-6), ("12µs", 12e-6), ("12μs", 12e-6),
        ("13ms", 0.013), ("14s", 14), ("15m", 900), ("16h", 57600), ("3h30m", 12600), ("10.5s4m", 250.5),
        ("-2m3.4s", -123.4), ("1h2m3s4ms5us6ns", 3723.004005), ("39h9m14.425s", 140954.425),
    ],
)  # fmt: skip
def test_reads_durations_as_go(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "1 s", "3000000h", "9223372037s", "1s "]
)
def test_refuses_what_is_no_duration(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(microseconds=1), "1µs"),
        (timedelta(microseconds=1100), "1.1ms"),
        (timedelta(seconds=2.2), "2.2s"),
        (timedelta(minutes=3.5), "3m30s"),
        (timedelta(hours=4, milliseconds=1), "4h0m0.001s"),
        (timedelta(hours=100), "100h0m0s"),
        (-timedelta(minutes=1.5), "-1m30s"),
    ],
)
def test_writes_durations_as_go(duration, text):
    assert format_duration(duration) == text
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"), (-1.999, "0s"), (0, "0s"), (0.999, "0s"),
        (1, "1s"), (70, "70s"), (119.999, "119s"), (120, "2m"),
        (121, "2m1s"), (190, "3m10s"), (599.9, "9m59s"), (600, "10m"), (601, "10m"), (70 * MINUTE, "70m"),
        (3 * HOUR - 0.001, "179m"), (3 * HOUR, "3h"), (3 * HOUR + MINUTE, "3h1m"), (8 * HOUR - 0.001, "7h59m"),
        (8 * HOUR, "8h"), (8 * HOUR + 59 * MINUTE, "8h"), (47 * HOUR, "47h"), (2 * DAY - 0.001, "47h"), (2 * DAY, "2d"),
        (49 * HOUR, "2d1h"), (8 * DAY - 0.001, "7d23h"),
        (8 * DAY, "8d"), (8 * DAY + 23 * HOUR, "8d"), (367 * DAY, "367d"),
        (2 * YEAR - 0.001, "729d"), (2 * YEAR, "2y"), (2 * YEAR + 23 * HOUR, "2y"), (2 * YEAR + 25 * HOUR, "2y1d"),
        (8 * YEAR - 0.001, "7y364d"), (8 * YEAR, "8y"), (8 * YEAR + 364 * DAY, "8y"), (9 * YEAR, "9y"),
    ],
)  # fmt: skip
def test_writes_ages_as_kubectl(seconds, text):
    assert human_duration(seconds) == text
    assert human_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"), (-1.5, "0s"), (0, "0s"), (1, "1s"),
        (59.9, "59s"), (60, "1m"), (119.9, "1m"), (HOUR - 0.1, "59m"),
        (HOUR, "1h"), (DAY - 0.1, "23h"), (DAY, "1d"), (YEAR - 0.1, "364d"), (YEAR, "1y"), (2 * YEAR, "2y"),
    ],
)  # fmt: skip
def test_writes_short_ages_as_kubectl(seconds, text):
    assert short_human_duration(seconds) == text
