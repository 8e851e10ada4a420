"""`MetricsGuard`: calls of an object that receives measurements, whose exceptions must not break what is measured."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MetricsGuard"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class MetricsGuard:
    """Call the methods of a metrics object. An exception loses one measurement; the first is logged as an error.

    Args:
        owner: What is measured, for the log line.
        failure: What an exception means, for the log line.
    """

    __slots__ = ("_failure", "_has_failed", "_owner")

    def __init__(self, owner: str, failure: str = "the metrics sink failed; this measurement is lost") -> None:
        self._owner = owner
        self._failure = failure
        self._has_failed = False

    def __call__(self, record: Callable[..., T], *values: object) -> T | None:
        """Call a method with these values, and return its result; None after an exception."""
        try:
            return record(*values)
        except Exception:
            level = logging.DEBUG if self._has_failed else logging.ERROR
            self._has_failed = True
            logger.log(level, "%s: %s", self._owner, self._failure, exc_info=True)
            return None

    def __repr__(self) -> str:
        return f"<MetricsGuard of {self._owner}{', has failed' if self._has_failed else ''}>"
