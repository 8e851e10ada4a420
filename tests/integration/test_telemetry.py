"""The adapters of `kubeloop.telemetry` with a real API server."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

import kubeloop
from kubeloop.telemetry import MetricsCollector, RequestTracing


async def test_requests_have_spans_and_are_in_a_registry(kubeconfig: Path, namespace: str) -> None:
    exporter, metrics, registry = InMemorySpanExporter(), kubeloop.Metrics(), CollectorRegistry()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    registry.register(MetricsCollector(metrics))
    config = kubeloop.load_config(kubeconfig).replace(metrics=metrics, tracing=RequestTracing(provider))
    async with kubeloop.Clientset(config) as clientset:
        with provider.get_tracer("test").start_as_current_span("test") as outer:
            await clientset.core_v1.pods(namespace).list()
            with pytest.raises(kubeloop.NotFound) as caught:
                await clientset.core_v1.pods(namespace).get("missing")
    provider.shutdown()

    listed, missing, _ = exporter.get_finished_spans()
    assert {span.context.trace_id for span in (listed, missing)} == {outer.get_span_context().trace_id}
    assert (listed.name, missing.name) == (
        "GET /api/v1/namespaces/{namespace}/pods",
        "GET /api/v1/namespaces/{namespace}/pods/{name}",
    )
    assert listed.attributes is not None
    assert listed.attributes["http.response.status_code"] == 200
    assert str(uuid.UUID(str(listed.attributes["audit-id"]))) == listed.attributes["audit-id"]
    assert missing.attributes is not None
    assert missing.attributes["audit-id"] == caught.value.audit_id
    labels = {"method": "GET", "host": config.host.removeprefix("https://")}
    assert registry.get_sample_value("rest_client_requests_total", {"code": "200", **labels}) == 1
    assert registry.get_sample_value("rest_client_requests_total", {"code": "404", **labels}) == 1
