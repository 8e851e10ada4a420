"""A running watch: changes, bookmarks, slow readers and the end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop.testing.apiserver.encoding.output import Output
from kubeloop.testing.apiserver.storage.stored import Key
from tests.support.read_world import World, events, shorts, stream

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


class TestEnd:
    """`timeoutSeconds`, and what ends a watch."""

    def test_a_watch_ends_after_its_timeout(self, world: World) -> None:
        running = world.watch(timeoutSeconds="30", resourceVersion="6")
        assert running.deadline == 1030.0
        ends = [(running.take(time), running.is_finished) for time in (1029.9, 1030.0)]
        assert ends == [([], False), ([], True)]
        world.put("d")
        assert running.take(1031.0) == []

    def test_a_negative_timeout_has_passed(self, world: World) -> None:
        running = world.watch(timeoutSeconds="-5", resourceVersion="6")
        assert (running.take(world.now), running.is_finished) == ([], True)

    def test_what_has_arrived_before_the_end_is_sent(self, world: World) -> None:
        running = world.watch(timeoutSeconds="30", resourceVersion="6")
        world.put("d")
        assert shorts(running, 1030.0) == ["ADDED d@7"]
        assert running.is_finished

    @pytest.mark.parametrize("query", [{}, {"timeoutSeconds": "0"}])
    def test_without_a_timeout_the_server_chooses_one(self, world: World, query: dict[str, Any]) -> None:
        deadline = world.watch(resourceVersion="6", **query).deadline
        assert deadline is not None
        assert 1000.0 + 1800.0 <= deadline < 1000.0 + 3600.0
        assert world.watch(resourceVersion="6", **query).deadline == deadline

    def test_a_closed_watch_is_finished_and_leaves_the_watch_cache(self, world: World) -> None:
        running = world.watch(resourceVersion="6")
        woken: list[int] = []
        running.on_ready = lambda: woken.append(1)
        running.close()
        running.close()
        world.put("d")
        assert (running.is_finished, running.deadline, running.take(world.now), woken) == (True, None, [], [])


class TestBookmarks:
    """What `allowWatchBookmarks` adds."""

    def test_a_bookmark_each_minute_and_before_the_end_if_something_has_happened(self, world: World) -> None:
        running = world.watch(resourceVersion="6", timeoutSeconds="150", **MARKED)
        assert (running.deadline, shorts(running, 1060.0)) == (1060.0, [])
        world.put("d")
        assert shorts(running, 1061.0) == ["ADDED d@7"]
        assert (running.deadline, shorts(running, 1120.0)) == (1120.0, ["BOOKMARK @7"])
        assert (running.deadline, shorts(running, 1148.0)) == (1148.0, ["BOOKMARK @7"])
        assert (running.deadline, shorts(running, 1150.0)) == (1150.0, [])
        assert running.is_finished

    def test_a_bookmark_has_only_its_version(self, world: World) -> None:
        running = world.watch(resourceVersion="5", **MARKED)
        world.put("x", "elsewhere")
        events(running, world.now)
        (bookmark,) = events(running, 1060.0)
        assert (bookmark.object["kind"], bookmark.object["apiVersion"]) == ("Pod", "v1")
        assert bookmark.object["metadata"] == {"resourceVersion": "7"}

    def test_a_bookmark_tells_of_changes_that_the_watch_does_not_select(self, world: World) -> None:
        running = world.watch("ns", resourceVersion="6", labelSelector="app=web", **MARKED)
        world.put("x", "elsewhere")
        world.put("y")
        assert shorts(running, 1060.0) == ["BOOKMARK @8"]

    def test_a_change_of_another_resource_is_known_after_a_read_that_needs_it(self, world: World) -> None:
        running = world.watch(resourceVersion="6", **MARKED)
        revision = world.put("another", resource="nodes")
        assert shorts(running, 1060.0) == []
        assert world.list().revision == revision
        assert shorts(running, 1120.0) == [f"BOOKMARK @{revision}"]

    def test_a_second_after_the_mark_a_bookmark_follows_if_something_has_happened(self, world: World) -> None:
        quiet, busy = world.watch("quiet", **MARKED), world.watch(**MARKED)
        assert shorts(quiet, world.now) == ["BOOKMARK @6"]
        events(busy, world.now)
        assert (quiet.deadline, shorts(quiet, 1001.0)) == (1001.0, [])
        world.put("d")
        assert shorts(busy, 1001.0) == ["ADDED d@7", "BOOKMARK @7"]
        assert (quiet.deadline, busy.deadline) == (1061.0, 1061.0)

    def test_a_watch_without_bookmarks_has_none(self, world: World) -> None:
        running = world.watch(resourceVersion="6", timeoutSeconds="150")
        assert running.deadline == 1150.0
        world.put("d")
        assert (running.deadline, shorts(running, 1149.0)) == (1000.0, ["ADDED d@7"])
        assert running.deadline == 1150.0

    def test_a_bookmark_never_overtakes_a_change(self, world: World) -> None:
        running = world.watch(resourceVersion="6", **MARKED)
        for number in range(700):
            world.put(f"p{number}")
        found = shorts(running, 1060.0)
        assert found[-2:] == ["ADDED p699@706", "BOOKMARK @706"]
        assert len(found) == 701


class TestChanges:
    """What a running watch sends."""

    def test_an_object_that_begins_or_stops_to_match(self, world: World) -> None:
        running = world.watch(labelSelector="app=web", resourceVersion="6")
        world.put("a", labels={"app": "web"})
        world.put("a", labels={"app": "web"}, phase="new")
        world.put("a", labels={"app": "db"})
        world.put("a", labels={"app": "db"}, phase="new")
        world.put("a", labels={"app": "web"})
        world.delete("a")
        found = events(running, world.now)
        assert [event.short for event in found] == [
            "ADDED a@7", "MODIFIED a@8", "DELETED a@9", "ADDED a@11", "DELETED a@12",
        ]  # fmt: skip
        assert (found[2].object["metadata"]["labels"], found[2].object["status"]["phase"]) == ({"app": "web"}, "new")

    def test_a_deleted_object_has_the_version_of_the_deletion(self, world: World) -> None:
        running = world.watch(resourceVersion="6")
        world.delete("b")
        (event,) = events(running, world.now)
        assert (event.short, event.object["status"]["phase"]) == ("DELETED b@7", "new")

    def test_the_reader_is_called_for_a_change_of_its_range_only(self, world: World) -> None:
        running = world.watch("ns", resourceVersion="6")
        woken: list[str] = []
        running.on_ready = lambda: woken.append("ready")
        world.put("x", "elsewhere")
        world.put("another", resource="nodes")
        assert woken == []
        world.put("d")
        assert woken == ["ready"]

    def test_a_watch_sees_a_change_when_its_server_does(self, world: World) -> None:
        other = world.server(lag=5.0)
        mine, theirs = world.watch(resourceVersion="6"), other.watch(resourceVersion="6")
        world.put("d")
        assert (shorts(mine, world.now), shorts(theirs, world.now)) == (["ADDED d@7"], [])
        other.pass_time(5.0)
        assert shorts(theirs, other.now) == ["ADDED d@7"]

    def test_a_watch_resumes_at_another_server_where_it_was(self, world: World) -> None:
        first = world.watch(resourceVersion="6")
        world.put("d")
        last = events(first, world.now)[-1].revision
        first.close()
        other = world.server()
        world.put("e")
        assert shorts(other.watch(resourceVersion=str(last)), other.now) == ["ADDED e@8"]

    def test_an_event_is_encoded_once_for_all_watches(self, world: World) -> None:
        running = [world.watch(resourceVersion="6") for _ in range(3)]
        world.put("d")
        frames = [each.take(world.now) for each in running]
        assert [len(each) for each in frames] == [1, 1, 1]
        assert frames[0][0] is frames[1][0] is frames[2][0]

    def test_a_watch_without_a_selector_does_not_decode(self, world: World) -> None:
        running = world.watch("ns", resourceVersion="6")
        key = Key("pods", "ns", "broken")
        world.storage.put(key, lambda revision: b'{"metadata":{"name":"x"},oops}', expected=None)
        (frame,) = running.take(world.now)
        assert b"oops" in frame


SCOPES = [
    ("", "", "a/x@n1 a/y@n2 b/x@n1 b/y@n2"),
    ("", "metadata.namespace=a", "a/x@n1 a/y@n2"),
    ("", "spec.nodeName=n1", "a/x@n1 b/x@n1"),
    ("", "spec.nodeName=n3", ""),
    ("a", "", "a/x@n1 a/y@n2"),
    ("a", "metadata.namespace=a", "a/x@n1 a/y@n2"),
    ("a", "metadata.namespace=b", ""),
    ("a", "spec.nodeName=n2", "a/y@n2"),
    ("a", "spec.nodeName=n3", ""),
    ("", "metadata.name=x", "a/x@n1 b/x@n1"),
    ("", "metadata.name=x,metadata.namespace=b", "b/x@n1"),
    ("", "metadata.name=x,spec.nodeName=n1", "a/x@n1 b/x@n1"),
    ("", "metadata.name=x,spec.nodeName=n2", ""),
    ("a", "metadata.name=x", "a/x@n1"),
    ("a", "metadata.name=x,metadata.namespace=a", "a/x@n1"),
    ("a", "metadata.name=x,metadata.namespace=a,spec.nodeName=n1", "a/x@n1"),
    ("a", "metadata.name=x,metadata.namespace=a,spec.nodeName=n2", ""),
]
"""Namespaces and field selectors, and which of four Pods they select: namespace/name@node."""


@pytest.mark.parametrize(("namespace", "selector", "expected"), SCOPES)
def test_a_watch_and_a_list_have_the_same_scope(namespace: str, selector: str, expected: str) -> None:
    world = World()
    running = world.watch(namespace, resourceVersion="1", fieldSelector=selector)
    for pod in SCOPES[0][2].split():
        path, node = pod.split("@")
        world.put(path.split("/")[1], path.split("/")[0], node=node)
    found = [event.object for event in events(running, world.now)]
    listing = world.list(namespace, fieldSelector=selector)
    for objects in (found, listing.items):
        names = [
            f"{each['metadata']['namespace']}/{each['metadata']['name']}@{each['spec']['nodeName']}" for each in objects
        ]
        assert " ".join(names) == expected


class TestSlowReaders:
    """A watch whose reader does not take its frames."""

    def test_it_ends_when_more_than_a_thousand_wait_for_more_than_a_second(self, world: World) -> None:
        running = world.watch(resourceVersion="6")
        for number in range(1100):
            world.put(f"p{number}", size=1)
        world.pass_time(1.5)
        world.put("d")
        assert running.deadline == 1000.0
        assert running.take(world.now) == []
        assert running.is_finished

    def test_the_objects_and_their_mark_are_sent_before_it_ends(self, world: World) -> None:
        running = world.watch(**MARKED)
        for number in range(1100):
            world.put(f"p{number}")
        world.pass_time(1.5)
        world.put("d")
        assert shorts(running, world.now) == ["ADDED a@3", "ADDED b@5", "ADDED c@4", "BOOKMARK @6"]
        assert running.is_finished

    def test_a_burst_is_sent_whole(self, world: World) -> None:
        running = world.watch(resourceVersion="6")
        for number in range(3000):
            world.put(f"p{number}")
        assert len(shorts(running, world.now + 30)) == 3000
        assert not running.is_finished

    def test_another_watch_goes_on(self, world: World) -> None:
        slow, fast = world.watch(resourceVersion="6"), world.watch(resourceVersion="6")
        count = 0
        for number in range(1100):
            world.put(f"p{number}")
            count += len(fast.take(world.now))
        world.pass_time(1.5)
        world.put("d")
        count += len(fast.take(world.now))
        assert (count, slow.take(world.now), slow.is_finished, fast.is_finished) == (1101, [], True, False)


def test_only_the_first_table_of_a_watch_describes_its_columns(world: World) -> None:
    output = Output(transform="Table", version="v1")
    running = stream(world.send("/api/v1/namespaces/ns/pods?watch=1&allowWatchBookmarks=true", output=output))
    world.put("d")
    tables = [json.loads(frame)["object"] for frame in running.take(world.now)]
    assert [table["kind"] for table in tables] == ["Table"] * 4
    assert [bool(table["columnDefinitions"]) for table in tables] == [True, False, False, False]
    assert [row["cells"][0] for table in tables for row in table["rows"]] == ["a", "b", "", "d"]


def test_a_watch_of_metadata_has_no_more(world: World) -> None:
    output = Output(transform="PartialObjectMetadata", version="v1")
    running = stream(world.send("/api/v1/pods?watch=1&resourceVersion=5", output=output))
    world.put("d", phase="new")
    (frame,) = running.take(world.now)
    found = json.loads(frame)["object"]
    assert (found["kind"], found["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert (found.keys(), found["metadata"]["name"]) == ({"kind", "apiVersion", "metadata"}, "d")


def test_the_frames_are_lines_of_json(world: World) -> None:
    running = world.watch(resourceVersion="5")
    world.put("d")
    (frame,) = running.take(world.now)
    assert frame.endswith(b"}\n")
    assert json.loads(frame)["type"] == "ADDED"
