"""Times as they may be written: what msgspec reads as `parse_time` does, and where to look for the rest.

msgspec refuses some of what Go reads (a comma, an hour of one digit, offsets of a day), and rounds what is finer than
microseconds, which we cut. The first is found out when it refuses; looking for the second in each body would cost a
fifth of decoding it. So only documents that users wrote are looked at. What servers send needs no look: Go wrote the
times of built-in classes, never so finely, and those of custom resources are `ExactTime`, which `exact_time` reads.
"""

from __future__ import annotations

import re
from datetime import datetime

from kubeloop.objects.exact_time import ExactTime
from kubeloop.objects.reflection import Shape

__all__ = ["has_fine_digits", "is_time", "time_text"]

_EXACT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]([01]\d|2[0-3]):?[0-5]\d)", re.ASCII)
_fine_digits = re.compile(rb"\.\d{7}").search


def is_time(shape: Shape) -> bool:
    """Return whether a field of this shape holds a time that msgspec reads."""
    return shape.accepts == (datetime,) and shape.hint is not ExactTime


def time_text(text: str) -> str:
    """Return a time written so that msgspec reads just that; text that is not a time stays as it is."""
    if _EXACT.fullmatch(text):
        return text
    from kubeloop.meta.times import parse_time

    try:
        return parse_time(text).isoformat()
    except ValueError:
        return text


def has_fine_digits(data: bytes) -> bool:
    """Return whether a body may have a time that is finer than microseconds."""
    return _fine_digits(data) is not None
