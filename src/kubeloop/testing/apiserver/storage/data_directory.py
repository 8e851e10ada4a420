"""`open_storage`: a storage in a directory, for one process at a time."""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.journal import Journal
from kubeloop.testing.apiserver.storage.journal_replay import Replay, replay
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import StorageError, StorageInUse
from kubeloop.testing.apiserver.storage.storage_history import StorageHistory

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["open_storage"]


def open_storage(directory: str | Path) -> Storage:
    """Open the storage in a directory, or create it.

    Each write is in the journal before `put` and `delete` return. The death of the process loses nothing that was
    acknowledged, and the revision never goes back. `Storage.close` lets other processes open the directory, and so does
    the end of the process.

    Args:
        directory: The directory, which is created if it does not exist. Only its user can read the files in it.

    Raises:
        StorageInUse: Another process has opened the directory.
        CorruptJournal: The journal is damaged, and not by a crash.
        StorageError: The directory cannot be used.
    """
    path = Path(directory)
    with ExitStack() as stack:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = stack.enter_context(open(path / "lock", "a+b", buffering=0, opener=_open_private))
            _lock(lock, path)
            (path / "journal.new").unlink(missing_ok=True)  # what a crash has left of a rewrite
            found = _read(path / "journal")
            journal = Journal(path / "journal", on_close=lock.close)
            stack.callback(journal.close)
            journal.start(found.size)
        except OSError as error:
            raise StorageError(f"cannot open the storage: {error.strerror or error}: {path}") from error
        journal.shorten(found.history)
        stack.pop_all()
        return Storage(journal, found.history)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _lock(file: BinaryIO, directory: Path) -> None:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read(20).decode("ascii", "replace").strip() or "unknown"
        raise StorageInUse(
            f"expected a storage that no process uses, got one of process {owner}: {directory}; stop that process"
        ) from None
    file.truncate(0)
    file.write(b"%d\n" % os.getpid())


def _read(path: Path) -> Replay:
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return Replay(StorageHistory(), 0)
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        return Replay(StorageHistory(), 0)
    return replay(memoryview(content), path)
