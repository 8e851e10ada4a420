"""Bodies: a LIST is read while it arrives, in steps between which the loop runs other tasks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.rest.list_response import ListResponse
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from kubeloop.wire.serializers.registry import JSON_ONLY
from tests.support.results import result_of
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport, error_status

LIST = Request("GET", "/api/v1/pods")


def answer(value: Any) -> Response:
    return Response(200, body=json.dumps(value).encode())


def pods(count: int) -> bytes:
    items = [{"metadata": {"name": f"pod-{n}"}} for n in range(count)]
    value = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items}
    return json.dumps(value).encode()


def client(*responses: ScriptedResponse | Exception, **options: Any) -> RESTClient:
    return RESTClient(Config(), transport=ScriptedTransport(*responses), **options)


async def turns_of_another_task(rest: RESTClient) -> tuple[int, core_v1.PodList]:
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    listing = await rest.get("pods", into=core_v1.PodList)
    task.cancel()
    return turns, listing


class HurriedLoop(asyncio.SelectorEventLoop):
    """A loop whose time moves by 5 ms whenever it is read."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__()

    def time(self) -> float:
        self._now += 0.005
        return self._now


def test_the_loop_runs_others_while_a_large_list_is_read() -> None:
    body = pods(10_000)
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        turns, listing = runner.run(turns_of_another_task(client(ScriptedResponse(chunks=[body]))))
    assert turns > len(body) // 65536 > 4
    assert len(listing.items) == 10_000
    assert listing.metadata.resource_version == "7"


@in_virtual_time
async def test_a_list_that_is_cut_is_read_again_from_its_beginning() -> None:
    cut = ScriptedResponse(chunks=[pods(100)]).cut(after=2000)
    listing = await client(cut, ScriptedResponse(chunks=[pods(70)])).get("pods", into=core_v1.PodList)
    assert len(listing.items) == 70


@in_virtual_time
async def test_a_list_that_does_not_arrive_in_time_is_a_timeout() -> None:
    body = pods(100)
    slow = ScriptedResponse(chunks=[body[:2000], 3.0, body[2000:]])
    with pytest.raises(kubeloop.RequestTimeout, match="GET /api/v1/pods: timed out after 2 s: the response has begun"):
        await client(slow).get("pods", into=core_v1.PodList, timeout=2)
    assert elapsed() == 2.0
    assert len((await client(slow).get("pods", into=core_v1.PodList, timeout=4)).items) == 100


@in_virtual_time
async def test_the_rest_of_a_list_of_another_kind_is_not_read() -> None:
    head = b'{"kind":"ServiceList","apiVersion":"v1","items":['
    response = ScriptedResponse(chunks=[head, b"{}," * 100_000, Hang()])
    with pytest.raises(kubeloop.DecodeError, match=r"GET /api/v1/pods: expected v1 PodList, got v1 ServiceList"):
        await client(response).get("pods", into=core_v1.PodList)


@in_virtual_time
async def test_an_error_in_place_of_a_list_is_raised() -> None:
    error = error_status(403, "Forbidden").in_pieces(10)
    with pytest.raises(kubeloop.Forbidden):
        await client(error).get("pods", into=core_v1.PodList)


@in_virtual_time
async def test_another_kind_is_an_error_that_names_request_and_both_kinds() -> None:
    with pytest.raises(kubeloop.DecodeError, match=r"GET /api/v1/pods: .*expected v1 PodList, got v1 Pod"):
        await client(ScriptedResponse.of({"kind": "Pod", "apiVersion": "v1"})).get("pods", into=core_v1.PodList)


@in_virtual_time
async def test_a_failure_that_pretends_to_be_a_success_is_raised() -> None:
    failure = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}
    with pytest.raises(kubeloop.Forbidden):
        await client(ScriptedResponse.of(failure)).get("pods", into=core_v1.PodList)


@in_virtual_time
async def test_the_size_of_a_list_is_that_of_its_body() -> None:
    listing = ListResponse(core_v1.PodList, JSON_ONLY)
    body = pods(10_000)
    transport = ScriptedTransport(ScriptedResponse(chunks=[body]))
    response = await listing.send(transport, LIST.with_header("Accept", "application/json"), None)
    assert listing.size == len(body)
    assert len(response.body) < len(body)
    assert len((await listing.finish()).items) == 10_000
    assert repr(listing) == f"<ListResponse of PodList: {len(body)} bytes>"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
def test_a_failure_in_the_place_of_an_object_is_raised_without_the_error_of_reading_it(method: str) -> None:
    failure = {"kind": "Status", "apiVersion": "topsecret", "status": "Failure", "reason": "Conflict", "code": 409}
    request = Request(method, "/api/v1/namespaces/x/pods/a")
    with pytest.raises(kubeloop.Conflict) as caught:
        result_of(answer(failure), request, ["Bearer topsecret"]).read(core_v1.Pod)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@in_virtual_time
@pytest.mark.parametrize(
    ("content_type", "is_doubted"),
    [("application/json", False), ("application/json;stream=watch", False), ("", False), ("text/html", True)],
)
async def test_the_address_is_doubted_only_when_the_response_does_not_call_itself_json(
    content_type: str, is_doubted: bool
) -> None:
    response = ScriptedResponse(chunks=[b"{"], headers={"Content-Type": content_type} if content_type else {})
    with pytest.raises(kubeloop.DecodeError, match="GET /api/v1/pods") as caught:
        await client(response).get("pods", into=core_v1.PodList)
    assert ("is this the address of an API server?" in str(caught.value)) is is_doubted
