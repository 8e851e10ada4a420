"""What an API server says of a selector that it cannot parse.

The parsers of `labels` and `fields` have messages of their own, for users. Reference: apimachinery
pkg/labels/selector.go, pkg/fields/selector.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["field_selector_message", "label_selector_message"]

_TOKEN = re.compile(r"[ \t\r\n]*(?:(!=|==|[=!(),<>])|([^ \t\r\n=!(),<>]+)|$)")
_SYMBOLS = frozenset("=!(),<>") | {"!=", "=="}
_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt")
_SIGNS = frozenset({"in", "notin", "=", "==", "!=", ">", "<"})
_TERM = re.compile(r"(?:\\.|[^,\\]|\\$)+", re.DOTALL)


class _Unexpected(Exception):
    """A token at which a selector cannot go on."""


def field_selector_message(text: str) -> str | None:
    """Return the message for the first part of a field selector without an operator; None if each has one."""
    part = next((term for term in sorted(_TERM.findall(text)) if "=" not in term), None)
    return None if part is None else f"invalid selector: '{text}'; can't understand '{part}'"


def label_selector_message(text: str) -> str | None:
    """Return the message for a label selector that has no meaning; None if only a key or a value is invalid."""
    parts = iter([*(match[1] or match[2] or "" for match in _TOKEN.finditer(text)), ""])
    found = next(parts)
    expected = "!, identifier, or 'end of string'"
    while found or expected != "!, identifier, or 'end of string'":
        if found != "!" and not _is_word(found):
            return f"found '{found}', expected: {expected}"
        try:
            found = _after_requirement(found, parts)
        except _Unexpected as error:
            return f"unable to parse requirement: {error}"
        if not found:
            return None
        if found != ",":
            return f"found '{found}', expected: ',' or 'end of string'"
        found, expected = next(parts), "identifier after ','"
    return None


def _is_word(found: str) -> bool:
    return bool(found) and found not in _SYMBOLS


def _after_requirement(found: str, parts: Iterator[str]) -> str:
    """Return the token after a requirement.

    Raises:
        _Unexpected: It is none.
    """
    if found == "!":
        key = next(parts)
        if not _is_word(key):
            raise _Unexpected(f"found '{key}', expected: identifier")
        return next(parts)
    sign = next(parts)
    if sign in ("", ","):
        return sign
    if sign not in _SIGNS:
        raise _Unexpected(f"found '{sign}', expected: {', '.join(_OPERATORS)}")
    if sign in ("in", "notin"):
        _pass_values(parts)
        return next(parts)
    value = next(parts)
    if value in ("", ","):
        return value
    if not _is_word(value):
        raise _Unexpected(f"found '{value}', expected: identifier")
    return next(parts)


def _pass_values(parts: Iterator[str]) -> None:
    """Pass over a list of values in brackets.

    Raises:
        _Unexpected: It is none.
    """
    opening = next(parts)
    if opening != "(":
        raise _Unexpected(f"found '{opening}' expected: '('")
    found = next(parts)
    if found == ")":
        return
    if found != "," and not _is_word(found):
        raise _Unexpected(f"found '{found}', expected: ',', ')' or identifier")
    while True:
        if _is_word(found):
            found = next(parts)
            if found not in (",", ")"):
                raise _Unexpected(f"found '{found}', expected: ',' or ')'")
        elif found != ",":
            raise _Unexpected(f"found '{found}', expected: ',', or identifier")
        if found == ")":
            return
        found = next(parts)
        if found == ")":
            return
