"""Lines of text in a stream of bytes that arrives in any pieces, such as a log that is followed."""

from __future__ import annotations

from kubeloop.errors import BodyTooLarge
from kubeloop.wire.response import MAX_BODY_BYTES

__all__ = ["LineReader"]

_MANY = 64
# What one of the pieces of a line takes in memory, beside its content.
_PIECE_BYTES = 64


class LineReader:
    """Cut a stream of bytes into lines.

    Args:
        max_bytes: The limit for one line. More without a newline is refused before memory fills.
        what: What a line is called in errors.
    """

    __slots__ = ("_held", "_held_bytes", "_max_bytes", "_what")

    def __init__(self, max_bytes: int = MAX_BODY_BYTES, *, what: str = "a line") -> None:
        self._max_bytes = max_bytes
        self._what = what
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the bytes that have arrived and return the lines that they complete.

        Raises:
            BodyTooLarge: A line is over the limit. The stream cannot be read any further.
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
            self._hold(tail)
        if self._held_bytes > self._max_bytes or (len(data) > self._max_bytes and self._longest(lines)):
            raise BodyTooLarge(f"{self._what} of more than {self._max_bytes} bytes")
        return lines

    def _hold(self, piece: bytes) -> None:
        """Keep a piece of a line, and join the pieces once their number costs more memory than their content.

        With pieces of two bytes the content grows by a thirtieth between two joins, so that the time stays linear.
        """
        self._held.append(piece)
        self._held_bytes += len(piece)
        if len(self._held) > _MANY and len(self._held) * _PIECE_BYTES > self._held_bytes:
            self._held = [b"".join(self._held)]

    def _longest(self, lines: list[bytes]) -> bool:
        return any(len(line) > self._max_bytes for line in lines)

    def rest(self) -> bytes:
        """Return the bytes after the last newline: an incomplete line, or a last line without a newline."""
        return b"".join(self._held)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} holding {self._held_bytes} bytes>"
