"""Parsing the head of a response: the status line, the headers, and the length of the body.

llhttp (in `httptools`) checks the grammar. This module decides which versions and codings are accepted, which statuses
have no body, and how long a head may be (RFC 9112, sections 4 to 7 and 9.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from kubeloop.transport.http1.protocol_error import BadResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHUNKED", "MAX_HEAD_BYTES", "UNTIL_CLOSE", "HeadReader", "ResponseHead"]

MAX_HEAD_BYTES: Final = 1 << 20
"""The limit of all heads of one response, including interim ones (1xx)."""

MAX_HEADERS: Final = 10_000
MAX_STATUS_LINE_BYTES: Final = 8192
MAX_INTERIM: Final = 100

CHUNKED: Final = -1
"""The length of a body in chunks."""
UNTIL_CLOSE: Final = -2
"""The length of a body that ends with the connection."""

_MAX_LENGTH_DIGITS = 18
_BEGINNING = b"HTTP/1."
_NO_CONTENT, _NOT_MODIFIED, _SWITCHING = 204, 304, 101


class ResponseHead:
    """The head of one response.

    Attributes:
        status: The status code, 100 to 999.
        headers: The names and values as the server sent them, in order.
        length: The size of the body in bytes, or `CHUNKED` or `UNTIL_CLOSE`.
        coding: The Content-Encoding in lower case; `""` for none.
        keeps_alive: Whether the connection may carry another request once the body has ended.
    """

    __slots__ = ("coding", "headers", "keeps_alive", "length", "status")

    def __init__(
        self, status: int, headers: Sequence[tuple[str, str]], length: int, *, coding: str, keeps_alive: bool
    ) -> None:
        self.coding = coding
        self.status = status
        self.headers = headers
        self.length = length
        self.keeps_alive = keeps_alive

    def __repr__(self) -> str:
        return f"<ResponseHead {self.status}, {len(self.headers)} headers>"


class HeadReader:
    """Parses the head of the final response to one request, and skips interim responses.

    Args:
        has_body: Whether the response may have a body. False for HEAD, whose response has none whatever its headers
            are.
        may_switch: Whether the request asked for another protocol, so that 101 is a final response.
    """

    __slots__ = ("_has_body", "_held", "_interim", "_may_switch", "_taken")

    def __init__(self, *, has_body: bool = True, may_switch: bool = False) -> None:
        self._has_body = has_body
        self._may_switch = may_switch
        self._held = bytearray()
        self._taken = 0
        self._interim = 0

    @property
    def has_begun(self) -> bool:
        """Whether a byte of a response has arrived."""
        return bool(self._held or self._taken)

    def feed(self, data: bytes) -> tuple[ResponseHead, bytes] | None:
        """Process the bytes that have arrived.

        Returns:
            The head of the final response and the bytes after it; None while the head is incomplete.

        Raises:
            BadResponse: The bytes are not the head of a response, or exceed a limit.
        """
        held = self._held
        if held:
            searched = max(0, len(held) - 3)
            held += data
            data = bytes(held) if (end := held.find(b"\r\n\r\n", searched)) >= 0 else b""
        else:
            searched = 0
            end = data.find(b"\r\n\r\n")
            if end < 0:
                held += data
        while end >= 0:
            end += 4
            self._bound(end)
            # llhttp skips empty lines and accepts RTSP.
            if not data.startswith(_BEGINNING):
                raise BadResponse("it does not begin as an HTTP/1 response")
            self._taken += end
            head = _read(data[:end] if end < len(data) else data, has_body=self._has_body)
            rest = data[end:]
            if head.status >= 200 or head.status == _SWITCHING:
                if head.status == _SWITCHING and not self._may_switch:
                    raise BadResponse("the server switched to another protocol without a request for it")
                return head, rest
            self._interim += 1
            if self._interim > MAX_INTERIM:
                raise BadResponse(f"more than {MAX_INTERIM} interim responses (1xx)")
            held[:] = data = rest
            searched = 0
            end = data.find(b"\r\n\r\n")
        self._check_beginning(searched)
        return None

    def _bound(self, size: int) -> None:
        if self._taken + size > MAX_HEAD_BYTES:
            raise BadResponse(f"the head of the response is longer than {MAX_HEAD_BYTES} bytes")

    def _check_beginning(self, searched: int) -> None:
        """Refuse bytes that cannot become a head as soon as this is known."""
        held = self._held
        self._bound(len(held))
        if not (held.startswith(_BEGINNING) or _BEGINNING.startswith(bytes(held[: len(_BEGINNING)]))):
            raise BadResponse("it does not begin as an HTTP/1 response")
        at = held.find(b"\n", searched)
        while at >= 0:
            if held[at - 1] != 13:
                raise BadResponse("a line of the head does not end in CR LF")
            at = held.find(b"\n", at + 1)


class _Collector:
    """Receives the callbacks of httptools for one head."""

    __slots__ = ("is_complete", "pairs")

    def __init__(self) -> None:
        self.pairs: list[tuple[bytes, bytes]] = []
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.pairs.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def _read(head: bytes, *, has_body: bool) -> ResponseHead:
    if head.find(b"\r\n", 0, MAX_STATUS_LINE_BYTES) < 0:
        raise BadResponse(f"the status line is longer than {MAX_STATUS_LINE_BYTES} bytes")
    found = _Collector()
    parser = HttpResponseParser(found)
    try:
        parser.feed_data(head)
    except HttpParserUpgrade:
        pass  # a 101, whose head is complete
    except HttpParserError as error:
        # A 101 without an Upgrade header is an error for llhttp, but its head is complete.
        if not (found.is_complete and parser.get_status_code() == _SWITCHING):
            raise BadResponse(str(error)) from None  # the text of llhttp quotes nothing of the input
    status = parser.get_status_code()
    if not found.is_complete or status < 100:
        raise BadResponse("the head is malformed")
    version = parser.get_http_version()
    if version not in ("1.1", "1.0"):
        raise BadResponse("the version of HTTP is neither 1.0 nor 1.1")
    if len(found.pairs) > MAX_HEADERS:
        raise BadResponse(f"more than {MAX_HEADERS} headers")
    headers: list[tuple[str, str]] = []
    length = transfer = None
    options = coding = ""
    for raw_name, raw_value in found.pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1").strip(" \t")
        headers.append((name, value))
        size = len(name)
        if size == 14 and name.lower() == "content-length":
            if length is not None:
                raise BadResponse("more than one Content-Length")
            length = value
        elif size == 17 and name.lower() == "transfer-encoding":
            if transfer is not None:
                raise BadResponse("more than one Transfer-Encoding")
            transfer = value
        elif size == 16 and name.lower() == "content-encoding":
            coding += f",{value.lower()}" if coding else value.lower()
        elif size == 10 and name.lower() == "connection":
            options += f",{value}"
    size = _body_length(status, length, transfer, has_body=has_body, is_old=version == "1.0")
    keeps_alive = size != UNTIL_CLOSE and _keeps_alive(options, is_old=version == "1.0")
    return ResponseHead(status, headers, size, coding=coding, keeps_alive=keeps_alive)


def _keeps_alive(options: str, *, is_old: bool) -> bool:
    if not options:
        return not is_old
    tokens = {token.strip(" \t").lower() for token in options.split(",")}
    return "close" not in tokens and (not is_old or "keep-alive" in tokens)


def _body_length(status: int, length: str | None, transfer: str | None, *, has_body: bool, is_old: bool) -> int:
    if length is not None and transfer is not None:
        raise BadResponse("both Content-Length and Transfer-Encoding")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        raise BadResponse("the Content-Length is not a number of bytes")
    if transfer is not None and (is_old or transfer.lower() != "chunked"):
        raise BadResponse(
            "a Transfer-Encoding other than chunked" if not is_old else "chunks in a response of HTTP/1.0"
        )
    if not has_body or status < 200 or status in (_NO_CONTENT, _NOT_MODIFIED):
        return 0
    if transfer is not None:
        return CHUNKED
    return int(length) if length is not None else UNTIL_CLOSE
