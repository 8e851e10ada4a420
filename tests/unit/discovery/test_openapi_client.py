"""OpenAPIClient: the index, the documents by their hashes, and addresses behind a prefix. Virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.discovery import DiskCache, OpenAPIClient
from kubeloop.discovery.openapi_index import group_version_of_path, path_of_group_version, read_index, schema_of_kind
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status

DEPLOYMENT = {
    "type": "object",
    "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Deployment"}],
}


class OpenAPIServer:
    """Serves an index and documents, whose hashes tests change."""

    def __init__(self, prefix: str = "", named: str = "/openapi/v3") -> None:
        self.hashes = {"api/v1": "A1", "apis/apps/v1": "B1", "apis/apps": "C1", "version": "D1"}
        self.named = named
        self.failure: ScriptedResponse | None = None
        self.transport = ScriptedTransport(self._respond)
        self.config = Config(host=f"https://server{prefix}")

    def client(self) -> OpenAPIClient:
        return OpenAPIClient(self.config, transport=self.transport, max_retries=0)

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.transport.requests]

    def _respond(self, request: Request) -> ScriptedResponse:
        if self.failure is not None:
            return self.failure
        if request.path == "/openapi/v3":
            paths = {
                path: {"serverRelativeURL": f"{self.named}/{path}?hash={tag}"} for path, tag in self.hashes.items()
            }
            return ScriptedResponse.of({"paths": paths}, headers={"Content-Type": "text/plain; charset=utf-8"})
        path = request.path.partition("/openapi/v3/")[2]
        schemas = {"io.k8s.api.apps.v1.Deployment": DEPLOYMENT} if path == "apis/apps/v1" else {}
        document = {"openapi": "3.0.0", "info": {"title": path}, "components": {"schemas": schemas}}
        return ScriptedResponse.of(document, headers={"ETag": f'"{self.hashes[path]}"'})


@in_virtual_time
async def test_documents_are_read_when_they_are_needed_and_once() -> None:
    server = OpenAPIServer()
    client = server.client()
    assert server.targets == []
    first = await client.schema("apps/v1")
    assert first["info"] == {"title": "apis/apps/v1"}
    assert await client.schema(GroupVersion("apps", "v1")) is first
    assert (await client.schema("v1"))["info"] == {"title": "api/v1"}
    assert server.targets == [
        "/openapi/v3", "/openapi/v3/apis/apps/v1?hash=B1", "/openapi/v3/api/v1?hash=A1",
    ]  # fmt: skip


@in_virtual_time
async def test_the_group_versions_with_a_document_are_told() -> None:
    client = OpenAPIServer().client()
    assert await client.group_versions() == (GroupVersion("apps", "v1"), GroupVersion("", "v1"))
    assert sorted(await client.paths()) == ["api/v1", "apis/apps", "apis/apps/v1", "version"]


@in_virtual_time
async def test_calls_at_the_same_time_share_requests() -> None:
    server = OpenAPIServer()
    client = server.client()
    found = await asyncio.gather(*(client.schema("apps/v1") for _ in range(20)))
    assert all(each is found[0] for each in found)
    assert len(server.targets) == 2


@in_virtual_time
async def test_after_invalidate_only_documents_with_another_hash_are_read_again() -> None:
    server = OpenAPIServer()
    client = server.client()
    apps, core = await client.schema("apps/v1"), await client.schema("v1")
    server.hashes["apis/apps/v1"] = "B2"
    assert await client.schema("apps/v1") is apps
    client.invalidate()
    assert await client.schema("v1") is core
    assert await client.schema("apps/v1") is not apps
    assert server.targets[3:] == ["/openapi/v3", "/openapi/v3/apis/apps/v1?hash=B2"]


@in_virtual_time
async def test_a_group_version_that_is_new_is_found_by_one_more_read_of_the_index() -> None:
    server = OpenAPIServer()
    client = server.client()
    await client.paths()
    server.hashes["apis/example.com/v1"] = "E1"
    assert (await client.schema("example.com/v1"))["info"] == {"title": "apis/example.com/v1"}
    with pytest.raises(kubeloop.NoMatch, match=r"the server at https://server has no OpenAPI schema of nobody/v1"):
        await client.schema("nobody/v1")


@in_virtual_time
async def test_the_schema_of_a_kind_is_found_in_the_document() -> None:
    client = OpenAPIServer().client()
    assert await client.schema_of(GroupVersionKind("apps", "v1", "Deployment")) == DEPLOYMENT
    with pytest.raises(kubeloop.NoMatch, match=r"no OpenAPI schema of apps/v1, Kind=Foo"):
        await client.schema_of(GroupVersionKind("apps", "v1", "Foo"))


@in_virtual_time
@pytest.mark.parametrize(("prefix", "named"), [
    ("", "/openapi/v3"),
    ("", "/other/openapi/v3"),
    ("/k8s/clusters/c-1", "/openapi/v3"),
    ("/k8s/clusters/c-1", "/k8s/clusters/c-1/openapi/v3"),
])  # fmt: skip
async def test_an_address_may_have_the_prefix_of_the_server_or_not(prefix: str, named: str) -> None:
    server = OpenAPIServer(prefix, named)
    assert (await server.client().schema("apps/v1"))["openapi"] == "3.0.0"
    # The transport adds the prefix to each request.
    assert server.targets[1] == f"{named.removeprefix(prefix)}/apis/apps/v1?hash=B1"


@in_virtual_time
async def test_programs_share_documents_by_a_disk_cache(tmp_path: Path) -> None:
    server = OpenAPIServer()
    for _ in range(2):
        store = DiskCache(tmp_path).documents_of(server.config)
        client = OpenAPIClient.with_store(server.client().rest, store)
        assert await client.schema_of(GroupVersionKind("apps", "v1", "Deployment")) == DEPLOYMENT
    assert server.targets == ["/openapi/v3", "/openapi/v3/apis/apps/v1?hash=B1", "/openapi/v3"]


@in_virtual_time
@pytest.mark.parametrize("body", [
    "<html>", "[]", "{}", '{"paths": []}', '{"paths": {"api/v1": null}}', '{"paths": {"api/v1": {}}}',
    '{"paths": {"api/v1": {"serverRelativeURL": 7}}}', '{"paths": {"api/v1": {"serverRelativeURL": "//evil/x"}}}',
    '{"paths": {"api/v1": {"serverRelativeURL": "https://evil/x"}}}',
    '{"paths": {"api/v1": {"serverRelativeURL": "/openapi/v3/../../x"}}}',
])  # fmt: skip
async def test_garbage_in_the_place_of_the_index_is_an_error(body: str) -> None:
    server = OpenAPIServer()
    server.failure = ScriptedResponse.text(body)
    client = server.client()
    with pytest.raises(kubeloop.DecodeError):
        await client.paths()
    server.failure = None
    assert len(await client.paths()) == 4


def test_an_address_of_another_prefix_is_refused() -> None:
    data: dict[str, Any] = {"paths": {"api/v1": {"serverRelativeURL": "/elsewhere/openapi/v3/api/v1"}}}
    with pytest.raises(kubeloop.DecodeError, match=r"expected an address below /k8s or /openapi/v3, got '/elsewhere"):
        read_index(data, "/k8s")


@in_virtual_time
async def test_a_server_without_openapi_is_told() -> None:
    server = OpenAPIServer()
    server.failure = error_status(404, "NotFound")
    with pytest.raises(kubeloop.NotFound):
        await server.client().schema("apps/v1")


@pytest.mark.parametrize(("path", "expected"), [
    ("api/v1", GroupVersion("", "v1")),
    ("apis/apps/v1", GroupVersion("apps", "v1")),
    ("apis/a.example.com/v1alpha1", GroupVersion("a.example.com", "v1alpha1")),
    ("apis/apps", None),
    ("api", None),
    ("apis", None),
    ("version", None),
    (".well-known/openid-configuration", None),
    ("openid/v1/jwks", None),
    ("api/", None),
])  # fmt: skip
def test_a_path_of_the_index_names_a_group_version_or_none(path: str, expected: GroupVersion | None) -> None:
    assert group_version_of_path(path) == expected
    if expected is not None:
        assert path_of_group_version(expected) == path


@pytest.mark.parametrize("document", [{}, {"components": None}, {"components": {"schemas": []}}, {
    "components": {"schemas": {"a": None, "b": {"x-kubernetes-group-version-kind": "Deployment"}}},
}])  # fmt: skip
def test_a_document_without_the_kind_has_no_schema_of_it(document: dict[str, Any]) -> None:
    assert schema_of_kind(document, GroupVersionKind("apps", "v1", "Deployment")) is None
