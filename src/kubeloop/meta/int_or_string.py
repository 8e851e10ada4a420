"""IntOrString: fields that hold a number or a text, such as a port (80 or "http") or a share (3 or "25%").

Models hold them as plain `int | str`; here is what Kubernetes reads out of them.

Reference: k8s.io/apimachinery/pkg/util/intstr.
"""

from __future__ import annotations

import re

__all__ = ["int_value", "parse_int_or_string", "scaled_value"]

_INTEGER = re.compile(r"([-+]?)0*+([0-9]*+)", re.ASCII)
_MOST_DIGITS = 19
_LEAST, _MOST = -(2**63), 2**63 - 1


def parse_int_or_string(text: str) -> int | str:
    """Read text from a command line or an annotation: an integer where it is one (of 32 bits), else the text itself.

    >>> parse_int_or_string("80"), parse_int_or_string("http"), parse_int_or_string("25%")
    (80, 'http', '25%')
    """
    number = _integer(text)
    return text if number is None or not -(2**31) <= number < 2**31 else number


def int_value(value: int | str) -> int:
    """Return the number, or the number that the text spells, or 0 for any other text.

    As in Go, a number that 64 bits do not hold gives the nearest that they do.
    """
    if isinstance(value, int):
        return value
    return _clamped(_integer(value) or 0)


def _integer(text: str) -> int | None:
    """Return the number that a text spells, if it is beyond 64 bits some number that is too; None for other text."""
    match = _INTEGER.fullmatch(text)
    if match is None or not text[-1:].isdigit():
        return None
    digits = match[2] if len(match[2]) <= _MOST_DIGITS else str(10**_MOST_DIGITS)
    return int(match[1] + (digits or "0"))


def _clamped(number: int) -> int:
    return min(max(number, _LEAST), _MOST)


def scaled_value(value: int | str, total: int, *, round_up: bool) -> int:
    """Return a number as it is, and a percentage as its share of a total.

    Args:
        value: `3` or `"25%"`.
        total: what 100 % is, e.g. the number of replicas.
        round_up: which way to round a share. Kubernetes rounds `maxSurge` up and `maxUnavailable` down.

    Raises:
        ValueError: a text that is not a percentage. `"3"` is none: a number must be a number.

    >>> scaled_value("25%", 10, round_up=True), scaled_value("25%", 10, round_up=False)
    (3, 2)
    >>> scaled_value(3, 10, round_up=True)
    3

    Reference: intstr.GetScaledValueFromIntOrPercent.
    """
    if isinstance(value, int):
        return value
    percent = value.removesuffix("%")
    number = _integer(percent)
    if percent == value or number is None or number != _clamped(number):
        raise ValueError(f"neither a number nor a percentage such as 25%: {value!r}")
    share = number * total
    return -(-share // 100) if round_up else share // 100
