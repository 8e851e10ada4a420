"""Reading the query of a request target: its parameters, in order, as Go's `net/url` reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

__all__ = ["Query", "first_value", "parse_query", "unescape"]

Query = Mapping[str, Sequence[str]]
"""The values of each parameter, in the order in which they were given."""

_HEX = frozenset("0123456789abcdefABCDEF")
_NOTHING: Query = {}


def parse_query(text: str) -> Query:
    """Return the parameters of a query, without its `?`.

    A part that has a `;` or an invalid escape is left out, as the server leaves it out.

    Reference: Go net/url (URL.Query, ParseQuery).
    """
    if not text:
        return _NOTHING
    found: dict[str, list[str]] = {}
    for part in text.split("&"):
        if not part or ";" in part:
            continue
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            try:
                name, value = unescape(name.replace("+", " ")), unescape(value.replace("+", " "))
            except ValueError:
                continue
        found.setdefault(name, []).append(value)
    return found


def first_value(query: Query, name: str) -> str | None:
    """Return the first value of a parameter, which is the one that counts; None if it is absent."""
    values = query.get(name)
    return values[0] if values else None


def unescape(text: str) -> str:
    """Return a text without its percent escapes; bytes that are not UTF-8 become lone surrogates.

    Raises:
        ValueError: A `%` is not followed by two hexadecimal digits; the message is that of Go's `net/url`.
    """
    at = text.find("%")
    if at < 0:
        return text
    while at >= 0:
        digits = text[at + 1 : at + 3]
        if len(digits) < 2 or not _HEX.issuperset(digits):
            raise ValueError(f'invalid URL escape "{text[at : at + 3]}"')
        at = text.find("%", at + 3)
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")
