"""IntOrString: the facts of apimachinery's intstr_test.go."""

from __future__ import annotations

import pytest

from kubeloop.meta.int_or_string import int_or_string_value, parse_int_or_string, scaled_int_or_percent
from tests.support.growth import growth


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
    assert scaled_int_or_percent(value, total, round_up=round_up) == expected


@pytest.mark.parametrize("text", ["%", "90#", "#%", "90", "30%0", "a%", "a", "40#", "40%%", "", "1_0%", " 5%"])
def test_refuses_text_that_is_no_percentage(text):
    with pytest.raises(ValueError, match="percentage"):
        scaled_int_or_percent(text, 10, round_up=True)


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9" * 20, 2**63 - 1), ("-" + "9" * 20, -(2**63)), (str(2**63 - 1), 2**63 - 1), (str(2**63), 2**63 - 1),
        ("-" + str(2**63), -(2**63)), ("9" * 5000, 2**63 - 1), ("0" * 5000 + "7", 7), ("+5", 5), ("05", 5), ("-0", 0),
        ("5%", 0), ("1_000", 0), (" 5", 0), ("٣", 0), ("0x10", 0), ("--5", 0), ("+", 0), ("-", 0), ("", 0), ("5\n", 0),
    ],
)  # fmt: skip
def test_numbers_in_text_are_go_s(text, expected):
    """(E15) strconv.Atoi, whose error IntValue ignores: a number that is too large becomes the nearest of 64 bits."""
    assert int_or_string_value(text) == expected


def test_percentages_that_go_cannot_hold_are_refused():
    """(E15)"""
    for percent in ("9" * 19, "9" * 20, "-" + "9" * 5000):
        with pytest.raises(ValueError, match="percentage"):
            scaled_int_or_percent(percent + "%", 10, round_up=True)
    assert scaled_int_or_percent("+5%", 200, round_up=True) == 10
    assert scaled_int_or_percent("0" * 30 + "5%", 200, round_up=True) == 10


def test_leading_zeros_do_not_make_a_number_too_long():
    """(E15)"""
    assert parse_int_or_string("0" * 30 + "80") == 80
    assert parse_int_or_string("9" * 30) == "9" * 30


@pytest.mark.parametrize("make", [lambda n: "0" * n + "x", lambda n: "9" * n, lambda n: "0" * n])
@pytest.mark.parametrize("read", [int_or_string_value, parse_int_or_string])
def test_reading_takes_one_pass(read, make):
    """(F3)"""
    assert growth(make, read, 2000) < 16


def test_gives_the_number_that_a_text_spells_or_zero():
    assert [int_or_string_value(value) for value in (80, "80", "-8", "http", "80%")] == [80, 80, -8, 0, 0]


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
    assert int_or_string_value(text) == expected


def test_leading_zeros_make_no_text_of_a_number():
    assert parse_int_or_string("0" * 30 + "80") == 80
    assert scaled_int_or_percent("0" * 30 + "50%", 10, round_up=True) == 5


@pytest.mark.parametrize("text", ["9223372036854775808%", "9" * 5000 + "%", "-9223372036854775809%"])
def test_refuses_a_percentage_beyond_64_bits(text):
    with pytest.raises(ValueError, match="percentage"):
        scaled_int_or_percent(text, 10, round_up=True)
