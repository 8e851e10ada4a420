"""`SpamFilter`: limits how many events of one type a program writes about one object. No clock.

Reference: client-go tools/record/events_cache.go (EventSourceObjectSpamFilter, getSpamKey).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.bucket import TokenBucket
from kubeloop.record.occurrence import object_identity
from kubeloop.record.recent_items import RecentItems

if TYPE_CHECKING:
    from collections.abc import Hashable

    from kubeloop.record.occurrence import Occurrence

__all__ = ["SpamFilter"]

_BURST = 25
_EVENTS_PER_SECOND = 0.0033333334  # one per 300 s, rounded up, so that 300 s are enough for one
_LIMIT = 4096


class SpamFilter:
    """A token bucket per object and type: 25 events at once, and then one per five minutes.

    The reason and the note do not count: one noisy reason uses up the tokens of the others.

    Reference: client-go EventSourceObjectSpamFilter.
    """

    def __init__(self) -> None:
        self._buckets: RecentItems[Hashable, TokenBucket] = RecentItems(_LIMIT)

    def accepts(self, occurrence: Occurrence, now: float) -> bool:
        """Take a token, and return whether there was one.

        Args:
            occurrence: What occurred.
            now: The time of the event loop in seconds.
        """
        key = (occurrence.type, object_identity(occurrence.regarding))
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = TokenBucket(_EVENTS_PER_SECOND, _BURST)
            self._buckets.put(key, bucket)
        return bucket.try_take(now)

    def __repr__(self) -> str:
        return f"<SpamFilter: {len(self._buckets)} buckets>"
