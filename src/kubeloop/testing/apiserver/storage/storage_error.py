"""The errors of the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kubeloop.testing.apiserver.storage.stored import Key, Stored

__all__ = [
    "Compacted",
    "CorruptJournal",
    "FutureRevision",
    "Mismatch",
    "StorageError",
    "StorageFull",
    "StorageInUse",
    "WriteFailed",
]


class StorageError(Exception):
    """What a storage refuses or cannot do."""


class Compacted(StorageError):
    """The revision is no longer in the history. Reading a newer revision helps.

    Attributes:
        revision: The revision that was asked for.
        compacted_revision: The oldest revision that can be read.
    """

    def __init__(self, revision: int, compacted_revision: int) -> None:
        super().__init__(f"expected a revision from {compacted_revision} on, got {revision}, which has been compacted")
        self.revision = revision
        self.compacted_revision = compacted_revision


class FutureRevision(StorageError):
    """The revision is in the future.

    Attributes:
        revision: The revision that was asked for.
        current_revision: The revision of the newest change.
    """

    def __init__(self, revision: int, current_revision: int) -> None:
        super().__init__(f"expected a revision up to {current_revision}, got {revision}, which is in the future")
        self.revision = revision
        self.current_revision = current_revision


class Mismatch(StorageError):
    """The object is not at the revision that a write expects. Nothing was written.

    Attributes:
        current: The newest version of the object; None if the object does not exist.
    """

    def __init__(self, key: Key, expected: int | None, current: Stored | None) -> None:
        wanted = f"revision {expected}" if expected else "an object" if expected is None else "no object"
        found = f"revision {current.revision}" if current else "no object"
        super().__init__(f"expected {wanted}, got {found}: {key.resource} {key.path}")
        self.current = current


class WriteFailed(StorageError):
    """The journal could not be written. Nothing has changed, and a later write may succeed."""


class StorageFull(WriteFailed):
    """The disk, the quota or the largest size of a file is used up. Nothing has changed."""


class StorageInUse(StorageError):
    """Another process has opened the directory of the storage."""


class CorruptJournal(StorageError):
    """The journal contains something that no crash explains.

    Attributes:
        path: The file.
        offset: Where in the file the first bad record starts, in bytes.
    """

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        rest = (
            f"`truncate -s {offset} {path}` keeps what was written before" if offset else "nothing before is readable"
        )
        super().__init__(f"{reason}: {path}, byte {offset}; {rest}, and without the file the storage is new")
        self.path = path
        self.offset = offset
