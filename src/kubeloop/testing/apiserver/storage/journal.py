"""`Journal`: the file in which a storage records each write before it happens."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.journal_file import JournalFile
from kubeloop.testing.apiserver.storage.journal_record import COMPACTION, FIRST_LINE, encode_revisions
from kubeloop.testing.apiserver.storage.journal_replay import change_record, history_size, records_of
from kubeloop.testing.apiserver.storage.storage_error import StorageFull, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kubeloop.testing.apiserver.storage.journal_file import AppendFile
    from kubeloop.testing.apiserver.storage.storage_history import StorageHistory
    from kubeloop.testing.apiserver.storage.stored import Change

__all__ = ["SHORTENED_BYTES", "Journal"]

log = logging.getLogger(__name__)

SHORTENED_BYTES = 16 << 20
"""A journal that is not larger is never rewritten."""

CHUNK_BYTES = 1 << 20

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Journal:
    """A file with one record per write. It is a `CommitLog`.

    The operating system has a record before the write is acknowledged. So the death of the process, as by SIGKILL,
    loses nothing that was acknowledged. The death of the machine may lose the last seconds: the file is flushed to the
    disk only when it is closed or rewritten, because a flush per write would take most of the time of a write.

    After a failed write, the part that was written is removed, and the next write may succeed.

    Args:
        path: The file, which contains what the storage has replayed, or is empty.
        open_file: How the file, and the one that replaces it, are opened.
        on_close: Called when the journal is closed.
    """

    def __init__(
        self,
        path: Path,
        *,
        open_file: Callable[[Path], AppendFile] = JournalFile,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._open_file = open_file
        self._on_close = on_close
        self._is_open = True
        self._file = open_file(path)
        self._last = (0, 0)  # the revision and the offset of the newest change that was written
        self._has_remains = False  # whether a failed write has left a part behind

    def start(self, size: int) -> None:
        """Remove what follows the readable part of the file, and write the first line of a new one."""
        if size < self._file.size:
            log.warning(
                "storage %s: removed %d bytes at the end, a write that was interrupted and never acknowledged",
                self._path,
                self._file.size - size,
            )
            self._file.truncate(size)
        if not size:
            self._append(FIRST_LINE, 0)

    def write_change(self, change: Change) -> None:
        """Record a change.

        Raises:
            StorageFull: There is no space.
            WriteFailed: The file cannot be written for another reason.
        """
        revision, start = self._last
        if change.revision != revision:  # otherwise an exception kept the storage from making the change, as by Ctrl-C
            start = self._file.size
            self._last = (change.revision, start)
        self._append(change_record(change), start)

    def write_compaction(self, revision: int) -> None:
        """Record that the history before a revision is dropped.

        Raises:
            StorageFull: There is no space.
            WriteFailed: The file cannot be written for another reason.
        """
        self._append(encode_revisions(COMPACTION, revision, revision), self._file.size)

    def shorten(self, history: StorageHistory) -> None:
        """Rewrite the file if less than half of it is still needed. A failure is logged; the old file stays in use."""
        size = self._file.size
        if not history.compacted_revision or size < max(SHORTENED_BYTES, 2 * history_size(history)):
            return
        temporary = self._path.with_name(f"{self._path.name}.new")
        try:
            self._replace(temporary, records_of(history))
        except OSError as error:
            log.warning("storage %s: cannot shorten the journal: %s; retrying later", self._path, error)
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            return
        log.info("storage %s: shortened from %d to %d bytes", self._path, size, self._file.size)

    def close(self) -> None:
        """Flush the file to the disk, close it, and let others open it. A second call does nothing.

        Raises:
            WriteFailed: The disk has not taken everything. The file is closed nevertheless.
        """
        if not self._is_open:
            return
        self._is_open = False
        try:
            with contextlib.closing(self._file):
                self._file.sync()
        except OSError as error:
            raise self._failure(error) from error
        finally:
            self._on_close()

    def _append(self, record: bytes, start: int) -> None:
        if not self._is_open:
            raise WriteFailed(f"cannot write the journal, which has been closed: {self._path}")
        try:
            if self._has_remains or self._file.size != start:
                self._file.truncate(start)
                self._has_remains = False
            self._file.append(record)
        except BaseException as error:
            self._has_remains = True
            with contextlib.suppress(OSError):
                self._file.truncate(start)
                self._has_remains = False
            if not isinstance(error, OSError):
                raise
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> WriteFailed:
        kind = StorageFull if error.errno in FULL else WriteFailed
        return kind(f"cannot write the journal: {error.strerror or error}: {self._path}")

    def _replace(self, temporary: Path, records: Iterable[bytes]) -> None:
        temporary.unlink(missing_ok=True)
        new = self._open_file(temporary)
        try:
            chunk = bytearray()
            for record in records:
                chunk += record
                if len(chunk) >= CHUNK_BYTES:
                    new.append(bytes(chunk))
                    chunk.clear()
            new.append(bytes(chunk))
            new.sync()
            temporary.replace(self._path)
        except BaseException:
            new.close()
            raise
        old, self._file = self._file, new
        self._last = (0, 0)
        self._has_remains = False
        old.close()
        _sync_folder(self._path.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can flush a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
