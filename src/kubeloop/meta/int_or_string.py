"""IntOrString: fields that hold a number or a text, such as a port (80 or "http") or a share (3 or "25%").

Models hold them as plain `int | str`; here is what Kubernetes reads out of them.

Reference: k8s.io/apimachinery/pkg/util/intstr.
"""

from __future__ import annotations

import re

__all__ = ["int_or_string_value", "parse_int_or_string", "scaled_int_or_percent"]

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_INT64 = range(-(2**63), 2**63)


def _integer(text: str) -> int | None:
    """Read an integer; one beyond 64 bits is given as the next one beyond. None: not an integer."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0")
    size = int(digits or "0") if len(digits) <= 19 else _INT64.stop + 1
    number = -size if text.startswith("-") else size
    return min(max(number, _INT64.start - 1), _INT64.stop)


def parse_int_or_string(text: str) -> int | str:
    """Read text from a command line or an annotation: an integer where it is one (of 32 bits), else the text itself.

    >>> parse_int_or_string("80"), parse_int_or_string("http"), parse_int_or_string("25%")
    (80, 'http', '25%')
    """
    number = _integer(text)
    return number if number is not None and -(2**31) <= number < 2**31 else text


def int_or_string_value(value: int | str) -> int:
    """Return the number, or the number that the text spells, or 0 for any other text.

    Text that spells a number beyond 64 bits gives the nearest of 64 bits.

    Reference: IntOrString.IntValue.
    """
    if isinstance(value, int):
        return value
    number = _integer(value)
    return 0 if number is None else min(max(number, _INT64.start), _INT64.stop - 1)


def scaled_int_or_percent(value: int | str, total: int, *, round_up: bool) -> int:
    """Return a number as it is, and a percentage as its share of a total.

    Args:
        value: `3` or `"25%"`.
        total: what 100 % is, e.g. the number of replicas.
        round_up: which way to round a share. Kubernetes rounds `maxSurge` up and `maxUnavailable` down.

    Raises:
        ValueError: a text that is not a percentage of 64 bits. `"3"` is not one: a number must not be a text.

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
        raise ValueError(f"neither a number nor a percentage such as 25%: {value!r}")
    share = number * total
    return -(-share // 100) if round_up else share // 100
