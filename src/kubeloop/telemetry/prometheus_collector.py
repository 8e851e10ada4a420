"""`MetricsCollector`: the metrics of `kubeloop.Metrics` in a registry of `prometheus-client`, which is an extra."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

try:
    from prometheus_client.metrics_core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        Metric,
        UnknownMetricFamily,
    )
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    raise ImportError(
        "kubeloop.telemetry.MetricsCollector needs the package 'prometheus-client': pip install 'kubeloop[prometheus]'",
        name=error.name,
    ) from None

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeloop.metrics import MetricFamily, Metrics

__all__ = ["MetricsCollector"]

_SCRAPE_SECONDS = 10.0
_UNITS = ("seconds", "bytes")


class MetricsCollector(Collector):
    """Collects the metrics of a `kubeloop.Metrics` for `prometheus-client`: the same families as in `Metrics.text()`.

        metrics = kubeloop.Metrics()
        prometheus_client.REGISTRY.register(MetricsCollector(metrics))
        prometheus_client.start_http_server(9090)

    Args:
        metrics: The metrics.

    Raises:
        RuntimeError: There is no running event loop. Create the collector in a coroutine of the program's loop.

    Concurrency: Any thread may collect. The metrics are read in the loop in which the collector was created, because
    they belong to it; a loop that does not respond for 10 s fails the scrape with a `TimeoutError`. After the loop was
    closed, the calling thread reads them.

    Names are those of `Metrics.text()` in the text format. A counter whose name does not end in `_total` has no type,
    because `prometheus-client` would rename it.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "expected a running event loop, got none: create the MetricsCollector in a coroutine of the loop "
                "in which the clients and queues are used"
            ) from None

    def describe(self) -> Iterator[Metric]:
        """Yield all metrics without samples, so that a registry finds duplicate names."""
        for family in self._families():
            yield _metric(family.replace(samples=()))

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics that have samples."""
        for family in self._families():
            if family.samples:
                yield _metric(family)

    def _families(self) -> tuple[MetricFamily, ...]:
        try:
            is_here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            is_here = False
        if is_here or self._loop.is_closed():
            return self._metrics.collect()
        return asyncio.run_coroutine_threadsafe(self._read(), self._loop).result(_SCRAPE_SECONDS)

    async def _read(self) -> tuple[MetricFamily, ...]:
        return self._metrics.collect()

    def __repr__(self) -> str:
        return f"<MetricsCollector of {self._metrics!r}>"


def _metric(family: MetricFamily) -> Metric:
    labels = [name for name, _ in family.samples[-1].labels] if family.samples else []  # the last one has no `le`
    unit = next((unit for unit in _UNITS if family.name.endswith(f"_{unit}")), "")
    if family.type == "histogram":
        return _histogram(family, labels, unit)
    metric: CounterMetricFamily | GaugeMetricFamily | UnknownMetricFamily
    if family.type == "gauge":
        metric = GaugeMetricFamily(family.name, family.help, labels=labels, unit=unit)
    elif family.name.endswith("_total"):
        metric = CounterMetricFamily(family.name, family.help, labels=labels, unit=unit)
    else:  # a counter would get this suffix
        metric = UnknownMetricFamily(family.name, family.help, labels=labels, unit=unit)
    for sample in family.samples:
        metric.add_metric([value for _, value in sample.labels], sample.value)
    return metric


def _histogram(family: MetricFamily, labels: list[str], unit: str) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help, labels=labels, unit=unit)
    buckets: list[tuple[str, float]] = []
    for sample in family.samples:  # per combination of labels: the buckets, the sum, the count
        values = [value for _, value in sample.labels]
        if sample.name.endswith("_bucket"):
            buckets.append((values[-1], sample.value))
        elif sample.name.endswith("_sum"):
            metric.add_metric(values, buckets, sample.value)
            buckets = []
    return metric
