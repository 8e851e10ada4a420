"""JSON bodies, and the fields that are in them twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from kubeloop.objects.json.encode import loads, rewrite
from kubeloop.objects.type_guards import is_list
from kubeloop.testing.apiserver.encoding.scalar_forms import Faults

__all__ = ["DUPLICATE_FIELD", "in_document_order", "parse_with_duplicates"]

DUPLICATE_FIELD = "duplicate field"
_MAX_FAULTS = 100
_MOST_FAULT_CHARACTERS = 1 << 20
_MOST_PATH_CHARACTERS = 1 << 26

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


def in_document_order(data: bytes, unknown: Faults, duplicates: Faults) -> Faults:
    """Return the unknown and the duplicate fields of a body in the order in which Go meets them.

    Args:
        data: A body that `parse_with_duplicates` has read.
        unknown: Its unknown fields. What is in them is not looked at.
        duplicates: Its duplicate fields.
    """
    text = data.decode("utf-8", "replace")
    order = _Order(unknown)
    try:
        order.meet(json.loads(text, object_pairs_hook=_Pairs), "")
    except (_TooLong, RecursionError):
        return [*unknown, *duplicates][:_MAX_FAULTS]
    return [[what, path] for path, what in order.found.items()][:_MAX_FAULTS]


class _TooLong(Exception):
    """The paths of a body are so long that writing all of them would take seconds."""


class _Order:
    """Finds unknown and duplicate fields in the order of a body.

    Attributes:
        found: What each path is, in order.
    """

    def __init__(self, unknown: Faults) -> None:
        self.found: dict[str, str] = {}
        self._unknown: Mapping[str, str] = {path: what for what, path in unknown}
        self._room = _MOST_PATH_CHARACTERS

    def meet(self, value: Any, path: str) -> None:
        """Go through a value."""
        self._room -= len(path) * len(value) if isinstance(value, list) else 0  # pyright: ignore[reportUnknownArgumentType]
        if self._room < 0:
            raise _TooLong
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            for raw, each in value:
                name = _whole(raw)
                below = f"{path}.{name}" if path else name
                if below in self._unknown:
                    self.found.setdefault(below, self._unknown[below])
                    continue
                if name in seen:
                    self.found.setdefault(below, DUPLICATE_FIELD)
                seen.add(name)
                self.meet(each, below)
        elif is_list(value):
            for at, each in enumerate(value):
                self.meet(each, f"{path}[{at}]")


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
        reading = _Reading()
        tree = reading.value(json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refuse), None)
        return tree, reading.duplicates
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


class _Reading:
    """Turns pairs into dictionaries; of several members with one name the last counts, and objects are merged.

    A path is a chain from the innermost name outwards, and becomes a text only when it is reported.

    Attributes:
        duplicates: The fields that are there twice.
    """

    def __init__(self) -> None:
        self.duplicates: Faults = []
        self._room = _MOST_FAULT_CHARACTERS

    def value(self, value: Any, path: _Path | None) -> Any:
        """Return a value with dictionaries."""
        if isinstance(value, _Pairs):
            found: dict[str, Any] = {}
            reported: set[str] = set()
            for raw, each in value:
                name = _whole(raw)
                below = _Path(path, name)
                is_again = name in found
                if is_again and name not in reported:
                    reported.add(name)
                    self._report(below)
                part = self.value(each, below)
                before = found[name] if is_again else None
                if isinstance(part, dict) and isinstance(before, dict):
                    cast("dict[str, Any]", before).update(cast("dict[str, Any]", part))
                else:
                    found[name] = part
            return found
        if is_list(value):
            return [self.value(each, _Path(path, at)) for at, each in enumerate(value)]
        return _whole(value) if isinstance(value, str) else value

    def _report(self, path: _Path) -> None:
        if len(self.duplicates) == _MAX_FAULTS or self._room < 0:
            return
        fault = [DUPLICATE_FIELD, path.text()]
        if fault not in self.duplicates:  # an object that is there twice has its fields twice
            self.duplicates.append(fault)
            self._room -= len(fault[1])


class _Path(NamedTuple):
    """Where a value is: a name or an index in the value at the outer path."""

    outer: _Path | None
    name: str | int

    def text(self) -> str:
        """Return the path as Go writes it."""
        names: list[str] = []
        path: _Path | None = self
        while path is not None:
            name = path.name
            names.append(f"[{name}]" if isinstance(name, int) else name if path.outer is None else f".{name}")
            path = path.outer
        return "".join(reversed(names))


def _whole(text: str) -> str:
    """Return a text with U+FFFD in place of each half of a surrogate pair, as Go reads it."""
    return text if text.isascii() else _half_of_pair("\ufffd", text)
