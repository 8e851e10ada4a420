"""Reading a journal: from records to the history of a storage, and back."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from kubeloop.testing.apiserver.storage.journal_record import (
    BASE,
    COMPACTION,
    DELETION,
    FIRST_LINE,
    OBJECT,
    WRITE,
    BadRecord,
    encode_object,
    encode_revisions,
    object_size,
    payloads,
    read_object,
    read_revisions,
    zero_tail,
)
from kubeloop.testing.apiserver.storage.past_view import PastView
from kubeloop.testing.apiserver.storage.resource_history import newer
from kubeloop.testing.apiserver.storage.storage_error import CorruptJournal
from kubeloop.testing.apiserver.storage.storage_history import FIRST_REVISION, StorageHistory
from kubeloop.testing.apiserver.storage.stored import Change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeloop.testing.apiserver.storage.stored import Key, Stored

__all__ = ["Replay", "change_record", "history_size", "records_of", "replay"]


class Replay(NamedTuple):
    """What a journal contains.

    Attributes:
        history: The history.
        size: The length of the readable part, in bytes. What follows was never acknowledged.
    """

    history: StorageHistory
    size: int


def replay(journal: memoryview, path: Path) -> Replay:
    """Read a journal.

    Args:
        journal: The content of the file.
        path: The file, for errors.

    Raises:
        CorruptJournal: A record, other than an incomplete one at the end, cannot be read, or contradicts those before.
    """
    first_line = bytes(journal[: len(FIRST_LINE)])
    if first_line != FIRST_LINE:
        if FIRST_LINE.startswith(bytes(journal[: zero_tail(journal)])):  # a crash while the file was created
            return Replay(StorageHistory(), 0)
        raise CorruptJournal(path, 0, f"expected {FIRST_LINE!r}, got {first_line!r}")
    builder = HistoryBuilder()
    for item in payloads(journal):
        if isinstance(item, BadRecord):
            if not item.is_incomplete:
                raise CorruptJournal(path, item.offset, item.reason)
            return Replay(builder.history, item.offset)
        offset, payload = item
        try:
            builder.read(payload)
        except (ValueError, struct.error) as error:
            raise CorruptJournal(path, offset, f"cannot read a record: {error}") from error
    return Replay(builder.history, len(journal))


class HistoryBuilder:
    """Apply the payloads of records, in order.

    Attributes:
        history: The result.
    """

    def __init__(self) -> None:
        self.history = StorageHistory()
        self._keys: dict[bytes, Key] = {}

    def read(self, payload: memoryview) -> None:
        """Apply one payload.

        Raises:
            ValueError: It is not a record, or does not follow from the state before.
            struct.error: It is too short.
        """
        kind = payload[0]
        if kind in (WRITE, DELETION):
            self._change(kind, read_object(payload, self._keys))
        elif kind == OBJECT:
            self.history.add(read_object(payload, self._keys))
        elif kind == BASE:
            self.history = StorageHistory(*read_revisions(payload))
        elif kind == COMPACTION:
            revision = read_revisions(payload)[0]
            if revision > self.history.revision:
                raise ValueError(f"expected a compaction up to revision {self.history.revision}, got {revision}")
            self.history.compact(max(revision, self.history.compacted_revision))
        else:
            raise ValueError(f"expected a known kind of record, got {kind}")

    def _change(self, kind: int, stored: Stored) -> None:
        history = self.history
        if stored.revision != history.revision + 1:
            raise ValueError(f"expected revision {history.revision + 1}, got {stored.revision}")
        previous = history.get(stored.key)
        created = previous.created_revision if previous else stored.revision
        if stored.created_revision != created:
            raise ValueError(f"expected an object created at {created}, got {stored.created_revision}")
        if kind == WRITE:
            history.record(Change(stored.revision, stored.key, stored, previous))
        elif previous:
            history.record(Change(stored.revision, stored.key, None, previous, stored))
        else:
            raise ValueError("expected a deletion of an object, got one of nothing")


def change_record(change: Change) -> bytes:
    """Return the record of a change."""
    if change.value is not None:
        return encode_object(WRITE, change.value)
    assert change.last is not None  # a deletion has it
    return encode_object(DELETION, change.last)


def records_of(history: StorageHistory) -> Iterator[bytes]:
    """Yield the parts of a journal that contains a history and nothing else."""
    yield FIRST_LINE
    base = max(history.compacted_revision - 1, FIRST_REVISION)
    yield encode_revisions(BASE, base, history.compacted_revision)
    for part in history.resources.values():
        view = PastView(part.table, base)
        view.undo(newer(part.changes, base))
        for stored in view.ordered():
            yield encode_object(OBJECT, stored)
    for change in newer(history.changes, base):
        yield change_record(change)


def history_size(history: StorageHistory) -> int:
    """Return about how many bytes `records_of` yields."""
    objects = sum(object_size(stored) for part in history.resources.values() for stored in part.table.ordered())
    return objects + sum(object_size(change.previous) for change in history.changes if change.previous)
