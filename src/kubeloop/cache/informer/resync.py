"""`ResyncSchedule`: decides when which handlers of an informer are notified of all objects again.

The times are arguments; `pop_loop` waits.
Reference: client-go `tools/cache/shared_informer.go` (`AddEventHandlerWithOptions`, `determineResyncPeriod`,
`shouldResync`), the option `MinResyncPeriod` of kube-controller-manager.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable
from random import Random
from typing import Generic, TypeVar

__all__ = ["MINIMUM_RESYNC_PERIOD", "ResyncSchedule", "jittered_resync_period"]

H = TypeVar("H", bound=Hashable)

MINIMUM_RESYNC_PERIOD = 1.0
"""The shortest resync period in seconds; shorter ones are raised to it."""

logger = logging.getLogger(__name__)


class ResyncSchedule(Generic[H]):
    """Knows the resync periods of an informer's handlers, and whose period has expired at a check.

    Checks happen at one interval, the shortest period that was requested before the start. Each handler is resynced at
    the first check after its period has expired, so its actual period is a multiple of the interval.

    Args:
        name: The name of the informer, for log lines.
        period: The period of handlers that request none, in seconds; 0 means never, for all handlers.

    Attributes:
        interval: The seconds between two checks; 0 means that there are none.

    Raises:
        ValueError: The period is negative or not a number.

    Reference: client-go `sharedProcessor`. Intended differences: a period that a handler requests from an informer
    without resyncs is refused, and there it is ignored with a log line; periods count from the first sync.
    """

    def __init__(self, name: str, period: float) -> None:
        self._name = name
        self._default = self.interval = self._checked(period)
        self._periods: dict[H, float] = {}
        self._expires_at: dict[H, float] = {}
        self._is_fixed = False
        self._has_begun = False

    def __repr__(self) -> str:
        return f"<ResyncSchedule of {self._name}: {len(self._periods)} handlers, checked every {self.interval:g} s>"

    def add(self, handler: H, requested: float | None, now: float | None) -> None:
        """Add a handler.

        Before the start, a period that is shorter than the interval shortens the interval. After the start, it is
        raised to the interval.

        Args:
            handler: The handler.
            requested: The requested period in seconds; 0 for never, None for the period of the informer.
            now: The time; None if no loop runs.

        Raises:
            ValueError: The period is negative or not a number, or the informer does not resync.
        """
        period = self._default if requested is None else self._checked(requested)
        if not period:
            return
        if not self.interval:
            raise ValueError(
                f"{self._name}: expected resync_period=0, got {requested}: the informer does not resync; "
                "give the informer or its factory a resync_period"
            )
        if period < self.interval and not self._is_fixed:
            self.interval = period
        elif period < self.interval:
            logger.warning(
                "%s: a handler that is added after the start requests a resync every %g s; it gets one every %g s",
                self._name, period, self.interval,
            )  # fmt: skip
            period = self.interval
        self._periods[handler] = period
        if self._has_begun and now is not None:
            self._expires_at[handler] = now + period

    def remove(self, handler: H) -> None:
        """Remove a handler, if it was added."""
        self._periods.pop(handler, None)
        self._expires_at.pop(handler, None)

    def fix(self) -> None:
        """Keep the interval from now on: the informer has started."""
        self._is_fixed = True

    def begin(self, now: float) -> float | None:
        """Begin to count the periods, and return the time of the first check; None if there are none."""
        self._has_begun = True
        self._expires_at = {handler: now + period for handler, period in self._periods.items()}
        return now + self.interval if self.interval else None

    def check(self, now: float) -> tuple[list[H], float]:
        """Return the handlers whose period has expired and begins again now, and the time of the next check."""
        expired = [handler for handler, when in self._expires_at.items() if when <= now]
        self._expires_at.update((handler, now + self._periods[handler]) for handler in expired)
        return expired, now + self.interval

    def _checked(self, period: float) -> float:
        if not period >= 0 or math.isinf(period):
            raise ValueError(f"{self._name}: expected a resync period of at least 0 s, got {period}")
        if 0 < period < MINIMUM_RESYNC_PERIOD:
            logger.warning(
                "%s: the resync period of %g s is too short; it becomes %g s",
                self._name, period, MINIMUM_RESYNC_PERIOD,
            )  # fmt: skip
            return MINIMUM_RESYNC_PERIOD
        return float(period)


def jittered_resync_period(minimum: float, random: Random | None = None) -> float:
    """Return a resync period between the minimum and twice the minimum.

    With periods of their own, the factories of many programs do not resync at the same time.

    Args:
        minimum: Seconds; 0 stays 0, which means never.
        random: The source of randomness; None creates one.

    Reference: kube-controller-manager, `ResyncPeriod`.
    """
    return minimum * (1.0 + (random or Random()).random())  # noqa: S311  # spreads load, guards nothing
