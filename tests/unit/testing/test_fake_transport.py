"""A transport of a function: clients over it behave as over a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import FakeTransport, StreamedResponse, event_line, json_response
from kubeloop.testing.virtual_time import elapsed, in_virtual_time

POD = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x", resource_version="5"))


def clientset(transport: FakeTransport, **settings: object) -> kubeloop.Clientset:
    return kubeloop.Clientset(kubeloop.Config(host="https://server", **settings), transport=transport)


@in_virtual_time
async def test_the_function_gets_each_request_with_its_credentials() -> None:
    transport = FakeTransport(lambda request: json_response(POD, headers={"Audit-Id": "7"}))
    assert await clientset(transport, token="t").core_v1.pods("x").get("a") == POD
    (request,) = transport.requests
    assert (request.method, request.path) == ("GET", "/api/v1/namespaces/x/pods/a")
    assert request.headers["Authorization"] == "Bearer t"
    assert repr(transport) == "<FakeTransport: 1 requests>"


@in_virtual_time
async def test_errors_of_the_server_and_of_the_network_are_those_of_a_client() -> None:
    steps: list[kubeloop.Response | Exception] = [
        json_response({"kind": "Status", "status": "Failure", "reason": "NotFound"}, 404),
        kubeloop.ConnectError("connection refused"),
        json_response({}, 503, {"Retry-After": "3"}),
        json_response(POD),
    ]

    def respond(request: kubeloop.Request) -> kubeloop.Response:
        step = steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    pods = clientset(FakeTransport(respond)).core_v1.pods("x")
    with pytest.raises(kubeloop.NotFound):
        await pods.get("a")
    with pytest.raises(kubeloop.ConnectError, match="connection refused"):
        await pods.get("a")
    assert await pods.get("a") == POD
    assert elapsed() == 3.0


@in_virtual_time
async def test_an_async_function_may_take_its_time_and_a_timeout_ends_it() -> None:
    async def respond(request: kubeloop.Request) -> kubeloop.Response:
        await asyncio.sleep(5)
        return json_response(POD)

    pods = clientset(FakeTransport(respond)).core_v1.pods("x")
    assert await pods.get("a") == POD
    with pytest.raises(kubeloop.RequestTimeout, match="no response within 2 s"):
        await pods.get("a", timeout=2)
    with pytest.raises(kubeloop.RequestTimeout, match="no response within 2 s"):
        async with pods.log_lines("a", timeout=2):
            pytest.fail("entered")


@in_virtual_time
async def test_a_watch_may_stay_open_or_break() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield event_line("ADDED", POD)
        await asyncio.sleep(60)
        yield event_line("DELETED", POD)
        raise kubeloop.ConnectionLost("reset by peer")

    rest = clientset(FakeTransport(lambda request: StreamedResponse(events()))).rest
    async with rest.watch("pods", into=core_v1.Pod) as stream:
        assert (await anext(stream)).type == "ADDED"
        assert (await anext(stream)).type == "DELETED"
        assert elapsed() == 60.0
        with pytest.raises(kubeloop.ConnectionLost):
            await anext(stream)


@in_virtual_time
async def test_a_streamed_response_can_be_read_whole_up_to_a_limit() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(33):
            yield b" " * (1 << 20)

    rest = clientset(FakeTransport(lambda request: StreamedResponse(chunks(), headers={}))).rest
    with pytest.raises(kubeloop.BodyTooLarge):
        await rest.get("/version", into=bytes)


@in_virtual_time
async def test_the_body_of_an_error_that_is_streamed_is_read() -> None:
    status = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": "not you"}
    rest = clientset(FakeTransport(lambda request: json_response(status, 403))).rest
    with pytest.raises(kubeloop.Forbidden, match="not you"):
        async with rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")


@in_virtual_time
async def test_a_websocket_is_refused_with_the_response() -> None:
    transport = FakeTransport(lambda request: json_response({"kind": "Status", "reason": "BadRequest"}, 400))
    rest = clientset(transport).rest
    with pytest.raises(kubeloop.BadRequest):
        async with rest.upgrade(rest.new_request("GET", "/exec"), subprotocols=["v5.channel.k8s.io"]):
            pytest.fail("entered")


@in_virtual_time
async def test_an_informer_runs_over_it() -> None:
    def respond(request: kubeloop.Request) -> kubeloop.Response | StreamedResponse:
        if "watch=true" in request.target:
            return StreamedResponse(silence())
        items = [{"metadata": {"name": "a", "namespace": "x"}}]
        listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": items}
        return json_response(listed)

    async def silence() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    factory = kubeloop.SharedInformerFactory(clientset(FakeTransport(respond)))
    pods = factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert [pod.metadata.name for pod in pods.lister.list()] == ["a"]


@pytest.mark.parametrize("wrong", [None, {"kind": "Pod"}])
@in_virtual_time
async def test_something_else_than_a_response_is_named(wrong: Any) -> None:
    async with clientset(FakeTransport(lambda _: wrong)) as clients:
        expected = rf"expected a Response or StreamedResponse .* got {type(wrong).__name__}; json_response"
        with pytest.raises(TypeError, match=expected):
            await clients.core_v1.pods("a").get("b")


@pytest.mark.parametrize("timeout", [None, 5.0])
@in_virtual_time
async def test_a_timeout_error_of_the_function_is_raised_as_it_is(timeout: float | None) -> None:
    async def respond(request: kubeloop.Request) -> kubeloop.Response:
        raise TimeoutError("own")

    async with clientset(FakeTransport(respond), timeout=timeout) as clients:
        with pytest.raises(TimeoutError, match=r"^own$"):
            await clients.core_v1.pods("a").get("b")
        with pytest.raises(TimeoutError, match=r"^own$"):
            async with clients.core_v1.pods("a").log_lines("b"):
                pass
