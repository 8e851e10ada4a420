"""Writing the head of an HTTP/1.1 request as bytes, without I/O.

`response_head` and `chunks` parse responses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubeloop.wire.request import Request

__all__ = ["HeadWriter", "header_pairs"]

_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "expect"})
# The characters of a header name or method (RFC 9110, 5.6.2). Some servers would accept `"Content-Length "`.
_is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_MAX_CHECKED = 1000
# All control characters except the tab, as Go.
_is_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def header_pairs(request: Request) -> Iterable[tuple[str, str]]:
    """Return the headers of a request, a repeated header once per value."""
    headers = request.headers
    if isinstance(headers, Headers):
        return [(name, value) for name in headers for value in headers.get_all(name)]
    return headers.items()


class HeadWriter:
    """Writes the heads of requests to one server.

    Args:
        prefix: The text before each target: the server's path prefix, which for a proxy follows the server's origin.
        defaults: The headers of each request that does not set them itself. The first must be `Host`.

    Raises:
        ValueError: The prefix or a default contains a character that would end its line.
    """

    __slots__ = ("_checked", "_defaults", "_names", "_prefix", "_usual")

    def __init__(self, prefix: str, defaults: Sequence[tuple[str, str]]) -> None:
        if " " in prefix or not _is_ascii_text(prefix):
            raise ValueError(f"expected an escaped path prefix, got {prefix!r}")
        for name, value in defaults:
            if _is_token(name) is None or _is_control(value):
                raise ValueError(f"expected a header name and a value without control characters for {name!r}")
        self._checked: set[str] = set()
        self._prefix = prefix
        self._defaults = [(name.lower(), f"{name}: {value}\r\n") for name, value in defaults]
        self._names = _FRAMING | {name for name, _ in self._defaults}
        self._usual = "".join(line for _, line in self._defaults)

    def write(self, request: Request, own: Sequence[tuple[str, str]] = ()) -> bytes:
        """Return the request line and all headers, including the empty line after them.

        Args:
            request: The request.
            own: Headers that the transport adds to this request. They are already checked, and may be headers that a
                caller must not set.

        Raises:
            ValueError: The target or a header contains a character that would end its line, a name is not a token, or
                the request sets a header that only the transport may set.
        """
        target = request.target
        if " " in target or not _is_ascii_text(target):
            raise ValueError(f"expected an escaped target, got {request.path!r}")
        lines = [f"{request.method} {self._prefix}{target} HTTP/1.1\r\n", ""]
        theirs: set[str] = set()
        names, checked = self._names, self._checked
        if request.method not in checked:
            self._check(request.method, "method", request)
        for name, value in header_pairs(request):
            if name not in checked:
                self._check(name, "header name", request)
            if not value.isprintable() and _is_control(value):
                raise ValueError(
                    f"a line break or control character in the header {name} of {request.method} {request.path}"
                )
            lines.append(f"{name}: {value}\r\n")
            if (lower := name.lower()) in names:
                theirs.add(lower)
        lines.extend(f"{name}: {value}\r\n" for name, value in own)
        lines[1] = self._usual if not theirs else self._without(theirs)
        body = request.body
        if body is not None:
            lines.append(f"Content-Length: {len(body)}\r\n")
        elif request.method in _WITH_BODY:
            lines.append("Content-Length: 0\r\n")
        lines.append("\r\n")
        try:
            return "".join(lines).encode()
        except UnicodeEncodeError:
            # This exception would contain the text and so the credentials.
            raise_alone(ValueError(f"a lone surrogate in a header of {request.method} {request.path}"))

    def _check(self, name: str, what: str, request: Request) -> None:
        """Check a name, once for all requests because programs use few names."""
        if _is_token(name) is None:
            # The name is not quoted, because it may be a whole header with a credential.
            expected = f"expected a {what} of letters, digits and !#$%&'*+-.^_`|~"
            got = f"got one of {len(name)} characters with others among them"
            raise ValueError(f"{ascii(request.method[:20])[1:-1]} {request.path}: {expected}, {got}")
        if len(self._checked) >= _MAX_CHECKED:
            self._checked.clear()
        self._checked.add(name)

    def _without(self, theirs: set[str]) -> str:
        if mine := theirs & _FRAMING:
            raise ValueError(f"the transport writes these headers itself: {', '.join(sorted(mine))}")
        return "".join(line for name, line in self._defaults if name not in theirs)


def _is_ascii_text(text: str) -> bool:
    """Return whether a text consists of printable ASCII characters, so that no line break or NUL is among them."""
    return text.isascii() and text.isprintable()
