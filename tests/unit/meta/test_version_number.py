"""resourceVersions as numbers: the cases of apimachinery, and that the order is that of the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.meta.version_number import MAX_DIGITS, version_number


@pytest.mark.parametrize(
    "text", ["", "0", "01", "-1", "+1", "1.0", "v2", " 1", "1 ", "1_000", "٣", "²", "1\n", "9" * (MAX_DIGITS + 1)]
)
def test_what_is_no_whole_number_above_zero_cannot_be_compared(text: str) -> None:
    assert version_number(text) is None


@given(st.integers(min_value=1, max_value=10**60), st.integers(min_value=1, max_value=10**60))
def test_the_order_of_versions_is_that_of_numbers(one: int, other: int) -> None:
    first, second = version_number(str(one)), version_number(str(other))
    assert first is not None
    assert second is not None
    assert (first < second) is (one < other)


def test_a_version_may_be_longer_than_any_integer_of_a_server() -> None:
    assert version_number("9" * MAX_DIGITS) == int("9" * MAX_DIGITS)
