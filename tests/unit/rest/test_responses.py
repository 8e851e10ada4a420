"""What a response becomes: an object, or an error that its status and body mean. As in client-go's rest/request_test.go
(TestTransformResponse, TestTransformUnstructuredError) and rest/client_test.go.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.config.config import Config
from kubeloop.models import core_v1, meta_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing import FakeTransport
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.response import Headers, Response

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "resourceVersion": "5"}}
STATUS = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}


def client(status: int, body: object = b"", content_type: str | None = "application/json") -> RESTClient:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = Headers([] if content_type is None else [("Content-Type", content_type)])
    transport = FakeTransport(lambda request: Response(status, headers, data))
    return RESTClient(Config(host="https://server"), transport=transport)


async def failure_of(rest: RESTClient, verb: str = "get") -> kubeloop.APIError:
    options: dict[str, Any] = {} if verb == "get" else {"body": POD}
    with pytest.raises(kubeloop.APIError) as caught:
        await getattr(rest, verb)("pods", name="a", into=core_v1.Pod, **options)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
@in_virtual_time
async def test_an_object_with_a_status_of_success_is_read(status: int, verb: str) -> None:
    rest = client(status, POD)
    options: dict[str, Any] = {} if verb == "get" else {"body": POD}
    pod = await getattr(rest, verb)("pods", name="a", into=core_v1.Pod, **options)
    assert pod.metadata.resource_version == "5"
    result = await rest.send(rest.new_request(verb.upper(), "/api/v1/pods/a"))
    assert (result.status, result.was_created) == (status, status == 201)


@pytest.mark.parametrize("status", [202, 204])
@in_virtual_time
async def test_a_success_without_content_is_a_result_with_an_empty_body(status: int) -> None:
    rest = client(status, content_type=None)
    result = await rest.send(rest.new_request("POST", "/api/v1/pods", POD))
    assert (result.status, result.body) == (status, b"")
    assert await rest.delete("pods", name="a", into=core_v1.Pod) is None
    with pytest.raises(kubeloop.DecodeError, match="it is empty"):
        await rest.get("pods", name="a", into=core_v1.Pod)


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 409, 422, 500, 599])
@pytest.mark.parametrize("body", [b"", b"{}", b"aaaaa", b'{"status":"Failure","code":201}', b"\xff\xfe"])
@in_virtual_time
async def test_every_other_status_is_an_error_with_this_code_whatever_the_body(status: int, body: bytes) -> None:
    for content_type in ("application/json", "text/plain", "application/octet-stream", "no type", None):
        assert (await failure_of(client(status, body, content_type))).status.code == status


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (400, {**STATUS, "code": 404}, errors.NotFound),
        (400, {**STATUS, "reason": "Expired", "code": 410}, errors.Expired),
        (400, {**STATUS, "status": "Success", "code": 404}, errors.BadRequest),
        (400, {}, errors.BadRequest),
        (400, {"kind": "Status", "status": "Failure", "code": 404}, errors.NotFound),
        (400, {"status": "Failure", "code": 404}, errors.BadRequest),
        (400, {**STATUS, "kind": "Pod", "code": 404}, errors.BadRequest),
        (409, b"", errors.Conflict),
        (404, b"", errors.NotFound),
    ],
)
@in_virtual_time
async def test_a_status_in_the_body_says_what_happened(code: int, status: object, expected: type[Exception]) -> None:
    assert type(await failure_of(client(code, status))) is expected


@in_virtual_time
async def test_a_conflict_without_a_status_means_that_a_created_object_exists() -> None:
    assert type(await failure_of(client(409), "post")) is errors.AlreadyExists
    assert type(await failure_of(client(409), "put")) is errors.Conflict


@pytest.mark.parametrize(
    ("content_type", "body", "cause"),
    [
        ("text/any", b"aaaaa", "aaaaa"),
        ("text/html; charset=latin-1", b"gr\xfc\xdfe", "gr��e"),
        ("application/json", b'{"error":"no"}', '{"error":"no"}'),
        ("application/xml", "<grüße/>".encode(), "<grüße/>"),
        (None, b"plain", "plain"),
        ("application/octet-stream", bytes(range(256)), "<256 bytes>"),
        ("application/vnd.kubernetes.protobuf", b"k8s\0\n\x02v1", "<8 bytes>"),
        ("application/json", b"\x1f\x8b\x08", "<3 bytes>"),
        ("text/plain", b"", None),
    ],
)
@in_virtual_time
async def test_the_text_of_an_error_that_is_no_status_is_kept_and_other_bytes_are_counted(
    content_type: str | None, body: bytes, cause: str | None
) -> None:
    error = await failure_of(client(401, body, content_type))
    assert type(error) is errors.Unauthorized
    assert [(each.reason, each.message) for each in error.status.causes] == (
        [] if cause is None else [("UnexpectedServerResponse", cause)]
    )
    assert (cause or "credentials") in str(error)


@in_virtual_time
async def test_half_a_character_at_the_limit_of_the_text_is_no_reason_to_hide_it() -> None:
    error = await failure_of(client(500, "é".encode() * 200_000, "application/json"))
    assert error.status.causes[0].message.startswith("é" * 1000)
    assert len(error.status.causes[0].message) <= 2048


@in_virtual_time
async def test_a_failure_that_is_a_success_for_http_is_raised_with_its_details() -> None:
    details = {"name": "a", "kind": "pods", "retryAfterSeconds": 3}
    status = {**STATUS, "reason": "BadRequest", "code": 400, "message": "wrong", "details": details}
    error = await failure_of(client(200, status))
    assert (type(error), error.status.name, error.retry_after) == (errors.BadRequest, "a", 3.0)


@in_virtual_time
async def test_a_status_of_success_is_an_object() -> None:
    found = await client(200, {**STATUS, "status": "Success"}).delete("pods", name="a", into=core_v1.Pod)
    assert isinstance(found, meta_v1.Status)


@in_virtual_time
async def test_bytes_are_returned_as_they_are_also_if_no_serializer_reads_them() -> None:
    rest = client(200, b"\0\xffbinary", "application/x-unknown")
    assert await rest.get("pods", name="a", into=bytes) == b"\0\xffbinary"
    result = await rest.send(rest.new_request("GET", "/x"))
    assert (result.body, result.content_type) == (b"\0\xffbinary", "application/x-unknown")


@pytest.mark.parametrize("purpose", ["watch", "stream"])
@pytest.mark.parametrize(
    ("status", "body", "content_type", "expected"),
    [
        (403, {**STATUS, "code": 403, "reason": "Forbidden"}, "application/json", errors.Forbidden),
        (403, b"", None, errors.Forbidden),
        (401, b"Unauthorized", "text/plain", errors.Unauthorized),
        (401, {**STATUS, "code": 401, "reason": "Unauthorized"}, "application/json", errors.Unauthorized),
        (404, b"<html>", "text/html", errors.NotFound),
        (500, b"\0", "application/octet-stream", errors.InternalError),
        (302, b"", None, errors.APIError),
    ],
)
@in_virtual_time
async def test_a_watch_or_stream_that_is_refused_is_the_error_that_the_response_means(
    purpose: str, status: int, body: object, content_type: str | None, expected: type[Exception]
) -> None:
    rest = client(status, body, content_type)
    opening = rest.watch("pods", into=core_v1.Pod) if purpose == "watch" else rest.stream("pods", name="a")
    with pytest.raises(errors.APIError) as caught:
        async with opening:
            pytest.fail("entered")
    assert type(caught.value) is expected
    assert caught.value.status.code == status


@pytest.mark.parametrize("status", [201, 202, 204, 206])
@in_virtual_time
async def test_a_success_other_than_200_opens_a_stream_and_no_watch(status: int) -> None:
    rest = client(status, b"line")
    async with rest.stream("pods", name="a", subresource="log") as stream:
        assert await stream.read() == b"line"
    with pytest.raises(errors.APIError) as caught:
        async with rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")
    assert caught.value.status.code == status
