"""Rate limiters: how long an item has to wait before it is tried again.

A limiter is any object with the three methods of `RateLimiter`. Those here count failures in memory and never forget
an item by themselves. Only `BucketRateLimiter` needs the time; it takes the running loop's unless another is given.

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
    """Decides how long an item waits."""

    def when(self, item: T_contra, /) -> float:
        """Count one failure more of this item and return how many seconds it has to wait."""
        ...

    def forget(self, item: T_contra, /) -> None:
        """Forget the failures of this item."""

    def num_requeues(self, item: T_contra, /) -> int:
        """Return how many failures of this item are remembered."""
        ...


class _Failures(Generic[T]):
    """Counts failures per item."""

    def __init__(self) -> None:
        self._failures: dict[T, int] = {}

    def forget(self, item: T, /) -> None:
        """Forget the failures of this item."""
        self._failures.pop(item, None)

    def num_requeues(self, item: T, /) -> int:
        """Return how many failures of this item are remembered."""
        return self._failures.get(item, 0)

    def _count(self, item: T) -> int:
        """Count one more and return how many there are now."""
        count = self._failures.get(item, 0) + 1
        self._failures[item] = count
        return count


class ItemExponentialFailureRateLimiter(_Failures[T]):
    """Waits `base_delay * 2 ** failures` seconds for each item, never longer than `max_delay`.

    >>> limiter = ItemExponentialFailureRateLimiter[str](0.005, 1000.0)
    >>> [limiter.when("a") for _ in range(4)], limiter.when("b")
    ([0.005, 0.01, 0.02, 0.04], 0.005)
    """

    def __init__(self, base_delay: float, max_delay: float) -> None:
        super().__init__()
        self._base_delay = base_delay
        self._max_delay = max_delay

    def when(self, item: T, /) -> float:
        """Count one failure more of this item and return how many seconds it has to wait."""
        # 2**1000 is still a float; beyond that every delay has reached its limit anyway.
        doublings = min(self._count(item) - 1, 1000)
        return min(self._base_delay * 2.0**doublings, self._max_delay)


class ItemFastSlowRateLimiter(_Failures[T]):
    """Waits `fast_delay` seconds for the first `max_fast_attempts` failures of an item, `slow_delay` after that."""

    def __init__(self, fast_delay: float, slow_delay: float, max_fast_attempts: int) -> None:
        super().__init__()
        self._fast_delay = fast_delay
        self._slow_delay = slow_delay
        self._max_fast_attempts = max_fast_attempts

    def when(self, item: T, /) -> float:
        """Count one failure more of this item and return how many seconds it has to wait."""
        return self._fast_delay if self._count(item) <= self._max_fast_attempts else self._slow_delay


class BucketRateLimiter(Generic[T]):
    """Lets `rate` items a second through, whichever they are, after a first `burst` without waiting.

    It counts no failures.

    Args:
        rate: items a second.
        burst: how many need not wait when nothing happened for a while.
        now: the clock; None: the running loop's.
    """

    def __init__(self, rate: float, burst: int, *, now: Callable[[], float] | None = None) -> None:
        self._bucket = TokenBucket(rate, burst)
        self._now = now

    def when(self, item: T, /) -> float:  # noqa: ARG002
        """Take a token and return how many seconds it takes until it is there."""
        return self._bucket.reserve(asyncio.get_running_loop().time() if self._now is None else self._now())

    def forget(self, item: T, /) -> None:
        """Do nothing: a bucket knows no items."""

    def num_requeues(self, item: T, /) -> int:  # noqa: ARG002
        """Return 0: a bucket counts no failures."""
        return 0


class MaxOfRateLimiter(Generic[T]):
    """Asks several limiters and waits for the slowest of them."""

    def __init__(self, *limiters: RateLimiter[T]) -> None:
        self._limiters = limiters

    def when(self, item: T, /) -> float:
        """Count one failure more of this item with every limiter and return the longest of their delays."""
        return max((limiter.when(item) for limiter in self._limiters), default=0.0)

    def forget(self, item: T, /) -> None:
        """Let every limiter forget the failures of this item."""
        for limiter in self._limiters:
            limiter.forget(item)

    def num_requeues(self, item: T, /) -> int:
        """Return the greatest number of failures that one of the limiters remembers."""
        return max((limiter.num_requeues(item) for limiter in self._limiters), default=0)


class WithMaxWaitRateLimiter(Generic[T]):
    """Asks another limiter but never waits longer than `max_delay` seconds."""

    def __init__(self, limiter: RateLimiter[T], max_delay: float) -> None:
        self._limiter = limiter
        self._max_delay = max_delay

    def when(self, item: T, /) -> float:
        """Return the other limiter's delay, cut to the longest that is allowed."""
        return min(self._limiter.when(item), self._max_delay)

    def forget(self, item: T, /) -> None:
        """Let the other limiter forget the failures of this item."""
        self._limiter.forget(item)

    def num_requeues(self, item: T, /) -> int:
        """Return how many failures the other limiter remembers."""
        return self._limiter.num_requeues(item)


# `Any`: one limiter serves a queue of any items, and a return value alone cannot say of which.
def default_controller_rate_limiter() -> MaxOfRateLimiter[Any]:
    """Return a new limiter as client-go's controllers use: an item 5 ms doubling to 1000 s; all 10/s, burst 100."""
    return MaxOfRateLimiter(ItemExponentialFailureRateLimiter[Any](0.005, 1000.0), BucketRateLimiter[Any](10.0, 100))


def default_item_based_rate_limiter() -> ItemExponentialFailureRateLimiter[Any]:
    """Return a new limiter that knows items only: 1 ms doubling to 1000 s."""
    return ItemExponentialFailureRateLimiter(0.001, 1000.0)
