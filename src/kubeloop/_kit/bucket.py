"""A token bucket: the seconds to wait for the next token. Only `wait` waits, and reads the clock of the event loop.

Reference: golang.org/x/time/rate (Limiter), on which client-go's util/flowcontrol and util/workqueue are built.
"""

from __future__ import annotations

import math

from kubeloop._kit import waiting

__all__ = ["TokenBucket"]


class TokenBucket:
    """A bucket that starts with `burst` tokens and gains `rate` tokens per second up to `burst`.

    A token can be reserved before it exists. Later reservations then wait longer.

    Args:
        rate: The tokens per second; `math.inf` for no limit, 0 for no tokens after the first `burst`.
        burst: The largest number of tokens in the bucket.

    >>> bucket = TokenBucket(10.0, 2)
    >>> [bucket.reserve(0.0) for _ in range(4)]
    [0.0, 0.0, 0.1, 0.2]

    Concurrency: One thread at a time.
    """

    __slots__ = ("_burst", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int) -> None:
        if not rate >= 0 or not burst >= 0:
            raise ValueError("a token bucket needs rate >= 0 and burst >= 0")
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._last: float | None = None

    def reserve(self, now: float) -> float:
        """Take a token, and return the seconds to wait until it exists.

        Args:
            now: The time in seconds on any clock that never goes back, such as that of the event loop.

        Returns:
            0.0 if the bucket has a token; `math.inf` if it will never have one, in which case none is taken.
        """
        if self._rate == math.inf:
            return 0.0
        tokens = self._advance(now) - 1
        if tokens < 0 and (self._rate == 0 or self._burst == 0):
            return math.inf
        self._tokens = tokens
        return -tokens / self._rate if tokens < 0 else 0.0

    async def wait(self, *, timeout: float | None = None) -> None:
        """Wait for a token and take it. Callers get their tokens in the order of their calls.

        Args:
            timeout: The longest wait in seconds; None for no limit.

        Raises:
            TimeoutError: The token would exist too late, or never. Raised at once, and no token is taken.

        Concurrency: A cancelled wait gives its token back.

        Reference: golang.org/x/time/rate, Limiter.Wait with a deadline; client-go util/flowcontrol, RateLimiter.Wait.
        """
        delay = self.reserve(waiting.now())
        if delay == math.inf:
            raise TimeoutError(f"expected a token, {self!r} will never have one")
        if timeout is not None and delay > timeout:
            self.give_back(waiting.now())
            raise TimeoutError(f"expected a token within {timeout:g} s, the next one exists in {delay:.3g} s: {self!r}")
        if delay > 0:
            try:
                await waiting.sleep(delay)
            except waiting.Cancelled:
                self.give_back(waiting.now())
                raise

    def try_take(self, now: float) -> bool:
        """Take a token if the bucket has one, and return whether it had."""
        if self._rate == math.inf:
            return True
        if self._advance(now) < 1:
            return False
        self._tokens -= 1
        return True

    def give_back(self, now: float) -> None:
        """Return a reserved token that is not needed, because its caller has stopped waiting."""
        if self._rate != math.inf:
            self._tokens = min(float(self._burst), self._advance(now) + 1)

    def tokens(self, now: float) -> float:
        """Return the number of tokens, which is negative if some are reserved in advance."""
        return math.inf if self._rate == math.inf else self._advance(now)

    def _advance(self, now: float) -> float:
        last = now if self._last is None else self._last
        # A clock that went back adds and removes nothing.
        if now > last:
            self._tokens = min(float(self._burst), self._tokens + (now - last) * self._rate)
        self._last = max(now, last)
        return self._tokens

    def __repr__(self) -> str:
        return f"TokenBucket(rate={self._rate:g}/s, burst={self._burst}, tokens={self._tokens:g})"
