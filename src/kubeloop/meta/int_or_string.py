"""IntOrString: fields that hold a number or a text, such as a port (80 or "http") or a share (3 or "25%").

Models hold them as plain `int | str`; here is what Kubernetes reads out of them.

Reference: k8s.io/apimachinery/pkg/util/intstr.
"""

from __future__ import annotations

import re

__all__ = ["int_value", "parse_int_or_string", "scaled_value"]

_INTEGER = re.compile(r"[-+]?[0-9]{1,19}", re.ASCII)


def parse_int_or_string(text: str) -> int | str:
    """Read text from a command line or an annotation: an integer where it is one (of 32 bits), else the text itself.

    >>> parse_int_or_string("80"), parse_int_or_string("http"), parse_int_or_string("25%")
    (80, 'http', '25%')
    """
    if _INTEGER.fullmatch(text) and -(2**31) <= (number := int(text)) < 2**31:
        return number
    return text


def int_value(value: int | str) -> int:
    """Return the number, or the number that the text spells, or 0 for any other text."""
    if isinstance(value, int):
        return value
    return int(value) if _INTEGER.fullmatch(value) else 0


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
    if percent == value or not _INTEGER.fullmatch(percent):
        raise ValueError(f"neither a number nor a percentage such as 25%: {value!r}")
    share = int(percent) * total
    return -(-share // 100) if round_up else share // 100
