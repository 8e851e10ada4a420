"""Exponential back-off with jitter: the seconds to wait before the next attempt, without waiting or reading a clock.

Reference: k8s.io/apimachinery/pkg/util/wait (Backoff, Backoff.DelayWithReset, Jitter).
"""

from __future__ import annotations

from random import Random

__all__ = ["Backoff", "jitter"]


def jitter(duration: float, factor: float, random: Random) -> float:
    """Return a duration between `duration` and `duration * (1 + factor)`; a factor of 0 or less counts as 1."""
    return duration * (1 + random.random() * (factor if factor > 0 else 1.0))


class Backoff:
    """Delays that grow by a factor up to a limit, and start from the first one again after a quiet time.

    The limit applies before jitter, as in client-go: with `cap=30, jitter=1.0` a delay can reach 60 s.

    Args:
        initial: The first delay in seconds.
        factor: The factor between a delay and the next one.
        cap: The longest delay before jitter; None for no limit.
        jitter: The largest part of a delay that is added at random; 0 for none.
        reset_after: The seconds without a call of `next` after which delays start from `initial`; None for never.
        random: The source of randomness; a generator with a seed repeats the delays.

    >>> backoff = Backoff(1.0, factor=2.0, cap=5.0, reset_after=60.0)
    >>> [backoff.next(now) for now in (0.0, 1.0, 3.0, 7.0, 100.0)]
    [1.0, 2.0, 4.0, 5.0, 1.0]

    Concurrency: One thread at a time.
    """

    __slots__ = ("_cap", "_delay", "_factor", "_initial", "_jitter", "_last", "_random", "_reset_after")

    def __init__(
        self,
        initial: float,
        *,
        factor: float = 2.0,
        cap: float | None = None,
        jitter: float = 0.0,
        reset_after: float | None = None,
        random: Random | None = None,
    ) -> None:
        if initial < 0 or factor < 1 or jitter < 0:
            raise ValueError("a back-off needs initial >= 0, factor >= 1 and jitter >= 0")
        self._initial = initial if cap is None else min(initial, cap)
        self._factor = factor
        self._cap = cap
        self._jitter = jitter
        self._reset_after = reset_after
        # The randomness only spreads retries, and tests need a generator with a seed.
        self._random = random if random is not None else Random()  # noqa: S311
        self._delay = self._initial
        self._last: float | None = None

    @property
    def delay(self) -> float:
        """The next delay in seconds before jitter, unless a quiet time resets it."""
        return self._delay

    def next(self, now: float) -> float:
        """Return the seconds to wait before the next attempt, and increase the delay after it.

        Args:
            now: The time in seconds on any clock that never goes back, such as that of the event loop.
        """
        if self._last is not None and self._reset_after is not None and now - self._last > self._reset_after:
            self._delay = self._initial
        self._last = now
        delay = self._delay
        grown = delay * self._factor
        self._delay = grown if self._cap is None else min(grown, self._cap)
        return jitter(delay, self._jitter, self._random) if self._jitter > 0 else delay

    def reset(self) -> None:
        """Start from the first delay again, after a success."""
        self._delay = self._initial
        self._last = None

    def __repr__(self) -> str:
        return f"Backoff(next={self._delay:g}s, cap={self._cap}, last={self._last})"
