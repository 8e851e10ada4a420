"""The mapper and its caches on servers that fail, lie or are silent: a failure is no missing kind."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop import GroupVersionKind
from kubeloop.discovery import DiskCache, DiskDiscovery, MemoryDiscovery, RESTMapper
from kubeloop.discovery.cached_discovery import BaseDiscoveryCache
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.discovered import AGGREGATED_TYPE, aggregated_document
from tests.support.discovery_server import DiscoveryServer
from tests.support.scripted_transport import Hang, ScriptedResponse, error_status

FOO = GroupVersionKind("example.com", "v1", "Foo")
PAGE = ScriptedResponse.text("<html>login</html>", content_type="text/html")


def cache_of(kind: str, server: DiscoveryServer, folder: Path) -> BaseDiscoveryCache:
    if kind == "memory":
        return MemoryDiscovery(server.client())
    return DiskDiscovery(server.client(), DiskCache(folder))


both = pytest.mark.parametrize("kind", ["memory", "disk"])


@in_virtual_time
@both
@pytest.mark.parametrize("path", ["/api", "/apis"])
@pytest.mark.parametrize(("failure", "error"), [
    (error_status(503, "ServiceUnavailable"), kubeloop.ServiceUnavailable),
    (error_status(500, "InternalError"), kubeloop.InternalError),
    (error_status(429, "TooManyRequests"), kubeloop.TooManyRequests),
    (error_status(403, "Forbidden"), kubeloop.Forbidden),
    (error_status(401, "Unauthorized"), kubeloop.Unauthorized),
    (kubeloop.ConnectError("refused", method="GET", path="/", retryable=False), kubeloop.ConnectError),
    (PAGE, kubeloop.DecodeError),
    (ScriptedResponse.of([]), kubeloop.DecodeError),
    (ScriptedResponse.of({"kind": "Pod", "apiVersion": "v1"}), kubeloop.DecodeError),
    (ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500}), kubeloop.APIError),
])  # fmt: skip
async def test_a_server_that_fails_is_an_error_and_nothing_of_it_is_kept(
    kind: str, path: str, failure: Any, error: type[Exception], tmp_path: Path
) -> None:
    server = DiscoveryServer()
    server.create_crd()
    mapper = RESTMapper(cache_of(kind, server, tmp_path))
    server.failures[path] = failure
    for name in ("foos", FOO):
        with pytest.raises(error) as caught:
            await mapper.resolve(name)
        assert not isinstance(caught.value, kubeloop.NotFound)
    server.failures.clear()
    assert str(await mapper.resolve(FOO)) == "foos.v1.example.com"


@in_virtual_time
@both
async def test_a_server_that_fails_later_changes_nothing_that_is_known(kind: str, tmp_path: Path) -> None:
    server = DiscoveryServer()
    mapper = RESTMapper(cache_of(kind, server, tmp_path))
    await mapper.resolve("po")
    server.failures = {"/api": PAGE, "/apis": error_status(503, "ServiceUnavailable")}
    with pytest.raises(kubeloop.DecodeError):
        await mapper.resolve(FOO)
    assert str(await mapper.resolve("deploy")) == "deployments.v1.apps"


@in_virtual_time
async def test_fifty_calls_to_a_server_that_is_silent_wait_once() -> None:
    server = DiscoveryServer(timeout=10.0)
    server.failures["/apis"] = ScriptedResponse(chunks=[Hang()])
    mapper = RESTMapper(MemoryDiscovery(server.client()))
    found = await asyncio.gather(*(mapper.resolve("po") for _ in range(50)), return_exceptions=True)
    assert {type(each) for each in found} == {kubeloop.RequestTimeout}
    assert elapsed() == pytest.approx(10.0, abs=0.5)
    assert server.paths == ["/api", "/apis"]
    assert server.transport.open_streams == 0


@in_virtual_time
async def test_a_connection_that_is_cut_in_the_document_is_an_error() -> None:
    server = DiscoveryServer()
    document = json.dumps(aggregated_document(server.resources)).encode()
    whole = ScriptedResponse(chunks=[document], headers={"Content-Type": AGGREGATED_TYPE, "ETag": '"x"'})
    mapper = RESTMapper(MemoryDiscovery(server.client()))
    for after in (0, 1, len(document) // 2, len(document) - 1):
        server.failures["/apis"] = whole.cut(after)
        with pytest.raises(kubeloop.TransportError):
            await mapper.resolve("po")
    server.failures.clear()
    assert str(await mapper.resolve("po")) == "pods.v1."


@in_virtual_time
async def test_a_document_that_ends_early_is_an_error() -> None:
    server = DiscoveryServer()
    document = json.dumps(aggregated_document(server.resources)).encode()
    server.failures["/apis"] = ScriptedResponse(chunks=[document[:-5]], headers={"Content-Type": AGGREGATED_TYPE})
    with pytest.raises(kubeloop.DecodeError):
        await RESTMapper(MemoryDiscovery(server.client())).resolve("po")


@in_virtual_time
async def test_304_without_a_tag_is_an_error_and_no_empty_server() -> None:
    server = DiscoveryServer()
    server.failures["/apis"] = ScriptedResponse(304)
    with pytest.raises(kubeloop.APIError, match="304"):
        await RESTMapper(MemoryDiscovery(server.client())).resolve("po")


@in_virtual_time
async def test_groups_and_resources_with_strange_names_hide_no_other() -> None:
    server = DiscoveryServer()
    document = aggregated_document(server.resources)
    strange = [
        {"metadata": {"name": "../.."}, "versions": [{"version": "v1", "resources": []}]},
        {"metadata": {"name": "a.io"}, "versions": [{"version": "v1/../..", "resources": []}]},
        {"metadata": {"name": ""}, "versions": []},
        {"metadata": {"name": "b.io"}, "versions": None},
        {"metadata": {"name": "c.io"}, "versions": [{"version": "v1", "resources": [
            {"resource": "", "responseKind": {"kind": "Empty"}, "scope": "Namespaced"},
            {"resource": "nokind", "scope": "Namespaced"},
            {"resource": "null", "responseKind": None, "shortNames": None, "verbs": None, "scope": ""},
            {"resource": "..", "responseKind": {"kind": "Evil"}, "scope": "Cluster", "shortNames": ["evil"]},
        ]}]},
    ]  # fmt: skip
    document["items"] = [*strange, *document["items"], document["items"][-1]]
    headers = {"Content-Type": AGGREGATED_TYPE}
    server.failures["/apis"] = ScriptedResponse.of(document, headers=headers)
    clientset = kubeloop.Clientset(server.config, transport=server.transport)
    assert str(await clientset.mapper.resolve("deploy")) == "deployments.v1.apps"
    with pytest.raises(ValueError, match=r"\.\."):
        await clientset.resolve("evil")
    with pytest.raises(kubeloop.DiscoveryIncomplete):
        await clientset.resolve("foos.a.io")
    assert all(path in ("/api", "/apis") for path in server.paths)


@in_virtual_time
async def test_two_programs_on_one_disk_survive_a_server_that_changes_between_their_files(tmp_path: Path) -> None:
    server = DiscoveryServer()
    first, second = (DiskDiscovery(server.client(), DiskCache(tmp_path)) for _ in range(2))

    async def flap() -> None:
        for round_ in range(20):
            if round_ % 2:
                server.resources.pop("example.com/v1", None)
            else:
                server.create_crd()
            await asyncio.sleep(0)

    async def read(cache: DiskDiscovery) -> None:
        for _ in range(10):
            cache.invalidate()
            await cache.server_groups()

    await asyncio.gather(flap(), read(first), read(second))
    server.create_crd()
    mapper = RESTMapper(DiskDiscovery(server.client(), DiskCache(tmp_path)))
    assert str(await mapper.resolve(FOO)) == "foos.v1.example.com"
