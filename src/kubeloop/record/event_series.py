"""`EventSeries`: which occurrences are one event of `events.k8s.io/v1`, and when its count is written. No clock.

Reference: client-go tools/events/event_broadcaster.go (recordToSink, refreshExistingEventSeries, finishSeries, getKey).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.record.occurrence import object_identity
from kubeloop.record.recent_items import RecentItems
from kubeloop.record.recorded_event import EventNames, RecordedEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from kubeloop.record.occurrence import Occurrence

__all__ = ["FINISH_SECONDS", "REFRESH_SECONDS", "EventSeries"]

FINISH_SECONDS = 6 * 60.0
REFRESH_SECONDS = 30 * 60.0
_LIMIT = 4096


class _Series:
    """An event, the time of its last occurrence on the clock of the loop, and whether its count was not written."""

    __slots__ = ("event", "is_unwritten", "seen_at")

    def __init__(self, event: RecordedEvent, seen_at: float) -> None:
        self.event = event
        self.seen_at = seen_at
        self.is_unwritten = False


class EventSeries:
    """The events of one recorder that may occur again.

    The first occurrence is written, and the second makes the event a series, which is written too. Later occurrences
    are counted. The count is written in the passes over all series, every 30 minutes, and once no occurrence was
    seen for six minutes; then the event is forgotten, and the next occurrence is a new event.

    Occurrences are one event if they have the same type, reason, action, object and related object. The note is that
    of the first.

    Args:
        names: Names the events.

    Reference: client-go eventBroadcasterImpl. Intended differences: the resource versions of the objects do not count,
        because with them every change of an object would end its series; at most 4,096 events are kept, of which the
        one that has not occurred for the longest time is forgotten, after its count was written.
    """

    def __init__(self, names: EventNames) -> None:
        self._names = names
        self._series: RecentItems[Hashable, _Series] = RecentItems(_LIMIT)

    def observe(self, occurrence: Occurrence, now: float, time: datetime) -> list[RecordedEvent]:
        """Record an occurrence and return the events that are to be written because of it.

        Args:
            occurrence: What occurred.
            now: The time of the event loop in seconds.
            time: The wall-clock time.
        """
        key = _key(occurrence)
        series = self._series.get(key)
        if series is None:
            event = RecordedEvent(
                self._names.next(occurrence.regarding.name, time), occurrence, first_time=time, last_time=time
            )
            forgotten = self._series.put(key, _Series(event, now))
            return [event] if forgotten is None or not forgotten.is_unwritten else [event, forgotten.event]
        series.event = series.event.again(series.event.occurrence, time)
        series.seen_at = now
        series.is_unwritten = series.event.count > 2
        return [] if series.is_unwritten else [series.event]

    def refreshed(self) -> list[RecordedEvent]:
        """Return all series, which are written every 30 minutes, so that the server does not let them expire."""
        return self._to_write(lambda series: series.event.count > 1)

    def finished(self, now: float) -> list[RecordedEvent]:
        """Forget the events that did not occur for more than six minutes, and return the series among them.

        Args:
            now: The time of the event loop in seconds.
        """
        finished: list[RecordedEvent] = []
        for key, series in self._series.items():
            if now - series.seen_at > FINISH_SECONDS:
                self._series.remove(key)
                if series.event.count > 1:
                    finished.append(series.event)
        return finished

    def unwritten(self) -> list[RecordedEvent]:
        """Return the series whose counts were not written, which are written at the end of the recorder."""
        return self._to_write(lambda series: series.is_unwritten)

    def _to_write(self, condition: Callable[[_Series], bool]) -> list[RecordedEvent]:
        chosen = [series for _, series in self._series.items() if condition(series)]
        for series in chosen:
            series.is_unwritten = False
        return [series.event for series in chosen]

    def __repr__(self) -> str:
        return f"<EventSeries: {len(self._series)} events>"


def _key(occurrence: Occurrence) -> Hashable:
    related = occurrence.related
    return (
        occurrence.type,
        occurrence.reason,
        occurrence.action,
        object_identity(occurrence.regarding),
        occurrence.regarding.field_path,
        related and (object_identity(related), related.field_path),
    )
