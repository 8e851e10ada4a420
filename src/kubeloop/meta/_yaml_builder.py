"""The events of one YAML document as plain data, by the rules of Go's reader.

Reference: go.yaml.in/yaml/v2 (decode.go).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any, cast

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError
from kubeloop.meta._yaml_events import EventSource
from kubeloop.meta._yaml_scalars import (
    BINARY,
    BOOL,
    FLOAT,
    INT,
    MERGE,
    NULL,
    PREFIX,
    STR,
    TIMESTAMP,
    float_key,
    is_timestamp,
    resolve,
    tag_of,
)

__all__ = ["Builder", "TooDeep"]

_MERGE_KEY: Any = object()  # stands for a key that is not text
_FREE_ALIASES, _ALIAS_RANGE_LOW, _ALIAS_RANGE_HIGH = 100, 400_000, 4_000_000
_ENDS = (yaml.DocumentEndEvent, yaml.StreamEndEvent)
_NO_BREAKS = dict.fromkeys(map(ord, "\r\n"))


class TooDeep(Exception):
    """A document is nested deeper than its builder allows.

    Attributes:
        mark: Where the first value begins that is too deep.
    """

    def __init__(self, mark: Any) -> None:
        super().__init__("nested too deeply")
        self.mark = mark


class _Anchored:
    """What an alias repeats: the value, what kind of node it is, and how many nodes it makes."""

    __slots__ = ("event", "size", "value")

    def __init__(self, event: Any) -> None:
        self.event = event
        self.value: Any = None
        self.size = 0  # 0: not read to its end


class _Open:
    """A list or mapping that is being read."""

    __slots__ = ("anchored", "begin", "event", "is_list", "key", "value")

    def __init__(self, event: Any, anchored: _Anchored | None, begin: int) -> None:
        self.event, self.anchored, self.begin = event, anchored, begin
        self.is_list = event.__class__ is SequenceStartEvent
        self.value: Any = [] if self.is_list else {}
        self.key: Any = None


class Builder:
    """Creates the JSON data of one document from its events, without recursion."""

    def __init__(self, source: EventSource, lines: int, max_depth: int, *, strict: bool) -> None:
        self._next = source.get_event
        self._lines, self._max_depth, self._strict = lines, max_depth, strict
        self._anchors: dict[str, _Anchored] = {}
        self._open: list[_Open] = []
        self._count, self._aliased = 1, 0  # go-yaml counts the document as a node
        self._result: Any = None

    def read(self) -> Any:
        """Read one document."""
        # Both parsers create events of exactly these classes, which are compared much faster than with `isinstance`.
        while True:
            event = self._next()
            kind = event.__class__
            if kind is ScalarEvent:
                self._node(event)
                raw = self._scalar(event)
                if event.anchor is not None:
                    anchored = self._anchors[event.anchor] = _Anchored(event)
                    anchored.value, anchored.size = raw, 1
                self._add(raw, event, event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close()
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._begin(event)
            elif kind is AliasEvent:
                self._alias(event)
            elif kind in _ENDS:
                return self._result

    def _node(self, event: Any) -> None:
        self._count += 1
        if self._aliased > _FREE_ALIASES:
            self._check_aliases(event)

    def _begin(self, event: Any) -> None:
        self._node(event)
        anchored = None
        if event.anchor is not None:
            anchored = self._anchors[event.anchor] = _Anchored(event)
        if len(self._open) >= self._max_depth:
            raise TooDeep(event.start_mark)
        self._open.append(_Open(event, anchored, self._count - 1))

    def _close(self) -> None:
        done = self._open.pop()
        if done.anchored is not None:
            done.anchored.value, done.anchored.size = done.value, self._count - done.begin
        self._add(done.value, done.event, done.event)

    def _alias(self, event: Any) -> None:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise self._fault(event, "an alias without an anchor of its name before it")
        if not anchored.size:
            raise self._fault(event, "an anchor contains itself")
        self._count += 1 + anchored.size
        self._aliased += anchored.size
        self._check_aliases(event)
        self._add(_copy(anchored.value), event, anchored.event)

    def _check_aliases(self, event: Any) -> None:
        """Refuse what go-yaml refuses: a document of which aliases make too large a part (decode.go)."""
        beyond = (self._count - _ALIAS_RANGE_LOW) / (_ALIAS_RANGE_HIGH - _ALIAS_RANGE_LOW)
        allowed = 0.99 - 0.89 * min(max(beyond, 0.0), 1.0)
        if self._aliased > _FREE_ALIASES and self._count > 1_000 and self._aliased / self._count > allowed:
            raise self._fault(event, "the document consists mostly of aliases")

    def _add(self, value: Any, event: Any, node: Any) -> None:
        """Put a value where it belongs; `event` is where it stands, `node` what it is, for an alias its anchor."""
        if not self._open:
            self._result = self._jsonable(value, event)
            return
        holder = self._open[-1]
        if holder.is_list:
            holder.value.append(self._jsonable(value, event))
        elif holder.key is not None:
            key, holder.key = holder.key, None
            if key is _MERGE_KEY:
                self._merge(holder.value, value, event, node)
            else:
                holder.value[key] = self._jsonable(value, event)
        elif _is_merge(event):
            holder.key = _MERGE_KEY
        else:
            holder.key = self._key(value, event, node)
            if self._strict and holder.key in holder.value:
                raise self._fault(event, "a key that is already set in this mapping")

    def _merge(self, into: dict[str, Any], value: Any, event: Any, node: Any) -> None:
        is_list = event.__class__ is SequenceStartEvent
        sources = reversed(cast("list[Any]", value)) if is_list else (value,)
        for source in sources:
            if not isinstance(source, dict) or not isinstance(node, yaml.CollectionStartEvent):
                raise self._fault(event, "a merge key takes a mapping or a list of mappings")
            found = cast("dict[str, Any]", source)
            if self._strict and not into.keys().isdisjoint(found):
                raise self._fault(event, "a merge key brings a key that is already set in this mapping")
            into |= found

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        tag: str | None = event.tag
        if tag is None:
            return resolve(text) if event.implicit[0] else text
        if tag in ("!", STR):
            return text
        if tag == BINARY:
            return self._binary(text, event)
        if tag not in (INT, FLOAT, BOOL, NULL, TIMESTAMP):
            return text
        if tag == TIMESTAMP:
            if not is_timestamp(text):
                raise self._fault(event, "this is no !!timestamp")
            return text
        value = resolve(text)
        found = tag_of(value)
        if tag == FLOAT and isinstance(value, int) and found == INT:
            return float(value)
        if tag != found:
            raise self._fault(event, f"this is no !!{tag.removeprefix(PREFIX)}")
        return value

    def _binary(self, text: str, event: Any) -> str:
        try:
            return base64.b64decode(text.translate(_NO_BREAKS), validate=True).decode("utf-8", "replace")
        except ValueError:  # letters beyond ASCII, too
            raise_alone(self._fault(event, "!!binary with text that is not base64"))

    def _jsonable(self, value: Any, event: Any) -> Any:
        """JSON does not tell 8.0 from 8: a float that int64 can hold is an integer."""
        if not isinstance(value, float):
            return value
        if not math.isfinite(value):
            raise self._fault(event, "NaN and infinity have no place in JSON")
        return int(value) if value.is_integer() and -(2.0**63) < value < 2.0**63 else value

    def _key(self, value: Any, event: Any, node: Any) -> str:
        """JSON has text keys only: write a number or a boolean as Go does."""
        if value.__class__ is str:
            return value
        if isinstance(node, yaml.CollectionStartEvent):
            raise self._fault(event, "a list or a mapping cannot be a key")
        if value is None:
            raise self._fault(event, "null cannot be a key")
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int) and value >= 2**63:
            raise self._fault(event, "a number beyond 64 bits with sign cannot be a key")
        return float_key(value) if isinstance(value, float) else str(value)

    def _fault(self, event: Any, problem: str) -> DecodeError:
        mark = event.start_mark
        return DecodeError(f"YAML: line {mark.line + 1 + self._lines}, column {mark.column + 1}: {problem}")


def _is_merge(event: Any) -> bool:
    return event.__class__ is ScalarEvent and event.value == "<<" and (event.implicit[0] or event.tag == MERGE)


def _copy(value: Any) -> Any:
    """Copy JSON data of any depth."""
    result: list[Any] = [value]
    pending: list[Any] = [result]
    while pending:
        holder: Any = pending.pop()
        for key in _places(holder):
            if type(holder[key]) in (dict, list):
                holder[key] = holder[key].copy()  # an entry is replaced, none is added: allowed on the way
                pending.append(holder[key])
    return result[0]


def _places(holder: Any) -> Iterable[Any]:
    length = len(holder)
    return range(length) if type(holder) is list else holder
