"""When a server sees what has been written: lag, hold, restart and compaction."""

from __future__ import annotations

import gc
import weakref

import pytest

from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored
from kubeloop.testing.apiserver.watch_cache.too_old import TooOld
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache


def write(storage: Storage, name: str = "x", resource: str = "pods") -> Change:
    return storage.put(Key(resource, "a", name), lambda revision: b"%d" % revision, expected=None)


def test_without_a_lag_everything_is_seen_at_once() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    seen: list[Change] = []
    cache.subscribe("pods", seen.append)
    change = write(storage)
    assert (seen, cache.revision, cache.deadline) == ([change], 2, None)
    assert cache.resource("pods").get("a", "x") is change.value


def test_a_change_becomes_visible_after_the_lag() -> None:
    storage = Storage()
    cache = WatchCache(storage, lag=2.0)
    cache.advance(100.0)
    write(storage)
    cache.advance(101.0)
    write(storage)
    assert (cache.revision, cache.deadline) == (1, 102.0)
    cache.advance(101.9)
    assert cache.revision == 1
    cache.advance(102.0)
    assert (cache.revision, cache.deadline) == (2, 103.0)
    cache.advance(1000.0)
    assert (cache.revision, cache.deadline) == (3, None)


@pytest.mark.parametrize("lag", [0.1, 0.3, 1 / 3])
def test_advancing_to_the_deadline_is_enough_whatever_the_rounding(lag: float) -> None:
    storage = Storage()
    cache = WatchCache(storage, lag=lag)
    for step in range(100):
        cache.advance(1.7e9 + step * 0.7)
        write(storage)
        deadline = cache.deadline
        assert deadline is not None
        cache.advance(deadline)
        assert cache.revision == storage.revision


def test_the_lag_counts_from_the_time_that_any_server_has_reported() -> None:
    storage = Storage()
    slow, quick = WatchCache(storage, lag=2.0), WatchCache(storage)
    quick.advance(50.0)
    write(storage)
    assert slow.deadline == 52.0
    slow.advance(51.0)
    assert slow.revision == 1


def test_the_owner_is_told_when_a_change_begins_to_wait() -> None:
    storage = Storage()
    cache = WatchCache(storage, lag=1.0)
    deadlines: list[float | None] = []
    cache.on_pending = lambda: deadlines.append(cache.deadline)
    write(storage)
    write(storage)
    cache.advance(1.0)
    write(storage)
    assert deadlines == [1.0, 2.0]


def test_a_lag_of_zero_lets_what_waits_through_at_the_next_advance() -> None:
    storage = Storage()
    cache = WatchCache(storage, lag=10.0)
    write(storage)
    cache.lag = 0.0
    write(storage)
    assert cache.revision == 1
    cache.advance(0.0)
    assert cache.revision == 3


def test_a_held_cache_stays_where_it_is() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    write(storage)
    cache.hold()
    write(storage)
    cache.advance(1000.0)
    assert (cache.revision, cache.deadline) == (2, None)
    assert [item.revision for item in cache.resource("pods").ordered()] == [2]
    assert repr(cache) == "<WatchCache at 2 of 3 (held), lag 0.0 s>"
    cache.release()
    assert cache.revision == 3
    write(storage)
    assert cache.revision == 4


def test_a_release_keeps_the_lag() -> None:
    storage = Storage()
    cache = WatchCache(storage, lag=5.0)
    cache.hold()
    write(storage)
    cache.advance(3.0)
    write(storage)
    cache.advance(6.0)
    deadlines: list[float | None] = []
    cache.on_pending = lambda: deadlines.append(cache.deadline)
    cache.release()
    assert (cache.revision, cache.deadline, deadlines) == (2, 8.0, [8.0])


def test_a_held_cache_can_be_advanced_step_by_step() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    cache.hold()
    for resource in ("pods", "nodes", "pods"):
        write(storage, resource=resource)
    cache.advance_to(3)
    assert (cache.revision, cache.resource("pods").revision, cache.resource("nodes").revision) == (3, 2, 3)
    cache.advance_to(2)
    assert cache.revision == 3
    cache.advance_to(99)
    assert cache.revision == 4


def test_a_subscriber_may_write_while_changes_become_visible() -> None:
    storage = Storage()
    cache = WatchCache(storage, lag=1.0)
    write(storage, "x")
    cache.lag = 0.0
    orders: tuple[list[int], list[int]] = ([], [])

    def answer(change: Change) -> None:
        orders[0].append(change.revision)
        if change.revision == 2:
            write(storage, "y")

    cache.subscribe("pods", answer)
    cache.subscribe("pods", lambda change: orders[1].append(change.revision))
    cache.advance(0.0)
    assert orders == ([2, 3], [2, 3])


def test_the_revision_of_a_resource_is_that_of_its_changes_until_progress() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    progress: list[int] = []
    cache.subscribe("pods", lambda _: None, progress.append)
    write(storage, resource="pods")
    write(storage, resource="nodes")
    assert (cache.revision, cache.resource("pods").revision) == (3, 2)
    assert cache.progress("pods") == 3
    assert (cache.resource("pods").revision, progress) == (3, [3])


def test_progress_of_a_lagging_cache_ends_at_what_it_has_seen() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    cache.hold()
    write(storage, resource="nodes")
    assert cache.progress("pods") == 1


def test_a_wait_ends_when_the_revision_is_visible() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    cache.hold()
    events: list[str] = []
    cache.wait(1, lambda: events.append("at once"))
    cache.wait(3, lambda: events.append(f"third at {cache.revision}"))
    cache.wait(2, lambda: events.append(f"second at {cache.revision}"))
    cancel = cache.wait(2, lambda: events.append("never"))
    cancel()
    cancel()
    for _ in range(3):
        write(storage)
    assert events == ["at once"]
    cache.release()
    assert events == ["at once", "second at 2", "third at 3"]


def test_a_new_server_starts_its_windows_at_the_newest_revision() -> None:
    storage = Storage()
    first = WatchCache(storage)
    for _ in range(3):
        write(storage)
    first.close()
    second = WatchCache(storage)
    write(storage)
    pods = second.resource("pods")
    assert (pods.list_revision, pods.revision, pods.oldest_revision) == (4, 5, 4)
    with pytest.raises(TooOld, match=r"too old resource version: 3 \(4\)"):
        pods.changes(3)
    assert first.revision == 4


def test_a_resource_that_is_first_used_later_has_its_window_from_the_start_on() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    write(storage, resource="nodes")
    pods = cache.resource("pods")
    assert (pods.list_revision, pods.revision) == (1, 1)
    assert cache.resource("pods") is pods


def test_servers_share_the_objects() -> None:
    storage = Storage()
    caches = [WatchCache(storage) for _ in range(2)]
    stored = write(storage).value
    for cache in (*caches, WatchCache(storage)):
        assert cache.resource("pods").get("a", "x") is stored


def test_a_lagging_cache_does_not_need_the_history_of_the_storage() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    cache.hold()
    changes = [write(storage, name) for name in "xyx"]
    storage.compact(4)
    seen: list[Change] = []
    cache.subscribe("pods", seen.append)
    cache.release()
    assert seen == changes
    assert [item.revision for item in cache.resource("pods").ordered()] == [4, 3]


def test_a_compaction_reaches_the_snapshots_within_15_seconds() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    pods = cache.resource("pods")
    for _ in range(3):
        write(storage)
    storage.compact(3)
    cache.advance(14.9)
    assert pods.has_snapshot(2)
    cache.advance(15.0)
    assert [revision for revision in range(1, 5) if pods.has_snapshot(revision)] == [3, 4]
    storage.compact(4)
    cache.advance(29.9)
    assert pods.has_snapshot(3)
    cache.advance(30.0)
    assert not pods.has_snapshot(3)
    assert pods.oldest_revision == 1


def test_a_closed_cache_stays_at_what_was_visible() -> None:
    """A read that waited for what the cache held back would return old objects at a new version."""
    storage = Storage()
    cache = WatchCache(storage)
    cache.hold()
    write(storage)
    seen = cache.revision
    cache.close()
    assert cache.revision == seen < storage.revision


def test_a_closed_cache_keeps_nothing_alive() -> None:
    storage = Storage()
    cache = WatchCache(storage)
    cache.hold()
    write(storage)
    cache.close()
    gone = weakref.ref(cache)
    del cache
    gc.collect()
    assert gone() is None


def test_windows_free_the_versions_that_leave_them() -> None:
    storage = Storage()
    cache = WatchCache(storage, capacity=2)
    for _ in range(6):
        write(storage, resource="only.here")
        for revision in (storage.revision - 1, storage.revision):  # what is kept for these reads is freed too
            if cache.resource("only.here").has_snapshot(revision):
                cache.resource("only.here").snapshot(revision).ordered()
    storage.compact(storage.revision)
    gc.collect()
    alive = [item for item in gc.get_objects() if isinstance(item, Stored) and item.key.resource == "only.here"]
    assert sorted(item.revision for item in alive) == [5, 6, 7]
    assert cache.revision == 7
