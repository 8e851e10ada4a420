"""The headers with which the server says how it handled a request."""

from __future__ import annotations

import uuid
from random import Random

import pytest

from kubeloop.testing import APIServer
from kubeloop.testing.apiserver.request_ids import RequestIds
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse

GET = Request("GET", "/api/v1/namespaces")
MATCHED = {
    "X-Kubernetes-Pf-Flowschema-Uid": "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt",
    "X-Kubernetes-Pf-Prioritylevel-Uid": "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/exempt",
}


@pytest.fixture
def api() -> APIServer:
    return APIServer(random=Random(0))


def answered(api: APIServer, request: Request = GET) -> Response | StreamedResponse:
    reply = api.respond(request)
    coroutine = reply.__await__() if not isinstance(reply, Response | StreamedResponse) else None
    if coroutine is None:
        assert isinstance(reply, Response | StreamedResponse)
        return reply
    with pytest.raises(StopIteration) as ended:
        next(coroutine)
    value: Response | StreamedResponse = ended.value.value
    return value


async def test_a_request_has_an_audit_id_of_its_own(api: APIServer) -> None:
    first, second = (answered(api).headers["audit-id"] for _ in range(2))
    assert first != second
    assert str(uuid.UUID(first)) == first


async def test_the_audit_id_of_the_client_is_kept(api: APIServer) -> None:
    assert answered(api, Request("GET", "/readyz", {"audit-ID": "mine"})).headers["audit-id"] == "mine"


async def test_the_uids_are_those_of_stored_objects(api: APIServer) -> None:
    async with api.dynamic_client() as client:
        version = "flowcontrol.apiserver.k8s.io/v1"
        for header, path in MATCHED.items():
            found = await client.resource(version, path.split("/")[-2]).get("exempt")
            assert answered(api).headers[header] == found.metadata.uid
            await client.resource(version, path.split("/")[-2]).delete("exempt")
            assert header not in answered(api).headers


async def test_a_watch_has_the_headers_too(api: APIServer) -> None:
    response = answered(api, Request("GET", "/api/v1/namespaces?watch=true"))
    assert isinstance(response, StreamedResponse)
    assert {"audit-id", "x-kubernetes-pf-flowschema-uid"} <= set(response.headers)
    assert response.headers["content-type"] == "application/json"


def test_who_is_not_known_matches_no_flow_schema(api: APIServer) -> None:
    headers = RequestIds(api.storage, Random(1)).add(GET, Response(401)).headers
    assert sorted(headers) == ["audit-id", "cache-control"]


def test_caching_is_off_unless_the_response_says_otherwise(api: APIServer) -> None:
    ids = RequestIds(api.storage, Random(1))
    assert ids.add(GET, Response(200)).headers["cache-control"] == "no-cache, private"
    public = Response(200, Headers([("Cache-Control", "public")]))
    assert ids.add(GET, public).headers.get_all("cache-control") == ["public"]
