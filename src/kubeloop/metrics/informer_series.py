"""`InformerSeries`: what is counted for informers, with the names of component-base's metrics/prometheus/clientgo/fifo.

The metrics from `informer_objects` on are kubeloop's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from kubeloop._kit.metric_family import Counter, Gauge, Histogram, MetricFamily
from kubeloop._kit.weak_methods import WeakMethods

if TYPE_CHECKING:
    from kubeloop.cache.informer.informer_metrics import InformerLabels
    from kubeloop.cache.informer.informer_statistics import InformerStatistics

__all__ = ["InformerSeries"]

_PROCESSING_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_VERSION_DIGITS = 15
"""The digits of a resourceVersion that a float can represent."""


class InformerSeries:
    """The series of informers; implements the protocol `InformerMetrics`.

    What an informer has now is shown until it stops. What was counted stays, as in Prometheus.
    """

    def __init__(self) -> None:
        self._informers: WeakMethods[InformerLabels, InformerStatistics] = WeakMethods()
        by_informer = ("name", "group", "version", "resource")
        self._informer_gauges = {
            name: Gauge(f"informer_{name}", text, by_informer)
            for name, text in (
                ("queued_items", "Changes that wait for the store."),
                ("store_resource_version", "The 15 least significant digits of the resource version."),
                ("objects", "Objects in the store."),
                ("memory_bytes", "Estimated bytes of the objects, the tables and the queues."),
                ("unreadable_objects", "Objects that exist and cannot be read."),
                ("last_heard_seconds", "Seconds since the server last sent news, bookmarks included."),
                ("lag_seconds", "Seconds since the oldest change arrived that a handler has not seen."),
                ("handler_backlog", "Events that wait for handlers."),
                ("handler_backlog_seconds", "Seconds that the oldest of these events has waited."),
            )
        }
        self._processing = Histogram(
            "informer_processing_latency_seconds",
            "Seconds that the store and the plain handlers needed for a change.",
            _PROCESSING_SECONDS,
            by_informer,
        )
        self._relists = Counter(
            "informer_relists_total", "Lists after the first, by what led to them.", (*by_informer, "reason")
        )

    def informer_families(self) -> tuple[MetricFamily, ...]:
        """Return the metrics with their samples at this time."""
        values: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in self._informer_gauges}
        for labels, readers in self._informers.alive():
            for now in (read() for read in readers):
                if now.state != "stopped":
                    for name, value in _gauges(now):
                        values[name].setdefault(labels, value)
        for name, gauge in self._informer_gauges.items():
            gauge.replace_all(values[name])
        gauges = (gauge.collect() for gauge in self._informer_gauges.values())
        return (self._processing.collect(), self._relists.collect(), *gauges)

    # The protocol `InformerMetrics`.

    def informer_created(self, informer: InformerLabels, statistics: Callable[[], InformerStatistics], /) -> None:
        """Record a new informer, which does not live longer because of that; the first of equal labels is shown."""
        self._informers.remove_dead()
        self._informers.add(informer, statistics)

    def informer_processed(self, informer: InformerLabels, seconds: float, /) -> None:
        """Record how long a change took."""
        self._processing.observe(seconds, *informer)

    def informer_relisted(self, informer: InformerLabels, reason: str, /) -> None:
        """Record a list after the first."""
        self._relists.increment(*informer, reason)


def _gauges(informer: InformerStatistics) -> Iterator[tuple[str, float]]:
    yield "queued_items", informer.queued
    digits = informer.resource_version[-_VERSION_DIGITS:]
    if digits.isascii() and digits.isdigit():
        yield "store_resource_version", int(digits)
    yield "objects", informer.objects
    yield "memory_bytes", informer.memory_bytes
    yield "unreadable_objects", informer.unreadable
    if informer.heard_seconds is not None:
        yield "last_heard_seconds", informer.heard_seconds
    yield "lag_seconds", informer.lag_seconds
    yield "handler_backlog", informer.backlog
    yield "handler_backlog_seconds", informer.backlog_seconds
