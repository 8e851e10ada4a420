"""`RequestReader`: bytes of one connection in, requests out; no I/O.

llhttp (in `httptools`) checks the grammar of the headers. This module finds the ends of heads and bodies, and decides
which request lines are accepted and how long a request may be (RFC 9112, sections 2 to 7).
"""

from __future__ import annotations

import re
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from kubeloop.serving.refusal import Refusal
from kubeloop.serving.request_framing import CHUNKED, NO_BODY, Framing, read_framing
from kubeloop.wire.chunks import ChunkReader
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers

__all__ = ["MAX_HEADERS", "MAX_HEAD_BYTES", "RequestReader"]

MAX_HEAD_BYTES: Final = 1 << 20
"""The limit of the request line with the headers: that of Go's net/http (DefaultMaxHeaderBytes)."""

MAX_HEADERS: Final = 1000

# A block that is longer is not likely to be repeated, and would be kept for each connection.
_MAX_KEPT = 4096
_LINE_FOR_LLHTTP = b"GET / HTTP/1.1"
_request_line = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!\"$-~]+) HTTP/([0-9])\.([0-9])\r\n").match
# The beginning of a request line, so that other protocols are refused at once.
_beginning = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?: |\Z)").match
_length_line = re.compile(rb"\r\n(Content-Length: ([0-9]{1,18})\r\n)").search
_absolute_form = re.compile(r"(?i:https?)://[^/?]+(.*)").fullmatch


class RequestReader:
    """Reads the requests of one connection, one after the other. A `Content-Length` is not among their headers.

    Args:
        max_body_bytes: How long a body may be.

    Attributes:
        keeps_alive: Whether another request may follow the last one that `next_request` returned.
        is_old: Whether that request is one of HTTP/1.0.
    """

    __slots__ = (
        "_at",
        "_block",
        "_chunks",
        "_framing",
        "_head",
        "_held",
        "_kept_framing",
        "_kept_headers",
        "_left",
        "_max_body",
        "_pieces",
        "_searched",
        "_size",
        "is_old",
        "keeps_alive",
    )

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body = max_body_bytes
        self._held: bytes = b""
        self._at: int = 0
        self._searched: int = 0
        # The last block of headers, which most clients repeat.
        self._block: bytes = b""
        self._kept_headers = Headers()
        self._kept_framing = Framing(NO_BODY, keeps_alive=True, expects_continue=False)
        # The request whose body is being read: method, target and headers.
        self._head: tuple[str, str, Headers] | None = None
        self._framing = self._kept_framing
        self._pieces: list[bytes] = []
        self._size = 0
        self._left = 0
        self._chunks: ChunkReader | None = None
        self.keeps_alive = True
        self.is_old = False

    @property
    def is_between(self) -> bool:
        """Whether no byte of the next request has arrived."""
        return self._head is None and self._at == len(self._held)

    @property
    def is_in_body(self) -> bool:
        """Whether the head of the next request has arrived."""
        return self._head is not None

    @property
    def held_bytes(self) -> int:
        """The number of bytes that wait to be read."""
        return len(self._held) - self._at

    def take_expectation(self) -> bool:
        """Return whether the client waits for an interim response now; True once per request."""
        if self._head is None or not self._framing.expects_continue:
            return False
        self._framing = self._framing.replace(expects_continue=False)
        return True

    def feed(self, data: bytes) -> None:
        """Add the bytes that have arrived."""
        self._held = data if self._at == len(self._held) else self._held[self._at :] + data
        self._searched -= self._at
        self._at = 0

    def next_request(self) -> Request | None:
        """Return the next request that has arrived as a whole; None if there is none.

        Raises:
            Refusal: The bytes are not a request, or exceed a limit. Nothing may be read after it.
        """
        if self._head is not None:
            return self._read_body()
        held, at = self._held, self._at
        if at == len(held):
            return None
        while held.startswith(b"\r\n", at):  # empty lines, as old clients send after a body (RFC 9112, section 2.2)
            at = self._at = at + 2
        end = held.find(b"\r\n\r\n", max(at, self._searched))
        if end < 0:
            self._check_beginning(held, at)
            return None
        end += 4
        if end - at > MAX_HEAD_BYTES:
            raise _too_long()
        self._at = self._searched = end
        return self._read_head(held, at, end)

    def _check_beginning(self, held: bytes, at: int) -> None:
        """Refuse bytes that cannot become a head as soon as this is known."""
        if len(held) - at > MAX_HEAD_BYTES:
            raise _too_long()
        if len(held) > at and held[at : at + 2] != b"\r" and _beginning(held, at) is None:
            raise Refusal(400, "malformed request line")
        line_end = held.find(b"\n", max(at, self._searched))
        while line_end >= 0:
            if held[line_end - 1] != 13 or line_end == at:
                raise Refusal(400, "a line of the head does not end in CR LF")
            line_end = held.find(b"\n", line_end + 1)
        self._searched = max(at, len(held) - 3)

    def _read_head(self, held: bytes, at: int, end: int) -> Request | None:
        match = _request_line(held, at, end)
        if match is None:
            raise Refusal(400, "malformed request line")
        if match[3] != b"1":
            raise Refusal(505, "expected HTTP/1.1 or HTTP/1.0")
        self.is_old = is_old = match[4] == b"0"
        method, target = match[1].decode("ascii"), match[2].decode("ascii")
        if target[0] != "/":
            target = _path_of(target)
        block = held[match.end() - 2 : end]
        # Only this line differs between the requests of a client, and it is the same wherever it stands.
        line = _length_line(block)
        others = block if line is None else block[: line.start(1)] + block[line.end(1) :]
        if others == self._block and not is_old:
            headers, framing = self._kept_headers, self._kept_framing
            length = NO_BODY if line is None else int(line[2])
        else:
            pairs = _read_pairs(block)
            framing = read_framing(pairs, is_old=is_old)
            length = framing.length
            headers = Headers([pair for pair in pairs if len(pair[0]) != 14 or pair[0].lower() != "content-length"])
            # Every line of `others` is known to be good, and none of them is about a body.
            if (length == NO_BODY) == (line is None) and length != CHUNKED and not is_old and len(others) < _MAX_KEPT:
                self._block, self._kept_headers, self._kept_framing = others, headers, framing
        self.keeps_alive = framing.keeps_alive
        if length == NO_BODY:
            return Request(method, target, headers)
        if length > self._max_body:
            raise self._too_large()
        self._framing = framing
        self._head = (method, target, headers)
        self._size, self._left = 0, length
        if length == CHUNKED:
            self._chunks = ChunkReader()
        return self._read_body()

    def _read_body(self) -> Request | None:
        held, at = self._held, self._at
        pieces = self._pieces
        chunks = self._chunks
        if chunks is None:
            piece = held[at : at + self._left]
            self._at = at + len(piece)
            self._left -= len(piece)
            if self._left:
                if piece:
                    pieces.append(piece)
                    self._size += len(piece)
                return None
            body = b"".join([*pieces, piece]) if pieces else piece
            pieces.clear()
            return self._request(body)
        if at == len(held):
            return None
        first = len(pieces)
        try:
            chunks.feed(held[at:] if at else held, pieces)
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        self._size += sum(map(len, pieces[first:]))
        if self._size > self._max_body:
            raise self._too_large()
        if chunks.rest is None:
            self._at = len(held)
            return None
        self._at = len(held) - len(chunks.rest)
        self._chunks = None
        body = b"".join(pieces)
        pieces.clear()
        return self._request(body)

    def _request(self, body: bytes) -> Request:
        assert self._head is not None
        method, target, headers = self._head
        self._head = None
        self._searched = self._at
        return Request(method, target, headers, body)

    def _too_large(self) -> Refusal:
        return Refusal(413, f"Request entity too large: limit is {self._max_body}")


class _Collector:
    """Receives the callbacks of httptools for one block of headers."""

    __slots__ = ("is_complete", "pairs")

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.pairs.append((name.decode("latin-1"), value.decode("latin-1").strip(" \t")))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def _read_pairs(block: bytes) -> list[tuple[str, str]]:
    # The method and the target decide nothing about headers, and llhttp would refuse methods that it does not know.
    found = _Collector()
    parser = HttpRequestParser(found)
    try:
        parser.feed_data(_LINE_FOR_LLHTTP + block)
    except HttpParserUpgrade:
        pass  # the handler decides; the head is complete
    except HttpParserError as error:
        raise Refusal(400, str(error)) from None  # the text of llhttp quotes nothing of the input
    if not found.is_complete:
        raise Refusal(400, "the headers are malformed")
    if len(found.pairs) > MAX_HEADERS:
        raise Refusal(431, f"more than {MAX_HEADERS} headers")
    return found.pairs


def _path_of(target: str) -> str:
    match = _absolute_form(target)
    if match is None:
        raise Refusal(400, "expected a path that begins with '/' as the target")
    rest = match[1]
    return rest if rest.startswith("/") else f"/{rest}"


def _too_long() -> Refusal:
    return Refusal(431, f"the head of the request is longer than {MAX_HEAD_BYTES} bytes")
