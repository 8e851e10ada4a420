"""`CallReport`: what one call reports to the request log and the metrics while its attempts are sent.

Reference: client-go rest/request.go and rest/with_retry.go for what is measured when. Intended difference: an attempt
whose body could not be read to its end counts as one without a response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeloop._kit import waiting
from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop.rest.request_log import RequestLog, logs_requests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kubeloop.config.client_metrics import ClientMetrics
    from kubeloop.rest.retry import Purpose
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers, Response

__all__ = ["CallReport", "CallReports"]


class CallReports:
    """The reports of one client.

    Args:
        server: The server's address, `scheme://host[:port][/prefix]`.
        metrics: Receives the measurements; None for no measurements.
        credentials: Returns the `Authorization` values that no line may show.
    """

    __slots__ = ("host", "log", "metrics", "tell")

    def __init__(self, server: str, metrics: ClientMetrics | None, credentials: Callable[[], Collection[str]]) -> None:
        self.host = urlsplit(server).netloc
        self.log = RequestLog(server, credentials)
        self.metrics = metrics
        self.tell = MetricsGuard(f"client of {self.host}")

    def begin(self, request: Request, purpose: Purpose) -> CallReport | None:
        """Return the report of a call that begins now; None if nothing receives reports."""
        is_logged = logs_requests()
        if self.metrics is None and not is_logged:
            return None
        return CallReport(self, request, purpose, is_logged=is_logged)

    def __repr__(self) -> str:
        return f"<CallReports of {self.host}>"


class CallReport:
    """The report of one call. Each attempt ends with `responded` or `failed`, and the call with `end`.

    Args:
        reports: Where the report goes.
        request: The request of the first attempt.
        purpose: Whether the body is read as a whole; only then durations and sizes are measured, as in client-go.
        is_logged: Whether the call has lines in the request log.
    """

    __slots__ = ("_attempted_at", "_attempts", "_began_at", "_is_logged", "_purpose", "_reports", "_request", "_size")

    def __init__(self, reports: CallReports, request: Request, purpose: Purpose, *, is_logged: bool) -> None:
        self._reports = reports
        self._request = request
        self._purpose = purpose
        self._is_logged = is_logged
        self._attempts = 0
        self._began_at = waiting.now()
        self._attempted_at: float | None = None
        self._size: int | None = None

    def attempt(self, request: Request) -> None:
        """Report that an attempt begins."""
        self._attempts += 1
        self._send(request)

    def redirected(self, response: Response, target: Request) -> None:
        """Report a redirect, after which the same attempt continues with another request."""
        if self._is_logged:
            self._reports.log.responded(
                self._request, response.status, response.headers, self._seconds(), len(response.body)
            )
        self._send(target)

    def responded(self, status: int, headers: Headers, size: int | None = None) -> None:
        """Report the response to the attempt.

        Args:
            status: The HTTP status.
            headers: The headers.
            size: The size of the body in bytes; None if the body is read as it arrives.
        """
        if self._is_logged:
            self._reports.log.responded(self._request, status, headers, self._seconds(), size)
        self._size = size
        self._count(str(status))

    def failed(self, error: BaseException) -> None:
        """Report that the attempt ended with an error, unless its response was reported before."""
        if self._attempted_at is None:
            return
        if self._is_logged:
            self._reports.log.failed(self._request, error, self._seconds())
        self._size = None
        self._count("<error>")

    def throttled(self, seconds: float) -> None:
        """Report how long the client's own rate limit delayed the next attempt."""
        reports = self._reports
        if reports.metrics is not None:
            reports.tell(reports.metrics.rate_limiter_duration, self._request.method, reports.host, seconds)

    def end(self) -> None:
        """Report the duration of the whole call, and the size of the response if there was one."""
        reports = self._reports
        if reports.metrics is None or self._purpose != "request":
            return
        verb = self._request.method
        reports.tell(reports.metrics.request_duration, verb, reports.host, waiting.now() - self._began_at)
        if self._size is not None:
            reports.tell(reports.metrics.response_size, verb, reports.host, self._size)

    def _send(self, request: Request) -> None:
        self._request = request
        self._attempted_at = waiting.now()
        if self._is_logged:
            self._reports.log.sending(request)

    def _count(self, code: str) -> None:
        self._attempted_at = None
        reports, request = self._reports, self._request
        metrics, tell, host = reports.metrics, reports.tell, reports.host
        if metrics is None:
            return
        if self._purpose == "request":
            tell(metrics.request_size, request.method, host, len(request.body or b""))
        tell(metrics.request_sent, code, request.method, host)
        if self._attempts > 1:
            tell(metrics.request_retried, code, request.method, host)

    def _seconds(self) -> float:
        return 0.0 if self._attempted_at is None else waiting.now() - self._attempted_at

    def __repr__(self) -> str:
        return f"<CallReport {self._request.method} {self._request.path}, attempt {self._attempts}>"
