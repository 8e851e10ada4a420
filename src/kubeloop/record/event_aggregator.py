"""`EventAggregator`: recognizes events that differ in nothing but their notes, and combines them. No clock.

Reference: client-go tools/record/events_cache.go (EventAggregator, EventAggregatorByReasonFunc).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.record.occurrence import object_identity
from kubeloop.record.recent_items import RecentItems

if TYPE_CHECKING:
    from collections.abc import Hashable

    from kubeloop.record.occurrence import Occurrence

__all__ = ["EventAggregator"]

_NOTES = 10
_QUIET_SECONDS = 600.0
_LIMIT = 4096
_PREFIX = "(combined from similar events): "


class _Similar:
    """The last notes of similar events, in the order of their arrival, and the time of the last event."""

    __slots__ = ("notes", "seen_at")

    def __init__(self, seen_at: float) -> None:
        self.notes: dict[str, None] = {}
        self.seen_at = seen_at


class EventAggregator:
    """Combines events of one type and reason about one object, from the tenth different note on.

    After more than ten minutes without such an event, the count of notes starts again.

    Reference: client-go EventAggregator. Intended difference: the oldest note makes room for a new one, where client-go
        removes a random one.
    """

    def __init__(self) -> None:
        self._similar: RecentItems[Hashable, _Similar] = RecentItems(_LIMIT)

    def aggregate(self, occurrence: Occurrence, now: float) -> tuple[Occurrence, Hashable]:
        """Return what is written of an occurrence, and the key of its event: occurrences of one key are one event.

        Args:
            occurrence: What occurred.
            now: The time of the event loop in seconds.

        Returns:
            The occurrence as it is, or as part of a combined event: with its note behind a prefix, and without
            annotations, which belong to single events.
        """
        group = (occurrence.type, occurrence.reason, object_identity(occurrence.regarding))
        similar = self._similar.get(group)
        if similar is None or now - similar.seen_at > _QUIET_SECONDS:
            similar = _Similar(now)
            self._similar.put(group, similar)
        similar.notes.setdefault(occurrence.note)
        similar.seen_at = now
        if len(similar.notes) < _NOTES:
            return occurrence, (*group, occurrence.regarding.field_path, occurrence.note)
        similar.notes.pop(next(iter(similar.notes)))
        return occurrence.replace(note=_PREFIX + occurrence.note, annotations={}), group

    def __repr__(self) -> str:
        return f"<EventAggregator: {len(self._similar)} kinds of events>"
