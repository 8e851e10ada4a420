"""What RESTClient sends: the address, parameters, headers and body. As in client-go's rest/request_test.go."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.models import core_v1, meta_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing import FakeTransport, json_response
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.raw_server import raw_server, reply

MODEL = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}'
POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}


def client(host: str = "https://server", **settings: Any) -> tuple[RESTClient, FakeTransport]:
    transport = FakeTransport(lambda request: json_response(POD))
    return RESTClient(Config(host=host, **settings), transport=transport), transport


async def sent(resource: str, **options: Any) -> str:
    """Return the target of a GET."""
    rest, transport = client()
    await rest.get(resource, into=bytes, **options)
    return transport.requests[0].target


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (part, value)
        for part in ("resource", "namespace", "name", "subresource")
        for value in (".", "..", "a/../b", "a%2fb", "%", "")
        if (part, value) != ("namespace", "")
    ],
)
@in_virtual_time
async def test_a_part_that_would_change_the_path_is_refused(part: str, value: str) -> None:
    rest, transport = client()
    address = {"resource": "pods", "namespace": "x", "name": "a", "subresource": "status", part: value}
    with pytest.raises(ValueError, match=part):
        await rest.get(address.pop("resource"), **address)  # type: ignore[arg-type]
    assert transport.requests == []


@in_virtual_time
async def test_an_empty_namespace_is_the_cluster_scope() -> None:
    assert await sent("nodes", namespace="", name="n") == "/api/v1/nodes/n"


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({}, "/api/v1/pods"),
        ({"namespace": "x"}, "/api/v1/namespaces/x/pods"),
        ({"name": "a", "namespace": "x"}, "/api/v1/namespaces/x/pods/a"),
        ({"subresource": "log", "name": "a"}, "/api/v1/pods/a/log"),
        ({"subresource": "proxy/a/b", "name": "a", "namespace": "x"}, "/api/v1/namespaces/x/pods/a/proxy/a/b"),
        ({"group_version": "apps/v1", "namespace": "x"}, "/apis/apps/v1/namespaces/x/pods"),
        ({"name": "a:b c+d", "namespace": "x"}, "/api/v1/namespaces/x/pods/a:b%20c+d"),
    ],
)
@in_virtual_time
async def test_the_parts_of_a_path_have_their_order_whatever_the_order_of_arguments(
    options: dict[str, Any], target: str
) -> None:
    assert await sent("pods", **options) == target
    assert await sent("pods", **dict(reversed(options.items()))) == target


@pytest.mark.parametrize(
    ("params", "query"),
    [
        (None, ""),
        ({}, ""),
        ({"a": None, "b": []}, ""),
        ({"a": "1"}, "?a=1"),
        ({"a": ["1", "2"], "b": "x y&z"}, "?a=1&a=2&b=x+y%26z"),
        ({"follow": True, "previous": False, "limit": 5}, "?follow=true&previous=false&limit=5"),
        ({"timeout": "5s"}, "?timeout=5s"),
    ],
)
@in_virtual_time
async def test_parameters_are_written_as_the_server_reads_them(params: Mapping[str, Any] | None, query: str) -> None:
    assert await sent("pods", params=params) == f"/api/v1/pods{query}"
    assert await sent("/version", params=params) == f"/version{query}"


@pytest.mark.parametrize(
    ("uri", "params", "target"),
    [
        ("/", None, "/"),
        ("/apis", None, "/apis"),
        ("/apis/", None, "/apis/"),
        ("/apis/?a=1", {"a": "2", "b": "3"}, "/apis/?a=1&a=2&b=3"),
        ("/openapi/v3/apis/apps/v1?hash=A%2FB", None, "/openapi/v3/apis/apps/v1?hash=A%2FB"),
        ("/logs/a%20b", None, "/logs/a%20b"),
    ],
)
@in_virtual_time
async def test_an_absolute_path_is_sent_as_it_is_with_its_query(
    uri: str, params: Mapping[str, Any] | None, target: str
) -> None:
    assert await sent(uri, params=params) == target


@pytest.mark.parametrize("host", ["", "/", "/some/base", "/some/base/"])
@pytest.mark.parametrize("path", ["/", "/apis", "/apis/", "/api/v1/pods"])
async def test_a_path_is_appended_to_that_of_the_server_and_keeps_its_last_slash(host: str, path: str) -> None:
    async with raw_server(reply()) as server, RESTClient(Config(host=f"{server.url}{host}")) as rest:
        await rest.get(path, into=bytes)
    assert server.requests[0].target == f"{host.rstrip('/')}{path}"


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({"resource_version": "1"}, {"resourceVersion": "1"}),
        (
            {"label_selector": "a=b", "field_selector": "x=y", "limit": 5, "continue_": "token"},
            {"labelSelector": "a=b", "fieldSelector": "x=y", "limit": "5", "continue": "token"},
        ),
        ({"timeout": 2.5, "resource_version": None}, {"timeoutSeconds": "3"}),
    ],
)
@in_virtual_time
async def test_options_of_a_list_are_parameters_and_its_timeout_is_sent(
    options: dict[str, Any], query: dict[str, str]
) -> None:
    listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": []}
    transport = FakeTransport(lambda request: json_response(listed))
    await kubeloop.Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x").list(**options)
    target = transport.requests[0].target
    assert dict(pair.split("=", 1) for pair in target.partition("?")[2].replace("%3D", "=").split("&")) == query


@in_virtual_time
async def test_a_header_of_a_call_replaces_one_of_the_same_name() -> None:
    rest, transport = client()
    await rest.get("pods", name="a", headers={"accept": "application/yaml", "X-A": "1"}, into=bytes)
    await rest.post("pods", body=b"--", headers={"content-type": "application/yaml"}, into=bytes)
    assert dict(transport.requests[0].headers) == {"accept": "application/yaml", "X-A": "1"}
    assert dict(transport.requests[1].headers) == {"Accept": "application/json", "content-type": "application/yaml"}


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (None, None),
        (b"", b""),
        (b"raw \x00 bytes", b"raw \x00 bytes"),
        (POD, b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}'),
        (core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a")), MODEL),
        ([{"op": "test"}], b'[{"op":"test"}]'),
    ],
    ids=["none", "no bytes", "bytes", "mapping", "model", "sequence"],
)  # fmt: skip
@in_virtual_time
async def test_a_body_is_an_object_or_raw_bytes(body: object, content: bytes | None) -> None:
    rest, transport = client()
    await rest.post("pods", body=body, into=bytes)
    assert transport.requests[0].body == content
    assert transport.requests[0].headers.get("Content-Type") == (None if body is None else "application/json")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"kind": "Pod"}', r"got str: pass text\.encode\(\)"),
        ("pod.json", r"got str: pass text\.encode\(\)"),
        (io.BytesIO(b"{}"), r"got BytesIO: pass file\.read\(\)"),
        (io.StringIO("{}"), r"got StringIO: pass file\.read\(\)"),
        (bytearray(b"{}"), r"got bytearray: pass bytes\(\.\.\.\)"),
        (memoryview(b"{}"), r"got memoryview: pass bytes\(\.\.\.\)"),
    ],
)
@in_virtual_time
async def test_a_text_or_file_is_not_sent_as_a_json_text_or_list(body: object, message: str) -> None:
    rest, transport = client()
    for verb in (rest.post, rest.put, rest.patch, rest.delete):
        with pytest.raises(TypeError, match=f"^expected a model, a mapping or bytes as the body, {message}$"):
            await verb("pods", body=body)
    assert transport.requests == []


@pytest.mark.parametrize("body", [object(), {"a": object()}, {"a": float("nan")}])
@in_virtual_time
async def test_a_body_that_is_no_json_is_refused(body: object) -> None:
    rest, transport = client()
    with pytest.raises(kubeloop.EncodeError):
        await rest.post("pods", body=body)
    assert transport.requests == []
