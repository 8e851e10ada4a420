"""`EventCorrelator`: which occurrences are one event of core `v1`, and which are not written at all. No clock.

Reference: client-go tools/record/events_cache.go (EventCorrelator, eventLogger).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.record.event_aggregator import EventAggregator
from kubeloop.record.recent_items import RecentItems
from kubeloop.record.recorded_event import RecordedEvent
from kubeloop.record.spam_filter import SpamFilter

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

    from kubeloop.record.occurrence import Occurrence
    from kubeloop.record.recorded_event import EventNames

__all__ = ["EventCorrelator"]

_LIMIT = 4096


class EventCorrelator:
    """Combines similar occurrences, counts equal ones, and drops what is too much.

    Args:
        names: Names the events.

    Reference: client-go EventCorrelator. Intended difference: what the server returns does not change what is counted
        here, as in the recorder of events.k8s.io/v1. Occurrences are counted when they occur, and not when they are
        sent, so an older response would undo the count.
    """

    def __init__(self, names: EventNames) -> None:
        self._names = names
        self._aggregator = EventAggregator()
        self._events: RecentItems[Hashable, RecordedEvent] = RecentItems(_LIMIT)
        self._filter = SpamFilter()

    def correlate(self, occurrence: Occurrence, now: float, time: datetime) -> RecordedEvent | None:
        """Record an occurrence, and return the event to write; None if the spam filter drops it.

        What is dropped is counted all the same: the next count that is written contains it.

        Args:
            occurrence: What occurred.
            now: The time of the event loop in seconds.
            time: The wall-clock time.
        """
        written, key = self._aggregator.aggregate(occurrence, now)
        before = self._events.get(key)
        if before is None:
            event = RecordedEvent(
                self._names.next(occurrence.regarding.name, time), written, first_time=time, last_time=time
            )
        else:
            event = before.again(written, time)
        self._events.put(key, event)
        return event if self._filter.accepts(occurrence, now) else None

    def __repr__(self) -> str:
        return f"<EventCorrelator: {len(self._events)} events>"
