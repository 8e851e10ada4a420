"""The figures of a run."""

from __future__ import annotations

import pytest

from tests.soak.report import hourly_growth


def test_the_growth_is_the_slope_by_least_squares() -> None:
    samples = [(float(second), 100_000_000 + second * 1_000) for second in range(0, 3600, 10)]
    assert hourly_growth(samples, after=0) == pytest.approx(3.536, abs=0.001)
    assert hourly_growth([(second, 5_000) for second, _ in samples], after=0) == 0


def test_what_happens_at_first_does_not_count() -> None:
    samples = [(float(second), 50 if second < 600 else 100) for second in range(0, 3600, 10)]
    assert hourly_growth(samples, after=600) == 0
    growth = hourly_growth(samples, after=0)
    assert growth is not None
    assert growth > 0


def test_the_growth_of_some_minutes_is_not_measured() -> None:
    assert hourly_growth([(0.0, 1), (299.0, 2)], after=0) is None
    assert hourly_growth([(0.0, 1), (300.0, 2)], after=301) is None
