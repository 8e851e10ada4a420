"""RESTMapper: when the server is asked, how often, and what a miss means. Virtual time."""

from __future__ import annotations

import asyncio
import logging

import pytest

import kubeloop
from kubeloop import GroupKind, GroupResource, GroupVersionKind, GroupVersionResource
from kubeloop.discovery import MemoryDiscovery, RESTMapper
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.discovered import resource
from tests.support.discovery_server import DiscoveryServer

ONE_READ = ["/api", "/apis"]


def connected(**settings: object) -> tuple[RESTMapper, DiscoveryServer]:
    server = DiscoveryServer()
    return RESTMapper(MemoryDiscovery(server.client()), **settings), server  # type: ignore[arg-type]


@in_virtual_time
async def test_nothing_is_requested_before_the_first_call() -> None:
    mapper, server = connected()
    assert repr(mapper) == "<RESTMapper at https://server:6443: nothing read>"
    assert mapper.peek(GroupVersionKind("", "v1", "Pod")) is None
    assert server.paths == []


@in_virtual_time
async def test_known_names_need_no_further_request() -> None:
    mapper, server = connected()
    for name in ("po", "deploy", "Deployment.v1.apps", GroupVersionKind("", "v1", "Pod")):
        await mapper.resolve(name)
    assert server.paths == ONE_READ
    assert repr(mapper) == "<RESTMapper at https://server:6443: 2 resources>"


@in_virtual_time
async def test_every_question_is_answered() -> None:
    mapper, _ = connected()
    pods = GroupVersionResource("", "v1", "pods")
    partial = GroupVersionResource("", "", "po")
    assert (await mapper.mapping(GroupKind("", "Pod"))).resource == pods
    assert [each.resource for each in await mapper.mappings(GroupKind("", "Pod"), "v1")] == [pods]
    assert await mapper.resource_for(partial) == pods
    assert await mapper.resources_for(partial) == (pods,)
    assert await mapper.kind_for(partial) == GroupVersionKind("", "v1", "Pod")
    assert await mapper.kinds_for(partial) == (GroupVersionKind("", "v1", "Pod"),)
    assert await mapper.singular("po") == "pod"
    assert await mapper.expand_category("all") == (GroupResource("", "pods"),)
    assert await mapper.expand_category("none") is None
    assert len(await mapper.table()) == 2


@in_virtual_time
async def test_a_resource_that_was_created_between_two_calls_is_found_by_one_refresh() -> None:
    mapper, server = connected()
    await mapper.resolve("pods")
    server.create_crd()
    assert str(await mapper.resolve("foos")) == "foos.v1.example.com"
    assert server.paths == ONE_READ * 2


@in_virtual_time
async def test_a_miss_in_contents_that_were_read_after_the_call_began_is_believed() -> None:
    mapper, server = connected()
    with pytest.raises(kubeloop.NoMatch, match="no resource or kind 'foos'"):
        await mapper.resolve("foos")
    assert server.paths == ONE_READ


@in_virtual_time
async def test_each_later_miss_costs_one_refresh_that_the_server_only_confirms() -> None:
    mapper, server = connected()
    await mapper.resolve("pods")
    for _ in range(3):
        with pytest.raises(kubeloop.NoMatch):
            await mapper.resolve("foos")
    assert server.responses == {200: 2, 304: 6}


@in_virtual_time
async def test_fifty_misses_at_once_share_one_refresh() -> None:
    mapper, server = connected()
    await mapper.resolve("pods")
    server.create_crd()
    found = await asyncio.gather(*(mapper.resolve("foos") for _ in range(50)))
    assert {str(each) for each in found} == {"foos.v1.example.com"}
    assert server.paths == ONE_READ * 2


@in_virtual_time
async def test_fifty_first_calls_share_one_read_and_need_no_refresh_to_be_sure() -> None:
    mapper, server = connected()
    found = await asyncio.gather(*(mapper.resolve("foos") for _ in range(50)), return_exceptions=True)
    assert {type(each) for each in found} == {kubeloop.NoMatch}
    assert server.paths == ONE_READ


@in_virtual_time
async def test_a_miss_while_the_server_fails_is_the_failure_and_not_a_missing_kind() -> None:
    mapper, server = connected()
    await mapper.resolve("pods")
    server.failures["/apis"] = kubeloop.ConnectionLost("lost", method="GET", path="/apis", retryable=False)
    with pytest.raises(kubeloop.ConnectionLost):
        await mapper.resolve("foos")
    assert str(await mapper.resolve("po")) == "pods.v1."  # what was known stays known
    server.failures.clear()
    with pytest.raises(kubeloop.NoMatch):
        await mapper.resolve("foos")


@in_virtual_time
async def test_a_miss_in_a_stale_group_names_the_group_until_it_is_back() -> None:
    mapper, server = connected()
    server.create_crd()
    server.stale = ("example.com/v1",)
    for name in ("foos", "foos.example.com", GroupVersionKind("example.com", "v1", "Foo")):
        with pytest.raises(kubeloop.DiscoveryIncomplete, match=r"discovery failed for example\.com/v1; .* stale"):
            await mapper.resolve(name)
    with pytest.raises(kubeloop.NoMatch):
        await mapper.resolve("foos.apps")
    server.stale = ()
    assert str(await mapper.resolve("foos")) == "foos.v1.example.com"


@in_virtual_time
async def test_an_invalidated_mapper_asks_again_and_knows_what_was_removed() -> None:
    mapper, server = connected()
    server.create_crd()
    await mapper.resolve("foos")
    del server.resources["example.com/v1"]
    assert str(await mapper.resolve("foos")) == "foos.v1.example.com"
    mapper.invalidate()
    assert mapper.peek(GroupVersionKind("", "v1", "Pod")) is None
    with pytest.raises(kubeloop.NoMatch):
        await mapper.resolve("foos")


@in_virtual_time
async def test_peek_answers_without_a_request() -> None:
    mapper, server = connected()
    await mapper.table()
    found = mapper.peek(GroupVersionKind("apps", "v1", "Deployment"))
    assert found is not None
    assert found.resource.resource == "deployments"
    assert mapper.peek(GroupVersionResource("apps", "v1", "foos")) is None
    assert server.paths == ONE_READ


@in_virtual_time
async def test_a_short_name_of_several_resources_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    mapper, server = connected()
    server.resources["acme.com/v1"] = [resource("poddlers", "Poddler", short=("po",))]
    with caplog.at_level(logging.WARNING, "kubeloop.discovery"):
        for _ in range(2):
            assert str(await mapper.resolve("po")) == "pods.v1."
    assert [record.getMessage() for record in caplog.records] == [
        "mapper at https://server:6443: the short name 'po' means pods; poddlers.acme.com has it too"
    ]


@in_virtual_time
async def test_warnings_go_to_the_function_that_was_given() -> None:
    warnings: list[str] = []
    mapper, server = connected(on_warning=warnings.append)
    server.resources["acme.com/v1"] = [resource("poddlers", "Poddler", short=("po",))]
    await mapper.resolve("po")
    await mapper.resolve("pods")
    assert warnings == ["the short name 'po' means pods; poddlers.acme.com has it too"]


@in_virtual_time
async def test_a_cancelled_call_leaves_the_others_their_answer() -> None:
    mapper, server = connected()
    calls = [asyncio.create_task(mapper.resolve("po")) for _ in range(3)]
    await asyncio.sleep(0)
    calls[0].cancel()
    assert [str(each) for each in await asyncio.gather(*calls[1:])] == ["pods.v1."] * 2
    assert server.transport.open_streams == 0
