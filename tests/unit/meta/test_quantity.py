"""Quantity against the tables of apimachinery's own tests, and the additions for Python."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from random import Random

import pytest

from kubeloop.meta.quantity import Format, Quantity
from tests.support.growth import growth
from tests.unit.meta import quantity_facts as facts


def make(number: tuple[int, int, str]) -> Quantity:
    digits, exponent, family = number
    return Quantity.scaled(digits, exponent, format=family)


@pytest.mark.parametrize(("text", "expected"), facts.PARSE)
def test_parses_as_go(text, expected):
    quantity = Quantity(text)
    assert quantity == make(expected)
    assert quantity.format == expected[2]


@pytest.mark.parametrize(("text", "expected"), facts.PARSE)
def test_a_sign_changes_the_sign_and_nothing_else(text, expected):
    assert Quantity("-" + text) == -make(expected)
    assert Quantity("-" + text).format == expected[2]
    assert Quantity("+" + text) == make(expected)
    assert Quantity("+" + text).format == expected[2]


@pytest.mark.parametrize("text", facts.INVALID)
def test_refuses_what_is_no_quantity_and_quotes_it(text):
    with pytest.raises(ValueError, match="quantity") as caught:
        Quantity(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(("text", "exponent", "expected", "exact"), facts.ROUND_UP)
def test_rounds_away_from_zero(text, exponent, expected, exact):
    rounded = Quantity(text).round_up(exponent)
    assert rounded == make(expected)
    assert (rounded == Quantity(text)) is exact


@pytest.mark.parametrize(("left", "right", "order"), facts.COMPARE)
def test_compares_exactly_whatever_the_scale(left, right, order):
    a, b = make(left), make(right)
    assert (a > b) - (a < b) == order
    assert (b > a) - (b < a) == -order
    assert (a == b) is (order == 0)
    assert (a >= b) is (order >= 0)
    assert order != 0 or hash(a) == hash(b)


@pytest.mark.parametrize(
    ("left", "right", "order"), [("0", "0", 0), ("100m", "50m", 1), ("50m", "100m", -1), ("10000T", "100Gi", 1)]
)
def test_compares_across_suffixes(left, right, order):
    a, b = Quantity(left), Quantity(right)
    assert (a > b) - (a < b) == order


@pytest.mark.parametrize(("number", "text", "other"), facts.CANONICAL)
def test_writes_the_canonical_form(number, text, other):
    assert str(make(number)) == text
    assert str(Quantity(text)) == text
    assert not other or str(Quantity(other)) == text
    if number[0]:
        assert str(-make(number)) == "-" + text


@pytest.mark.parametrize(("text", "expected"), facts.EMIT)
def test_writes_what_it_parsed_in_canonical_form(text, expected):
    assert str(Quantity(text)) == expected
    assert str(Quantity("-" + text)) == "-" + expected


@pytest.mark.parametrize(("left", "right", "total"), facts.ADD)
def test_adds(left, right, total):
    assert make(left) + make(right) == make(total)


@pytest.mark.parametrize(("left", "right", "rest"), facts.SUBTRACT)
def test_subtracts(left, right, rest):
    assert make(left) - make(right) == make(rest)


@pytest.mark.parametrize(("number", "factor", "product"), facts.MULTIPLY)
def test_multiplies_by_integers_without_overflow(number, factor, product):
    assert make(number) * factor == make(product)
    assert factor * make(number) == make(product)


@pytest.mark.parametrize(("value", "exponent", "text"), facts.SCALED)
def test_makes_scaled_numbers(value, exponent, text):
    quantity = Quantity.scaled(value, exponent)
    assert str(quantity) == text
    assert Quantity(text).scaled_value(exponent) == value


@pytest.mark.parametrize(("exponent", "unit", "expected"), facts.SCALED_VALUE)
def test_gives_the_value_in_other_units_rounded_up(exponent, unit, expected):
    assert Quantity.scaled(1, exponent).scaled_value(unit) == expected


@pytest.mark.parametrize(("text", "number", "canonical"), facts.LARGE)
def test_keeps_every_digit_of_large_numbers(text, number, canonical):
    assert Quantity(text).as_decimal() == Decimal(number)
    assert str(Quantity(text)) == (canonical or text)


@pytest.mark.parametrize(("text", "number"), facts.FLOAT)
def test_gives_the_nearest_float(text, number):
    assert float(Quantity(text)) == number


@pytest.mark.parametrize("text", ["100m", "1Gi"])
def test_adding_and_subtracting_zero_keeps_the_suffix(text):
    zero, value = Quantity("0"), Quantity(text)
    assert str(value + zero) == text
    assert str(zero + value) == text
    assert str(value - zero) == text
    assert str(zero - value) == str(-value)


def test_addition_and_subtraction_cancel_across_scales():
    random = Random(1)
    parts = [Quantity.scaled(random.getrandbits(63), random.randint(-10, 10)) for _ in range(100)]
    assert sum(parts, Quantity(0)) - sum(parts, Quantity(0)) == 0
    assert not sum(parts + [-part for part in parts], Quantity(0))


def test_zero_is_written_without_a_suffix():
    assert [str(Quantity(text)) for text in ("0Ki", "0m", "-0", "0e3", "00")] == ["0"] * 5


@pytest.mark.parametrize(("text", "canonical"), [("1.500", "1500m"), ("+1", "1"), ("0100Ki", "100Ki"), ("5.", "5")])
def test_text_that_go_takes_for_canonical_is_written_as_it_was(text, canonical):
    assert str(Quantity(text)) == text
    assert Quantity(text).canonical == canonical
    assert str(Quantity(text) + 0) == canonical


def test_binary_quantities_are_capped_at_the_greatest_int64():
    assert Quantity("9Ei") == 2**63 - 1
    assert Quantity("-9Ei") == -(2**63 - 1)
    assert Quantity("12E") == 12 * 10**18


def test_a_magnitude_beyond_every_suffix_is_written_with_an_exponent():
    assert str(Quantity("1000E")) == "1e21"
    assert str(Quantity("8Ei") * 1024) == "9223372036854775807Ki"
    assert Quantity(str(Quantity("123456E") * 10**6)) == Quantity("123456E") * 10**6


def test_an_exponent_beyond_reason_is_refused_at_once():
    for text in ("1e1000", "1e-1000", "1e2147483647"):
        with pytest.raises(ValueError, match="exponent"):
            Quantity(text)
    assert str(Quantity("1e100")) == "10e99"
    assert str(Quantity("1e-100")) == "1e-9"


def test_a_sum_is_written_in_the_format_of_its_left_side():
    assert str(Quantity("1Gi") + Quantity("1G")) == "2073741824"
    assert (Quantity("1Gi") + Quantity("1G")).format is Format.BINARY_SI
    assert (Quantity("1G") + Quantity("1Gi")).format is Format.DECIMAL_SI


def test_can_be_written_in_another_format():
    assert str(Quantity("1Gi", format=Format.DECIMAL_SI)) == "1073741824"
    assert str(Quantity("1536", format="BinarySI")) == "1536"
    assert str(Quantity(3 * 2**20, format=Format.BINARY_SI)) == "3Mi"
    assert str(Quantity("12k", format=Format.DECIMAL_EXPONENT)) == "12e3"


def test_values_round_away_from_zero():
    assert (Quantity("1500m").value(), Quantity("-1500m").value(), Quantity("1n").milli_value()) == (2, -2, 1)
    assert (Quantity("2").as_int(), Quantity("1.5").as_int()) == (2, None)
    assert (Quantity("-1").sign, Quantity("0").sign, Quantity("1n").sign) == (-1, 0, 1)
    assert abs(Quantity("-3m")) == +Quantity("3m")


def test_integers_and_decimals_may_stand_on_the_other_side():
    assert Quantity("1500m") + 1 == Decimal("2.5")
    assert 2 - Quantity("500m") == Quantity("1.5")
    assert Decimal("0.5") + Quantity("500m") == 1
    assert Quantity("1k") > 999
    assert {Quantity("1k"): "x"}[1000] == "x"
    assert sum([Quantity("100m"), Quantity("200m")]) == Quantity("300m")


@pytest.mark.parametrize("other", ["1", 1.0, None, True])
def test_does_not_compare_or_calculate_with_anything_else(other):
    assert Quantity("1") != other
    with pytest.raises(TypeError):
        Quantity("1") + other
    with pytest.raises(TypeError):
        _ = Quantity("1") < other


@pytest.mark.parametrize("value", [1.5, None, True, b"1"])
def test_is_not_made_from_what_is_not_exact(value):
    with pytest.raises(TypeError, match="text, int or Decimal"):
        Quantity(value)


def test_is_not_made_from_a_decimal_that_is_no_number():
    with pytest.raises(ValueError, match="NaN"):
        Quantity(Decimal("NaN"))


def test_is_a_value():
    quantity = Quantity("1536Mi")
    assert pickle.loads(pickle.dumps(quantity)) == quantity
    assert copy.deepcopy(quantity) == quantity
    assert Quantity(quantity) == quantity
    assert repr(quantity) == "Quantity('1536Mi')"
    assert f"{quantity:>8}" == "  1536Mi"


def read_or_refuse(text):
    try:
        return Quantity(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "0" * n + "x",
        lambda n: "0" * n,
        lambda n: "9" * n + "x",
        lambda n: "9" * n,
        lambda n: "1" + "0" * n + "Ki",
        lambda n: "0." + "0" * n + "x",
        lambda n: "0." + "9" * n + "x",
        lambda n: "e" * n + "x",
        lambda n: "1" + "E" * n,
        lambda n: "1e" + "0" * n + "x",
        lambda n: "1" + "E1" * n,
        lambda n: "+" * n,
    ],
)
def test_text_that_is_no_quantity_is_found_out_in_one_pass(make):
    """(F3) `Quantity("0" * 1200 + "x")` took 4.8 s, and eight times as long for twice the length."""
    assert growth(make, read_or_refuse, 1200) < 16


def test_leading_zeros_are_nothing_and_absurd_lengths_are_refused():
    """(F3)"""
    assert Quantity("0" * 5000 + "5") == 5
    assert str(Quantity("9" * 900)) == "9" * 900
    for text in ("9" * 1000, "9" * 5000, "0." + "1" * 5000, "9" * 5000 + "Ki"):
        with pytest.raises(ValueError, match="more than 999 digits"):
            Quantity(text)


@pytest.mark.parametrize(("text", "value"), [("-1m", -1), ("-1e-12", -1), ("1e-12", 1), ("-1001m", -2), ("-2", -2)])
def test_the_smallest_part_of_a_number_is_rounded_away_from_zero(text: str, value: int):
    assert Quantity(text).value() == value


@pytest.mark.parametrize("sign", ["", "-"])
def test_exponents_of_up_to_three_digits_are_read(sign: str):
    assert Quantity(f"1e{sign}999").sign == 1
    with pytest.raises(ValueError, match="exponent beyond 999"):
        Quantity(f"1e{sign}1000")
