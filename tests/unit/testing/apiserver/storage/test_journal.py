"""Recording writes: order, failures, rewriting. `tests/faults/test_journal_faults` uses real processes and limits."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from kubeloop.testing.apiserver.storage import journal as journal_module
from kubeloop.testing.apiserver.storage.journal import Journal
from kubeloop.testing.apiserver.storage.journal_file import AppendFile, JournalFile
from kubeloop.testing.apiserver.storage.journal_record import FIRST_LINE
from kubeloop.testing.apiserver.storage.journal_replay import replay
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import StorageFull, WriteFailed
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored

X = Key("pods", "a", "x")


class Disk:
    """A disk with room for a number of bytes, all of whose files are real.

    Attributes:
        room: How many bytes can still be written; None for any number.
        error: The number of the error when there is no room.
        is_stuck: Whether files cannot be cut either.
    """

    def __init__(self) -> None:
        self.room: int | None = None
        self.error = errno.ENOSPC
        self.is_stuck = False

    def open(self, path: Path) -> AppendFile:
        return FileOnDisk(path, self)


class FileOnDisk(JournalFile):
    def __init__(self, path: Path, disk: Disk) -> None:
        super().__init__(path)
        self._disk = disk

    def append(self, data: bytes) -> None:
        room = self._disk.room
        if room is not None and room < len(data):
            size = self.size
            super().append(data[:room])
            self.size = size
            raise OSError(self._disk.error, "no room")
        super().append(data)

    def truncate(self, size: int) -> None:
        if self._disk.is_stuck:
            raise OSError(errno.EIO, "stuck")
        super().truncate(size)


def opened(
    path: Path, disk: Disk | None = None, on_close: Callable[[], None] = lambda: None
) -> tuple[Journal, Storage]:
    journal = Journal(path, open_file=disk.open if disk else JournalFile, on_close=on_close)
    found = replay(memoryview(path.read_bytes()), path)
    journal.start(found.size)
    return journal, Storage(journal, found.history)


def put(storage: Storage, data: bytes = b"{}") -> int:
    return storage.put(X, lambda _: data, expected=None).revision


def reread(path: Path) -> tuple[int, bytes | None]:
    """Return the revision and the data of x that a journal contains."""
    history = replay(memoryview(path.read_bytes()), path).history
    stored = history.get(X)
    return history.revision, stored.data if stored else None


def test_a_write_is_in_the_file_when_it_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal, storage = opened(path)
    assert path.read_bytes() == FIRST_LINE
    put(storage, b"one")
    assert reread(path) == (2, b"one")
    storage.delete(X, None, expected=2)
    assert reread(path) == (3, None)
    journal.close()


@pytest.mark.parametrize("room", [0, 1, 11, 12, 29])
def test_a_full_disk_refuses_the_write_and_later_writes_work(tmp_path: Path, room: int) -> None:
    path, disk = tmp_path / "journal", Disk()
    journal, storage = opened(path, disk)
    put(storage, b"one")
    before = path.read_bytes()
    disk.room = room
    for _ in range(2):
        with pytest.raises(StorageFull, match=f"cannot write the journal: no room: {path}"):
            put(storage, b"a longer value than the next")
        with pytest.raises(StorageFull):
            storage.compact(2)
        assert path.read_bytes() == before
        assert (storage.revision, storage.compacted_revision) == (2, 0)
    disk.room = None
    assert put(storage, b"two") == 3
    assert reread(path) == (3, b"two")
    journal.close()


def test_a_part_that_cannot_be_removed_is_removed_before_the_next_write(tmp_path: Path) -> None:
    path, disk = tmp_path / "journal", Disk()
    journal, storage = opened(path, disk)
    disk.room, disk.is_stuck = 20, True
    with pytest.raises(StorageFull):
        put(storage, b"a longer value than the next")
    assert path.stat().st_size == len(FIRST_LINE) + 20
    disk.room = None
    with pytest.raises(WriteFailed, match="stuck"):
        put(storage, b"one")
    disk.is_stuck = False
    assert put(storage, b"two") == 2
    assert reread(path) == (2, b"two")
    journal.close()


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EDQUOT, StorageFull), (errno.EFBIG, StorageFull), (errno.EIO, WriteFailed)]
)
def test_errors_of_space_are_told_apart(tmp_path: Path, number: int, kind: type[WriteFailed]) -> None:
    disk = Disk()
    journal, storage = opened(tmp_path / "journal", disk)
    disk.room, disk.error = 0, number
    with pytest.raises(WriteFailed) as caught:
        put(storage)
    assert type(caught.value) is kind
    assert isinstance(caught.value.__cause__, OSError)
    disk.room = None
    journal.close()


def test_a_change_that_the_storage_did_not_make_after_all_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal, storage = opened(path)
    lost = Stored(X, 2, 2, b"a value that was interrupted, as by Ctrl-C")
    journal.write_change(Change(2, X, lost, None))
    storage.compact(1)
    put(storage, b"one")
    assert reread(path) == (2, b"one")
    journal.close()


def test_a_rewrite_forgets_a_change_that_the_storage_did_not_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SHORTENED_BYTES", 1)
    path = tmp_path / "journal"
    journal, storage = opened(path)
    for _ in range(20):
        put(storage, b"one")
    journal.write_change(Change(22, X, Stored(X, 22, 2, b"lost"), storage.get(X)))
    size = path.stat().st_size
    storage.compact(21)
    assert path.stat().st_size < size / 4
    put(storage, b"two")
    assert reread(path) == (22, b"two")
    journal.close()


def test_an_interruption_of_the_write_itself_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    journal, storage = opened(path)
    append = JournalFile.append

    def interrupted(self: JournalFile, data: bytes) -> None:
        append(self, data)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            put(storage, b"lost")
    assert path.read_bytes() == FIRST_LINE
    assert put(storage, b"one") == 2
    assert reread(path) == (2, b"one")
    journal.close()


def test_what_follows_the_readable_part_is_removed_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal"
    journal, storage = opened(path)
    put(storage, b"one")
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + whole[len(FIRST_LINE) : -1])
    journal, storage = opened(path)
    assert path.read_bytes() == whole
    assert storage.revision == 2
    removed = len(whole) - len(FIRST_LINE) - 1
    assert caplog.messages == [
        f"storage {path}: removed {removed} bytes at the end, a write that was interrupted and never acknowledged"
    ]
    journal.close()


def test_a_closed_journal_refuses_writes(tmp_path: Path) -> None:
    closed: list[bool] = []
    _, storage = opened(tmp_path / "journal", on_close=lambda: closed.append(True))
    storage.close()
    storage.close()
    assert closed == [True]
    with pytest.raises(WriteFailed, match="which has been closed"):
        put(storage)
    assert storage.revision == 1


def test_a_journal_that_cannot_be_flushed_is_closed_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: JournalFile) -> None:
        raise OSError(errno.EIO, "bad disk")

    closed: list[bool] = []
    _, storage = opened(tmp_path / "journal", on_close=lambda: closed.append(True))
    monkeypatch.setattr(JournalFile, "sync", fail)
    with pytest.raises(WriteFailed, match="cannot write the journal: bad disk"):
        storage.close()
    assert closed == [True]
    storage.close()


def test_a_compaction_shortens_a_large_journal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "journal"
    journal, storage = opened(path)
    for _ in range(17):
        put(storage, bytes(1 << 20))
    storage.compact(storage.revision - 1)
    size = path.stat().st_size
    assert 3 << 20 < size < (3 << 20) + 1000  # before the compacted revision, at it, and the newest
    assert caplog.messages[0].startswith(f"storage {path}: shortened from 17")
    assert [entry.name for entry in tmp_path.iterdir()] == ["journal"]
    put(storage, b"after")
    assert reread(path) == (19, b"after")
    journal.close()


def test_a_journal_that_is_still_needed_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal, storage = opened(path)
    for _ in range(17):
        put(storage, bytes(1 << 20))
    size = path.stat().st_size
    storage.compact(9)  # 9 versions and the one before stay: more than half
    assert path.stat().st_size > size
    journal.close()


def test_a_small_journal_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal, storage = opened(path)
    for _ in range(100):
        put(storage, bytes(1000))
    storage.compact(storage.revision)
    assert path.stat().st_size > 100_000
    journal.close()


def test_a_full_disk_keeps_the_old_journal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, disk = tmp_path / "journal", Disk()
    journal, storage = opened(path, disk)
    monkeypatch.setattr(journal_module, "SHORTENED_BYTES", 1)
    for number in range(50):
        put(storage, b"%d" % number)
    disk.room = 80  # enough for the record of the compaction
    storage.compact(50)
    assert storage.compacted_revision == 50
    assert caplog.messages == [f"storage {path}: cannot shorten the journal: [Errno 28] no room; retrying later"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["journal"]
    assert reread(path) == (51, b"49")
    disk.room = None
    size = path.stat().st_size
    put(storage, b"after")
    storage.compact(52)
    assert path.stat().st_size < size / 10
    assert reread(path) == (52, b"after")
    journal.close()
