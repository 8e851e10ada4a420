"""A strict reader of the chunked transfer coding, without I/O (RFC 9112, section 7.1).

llhttp could decode chunks, but does not report where the last chunk ends. A client has to know it, because bytes after
a response decide whether its connection may be reused, and a server, because the next request begins there.
"""

from __future__ import annotations

import re

__all__ = ["ChunkReader"]

_MAX_LINE_BYTES = 4096
_MAX_OVERHEAD_BYTES = 16 << 10
_MAX_TRAILER_BYTES = 4 << 10
# At most the digits of a 64-bit size, then an extension, which is ignored.
_size_line = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n\0]*)?[ \t]*").fullmatch
_trailer = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*").fullmatch

_SIZE, _DATA, _DATA_END, _TRAILERS, _DONE = range(5)


class ChunkReader:
    """Reads one chunked body. Trailers are checked and ignored.

    Attributes:
        rest: The bytes after the body, once it has ended; None before.
    """

    __slots__ = ("_held", "_left", "_overhead", "_state", "_trailers", "rest")

    def __init__(self) -> None:
        self._held = b""
        self._left = 0
        self._overhead = 0
        self._state = _SIZE
        self._trailers = 0
        self.rest: bytes | None = None

    def feed(self, data: bytes, pieces: list[bytes]) -> None:
        """Process the bytes that have arrived.

        Args:
            data: The bytes.
            pieces: The list to which the parts of the body are appended, including those before an error.

        Raises:
            ValueError: The bytes are not a chunked body, or exceed a limit.
        """
        if self._held:
            data = self._held + data
            self._held = b""
        at, size = 0, len(data)
        while True:
            state = self._state
            if state == _DATA:
                if at == size:
                    return
                piece = data[at : at + self._left] if at or size > self._left else data
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    return
                self._state = _DATA_END
            elif state == _DATA_END:
                line = data[at : at + 2]
                if line != b"\r\n":
                    if line not in (b"", b"\r"):
                        raise ValueError("a chunk is longer than its size")
                    self._held = line
                    return
                at += 2
                self._state = _SIZE
            elif state == _DONE:
                self.rest = data[at:]
                return
            else:
                end = data.find(b"\r\n", at, at + _MAX_LINE_BYTES)
                if end < 0:
                    self._hold(data, at)
                    return
                line = data[at:end]
                at = end + 2
                if state == _SIZE:
                    self._begin(line)
                else:
                    self._take_trailer(line)

    def _hold(self, data: bytes, at: int) -> None:
        held = data[at:]
        if len(held) >= _MAX_LINE_BYTES:
            raise ValueError(f"a line between chunks is longer than {_MAX_LINE_BYTES} bytes")
        if held.find(b"\n") >= 0:
            raise ValueError("a line between chunks does not end in CR LF")
        self._held = held

    def _begin(self, line: bytes) -> None:
        match = _size_line(line)
        if match is None:
            raise ValueError("a chunk without a size")
        self._left = left = int(match[1], 16)
        if left >= 1 << 63:
            raise ValueError("a chunk without a size")
        # Small chunks need some bytes around them, but endless extensions are an attack. The limit is that of Go's
        # net/http/internal/chunked.go.
        self._overhead = max(0, self._overhead + len(line) + 2 - 16 - 2 * left)
        if self._overhead > _MAX_OVERHEAD_BYTES:
            raise ValueError(f"more than {_MAX_OVERHEAD_BYTES} bytes of the chunked body are not data")
        self._state = _DATA if left else _TRAILERS

    def _take_trailer(self, line: bytes) -> None:
        if not line:
            self._state = _DONE
            return
        self._trailers += len(line) + 2
        if self._trailers > _MAX_TRAILER_BYTES:
            raise ValueError(f"the trailers are longer than {_MAX_TRAILER_BYTES} bytes")
        if _trailer(line) is None:
            raise ValueError("a malformed trailer")
