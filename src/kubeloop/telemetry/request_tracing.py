"""`RequestTracing`: OpenTelemetry spans of calls to the API server; `opentelemetry-api` is an extra.

Reference: k8s.io/component-base v0.37 tracing, WrapperFor; OpenTelemetry semantic conventions 1.36, HTTP client spans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeloop.errors import KubeloopError
from kubeloop.telemetry.url_template import url_template
from kubeloop.version import __version__

try:
    from opentelemetry import trace
    from opentelemetry.baggage.propagation import W3CBaggagePropagator
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ModuleNotFoundError as error:
    raise ImportError(
        "kubeloop.telemetry.RequestTracing needs the package 'opentelemetry-api': "
        "pip install 'kubeloop[opentelemetry]'",
        name=error.name,
    ) from None

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.trace import Span, TracerProvider

__all__ = ["RequestTracing"]

_SCHEMA = "https://opentelemetry.io/schemas/1.36.0"
_PROPAGATORS = (TraceContextTextMapPropagator(), W3CBaggagePropagator())
_PORTS = {"https": 443, "http": 80}


class RequestTracing:
    """Creates a span per call to the API server, as a child of the current span, and sends its trace context.

        config = kubeloop.load_config().replace(tracing=RequestTracing())

    A call is one span with all its attempts; each retry, redirect and wait for the client's own rate limit is an event.
    A span of a watch, a log or a WebSocket ends when its block ends. Requests carry `traceparent` and, if the program
    set some, `tracestate` and `baggage`, so that the API server's spans are in the same trace. `url.full` has no
    credential and masks each query parameter that is not known to be harmless. Of an exception that is not a
    `KubeloopError`, such as one of a transport of your own, a span has only the type, because its message may contain
    a credential.

    Args:
        tracer_provider: Creates the tracer; None means the global provider.

    Reference: k8s.io/component-base tracing, WrapperFor, which uses otelhttp. Intended differences: a span covers a
        call and not an attempt, and its name contains the kind of the URL.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("kubeloop", __version__, tracer_provider, _SCHEMA)

    def begin(self, method: str, url: str, path: str, /) -> _CallSpan:
        """Start the span of a call; see `ClientTracing`."""
        server = urlsplit(url)
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "url.full": url,
            "server.address": server.hostname or "",
            "server.port": server.port or _PORTS[server.scheme],
        }
        name = method
        if (found := url_template(path)) is not None:
            name = f"{method} {found.template}"
            attributes["url.template"] = found.template
            if found.namespace:
                attributes["k8s.namespace.name"] = found.namespace
        return _CallSpan(self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes))

    def __repr__(self) -> str:
        return f"<RequestTracing with {type(self._tracer).__name__}>"


class _CallSpan:
    """The span of one call; see `CallSpan`."""

    __slots__ = ("_retries", "_span")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._retries = 0

    def headers(self) -> Mapping[str, str]:
        context = trace.set_span_in_context(self._span)
        carrier: dict[str, str] = {}
        for propagator in _PROPAGATORS:
            propagator.inject(carrier, context)
        return carrier

    def throttled(self, seconds: float, /) -> None:
        self._span.add_event("throttled", {"kubeloop.delay.seconds": seconds})

    def redirected(self, status: int, /) -> None:
        self._span.add_event("redirected", {"http.response.status_code": status})

    def retried(self, count: int, cause: int | type[BaseException], /) -> None:
        self._retries = count
        attributes: dict[str, str | int] = {"http.request.resend_count": count}
        if isinstance(cause, int):
            attributes["http.response.status_code"] = cause
        else:
            attributes["error.type"] = _name(cause)
        self._span.add_event("retried", attributes)

    def ended(self, status: int | None, audit_id: str, error: BaseException | None, /) -> None:
        span = self._span
        if self._retries:
            span.set_attribute("http.request.resend_count", self._retries)
        if status is not None:
            span.set_attribute("http.response.status_code", status)
        if audit_id:
            span.set_attribute("audit-id", audit_id)  # the name that the API server's own spans use
        if error is not None:
            is_refusal = status is not None and status >= 400
            span.set_attribute("error.type", str(status) if is_refusal else _name(type(error)))
            is_safe = isinstance(error, KubeloopError)
            if is_safe:
                span.record_exception(error)
            else:
                span.add_event("exception", {"exception.type": _name(type(error))})
            span.set_status(StatusCode.ERROR, str(error) if is_safe and not is_refusal else None)
        span.end()


def _name(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
