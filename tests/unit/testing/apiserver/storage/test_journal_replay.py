"""From records to a history and back. `tests/property/test_journal_model` covers sequences of writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.testing.apiserver.storage.journal_record import (
    BASE,
    COMPACTION,
    DELETION,
    FIRST_LINE,
    OBJECT,
    WRITE,
    encode_object,
    encode_revisions,
)
from kubeloop.testing.apiserver.storage.journal_replay import change_record, history_size, records_of, replay
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import CorruptJournal
from kubeloop.testing.apiserver.storage.storage_history import StorageHistory
from kubeloop.testing.apiserver.storage.stored import Key, Stored

PATH = Path("/data/journal")
X, Y = Key("pods", "a", "x"), Key("pods", "a", "y")


def read(*records: bytes) -> StorageHistory:
    return replay(memoryview(FIRST_LINE + b"".join(records)), PATH).history


def version(key: Key, revision: int, created: int) -> Stored:
    return Stored(key, revision, created, b"%d" % revision)


def test_changes_are_replayed_with_their_previous_versions() -> None:
    history = read(
        encode_object(WRITE, version(X, 2, 2)),
        encode_object(WRITE, version(X, 3, 2)),
        encode_object(DELETION, version(X, 4, 2)),
        encode_object(WRITE, version(X, 5, 5)),
    )
    seen = [
        tuple(item.revision if item else None for item in (change.value, change.previous, change.last))
        for change in history.changes
    ]
    assert seen == [(2, None, None), (3, 2, None), (None, 3, 4), (5, None, None)]
    assert history.revision == 5


def test_a_base_starts_the_history_later() -> None:
    history = read(
        encode_revisions(BASE, 8, 9),
        encode_object(OBJECT, version(X, 4, 3)),
        encode_object(WRITE, version(X, 9, 3)),
    )
    assert (history.revision, history.compacted_revision, len(history.changes)) == (9, 9, 1)
    assert [change.value for change in history.changes] == [history.get(X)]


def test_a_compaction_is_replayed() -> None:
    records = [encode_object(WRITE, version(X, revision, 2)) for revision in range(2, 7)]
    history = read(*records, encode_revisions(COMPACTION, 5, 5), encode_revisions(COMPACTION, 3, 3))
    assert (history.compacted_revision, [change.revision for change in history.changes]) == (5, [5, 6])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (encode_object(WRITE, version(X, 4, 2)), "expected revision 3, got 4"),
        (encode_object(WRITE, version(X, 2, 2)), "expected revision 3, got 2"),
        (encode_object(WRITE, version(X, 3, 3)), "expected an object created at 2, got 3"),
        (encode_object(DELETION, version(Y, 3, 3)), "expected a deletion of an object, got one of nothing"),
        (encode_revisions(COMPACTION, 3, 3), "expected a compaction up to revision 2, got 3"),
        (encode_revisions(ord("?"), 3, 3), "expected a known kind of record, got 63"),
    ],
)
def test_a_record_that_contradicts_those_before_is_an_error(record: bytes, reason: str) -> None:
    first = encode_object(WRITE, version(X, 2, 2))
    with pytest.raises(CorruptJournal, match=reason) as caught:
        read(first, record)
    assert (caught.value.path, caught.value.offset) == (PATH, len(FIRST_LINE) + len(first))


@pytest.mark.parametrize("content", [b"", FIRST_LINE[:7], b"\0" * 100, FIRST_LINE[:3] + b"\0" * 30])
def test_a_file_whose_creation_was_interrupted_is_empty(content: bytes) -> None:
    found = replay(memoryview(content), PATH)
    assert (found.size, found.history.revision) == (0, 1)


@pytest.mark.parametrize("content", [b"kubeloop journal 2\n", b"something else that is longer", b"short"])
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(CorruptJournal, match=r"expected b'kubeloop journal 1\\n', got b'.*: /data/journal, byte 0"):
        replay(memoryview(content), PATH)


def test_an_incomplete_record_ends_the_readable_part() -> None:
    record = encode_object(WRITE, version(X, 2, 2))
    content = FIRST_LINE + record + record[:20]
    found = replay(memoryview(content), PATH)
    assert (found.size, found.history.revision) == (len(FIRST_LINE) + len(record), 2)


def written(storage: Storage) -> StorageHistory:
    """Return the history that the records of a storage's changes have."""
    return read(*(change_record(change) for change in storage.changes(storage.compacted_revision - 1)))


def test_a_rewritten_journal_has_the_same_history() -> None:
    storage = Storage()
    for key in (X, Y, X, X, Y):
        storage.put(key, lambda revision: b"%d" % revision, expected=None)
    storage.delete(Y, None, expected=None)
    history = written(storage)
    history.compact(4)
    again = replay(memoryview(b"".join(records_of(history))), PATH).history
    assert (again.revision, again.compacted_revision) == (7, 4)
    assert [(change.revision, change.key) for change in again.changes] == [(4, X), (5, X), (6, Y), (7, Y)]
    first = again.changes[0].previous
    assert first is not None
    assert (first.revision, first.data) == (2, b"2")
    assert again.get(Y) is None


def test_a_history_that_was_compacted_at_the_first_revision_can_be_rewritten() -> None:
    history = StorageHistory()
    history.compact(1)
    again = replay(memoryview(b"".join(records_of(history))), PATH).history
    assert (again.revision, again.compacted_revision) == (1, 1)


def test_the_size_of_a_history_is_about_that_of_its_records() -> None:
    storage = Storage()
    for number in range(200):
        storage.put(Key("pods", "a", f"p{number % 50}"), lambda _: bytes(300), expected=None)
    history = written(storage)
    history.compact(120)
    size = sum(map(len, records_of(history)))
    assert abs(size - history_size(history)) < size / 10
