"""The verb list: which objects, at which version, and how its pages follow each other."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import BadRequest, Expired, GatewayTimeout
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.wire.response import Response
from tests.support.read_world import World, listed, token, waiting

HISTORY = {
    1: [],
    2: ["first/a"],
    3: ["first/a", "second/b"],
    4: ["first/a", "second/b", "second/c"],
    5: ["first/a", "second/b", "second/c"],
    6: ["first/a", "second/b", "second/c", "third/d"],
    7: ["first/a", "second/b", "second/c"],
    8: ["first/a", "second/b", "second/c"],
    9: ["first/a", "second/b", "second/c"],
}
"""The Pods at each revision; at 9 a Node was created."""


def write_history(world: World) -> None:
    world.put("a", "first", phase="old")
    world.put("b", "second", phase="old")
    world.put("c", "second", node="n1")
    world.put("b", "second", phase="new", node="n1")
    world.put("d", "third")
    world.delete("d", "third")
    world.put("a", "first", phase="new", labels={"app": "web"})
    world.put("node", resource="nodes")


@pytest.fixture
def world() -> World:
    """A watch cache that has seen everything since revision 1."""
    world = World()
    write_history(world)
    return world


@pytest.fixture
def late() -> World:
    """A watch cache that began at the end, so that older versions must come from the storage."""
    world = World()
    world.cache.hold()
    write_history(world)
    world.restart()
    return world


EXACT: dict[str, Any] = {"resourceVersionMatch": "Exact"}
MINIMUM: dict[str, Any] = {"resourceVersionMatch": "NotOlderThan"}


def test_a_list_has_its_kind_and_the_version_of_the_storage(world: World) -> None:
    response = world.send("/api/v1/pods")
    assert isinstance(response, Response)
    assert response.headers["Content-Type"] == "application/json"
    assert b'"kind":"PodList"' in response.body.replace(b": ", b":")
    found = listed(response)
    assert (found.names, found.revision, found.continue_, found.remaining) == (HISTORY[9], 9, "", None)


@pytest.mark.parametrize("source", ["world", "late"])
@pytest.mark.parametrize("revision", range(2, 10))
def test_an_exact_version_has_the_objects_of_that_time(
    source: str, revision: int, request: pytest.FixtureRequest
) -> None:
    server: World = request.getfixturevalue(source)
    found = server.list(resourceVersion=revision, **EXACT)
    assert (found.names, found.revision) == (HISTORY[revision], revision)


@pytest.mark.parametrize("source", ["world", "late"])
@pytest.mark.parametrize("revision", range(2, 10))
@pytest.mark.parametrize("options", [{}, EXACT], ids=["legacy", "exact"])
def test_a_limit_makes_a_version_exact_and_the_pages_stay_at_it(
    source: str, revision: int, options: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    server: World = request.getfixturevalue(source)
    found = server.list(resourceVersion=revision, limit=1, **options)
    names = list(found.names)
    while found.continue_:
        assert found.remaining == len(HISTORY[revision]) - len(names)
        assert found.revision == revision
        found = server.list(limit=1, continue_=found.continue_)
        assert len(found.names) == 1
        names += found.names
    assert (names, found.revision, found.remaining) == (HISTORY[revision], revision, None)


@pytest.mark.parametrize("source", ["world", "late"])
@pytest.mark.parametrize("revision", range(2, 10))
def test_a_token_continues_at_any_version(source: str, revision: int, request: pytest.FixtureRequest) -> None:
    server: World = request.getfixturevalue(source)
    found = server.list(continue_=token("second/b\0", revision))
    assert found.names == [name for name in HISTORY[revision] if name > "second/b"]
    assert found.revision == revision


def test_a_token_of_a_namespace_is_relative_to_it(world: World) -> None:
    found = world.list("second", limit=1)
    assert found.names == ["second/b"]
    rest = world.list("second", continue_=found.continue_)
    assert (rest.names, rest.continue_) == (["second/c"], "")
    # The same token in all namespaces means another key.
    assert world.list(continue_=token("b\0", 9)).names == HISTORY[9]


def test_a_token_of_a_client_may_begin_with_a_key(world: World) -> None:
    assert world.list(continue_=token("second/b", 9)).names == ["second/b", "second/c"]


@pytest.mark.parametrize(("query", "revision"), [
    ({}, 9),
    ({"limit": 10}, 9),
    ({"resourceVersion": "0"}, 8),
    ({"resourceVersion": "0", **MINIMUM}, 8),
    ({"resourceVersion": "3"}, 8),
    ({"resourceVersion": "3", **MINIMUM}, 8),
    ({"resourceVersion": "9"}, 9),
    ({"resourceVersion": "9", **MINIMUM}, 9),
])  # fmt: skip
def test_the_version_of_a_list_is_what_the_watch_cache_has_seen(
    world: World, query: dict[str, Any], revision: int
) -> None:
    found = world.list(**query)
    assert (found.names, found.revision) == (HISTORY[9], revision)


def test_a_consistent_list_brings_the_watch_cache_to_the_version_of_the_storage(world: World) -> None:
    assert world.list(resourceVersion="0").revision == 8
    assert world.list("empty").revision == 9
    world.put("other", resource="nodes")
    assert world.list("empty", continue_=token("a\0", -1)).revision == 10
    assert world.list(resourceVersion="0").revision == 10


@pytest.mark.parametrize("options", [{}, MINIMUM])
def test_the_limit_is_ignored_for_any_version(world: World, options: dict[str, Any]) -> None:
    found = world.list(resourceVersion="0", limit=1, **options)
    assert (found.names, found.continue_, found.remaining) == (HISTORY[9], "", None)


def test_the_limit_holds_for_a_minimum(world: World) -> None:
    found = world.list(resourceVersion="9", limit=1, **MINIMUM)
    assert (found.names, found.remaining, found.revision) == (["first/a"], 2, 9)


def test_pages_of_a_consistent_list_show_one_version(world: World) -> None:
    first = world.list(limit=2)
    world.put("bb", "second")
    world.delete("c", "second")
    rest = world.list(limit=2, continue_=first.continue_)
    assert (first.names, rest.names) == (["first/a", "second/b"], ["second/c"])
    assert (first.revision, rest.revision) == (9, 9)


@pytest.mark.parametrize(("namespace", "query", "names"), [
    ("second", {}, ["second/b", "second/c"]),
    ("sec", {}, []),
    ("missing", {}, []),
    ("", {"fieldSelector": "metadata.namespace=second"}, ["second/b", "second/c"]),
    ("first", {"fieldSelector": "metadata.namespace=second"}, []),
    ("second", {"fieldSelector": "metadata.name=b"}, ["second/b"]),
    ("second", {"fieldSelector": "metadata.name=a"}, []),
    ("", {"fieldSelector": "metadata.name=b"}, ["second/b"]),
    ("second", {"fieldSelector": "metadata.name!=b"}, ["second/c"]),
    ("second", {"fieldSelector": "metadata.name=b,status.phase=new"}, ["second/b"]),
    ("second", {"fieldSelector": "metadata.name=b,status.phase=old"}, []),
    ("", {"labelSelector": "app=web"}, ["first/a"]),
    ("", {"labelSelector": "app!=web"}, ["second/b", "second/c"]),
    ("", {"labelSelector": "app=web", "fieldSelector": "status.phase=new"}, ["first/a"]),
    ("", {"fieldSelector": "status.phase=new"}, ["first/a", "second/b"]),
    ("", {"fieldSelector": "spec.host=n1"}, ["second/b", "second/c"]),
])  # fmt: skip
@pytest.mark.parametrize("version", ["", "0", "9"])
def test_namespaces_and_selectors(
    world: World, namespace: str, query: dict[str, Any], names: list[str], version: str
) -> None:
    assert world.list(namespace, resourceVersion=version, **query).names == names


def test_namespaces_are_in_the_order_of_etcd(world: World) -> None:
    world.put("x", "second-2")
    assert world.list().names == ["first/a", "second-2/x", "second/b", "second/c"]
    assert world.list("second").names == ["second/b", "second/c"]


def test_objects_of_the_cluster(world: World) -> None:
    world.put("another", resource="nodes")
    first = world.list(resource="nodes", limit=1)
    assert (first.names, first.remaining) == (["another"], 1)
    assert world.list(resource="nodes", continue_=first.continue_).names == ["node"]
    assert world.list(resource="nodes", fieldSelector="metadata.name=node").names == ["node"]


@pytest.mark.parametrize(("query", "limit", "names", "has_more"), [
    ({"fieldSelector": "status.phase=new"}, 1, ["first/a"], True),
    ({"fieldSelector": "status.phase=new"}, 2, ["first/a", "second/b"], True),
    ({"fieldSelector": "status.phase=new"}, 3, ["first/a", "second/b"], False),
    ({"fieldSelector": "metadata.name=c"}, 1, ["second/c"], False),
    ({"labelSelector": "app=web"}, 1, ["first/a"], True),
    ({"fieldSelector": "status.phase=old"}, 1, [], False),
    ({"fieldSelector": "spec.nodeName=n1"}, 1, ["second/b"], True),
])  # fmt: skip
@pytest.mark.parametrize("version", ["", "9"])
@pytest.mark.parametrize("source", ["world", "late"])
def test_a_page_with_a_selector(
    source: str, query: dict[str, Any], limit: int, names: list[str], has_more: bool, version: str,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    server: World = request.getfixturevalue(source)
    found = server.list(limit=limit, resourceVersion=version, **query)
    assert (found.names, bool(found.continue_), found.remaining) == (names, has_more, None)


def test_the_index_of_nodes_ends_a_page_at_the_last_pod_of_the_node(world: World) -> None:
    world.put("z", "zoo")
    assert world.list(limit=2, fieldSelector="spec.nodeName=n1").continue_ == ""
    # At an exact version there is no index.
    assert world.list(limit=2, fieldSelector="spec.nodeName=n1", resourceVersion="10", **EXACT).continue_ != ""


def test_a_rare_object_is_found_on_one_page(world: World) -> None:
    for number in range(300):
        world.put(f"p{number}", "many", labels={"rare": "yes"} if number == 250 else {})
    found = world.list(limit=1, labelSelector="rare=yes")
    assert found.names == ["many/p250"]
    assert world.list(limit=1, labelSelector="rare=yes", continue_=found.continue_).names == []


class TestWaiting:
    """A watch cache that is behind."""

    @pytest.mark.parametrize("query", ["", "?limit=2", f"?continue={token('first/a', -1)}"])
    def test_a_consistent_list_waits(self, world: World, query: str) -> None:
        world.cache.hold()
        world.put("e", "fifth")
        wait = waiting(world.send(f"/api/v1/pods{query}"))
        assert (wait.revision, wait.deadline) == (10, 1003.0)
        world.cache.release()
        assert listed(wait.resume(1001.0)).revision == 10

    def test_what_is_written_during_the_wait_is_not_waited_for(self, world: World) -> None:
        world.cache.hold()
        revision = world.put("e", "fifth")
        wait = waiting(world.send("/api/v1/pods"))
        world.put("f", "fifth")
        world.cache.advance_to(revision)
        found = listed(wait.resume(1001.0))
        assert (found.revision, "fifth/f" in found.names) == (10, False)

    @pytest.mark.parametrize(("query", "names"), [
        ("", ["first/a", "second/b", "second/bb", "second/c"]),
        ("?limit=2", ["first/a", "second/b"]),
        (f"?continue={token('second/bb', -1)}", ["second/bb", "second/c"]),
        ("?fieldSelector=metadata.name%3Dbb", ["second/bb"]),
    ])  # fmt: skip
    def test_the_storage_answers_a_consistent_list_after_three_seconds(
        self, world: World, query: str, names: list[str]
    ) -> None:
        world.cache.hold()
        world.put("bb", "second")
        wait = waiting(world.send(f"/api/v1/pods{query}"))
        found = listed(wait.resume(1003.0))
        assert (found.names, found.revision) == (names, 10)

    @pytest.mark.parametrize("options", [
        {"resourceVersion": "11"},
        {"resourceVersion": "11", **MINIMUM},
        {"resourceVersion": "11", **EXACT},
        {"resourceVersion": "11", "limit": "1"},
        {"continue_": token("first/a", 11)},
    ])  # fmt: skip
    def test_a_version_that_the_watch_cache_does_not_reach_is_too_large(
        self, world: World, options: dict[str, Any]
    ) -> None:
        wait = waiting(world.send(world.path("pods", **options)))
        assert wait.revision == 11
        with pytest.raises(GatewayTimeout) as caught:
            wait.resume(1003.0)
        assert caught.value.status.message == "Timeout: Too large resource version: 11, current: 9"
        assert caught.value.status.retry_after == 1.0

    def test_an_exact_version_in_the_near_future_is_waited_for(self, world: World) -> None:
        wait = waiting(world.send(world.path("pods", resourceVersion="11", **EXACT)))
        world.put("e", "fifth")
        world.put("f", "fifth")
        world.put("g", "fifth")
        found = listed(wait.resume(1001.0))
        assert (found.names, found.revision) == ([*sorted([*HISTORY[9], "fifth/e", "fifth/f"])], 11)

    @pytest.mark.parametrize(("options", "message"), [
        ({**EXACT}, "Timeout: Too large resource version: 11, current: 9"),
        ({"limit": "1"}, "Timeout: Too large resource version: 11, current: 9"),
    ])  # fmt: skip
    def test_the_storage_does_not_wait_for_the_version_of_one_object(
        self, world: World, options: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(GatewayTimeout) as caught:
            world.list("second", fieldSelector="metadata.name=b", resourceVersion="11", **options)
        assert (caught.value.status.message, caught.value.status.retry_after) == (message, None)


class TestOneObject:
    """A field selector that names the object reads its key."""

    @pytest.mark.parametrize(("query", "phases", "revision"), [
        ({}, ["new"], 9),
        ({"resourceVersion": "0"}, ["new"], 8),
        ({"resourceVersion": "0", **MINIMUM}, ["new"], 8),
        ({"resourceVersion": "3"}, ["new"], 8),
        ({"resourceVersion": "9", **MINIMUM}, ["new"], 9),
        ({"resourceVersion": "3", **EXACT}, ["old"], 3),
        ({"resourceVersion": "2", **EXACT}, [], 2),
        ({"resourceVersion": "3", "limit": "1"}, ["new"], 9),
    ])  # fmt: skip
    def test_versions(self, world: World, query: dict[str, Any], phases: list[str], revision: int) -> None:
        found = world.list("second", fieldSelector="metadata.name=b", **query)
        assert ([item["status"]["phase"] for item in found.items], found.revision) == (phases, revision)

    def test_it_waits_for_the_newest_version(self, world: World) -> None:
        world.cache.hold()
        world.put("b", "second", phase="newest")
        wait = waiting(world.send(world.path("pods", "second", fieldSelector="metadata.name=b")))
        world.cache.release()
        assert listed(wait.resume(1000.5)).items[0]["status"]["phase"] == "newest"


class TestCompaction:
    """History that was compacted."""

    @pytest.fixture
    def compacted(self, late: World) -> World:
        """A watch cache that began at 9, on a storage whose history begins at 6."""
        late.storage.compact(6)
        return late

    @pytest.mark.parametrize("options", [{"resourceVersion": "5", **EXACT}, {"resourceVersion": "5", "limit": "1"}])
    def test_an_exact_version_is_too_old(self, compacted: World, options: dict[str, Any]) -> None:
        with pytest.raises(Expired) as caught:
            compacted.list(**options)
        status = caught.value.status
        assert (status.code, status.reason) == (410, "Expired")
        assert status.message == "The resourceVersion for the provided list is too old."
        assert status.continue_ == ""

    def test_the_oldest_version_can_be_read(self, compacted: World) -> None:
        assert compacted.list(resourceVersion="6", **EXACT).names == HISTORY[6]

    def test_a_token_that_is_too_old_comes_with_an_inconsistent_one(self, compacted: World) -> None:
        with pytest.raises(Expired) as caught:
            compacted.list(limit=1, continue_=token("/second/b\0", 5))
        status = caught.value.status
        assert status.message.startswith(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list"
        )
        assert status.continue_ == token("second/b\0", -1)
        compacted.put("bb", "second")
        rest = compacted.list(limit=1, continue_=status.continue_)
        assert (rest.names, rest.revision) == (["second/bb"], 10)
        # From here on the pages are consistent again.
        compacted.delete("c", "second")
        assert compacted.list(limit=1, continue_=rest.continue_).names == ["second/c"]

    def test_a_snapshot_outlives_the_compaction_until_the_watch_cache_has_learnt_of_it(self, world: World) -> None:
        world.storage.compact(6)
        assert world.list(resourceVersion="3", **EXACT).names == HISTORY[3]
        world.pass_time(15.0)
        with pytest.raises(Expired, match="The resourceVersion for the provided list is too old"):
            world.list(resourceVersion="3", **EXACT)
        assert world.list(resourceVersion="6", **EXACT).names == HISTORY[6]

    def test_a_version_that_has_left_the_window_comes_from_the_storage(self) -> None:
        world = World(capacity=2)
        write_history(world)
        assert not world.cache.resource("pods").has_snapshot(3)
        assert world.list(resourceVersion="3", **EXACT).names == HISTORY[3]

    def test_a_version_that_leaves_the_window_during_the_wait_comes_from_the_storage(self) -> None:
        world = World(capacity=1)
        world.cache.hold()
        revision = world.put("a")
        wait = waiting(world.send(world.path("pods", resourceVersion=str(revision), **EXACT)))
        for name in "bcd":
            world.put(name)
        world.cache.release()
        found = listed(wait.resume(1001.0))
        assert (found.names, found.revision) == (["ns/a"], revision)


@pytest.mark.parametrize(("query", "message"), [
    ({"resourceVersion": "abc"}, "invalid resource version: resourceVersion: Invalid value: "),
    ({"resourceVersion": "1", "continue_": token("a", 5)},
     "specifying resource version is not allowed when using continue"),
    ({"continue_": "%%%"}, "invalid continue token: continue key is not valid"),
    ({"fieldSelector": "spec.color=red"}, "field label not supported: spec.color"),
])  # fmt: skip
def test_refuses_options(world: World, query: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        world.list(**query)
    assert caught.value.status.message.startswith(message)


def test_a_list_does_not_decode_its_objects(world: World) -> None:
    stored = world.storage.get(Key("pods", "first", "a"))
    assert stored is not None
    stored.data = b'{"metadata":{"name":"not what was stored"}}'
    assert world.list(limit=1).names == ["not what was stored"]
