"""`ItemBackoff`: exponential back-off per item, which forgets items by itself.

Reference: client-go util/flowcontrol/backoff.go.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from random import Random
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ItemBackoff"]

T = TypeVar("T")


class _Delay(NamedTuple):
    seconds: float
    since: float
    increases: int


class ItemBackoff(Generic[T]):
    """Delays per item that double from `initial` to `maximum`, and start again after a quiet time.

        backoff = ItemBackoff[str](10.0, 300.0)
        if not backoff.is_in_backoff("nginx:latest"):
            if not await pull("nginx:latest"):
                backoff.next("nginx:latest")

    An item whose delay was not increased for `expires_after` seconds is forgotten, so memory is bounded by the items
    that failed in this time, without a call of `forget`. The methods of `RateLimiter` are implemented too:
    `RateLimitingQueue(ItemBackoff(0.005, 1000.0))` is a queue whose limiter keeps nothing of items that vanished.

    Args:
        initial: The first delay in seconds.
        maximum: The longest delay in seconds.
        jitter: The largest part of a delay that is added to the next delay at random; 0 for none.
        expires_after: The quiet time in seconds. None means twice the `maximum`.
        random: The source of randomness; a generator with a seed repeats the delays.
        now: Returns the time in seconds. None means the clock of the running loop.

    Reference: client-go util/flowcontrol.Backoff. Intended differences: expired items are removed by `next` instead of
    a call of `GC` by the user, and count nowhere from then on; `expires_after` stands for `HasExpiredFunc`.
    """

    def __init__(
        self,
        initial: float,
        maximum: float,
        *,
        jitter: float = 0.0,
        expires_after: float | None = None,
        random: Random | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        if not 0 <= initial <= maximum or jitter < 0:
            raise ValueError(f"expected 0 <= initial <= maximum and jitter >= 0, got {initial}, {maximum}, {jitter}")
        self._initial = initial
        self._maximum = maximum
        self._jitter = jitter
        self._expires_after = 2 * maximum if expires_after is None else expires_after
        # The randomness only spreads retries, and tests need a generator with a seed.
        self._random = Random() if random is None else random  # noqa: S311
        self._now = now
        self._delays: OrderedDict[T, _Delay] = OrderedDict()  # in the order of their last increase

    def next(self, item: T) -> float:
        """Start or increase the delay of an item, count it from now, and return it in seconds."""
        now = self._time()
        self._remove_expired(now)
        known = self._delays.get(item)
        if known is None:
            delay, count = self._initial, 1
        else:
            delay, count = 2 * known.seconds, known.increases + 1
        if self._jitter > 0:
            delay += (self._initial if known is None else known.seconds) * self._jitter * self._random.random()
        delay = min(delay, self._maximum)
        self._delays[item] = _Delay(delay, now, count)
        self._delays.move_to_end(item)
        return delay

    def get(self, item: T) -> float:
        """Return the present delay of an item in seconds; 0 if it has none."""
        known = self._known(item)
        return 0.0 if known is None else known.seconds

    def is_in_backoff(self, item: T) -> bool:
        """Return whether the delay of an item, counted from its last increase, has not passed yet.

        Reference: client-go util/flowcontrol.Backoff.IsInBackOffSinceUpdate.
        """
        known = self._known(item)
        return known is not None and self._time() - known.since < known.seconds

    def is_in_backoff_since(self, item: T, event_time: float) -> bool:
        """Return whether the delay of an item, counted from an event, has not passed yet.

        Args:
            item: The item.
            event_time: The time of the event, on the clock of `now`.
        """
        known = self._known(item)
        return known is not None and self._time() - event_time < known.seconds

    def when(self, item: T, /) -> float:
        """Count one more failure of the item and return its delay in seconds; the same as `next`."""
        return self.next(item)

    def forget(self, item: T, /) -> None:
        """Remove the delay of an item, because it succeeded."""
        self._delays.pop(item, None)

    def num_requeues(self, item: T, /) -> int:
        """Return the number of increases since the delay of the item started."""
        known = self._known(item)
        return 0 if known is None else known.increases

    def __len__(self) -> int:
        """Return the number of items with a delay."""
        self._remove_expired(self._time())
        return len(self._delays)

    def _known(self, item: T) -> _Delay | None:
        known = self._delays.get(item)
        return None if known is None or self._has_expired(known, self._time()) else known

    def _has_expired(self, delay: _Delay, now: float) -> bool:
        return now - delay.since > self._expires_after

    def _remove_expired(self, now: float) -> None:
        delays = self._delays
        while delays and self._has_expired(delays[next(iter(delays))], now):
            delays.popitem(last=False)

    def _time(self) -> float:
        return asyncio.get_running_loop().time() if self._now is None else self._now()

    def __repr__(self) -> str:
        return f"<ItemBackoff {self._initial:g}s to {self._maximum:g}s, {len(self._delays)} items>"
