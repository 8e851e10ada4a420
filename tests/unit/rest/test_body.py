"""Bodies: a very large LIST is read in steps, between which the loop runs other tasks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.support.results import result_of

LIST = Request("GET", "/api/v1/pods")


def answer(value: Any) -> Response:
    return Response(200, body=json.dumps(value).encode())


def pods(count: int) -> Response:
    items = [{"metadata": {"name": f"pod-{n}"}} for n in range(count)]
    return answer({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items})


async def turns_of_another_task(response: Response, at_once_bytes: int) -> tuple[int, core_v1.PodList]:
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    listing = await result_of(response, LIST).read_list(core_v1.PodList, at_once_bytes=at_once_bytes)
    task.cancel()
    return turns, listing


@in_virtual_time
async def test_the_loop_runs_others_while_a_very_large_list_is_read() -> None:
    response = pods(1000)
    turns, in_steps = await turns_of_another_task(response, len(response.body) - 1)
    none, at_once = await turns_of_another_task(response, len(response.body))
    assert (turns, none) == (16, 0)
    assert in_steps == at_once
    assert len(in_steps.items) == 1000


@in_virtual_time
async def test_another_kind_is_an_error_that_names_request_and_both_kinds() -> None:
    with pytest.raises(kubeloop.DecodeError, match=r"GET /api/v1/pods: .*expected v1 PodList, got v1 Pod"):
        await result_of(answer({"kind": "Pod", "apiVersion": "v1"}), LIST).read_list(core_v1.PodList, at_once_bytes=1)


@in_virtual_time
async def test_a_failure_that_pretends_to_be_a_success_is_raised() -> None:
    failure = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}
    with pytest.raises(kubeloop.Forbidden):
        await result_of(answer(failure), LIST).read_list(core_v1.PodList, at_once_bytes=1)


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
    response = Response(200, Headers([("Content-Type", content_type)]), b"{")
    with pytest.raises(kubeloop.DecodeError, match="GET /api/v1/pods") as caught:
        await result_of(response, LIST).read_list(core_v1.PodList, at_once_bytes=100)
    assert ("is this the address of an API server?" in str(caught.value)) is is_doubted
