"""IntOrString: the facts of apimachinery's intstr_test.go."""

from __future__ import annotations

import pytest

from kubeloop.meta.int_or_string import int_value, parse_int_or_string, scaled_value


@pytest.mark.parametrize(
    ("value", "total", "round_up", "expected"),
    [
        (123, 0, True, 123),
        ("90%", 100, True, 90),
        ("90%", 95, True, 86),
        ("90%", 95, False, 85),
        ("0%", 7, True, 0),
        ("25%", 1, False, 0),
        ("25%", 1, True, 1),
        ("-25%", 10, True, -2),
        ("-25%", 10, False, -3),
        ("150%", 3, True, 5),
    ],
)
def test_scales_percentages_and_leaves_numbers(value, total, round_up, expected):
    assert scaled_value(value, total, round_up=round_up) == expected


@pytest.mark.parametrize("text", ["%", "90#", "#%", "90", "30%0", "a%", "a", "40#", "40%%", "", "1_0%", " 5%"])
def test_refuses_text_that_is_no_percentage(text):
    with pytest.raises(ValueError, match="percentage"):
        scaled_value(text, 10, round_up=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("2147483647", 2147483647),
        ("-2147483648", -2147483648),
        ("2147483648", "2147483648"),
        ("-2147483649", "-2147483649"),
        ("9223372036854775808", "9223372036854775808"),
        ("http", "http"),
        ("25%", "25%"),
        ("1_0", "1_0"),
        ("", ""),
    ],
)
def test_parses_integers_of_32_bits_and_leaves_other_text(text, expected):
    assert parse_int_or_string(text) == expected


def test_gives_the_number_that_a_text_spells_or_zero():
    assert [int_value(value) for value in (80, "80", "-8", "http", "80%")] == [80, 80, -8, 0, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9" * 20, 2**63 - 1),
        ("9" * 5000, 2**63 - 1),
        ("-" + "9" * 20, -(2**63)),
        ("9223372036854775808", 2**63 - 1),
        ("0" * 30 + "80", 80),
        ("-" + "0" * 30, 0),
    ],
)
def test_a_number_beyond_64_bits_is_the_nearest_of_64_bits(text, expected):
    """As Go's (E15)."""
    assert int_value(text) == expected


def test_leading_zeros_make_no_text_of_a_number():
    assert parse_int_or_string("0" * 30 + "80") == 80
    assert scaled_value("0" * 30 + "50%", 10, round_up=True) == 5


@pytest.mark.parametrize("text", ["9223372036854775808%", "9" * 5000 + "%", "-9223372036854775809%"])
def test_refuses_a_percentage_beyond_64_bits(text):
    with pytest.raises(ValueError, match="percentage"):
        scaled_value(text, 10, round_up=True)
