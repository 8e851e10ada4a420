"""`RequestTracing`: the spans of calls, as an exporter receives them, and the trace context in requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import kubeloop
from kubeloop.config.config import Config
from kubeloop.errors import ConnectError, ConnectionLost
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.telemetry import RequestTracing
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, list_of, watch_response


class Traces:
    """A provider whose finished spans are in memory, and a client that uses it."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def client(
        self, *script: Any, host: str = "https://server:6443/prefix", checked: bool = True, **settings: Any
    ) -> RESTClient:
        self.transport = ScriptedTransport(*script, checked=checked)
        tracing = RequestTracing(self.provider)
        return RESTClient(Config(host=host, tracing=tracing, **settings), transport=self.transport)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def sent_parents(self) -> list[trace.SpanContext]:
        """Return the parent that each request names to the server."""
        propagator = TraceContextTextMapPropagator()
        return [
            trace.get_current_span(propagator.extract(request.headers)).get_span_context()
            for request in self.transport.requests
        ]


@pytest.fixture
def traces() -> Iterator[Traces]:
    traces = Traces()
    yield traces
    traces.provider.shutdown()


@in_virtual_time
async def test_a_call_is_a_client_span_with_the_attributes_of_the_conventions(traces: Traces) -> None:
    rest = traces.client(ScriptedResponse.of({"kind": "Pod"}, headers={"Audit-Id": "4f2a"}))
    await rest.get("pods", name="web-0", namespace="default", into=bytes)
    (span,) = traces.spans
    assert span.name == "GET /api/v1/namespaces/{namespace}/pods/{name}"
    assert span.kind is SpanKind.CLIENT
    assert span.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.full": "https://server:6443/prefix/api/v1/namespaces/default/pods/web-0",
        "url.template": "/api/v1/namespaces/{namespace}/pods/{name}",
        "server.address": "server",
        "server.port": 6443,
        "k8s.namespace.name": "default",
        "audit-id": "4f2a",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()
    assert span.instrumentation_scope is not None
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == ("kubeloop", kubeloop.__version__)


@pytest.mark.parametrize(("host", "address", "port"), [
    ("https://10.0.0.1", "10.0.0.1", 443),
    ("http://localhost", "localhost", 80),
    ("https://[2001:db8::1]:6443", "2001:db8::1", 6443),
])  # fmt: skip
@in_virtual_time
async def test_the_server_has_an_address_and_a_port(traces: Traces, host: str, address: str, port: int) -> None:
    await traces.client(list_of([], "1"), host=host).get("/version", into=bytes)
    (span,) = traces.spans
    assert span.attributes is not None
    assert (span.attributes["server.address"], span.attributes["server.port"]) == (address, port)


@in_virtual_time
async def test_a_path_of_no_resource_is_not_in_the_name(traces: Traces) -> None:
    await traces.client(list_of([], "1")).get("/version", into=bytes)
    (span,) = traces.spans
    assert span.name == "GET"
    assert span.attributes is not None
    assert not {"url.template", "k8s.namespace.name"} & set(span.attributes)


@in_virtual_time
async def test_requests_carry_the_span_of_their_call_as_the_parent(traces: Traces) -> None:
    rest = traces.client(ConnectionLost("reset"), list_of([], "1"))
    tracer = traces.provider.get_tracer("program")
    with tracer.start_as_current_span("program") as outer:
        await rest.get("pods", into=bytes)
    inner = traces.spans[0]
    assert inner.parent is not None
    assert inner.parent.span_id == outer.get_span_context().span_id
    assert {(sent.trace_id, sent.span_id) for sent in traces.sent_parents()} == {
        (outer.get_span_context().trace_id, inner.get_span_context().span_id)
    }
    assert all(sent.trace_flags.sampled for sent in traces.sent_parents())


@in_virtual_time
async def test_baggage_of_the_program_is_sent(traces: Traces) -> None:
    token = context.attach(baggage.set_baggage("tenant", "blue"))
    try:
        await traces.client(list_of([], "1")).get("pods", into=bytes)
    finally:
        context.detach(token)
    assert traces.transport.requests[0].headers["baggage"] == "tenant=blue"


@in_virtual_time
async def test_a_trace_that_is_not_sampled_is_continued_and_not_exported() -> None:
    traces = Traces(ALWAYS_OFF)
    await traces.client(list_of([], "1")).get("pods", into=bytes)
    assert traces.spans == []
    (sent,) = traces.sent_parents()
    assert sent.is_valid
    assert not sent.trace_flags.sampled
    traces.provider.shutdown()


@in_virtual_time
async def test_without_an_sdk_requests_are_unchanged() -> None:
    transport = ScriptedTransport(list_of([], "1"))
    config = Config(host="https://server", tracing=RequestTracing(trace.NoOpTracerProvider()))
    await RESTClient(config, transport=transport).get("pods", into=bytes)
    assert set(transport.requests[0].headers) == {"Accept"}


@in_virtual_time
async def test_retries_redirects_and_waits_are_events(traces: Traces) -> None:
    moved = ScriptedResponse(302, headers={"Location": "/prefix/api/v1/pods?limit=1"})
    rest = traces.client(
        moved,
        error_status(429, headers={"Retry-After": "1"}),
        ConnectionLost("reset"),
        list_of([], "1"),
        qps=0.5,
        burst=1,
    )
    await rest.get("pods", into=bytes)
    (span,) = traces.spans
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("redirected", {"http.response.status_code": 302}),
        ("throttled", {"kubeloop.delay.seconds": 1.0}),
        ("retried", {"http.request.resend_count": 1, "http.response.status_code": 429}),
        ("throttled", {"kubeloop.delay.seconds": 1.0}),
        ("retried", {"http.request.resend_count": 2, "error.type": "kubeloop.errors.ConnectionLost"}),
    ]
    assert span.attributes is not None
    assert span.attributes["http.request.resend_count"] == 2
    assert span.attributes["http.response.status_code"] == 200
    assert span.status.status_code is StatusCode.UNSET


@in_virtual_time
async def test_a_refused_call_is_an_error_with_its_status(traces: Traces) -> None:
    rest = traces.client(error_status(404, "NotFound"))
    with pytest.raises(kubeloop.NotFound) as caught:
        await rest.get("pods", name="a", namespace="x")
    (span,) = traces.spans
    assert span.attributes is not None
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (404, "404")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    (event,) = span.events
    assert event.attributes is not None
    assert (event.name, event.attributes["exception.type"]) == ("exception", "kubeloop.errors.NotFound")
    assert event.attributes["exception.message"] == str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(399, "kubeloop.errors.APIError"), (400, "400"), (500, "500")])
@in_virtual_time
async def test_an_error_has_the_status_as_its_type_if_the_status_is_one(traces: Traces, status: int, kind: str) -> None:
    with pytest.raises(kubeloop.APIError):
        await traces.client(ScriptedResponse(status)).get("pods")
    (span,) = traces.spans
    assert span.attributes is not None
    assert span.attributes["error.type"] == kind


@in_virtual_time
async def test_a_call_without_a_response_is_an_error_with_its_class(traces: Traces) -> None:
    rest = traces.client(ConnectError("connection refused"))
    with pytest.raises(ConnectError) as caught:
        await rest.get("pods")
    (span,) = traces.spans
    assert span.attributes is not None
    assert "http.response.status_code" not in span.attributes
    assert span.attributes["error.type"] == "kubeloop.errors.ConnectError"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, str(caught.value))


@in_virtual_time
async def test_a_built_in_error_has_its_short_name(traces: Traces) -> None:
    def handler(warning: object) -> None:
        raise ValueError("own")

    rest = traces.client(list_of([], "1", headers={"Warning": '299 - "old"'}), warning_handler=handler)
    with pytest.raises(ValueError, match="own"):
        await rest.get("pods")
    (span,) = traces.spans
    assert span.attributes is not None
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (200, "ValueError")


@in_virtual_time
async def test_an_error_of_another_library_has_its_type_only(traces: Traces) -> None:
    """Such as h11's: Illegal header value b'Bearer ...'."""
    rest = traces.client(ValueError(f"Illegal header value b'{SECRETS[0]}'"), token=SECRETS[0])
    with pytest.raises(ValueError, match="Illegal header"):
        await rest.get("pods")
    (span,) = traces.spans
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("exception", {"exception.type": "ValueError"})
    ]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert SECRETS[0] not in span.to_json()


@in_virtual_time
async def test_a_watch_is_one_span_until_its_block_ends(traces: Traces) -> None:
    async with traces.client(watch_response()).watch("pods", into=core_v1.Pod) as events:
        assert [event async for event in events] == []
        assert traces.spans == []
    (span,) = traces.spans
    assert span.name == "GET /api/v1/pods"
    assert span.status.status_code is StatusCode.UNSET


SECRETS = ("t0ken-of-the-user", "c0ntinue-token", "pa55word-of-exec", "d0cument")


@in_virtual_time
async def test_a_span_contains_no_secret(traces: Traces) -> None:
    token, page, command, document = SECRETS
    refusal = error_status(422, "Invalid", message=f"{document} {token}")
    rest = traces.client(refusal, token=token, checked=False)
    with pytest.raises(kubeloop.APIError):
        await rest.post(
            "secrets",
            namespace="x",
            body={"apiVersion": "v1", "kind": "Secret", "stringData": {"a": document}},
            params={"continue": page, "command": ["mysql", f"-p{command}"], "labelSelector": token},
            headers={"X-Api-Key": token},
        )
    (span,) = traces.spans
    text = span.to_json()
    assert "labelSelector=<hidden>" in text
    assert [secret for secret in SECRETS if secret in text] == []
