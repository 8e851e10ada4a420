"""Watch frames: where one event ends and the next begins in a stream of bytes that arrives in any pieces.

What a frame means is the codec's job (`EventDecoder`); what to do when the stream ends is the watcher's.

Reference: client-go rest/watch, apimachinery pkg/runtime/serializer/json (the JSON framer).
"""

from __future__ import annotations

from kubeloop.errors import BodyTooLarge
from kubeloop.wire.response import MAX_BODY_BYTES

__all__ = ["FrameReader"]


class FrameReader:
    """Cut a stream of newline-terminated JSON documents into frames.

    Args:
        max_bytes: The bound of one frame. A server that sends more without a newline is refused before memory fills.
        what: What a frame is, for the message.
        keep_blank: Also return blank lines, which a watch has none of and a log may have.
    """

    __slots__ = ("_held", "_held_bytes", "_keep_blank", "_max_bytes", "_what")

    def __init__(self, max_bytes: int = MAX_BODY_BYTES, *, keep_blank: bool = False, what: str = "watch frame") -> None:
        self._what = what
        self._max_bytes = max_bytes
        self._keep_blank = keep_blank
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take what has arrived and return the frames that it completes.

        Raises:
            BodyTooLarge: A frame is over the bound. The stream is of no more use.
        """
        end = data.find(b"\n")
        if end == -1:
            lines, tail = [], data
        elif end == len(data) - 1:
            # One line, as servers send their events; `split`, which looks at each byte by itself, would take longer.
            lines, tail = [data[:-1]], b""
        else:
            *lines, tail = data.split(b"\n")
        if lines and self._held:
            self._held.append(lines[0])
            lines[0] = b"".join(self._held)
            self._held = []
            self._held_bytes = 0
        if tail:
            self._held.append(tail)
            self._held_bytes += len(tail)
        if self._held_bytes > self._max_bytes or (len(data) > self._max_bytes and self._longest(lines)):
            raise BodyTooLarge(f"a {self._what} of more than {self._max_bytes} bytes")
        return lines if self._keep_blank else [line for line in lines if line and not line.isspace()]

    def _longest(self, lines: list[bytes]) -> bool:
        return any(len(line) > self._max_bytes for line in lines)

    def rest(self) -> bytes:
        """Return what came after the last newline: a frame that was cut, or one whose newline the server left out."""
        return b"".join(self._held)

    def __repr__(self) -> str:
        return f"<FrameReader holding {self._held_bytes} bytes>"
