"""Find the bounds of values in JSON text by its brackets, without recursion and in linear time.

This works on text that the decoder refuses because it is nested too deeply or has bytes that are not UTF-8. `identity`
reads the name of an object that has such parts. Whether a value is valid JSON inside is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

__all__ = [
    "Malformed",
    "elements",
    "end_of_value",
    "identity",
    "key_at",
    "members",
    "skip_space",
    "whole_members",
]

# The repeats are possessive, so that no text makes these expressions backtrack.
_space = re.compile(rb"[ \t\r\n]*+").match
_string = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL).match
_scalar = re.compile(rb'[^\s",:{}\[\]]++').match
_flat = rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+'
# Matches up to a bracket, across objects and lists without brackets inside, which are most of them.
_to_bracket = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+"|\{%b\}|\[%b\])*+' % (_flat, _flat), re.DOTALL).match
_METADATA = {
    b'"namespace"': "namespace",
    b'"name"': "name",
    b'"uid"': "uid",
    b'"resourceVersion"': "resource_version",
}


class Malformed(ValueError):
    """The brackets, quotes, commas or colons of a text are not those of JSON, or the text ends too early."""


def skip_space(text: bytes, at: int) -> int:
    """Return the position of the first byte from `at` on that is not white space."""
    found = _space(text, at)
    return found.end() if found is not None else at


def end_of_value(text: bytes, start: int) -> int:
    """Return the position after the value that starts at `start`.

    Raises:
        Malformed: There is no value, or the text ends within it.
    """
    first = text[start : start + 1]
    if first not in (b"{", b"["):
        found = (_string if first == b'"' else _scalar)(text, start)
        if found is None:
            raise Malformed("expected a value")
        return found.end()
    depth, at = 1, start + 1
    while True:
        at = _to_bracket(text, at).end()  # type: ignore[union-attr]  # the expression matches the empty text, too
        bracket = text[at : at + 1]
        at += 1
        if bracket in (b"{", b"["):
            depth += 1
        elif bracket in (b"}", b"]"):
            depth -= 1
            if not depth:
                return at
        else:
            raise Malformed("the text ends too early")


def elements(text: bytes, start: int = 0) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each element of the list at `start`.

    Raises:
        Malformed: The text is not a list.
    """
    at = _inside(text, start, b"[")
    while text[at : at + 1] != b"]":
        end = end_of_value(text, at)
        yield at, end
        at = _next(text, end, b"]")


def members(text: bytes, start: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Yield each member of the object at `start`: the key with its quotes, and the start and end of the value.

    Raises:
        Malformed: The text is not an object.
    """
    at = _inside(text, start, b"{")
    while text[at : at + 1] != b"}":
        key, at = key_at(text, at)
        end = end_of_value(text, at)
        yield key, at, end
        at = _next(text, end, b"}")


def key_at(text: bytes, start: int) -> tuple[bytes, int]:
    """Return the key that starts at `start`, with its quotes, and the position of its value.

    Raises:
        Malformed: There is no key, or no colon after it.
    """
    key = _string(text, start)
    if key is None:
        raise Malformed("expected a key")
    at = skip_space(text, key.end())
    if text[at : at + 1] != b":":
        raise Malformed("expected a colon")
    return key[0], skip_space(text, at + 1)


def whole_members(text: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield each member of the only object in the text, as `members` does.

    Raises:
        Malformed: The text is not an object, or has more than one value.
    """
    start = skip_space(text, 0)
    if skip_space(text, end_of_value(text, start)) != len(text):
        raise Malformed("more than one value")
    return members(text, start)


def identity(text: bytes) -> dict[str, str]:
    """Return what identifies an object; a member that cannot be read is left out.

    The name is left out as well if there is a namespace that cannot be read, because it identifies nothing without it.

    Returns:
        `api_version`, `kind`, `namespace`, `name`, `uid` and `resource_version`, as far as they are known.
    """
    found: dict[str, str | None] = {}
    try:
        for key, start, end in members(text):
            if key == b'"metadata"':
                for name, at, until in members(text, start):
                    if name in _METADATA:
                        found[_METADATA[name]] = _text(text[at:until])
            elif key in (b'"apiVersion"', b'"kind"'):
                found["kind" if key == b'"kind"' else "api_version"] = _text(text[start:end])
    except Malformed:
        pass
    if found.get("namespace", "") is None:
        found["name"] = None
    return {name: value for name, value in found.items() if value is not None}


def _text(value: bytes) -> str | None:
    """Return a string, `""` for null, or None if the value cannot be read."""
    if value == b"null":
        return ""
    try:
        return msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _inside(text: bytes, start: int, bracket: bytes) -> int:
    at = skip_space(text, start)
    if text[at : at + 1] != bracket:
        raise Malformed(f"expected {bracket.decode()}")
    return skip_space(text, at + 1)


def _next(text: bytes, at: int, end: bytes) -> int:
    """Return the position of the next member or element, or of the closing bracket."""
    at = skip_space(text, at)
    if text[at : at + 1] == end:
        return at
    if text[at : at + 1] != b",":
        raise Malformed("expected a comma")
    at = skip_space(text, at + 1)
    if text[at : at + 1] == end:
        raise Malformed("a comma before the end")
    return at
