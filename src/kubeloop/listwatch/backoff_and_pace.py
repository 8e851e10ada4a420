"""How fast lists and watches follow each other: the back-off after failures, and the least time between two watches."""

from __future__ import annotations

import math
from random import Random

from kubeloop._kit.backoff import Backoff

__all__ = ["Pace"]

_BACKOFF_INITIAL = 0.8
_BACKOFF_FACTOR = 2.0
_BACKOFF_CAP = 30.0
_BACKOFF_JITTER = 1.0
_LEAST_BETWEEN_WATCHES = 1.0


class Pace:
    """The pauses before lists and watches: every loop is slowed down by time, whatever its requests end with.

    Failed lists, failed watches and watches that expired have a back-off each: after many refusals, the first expiry
    does not wait for long. A list that succeeds resets the back-off of lists. A watch resets the other two if it made
    progress: it delivered an event or a bookmark, or it stayed open for as long as the next delay. So a server that
    serves lists and refuses watches is not listed every second, and failures far apart do not add up to long delays.
    Two watches are opened at least a second apart.

    Args:
        random: Spreads the delays of many clients.

    Attributes:
        has_progressed: Whether a watch made progress since the last `expired`.

    Reference: client-go `tools/cache.Reflector` (`delayHandler`), `tools/watch.RetryWatcher` (`minRestartDelay`).
        Intended difference: there the delay is reset every two minutes, whatever happened.
    """

    __slots__ = ("_expiries", "_lists", "_opened", "_watches", "has_progressed")

    def __init__(self, random: Random) -> None:
        self._lists, self._watches, self._expiries = (
            Backoff(_BACKOFF_INITIAL, factor=_BACKOFF_FACTOR, cap=_BACKOFF_CAP, jitter=_BACKOFF_JITTER, random=random)
            for _ in range(3)
        )
        self._opened = -math.inf
        self.has_progressed = False

    def listed(self) -> None:
        """Record that a list succeeded."""
        self._lists.reset()

    def after_failed_list(self, now: float) -> float:
        """Return the seconds to wait before the next list."""
        return self._lists.next(now)

    @property
    def next_opening(self) -> float:
        """The earliest time at which the next watch may be opened."""
        return self._opened + _LEAST_BETWEEN_WATCHES

    def opening(self, now: float) -> None:
        """Record that a watch is being opened."""
        self._opened = now

    def watched(self, seconds: float, *, delivered: bool) -> None:
        """Record the end of a watch.

        Args:
            seconds: How long it was open.
            delivered: Whether it delivered anything.
        """
        if delivered or seconds >= max(self._watches.delay, self._expiries.delay):
            self.has_progressed = True
            self._watches.reset()
            self._expiries.reset()

    def after_failed_watch(self, now: float) -> float:
        """Return the seconds to wait after a watch that failed."""
        return self._watches.next(now)

    def after_expiry(self, now: float) -> float:
        """Return the seconds to wait after a watch whose version has expired before it made progress."""
        return self._expiries.next(now)

    def expired(self) -> None:
        """Record that the version to watch from has expired: from now on new progress counts."""
        self.has_progressed = False
