"""Quantity: the fixed-point numbers of Kubernetes (`500m`, `1.5Gi`, `12e6`), exact and without binary floats.

Models contain quantities as the text of the server; `Quantity(text)` is for calculations and comparisons.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from functools import total_ordering

__all__ = ["Format", "Quantity"]


class Format(StrEnum):
    """The family of suffixes in which a quantity is written."""

    DECIMAL_SI = "DecimalSI"  # 12M, 500m
    BINARY_SI = "BinarySI"  # 12Mi
    DECIMAL_EXPONENT = "DecimalExponent"  # 12e6


# Possessive quantifiers, so that other texts are refused in one pass.
_SYNTAX = re.compile(r"[+-]?0*+([0-9]*+)(?:\.([0-9]*+))?([eEinumkKMGTP]*+[-+]?[0-9]*+)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]{1,18})", re.ASCII)
_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAMES = {exponent: suffix for suffix, exponent in _DECIMAL_SUFFIXES.items()}
_BINARY_NAMES = {exponent: suffix for suffix, exponent in _BINARY_SUFFIXES.items()} | {0: ""}

_NANO, _MILLI = -9, -3
_MOST = 2**63 - 1
_FAST_DIGITS = 18
_MOST_EXPONENT = 999
_MOST_DIGITS = 999


@total_ordering
class Quantity:
    """An exact, immutable decimal number with the family of suffixes in which it is written.

    The families are binary (`Ki Mi Gi Ti Pi Ei`), decimal (`n u m k M G T P E` or none) and exponents (`e3`, `E-2`).
    The canonical form uses the largest suffix without a fraction and without loss of precision. Parsing rounds away
    from zero to nanos, and limits binary quantities to 2**63 - 1.

    Args:
        value: The text of an object, an integer, a `Decimal` or another quantity. A float is refused, because it is not
            exact.
        format: The family of suffixes; None for that of the text, or decimal for numbers.

    Raises:
        ValueError: The text is not a quantity.

    >>> Quantity("1.5Gi"), Quantity("0.5"), Quantity("1.5Gi") + Quantity("512Mi"), Quantity("100m") * 5
    (Quantity('1536Mi'), Quantity('500m'), Quantity('2Gi'), Quantity('500m'))
    >>> Quantity("1Gi") > Quantity("1G"), Quantity("2") == 2, Quantity("1500m").value()
    (True, True, 2)

    Comparison, hash and arithmetic use the value and ignore the format; the other operand may be an integer or a
    Decimal. A sum has the format of its left operand, or of its right one if the left is zero.

    Reference: k8s.io/apimachinery/pkg/api/resource/quantity.go. Intended differences: `value`, `milli_value` and the
        like are exact integers without overflow; a number that is too large for all suffixes of its family is written
        with an exponent, where Go loses the magnitude; exponents beyond 999 and more than 999 digits are refused, where
        Go computes until the memory is exhausted.
    """

    # The number is _digits * 10 ** _exponent. _text: as it was written, where Go keeps that too.
    __slots__ = ("_digits", "_exponent", "_format", "_text")
    _digits: int
    _exponent: int
    _format: Format
    _text: str | None

    def __init__(self, value: str | int | Decimal | Quantity, *, format: Format | str | None = None) -> None:
        family: Format
        text: str | None = None
        if isinstance(value, str):
            digits, exponent, family, text = _parse(value)
        elif isinstance(value, Quantity):
            digits, exponent, family, text = value._digits, value._exponent, value._format, value._text
        else:
            digits, exponent = _number(value)
            family = Format.DECIMAL_SI
        if format is not None and format != family:
            family, text = Format(format), None
        self._digits, self._exponent, self._format, self._text = digits, exponent, family, text

    @classmethod
    def scaled(cls, value: int, exponent: int, *, format: Format | str = Format.DECIMAL_SI) -> Quantity:
        """Return `value * 10 ** exponent`: `Quantity.scaled(250, -3)` is 250m.

        Reference: NewScaledQuantity, NewMilliQuantity.
        """
        return _make(value, exponent, Format(format))

    @property
    def format(self) -> Format:
        """The family of suffixes of the text form."""
        return self._format

    @property
    def canonical(self) -> str:
        """The canonical form: what `str` gives, except for text that was written a little differently (see there)."""
        return _canonical(self._digits, self._exponent, self._format)

    @property
    def sign(self) -> int:
        """The sign: -1, 0 or 1."""
        return (self._digits > 0) - (self._digits < 0)

    def as_decimal(self) -> Decimal:
        """Return the exact number."""
        digits = tuple(int(digit) for digit in str(abs(self._digits)))
        return Decimal((int(self._digits < 0), digits, self._exponent))

    def as_int(self) -> int | None:
        """Return the number if it is an integer, otherwise None."""
        number, exact = _scale(self._digits, self._exponent, 0)
        return number if exact else None

    def value(self) -> int:
        """Return the number rounded away from zero to an integer: bytes, whole cores."""
        return self.scaled_value(0)

    def milli_value(self) -> int:
        """Return thousandths, rounded away from zero: millicores."""
        return self.scaled_value(_MILLI)

    def scaled_value(self, exponent: int) -> int:
        """Return the number in units of `10 ** exponent`, rounded away from zero."""
        return _scale(self._digits, self._exponent, exponent)[0]

    def round_up(self, exponent: int) -> Quantity:
        """Return a quantity that is rounded away from zero to a multiple of `10 ** exponent`."""
        if self._exponent >= exponent:
            return self
        return _make(self.scaled_value(exponent), exponent, self._format)

    def __add__(self, other: Quantity | Decimal | int) -> Quantity:
        right = _coerce(other)
        return NotImplemented if right is None else _sum(self, right, 1)

    def __radd__(self, other: Decimal | int) -> Quantity:
        left = _coerce(other)
        return NotImplemented if left is None else _sum(left, self, 1)

    def __sub__(self, other: Quantity | Decimal | int) -> Quantity:
        right = _coerce(other)
        return NotImplemented if right is None else _sum(self, right, -1)

    def __rsub__(self, other: Decimal | int) -> Quantity:
        left = _coerce(other)
        return NotImplemented if left is None else _sum(left, self, -1)

    def __mul__(self, factor: int) -> Quantity:
        return _make(self._digits * factor, self._exponent, self._format) if _is_int(factor) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> Quantity:
        return _make(-self._digits, self._exponent, self._format)

    def __pos__(self) -> Quantity:
        return self

    def __abs__(self) -> Quantity:
        return -self if self._digits < 0 else self

    def __eq__(self, other: object) -> bool:
        right = _coerce(other)
        return NotImplemented if right is None else _difference(self, right) == 0

    def __lt__(self, other: Quantity | Decimal | int) -> bool:
        right = _coerce(other)
        return NotImplemented if right is None else _difference(self, right) < 0

    def __hash__(self) -> int:
        return hash(self.as_decimal())

    def __bool__(self) -> bool:
        return self._digits != 0

    def __float__(self) -> float:
        return float(self.as_decimal())

    def __str__(self) -> str:
        """Return the text as Go prints it: canonical, or the parsed text if Go accepts it as canonical (`1.500`)."""
        return self.canonical if self._text is None else self._text

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"


def _make(digits: int, exponent: int, family: Format) -> Quantity:
    quantity = Quantity.__new__(Quantity)
    quantity._digits, quantity._exponent, quantity._format, quantity._text = digits, exponent, family, None
    return quantity


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> tuple[int, int]:
    """Return the digits and the exponent of an exact number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value, 0
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"not a quantity: {value}")
        sign, digits, exponent = value.as_tuple()
        number = int("".join(map(str, digits)) or "0")
        return (-number if sign else number), int(exponent)
    raise TypeError(f"expected a text, int or Decimal for a quantity, got {type(value).__name__}")


def _coerce(value: object) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    return Quantity(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _parse(text: str) -> tuple[int, int, Format, str | None]:
    """Parse a text into digits, exponent and family, and the text itself if Go would print the same."""
    match = _SYNTAX.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"not a quantity (such as 500m, 1.5Gi or 12e6): {text!r}")
    whole, fraction, suffix = match[1] or "0", match[2] or "", match[3]
    if len(whole) + len(fraction) > _MOST_DIGITS:
        raise ValueError(f"a quantity with more than {_MOST_DIGITS} digits: {text[:40]!r}...")
    negative = text.startswith("-")
    digits = int(whole + fraction)
    if suffix in _BINARY_SUFFIXES:
        return _parse_binary(text, digits, whole, fraction, _BINARY_SUFFIXES[suffix], negative=negative)
    if suffix in _DECIMAL_SUFFIXES:
        power, family = _DECIMAL_SUFFIXES[suffix], Format.DECIMAL_SI
    elif exponent := _EXPONENT.fullmatch(suffix):
        power, family = int(exponent[1]), Format.DECIMAL_EXPONENT
        if abs(power) > _MOST_EXPONENT:
            raise ValueError(f"a quantity with an exponent beyond {_MOST_EXPONENT}: {text!r}")
    else:
        raise ValueError(f"not a quantity, no such suffix ({suffix}): {text!r}")
    power -= len(fraction)
    if len(whole) + len(fraction) <= _FAST_DIGITS and power >= _NANO:
        # Go keeps a text that it accepts as canonical by its own rules, which objects must follow.
        shifted = whole + fraction
        keep = text != "0" and power % 3 == 0 and not shifted.endswith("000") and shifted[0] != "0"
        return (-digits if negative else digits), power, family, (text if keep else None)
    _require_digits(match, text)
    digits, power = _round_to_nano(digits, power)
    return (-digits if negative else digits), power, family, None


def _parse_binary(
    text: str, digits: int, whole: str, fraction: str, shift: int, *, negative: bool
) -> tuple[int, int, Format, str | None]:
    family = Format.BINARY_SI
    number = digits << shift
    # The test for Go's quick way, which alone keeps the text; 3/10 is about the number of decimal digits in a bit.
    if not fraction and 15 - len(whole) - shift * 3 // 10 - 1 >= 0:
        return (-number if negative else number), 0, family, (text if digits & 7 else None)
    if not any(character.isdigit() for character in text):
        raise ValueError(f"not a quantity, it has no digits: {text!r}")
    number, power = _round_to_nano(number, -len(fraction))
    if number > _MOST * 10**-power:
        number, power = _MOST, 0
    if 0 < number < 10**-power:
        family = Format.DECIMAL_SI
    return (-number if negative else number), power, family, None


def _require_digits(match: re.Match[str], text: str) -> None:
    if not any(character.isdigit() for character in text[: match.start(3)]):
        raise ValueError(f"not a quantity, it has no digits: {text!r}")


def _round_to_nano(digits: int, exponent: int) -> tuple[int, int]:
    return (digits, exponent) if exponent >= _NANO else (_scale(digits, exponent, _NANO)[0], _NANO)


def _scale(digits: int, exponent: int, to: int) -> tuple[int, bool]:
    """Return the number in units of `10 ** to`, rounded away from zero, and whether that is exact."""
    if exponent >= to:
        return digits * 10 ** (exponent - to), True
    whole, rest = divmod(abs(digits), 10 ** (to - exponent))
    rounded = whole + (rest > 0)
    return (-rounded if digits < 0 else rounded), rest == 0


def _aligned(left: Quantity, right: Quantity) -> tuple[int, int, int]:
    exponent = min(left._exponent, right._exponent)
    return (
        left._digits * 10 ** (left._exponent - exponent),
        right._digits * 10 ** (right._exponent - exponent),
        exponent,
    )


def _sum(left: Quantity, right: Quantity, sign: int) -> Quantity:
    first, second, exponent = _aligned(left, right)
    return _make(first + sign * second, exponent, left._format if left._digits else right._format)


def _difference(left: Quantity, right: Quantity) -> int:
    first, second, _ = _aligned(left, right)
    return first - second


def _canonical(digits: int, exponent: int, family: Format) -> str:
    if digits == 0:
        return "0"
    if family is Format.BINARY_SI:
        number, exact = _scale(digits, exponent, 0)
        if exact and abs(number) >= 1024:
            power = 0
            while power < 60 and number % 1024 == 0:
                number, power = number // 1024, power + 10
            return f"{number}{_BINARY_NAMES[power]}"
        family = Format.DECIMAL_SI
    while digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    shift = exponent % 3
    number, exponent = digits * 10**shift, exponent - shift
    if family is Format.DECIMAL_SI and exponent in _DECIMAL_NAMES:
        return f"{number}{_DECIMAL_NAMES[exponent]}"
    return f"{number}e{exponent}" if exponent else str(number)
