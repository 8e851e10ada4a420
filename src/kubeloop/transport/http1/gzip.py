"""Decompressing gzip in pieces of limited size, so that a body that expands to gigabytes can be stopped; no I/O."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GzipDecoder"]

_PIECE_BYTES = 1 << 20


class GzipDecoder:
    """Decompresses one gzip body, which has one or more members."""

    __slots__ = ("_decoder", "_empty")

    def __init__(self) -> None:
        self._decoder = _member()
        self._empty = True

    @property
    def is_complete(self) -> bool:
        """Whether the bytes so far are a complete body."""
        return self._empty or self._decoder.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces of at most 1 MiB. The caller may stop at any piece.

        Raises:
            ValueError: The bytes are not gzip.
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
            raise ValueError("the Content-Encoding is gzip, but the body is not gzip") from None

    def _rest(self) -> Iterator[bytes]:
        # All input is consumed, but the decoder may hold more output.
        while not self._decoder.eof and (piece := self._decoder.decompress(b"", _PIECE_BYTES)):
            yield piece


def _member() -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
