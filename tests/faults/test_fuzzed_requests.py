"""Changed requests: each gets a Status, whatever is changed. `make fuzz` sends more of them."""

from __future__ import annotations

import asyncio
import json

import pytest

from kubeloop.testing import virtual_time
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.conformance.differential.fuzz import Fuzz, judged

GET = Request("GET", "/api/v1/pods")
JSON = Headers([("Content-Type", "application/json")])


def test_changed_requests_do_not_break_the_server() -> None:
    subject = Fuzz(1)

    with subject.observed():
        virtual_time.run(subject.in_process(lambda count: count < 2000))
        asyncio.run(subject.over_http(lambda count: count < 300))

    assert subject.faults == []
    assert subject.counts[200] > 100
    assert subject.counts[400] > 100
    assert subject.counts[0] > 10
    assert sum(subject.counts.values()) > 2200


def test_a_request_that_fails_is_found() -> None:
    subject = Fuzz(1)
    subject.api.on("create").respond(lambda _: 1 / 0)

    with subject.observed():
        virtual_time.run(subject.in_process(lambda count: count < 20))

    assert any("ZeroDivisionError" in fault for fault in subject.faults)


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (Response(200, JSON, b"{}"), ""),
        (Response(200, JSON, b"{"), "not JSON"),
        (Response(404, Headers([("Content-Type", "text/plain")]), b"404 page not found\n"), ""),
        (Response(404, Headers([("Content-Type", "text/plain")]), b"nothing"), "with the text"),
        (Response(400, JSON, b"{}"), "without a Status"),
        (Response(400, JSON, b"{"), "cannot be read"),
        (Response(400, JSON, b'{"kind":"Status","code":401}'), "without a Status"),
        (Response(400, JSON, b'{"kind":"Status","code":400}'), ""),
        (Response(500, JSON, json.dumps({"code": 500, "message": "the test server failed"}).encode()), "failed"),
        (Response(400, Headers(), b""), "without a Status"),
    ],
)
def test_a_response_that_no_client_can_use_is_a_fault(response: Response, fault: str) -> None:
    found = judged(GET, response)

    assert fault in found
    assert bool(found) == bool(fault)
