"""Redaction: which parts of a server's text may get into an exception or a log line.

Servers echo. A Status quotes the object that was sent, or the one that is stored; a proxy's error page may show the
headers of the request. So every text of a response is redacted first: credentials are masked; for a request whose
objects hold secrets (`is_confidential`) values are cut as well; what is not printable is escaped; and no text is longer
than 2,048 characters. The time is proportional to the size of the texts, of which 64 KiB are read per response.

The rule for values lists what may stay, not what must go: of quoted texts only names stay. What the server writes in
its own words (fields, types, what was wrong) is kept.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from kubeloop._kit.text import MASK, WINDOW, mask_tokens, printable, without_cut_token
from kubeloop.errors import DecodeError
from kubeloop.wire.serializers.registry import JSON_ONLY, Serializers

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["MAX_TEXT", "Redaction", "is_confidential"]

MAX_TEXT = 2048
"""The bound of each text, in characters."""

# At most this many values of a request are searched for; of a response to a larger request only the size is shown.
_MAX_SENT = 2000

_credential_headers = re.compile(r"auth|token|cookie|secret|key|password", re.IGNORECASE).search
# Each of these takes time in proportion to the text, whatever a server puts into it.
_quoted = re.compile(r'\\{0,9}"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|`([^`]*+)(?:`|\Z)', re.DOTALL)
_go_value = re.compile(r"[&\w.]{0,64}\{(?:.*\}|.*)|\bmap\[[^\]:]{0,256}:(?:.*\]|.*)", re.DOTALL)
_bare_value = re.compile(r'\b(value: |got )(?!["`<]|\d{1,6}\b|true\b|false\b|null\b)(.*?)(?=: |\Z)', re.DOTALL)
# What stands before a quoted name, in the sentences that servers make.
_before_a_name = re.compile(
    r"\b(?:user|resource|group|namespace|kind|version|verb|field|with|plugin|webhook|policy|binding|account) $",
    re.IGNORECASE,
).search
# Fields of what was sent that are names and no contents; `path` and `op` are those of a JSON patch.
_NAMES = frozenset({"apiVersion", "kind", "name", "namespace", "generateName", "op", "path", "from"})
_LONG = 8


def is_confidential(path: str) -> bool:
    """Return whether a path leads to built-in objects that contain secrets.

    These are Secrets, tokens of service accounts and TokenReviews.
    """
    parts = [unquote(part).lower() for part in path.split("/")]
    is_token = parts[-1] == "token" and "serviceaccounts" in parts[-3:-2]
    return is_token or "secrets" in parts or "tokenreviews" in parts


class Redaction:
    """The redaction of the texts of one response: `redaction(text)` returns the text that may be shown.

    Args:
        request: The request. It decides whether contents are secret, and which; its own credentials are masked.
        credentials: `Authorization` values to mask, beside the request's own: those that the transport adds.
        serializers: The formats in which the body of the request may be.
    """

    __slots__ = ("_credentials", "_left", "_names", "_sent", "is_confidential", "request")

    def __init__(
        self, request: Request | None, credentials: Collection[str] = (), *, serializers: Serializers = JSON_ONLY
    ) -> None:
        self.request = request
        own = request.headers.items() if request is not None else ()
        known = {*credentials, *(value for name, value in own if _credential_headers(name))}
        self._credentials = [part for value in known for part in _forms_of_credential(value)]
        self._names: set[str] = set()
        self._left = WINDOW  # of all texts of the response; of further ones only the sizes are shown
        self._sent: list[str] | None = []
        self.is_confidential = request is not None and (request.is_confidential or is_confidential(request.path))
        if self.is_confidential and request is not None:
            self._names |= {unquote(part) for part in request.path.split("/")}
            sent = list(islice(_forms_of_contents(request, serializers), _MAX_SENT + 1))
            self._sent = sent if len(sent) <= _MAX_SENT else None

    def keep(self, names: Iterable[str]) -> None:
        """Add names that may be shown where they are quoted."""
        self._names.update(names)

    def __call__(self, text: str, *, more: int = 0) -> str:
        """Return the text without secrets, at most 2,048 characters; `more` characters were left out of it before."""
        is_spent = self._left <= 0
        self._left -= len(text)
        is_cut = len(text) > WINDOW
        if (self.is_confidential and (is_cut or self._sent is None)) or is_spent:
            return _size(text) if text else text
        shown = self._without_credentials(text)
        if is_cut:
            more += len(text) - len(shown)
        return _bounded(self._without_contents(shown) if self.is_confidential else shown, more)

    def name(self, text: str) -> str:
        """Return a text that is a name without credentials; the rest of it is shown."""
        return _bounded(self._without_credentials(text)[:MAX_TEXT], max(0, len(text) - MAX_TEXT))

    def _without_credentials(self, text: str) -> str:
        shown = mask_tokens(_replace(text[:WINDOW], self._credentials, lambda _: MASK))
        return without_cut_token(shown) if len(text) > WINDOW else shown

    def _without_contents(self, text: str) -> str:
        text = _replace(text, self._sent or (), _size)
        text = _quoted.sub(self._name_or_size, text)
        text = _go_value.sub(lambda match: _size(match[0]), text)
        return _bare_value.sub(lambda match: f"{match[1]}{_size(match[2])}", text)

    def _name_or_size(self, match: re.Match[str]) -> str:
        content = match[1] if match[1] is not None else match[2]
        if not content or content in self._names:
            return match[0]
        if match[0].endswith('"') and _before_a_name(match.string[: match.start()][-20:]):
            return match[0]
        return content if _is_size(content) else _size(content)

    def __repr__(self) -> str:
        return f"<Redaction{', confidential' if self.is_confidential else ''}>"


_is_size = re.compile(r"<\d+ bytes?>").fullmatch


def _size(text: str) -> str:
    count = len(text.encode("utf-8", "surrogatepass"))
    return f"<{count} byte{'' if count == 1 else 's'}>"


def _bounded(text: str, more: int) -> str:
    text = printable(text[: MAX_TEXT + 1]) + text[MAX_TEXT + 1 :]
    if len(text) + more <= MAX_TEXT:
        return text
    keep = MAX_TEXT - 40
    return f"{text[:keep]}… ({max(0, len(text) - keep) + more} characters left out)"


def _replace(text: str, wanted: Iterable[str], by: Callable[[str], str]) -> str:
    """Replace any of these texts, the longest first; a short one only where it is a word of its own."""
    found = sorted({each for each in wanted if each and each in text}, key=len, reverse=True)
    if not found:
        return text
    parts = [re.escape(each) if len(each) >= _LONG else rf"(?<!\w){re.escape(each)}(?!\w)" for each in found]
    return re.sub("|".join(parts), lambda match: by(match[0]), text)


def _forms_of_credential(value: str) -> Iterator[str]:
    """Yield a header's value, what follows its scheme, and user and password of basic authentication."""
    yield value
    scheme, _, rest = value.partition(" ")
    if not rest:
        return
    yield rest.strip()
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode()
        except (binascii.Error, ValueError):
            return
        yield pair
        yield pair.partition(":")[2]


def _forms_of_contents(request: Request, serializers: Serializers) -> Iterator[str]:
    """Yield each value in the body of a request, in the forms in which a server may quote it."""
    if not request.body:
        return
    serializer = serializers.for_content_type(request.headers.get("Content-Type", ""))
    try:
        values = list(_leaves(serializer.plain_data(request.body)))
    except (DecodeError, RecursionError):
        return
    for value in values:
        yield value
        yield json.dumps(value)[1:-1]
        yield json.dumps(value, ensure_ascii=False)[1:-1]
        yield base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()
        try:
            yield base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            continue


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            if not (name in _NAMES and isinstance(each, str)):
                yield from _leaves(each)
    elif isinstance(value, list):
        for each in cast("Sequence[Any]", value):
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and len(str(value)) >= 4:
        yield str(value)
