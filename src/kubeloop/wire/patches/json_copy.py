"""Copies of JSON data, with the size of the JSON that Go writes for it."""

from __future__ import annotations

import re
from typing import Any

from kubeloop.wire.patches.json_depth import check_depth

__all__ = ["json_copy"]

# Go escapes quotes, backslashes and control characters, and, for HTML, what would have a meaning there.
_ESCAPED = re.compile('["\\\\\x00-\x1f<>&\u2028\u2029]')
_SHORT = frozenset('"\\\b\f\n\r\t')
_SIZES = {None: 4, True: 4, False: 5}


def json_copy(value: Any) -> tuple[Any, int]:
    """Return a copy of JSON data and the size of its JSON in bytes; the sizes of floats are approximate.

    Raises:
        MalformedPatch: The data is nested too deeply.
    """
    check_depth(value)
    return _copy(value)


def _copy(value: Any) -> tuple[Any, int]:
    kind = value.__class__
    if kind is dict:
        fields = {name: _copy(each) for name, each in value.items()}
        size = sum(_text_size(name) + 2 + each[1] for name, each in fields.items()) + (1 if fields else 2)
        return {name: each[0] for name, each in fields.items()}, size
    if kind is list:
        items = [_copy(each) for each in value]
        return [each[0] for each in items], sum(each[1] + 1 for each in items) + (1 if items else 2)
    if kind is str:
        return value, _text_size(value)
    return value, _SIZES[value] if value is None or kind is bool else len(repr(value))


def _text_size(text: str) -> int:
    size = len(text.encode("utf-8", "surrogatepass")) + 2
    for escaped in _ESCAPED.findall(text):
        size += 1 if escaped in _SHORT else 6 - len(escaped.encode())
    return size
