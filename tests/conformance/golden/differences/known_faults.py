"""Faults of ours that are known and not mended yet, each with the area that mends it. This list should be empty."""

from __future__ import annotations

from typing import Any

from .entry import Difference

__all__ = ["KNOWN_FAULTS"]


def _is_time(case: Any, go: Any, ours: Any) -> bool:
    return case["op"] in {"time", "micro"}


KNOWN_FAULTS: list[Difference] = [
    Difference("times", "DRAFTS (E1, E2, E13): two readers of times disagree with each other and with Go.", _is_time),
]
