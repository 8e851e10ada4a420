"""Reading fields that contain a number or a text, such as a port (80 or "http") or a share (3 or "25%").

Models contain them as `int | str`.

Reference: k8s.io/apimachinery/pkg/util/intstr.
"""

from __future__ import annotations

import re

__all__ = ["int_or_string_value", "parse_int_or_string", "scaled_int_or_percent"]

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_INT64 = range(-(2**63), 2**63)


def _integer(text: str) -> int | None:
    """Parse an integer; return None for other texts. One beyond 64 bits is returned as the first beyond 64 bits."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0")
    size = int(digits or "0") if len(digits) <= 19 else _INT64.stop + 1
    number = -size if text.startswith("-") else size
    return min(max(number, _INT64.start - 1), _INT64.stop)


def parse_int_or_string(text: str) -> int | str:
    """Parse a text of a command line or annotation: return an integer if it is one of 32 bits, otherwise the text.

    >>> parse_int_or_string("80"), parse_int_or_string("http"), parse_int_or_string("25%")
    (80, 'http', '25%')
    """
    number = _integer(text)
    return number if number is not None and -(2**31) <= number < 2**31 else text


def int_or_string_value(value: int | str) -> int:
    """Return the number, or the number in the text, or 0 for any other text.

    A number beyond 64 bits is reduced to the nearest one of 64 bits.

    Reference: IntOrString.IntValue.
    """
    if isinstance(value, int):
        return value
    number = _integer(value)
    return 0 if number is None else min(max(number, _INT64.start), _INT64.stop - 1)


def scaled_int_or_percent(value: int | str, total: int, *, round_up: bool) -> int:
    """Return a number unchanged, or a percentage of a total as a number.

    Args:
        value: `3` or `"25%"`.
        total: The number for 100 %, for example the number of replicas.
        round_up: Whether to round up. Kubernetes rounds `maxSurge` up and `maxUnavailable` down.

    Raises:
        ValueError: The text is not a percentage of 64 bits. A number as a text, such as `"3"`, is refused too.

    >>> scaled_int_or_percent("25%", 10, round_up=True), scaled_int_or_percent("25%", 10, round_up=False)
    (3, 2)
    >>> scaled_int_or_percent(3, 10, round_up=True)
    3

    Reference: intstr.GetScaledValueFromIntOrPercent.
    """
    if isinstance(value, int):
        return value
    percent = value.removesuffix("%")
    number = _integer(percent)
    if percent == value or number is None or number not in _INT64:
        raise ValueError(f"expected a number or a percentage such as 25%, got {value!r}")
    share = number * total
    return -(-share // 100) if round_up else share // 100
