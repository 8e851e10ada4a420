"""`Metrics`: what clients and queues do, with the names, labels and buckets of Kubernetes components.

Reference: k8s.io/component-base v0.37, metrics/prometheus/restclient, workqueue and clientgo/fifo; for certificate
managers, the kubelet's, with the name as a label. Most metrics of client-go's cache of transports are missing, because
every client here has its own transport. `workqueue_depth_by_priority`, the metrics of informers from
`informer_objects` on and those of event recorders are kubeloop's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from kubeloop._kit.metric_family import MetricFamily, Sample, exposition
from kubeloop._kit.near_names import did_you_mean
from kubeloop.metrics.certificate_series import CertificateSeries
from kubeloop.metrics.election_series import ElectionSeries
from kubeloop.metrics.informer_series import InformerSeries
from kubeloop.metrics.queue_series import QueueSeries
from kubeloop.metrics.recorder_series import RecorderSeries
from kubeloop.metrics.request_series import RequestSeries

__all__ = ["MetricFamily", "Metrics", "Sample"]

_SUFFIXES = ("_bucket", "_sum", "_count")


class Metrics(RequestSeries, QueueSeries, InformerSeries, CertificateSeries, ElectionSeries, RecorderSeries):
    """Counts and measures, in memory, what clients, informers, queues and the other parts of a program do.

        metrics = kubeloop.Metrics()
        config = kubeloop.load_config().replace(metrics=metrics)
        factory = kubeloop.SharedInformerFactory(clientset, metrics=metrics)
        queue = kubeloop.RateLimitingQueue(name="pods", metrics=metrics)
        ...
        print(metrics.text())

    One object can serve any number of clients, informers, queues, certificate managers, leader elections and event
    recorders, and returns values and Prometheus text. It implements the protocols `ClientMetrics`, `InformerMetrics`,
    `MetricsSink`, `CertificateMetrics`, `LeaderMetrics` and `EventMetrics`, and needs no library.

    Args:
        now: The wall clock, for the time until certificates expire.

    Concurrency: All calls belong to one thread.
    """

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        RequestSeries.__init__(self, now)
        QueueSeries.__init__(self)
        InformerSeries.__init__(self)
        CertificateSeries.__init__(self, now)
        ElectionSeries.__init__(self)
        RecorderSeries.__init__(self)

    def collect(self) -> tuple[MetricFamily, ...]:
        """Return all metrics with their samples at this time.

        Call it in the event loop of the queues: the age of unfinished work is 0 elsewhere.
        """
        return (
            *self.request_families(),
            *self.queue_families(),
            *self.informer_families(),
            *self.certificate_families(),
            *self.election_families(),
            *self.recorder_families(),
        )

    def text(self) -> str:
        """Return all metrics in the Prometheus text format, version 0.0.4; see `collect`."""
        return exposition(self.collect())

    def value(self, name: str, /, **labels: str) -> float:
        """Return one sample: `metrics.value("rest_client_requests_total", code="200", method="GET", host="server")`.

        Args:
            name: The name of the sample; of histograms with the suffix `_count`, `_sum` or `_bucket` (label `le`).
            labels: All labels of the sample.

        Returns:
            The number; 0 if nothing was counted with these labels.

        Raises:
            ValueError: There is no metric with such a sample, or its labels have other names.
        """
        known: list[str] = []
        for family in self.collect():
            for sample in family.samples:
                if sample.name != name:
                    continue
                found = dict(sample.labels)
                if found == labels:
                    return sample.value
                if found.keys() != labels.keys():
                    expected, got = ", ".join(sorted(found)) or "none", ", ".join(sorted(labels)) or "none"
                    raise ValueError(f"expected the labels {expected}, got {got}: {name}")
            is_histogram = family.type == "histogram"
            known += [family.name + suffix for suffix in (_SUFFIXES if is_histogram else ("",))]
        if name not in known:
            raise ValueError(f"expected the name of a sample, got {name!r}{did_you_mean(name, known)}")
        return 0.0

    def __repr__(self) -> str:
        return f"<Metrics: {len(self._queues)} queues, {self._requests!r}>"
