"""An object that Python's types cannot represent has no protobuf form; clients get it in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop.testing import APIServer
from kubeloop.testing.apiserver.call import Waiting
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response

PROTOBUF = "application/vnd.kubernetes.protobuf"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/x/leases"
YEAR_0 = "0000-01-01T00:00:00.000000Z"


def lease(name: str, time: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "x"}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {"renewTime": time}}


@pytest.fixture
def api() -> APIServer:
    return APIServer(lease("good", "2026-01-01T00:00:00.000000Z"), lease("odd", YEAR_0), controllers=())


def sent(api: APIServer, target: str, accept: str, method: str = "GET", document: Any = None) -> Response:
    content = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
    body = None if document is None else json.dumps(document).encode()
    reply = api.handle(Request(method, target, {"Accept": accept, **content}, body), 1000.0)
    assert isinstance(reply, Response)
    return reply


@pytest.mark.parametrize("target", [LEASES, f"{LEASES}/odd"])
def test_a_read_in_protobuf_is_refused_as_a_format(api: APIServer, target: str) -> None:
    assert sent(api, target, PROTOBUF).status == 406
    assert YEAR_0.encode() in sent(api, target, "application/json").body


def test_another_object_is_not_concerned(api: APIServer) -> None:
    assert sent(api, f"{LEASES}/good", PROTOBUF).status == 200


def test_a_write_has_succeeded_so_its_response_is_in_json(api: APIServer) -> None:
    for method, target, document in (
        ("POST", LEASES, lease("new", YEAR_0)),
        ("PATCH", f"{LEASES}/new", {"metadata": {"labels": {"a": "b"}}}),
    ):
        reply = sent(api, target, PROTOBUF, method, document)
        assert (reply.status // 100, reply.headers["content-type"]) == (2, "application/json")
        assert json.loads(reply.body)["spec"]["renewTime"] == YEAR_0


def test_a_watch_in_protobuf_ends_with_an_error_after_the_events_before(api: APIServer) -> None:
    accept = f"{PROTOBUF};stream=watch"
    stream = api.handle(Request("GET", f"{LEASES}?watch=true&resourceVersion=0", {"Accept": accept}), 1000.0)
    assert not isinstance(stream, Response | Waiting)
    frames = stream.take(1000.0)
    assert [kind in frame for frame, kind in zip(frames, (b"ADDED", b"ERROR"), strict=True)] == [True, True]
    assert b"NotAcceptable" in frames[1]
    assert stream.is_finished
    assert stream.take(1001.0) == []
