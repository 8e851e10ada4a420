"""MemoryDiscovery: what is kept and what is asked for again. Scenarios of client-go discovery/cached/memory."""

from __future__ import annotations

import asyncio

import pytest

import kubeloop
from kubeloop.discovery import MemoryDiscovery
from kubeloop.meta.gvk import GroupVersion
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.discovery_server import DiscoveryServer
from tests.support.scripted_transport import ScriptedResponse, error_status

LEGACY = ["/api", "/apis", "/api/v1", "/apis/apps/v1"]


def connected(*, is_aggregated: bool = True) -> tuple[MemoryDiscovery, DiscoveryServer]:
    server = DiscoveryServer()
    server.is_aggregated = is_aggregated
    return MemoryDiscovery(server.client()), server


@in_virtual_time
@pytest.mark.parametrize("is_aggregated", [True, False])
async def test_everything_is_read_once(is_aggregated: bool) -> None:
    cache, server = connected(is_aggregated=is_aggregated)
    assert not cache.is_fresh
    groups, lists = await cache.server_groups_and_resources()
    assert [group.name for group in groups] == ["", "apps"]
    assert [each.group_version for each in lists] == ["v1", "apps/v1"]
    assert await cache.server_groups() == groups
    assert await cache.server_resources_for_group_version("apps/v1") == lists[1]
    assert [each.group_version for each in await cache.server_preferred_resources()] == ["v1", "apps/v1"]
    assert [row.name for row in await cache.api_resources()] == ["pods", "deployments"]
    assert cache.is_fresh
    assert sorted(server.paths) == sorted(["/api", "/apis"] if is_aggregated else LEGACY)


@in_virtual_time
@pytest.mark.parametrize("path", ["/api", "/apis"])
async def test_a_server_of_which_one_document_is_in_the_older_form_is_read_in_it(path: str) -> None:
    cache, server = connected()
    older = DiscoveryServer()
    older.is_aggregated = False
    server.failures[path] = older.document(path)
    found = await cache.server_groups_and_resources()
    assert [each.group_version for each in found.resources] == ["v1", "apps/v1"]
    assert sorted(server.paths) == sorted(LEGACY)


@in_virtual_time
async def test_after_invalidate_the_server_confirms_what_has_not_changed() -> None:
    cache, server = connected()
    before = await cache.server_groups_and_resources()
    cache.invalidate()
    assert not cache.is_fresh
    assert await cache.server_groups_and_resources() == before
    assert server.responses == {200: 2, 304: 2}
    server.create_crd()
    cache.invalidate()
    assert [group.name for group in await cache.server_groups()] == ["", "apps", "example.com"]
    assert server.responses == {200: 3, 304: 3}


@in_virtual_time
async def test_a_server_without_etags_is_asked_for_everything() -> None:
    cache, server = connected()
    server.sends_tags = False
    await cache.server_groups()
    cache.invalidate()
    await cache.server_groups()
    assert server.responses == {200: 4}
    assert all("If-None-Match" not in request.headers for request in server.transport.requests)


@in_virtual_time
async def test_an_unknown_group_version_is_not_asked_for() -> None:
    cache, server = connected()
    with pytest.raises(
        kubeloop.NoMatch, match=r"the server at https://server:6443 does not serve nobody\.example\.com/v1"
    ):
        await cache.server_resources_for_group_version("nobody.example.com/v1")
    assert server.paths == ["/api", "/apis"]


@in_virtual_time
async def test_a_failure_of_the_groups_is_not_kept() -> None:
    cache, server = connected()
    server.failures["/apis"] = error_status(503, "ServiceUnavailable")
    with pytest.raises(kubeloop.ServiceUnavailable):
        await cache.server_groups()
    assert not cache.is_fresh
    server.failures.clear()
    assert len(await cache.server_groups()) == 2


@in_virtual_time
async def test_a_transient_failure_of_one_group_version_is_asked_for_again_alone() -> None:
    cache, server = connected(is_aggregated=False)
    server.failures["/apis/apps/v1"] = error_status(503, "ServiceUnavailable")
    with pytest.raises(
        kubeloop.DiscoveryIncomplete, match=r"discovery failed for apps/v1; .*requested again by the next"
    ):
        await cache.server_resources_for_group_version("apps/v1")
    server.failures.clear()
    del server.transport.requests[:]
    listed = await cache.server_resources_for_group_version("apps/v1")
    assert listed.resources[0].name == "deployments"
    assert (await cache.contents()).failures == {}
    assert server.paths == ["/apis/apps/v1"]


@in_virtual_time
async def test_a_permanent_failure_of_one_group_version_is_kept_until_invalidate() -> None:
    cache, server = connected(is_aggregated=False)
    server.failures["/apis/apps/v1"] = error_status(403, "Forbidden")
    for _ in range(2):
        with pytest.raises(kubeloop.DiscoveryIncomplete, match=r"requested again after invalidate\(\)"):
            await cache.server_resources_for_group_version("apps/v1")
    assert server.paths.count("/apis/apps/v1") == 1
    server.failures.clear()
    cache.invalidate()
    assert (await cache.server_resources_for_group_version("apps/v1")).resources


@in_virtual_time
async def test_a_transient_failure_is_repeated_by_the_next_call_for_everything() -> None:
    cache, server = connected(is_aggregated=False)
    server.failures["/apis/apps/v1"] = error_status(429, "TooManyRequests")
    assert list((await cache.server_groups_and_resources(allow_partial=True)).failures) == [GroupVersion("apps", "v1")]
    server.failures.clear()
    assert (await cache.server_groups_and_resources()).failures == {}


@in_virtual_time
async def test_a_cancelled_read_is_no_failure_that_is_kept() -> None:
    cache, server = connected()
    call = asyncio.create_task(cache.server_groups())
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(await cache.server_groups()) == 2
    assert server.transport.open_streams == 0


@in_virtual_time
async def test_a_stale_group_version_is_a_failure_and_hides_nothing_else() -> None:
    cache, server = connected()
    server.stale = ("apps/v1",)
    found = await cache.server_groups_and_resources(allow_partial=True)
    assert [each.group_version for each in found.resources] == ["v1"]
    with pytest.raises(kubeloop.DiscoveryIncomplete, match="stale"):
        await cache.server_groups_and_resources()
    with pytest.raises(kubeloop.DiscoveryIncomplete, match="stale"):
        await cache.server_resources_for_group_version("apps/v1")
    assert server.paths == ["/api", "/apis"]


@in_virtual_time
async def test_garbage_is_an_error_and_the_tag_of_garbage_is_not_believed() -> None:
    cache, server = connected()
    server.failures["/apis"] = ScriptedResponse.text("<html>", content_type="text/html", headers={"ETag": '"x"'})
    with pytest.raises(kubeloop.DecodeError, match="is this the address of an API server"):
        await cache.server_groups()
    server.failures.clear()
    assert len(await cache.server_groups()) == 2


@in_virtual_time
async def test_the_version_of_the_server_is_not_kept() -> None:
    cache, server = connected()
    server.failures["/version"] = ScriptedResponse.of({"gitVersion": "v1.37.0"})
    assert [str(await cache.server_version()) for _ in range(2)] == ["v1.37.0"] * 2
    assert server.paths == ["/version"] * 2


@in_virtual_time
async def test_its_repr_names_the_server() -> None:
    cache, _ = connected()
    assert repr(cache) == "<MemoryDiscovery at https://server:6443: <SharedRead, empty>>"
