"""The order of keys and the ranges of one resource."""

from __future__ import annotations

import pytest

from kubeloop.testing.apiserver.storage.object_table import ObjectTable
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored


def stored(path: str, revision: int = 2) -> Stored:
    namespace, _, name = path.rpartition("/")
    return Stored(Key("pods", namespace, name), revision, revision, b"{}")


def table(*paths: str) -> ObjectTable:
    result = ObjectTable()
    for path in paths:
        result.add(path, stored(path))
    return result


def test_the_order_is_that_of_the_bytes_of_namespace_and_name() -> None:
    paths = ["a/x", "a-b/x", "a0/x", "aa/x", "a.b/x", "é/x", "z/x", "\U0001f600/x", "\uffee/x"]
    assert table(*paths).paths() == sorted(paths, key=str.encode)
    assert table("a/x", "a-b/x").paths() == ["a-b/x", "a/x"]


def test_a_namespace_is_not_a_prefix_of_another() -> None:
    objects = table("a/x", "a/y", "a-b/x", "a0/x", "ab/x")
    assert objects.paths("a") == ["a/x", "a/y"]
    assert [item.key.path for item in objects.ordered("a")] == ["a/x", "a/y"]
    assert objects.count("a-b") == 1
    assert objects.paths("missing") == []


@pytest.mark.parametrize(
    ("namespace", "after", "expected"),
    [
        ("", "", ["a-b/x", "a/x", "a/y", "b/x"]),
        ("", "a/x", ["a/y", "b/x"]),
        ("", "a/xx", ["a/y", "b/x"]),
        ("a", "a/x", ["a/y"]),
        ("a", "a-b/x", ["a/x", "a/y"]),
        ("a", "b/x", []),
        ("a", "z", []),
        ("b", "a/y", ["b/x"]),
    ],
)
def test_after_excludes_the_key_itself_and_stays_in_the_namespace(
    namespace: str, after: str, expected: list[str]
) -> None:
    objects = table("a/x", "a/y", "a-b/x", "b/x")
    assert objects.paths(namespace, after) == expected
    assert objects.count(namespace, after) == len(expected)


def test_a_page_says_how_many_objects_follow() -> None:
    objects = table("a/1", "a/2", "a/3", "b/1")
    page = objects.page(7, "a", after="a/1", limit=1)
    assert ([item.key.name for item in page.items], page.revision, page.remaining) == (["2"], 7, 1)
    assert objects.page(7, "a", limit=3).remaining == 0
    assert objects.page(7, limit=9).remaining == 0
    assert len(objects.page(7).items) == 4


def test_a_new_version_replaces_the_old_one() -> None:
    objects = table("a/x")
    newer = stored("a/x", 3)
    objects.apply(Change(3, newer.key, newer, objects.get("a/x")))
    assert objects.ordered() == [newer]
    assert len(objects) == 1


def test_a_deletion_removes_the_object() -> None:
    objects = table("a/x", "a/y")
    gone = objects.get("a/x")
    assert gone is not None
    objects.apply(Change(3, gone.key, None, gone, gone))
    assert objects.paths() == ["a/y"]
    assert objects.get("a/x") is None
    assert "a/x" not in objects


def test_a_copy_is_independent() -> None:
    objects = table("a/x")
    copied = objects.copy()
    copied.add("a/y", stored("a/y"))
    objects.remove("a/x")
    assert copied.paths() == ["a/x", "a/y"]
    assert objects.paths() == []


def test_objects_of_the_cluster_are_ordered_by_name() -> None:
    objects = table("node-2", "node-10", "node")
    assert objects.paths() == ["node", "node-10", "node-2"]
    assert objects.paths(after="node-10") == ["node-2"]
