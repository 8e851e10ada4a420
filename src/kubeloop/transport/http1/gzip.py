"""Undoing gzip in bounded pieces, so that a small body which unfolds into gigabytes can be stopped; pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GzipDecoder"]

_PIECE_BYTES = 1 << 20


class GzipDecoder:
    """Decodes one gzip body, of one or more members.

    `is_complete` says whether what was fed so far ends where a body may end.
    """

    __slots__ = ("_decoder", "_empty")

    def __init__(self) -> None:
        self._decoder = _member()
        self._empty = True

    @property
    def is_complete(self) -> bool:
        """Whether a body may end here."""
        return self._empty or self._decoder.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` unfolds into, in pieces of at most 1 MiB. Stop early to stop the decoding.

        Raises:
            ValueError: Not gzip.
        """
        try:
            while data:
                self._empty = False
                if self._decoder.eof:
                    self._decoder = _member()
                piece = self._decoder.decompress(data, _PIECE_BYTES)
                if piece:
                    yield piece
                data = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail
                if not data:
                    yield from self._rest()
        except zlib.error:
            raise ValueError("the body says it is gzip and is not") from None

    def _rest(self) -> Iterator[bytes]:
        # All input is taken, but more may be waiting inside the decoder.
        while not self._decoder.eof and (piece := self._decoder.decompress(b"", _PIECE_BYTES)):
            yield piece


def _member() -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
