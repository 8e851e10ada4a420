"""Discovery of servers that send garbage, and caches in directories and files of others. Real files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.discovery import DiskCache, DiskDiscovery, MemoryDiscovery, OpenAPIClient, RESTMapper
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.discovered import AGGREGATED_TYPE, resource
from tests.support.discovery_server import DiscoveryServer
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse

NOW = 2_000_000_000.0
MONTHS = 90 * 24 * 3600.0


def now() -> float:
    return NOW


def listed(**fields: Any) -> ScriptedResponse:
    items = [resource("deployments", "Deployment", short=("deploy",))]
    return ScriptedResponse.of({"kind": "APIResourceList", "apiVersion": "v1", "resources": items, **fields})


@pytest.fixture
def server() -> DiscoveryServer:
    return DiscoveryServer()


@in_virtual_time
@pytest.mark.parametrize("name", ["{folder}/evil", "../../../../evil", "other/v1", "", None])
async def test_a_list_is_known_by_the_name_that_was_asked_for(
    server: DiscoveryServer, tmp_path: Path, name: str | None
) -> None:
    server.is_aggregated = False
    fields = {} if name is None else {"groupVersion": name.format(folder=tmp_path)}
    server.failures["/apis/apps/v1"] = listed(**fields)
    cache = DiskCache(tmp_path / "a" / "b" / "cache")
    for discovery in (DiskDiscovery(server.client(), cache), DiskDiscovery(server.client(), cache)):
        assert str(await RESTMapper(discovery).resolve("deploy")) == "deployments.v1.apps"
        assert (await discovery.server_resources_for_group_version("apps/v1")).group_version == "apps/v1"
    assert len(server.paths) == 4  # the second program needs only the files
    assert list(tmp_path.rglob("evil")) == []
    (root,) = (tmp_path / "a/b/cache/discovery").iterdir()
    names = {str(path.parent.relative_to(root)) for path in tmp_path.rglob("*.json")}
    assert names == {".", "v1", "apps/v1"}


@in_virtual_time
@pytest.mark.parametrize(
    "item",
    [
        {"metadata": {"name": "example.com"}, "versions": [{"version": "v1", "resources": [{"verbs": "get"}]}]},
        {"metadata": {"name": "example.com"}, "versions": "v1"},
        {"metadata": "example.com"},
        [],
    ],
)
async def test_a_group_that_cannot_be_read_is_a_failure_and_no_absence(
    server: DiscoveryServer, tmp_path: Path, item: Any
) -> None:
    document = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": [item]}
    server.failures["/apis"] = ScriptedResponse.of(document, headers={"Content-Type": AGGREGATED_TYPE})
    for discovery in (MemoryDiscovery(server.client()), DiskDiscovery(server.client(), DiskCache(tmp_path / "c"))):
        mapper = RESTMapper(discovery)
        assert str(await mapper.resolve("po")) == "pods.v1."
        with pytest.raises(errors.DiscoveryIncomplete):
            await mapper.resolve("foos")
        with pytest.raises(errors.DiscoveryIncomplete):
            await mapper.resolve("foos.v1.example.com")
    assert list(tmp_path.rglob("servergroups.json")) == []  # a part is not kept


NUMBERS = b'{"name": 1, "etag": 2, "contentType": 3}\nx'
BROKEN = [b"", b"[]\nx", b"null\n", b"{\n", b"[" * 100_000 + b"\n", NUMBERS, b"\xff\n"]


@in_virtual_time
@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
async def test_a_stored_response_of_any_content_is_no_error(
    server: DiscoveryServer, tmp_path: Path, data: bytes
) -> None:
    cache = DiskCache(tmp_path / "cache")
    await DiskDiscovery(server.client(), cache).contents()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(hashlib.sha256(data).digest() + data)
    assert str(await RESTMapper(DiskDiscovery(server.client(), cache)).resolve("deploy")) == "deployments.v1.apps"
    assert server.responses == {200: 4}


@in_virtual_time
@pytest.mark.parametrize("mode", [0o777, 0o770])
async def test_nothing_is_used_below_a_directory_that_others_may_write(
    server: DiscoveryServer, tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    shared, home = tmp_path / "shared", tmp_path / "home"
    home.mkdir(mode=0o700)
    private = home / ("a" * 64)
    private.write_text("of this user")
    os.utime(private, (NOW - MONTHS, NOW - MONTHS))
    shared.mkdir()
    shared.chmod(mode)
    (shared / "http").symlink_to(home)  # as another user can do
    (shared / "discovery").symlink_to(home)
    for _ in range(2):
        await DiskDiscovery(server.client(), DiskCache(shared, now=now)).contents()
    assert server.responses == {200: 4}
    assert private.read_text() == "of this user"
    assert [path.name for path in home.rglob("*") if path.is_file()] == [private.name]
    assert "others can write it" in caplog.text


@in_virtual_time
async def test_files_of_other_programs_in_the_directory_are_not_removed(
    server: DiscoveryServer, tmp_path: Path
) -> None:
    (tmp_path / "http").mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    kept = [tmp_path / "http" / name for name in ("index.html", "a" * 63, "a" * 64 + ".txt")]
    gone = [tmp_path / "http" / name for name in ("a" * 64, "a" * 64 + ".0123456789ab.tmp")]
    for path in (*kept, *gone):
        path.write_text("old")
        os.utime(path, (NOW - MONTHS, NOW - MONTHS))
    await DiskDiscovery(server.client(), DiskCache(tmp_path, now=now)).contents()
    assert [path.exists() for path in (*kept, *gone)] == [True, True, True, False, False]


@in_virtual_time
@pytest.mark.parametrize("name", ["a\0b", "loop", "plain", "x" * 300])
async def test_a_directory_that_cannot_exist_is_no_error(server: DiscoveryServer, tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "plain").write_text("a file")
    discovery = DiskDiscovery(server.client(), DiskCache(f"{tmp_path}/{name}"))
    assert str(await RESTMapper(discovery).resolve("deploy")) == "deployments.v1.apps"


@in_virtual_time
async def test_a_clock_that_is_set_back_does_not_keep_the_contents_for_ever(
    server: DiscoveryServer, tmp_path: Path
) -> None:
    time = NOW
    discovery = DiskDiscovery(server.client(), DiskCache(tmp_path / "cache", now=lambda: time))
    await discovery.contents()
    time -= 60
    await discovery.contents()
    assert server.responses == {200: 2}
    time -= 365 * 24 * 3600.0
    await discovery.contents()
    assert server.responses == {200: 2, 304: 2}


def of_a_proxy(tag: str, content_type: str = "application/json") -> ScriptedResponse:
    return ScriptedResponse(200, (b"<html>",), headers={"Content-Type": content_type, "ETag": tag})


@in_virtual_time
@pytest.mark.parametrize("content_type", ["application/json", AGGREGATED_TYPE, "text/html"])
async def test_what_cannot_be_read_is_not_confirmed_for_ever(
    server: DiscoveryServer, tmp_path: Path, content_type: str
) -> None:
    tag = server.document("/apis").headers["ETag"]
    for discovery in (
        MemoryDiscovery(server.client()),
        DiskDiscovery(server.client(), DiskCache(tmp_path / "cache")),
    ):
        server.failures["/apis"] = of_a_proxy(tag, content_type)
        with pytest.raises(errors.KubeloopError):
            await RESTMapper(discovery).resolve("deploy")
        server.failures.clear()
        assert str(await RESTMapper(discovery).resolve("deploy")) == "deployments.v1.apps"


@in_virtual_time
async def test_what_is_stored_and_cannot_be_read_is_requested_again(server: DiscoveryServer, tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache")
    await DiskDiscovery(server.client(), cache).contents()
    stored = cache.documents_of(server.config)
    requests = list(server.transport.requests)
    for request in requests:
        name = f"{request.path} {request.headers['Accept']}"
        document = await stored.load(name)
        assert document is not None
        await stored.save(name, document.replace(body=b"<html>"))
    discovery = DiskDiscovery(server.client(), cache)
    discovery.invalidate()
    assert str(await RESTMapper(discovery).resolve("deploy")) == "deployments.v1.apps"
    assert server.responses == {200: 4, 304: 2}


@in_virtual_time
async def test_a_schema_that_cannot_be_read_is_not_stored(tmp_path: Path) -> None:
    address = "/openapi/v3/apis/apps/v1?hash=A"
    index = ScriptedResponse.of({"paths": {"apis/apps/v1": {"serverRelativeURL": address}}}, headers={"ETag": '"i"'})
    clients, transport = clientset(
        ScriptedResponse.of({"paths": []}, headers={"ETag": '"i"'}),
        index, of_a_proxy('"t"'),
        ScriptedResponse(304), ScriptedResponse.of({"components": {}}, headers={"ETag": '"t"'}),
        ScriptedResponse(304),
    )  # fmt: skip
    store = DiskCache(tmp_path / "cache").documents_of(clients.rest.config)
    for _ in range(2):
        with pytest.raises(errors.DecodeError):
            await OpenAPIClient.with_store(clients.rest, store).schema("apps/v1")
    for _ in range(2):
        assert await OpenAPIClient.with_store(clients.rest, store).schema("apps/v1") == {"components": {}}
    assert len(transport.requests) == 6
