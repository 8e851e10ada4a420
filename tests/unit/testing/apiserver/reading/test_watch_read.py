"""The verb watch: what it begins with, and its errors."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import APIError, BadRequest, Invalid
from kubeloop.testing.apiserver.encoding.output import Output
from tests.support.read_world import World, events, shorts, stream, waiting

NEWER: dict[str, Any] = {"resourceVersionMatch": "NotOlderThan"}
INITIAL: dict[str, Any] = {"sendInitialEvents": "true", **NEWER}
NO_INITIAL: dict[str, Any] = {"sendInitialEvents": "false", **NEWER}
MARKED: dict[str, Any] = {"allowWatchBookmarks": "true"}


@pytest.fixture
def world() -> World:
    """Pods of 2, 3 and 4, of which one was updated at 5; a Node at 6."""
    world = World()
    world.put("b")
    world.put("a")
    world.put("c", "other")
    world.put("b", phase="new")
    world.put("node", resource="nodes")
    return world


OBJECTS = ["ADDED a@3", "ADDED b@5", "ADDED c@4"]
CHANGES = ["ADDED b@2", "ADDED a@3", "ADDED c@4", "MODIFIED b@5"]


class TestBeginning:
    """`RunWatchSemantics`: initial events and what follows."""

    @pytest.mark.parametrize(("query", "first", "mark"), [
        ({**INITIAL, **MARKED}, OBJECTS, 6),
        ({**NO_INITIAL, **MARKED}, [], 0),
        (NO_INITIAL, [], 0),
        (INITIAL, OBJECTS, 0),
        ({"resourceVersion": "0", **INITIAL, **MARKED}, OBJECTS, 5),
        ({"resourceVersion": "0", **NO_INITIAL, **MARKED}, [], 0),
        ({"resourceVersion": "0", **NO_INITIAL}, [], 0),
        ({"resourceVersion": "0", **INITIAL}, OBJECTS, 0),
        ({"resourceVersion": "1", **INITIAL, **MARKED}, OBJECTS, 5),
        ({"resourceVersion": "1", **NO_INITIAL, **MARKED}, CHANGES, 0),
        ({"resourceVersion": "1", **NO_INITIAL}, CHANGES, 0),
        ({"resourceVersion": "1", **INITIAL}, OBJECTS, 0),
        ({"resourceVersion": "6", **INITIAL, **MARKED}, OBJECTS, 6),
        ({"resourceVersion": "6", **NO_INITIAL, **MARKED}, [], 0),
        ({"resourceVersion": "5", **NO_INITIAL}, [], 0),
        ({"resourceVersion": "6", **INITIAL}, OBJECTS, 0),
        ({"resourceVersion": "0"}, OBJECTS, 0),
        ({"resourceVersion": "0", **MARKED}, OBJECTS, 5),
        ({}, OBJECTS, 0),
        (MARKED, OBJECTS, 6),
        ({"resourceVersion": "3"}, CHANGES[2:], 0),
        ({"resourceVersion": "5"}, [], 0),
    ])  # fmt: skip
    def test_a_watch_begins_as_its_options_say(
        self, world: World, query: dict[str, Any], first: list[str], mark: int
    ) -> None:
        running = world.watch(**query)
        found = events(running, world.now)
        assert [event.short for event in found] == first + [f"BOOKMARK @{mark}"] * bool(mark)
        if mark:
            assert found[-1].object["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        world.put("d")
        world.put("d", phase="new")
        world.delete("a")
        assert shorts(running, world.now) == ["ADDED d@7", "MODIFIED d@8", "DELETED a@9"]

    def test_a_watch_by_its_path_begins_with_the_objects_and_has_no_mark(self, world: World) -> None:
        running = stream(world.send("/api/v1/watch/namespaces/ns/pods?allowWatchBookmarks=true"))
        assert shorts(running, world.now) == ["ADDED a@3", "ADDED b@5"]

    def test_a_watch_by_its_path_of_one_object(self, world: World) -> None:
        running = stream(world.send("/api/v1/watch/namespaces/ns/pods/a"))
        world.put("aa")
        world.put("a", phase="new")
        assert shorts(running, world.now) == ["ADDED a@3", "MODIFIED a@8"]

    @pytest.mark.parametrize(("namespace", "query", "first"), [
        ("ns", {}, ["ADDED a@3", "ADDED b@5"]),
        ("n", {}, []),
        ("", {"fieldSelector": "metadata.namespace=ns"}, ["ADDED a@3", "ADDED b@5"]),
        ("ns", {"fieldSelector": "metadata.name=a"}, ["ADDED a@3"]),
        ("", {"fieldSelector": "metadata.name=a"}, ["ADDED a@3"]),
        ("ns", {"fieldSelector": "metadata.name=missing"}, []),
        ("", {"fieldSelector": "status.phase=new"}, ["ADDED b@5"]),
        ("", {"labelSelector": "app=web"}, []),
    ])  # fmt: skip
    def test_the_objects_are_selected_and_the_mark_has_the_version_of_the_storage(
        self, world: World, namespace: str, query: dict[str, Any], first: list[str]
    ) -> None:
        running = world.watch(namespace, **query, **INITIAL, **MARKED)
        assert shorts(running, world.now) == [*first, "BOOKMARK @6"]

    def test_objects_of_the_cluster(self, world: World) -> None:
        running = world.watch(resource="nodes")
        world.put("another", resource="nodes")
        assert shorts(running, world.now) == ["ADDED node@6", "ADDED another@7"]

    def test_many_objects_are_sent_in_slices(self) -> None:
        world = World()
        for number in range(1200):
            world.put(f"p{number:04}")
        running = world.watch(**MARKED)
        assert len(running.take(world.now)) == 500
        assert running.deadline == world.now
        world.put("later")
        assert shorts(running, world.now)[-3:] == ["ADDED p1199@1201", "BOOKMARK @1201", "ADDED later@1202"]
        assert running.deadline is not None
        assert running.deadline > world.now

    def test_the_headers(self, world: World) -> None:
        running = world.watch()
        assert (running.status, running.headers["Content-Type"]) == (200, "application/json")
        protobuf = Output("protobuf", "application/vnd.kubernetes.protobuf")
        other = stream(world.send("/api/v1/pods?watch=1", output=protobuf))
        assert other.headers["Content-Type"] == "application/vnd.kubernetes.protobuf;stream=watch"


class TestWaiting:
    """A watch cache that is behind."""

    @pytest.mark.parametrize("query", [{}, INITIAL, {**INITIAL, **MARKED}, {"resourceVersion": "7", **INITIAL}])
    def test_a_watch_that_begins_with_objects_waits_for_them(self, world: World, query: dict[str, Any]) -> None:
        world.cache.hold()
        world.put("d")
        wait = waiting(world.send(world.path("pods", watch="1", **query)))
        assert (wait.revision, wait.deadline) == (7, 1003.0)
        world.cache.release()
        assert "ADDED d@7" in shorts(stream(wait.resume(1001.0)), 1001.0)

    @pytest.mark.parametrize("query", [
        {"resourceVersion": "0"}, {"resourceVersion": "6", **INITIAL}, NO_INITIAL, {"resourceVersion": "7"},
    ])  # fmt: skip
    def test_other_watches_do_not_wait(self, world: World, query: dict[str, Any]) -> None:
        world.cache.hold()
        world.put("d")
        running = world.watch(**query)
        assert "ADDED d@7" not in shorts(running, world.now)

    def test_a_version_that_the_watch_cache_does_not_reach_is_an_event(self, world: World) -> None:
        wait = waiting(world.send(world.path("pods", watch="1", resourceVersion="99", **INITIAL)))
        running = stream(wait.resume(1003.0))
        (event,) = events(running, 1003.0)
        assert (running.status, event.type, running.is_finished) == (200, "ERROR", True)
        assert event.object["message"] == "Timeout: Too large resource version: 99, current: 6"
        assert (event.object["code"], event.object["reason"]) == (504, "Timeout")

    def test_a_watch_after_a_version_in_the_future_is_silent_until_then(self, world: World) -> None:
        running = world.watch(resourceVersion="8")
        world.put("d")
        world.put("e")
        assert shorts(running, world.now) == []
        world.put("f")
        assert shorts(running, world.now) == ["ADDED f@9"]

    def test_a_watch_of_now_is_of_what_the_storage_has(self, world: World) -> None:
        world.cache.hold()
        world.put("d")
        running = world.watch(**NO_INITIAL)
        world.put("e")
        world.cache.release()
        assert shorts(running, world.now) == ["ADDED e@8"]

    def test_a_watch_of_any_version_without_objects_is_of_what_the_watch_cache_sees_next(self, world: World) -> None:
        world.cache.hold()
        world.put("d")
        running = world.watch(resourceVersion="0", **NO_INITIAL)
        world.cache.release()
        assert shorts(running, world.now) == ["ADDED d@7"]


class TestTooOld:
    """A version that has left the window."""

    @pytest.mark.parametrize(("version", "oldest"), [("4", "5"), ("1", "5")])
    def test_an_event_says_so_in_a_stream_that_ends(self, version: str, oldest: str) -> None:
        world = World(capacity=2)
        for name in "abcdef":
            world.put(name)
        running = world.watch(resourceVersion=version)
        first_deadline = running.deadline
        (event,) = events(running, world.now)
        assert (running.status, running.is_finished) == (200, True)
        assert (first_deadline, running.deadline) == (0.0, None)
        assert event.type == "ERROR"
        assert (event.object["kind"], event.object["code"], event.object["reason"]) == ("Status", 410, "Expired")
        assert event.object["message"] == f"too old resource version: {version} ({oldest})"
        assert running.take(world.now) == []

    def test_the_oldest_version_of_the_window_is_not_too_old(self) -> None:
        world = World(capacity=2)
        for name in "abcdef":
            world.put(name)
        assert shorts(world.watch(resourceVersion="5"), world.now) == ["ADDED e@6", "ADDED f@7"]

    def test_a_server_that_has_just_started_knows_no_older_version(self, world: World) -> None:
        world.restart()
        assert shorts(world.watch(resourceVersion="6"), world.now) == []
        (event,) = events(world.watch(resourceVersion="5"), world.now)
        assert event.object["message"] == "too old resource version: 5 (6)"

    def test_a_compaction_of_the_storage_takes_nothing_from_the_window(self, world: World) -> None:
        world.storage.compact(6)
        assert shorts(world.watch(resourceVersion="1"), world.now) == CHANGES

    def test_a_stream_with_an_error_can_be_closed(self, world: World) -> None:
        world.restart()
        running = world.watch(resourceVersion="1")
        running.close()
        assert (running.is_finished, running.take(world.now)) == (True, [])


@pytest.mark.parametrize(("query", "error", "message"), [
    ({"resourceVersion": "abc"}, APIError, "resourceVersion: Invalid value: "),
    ({"resourceVersionMatch": "NotOlderThan", "resourceVersion": "5"}, Invalid,
     'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '),
    ({"fieldSelector": "spec.color=red"}, BadRequest, "field label not supported: spec.color"),
])  # fmt: skip
def test_refuses_options_before_the_stream_begins(
    world: World, query: dict[str, Any], error: type[APIError], message: str
) -> None:
    with pytest.raises(error) as caught:
        world.watch(**query)
    assert caught.value.status.message.startswith(message)
