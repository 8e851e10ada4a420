"""Revisions, expectations, history and compaction. `tests/property/test_storage_model` compares with a model."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable

import pytest

from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import Compacted, FutureRevision, Mismatch, WriteFailed
from kubeloop.testing.apiserver.storage.storage_history import StorageHistory
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored
from tests.support.growth import growth

X, Y = Key("pods", "default", "x"), Key("pods", "default", "y")
NODE = Key("nodes", "", "n")


def text(revision: int) -> bytes:
    return b'{"revision": %d}' % revision


def test_an_empty_storage_is_at_revision_1_as_etcd() -> None:
    storage = Storage()
    assert storage.revision == 1
    assert storage.put(X, text, expected=0).revision == 2
    assert (storage.revision, storage.compacted_revision) == (2, 0)


def test_each_write_of_any_resource_has_the_next_revision() -> None:
    storage = Storage()
    changes = [
        storage.put(X, text, expected=0),
        storage.put(NODE, text, expected=0),
        storage.put(X, text, expected=2),
        storage.delete(X, text, expected=4),
        storage.put(X, text, expected=0),
    ]
    assert [change.revision for change in changes] == [2, 3, 4, 5, 6]
    assert list(storage.changes(1)) == changes
    assert list(storage.changes(4)) == changes[3:]


def test_the_data_gets_the_revision_of_its_write() -> None:
    storage = Storage()
    storage.put(NODE, text, expected=None)
    stored = storage.put(X, text, expected=None).value
    assert stored is not None
    assert stored.data == b'{"revision": 3}'
    assert storage.get(X) is stored


def test_an_update_keeps_the_revision_of_the_creation_and_a_new_object_does_not() -> None:
    storage = Storage()
    storage.put(X, text, expected=0)
    updated = storage.put(X, text, expected=None).value
    assert updated is not None
    assert (updated.created_revision, updated.revision) == (2, 3)
    storage.delete(X, None, expected=None)
    created = storage.put(X, text, expected=0).value
    assert created is not None
    assert (created.created_revision, created.revision) == (5, 5)


def test_a_deletion_has_the_state_before_and_the_last_state() -> None:
    storage = Storage()
    before = storage.put(X, text, expected=0).value
    change = storage.delete(X, text, expected=2)
    assert change.value is None
    assert change.previous is before
    assert change.last is not None
    assert (change.last.revision, change.last.created_revision, change.last.data) == (3, 2, b'{"revision": 3}')


def test_a_deletion_without_data_keeps_the_json() -> None:
    storage = Storage()
    storage.put(X, text, expected=0)
    last = storage.delete(X, None, expected=None).last
    assert last is not None
    assert (last.revision, last.data) == (3, b'{"revision": 2}')


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (0, "expected no object, got revision 2: pods default/x"),
        (7, "expected revision 7, got revision 2: pods default/x"),
    ],
)
def test_a_write_that_expects_another_state_changes_nothing(expected: int, message: str) -> None:
    storage = Storage()
    current = storage.put(X, text, expected=0).value
    for write in (storage.put, storage.delete):
        with pytest.raises(Mismatch, match=message) as caught:
            write(X, lambda _: pytest.fail("not written"), expected=expected)
        assert caught.value.current is current
    assert storage.revision == 2


@pytest.mark.parametrize("expected", [None, 0, 3])
def test_a_missing_object_cannot_be_deleted(expected: int | None) -> None:
    storage = Storage()
    with pytest.raises(Mismatch, match="got no object: pods default/x") as caught:
        storage.delete(X, None, expected=expected)
    assert caught.value.current is None
    assert storage.revision == 1


def test_a_missing_object_cannot_be_updated_at_a_revision() -> None:
    with pytest.raises(Mismatch, match="expected revision 3, got no object: pods default/x"):
        Storage().put(X, text, expected=3)


def test_data_that_raises_writes_nothing() -> None:
    storage = Storage()
    with pytest.raises(ZeroDivisionError):
        storage.put(X, lambda revision: b"%d" % (revision // 0), expected=0)
    assert storage.revision == 1
    assert storage.get(X) is None


def test_data_that_writes_is_an_error() -> None:
    storage = Storage()

    def write(_: int) -> bytes:
        storage.put(Y, text, expected=None)
        return b""

    with pytest.raises(RuntimeError, match=r"data\(\) must not write"):
        storage.put(X, write, expected=0)
    assert storage.get(X) is None
    assert storage.revision == 2


def test_an_older_revision_can_be_read_until_it_is_compacted() -> None:
    storage = Storage()
    storage.put(X, text, expected=0)
    storage.put(Y, text, expected=0)
    storage.delete(X, None, expected=None)
    assert storage.get(X) is None
    assert (old := storage.get(X, 3)) is not None
    assert old.revision == 2
    assert [item.key.name for item in storage.range("pods", revision=3).items] == ["x", "y"]
    storage.compact(4)
    with pytest.raises(Compacted, match="expected a revision from 4 on, got 3, which has been compacted"):
        storage.get(X, 3)
    with pytest.raises(Compacted):
        storage.range("pods", revision=3)
    with pytest.raises(Compacted):
        storage.range("no objects", revision=3)
    assert [item.key.name for item in storage.range("pods", revision=4).items] == ["y"]


def test_a_future_revision_cannot_be_read() -> None:
    storage = Storage()
    with pytest.raises(FutureRevision, match="expected a revision up to 1, got 2, which is in the future"):
        storage.range("pods", revision=2)
    assert storage.range("pods", revision=1).revision == 1


def test_the_change_at_the_compacted_revision_stays_in_the_history() -> None:
    storage = Storage()
    changes = [storage.put(X, text, expected=None) for _ in range(5)]
    storage.compact(4)
    assert list(storage.changes(3)) == changes[2:]
    with pytest.raises(Compacted):
        storage.changes(2)


def test_a_compaction_needs_a_newer_revision_that_exists() -> None:
    storage = Storage()
    storage.put(X, text, expected=0)
    storage.compact(2)
    with pytest.raises(Compacted):
        storage.compact(2)
    with pytest.raises(FutureRevision):
        storage.compact(3)
    assert storage.compacted_revision == 2


def test_a_read_of_a_missing_resource_is_empty_at_the_newest_revision() -> None:
    storage = Storage()
    storage.put(X, text, expected=0)
    assert storage.range("deployments.apps") == ([], 2, 0)
    assert storage.get(NODE) is None


def test_resources_are_those_with_objects() -> None:
    storage = Storage()
    storage.put(X, text, expected=0)
    storage.put(NODE, text, expected=0)
    storage.delete(NODE, None, expected=None)
    assert storage.resources() == ["pods"]
    assert storage.table("pods").paths() == ["default/x"]
    assert storage.table("nodes").paths() == storage.table("missing").paths() == []


def test_subscribers_get_each_change_after_its_commit() -> None:
    storage = Storage()
    seen: list[tuple[int, int]] = []
    stop = storage.subscribe(lambda change: seen.append((change.revision, storage.revision)))
    storage.put(X, text, expected=0)
    storage.delete(X, None, expected=None)
    stop()
    stop()
    storage.put(X, text, expected=0)
    assert seen == [(2, 2), (3, 3)]


def test_a_subscriber_may_write_and_all_still_see_the_changes_in_order() -> None:
    storage = Storage()
    seen: list[int] = []

    def answer(change: Change) -> None:
        if change.revision < 5:
            storage.put(Y, text, expected=None)

    storage.subscribe(answer)
    storage.subscribe(lambda change: seen.append(change.revision))
    storage.put(X, text, expected=0)
    assert seen == [2, 3, 4, 5]


def test_a_subscriber_that_raises_keeps_no_change_from_the_others() -> None:
    storage = Storage()
    seen: list[int] = []

    def answer(change: Change) -> None:
        if change.revision < 4:
            storage.put(Y, text, expected=None)
        raise ValueError(change.revision)

    storage.subscribe(answer)
    storage.subscribe(lambda change: seen.append(change.revision))
    with pytest.raises(ValueError, match="4"):
        storage.put(X, text, expected=0)
    assert seen == [2, 3, 4]
    assert storage.get(X) is not None


class FailingLog:
    """A log without space, from which space can be made."""

    def __init__(self) -> None:
        self.is_full = False
        self.is_closed = False
        self.shortened_at = 0

    def write_change(self, change: Change) -> None:
        if self.is_full:
            raise WriteFailed("no space left")

    def write_compaction(self, revision: int) -> None:
        if self.is_full:
            raise WriteFailed("no space left")

    def shorten(self, history: StorageHistory) -> None:
        self.shortened_at = history.compacted_revision

    def close(self) -> None:
        self.is_closed = True


def test_a_write_that_the_log_refuses_has_not_happened() -> None:
    log = FailingLog()
    storage = Storage(log)
    storage.put(X, text, expected=0)
    log.is_full = True
    seen: list[Change] = []
    storage.subscribe(seen.append)
    writes: list[Callable[[], object]] = [
        lambda: storage.put(X, text, expected=None),
        lambda: storage.put(Y, text, expected=0),
        lambda: storage.delete(X, None, expected=2),
        lambda: storage.compact(2),
    ]
    for write in writes:
        with pytest.raises(WriteFailed):
            write()
    assert (storage.revision, storage.compacted_revision, seen) == (2, 0, [])
    assert [item.revision for item in storage.range("pods").items] == [2]
    log.is_full = False
    assert storage.put(Y, text, expected=0).revision == 3
    assert log.shortened_at == 0
    storage.compact(3)
    assert log.shortened_at == 3
    storage.close()
    assert log.is_closed


def test_a_compaction_frees_the_versions_that_no_revision_needs() -> None:
    storage = Storage()
    tag = bytes(bytearray(b"a value that is unique in this process"))

    def living() -> list[int]:
        gc.collect()
        return sorted(item.revision for item in gc.get_objects() if isinstance(item, Stored) and item.data == tag)

    for _ in range(5):
        storage.put(X, lambda _: tag, expected=None)
    storage.range("pods", revision=3)  # what is kept for reads at this revision is freed too
    storage.put(Y, lambda _: tag, expected=None)
    storage.delete(Y, lambda _: tag, expected=None)
    assert living() == [2, 3, 4, 5, 6, 7, 8]
    storage.compact(8)
    assert living() == [6, 7, 8]  # x, and both states of y in the change at the compacted revision
    storage.put(X, lambda _: tag, expected=None)
    storage.put(NODE, lambda _: tag, expected=None)
    storage.compact(10)
    assert living() == [9, 10]


def test_writing_and_compacting_needs_memory_for_the_live_objects_only() -> None:
    storage = Storage()

    def write(count: int) -> None:
        for number in range(count):
            storage.put(Key("pods", "default", f"p{number % 50}"), lambda _: bytes(1000), expected=None)
            storage.put(Key("events", "default", f"e{number}"), lambda _: bytes(1000), expected=None)
            storage.delete(Key("events", "default", f"e{number}"), None, expected=None)
        storage.compact(storage.revision)

    write(100)
    tracemalloc.start()
    try:
        write(100)
        before, _ = tracemalloc.get_traced_memory()
        write(1000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000  # of 3 MB written
    assert storage.resources() == ["pods"]


def shuffled_keys(count: int) -> list[Key]:
    keys = [Key("pods", f"ns-{number % 7}", f"p{number}") for number in range(count)]
    random.Random(3).shuffle(keys)
    return keys


def test_creating_listing_and_deleting_many_objects_takes_linear_time() -> None:
    def run(keys: list[Key]) -> None:
        storage = Storage()
        for number, key in enumerate(keys):
            storage.put(key, text, expected=0)
            if number % 10 == 0:
                storage.range("pods", limit=1)
        for number, key in enumerate(keys):
            storage.delete(key, None, expected=None)
            if number % 10 == 0:
                storage.range("pods", limit=1)

    assert growth(shuffled_keys, run, 1000) < 32


def test_reading_an_older_revision_page_by_page_takes_linear_time() -> None:
    def changed(count: int) -> Storage:
        storage = Storage()
        for key in shuffled_keys(count):
            storage.put(key, text, expected=0)
        for key in shuffled_keys(count):
            storage.put(key, text, expected=None)
        return storage

    def run(storage: Storage) -> None:
        revision = storage.revision // 2 + 1
        page = storage.range("pods", revision=revision, limit=50)
        while page.remaining:
            page = storage.range("pods", revision=revision, limit=50, after=page.items[-1].key.path)

    assert growth(changed, run, 1000) < 32


def test_the_time_compacts_the_history_of_more_than_one_interval_ago() -> None:
    storage = Storage()
    storage.advance(1000.0)
    for _ in range(3):
        storage.put(X, text, expected=None)
    storage.advance(1300.0)
    assert storage.compacted_revision == 0
    storage.put(X, text, expected=None)
    storage.advance(1250.0)
    assert storage.now == 1300.0
    storage.advance(1600.0)
    assert storage.compacted_revision == 4
    storage.advance(1900.0)
    storage.advance(2200.0)
    storage.advance(2500.0)
    assert storage.compacted_revision == 5


def test_a_storage_without_an_interval_compacts_only_when_told() -> None:
    storage = Storage(compaction_interval=None)
    storage.put(X, text, expected=None)
    for now in range(0, 10_000, 100):
        storage.advance(float(now))
    assert storage.compacted_revision == 0


def test_a_compaction_that_the_log_refuses_is_retried(caplog: pytest.LogCaptureFixture) -> None:
    log = FailingLog()
    storage = Storage(log)
    storage.put(X, text, expected=None)
    storage.advance(0.0)
    storage.advance(300.0)
    log.is_full = True
    storage.advance(600.0)
    assert storage.compacted_revision == 0
    assert caplog.messages == [
        "storage: cannot compact up to revision 2: no space left; retrying in one interval",
    ]
    log.is_full = False
    storage.advance(900.0)
    assert storage.compacted_revision == 2


def test_the_representation_shows_the_state() -> None:
    storage = Storage()
    storage.put(X, text, expected=0)
    storage.put(NODE, text, expected=0)
    storage.compact(2)
    assert repr(storage) == "<Storage at 3, 2 objects, compacted at 2>"
