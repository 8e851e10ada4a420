"""Adapters to the libraries of Prometheus and OpenTelemetry, which are extras. Each module needs one of them.

`MetricsCollector` is in `prometheus_collector` and `RequestTracing` in `request_tracing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.telemetry.prometheus_collector import MetricsCollector
    from kubeloop.telemetry.request_tracing import RequestTracing

__all__ = ["MetricsCollector", "RequestTracing"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__, {"prometheus_collector": "MetricsCollector", "request_tracing": "RequestTracing"}
    )
