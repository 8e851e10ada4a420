"""`CallReport`: what one call reports to the request log, the metrics and its trace while its attempts are sent.

Reference: client-go rest/request.go and rest/with_retry.go for what is measured when. Intended difference: an attempt
whose body could not be read to its end counts as one without a response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from kubeloop._kit import waiting
from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop.errors import TransportError
from kubeloop.rest.request_log import RequestLog, logs_requests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kubeloop.config.client_metrics import ClientMetrics
    from kubeloop.config.client_tracing import CallSpan, ClientTracing
    from kubeloop.rest.retry import Purpose
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers, Response

__all__ = ["CallReport", "CallReports"]


class CallReports:
    """The reports of one client.

    Args:
        server: The server's address, `scheme://host[:port][/prefix]`.
        metrics: Receives the measurements; None for no measurements.
        tracing: Follows the calls; None for no tracing.
        credentials: Returns the `Authorization` values that no line and no trace may show.
    """

    __slots__ = ("host", "log", "metrics", "tell", "trace", "tracing")

    def __init__(
        self,
        server: str,
        metrics: ClientMetrics | None,
        tracing: ClientTracing | None,
        credentials: Callable[[], Collection[str]],
    ) -> None:
        self.host = urlsplit(server).netloc
        self.log = RequestLog(server, credentials)
        self.metrics = metrics
        self.tracing = tracing
        self.tell = MetricsGuard(f"client of {self.host}")
        self.trace = MetricsGuard(f"client of {self.host}", "tracing failed; a part of this trace is lost")

    def begin(self, request: Request, purpose: Purpose) -> CallReport | None:
        """Return the report of a call that begins now; None if nothing receives reports."""
        is_logged = logs_requests()
        if self.metrics is None and self.tracing is None and not is_logged:
            return None
        return CallReport(self, request, purpose, is_logged=is_logged)

    def span_of(self, request: Request) -> CallSpan | None:
        """Return the span of a call that begins now; None without tracing, or if tracing fails."""
        if self.tracing is None:
            return None
        return self.trace(self.tracing.begin, request.method, self.log.shown_url(request), request.path)

    def __repr__(self) -> str:
        return f"<CallReports of {self.host}>"


class CallReport:
    """The report of one call, which the block around the call ends. Each attempt ends with `responded` or `failed`.

    Args:
        reports: Where the report goes.
        request: The request of the first attempt.
        purpose: Whether the body is read as a whole; only then durations and sizes are measured, as in client-go.
        is_logged: Whether the call has lines in the request log.

    Attributes:
        request: The request to send, which has the headers of a trace in addition.
    """

    __slots__ = (
        "_attempted_at",
        "_attempts",
        "_audit_id",
        "_began_at",
        "_failure",
        "_is_logged",
        "_is_open",
        "_is_pending",
        "_purpose",
        "_reports",
        "_request",
        "_size",
        "_span",
        "_status",
        "request",
    )

    def __init__(self, reports: CallReports, request: Request, purpose: Purpose, *, is_logged: bool) -> None:
        self._reports = reports
        self._span = reports.span_of(request)
        if self._span is not None:
            request = reports.trace(_with_headers, request, self._span) or request
        self.request = request
        self._request = request
        self._purpose = purpose
        self._is_logged = is_logged
        self._attempts = 0
        self._began_at = waiting.now()
        self._attempted_at = self._began_at
        self._is_pending = False
        self._size: int | None = None
        self._status: int | None = None
        self._failure: type[BaseException] | None = None
        self._is_open = False
        self._audit_id = ""

    def attempt(self, request: Request) -> None:
        """Report that an attempt begins."""
        self._attempts += 1
        cause = self._failure if self._failure is not None else self._status
        if self._span is not None and cause is not None:
            self._reports.trace(self._span.retried, self._attempts - 1, cause)
        self._send(request)

    def redirected(self, response: Response, target: Request) -> None:
        """Report a redirect, after which the same attempt continues with another request."""
        if self._is_logged:
            self._reports.log.responded(
                self._request, response.status, response.headers, self._seconds(), len(response.body)
            )
        if self._span is not None:
            self._reports.trace(self._span.redirected, response.status)
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
        self._status, self._failure = status, None
        self._audit_id = headers.get("audit-id", "")
        self._count(str(status))

    def failed(self, error: BaseException) -> None:
        """Report that the attempt ended with an error, unless its response was reported before."""
        if not self._is_pending:
            return
        if self._is_logged:
            self._reports.log.failed(self._request, error, self._seconds())
        self._size = None
        self._status, self._failure = None, type(error)
        self._audit_id = ""
        self._count("<error>")

    def opened(self) -> None:
        """Report that the caller reads the body, or uses the channel, from now on."""
        self._is_open = True

    def throttled(self, seconds: float) -> None:
        """Report how long the client's own rate limit delayed the next attempt."""
        reports = self._reports
        if reports.metrics is not None:
            reports.tell(reports.metrics.rate_limiter_duration, self._request.method, reports.host, seconds)
        if self._span is not None and seconds > 0:
            reports.trace(self._span.throttled, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _where: object) -> None:
        """Report the duration of the whole call, and the size of the response if there was one.

        If a body is open, only a `TransportError` is an error of the call, and any other is the caller's.
        """
        reports = self._reports
        if self._span is not None:
            if self._is_open and not isinstance(error, TransportError):
                error = None
            reports.trace(self._span.ended, self._status, self._audit_id, error)
        if reports.metrics is None or self._purpose != "request":
            return
        verb = self._request.method
        reports.tell(reports.metrics.request_duration, verb, reports.host, waiting.now() - self._began_at)
        if self._size is not None:
            reports.tell(reports.metrics.response_size, verb, reports.host, self._size)

    def _send(self, request: Request) -> None:
        self._request = request
        self._attempted_at = waiting.now()
        self._is_pending = True
        if self._is_logged:
            self._reports.log.sending(request)

    def _count(self, code: str) -> None:
        self._is_pending = False
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
        return waiting.now() - self._attempted_at

    def __repr__(self) -> str:
        return f"<CallReport {self._request.method} {self._request.path}, attempt {self._attempts}>"


def _with_headers(request: Request, span: CallSpan) -> Request:
    """Return the request with the headers of a span.

    Raises:
        ValueError: A header is not one line of ASCII, for which the transport would refuse the request.
    """
    for name, value in span.headers().items():
        word = name.replace("-", "").replace("_", "")
        if not (word.isascii() and word.isalnum() and value.isascii() and value.isprintable()):
            raise ValueError("expected the headers of a span to be lines of ASCII, got other characters")
        request = request.with_header(name, value)
    return request
