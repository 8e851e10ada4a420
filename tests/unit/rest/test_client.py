"""RESTClient: addresses, bodies and responses, over a scripted transport."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.models import core_v1, meta_v1
from kubeloop.rest.client import RESTClient
from kubeloop.rest.warnings import WarningLogger, ignore_warnings
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.transport.http import _rounded
from kubeloop.unstructured import Unstructured, UnstructuredList
from kubeloop.wire.response import ServerWarning
from tests.support.scripted_transport import (
    ScriptedResponse,
    ScriptedTransport,
    error_status,
    event,
    expired_event,
    list_of,
    watch_response,
)

JSON = {"Content-Type": "application/json"}

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x"}}


def client(transport: ScriptedTransport, group_version: str = "v1", **settings: Any) -> RESTClient:
    return RESTClient(Config(host="https://server", **settings), group_version=group_version, transport=transport)


@in_virtual_time
async def test_gets_an_object_by_its_address() -> None:
    transport = ScriptedTransport(ScriptedResponse.of(POD).to("GET /api/v1/namespaces/x/pods/a"))
    pod = await client(transport).get("pods", namespace="x", name="a", into=core_v1.Pod)
    assert isinstance(pod, core_v1.Pod)
    assert pod.metadata.name == "a"
    request = transport.requests[0]
    assert (request.method, request.target) == ("GET", "/api/v1/namespaces/x/pods/a")
    assert request.headers["Accept"] == "application/json"
    assert request.body is None


@in_virtual_time
async def test_every_part_of_an_address_is_in_the_path() -> None:
    transport = ScriptedTransport(
        ScriptedResponse.of(POD).to("GET /apis/apps/v1/namespaces/x/deployments/a/scale?p=1"),
        ScriptedResponse.of(POD).to("GET /api/v1/nodes/n"),
        ScriptedResponse.of(POD).to("GET /openapi/v3?p=true"),
    )
    transport.more_parameters = {"p"}
    rest = client(transport, "apps/v1")
    await rest.get("deployments", namespace="x", name="a", subresource="scale", params={"p": 1})
    await rest.get("nodes", group_version="v1", name="n", headers={"Accept": "x/y"})
    await rest.get("/openapi/v3", params={"p": True})
    assert transport.requests[1].headers["Accept"] == "x/y"


@in_virtual_time
async def test_writes_send_their_body() -> None:
    transport = ScriptedTransport(*[ScriptedResponse.of(POD)] * 5)
    rest = client(transport)
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"))
    await rest.post("pods", namespace="x", body=pod, into=core_v1.Pod)
    await rest.put("pods", namespace="x", name="a", body={"kind": "Pod"})
    await rest.patch("pods", namespace="x", name="a", body=b"{}", content_type="application/merge-patch+json")
    await rest.delete("pods", namespace="x", name="a", body={"gracePeriodSeconds": 0})
    await rest.delete("pods", namespace="x", name="a")
    sent = [(request.method, request.body and json.loads(request.body)) for request in transport.requests]
    method, created = sent[0]
    assert method == "POST"
    assert (created["apiVersion"], created["kind"], created["metadata"]["name"]) == ("v1", "Pod", "a")
    assert sent[1:] == [
        ("PUT", {"kind": "Pod"}),
        ("PATCH", {}),
        ("DELETE", {"gracePeriodSeconds": 0}),
        ("DELETE", None),
    ]
    assert transport.requests[2].headers["Content-Type"] == "application/merge-patch+json"
    assert "Content-Type" not in transport.requests[4].headers


@in_virtual_time
async def test_a_response_is_read_by_its_own_kind_without_a_requested_type() -> None:
    listing = list_of([POD], "7")
    transport = ScriptedTransport(
        ScriptedResponse.of(POD), listing, ScriptedResponse.of({"major": "1"}), ScriptedResponse.text("[1]")
    )
    rest = client(transport)
    assert isinstance(await rest.get("pods", name="a"), Unstructured)
    assert isinstance(await rest.get("pods"), UnstructuredList)
    assert await rest.get("/version") == {"major": "1"}
    assert await rest.get("/x") == [1]


@in_virtual_time
async def test_a_response_is_read_as_the_requested_type() -> None:
    listing = list_of([POD], "7")
    transport = ScriptedTransport(listing, ScriptedResponse.text("ok"), ScriptedResponse.of({"a": 1}))
    rest = client(transport)
    pods = await rest.get("pods", into=core_v1.PodList)
    assert [pod.metadata.name for pod in pods.items] == ["a"]
    assert await rest.get("/healthz", into=bytes) == b"ok"
    assert await rest.get("/x", into=dict) == {"a": 1}


@in_virtual_time
async def test_a_response_of_another_kind_is_an_error_that_names_both() -> None:
    transport = ScriptedTransport(ScriptedResponse.of({"kind": "Service", "apiVersion": "v1", "metadata": {}}))
    with pytest.raises(kubeloop.DecodeError, match=r"(?s)GET /api/v1/pods/a.*(Pod.*Service|Service.*Pod)"):
        await client(transport).get("pods", name="a", into=core_v1.Pod)


@in_virtual_time
async def test_html_instead_of_json_is_an_error_that_says_so() -> None:
    transport = ScriptedTransport(ScriptedResponse.text("<html>", content_type="text/html"))
    with pytest.raises(kubeloop.DecodeError, match="text/html"):
        await client(transport).get("pods", name="a", into=core_v1.Pod)


@pytest.mark.parametrize("body", ["", "{", '{"kind":"Pod","metadata":{"name":', "[" * 5000, "nul", '{"kind":"Pod"}x'])
@in_virtual_time
async def test_a_body_that_is_no_json_is_an_error(body: str) -> None:
    for into in (core_v1.Pod, Unstructured, dict, core_v1.PodList, None):
        with pytest.raises(kubeloop.DecodeError, match="GET /api/v1/pods/a"):
            await client(ScriptedTransport(ScriptedResponse.text(body))).get("pods", name="a", into=into)


@in_virtual_time
async def test_a_failure_that_pretends_to_be_a_success_is_raised() -> None:
    failure = json.loads(b"".join(error_status(404, "NotFound", "gone").chunks))  # type: ignore[arg-type]
    with pytest.raises(kubeloop.NotFound, match="gone"):
        await client(ScriptedTransport(ScriptedResponse.of(failure, 200))).get("pods", name="a", into=core_v1.Pod)


@in_virtual_time
async def test_a_body_over_the_bound_is_refused_where_one_object_is_expected() -> None:
    huge = ScriptedResponse(chunks=[b"x" * 1024 * 1024] * 33)
    rest = client(ScriptedTransport(huge, huge, ScriptedResponse(status=500, chunks=huge.chunks)))
    with pytest.raises(kubeloop.BodyTooLarge):
        await rest.get("pods", name="a", into=core_v1.Pod)
    assert len(await rest.get("pods", into=bytes)) == 33 * 1024 * 1024
    with pytest.raises(kubeloop.InternalError) as caught:
        await rest.get("pods", into=bytes)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("into", [None, bytes, dict, Unstructured, core_v1.Pod])
def test_what_an_absolute_path_leads_to_is_bounded_unless_it_is_to_be_a_list(into: Any) -> None:
    """(F9) `/version` as 300 KB of gzip became 300 MiB."""

    @in_virtual_time
    async def run() -> None:
        huge = ScriptedResponse(chunks=[b" " * 1024 * 1024] * 33)
        whole = replace(huge, chunks=[*huge.chunks, *list_of([POD], "7").chunks])
        rest = client(ScriptedTransport(huge, whole, huge, replace(whole, status=200)))
        with pytest.raises(kubeloop.BodyTooLarge, match="more than 33554432 bytes"):
            await rest.get("/version", into=into)
        assert len((await rest.get("/api/v1/pods", into=core_v1.PodList)).items) == 1
        with pytest.raises(kubeloop.UnreadableWriteResponse):
            await rest.delete("/api/v1/pods/a", into=into)
        assert len((await rest.get("/api/v1/pods", into=UnstructuredList)).items) == 1

    run()


@in_virtual_time
async def test_a_write_whose_response_is_over_the_bound_succeeded() -> None:
    """(A6)"""
    rest = client(ScriptedTransport(ScriptedResponse(status=201, chunks=[b"x" * 1024 * 1024] * 33)))
    with pytest.raises(kubeloop.UnreadableWriteResponse, match="POST /api/v1/namespaces/x/pods: the write succeeded"):
        await rest.post("pods", namespace="x", body={"metadata": {"name": "a"}}, into=core_v1.Pod)


@pytest.mark.parametrize(
    ("resource", "address"),
    [
        ("../secrets", {}),
        ("pods", {"name": ""}),
        ("pods", {"name": "a/../b"}),
        ("pods", {"namespace": "%2e%2e"}),
        ("pods", {"subresource": "log"}),
        ("pods", {"group_version": "a/b/c"}),
        ("pods", {"group_version": "../v1"}),
        ("/version", {"name": "a"}),
        ("//evil/version", {}),
    ],
)
@in_virtual_time
async def test_an_address_that_would_lead_elsewhere_is_refused_before_anything_is_sent(
    resource: str, address: dict[str, Any]
) -> None:
    transport = ScriptedTransport()
    with pytest.raises(ValueError, match=r"."):
        await client(transport).get(resource, **address)
    assert transport.requests == []


@in_virtual_time
async def test_credentials_are_wrapped_around_a_transport_argument() -> None:
    transport = ScriptedTransport(ScriptedResponse.of(POD))
    await client(transport, token="t0ken").get("pods", name="a")
    assert transport.requests[0].headers["Authorization"] == "Bearer t0ken"


@in_virtual_time
async def test_a_transport_that_is_given_stays_open() -> None:
    transport = ScriptedTransport()
    async with client(transport):
        pass
    assert not transport.closed


@in_virtual_time
async def test_304_is_the_result_of_a_request_that_names_what_it_has_and_an_error_of_another() -> None:
    unchanged = ScriptedResponse(304, headers={"ETag": '"a"'})
    rest = client(ScriptedTransport(unchanged, unchanged))
    request = rest.new_request("GET", "/apis")
    result = await rest.send(request.with_header("If-None-Match", '"a"'))
    assert (result.status, result.body) == (304, b"")
    with pytest.raises(kubeloop.APIError, match="304"):
        await rest.send(request)


@in_virtual_time
async def test_warnings_go_to_the_handler() -> None:
    seen: list[ServerWarning] = []
    headers = {"Warning": '299 - "old API", 299 - "two"'}
    transport = ScriptedTransport(ScriptedResponse.of(POD, headers=headers), error_status(404, headers=headers))
    rest = client(transport, warning_handler=seen.append)
    await rest.get("pods", name="a")
    with pytest.raises(kubeloop.NotFound):
        await rest.get("pods", name="a")
    assert [warning.text for warning in seen] == ["old API", "two"] * 2


def test_the_default_handler_logs_each_warning_of_code_299_once(caplog: pytest.LogCaptureFixture) -> None:
    logger = WarningLogger()
    with caplog.at_level(logging.WARNING):
        for warning in [ServerWarning(299, "-", "old")] * 2 + [
            ServerWarning(199, "-", "x"),
            ServerWarning(299, "-", ""),
        ]:
            logger(warning)
            ignore_warnings(warning)
    assert [record.getMessage() for record in caplog.records] == ["the API server warns: old"]


def test_the_default_handler_remembers_each_of_a_thousand_warnings_and_then_forgets_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = WarningLogger()
    with caplog.at_level(logging.WARNING):
        for number in [*range(1000), *range(1000), 1000, 0]:
            logger(ServerWarning(299, "-", f"{number}"))
    assert [record.args for record in caplog.records] == [(f"{number}",) for number in [*range(1001), 0]]


@in_virtual_time
async def test_the_rate_is_not_limited_unless_asked() -> None:
    rest = client(ScriptedTransport(lambda request: ScriptedResponse.of(POD)))
    for _ in range(100):
        await rest.get("pods", name="a")
    assert elapsed() == 0.0


@in_virtual_time
async def test_the_rate_is_limited_when_asked() -> None:
    rest = client(ScriptedTransport(lambda request: ScriptedResponse.of(POD)), qps=5.0, burst=10)
    for _ in range(20):
        await rest.get("pods", name="a")
    assert elapsed() == pytest.approx(2.0)


@in_virtual_time
async def test_the_clients_own_rate_limit_counts_towards_the_timeout() -> None:
    """As with client-go's limiter, the call fails at once if the wait would be longer than the time that is left."""
    transport = ScriptedTransport(lambda request: ScriptedResponse.of(POD))
    rest = client(transport, qps=0.1, burst=1)
    await rest.get("pods", name="a", timeout=5)
    with pytest.raises(kubeloop.RequestTimeout, match=r"rate limit would take 10.00 s.*the request was not sent"):
        await rest.get("pods", name="a", timeout=5)
    with pytest.raises(kubeloop.RequestTimeout, match="the request was not sent"):
        async with rest.stream("pods", name="a", subresource="log", timeout=5):
            pytest.fail("entered")
    assert elapsed() == 0.0
    assert len(transport.requests) == 1
    await rest.get("pods", name="a", timeout=11)
    assert elapsed() == pytest.approx(10.0)


@in_virtual_time
async def test_a_watch_shows_its_events_one_by_one_or_all_that_have_arrived() -> None:
    frames = [event("ADDED", POD) + event("MODIFIED", POD), 1.0, event("DELETED", POD)]
    transport = ScriptedTransport(
        watch_response(*frames).to("GET /api/v1/namespaces/x/pods?resourceVersion=5&watch=true"),
        watch_response(*frames).to("GET /api/v1/pods?watch=true"),
    )
    rest = client(transport)
    async with rest.watch("pods", namespace="x", params={"resourceVersion": "5"}, into=core_v1.Pod) as stream:
        assert [one.type async for one in stream] == ["ADDED", "MODIFIED", "DELETED"]
    async with rest.watch("pods", into=Unstructured) as events:
        sizes = []
        while batch := await events.batch():
            sizes.append(len(batch))
    assert sizes == [2, 1]
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_stream_gives_the_bytes_as_they_come() -> None:
    transport = ScriptedTransport(ScriptedResponse(chunks=[b"a", 1.0, b"b"]).to("GET /api/v1/pods/a/log"))
    async with client(transport).stream("pods", name="a", subresource="log") as stream:
        assert [chunk async for chunk in stream] == [b"a", b"b"]
    assert transport.open_streams == 0


@in_virtual_time
async def test_only_the_body_of_a_stream_may_fall_silent() -> None:
    """(C6) A followed log is silent for as long as its program is; any other silent response times out."""
    transport = ScriptedTransport(ScriptedResponse(), watch_response(), ScriptedResponse.of(POD), list_of([POD], "7"))
    rest = client(transport)
    async with rest.stream("pods", name="a", subresource="log", params={"follow": True}):
        pass
    async with rest.watch("pods", into=Unstructured):
        pass
    await rest.get("pods", name="a")
    await rest.get("pods")
    assert [request.may_fall_silent for request in transport.requests] == [True, False, False, False]


@pytest.mark.parametrize("make", [RESTClient, kubeloop.Clientset, kubeloop.DynamicClient, kubeloop.DiscoveryClient])
def test_a_client_is_made_of_a_config_and_of_nothing_else(make: Any) -> None:
    with pytest.raises(TypeError, match=r"^expected a kubeloop.Config, got str: load_config\(\) returns one$"):
        make("https://server")


@pytest.mark.parametrize("resource", ["Pods", "PODS", "pods"])
@in_virtual_time
async def test_a_resource_in_upper_case_is_the_same_resource(resource: str) -> None:
    """(E15) As client-go's Request.URL; names and subresources keep their case."""
    transport = ScriptedTransport(ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Success"}))
    await client(transport).get(resource, namespace="X", name="Web", subresource="Status", into=bytes)
    assert transport.requests[0].target == "/api/v1/namespaces/X/pods/Web/Status"


@in_virtual_time
async def test_a_timeout_is_reported_as_the_argument_was_written() -> None:
    """(E6) The message was: timed out after 4.99998 s."""
    assert [_rounded(each) for each in (4.99998, 5.0, 0.2, 0.001, 32.0, 120.0)] == [
        "5",
        "5",
        "0.2",
        "0.01",
        "32",
        "120",
    ]


@in_virtual_time
async def test_a_log_line_over_the_bound_is_called_a_line() -> None:
    """(E6)"""
    transport = ScriptedTransport(ScriptedResponse(chunks=[b"x" * (1 << 20)] * 33))
    clients = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    async with clients.core_v1.pods("x").log_lines("a") as lines:
        with pytest.raises(kubeloop.BodyTooLarge, match="a line of more than"):
            await anext(lines)


@in_virtual_time
async def test_the_error_in_a_watch_has_the_audit_id_of_the_watch_request() -> None:
    transport = ScriptedTransport(watch_response(expired_event(), headers={**JSON, "Audit-Id": "watch-7"}))
    async with client(transport).watch("pods", into=core_v1.Pod) as events:
        with pytest.raises(kubeloop.Gone) as caught:
            await anext(aiter(events))
    assert caught.value.audit_id == "watch-7"
