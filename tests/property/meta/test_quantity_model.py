"""Quantity against a naive model on Python's fractions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hypothesis import assume, given
from hypothesis import strategies as st

from kubeloop.meta.quantity import Format, Quantity

DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
MOST = 2**63 - 1

digits = st.text("0123456789", max_size=20)
suffixes = st.one_of(
    st.sampled_from([*DECIMAL, *BINARY]),
    st.builds("{}{}".format, st.sampled_from("eE"), st.integers(-20, 20)),
)


def away_from_zero(number: Fraction) -> int:
    return ceil(number) if number > 0 else floor(number)


@st.composite
def written(draw):
    """A text, and the number that it stands for."""
    sign, whole, fraction, suffix = draw(st.sampled_from(["", "-", "+"])), draw(digits), draw(digits), draw(suffixes)
    assume(whole or fraction)
    value = Fraction(int(whole + fraction), 10 ** len(fraction))
    if suffix in BINARY:
        value = min(value * 1024 ** BINARY[suffix], Fraction(MOST))
    else:
        value *= Fraction(10) ** (DECIMAL[suffix] if suffix in DECIMAL else int(suffix[1:]))
    value = Fraction(away_from_zero(value * 10**9), 10**9)
    return f"{sign}{whole}{'.' if fraction else ''}{fraction}{suffix}", -value if sign == "-" else value


quantities = written().map(lambda pair: Quantity(pair[0]))


@given(written())
def test_parsing_agrees_with_the_model(pair):
    text, number = pair
    assert Fraction(Quantity(text).as_decimal()) == number


@given(quantities)
def test_the_canonical_form_means_the_same_and_is_its_own_canonical_form(quantity):
    again = Quantity(quantity.canonical)
    assert again == quantity or abs(quantity) > MOST
    assert again.canonical == quantity.canonical or abs(quantity) > MOST


@given(quantities)
def test_the_canonical_form_has_no_fraction_and_the_greatest_suffix(quantity):
    text = quantity.canonical
    assert "." not in text
    number = text.rstrip("numkKMGTPEi") if "e" not in text else text.partition("e")[0]
    suffix = text[len(number) :]
    if suffix in BINARY and suffix != "Ei":
        assert int(number) % 1024
    elif suffix not in BINARY and suffix != "E" and number != "0":
        assert int(number) % 1000


@given(quantities, quantities, st.integers(-(2**70), 2**70))
def test_arithmetic_is_exact(left, right, factor):
    a, b = Fraction(left.as_decimal()), Fraction(right.as_decimal())
    assert Fraction((left + right).as_decimal()) == a + b
    assert Fraction((left - right).as_decimal()) == a - b
    assert Fraction((left * factor).as_decimal()) == a * factor
    assert Fraction((-left).as_decimal()) == -a


@given(quantities, quantities)
def test_order_and_hash_go_by_value(left, right):
    a, b = Fraction(left.as_decimal()), Fraction(right.as_decimal())
    assert (left < right, left == right, left >= right) == (a < b, a == b, a >= b)
    assert left != right or hash(left) == hash(right)


@given(quantities, st.integers(-12, 12))
def test_values_round_away_from_zero(quantity, exponent):
    exact = Fraction(quantity.as_decimal()) / Fraction(10) ** exponent
    assert quantity.scaled_value(exponent) == away_from_zero(exact)
    assert abs(quantity.round_up(exponent)) >= abs(quantity)


@given(quantities, quantities)
def test_a_sum_keeps_the_format_of_its_first_part_that_is_not_zero(left, right):
    assert (left + right).format == (left.format if left else right.format)


@given(st.text(max_size=12))
def test_any_text_parses_or_is_refused_with_a_value_error(text):
    try:
        quantity = Quantity(text)
    except ValueError:
        return
    assert quantity.format in Format
