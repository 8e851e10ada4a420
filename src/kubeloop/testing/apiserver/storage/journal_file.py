"""`JournalFile`: the few operations that a journal needs of its file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AppendFile", "JournalFile"]


class AppendFile(Protocol):
    """A file that grows at its end.

    Attributes:
        size: The length of the file, without what a failed `append` may have left behind.
    """

    size: int

    def append(self, data: bytes) -> None:
        """Write at the end. After an error, a part may have been written; `size` has not changed."""
        ...

    def truncate(self, size: int) -> None:
        """Cut the file."""
        ...

    def sync(self) -> None:
        """Flush the file to the disk."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class JournalFile:
    """A file of the operating system, which only its user can read. It is created if it does not exist.

    What `append` has written survives the death of the process; `sync` is for the death of the machine.
    """

    def __init__(self, path: Path) -> None:
        self._file = open(path, "r+b", buffering=0, opener=_open)  # noqa: SIM115 (closed by close)
        self.size = os.fstat(self._file.fileno()).st_size

    def append(self, data: bytes) -> None:
        """Write at the end. After an error, a part may have been written; `size` has not changed."""
        descriptor, offset = self._file.fileno(), self.size
        written = os.pwrite(descriptor, data, offset)
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], offset + written)
        self.size = offset + written

    def truncate(self, size: int) -> None:
        """Cut the file."""
        os.ftruncate(self._file.fileno(), size)
        self.size = size

    def sync(self) -> None:
        """Flush the file to the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)
