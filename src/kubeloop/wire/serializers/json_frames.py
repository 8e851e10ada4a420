"""JSON frames: where one document ends and the next begins in a stream of bytes that arrives in any pieces.

An API server ends each event with a newline, and only newlines are looked for as long as it does. Other servers send
indented JSON, or documents without anything between them, which Go's client reads as well: those are cut by their
brackets.

Reference: client-go rest/watch, apimachinery pkg/runtime/serializer/json (the JSON framer).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kubeloop.errors import BodyTooLarge
from kubeloop.wire.response import MAX_BODY_BYTES
from kubeloop.wire.text_lines import LineReader

__all__ = ["JSONFrames"]


class JSONFrames(LineReader):
    """Cut a stream of JSON documents into frames, one document each.

    A line counts as a document without a check. A caller that finds a line which is none returns it with `reframe`;
    from then on the documents of this stream are found by their brackets, as are those before the first newline.

    Args:
        max_bytes: The limit for one frame.
    """

    __slots__ = ("_by_brackets", "_by_lines", "_document")

    def __init__(self, max_bytes: int = MAX_BODY_BYTES) -> None:
        super().__init__(max_bytes, what="a watch frame")
        self._by_brackets = False
        self._by_lines = False
        self._document: _Document | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Take the bytes that have arrived and return the frames that they complete.

        Raises:
            BodyTooLarge: A frame is over the limit. The stream cannot be read any further.
        """
        if self._by_brackets or self._document is not None:
            return self._cut(data)
        if not self._held and 1 < len(data) <= self._max_bytes and data.find(b"\n") == len(data) - 1:
            # One event, as servers send them.
            lines = [data[:-1]]
        else:
            lines = super().feed(data)
        if not lines and not self._by_lines and (data.rstrip().endswith(b"}") or b"}{" in data or b"} {" in data):
            # Perhaps a whole document whose newline is missing.
            return self._cut(self._take())
        frames = [line for line in lines if line and not line.isspace()]
        self._by_lines = self._by_lines or bool(frames)
        return frames

    def reframe(self, frames: Sequence[bytes]) -> list[bytes] | None:
        """Take back the frames that were returned last, because the first is not a document, and cut them again.

        Returns:
            The frames; None if they were found by their brackets already, so that their content is wrong.
        """
        if self._by_brackets:
            return None
        self._by_brackets, self._document = True, None
        return self._cut(b"\n".join([*frames, self._take()]))

    def finish(self) -> list[bytes] | None:
        """Return the document whose newline the server left out; None if the stream was cut in the middle of one.

        Bytes that do not begin an object are returned as a frame, so that the decoder can report what is wrong.
        """
        if frames := self.reframe([]):
            return frames
        rest = self._take().strip()
        if rest.startswith(b"{"):
            return None
        return [rest] if rest else []

    def _take(self) -> bytes:
        held, self._held, self._held_bytes = b"".join(self._held), [], 0
        return held

    def _cut(self, data: bytes) -> list[bytes]:
        frames: list[bytes] = []
        at = 0
        while at < len(data):
            document = self._document
            if document is None:
                start, at = at, _space(data, at).end()  # type: ignore[union-attr]  # matches nothing, too
                if not self._by_brackets and b"\n" in data[start:at]:
                    self._by_lines = True  # newlines do end the documents
                    return frames + self.feed(data[at:])
                if at == len(data):
                    break
                document = self._document = _Document()
            end = document.go_on(data, at)
            self._hold(data[at : len(data) if end is None else end])
            if self._held_bytes > self._max_bytes:
                raise BodyTooLarge(f"{self._what} of more than {self._max_bytes} bytes")
            if end is None:
                break
            frames.append(self._take())
            self._document = None
            at = end
        return frames


_space = re.compile(rb"[ \t\r\n]*+").match
# Everything up to a bracket. A quote at the end of the match begins a string that continues in the next piece.
_to_bracket = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\\x00-\x1f]++|\\.)*+")*+').match
_to_quote = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\.)*+').match


class _Document:
    """Find the end of one JSON document that arrives in pieces; every byte is read once."""

    __slots__ = ("_before", "_depth", "_in_string", "_is_escaped")

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._is_escaped = False
        self._before = b","

    def go_on(self, piece: bytes, at: int) -> int | None:
        """Read a piece from a position on.

        Returns:
            The position after the end of the document, or the end of the piece if it cannot be a document; None if the
            document has not ended.
        """
        size = len(piece)
        while at < size:
            if self._in_string:
                found = _to_quote(piece, at + self._is_escaped)
                at = size if found is None else found.end()
                self._is_escaped = piece[at:] == b"\\"
                if at == size or self._is_escaped:
                    return None
                if piece[at : at + 1] != b'"':
                    return size  # a control character
                self._in_string = False
                self._before = b'"'
                at += 1
                continue
            start, at = at, _to_bracket(piece, at).end()  # type: ignore[union-attr]  # matches nothing, too
            self._before = piece[start:at].rstrip()[-1:] or self._before
            bracket = piece[at : at + 1]
            at += 1
            if bracket in (b"{", b"["):
                if self._before not in (b",", b":", b"["):
                    return size
                self._depth += 1
            elif not self._depth:
                return size
            elif bracket in (b"}", b"]"):
                self._depth -= 1
                if not self._depth:
                    return at
            elif bracket:
                self._in_string = True
            self._before = bracket or self._before
        return None
