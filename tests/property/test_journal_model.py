"""A journaled storage that is reopened, cut and damaged, against the storage that wrote it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kubeloop.testing.apiserver.storage import journal as journal_module
from kubeloop.testing.apiserver.storage.data_directory import open_storage
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import CorruptJournal
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored

KEYS = st.sampled_from([Key("pods", "a", "x"), Key("pods", "a-b", "x"), Key("pods", "ä", "x"), Key("nodes", "", "x")])
# An operation: a write with its data, a deletion (None), or a compaction of this part of the history.
OPERATIONS = st.lists(
    st.tuples(KEYS, st.one_of(st.binary(max_size=5), st.none(), st.floats(0, 1))), min_size=1, max_size=25
)


def plain(stored: Stored | None) -> tuple[Key, int, int, bytes] | None:
    return (stored.key, stored.revision, stored.created_revision, stored.data) if stored else None


def plain_change(change: Change) -> object:
    return (change.revision, change.key, plain(change.value), plain(change.previous), plain(change.last))


def content(storage: Storage) -> object:
    """Return all that can be read from a storage."""
    first = max(storage.compacted_revision, 1)
    states = [
        (
            revision,
            [list(map(plain, storage.range(resource, revision=revision).items)) for resource in ("pods", "nodes")],
        )
        for revision in range(first, storage.revision + 1)
    ]
    history = [plain_change(change) for change in storage.changes(storage.compacted_revision - 1)]
    return storage.revision, storage.compacted_revision, states, history


def run(storage: Storage, operations: list[tuple[Key, bytes | float | None]]) -> None:
    for key, what in operations:
        if isinstance(what, bytes):
            storage.put(key, lambda revision, data=what: b"%d" % revision + data, expected=None)  # type: ignore[misc]
        elif isinstance(what, float):
            revision = round(storage.compacted_revision + what * (storage.revision - storage.compacted_revision))
            if revision > storage.compacted_revision:
                storage.compact(revision)
        elif storage.get(key):
            storage.delete(key, lambda revision: b"last %d" % revision, expected=None)


@settings(max_examples=60)
@given(OPERATIONS, OPERATIONS, st.booleans())
def test_a_reopened_storage_has_the_same_content(
    first: list[tuple[Key, bytes | float | None]], second: list[tuple[Key, bytes | float | None]], shortens: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        if shortens:  # at each compaction that leaves less than half
            patch.setattr(journal_module, "SHORTENED_BYTES", 1)
        for operations in (first, second):
            storage = open_storage(directory)
            run(storage, operations)
            expected = content(storage)
            storage.close()
            reopened = open_storage(directory)
            assert content(reopened) == expected
            reopened.close()
        memory = Storage()
        run(memory, first + second)
        assert content(memory) == expected


@settings(max_examples=60)
@given(OPERATIONS, st.floats(0, 1), st.integers(0, 40))
@example([(Key("pods", "a", "x"), b"x")], 0.0, 0)
def test_a_journal_that_was_cut_contains_all_that_was_written_before_the_cut(
    operations: list[tuple[Key, bytes | float | None]], cut: float, zeros: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        storage = open_storage(directory)
        journal = Path(directory) / "journal"
        contents = {journal.stat().st_size: content(storage)}
        for operation in operations:
            run(storage, [operation])
            contents[journal.stat().st_size] = content(storage)
        storage.close()
        size = round(cut * journal.stat().st_size)
        os.truncate(journal, size)
        os.truncate(journal, size + zeros)
        reopened = open_storage(directory)
        complete = max((length for length in contents if length <= size), default=min(contents))
        assert content(reopened) == contents[complete]
        assert journal.stat().st_size == complete
        run(reopened, operations)
        expected = content(reopened)
        reopened.close()
        again = open_storage(directory)
        assert content(again) == expected
        again.close()


@settings(max_examples=100)
@given(OPERATIONS, st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_damaged_byte_is_an_error_with_the_offset_of_its_record(
    operations: list[tuple[Key, bytes | float | None]], place: float, bit: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        storage = open_storage(directory)
        journal = Path(directory) / "journal"
        starts = [0, journal.stat().st_size]
        for operation in operations:
            run(storage, [operation])
            starts.append(journal.stat().st_size)
        storage.close()
        data = bytearray(journal.read_bytes())
        offset = int(place * len(data))
        data[offset] ^= 1 << bit
        journal.write_bytes(data)
        with pytest.raises(CorruptJournal) as caught:
            open_storage(directory)
        assert caught.value.offset == max(start for start in starts if start <= offset)
        assert str(journal) in str(caught.value)
        assert journal.read_bytes() == data
