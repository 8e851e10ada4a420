"""The scripted transport refuses wrong requests: otherwise no test that uses it could fail because of one."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.config import Config
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from tests.support.scripted_transport import (
    ScriptedResponse,
    ScriptedTransport,
    event,
    faults_of,
    list_of,
    watch_response,
)

ACCEPT = {"Accept": "application/json"}
SEND = {**ACCEPT, "Content-Type": "application/json"}
POD: dict[str, Any] = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x"}}


def get(target: str) -> Request:
    return Request("GET", target, ACCEPT)


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (Request("get", "/api", ACCEPT), ScriptedResponse()),
        (Request("GET", "/api"), ScriptedResponse()),
        (Request("GET", "/api", SEND, b"{}"), ScriptedResponse()),
        (Request("POST", "/api", ACCEPT, b"{}"), ScriptedResponse()),
        (Request("PUT", "/api", SEND), ScriptedResponse()),
        (Request("POST", "/api?watch=true", SEND, b"{}"), ScriptedResponse()),
        (Request("DELETE", "/api?limit=5", ACCEPT), ScriptedResponse()),
        (get("/api/v1/pods?watch=false"), watch_response()),
        (get("/api/v1/pods?watch=1"), watch_response()),
        (get("/api/v1/pods"), watch_response()),
        (get("/api/v1/pods?watch=true"), list_of([], "1")),
        (get("/api/v1/pods?allowWatchBookmarks=true"), list_of([], "1")),
        (get("/api/v1/pods?labelselector=a"), list_of([], "1")),
        (get("/api/v1/pods?labelSelector="), list_of([], "1")),
        (get("/api/v1/pods?limit=5&limit=5"), list_of([], "1")),
        (get("/api/v1/pods?limit=-1"), list_of([], "1")),
        (get("/api/v1/pods?resourceVersionMatch=exact"), list_of([], "1")),
        (get("/api/v1/pods/b"), ScriptedResponse().to("GET /api/v1/pods/a")),
        (get("/api/v1/pods?limit=5"), ScriptedResponse().to("GET /api/v1/pods?limit=6")),
        (get("/api/v1/pods?limit=5"), ScriptedResponse().to("GET /api/v1/pods")),
        (get("/api/v1/pods"), ScriptedResponse().to("GET /api/v1/pods?limit=5")),
        (Request("POST", "/api", SEND, b'{"a": 1}'), ScriptedResponse().to("POST /api", body={"a": 2})),
        (Request("POST", "/api", SEND, b'{"a": 1}'), ScriptedResponse().to("POST /api")),
        (Request("DELETE", "/api", ACCEPT), ScriptedResponse().to("DELETE /api", body={})),
    ],
)
def test_a_request_that_is_wrong_is_refused(request_: Request, response: ScriptedResponse) -> None:
    assert faults_of(request_, response)


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (
            get("/api/v1/pods?watch=true&resourceVersion=5"),
            watch_response().to("GET /api/v1/pods?resourceVersion=5&watch=true"),
        ),
        (get("/api/v1/pods?limit=5&labelSelector=a%3Db"), list_of([], "1")),
        (
            Request("POST", "/api?dryRun=All", SEND, b'{"a": 1}'),
            ScriptedResponse().to("POST /api?dryRun=All", body={"a": 1}),
        ),
        (Request("DELETE", "/api", ACCEPT), ScriptedResponse().to("DELETE /api")),
    ],
)
def test_a_correct_request_has_no_faults(request_: Request, response: ScriptedResponse) -> None:
    assert faults_of(request_, response) == []


@in_virtual_time
async def test_a_loop_that_guards_itself_does_not_hide_a_wrong_request() -> None:
    rest = kubeloop.RESTClient(Config(host="https://server"), transport=ScriptedTransport(watch_response()))

    async def guarded() -> None:
        try:
            await rest.get("pods", into=core_v1.PodList)
        except Exception as error:
            raise AssertionError("swallowed") from error

    with pytest.raises(pytest.fail.Exception, match="it is not a watch"):
        await guarded()


@in_virtual_time
async def test_a_watch_of_the_typed_client_asks_for_exactly_this() -> None:
    line = "GET /api/v1/namespaces/x/pods?allowWatchBookmarks=true&labelSelector=a&resourceVersion=5&watch=true"
    frame = event("ADDED", {**POD, "metadata": {**POD["metadata"], "resourceVersion": "6"}})
    transport = ScriptedTransport(lambda request: answered.append(request) or watch_response(frame))  # type: ignore[func-returns-value]
    answered: list[Request] = []
    clients = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    async with clients.core_v1.pods("x").watch(resource_version="5", label_selector="a") as events:
        async for one in events:
            assert one.type == "ADDED"
            break
    (request,) = answered
    target, _, timeout = request.target.partition("&timeoutSeconds=")
    assert 300 <= int(timeout) <= 600
    assert faults_of(Request("GET", target, request.headers), watch_response().to(line)) == []
