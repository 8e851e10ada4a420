"""What the errors of the storage say and carry."""

from __future__ import annotations

from pathlib import Path

from kubeloop.testing.apiserver.storage.storage_error import (
    Compacted,
    CorruptJournal,
    FutureRevision,
    Mismatch,
    StorageError,
    StorageFull,
    WriteFailed,
)
from kubeloop.testing.apiserver.storage.stored import Key, Stored

KEY = Key("nodes", "", "n")


def test_revisions_are_attributes() -> None:
    compacted, future = Compacted(3, 7), FutureRevision(9, 8)
    assert (compacted.revision, compacted.compacted_revision) == (3, 7)
    assert (future.revision, future.current_revision) == (9, 8)


def test_a_mismatch_names_what_was_expected_and_found() -> None:
    current = Stored(KEY, 5, 2, b"{}")
    assert str(Mismatch(KEY, 4, current)) == "expected revision 4, got revision 5: nodes n"
    assert str(Mismatch(KEY, 0, current)) == "expected no object, got revision 5: nodes n"
    assert str(Mismatch(KEY, None, None)) == "expected an object, got no object: nodes n"


def test_a_corrupt_journal_names_file_and_offset() -> None:
    error = CorruptJournal(Path("/data/journal"), 77, "bad checksum")
    assert (error.path, error.offset) == (Path("/data/journal"), 77)
    assert str(error) == (
        "bad checksum: /data/journal, byte 77; `truncate -s 77 /data/journal` keeps what was written before, "
        "and without the file the storage is new"
    )
    assert "nothing before is readable" in str(CorruptJournal(Path("/data/journal"), 0, "no journal"))


def test_all_are_storage_errors_and_a_full_disk_is_a_failed_write() -> None:
    assert issubclass(StorageFull, WriteFailed)
    for kind in (Compacted, CorruptJournal, FutureRevision, Mismatch, WriteFailed):
        assert issubclass(kind, StorageError)
