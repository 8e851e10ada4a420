"""A token bucket, as a pure rule: how long to wait for the next token.

The bucket starts full with `burst` tokens and gains `rate` of them a second. A token may be taken before it is there:
the taker is told how long to wait for it, and those who come later wait behind. Nothing here waits or reads a clock.

Reference: golang.org/x/time/rate (Limiter), which client-go's util/flowcontrol and util/workqueue are built on.
"""

from __future__ import annotations

import math

__all__ = ["TokenBucket"]


class TokenBucket:
    """Tokens that come at a steady rate and gather up to a burst.

    Args:
        rate: tokens a second; `math.inf` never limits, 0 gives no more than the first `burst`.
        burst: how many can gather.

    >>> bucket = TokenBucket(10.0, 2)
    >>> [bucket.reserve(0.0) for _ in range(4)]
    [0.0, 0.0, 0.1, 0.2]

    Concurrency: any one thread; holds no lock.
    """

    __slots__ = ("_burst", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int) -> None:
        if rate < 0 or burst < 0:
            raise ValueError("a token bucket needs rate >= 0 and burst >= 0")
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._last: float | None = None

    def reserve(self, now: float) -> float:
        """Take a token, now or in advance, and return how many seconds to wait until it is there.

        Args:
            now: seconds on any clock that never goes back, such as the running loop's.

        Returns:
            0.0 when a token was there; `math.inf` when none will ever be (none is taken then).
        """
        if self._rate == math.inf:
            return 0.0
        tokens = self._advance(now) - 1
        if tokens < 0 and (self._rate == 0 or self._burst == 0):
            return math.inf
        self._tokens = tokens
        return -tokens / self._rate if tokens < 0 else 0.0

    def try_take(self, now: float) -> bool:
        """Take a token if one is there, and say so; never take one in advance."""
        if self._rate == math.inf:
            return True
        if self._advance(now) < 1:
            return False
        self._tokens -= 1
        return True

    def give_back(self, now: float) -> None:
        """Return a reserved token that will not be used: its taker stopped waiting."""
        if self._rate != math.inf:
            self._tokens = min(float(self._burst), self._advance(now) + 1)

    def tokens(self, now: float) -> float:
        """Return how many tokens there are; negative when some were taken in advance."""
        return math.inf if self._rate == math.inf else self._advance(now)

    def _advance(self, now: float) -> float:
        last = now if self._last is None else self._last
        # A clock that went back gives nothing, and takes nothing.
        if now > last:
            self._tokens = min(float(self._burst), self._tokens + (now - last) * self._rate)
        self._last = max(now, last)
        return self._tokens

    def __repr__(self) -> str:
        return f"TokenBucket(rate={self._rate:g}/s, burst={self._burst}, tokens={self._tokens:g})"
