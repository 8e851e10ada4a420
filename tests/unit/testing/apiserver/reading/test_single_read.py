"""The verb get: versions, waiting, and objects that do not exist."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop.errors import APIError, BadRequest, GatewayTimeout, NotFound
from kubeloop.wire.response import Response
from tests.support.read_world import RESOURCES, Server, World, waiting

A = "/api/v1/namespaces/ns/pods/a"


def body(result: object) -> dict[str, Any]:
    assert isinstance(result, Response)
    assert (result.status, result.headers["Content-Type"]) == (200, "application/json")
    document: dict[str, Any] = json.loads(result.body)
    return document


def phase(result: object) -> str:
    return str(body(result)["status"]["phase"])


@pytest.fixture
def world() -> World:
    """A Pod that was created at 2 and updated at 3, another one at 4, and a watch cache that is held at 2."""
    world = World()
    world.put("a", phase="old")
    world.cache.hold()
    world.put("a", phase="new")
    world.put("b")
    return world


def test_an_object_has_kind_and_api_version(world: World) -> None:
    found = body(world.send(A))
    assert (found["kind"], found["apiVersion"]) == ("Pod", "v1")
    assert (found["metadata"]["name"], found["metadata"]["resourceVersion"]) == ("a", "3")


def test_without_a_version_the_storage_answers(world: World) -> None:
    assert phase(world.send(A)) == "new"


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_a_version_that_the_watch_cache_has_seen_is_answered_by_it(world: World, version: str) -> None:
    assert phase(world.send(f"{A}?resourceVersion={version}")) == "old"


@pytest.mark.parametrize("version", ["3", "4"])
def test_a_newer_version_waits_for_the_watch_cache(world: World, version: str) -> None:
    wait = waiting(world.send(f"{A}?resourceVersion={version}"))
    assert (wait.revision, wait.deadline) == (int(version), 1003.0)
    assert waiting(wait.resume(1001.0)) == wait
    world.cache.release()
    assert phase(wait.resume(1002.0)) == "new"


def test_the_watch_cache_may_get_there_at_the_last_moment(world: World) -> None:
    wait = waiting(world.send(f"{A}?resourceVersion=3"))
    world.cache.release()
    assert phase(wait.resume(1003.0)) == "new"


def test_a_version_that_does_not_exist_is_too_large_after_three_seconds(world: World) -> None:
    world.cache.release()
    wait = waiting(world.send(f"{A}?resourceVersion=9223372036854775807"))
    with pytest.raises(GatewayTimeout) as caught:
        wait.resume(1003.0)
    status = caught.value.status
    assert status.message == "Timeout: Too large resource version: 9223372036854775807, current: 4"
    assert (status.code, status.retry_after) == (504, 1.0)
    assert caught.value.has_cause("ResourceVersionTooLarge")


def test_a_resource_without_changes_learns_of_the_progress_of_the_storage() -> None:
    world = World()
    world.put("a")
    revision = world.put("n", resource="nodes")
    assert body(world.send(f"{A}?resourceVersion={revision}"))["metadata"]["name"] == "a"


@pytest.mark.parametrize("query", ["", "?resourceVersion=0", "?resourceVersion=2"])
@pytest.mark.parametrize(("path", "resource", "message"), [
    ("/api/v1/namespaces/ns/pods/x", "pods", 'pods "x" not found'),
    ("/api/v1/nodes/x", "nodes", 'nodes "x" not found'),
    ("/apis/example.com/v1/namespaces/ns/widgets/x", "widgets", 'widgets.example.com "x" not found'),
])  # fmt: skip
def test_an_object_that_does_not_exist(world: World, path: str, query: str, resource: str, message: str) -> None:
    world.cache.release()
    with pytest.raises(NotFound) as caught:
        world.send(path + query)
    status = caught.value.status
    assert (status.message, status.name, status.kind) == (message, "x", resource)
    assert status.group == RESOURCES[resource].group


def test_the_watch_cache_may_not_know_a_new_object(world: World) -> None:
    with pytest.raises(NotFound):
        world.send("/api/v1/namespaces/ns/pods/b?resourceVersion=0")
    assert body(world.send("/api/v1/namespaces/ns/pods/b"))["metadata"]["name"] == "b"


def test_each_server_has_its_own_watch_cache(world: World) -> None:
    other: Server = world.server()
    assert phase(other.send(f"{A}?resourceVersion=0")) == "new"
    assert phase(world.send(f"{A}?resourceVersion=0")) == "old"


def test_a_text_that_is_no_version_is_an_error_of_the_server(world: World) -> None:
    with pytest.raises(APIError) as caught:
        world.send(f"{A}?resourceVersion=abc")
    assert caught.value.code == 500


@pytest.mark.parametrize(("name", "message"), [
    (".", "Name parameter invalid: \".\": may not be '.'"),
    ("..", "Name parameter invalid: \"..\": may not be '..'"),
    ("a%25b", "Name parameter invalid: \"a%b\": may not contain '%'"),
])  # fmt: skip
def test_refuses_a_name_that_no_object_can_have(world: World, name: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        world.send(f"/api/v1/namespaces/ns/pods/{name}")
    assert caught.value.status.message == message


@pytest.mark.parametrize(("value", "is_refused"), [("true", True), ("", True), ("false", False), ("0", False)])
def test_refuses_the_removed_option_export(world: World, value: str, is_refused: bool) -> None:
    if not is_refused:
        assert phase(world.send(f"{A}?export={value}")) == "new"
        return
    with pytest.raises(BadRequest, match=r"the export parameter, deprecated since v1\.14, is no longer supported"):
        world.send(f"{A}?export={value}")
