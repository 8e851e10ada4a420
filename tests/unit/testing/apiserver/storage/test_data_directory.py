"""Opening a directory: creation, locks and what cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kubeloop.testing.apiserver.storage.data_directory import open_storage
from kubeloop.testing.apiserver.storage.storage_error import CorruptJournal, StorageError, StorageInUse
from kubeloop.testing.apiserver.storage.stored import Key

X = Key("secrets", "a", "x")


def test_a_new_directory_is_private(tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "new" / "data")
    storage.put(X, lambda _: b"secret", expected=0)
    storage.close()
    directory = tmp_path / "new" / "data"
    assert directory.stat().st_mode & 0o777 == 0o700
    modes = {entry.name: entry.stat().st_mode & 0o777 for entry in directory.iterdir()}
    assert modes == {"journal": 0o600, "lock": 0o600}


def test_a_reopened_storage_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for revision in (2, 3, 4):
        storage = open_storage(str(tmp_path))
        assert storage.put(X, lambda revision: b"%d" % revision, expected=None).revision == revision
        storage.close()
    storage = open_storage(tmp_path)
    assert [change.revision for change in storage.changes(0)] == [2, 3, 4]
    assert [item.data for item in storage.range("secrets", revision=3).items] == [b"3"]
    storage.close()


def test_a_directory_in_use_names_the_process(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    with pytest.raises(StorageInUse, match=rf"got one of process {os.getpid()}: {tmp_path}; stop that process"):
        open_storage(tmp_path)
    storage.put(X, lambda _: b"", expected=0)
    storage.close()
    again = open_storage(tmp_path)
    assert again.revision == 2
    again.close()


def test_a_corrupt_journal_is_left_as_it_is_and_unlocked(tmp_path: Path) -> None:
    open_storage(tmp_path).close()
    journal = tmp_path / "journal"
    journal.write_bytes(b"not a journal")
    for _ in range(2):
        with pytest.raises(CorruptJournal, match=f"{journal}, byte 0"):
            open_storage(tmp_path)
    assert journal.read_bytes() == b"not a journal"


def test_the_rest_of_an_interrupted_rewrite_is_removed(tmp_path: Path) -> None:
    open_storage(tmp_path).close()
    (tmp_path / "journal.new").write_bytes(b"half")
    open_storage(tmp_path).close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["journal", "lock"]


def test_an_empty_journal_is_started(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    storage = open_storage(tmp_path)
    assert storage.revision == 1
    storage.close()


def test_a_path_that_is_no_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=f"cannot open the storage: File exists: {tmp_path / 'file'}"):
        open_storage(tmp_path / "file")
    with pytest.raises(StorageError, match="cannot open the storage: Not a directory"):
        open_storage(tmp_path / "file" / "data")


def test_a_journal_that_is_no_file_is_an_error_and_releases_the_lock(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with pytest.raises(StorageError, match="cannot open the storage: Is a directory"):
        open_storage(tmp_path)
    (tmp_path / "journal").rmdir()
    open_storage(tmp_path).close()
