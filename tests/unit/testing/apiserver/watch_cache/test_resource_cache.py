"""The window, the snapshots and the revision of one resource."""

from __future__ import annotations

import pytest

from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import FutureRevision
from kubeloop.testing.apiserver.storage.stored import Change, Key
from kubeloop.testing.apiserver.watch_cache.resource_cache import ResourceCache
from kubeloop.testing.apiserver.watch_cache.too_old import TooOld
from tests.support.growth import growth


def write(storage: Storage, name: str = "x", namespace: str = "a") -> Change:
    return storage.put(Key("pods", namespace, name), lambda revision: b"%d" % revision, expected=None)


def cache_of(storage: Storage, capacity: int | None = None) -> ResourceCache:
    """Return a cache that starts now and sees all that follows at time 0."""
    cache = ResourceCache(storage.table("pods"), storage.revision, capacity)
    storage.subscribe(lambda change: cache.apply(change, 0.0))
    return cache


def names(cache: ResourceCache, revision: int) -> list[str]:
    return [item.key.name for item in cache.snapshot(revision).ordered()]


def test_the_window_starts_at_the_list() -> None:
    storage = Storage()
    write(storage)
    write(storage)
    cache = cache_of(storage)
    assert (cache.revision, cache.list_revision, cache.oldest_revision) == (3, 3, 3)
    assert cache.changes(3) == []
    with pytest.raises(TooOld, match=r"^too old resource version: 2 \(3\)$"):
        cache.changes(2)


def test_changes_follow_the_revision_that_is_given() -> None:
    storage = Storage()
    cache = cache_of(storage)
    changes = [write(storage) for _ in range(4)]
    assert cache.changes(1) == changes
    assert cache.changes(3) == changes[2:]
    assert cache.changes(5) == cache.changes(99) == []


def test_the_oldest_revision_is_the_list_until_a_change_leaves() -> None:
    storage = Storage()
    cache = cache_of(storage, capacity=3)
    for _ in range(3):
        write(storage)
    assert cache.oldest_revision == 1
    write(storage)  # revision 5: the change at 2 leaves
    assert cache.oldest_revision == 2
    assert [change.revision for change in cache.changes(2)] == [3, 4, 5]
    with pytest.raises(TooOld, match=r"too old resource version: 1 \(2\)"):
        cache.changes(1)


def test_the_oldest_revision_is_just_before_the_oldest_change_of_this_resource() -> None:
    storage = Storage()
    cache = ResourceCache(storage.table("pods"), storage.revision, capacity=1)
    for revision_of_pod in (write(storage), write(storage)):
        cache.apply(revision_of_pod, 0.0)
    for _ in range(5):
        storage.put(Key("nodes", "", "n"), lambda _: b"", expected=None)
    cache.apply(write(storage), 0.0)
    assert (cache.revision, cache.oldest_revision) == (9, 8)


def test_the_window_grows_as_in_the_real_server() -> None:
    storage = Storage()
    cache = cache_of(storage)
    for _ in range(250):
        write(storage)
    assert (cache.capacity, len(cache.changes(1))) == (400, 250)


def test_a_change_of_a_large_window_costs_no_more_than_one_of_a_small_window() -> None:
    def full(capacity: int) -> tuple[Storage, ResourceCache]:
        storage = Storage(compaction_interval=None)
        cache = cache_of(storage, capacity)
        for _ in range(capacity):
            write(storage)
        return storage, cache

    def run(value: tuple[Storage, ResourceCache]) -> None:
        storage, cache = value
        for _ in range(100):
            write(storage)
        assert len(cache.changes(storage.revision - 100)) == 100

    assert growth(full, run, 2000) < 5  # 8 if it were linear


def test_snapshots_show_the_state_after_each_change() -> None:
    storage = Storage()
    write(storage, "x")
    cache = cache_of(storage)
    write(storage, "y")
    storage.delete(Key("pods", "a", "x"), None, expected=None)
    write(storage, "z")
    assert [names(cache, revision) for revision in (2, 3, 4, 5)] == [["x"], ["x", "y"], ["y"], ["y", "z"]]


def test_there_is_no_snapshot_before_the_list_nor_after_the_newest_revision() -> None:
    storage = Storage()
    write(storage)
    cache = cache_of(storage)
    assert not cache.has_snapshot(1)
    with pytest.raises(TooOld, match=r"^too old resource version: 1$"):
        cache.snapshot(1)
    with pytest.raises(FutureRevision, match="expected a revision up to 2, got 3"):
        cache.snapshot(3)


def test_a_full_window_drops_the_snapshots_before_its_oldest_change() -> None:
    storage = Storage()
    cache = cache_of(storage, capacity=3)
    write(storage)
    write(storage)
    assert cache.has_snapshot(1)
    write(storage)  # full: the state of the list can be derived, but the real server drops it here
    assert [revision for revision in range(1, 5) if cache.has_snapshot(revision)] == [2, 3, 4]
    write(storage)
    assert [revision for revision in range(1, 6) if cache.has_snapshot(revision)] == [3, 4, 5]


def test_a_window_of_one_change_has_one_snapshot() -> None:
    storage = Storage()
    cache = cache_of(storage, capacity=1)
    for _ in range(3):
        write(storage)
        newest = storage.revision
        assert [revision for revision in range(1, newest + 1) if cache.has_snapshot(revision)] == [newest]


def test_a_compaction_drops_snapshots_but_not_the_window() -> None:
    storage = Storage()
    cache = cache_of(storage)
    for _ in range(4):
        write(storage)
    cache.snapshot(3)
    cache.drop_snapshots(4)
    assert [revision for revision in range(1, 6) if cache.has_snapshot(revision)] == [4, 5]
    assert cache.oldest_revision == 1
    assert len(cache.changes(1)) == 4
    cache.drop_snapshots(2)
    assert not cache.has_snapshot(3)


def test_a_compaction_of_a_quiet_resource_drops_all_snapshots_until_the_next_change() -> None:
    storage = Storage()
    cache = cache_of(storage)
    write(storage)
    cache.drop_snapshots(50)
    assert not cache.has_snapshot(2)
    with pytest.raises(TooOld):
        cache.snapshot(2)
    assert len(cache.ordered()) == 1
    write(storage)
    assert names(cache, 3) == ["x"]
    assert not cache.has_snapshot(2)


def test_progress_raises_the_revision_and_never_lowers_it() -> None:
    storage = Storage()
    cache = cache_of(storage)
    seen: list[int] = []
    cache.subscribe(lambda _: None, seen.append)
    cache.subscribe(lambda _: None)
    cache.progress(7)
    cache.progress(7)
    cache.progress(3)
    assert (cache.revision, seen) == (7, [7])
    assert names(cache, 6) == []


def test_objects_are_found_and_ordered() -> None:
    storage = Storage()
    cache = cache_of(storage)
    for namespace, name in (("a", "x"), ("a-b", "x"), ("a", "w")):
        write(storage, name, namespace)
    assert [item.key.path for item in cache.ordered()] == ["a-b/x", "a/w", "a/x"]
    assert [item.key.path for item in cache.ordered("a", "a/w")] == ["a/x"]
    page = cache.page("a", limit=1)
    assert ([item.key.name for item in page.items], page.revision, page.remaining) == (["w"], 4, 1)
    assert cache.get("a", "x") is storage.get(Key("pods", "a", "x"))
    assert cache.get("a", "missing") is None
    assert cache.get("", "x") is None


def test_a_subscriber_that_leaves_during_a_change_is_not_called_again() -> None:
    storage = Storage()
    cache = cache_of(storage)
    seen: list[str] = []

    def leave(change: Change) -> None:
        seen.append("once")
        stop()

    stop = cache.subscribe(leave)
    cache.subscribe(lambda _: seen.append("each"))
    write(storage)
    write(storage)
    stop()
    assert seen == ["once", "each", "each"]
