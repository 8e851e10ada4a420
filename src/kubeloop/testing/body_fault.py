"""What happens to the body of a response: decided piece by piece, without an event loop."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .rule import Effect

__all__ = ["BodyEnd", "BodyFault", "Step"]

_PIECES_PER_SECOND = 10


class BodyEnd(Enum):
    """How a body ends that does not end by itself."""

    LOST = "the connection is lost"
    SILENT = "nothing arrives any more"
    COMPLETE = "the body is complete"


Step: TypeAlias = "bytes | float | BodyEnd"
"""The next bytes of the body, seconds of silence before them, or the end."""


class BodyFault:
    """The faults of one body.

    Args:
        effect: Which faults.
    """

    def __init__(self, effect: Effect) -> None:
        self._left: int | None = None if effect.cut is None else effect.cut.after
        self._end = BodyEnd.LOST
        if effect.silent_after is not None and (self._left is None or effect.silent_after < self._left):
            self._left, self._end = effect.silent_after, BodyEnd.SILENT
        self._garbage = effect.garbage
        self._rate = effect.bytes_per_second
        self._size = max(1, round(self._rate / _PIECES_PER_SECOND))

    def feed(self, chunk: bytes) -> Iterator[Step]:
        """Yield what the reader of the body sees of a chunk. The first chunk is empty: it stands for the head.

        Nothing follows a `BodyEnd`.
        """
        if self._garbage is not None:
            chunk = self._garbage
        kept = chunk if self._left is None else chunk[: self._left]
        yield from self._paced(kept)
        if self._left is not None:
            self._left -= len(kept)
            if self._left <= 0:
                yield self._end
        if self._garbage is not None:
            yield BodyEnd.COMPLETE

    def _paced(self, data: bytes) -> Iterator[Step]:
        if not self._rate:
            if data:
                yield data
            return
        for start in range(0, len(data), self._size):
            piece = data[start : start + self._size]
            yield len(piece) / self._rate
            yield piece
