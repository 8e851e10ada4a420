"""JSON bodies, and the fields that are in them twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from kubeloop.objects.json.encode import loads, rewrite
from kubeloop.objects.type_guards import is_list
from kubeloop.testing.apiserver.encoding.scalar_forms import Faults

__all__ = ["DUPLICATE_FIELD", "in_document_order", "parse_with_duplicates"]

DUPLICATE_FIELD = "duplicate field"
_MAX_FAULTS = 100

_half_of_pair = re.compile("[\ud800-\udfff]").sub
# A colon that is not directly after the quote of its name.
_spaced_colon = re.compile(rb'"\s+:').search


def parse_with_duplicates(data: bytes) -> tuple[Any, Faults]:
    """Parse a body.

    Returns:
        The JSON value, in which the last of several members of one name counts, and the duplicate fields.

    Raises:
        ValueError: The body is not JSON; the message is close to that of Go.
    """
    try:
        tree = loads(data)
    except (ValueError, RecursionError):  # half of a surrogate pair, or what is not UTF-8, is read by Go
        return _slowly(data)
    if _has_every_member(tree, data):
        return tree, []
    return _slowly(data)


def in_document_order(data: bytes, unknown: Faults) -> Faults:
    """Return the unknown and the duplicate fields of a body in the order in which Go meets them.

    Args:
        data: A body that `parse_with_duplicates` has read.
        unknown: Its unknown fields. What is in them is not looked at.
    """
    text = data.decode("utf-8", "replace")
    paths = {path: what for what, path in unknown}
    found: dict[str, str] = {}
    _meet(json.loads(text, object_pairs_hook=_Pairs), "", paths, found)
    return [[what, path] for path, what in found.items()][:_MAX_FAULTS]


def _meet(value: Any, path: str, unknown: Mapping[str, str], found: dict[str, str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for raw, each in value:
            name = _whole(raw)
            below = f"{path}.{name}" if path else name
            if below in unknown:
                found.setdefault(below, unknown[below])
                continue
            if name in seen:
                found.setdefault(below, DUPLICATE_FIELD)
            seen.add(name)
            _meet(each, below, unknown, found)
    elif is_list(value):
        for at, each in enumerate(value):
            _meet(each, f"{path}[{at}]", unknown, found)


def _has_every_member(tree: Any, data: bytes) -> bool:
    """Return whether a value certainly has as many members as its text; False if that is not sure."""
    written = rewrite(tree)
    if len(written) == len(data.rstrip()) and data.startswith(written):
        return True
    if b"\\u00" in data or _spaced_colon(data):
        return False
    return written.count(b'":') == data.count(b'":')


class _Pairs(list[tuple[str, Any]]):
    """The members of an object in their order."""


def _slowly(data: bytes) -> tuple[Any, Faults]:
    text = data.decode("utf-8", "replace")
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refuse)
        faults: Faults = []
        return _without_pairs(pairs, faults, ""), faults
    except RecursionError:
        raise ValueError("exceeded max depth") from None
    except json.JSONDecodeError as error:
        if not text.strip():
            raise ValueError("unexpected end of JSON input") from None
        if error.pos >= len(text.rstrip()):
            raise ValueError("unexpected end of JSON input") from None
        shown = text[error.pos]
        raise ValueError(f"invalid character {shown!r} looking for beginning of value") from None


def _refuse(name: str) -> Any:
    raise json.JSONDecodeError("not a number of JSON", name, 0)


def _without_pairs(value: Any, faults: Faults, path: str) -> Any:
    """Return a value with dictionaries; of several members with one name the last counts, and objects are merged."""
    if isinstance(value, _Pairs):
        found: dict[str, Any] = {}
        for raw, each in value:
            name = _whole(raw)
            below = f"{path}.{name}" if path else name
            is_again = name in found and len(faults) < _MAX_FAULTS
            if is_again and [DUPLICATE_FIELD, below] not in faults:
                faults.append([DUPLICATE_FIELD, below])
            part = _without_pairs(each, faults, below)
            if is_again and isinstance(part, dict) and isinstance(found[name], dict):
                part = {**cast("dict[str, Any]", found[name]), **cast("dict[str, Any]", part)}
            found[name] = part
        return found
    if is_list(value):
        return [_without_pairs(each, faults, f"{path}[{at}]") for at, each in enumerate(value)]
    return _whole(value) if isinstance(value, str) else value


def _whole(text: str) -> str:
    """Return a text with U+FFFD in place of each half of a surrogate pair, as Go reads it."""
    return text if text.isascii() else _half_of_pair("\ufffd", text)
