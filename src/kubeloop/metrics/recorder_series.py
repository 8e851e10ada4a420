"""`RecorderSeries`: what is counted for event recorders. The metrics are kubeloop's own; client-go has none."""

from __future__ import annotations

from kubeloop._kit.metric_family import Counter, MetricFamily

__all__ = ["RecorderSeries"]


class RecorderSeries:
    """The series of event recorders; implements the protocol `EventMetrics`."""

    def __init__(self) -> None:
        self._written_events = Counter(
            "event_recorder_written_total", "Events that were created or updated on the server.", ("name",)
        )
        self._dropped_events = Counter(
            "event_recorder_dropped_total",
            "Events and updates that were not written and will not be, by reason.",
            ("name", "reason"),
        )

    def recorder_families(self) -> tuple[MetricFamily, ...]:
        """Return the metrics with their samples at this time."""
        return self._written_events.collect(), self._dropped_events.collect()

    # The protocol `EventMetrics`.

    def event_written(self, recorder: str, /) -> None:
        """Record that an event was created or updated."""
        self._written_events.increment(recorder)

    def event_dropped(self, recorder: str, reason: str, /) -> None:
        """Record that an event, or an update of its count, was dropped."""
        self._dropped_events.increment(recorder, reason)
