"""The bytes of a response: status line, headers and chunks (RFC 9112, sections 4 to 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from time import gmtime
from typing import Final

from kubeloop._kit.text import safe_text
from kubeloop.wire.response import Headers

__all__ = ["CONTINUE", "LAST_CHUNK", "DateHeader", "UnsendableHead", "chunk", "has_no_body", "head_bytes"]

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

# Headers that describe the connection and the form of the body, which the server decides. The lengths of their names
# sort out most others.
_OWN = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding"})
_OWN_SIZES = frozenset(map(len, _OWN))
_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_WITHOUT_BODY: Final = (204, 304)
_lines = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*").fullmatch


class UnsendableHead(ValueError):
    """The status or a header of a response cannot be sent."""


def head_bytes(status: int, headers: Headers, framing: str) -> bytes:
    """Return the head of a response.

    Args:
        status: The status, from 200 to 999: interim responses are the server's own.
        headers: The headers. Those that the server decides are left out.
        framing: The lines that the server adds, each with its end.

    Raises:
        UnsendableHead: The status or a header cannot be sent: a name is not a token, or a value contains a line break
            or another control character. No header of a response can begin another one.
    """
    line = _LINES.get(status) or f"HTTP/1.1 {status} \r\n"
    if not 200 <= status <= 999:
        raise UnsendableHead(f"expected a status from 200 to 999, got {status}")
    pairs = headers.pairs
    lines = [
        f"{name}: {value}\r\n"
        for name, value in pairs
        if len(name) not in _OWN_SIZES or name.lower() not in _OWN
    ]  # fmt: skip
    text = "".join(lines)
    # Each line has the form of a header, and there is one line per header.
    if _lines(text) is None or text.count("\n") != len(lines):
        wrong = (name for name, value in pairs if "\n" in name + value or not _lines(f"{name}: {value}\r\n"))
        raise UnsendableHead(safe_text(f"expected a header without control characters, got the header {next(wrong)!r}"))
    return f"{line}{framing}{text}\r\n".encode()


def has_no_body(method: str, status: int) -> bool:
    """Return whether the response has no body whatever its headers are (RFC 9112, section 6.3)."""
    return method == "HEAD" or status in _WITHOUT_BODY


def chunk(piece: bytes) -> bytes:
    """Return a piece of a body as one chunk. An empty piece would end the body."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class DateHeader:
    """The line of the `Date` header, created once per second.

    Args:
        wall_clock: Returns the seconds since 1970.
    """

    __slots__ = ("_line", "_second", "_wall_clock")

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self._second = -1
        self._line = ""

    def line(self) -> str:
        """Return the line, with its end."""
        second = int(self._wall_clock())
        if second != self._second:
            self._second = second
            self._line = f"Date: {_date(second)}\r\n"
        return self._line


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _date(second: int) -> str:
    at = gmtime(second)
    day = f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year}"
    return f"{day} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"
