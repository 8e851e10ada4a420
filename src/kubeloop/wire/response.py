"""Responses as values: headers, status and body, and what headers say of waiting times and warnings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_ERROR_BYTES",
    "REDIRECTS",
    "Headers",
    "Response",
    "ServerWarning",
    "parse_warnings",
    "retry_after",
]

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The limit for one object and one watch event, and for any other body except a LIST, which has no limit."""

MAX_ERROR_BYTES = 4 * 1024 * 1024
"""How much of the body of an error is read; of a longer one the error shows the status and the beginning."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The statuses that redirect a request; the others from 300 to 399 do not."""


class Headers(Mapping[str, str]):
    """The headers of a response, in the order in which they arrived; the case of names does not matter.

    `headers[name]` is the first of several; `get_all(name)` returns all of them.
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._index: dict[str, list[str]] | None = None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The headers as they arrived."""
        return self._pairs

    def get_all(self, name: str) -> list[str]:
        """Return every value of this header, in order; an empty list when there is none."""
        return list(self._lookup().get(name.lower(), ()))

    def _lookup(self) -> dict[str, list[str]]:
        if self._index is not None:
            return self._index
        index: dict[str, list[str]] = {}
        for name, value in self._pairs:
            index.setdefault(name.lower(), []).append(value)
        self._index = index
        return index

    def __contains__(self, name: object) -> bool:
        # Every response is asked for headers that few have: looking at each is cheaper than building an index.
        if self._index is None and isinstance(name, str):
            size, wanted = len(name), name.lower()
            for key, _ in self._pairs:  # noqa: SIM110  # `any` would take twice as long
                if len(key) == size and key.lower() == wanted:
                    return True
            return False
        return isinstance(name, str) and name.lower() in self._lookup()

    def __getitem__(self, name: str) -> str:
        return self._lookup()[name.lower()][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lookup())

    def __len__(self) -> int:
        return len(self._lookup())

    def __repr__(self) -> str:
        return safe_text(f"<Headers {', '.join(self._lookup())}>")


_NO_HEADERS = Headers()


class Response(Value, frozen=True):
    """One complete response. The body is never in the `repr`, which may be logged."""

    unshown = frozenset({"body"})

    status: int
    headers: Headers = _NO_HEADERS
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status is one that the API server uses for success (200 to 206)."""
        return 200 <= self.status <= 206


def retry_after(response: Response) -> float | None:
    """Return the whole seconds of the `Retry-After` header; None without one, or when it is a date or nonsense.

    Reference: client-go rest/request.go (retryAfterSeconds).
    """
    text = response.headers.get("retry-after")
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


class ServerWarning(Value, frozen=True):
    """One warning of the server: `code` (299 unless a proxy spoke), `agent` (`-`) and the `text`."""

    code: int
    agent: str
    text: str


_warning = re.compile(r'\s*([0-9]{3}) (\S+) +"((?:[^"\\]|\\.)*)"(?:\s*"[^"]*")?\s*(?:,|$)').match


def parse_warnings(headers: Headers) -> list[ServerWarning]:
    """Parse the `Warning` headers. A malformed warning, and what follows it in the same header, is left out.

    Reference: apimachinery pkg/util/net/http.go, ParseWarningHeaders.
    """
    found: list[ServerWarning] = []
    for header in headers.get_all("warning"):
        at = 0
        while at < len(header):
            match = _warning(header, at)
            if match is None:
                break
            text = re.sub(r"\\(.)", r"\1", match[3])
            if not all(char.isprintable() for char in text):
                break
            found.append(ServerWarning(int(match[1]), match[2], text))
            at = match.end()
    return found
