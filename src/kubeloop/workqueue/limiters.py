"""Rate limiters: the delay before an item is retried.

A limiter is any object with the methods of `RateLimiter`. The limiters here count failures in memory until `forget`.
Only `BucketRateLimiter` needs a clock, by default that of the running loop.
Reference: client-go util/workqueue/default_rate_limiters.go.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from kubeloop._kit.bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BucketRateLimiter",
    "ItemExponentialFailureRateLimiter",
    "ItemFastSlowRateLimiter",
    "MaxOfRateLimiter",
    "RateLimiter",
    "WithMaxWaitRateLimiter",
    "default_controller_rate_limiter",
    "default_item_based_rate_limiter",
]

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class RateLimiter(Protocol[T_contra]):
    """Computes the delay before an item is retried."""

    def when(self, item: T_contra, /) -> float:
        """Count one more failure of the item and return its delay in seconds."""
        ...

    def forget(self, item: T_contra, /) -> None:
        """Remove the failures of the item."""

    def num_requeues(self, item: T_contra, /) -> int:
        """Return the number of counted failures of the item."""
        ...


class _Failures(Generic[T]):
    """Failures, counted per item."""

    def __init__(self) -> None:
        self._failures: dict[T, int] = {}

    def forget(self, item: T, /) -> None:
        """Remove the failures of the item."""
        self._failures.pop(item, None)

    def num_requeues(self, item: T, /) -> int:
        """Return the number of counted failures of the item."""
        return self._failures.get(item, 0)

    def _count(self, item: T) -> int:
        """Count one more failure of the item and return the number of its failures."""
        count = self._failures.get(item, 0) + 1
        self._failures[item] = count
        return count


def _checked(name: str, seconds: float) -> float:
    if not seconds >= 0:
        raise ValueError(f"expected {name} to be at least 0 s, got {seconds}")
    return seconds


class ItemExponentialFailureRateLimiter(_Failures[T]):
    """Delays an item by `base_delay * 2 ** failures` seconds, and by at most `max_delay`.

    >>> limiter = ItemExponentialFailureRateLimiter[str](0.005, 1000.0)
    >>> [limiter.when("a") for _ in range(4)], limiter.when("b")
    ([0.005, 0.01, 0.02, 0.04], 0.005)
    """

    def __init__(self, base_delay: float, max_delay: float) -> None:
        super().__init__()
        self._base_delay = _checked("base_delay", base_delay)
        self._max_delay = _checked("max_delay", max_delay)

    def when(self, item: T, /) -> float:
        """Count one more failure of the item and return its delay in seconds."""
        # 2.0**1000 is a finite float, and larger than every limit in use.
        doublings = min(self._count(item) - 1, 1000)
        return min(self._base_delay * 2.0**doublings, self._max_delay)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_delay}, {self._max_delay})"


class ItemFastSlowRateLimiter(_Failures[T]):
    """Delays an item by `fast_delay` seconds for its first `max_fast_attempts` failures, then by `slow_delay`."""

    def __init__(self, fast_delay: float, slow_delay: float, max_fast_attempts: int) -> None:
        super().__init__()
        self._fast_delay = _checked("fast_delay", fast_delay)
        self._slow_delay = _checked("slow_delay", slow_delay)
        self._max_fast_attempts = max_fast_attempts

    def when(self, item: T, /) -> float:
        """Count one more failure of the item and return its delay in seconds."""
        return self._fast_delay if self._count(item) <= self._max_fast_attempts else self._slow_delay

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._fast_delay}, {self._slow_delay}, {self._max_fast_attempts})"


class BucketRateLimiter(Generic[T]):
    """Limits all items together to `rate` items per second, after a `burst` without a delay. Counts no failures.

    Args:
        rate: Items per second.
        burst: The number of items without a delay while the bucket is full.
        now: Returns the time in seconds. None means the clock of the running loop.
    """

    def __init__(self, rate: float, burst: int, *, now: Callable[[], float] | None = None) -> None:
        self._rate = rate
        self._burst = burst
        self._bucket = TokenBucket(rate, burst)
        self._now = now

    def when(self, item: T, /) -> float:  # noqa: ARG002
        """Reserve a token and return the seconds until the token is available."""
        return self._bucket.reserve(asyncio.get_running_loop().time() if self._now is None else self._now())

    def forget(self, item: T, /) -> None:
        """Do nothing, because a bucket does not distinguish items."""

    def num_requeues(self, item: T, /) -> int:  # noqa: ARG002
        """Return 0, because a bucket counts no failures."""
        return 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._rate}, {self._burst})"


class MaxOfRateLimiter(Generic[T]):
    """Combines several limiters and uses the longest of their delays."""

    def __init__(self, *limiters: RateLimiter[T]) -> None:
        self._limiters = limiters

    def when(self, item: T, /) -> float:
        """Count one more failure of the item in every limiter and return the longest of their delays in seconds."""
        return max((limiter.when(item) for limiter in self._limiters), default=0.0)

    def forget(self, item: T, /) -> None:
        """Remove the failures of the item from every limiter."""
        for limiter in self._limiters:
            limiter.forget(item)

    def num_requeues(self, item: T, /) -> int:
        """Return the largest number of failures that one of the limiters counts."""
        return max((limiter.num_requeues(item) for limiter in self._limiters), default=0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._limiters))})"


class WithMaxWaitRateLimiter(Generic[T]):
    """Limits the delays of another limiter to `max_delay` seconds."""

    def __init__(self, limiter: RateLimiter[T], max_delay: float) -> None:
        self._limiter = limiter
        self._max_delay = _checked("max_delay", max_delay)

    def when(self, item: T, /) -> float:
        """Return the other limiter's delay in seconds, and at most `max_delay`."""
        return min(self._limiter.when(item), self._max_delay)

    def forget(self, item: T, /) -> None:
        """Remove the failures of the item from the other limiter."""
        self._limiter.forget(item)

    def num_requeues(self, item: T, /) -> int:
        """Return the number of failures that the other limiter counts."""
        return self._limiter.num_requeues(item)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._limiter!r}, {self._max_delay})"


# `Any`: a limiter serves a queue of any items, and type checkers cannot infer the type from the call.
def default_controller_rate_limiter() -> MaxOfRateLimiter[Any]:
    """Create the limiter that client-go's controllers use.

    Per item, the delay doubles from 5 ms to 1000 s. All items together are limited to 10 per second after a burst of
    100.
    """
    return MaxOfRateLimiter(ItemExponentialFailureRateLimiter[Any](0.005, 1000.0), BucketRateLimiter[Any](10.0, 100))


def default_item_based_rate_limiter() -> ItemExponentialFailureRateLimiter[Any]:
    """Create a limiter without a limit for all items together: per item, the delay doubles from 1 ms to 1000 s."""
    return ItemExponentialFailureRateLimiter(0.001, 1000.0)
