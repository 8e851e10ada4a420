"""`RequestSeries`: what is counted for clients, under the names of component-base's metrics/prometheus/restclient."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import inf
from weakref import WeakKeyDictionary

from kubeloop._kit.metric_family import Counter, Gauge, Histogram, MetricFamily

__all__ = ["RequestSeries"]

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_BYTES = (64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)
_CERTIFICATE_AGES = (600, 1800, 3600, 14400, 86400, 604800, 2592000, 7776000, 15552000, 31104000, 124416000)


class RequestSeries:
    """The series of clients and exec plugins; implements the protocol `ClientMetrics`.

    Args:
        now: The wall clock, for the time until certificates expire.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._certificates: WeakKeyDictionary[object, datetime] = WeakKeyDictionary()
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

    def request_families(self) -> tuple[MetricFamily, ...]:
        """Return the metrics with their samples at this time."""
        expiries = list(self._certificates.values())
        seconds = (min(expiries) - self._now()).total_seconds() if expiries else inf
        self._plugin_ttl.replace_all({(): seconds})
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
            )
        )

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
