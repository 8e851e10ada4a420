"""Requests of the largest size that is permitted, made to take as much time or memory as they can.

The server has one event loop: what one request costs, all clients wait for. Each of these took between half a minute
and forever when work or texts were proportional to the square of the size.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from kubeloop.testing import APIServer
from kubeloop.testing.apiserver.encoding.written_part import class_of_kind
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response

HOME = "/api/v1/namespaces/default/configmaps"
JSON = {"Content-Type": "application/json"}
SECONDS = 6.0


def object_of(metadata: Mapping[str, Any]) -> bytes:
    return json.dumps({"metadata": {"name": "a", **metadata}}).encode()


def owners(count: int, **members: object) -> bytes:
    each = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": str(at), **members} for at in range(count)]
    return object_of({"ownerReferences": each})


BODIES = {
    "an object that is there again and again": b'{"a":{%b}%b}'
    % (b",".join(b'"k%d":1' % at for at in range(80_000)), b',"a":{}' * 200_000),
    "a long name around many others": b'{"a":1,"a":2,"%b":{%b}}'
    % (b"x" * 1_500_000, b",".join(b'"k%d":1' % at for at in range(100_000))),
    "long names in each other": b'{"a":1,"a":2,%b1%b}' % (b'"%b":{' % (b"x" * 1500) * 800 + b'"a":', b"}" * 800),
    "many owners": owners(20_000),
    "many owners that control": owners(20_000, controller=True),
    "many finalizers": object_of({"finalizers": [""] * 500_000}),
    "many labels that are wrong": object_of({"labels": {f"/{at}": "" for at in range(100_000)}}),
}


def respond(request: Request) -> Response:
    begun = time.process_time()
    response = APIServer().respond(request)
    assert time.process_time() - begun < SECONDS
    assert isinstance(response, Response)
    assert len(response.body) < 8 << 20
    return response


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_costly_to_read_gets_a_response_in_time(body: bytes) -> None:
    assert len(body) < 3 << 20
    response = respond(Request("POST", HOME, JSON, body))
    assert response.status in (201, 400, 422)


def test_a_field_manager_of_which_each_character_is_wrong_gets_a_short_response() -> None:
    response = respond(Request("POST", f"{HOME}?fieldManager={'%01' * 300_000}", JSON, b"{}"))
    assert response.status == 422
    assert json.loads(response.body)["details"]["causes"][0]["reason"] == "FieldValueTooLong"


def test_what_a_client_calls_a_kind_is_not_kept() -> None:
    api = APIServer()
    for at in range(3):
        api.respond(Request("POST", HOME, JSON, json.dumps({"kind": f"Unknown{at}", "apiVersion": "v1"}).encode()))
    assert class_of_kind("v1", "ConfigMap") is class_of_kind("v1", "ConfigMap")
    assert class_of_kind("v1", "Unknown0") is None
