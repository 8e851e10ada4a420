"""`Metrics`: what clients and queues do, with the names, labels and buckets of Kubernetes components.

Reference: k8s.io/component-base v0.37, metrics/prometheus/restclient, workqueue and clientgo/fifo; for certificate
managers, the kubelet's, with the name as a label. Most metrics of client-go's cache of transports are missing, because
every client here has its own transport. `workqueue_depth_by_priority` and the metrics of informers from
`informer_objects` on are kubeloop's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakMethod

from kubeloop._kit.metric_family import Counter, Gauge, Histogram, MetricFamily, Sample, exposition
from kubeloop._kit.near_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import MethodType

    from kubeloop.cache.informer_metrics import InformerLabels
    from kubeloop.cache.informer_statistics import InformerStatistics
    from kubeloop.workqueue.queue_metrics import UnfinishedWork

__all__ = ["MetricFamily", "Metrics", "Sample"]

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_BYTES = (64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)
_CERTIFICATE_AGES = (600, 1800, 3600, 14400, 86400, 604800, 2592000, 7776000, 15552000, 31104000, 124416000)
_MANAGED_AGES = (60, 3600, 14400, 86400, 604800, 2592000, 7776000, 15552000, 31104000, 124416000)


def _exponential(start: float, factor: float, count: int) -> tuple[float, ...]:
    """Return buckets as component-base computes them, with the same rounding."""
    bounds: list[float] = []
    for _ in range(count):
        bounds.append(start)
        start *= factor
    return tuple(bounds)


_QUEUE_SECONDS = _exponential(10e-9, 10, 10)
_PROCESSING_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_VERSION_DIGITS = 15
"""The digits of a resourceVersion that a float can represent."""
_MOST_PRIORITIES = 25
_SUFFIXES = ("_bucket", "_sum", "_count")


class Metrics:
    """Counts and measures, in memory, what clients, informers, queues and certificate managers do.

        metrics = kubeloop.Metrics()
        config = kubeloop.load_config().replace(metrics=metrics)
        factory = kubeloop.SharedInformerFactory(clientset, metrics=metrics)
        queue = kubeloop.RateLimitingQueue(name="pods", metrics=metrics)
        ...
        print(metrics.text())

    One object can serve any number of clients, informers, queues and certificate managers, and returns values and
    Prometheus text. It implements the protocols `ClientMetrics`, `InformerMetrics`, `MetricsSink` and
    `CertificateMetrics`, and needs no library.

    Args:
        now: The wall clock, for the time until certificates expire.

    Concurrency: All calls belong to one thread.
    """

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._certificates: WeakKeyDictionary[object, datetime] = WeakKeyDictionary()
        self._queues: dict[str, list[WeakMethod[Callable[[], UnfinishedWork]]]] = {}
        by_verb = ("verb", "host")
        self._request_duration = Histogram(
            "rest_client_request_duration_seconds",
            "Seconds from the start of a call to the end of its response, by verb and host.",
            _SECONDS,
            by_verb,
        )
        self._request_size = Histogram(
            "rest_client_request_size_bytes", "Bytes of the bodies of requests, by verb and host.", _BYTES, by_verb
        )
        self._response_size = Histogram(
            "rest_client_response_size_bytes", "Bytes of the bodies of responses, by verb and host.", _BYTES, by_verb
        )
        self._rate_limiter = Histogram(
            "rest_client_rate_limiter_duration_seconds",
            "Seconds for which the client's own rate limit delayed requests, by verb and host.",
            _SECONDS,
            by_verb,
        )
        self._requests = Counter(
            "rest_client_requests_total",
            "HTTP requests by status code, method and host.",
            ("code", "method", "host"),
        )
        self._retries = Counter(
            "rest_client_request_retries_total",
            "HTTP requests that were retries, by status code, verb and host.",
            ("code", "verb", "host"),
        )
        self._plugin_ttl = Gauge(
            "rest_client_exec_plugin_ttl_seconds",
            "Seconds until the first client certificate of exec plugins expires, +Inf without such certificates.",
        )
        self._plugin_ages = Histogram(
            "rest_client_exec_plugin_certificate_rotation_age",
            "Age in seconds of client certificates of exec plugins when they were replaced.",
            _CERTIFICATE_AGES,
        )
        self._plugin_calls = Counter(
            "rest_client_exec_plugin_call_total",
            "Runs of exec plugins by exit code and result.",
            ("code", "call_status"),
        )
        self._plugin_policy = Counter(
            "rest_client_exec_plugin_policy_call_total",
            "Checks of exec plugins against the policy, by result: allowed or denied.",
            ("status",),
        )
        self._ca_reloads = Counter(
            "rest_client_transport_ca_reload_total",
            "Checks of files of certificate authorities, by result and reason.",
            ("result", "reason"),
        )
        by_name = ("name",)
        self._depth = Gauge("workqueue_depth", "Items that wait in the queue.", by_name)
        self._depth_by_priority = Gauge(
            "workqueue_depth_by_priority", "Items that wait in the priority queue.", ("name", "priority")
        )
        self._priorities: dict[str, set[int]] = {}
        self._adds = Counter("workqueue_adds_total", "Items that were added to the queue.", by_name)
        self._waits = Histogram(
            "workqueue_queue_duration_seconds", "Seconds that items waited in the queue.", _QUEUE_SECONDS, by_name
        )
        self._works = Histogram(
            "workqueue_work_duration_seconds", "Seconds that workers had an item.", _QUEUE_SECONDS, by_name
        )
        self._unfinished = Gauge(
            "workqueue_unfinished_work_seconds", "Seconds that all workers have had their current items.", by_name
        )
        self._longest = Gauge(
            "workqueue_longest_running_processor_seconds",
            "Seconds that the slowest worker has had its current item.",
            by_name,
        )
        self._queue_retries = Counter("workqueue_retries_total", "Items that were added with a delay.", by_name)
        self._informers: dict[InformerLabels, list[WeakMethod[Callable[[], InformerStatistics]]]] = {}
        by_informer = ("name", "group", "version", "resource")
        self._informer_gauges = {
            name: Gauge(f"informer_{name}", text, by_informer)
            for name, text in (
                ("queued_items", "Changes that wait for the store."),
                ("store_resource_version", "The 15 least significant digits of the resource version."),
                ("objects", "Objects in the store."),
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
        self._expiries: dict[str, datetime] = {}
        self._managed_ttl = Gauge(
            "certificate_manager_ttl_seconds",
            "Seconds until the certificate of the manager expires, negative if it has expired.",
            by_name,
        )
        self._managed_ages = Histogram(
            "certificate_manager_rotation_seconds",
            "Age in seconds of certificates when they were replaced.",
            _MANAGED_AGES,
            by_name,
        )
        self._renewal_failures = Counter(
            "certificate_manager_expiration_renew_errors", "Certificates that could not be renewed.", by_name
        )

    def collect(self) -> tuple[MetricFamily, ...]:
        """Return all metrics with their samples at this time.

        Call it in the event loop of the queues: the age of unfinished work is 0 elsewhere.
        """
        expiries, now = list(self._certificates.values()), self._now()
        self._plugin_ttl.replace_all({(): (min(expiries) - now).total_seconds() if expiries else inf})
        managed: dict[tuple[str, ...], float] = {
            (name,): (expires - now).total_seconds() for name, expires in self._expiries.items()
        }
        self._managed_ttl.replace_all(managed)
        self._read_queues()
        self._read_informers()
        return tuple(
            metric.collect()
            for metric in (
                self._request_duration,
                self._request_size,
                self._response_size,
                self._rate_limiter,
                self._requests,
                self._retries,
                self._plugin_ttl,
                self._plugin_ages,
                self._plugin_calls,
                self._plugin_policy,
                self._ca_reloads,
                self._depth,
                self._depth_by_priority,
                self._adds,
                self._waits,
                self._works,
                self._unfinished,
                self._longest,
                self._queue_retries,
                self._processing,
                self._relists,
                self._managed_ttl,
                self._managed_ages,
                self._renewal_failures,
            )
        ) + tuple(gauge.collect() for gauge in self._informer_gauges.values())

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

    def _read_queues(self) -> None:
        unfinished: dict[tuple[str, ...], float] = {}
        longest: dict[tuple[str, ...], float] = {}
        for name, readers in self._queues.items():
            works = [read() for reader in readers if (read := reader()) is not None]
            if works:
                unfinished[name,] = sum(work.total_seconds for work in works)
                longest[name,] = max(work.longest_seconds for work in works)
        self._unfinished.replace_all(unfinished)
        self._longest.replace_all(longest)

    def _read_informers(self) -> None:
        values: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in self._informer_gauges}
        for labels, readers in list(self._informers.items()):
            alive = [read for reader in readers if (read := reader()) is not None]
            if not alive:
                del self._informers[labels]
            for now in (read() for read in alive):
                if now.state != "stopped":
                    for name, value in _gauges(now):
                        values[name].setdefault(labels, value)
        for name, gauge in self._informer_gauges.items():
            gauge.replace_all(values[name])

    # The protocol `ClientMetrics`.

    def request_duration(self, verb: str, host: str, seconds: float, /) -> None:
        """Record the time of a whole call."""
        self._request_duration.observe(seconds, verb, host)

    def request_size(self, verb: str, host: str, size_bytes: int, /) -> None:
        """Record the size of the body of an attempt."""
        self._request_size.observe(size_bytes, verb, host)

    def response_size(self, verb: str, host: str, size_bytes: int, /) -> None:
        """Record the size of the body of a response."""
        self._response_size.observe(size_bytes, verb, host)

    def rate_limiter_duration(self, verb: str, host: str, seconds: float, /) -> None:
        """Record how long the client's own rate limit delayed an attempt."""
        self._rate_limiter.observe(seconds, verb, host)

    def request_sent(self, code: str, method: str, host: str, /) -> None:
        """Record that an attempt ended."""
        self._requests.increment(code, method, host)

    def request_retried(self, code: str, verb: str, host: str, /) -> None:
        """Record that an attempt ended which was not the first of its call."""
        self._retries.increment(code, verb, host)

    def exec_plugin_called(self, exit_code: int, call_status: str, /) -> None:
        """Record that an exec plugin ended."""
        self._plugin_calls.increment(str(exit_code), call_status)

    def exec_plugin_policy_checked(self, status: str, /) -> None:
        """Record that the policy allowed or denied an exec plugin."""
        self._plugin_policy.increment(status)

    def exec_plugin_certificate(self, plugin: object, expires: datetime | None, /) -> None:
        """Record when the client certificate of an exec plugin expires."""
        if expires is None:
            self._certificates.pop(plugin, None)
        else:
            self._certificates[plugin] = expires

    def exec_plugin_certificate_replaced(self, age_seconds: float, /) -> None:
        """Record the age of a replaced client certificate of an exec plugin."""
        self._plugin_ages.observe(age_seconds)

    def certificate_authority_reloaded(self, result: str, reason: str, /) -> None:
        """Record that a file of certificate authorities was read again."""
        self._ca_reloads.increment(result, reason)

    # The protocol `MetricsSink`.

    def created(self, queue: str, unfinished_work: Callable[[], UnfinishedWork], /) -> None:
        """Record a new queue, which does not live longer because of that."""
        method: MethodType = unfinished_work  # type: ignore[assignment]
        readers = [reader for reader in self._queues.get(queue, ()) if reader() is not None]
        self._queues[queue] = [*readers, WeakMethod(method)]

    def depth(self, queue: str, change: int, priority: int | None = None, /) -> None:
        """Record that the number of queued items changed by +1 or -1.

        A queue has samples of at most 25 priorities; all others are counted together, as in controller-runtime.
        """
        self._depth.add(change, queue)
        if priority is not None:
            known = self._priorities.setdefault(queue, set())
            if len(known) < _MOST_PRIORITIES:
                known.add(priority)
            label = str(priority) if priority in known else "exceeded_cardinality_limit"
            self._depth_by_priority.add(change, queue, label)

    def added(self, queue: str, /) -> None:
        """Record that an item was added."""
        self._adds.increment(queue)

    def waited(self, queue: str, seconds: float, /) -> None:
        """Record the waiting time of an item."""
        self._waits.observe(seconds, queue)

    def worked(self, queue: str, seconds: float, /) -> None:
        """Record the working time of an item."""
        self._works.observe(seconds, queue)

    def retried(self, queue: str, /) -> None:
        """Record that an item was added with a delay."""
        self._queue_retries.increment(queue)

    # The protocol `InformerMetrics`.

    def informer_created(self, informer: InformerLabels, statistics: Callable[[], InformerStatistics], /) -> None:
        """Record a new informer, which does not live longer because of that; the first of equal labels is shown."""
        method: MethodType = statistics  # type: ignore[assignment]
        readers = [reader for reader in self._informers.get(informer, ()) if reader() is not None]
        self._informers[informer] = [*readers, WeakMethod(method)]

    def informer_processed(self, informer: InformerLabels, seconds: float, /) -> None:
        """Record how long a change took."""
        self._processing.observe(seconds, *informer)

    def informer_relisted(self, informer: InformerLabels, reason: str, /) -> None:
        """Record a list after the first."""
        self._relists.increment(*informer, reason)

    # The protocol `CertificateMetrics`.

    def certificate_expires(self, manager: str, expires: datetime | None, /) -> None:
        """Record when the certificate of a manager expires."""
        if expires is None:
            self._expiries.pop(manager, None)
        else:
            self._expiries[manager] = expires

    def certificate_rotated(self, manager: str, age_seconds: float, /) -> None:
        """Record the age of a certificate when it was replaced."""
        self._managed_ages.observe(age_seconds, manager)

    def certificate_renewal_failed(self, manager: str, /) -> None:
        """Record that a certificate could not be renewed."""
        self._renewal_failures.increment(manager)

    def __repr__(self) -> str:
        return f"<Metrics: {len(self._queues)} queues, {self._requests!r}>"


def _gauges(informer: InformerStatistics) -> Iterator[tuple[str, float]]:
    yield "queued_items", informer.queued
    digits = informer.resource_version[-_VERSION_DIGITS:]
    if digits.isascii() and digits.isdigit():
        yield "store_resource_version", int(digits)
    yield "objects", informer.objects
    yield "unreadable_objects", informer.unreadable
    if informer.heard_seconds is not None:
        yield "last_heard_seconds", informer.heard_seconds
    yield "lag_seconds", informer.lag_seconds
    yield "handler_backlog", informer.backlog
    yield "handler_backlog_seconds", informer.backlog_seconds
