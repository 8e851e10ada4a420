"""Faults of ours that are known and not mended yet, each with the area that mends it. This list should be empty."""

from __future__ import annotations

import re
from typing import Any

from kubeloop.meta.times import parse_time

from .entry import Difference

__all__ = ["KNOWN_FAULTS"]


def _same_moment(case: Any, _: Any, ours: Any) -> bool:
    """Whether both readers of times agree on the microsecond, and only the text is another."""
    if not isinstance(ours, dict) or "model" not in ours:
        return False
    moment = parse_time(case["text"])
    return parse_time(ours["model"]) == moment


KNOWN_FAULTS: list[Difference] = [
    Difference(
        "times",
        "DRAFTS (E13): a model writes a Time with its fraction and offset, format_time as Go does.",
        _same_moment,
    ),
    Difference(
        "times",
        "DRAFTS (E1): a time of more than six digits is rounded where a server sends it (decode_into), cut elsewhere.",
        lambda case, go, ours: re.search(r"\.\d{7}", case["text"]) is not None and "model" in ours,
    ),
]
