"""Durations in messages."""

from __future__ import annotations

import pytest

from kubeloop._kit.durations import in_seconds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (4.99998, "5 s"),
        (0.25, "0.25 s"),
        (0.123, "0.12 s"),
        (12.7, "13 s"),
        (9.96, "10 s"),
        (600.0, "600 s"),
        (0, "0 s"),
    ],
)
def test_durations_are_written_as_people_write_them(value: float, expected: str):
    """(E6)"""
    assert in_seconds(value) == expected
