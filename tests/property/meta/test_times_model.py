"""One reader of times: models read what `parse_time` reads, refuse what it refuses, and it agrees with Python's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.errors import DecodeError
from kubeloop.meta.times import format_micro_time, format_time, parse_time
from kubeloop.models import meta_v1

two = st.integers(0, 61).map("{:02}".format) | st.sampled_from(["0", "7", "24", "23", "59", "60"])
years = st.sampled_from(["0000", "0001", "1969", "2024", "2026", "9999", "10000", "26"])
months = st.integers(0, 13).map("{:02}".format)
days = st.integers(0, 32).map("{:02}".format)
fractions = st.just("") | st.builds("{}{}".format, st.sampled_from(".,"), st.text("0123456789", max_size=12))
offsets = st.sampled_from(["Z", "z", ""]) | st.builds(
    "{}{:02}{}{:02}".format, st.sampled_from("+- "), st.integers(0, 25), st.sampled_from([":", ""]), st.integers(0, 61)
)
texts = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format, years, months, days, st.sampled_from("Tt _"), two, two, two, fractions, offsets
)


@settings(max_examples=1000, deadline=None)
@given(texts)
def test_models_read_exactly_what_parse_time_reads(text: str) -> None:
    """(E1, E13)"""
    try:
        expected = parse_time(text)
    except ValueError:
        expected = None
    try:
        found = meta_v1.ObjectMeta.from_yaml(json.dumps({"creationTimestamp": text})).creation_timestamp
    except DecodeError:
        found = None
    assert found == expected


@settings(max_examples=500, deadline=None)
@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.text("0123456789", max_size=4),
)
def test_what_is_written_is_read_back_and_finer_digits_are_cut(time: datetime, minutes: int, finer: str) -> None:
    """(E1, E2)"""
    assert parse_time(format_micro_time(time)) == time
    assert parse_time(format_micro_time(time)[:-1] + finer + "Z") == time
    assert parse_time(format_time(time)) == time.replace(microsecond=0)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{time.replace(tzinfo=None).isoformat(timespec='microseconds')}{sign}{hours:02}:{rest:02}"
    found = parse_time(text)
    assert found == time - timedelta(minutes=minutes)
    assert parse_time(format_micro_time(found)) == found
