"""Frames that begin with their length: four bytes, the most significant first.

Reference: apimachinery pkg/util/framer (the length-delimited framer).
"""

from __future__ import annotations

from collections.abc import Sequence

from kubeloop.errors import BodyTooLarge
from kubeloop.wire.response import MAX_BODY_BYTES

__all__ = ["LengthFrames"]

_LENGTH_BYTES = 4


class LengthFrames:
    """Cut a stream into frames; see `Framing`.

    Args:
        max_bytes: The limit for one frame. A longer one is refused when its length arrives, before memory fills.
    """

    __slots__ = ("_held", "_max_bytes")

    def __init__(self, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._held = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Take the bytes that have arrived and return the frames that they complete.

        Raises:
            BodyTooLarge: A frame is over the limit. The stream cannot be read any further.
        """
        held = self._held
        held += data
        frames: list[bytes] = []
        at = 0
        while len(held) - at >= _LENGTH_BYTES:
            start = at + _LENGTH_BYTES
            size = int.from_bytes(held[at:start], "big")
            if size > self._max_bytes:
                raise BodyTooLarge(f"a watch frame of {size} bytes, which is more than {self._max_bytes}")
            if len(held) < start + size:
                break
            frames.append(bytes(held[start : start + size]))
            at = start + size
        del held[:at]
        return frames

    def reframe(self, frames: Sequence[bytes]) -> None:
        """Return None: there is only one way to cut the stream."""

    def finish(self) -> list[bytes] | None:
        """Return no frames, or None if the stream ended in the middle of a frame."""
        return None if self._held else []

    def __repr__(self) -> str:
        return f"<LengthFrames holding {len(self._held)} bytes>"
