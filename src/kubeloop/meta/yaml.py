"""YAML in and out, by the rules of Kubernetes' own tools: the only module that knows PyYAML.

Scalars resolve as sigs.k8s.io/yaml does, which is neither PyYAML's way nor YAML 1.2's:

- `y n yes no on off true false` in lower, upper or title case are booleans, as keys too (`on:` becomes the key
  `"true"`);
- timestamps and base-60 numbers (`12:30:45`) stay text; `0777`, `0o777`, `0x1F`, `0b11` and `1_000` are integers;
- a float with an integral value is an integer, since JSON does not tell them apart; NaN and infinities are refused;
- keys that are numbers or booleans become text, and what a merge key (`<<`) brings counts at the place where it stands.

What is read is plain JSON data: dict, list, str, int, float, bool, None. Every alias gives a value of its own, and a
document that is mostly aliases is refused before it eats the memory. Errors name line and column, never the text
found there: it may be a secret.

Reference: sigs.k8s.io/yaml v1.6 on go.yaml.in/yaml/v2 (resolve.go, decode.go).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError

__all__ = ["dump", "dump_all", "load", "load_all"]

_PREFIX = "tag:yaml.org,2002:"
_PLAIN, _STR, _INT, _FLOAT = "plain", _PREFIX + "str", _PREFIX + "int", _PREFIX + "float"
_BOOL, _NULL, _TIMESTAMP = _PREFIX + "bool", _PREFIX + "null", _PREFIX + "timestamp"
_BINARY, _MERGE = _PREFIX + "binary", _PREFIX + "merge"
_MAX_DEPTH = 200
_FREE_ALIASES, _ALIAS_SHARE = 1_000, 0.99

_words: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
for _true, _false in (("y", "n"), ("yes", "no"), ("true", "false"), ("on", "off")):
    _words |= {_true: True, _true.title(): True, _true.upper(): True}
    _words |= {_false: False, _false.title(): False, _false.upper(): False}
_WORDS = _words
_INFINITE = {f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")}
_NOT_NUMBERS = _INFINITE | {".nan", ".NaN", ".NAN"}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_UNDERSCORE = re.compile(r"(?<=[0-9])_(?=[0-9])", re.ASCII)
# What readers of YAML 1.1 other than ours take for something else than text: quoted on the way out.
_QUOTE = re.compile(
    r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # base 60
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"  # dates and times
    r"|[-+]?[0-9.][0-9_.eE+-]*"  # versions and the like, to be on the safe side
    r"|=|<<",
    re.ASCII,
)

# Untyped: PyYAML has its C classes only where libyaml was there to build them.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load(data: str | bytes, *, strict: bool = False) -> Any:
    """Read the only document of a text; an empty text is None.

    Args:
        data: text, or bytes in UTF-8 or UTF-16 with a byte-order mark. JSON is YAML too.
        strict: refuse a key that stands twice in one mapping. Otherwise the last one wins, as with `kubectl`'s reader.

    Returns:
        Plain JSON data that belongs to the caller.

    Raises:
        DecodeError: not YAML, more than one document, or something JSON cannot hold. Trying again does not help.

    >>> load("{port: 0x50, start: 2001-01-01, active: on}")
    {'port': 80, 'start': '2001-01-01', 'active': True}
    """
    documents = list(_documents(data, strict=strict))
    if len(documents) > 1:
        raise DecodeError("YAML: more than one document where one was due")
    return documents[0] if documents else None


def load_all(data: str | bytes, *, strict: bool = False) -> Iterator[Any]:
    """Read the documents of a text one after the other; see `load`. Empty documents are None."""
    return _documents(data, strict=strict)


def dump(value: Any) -> str:
    """Write JSON data as one YAML document: keys sorted, lists not indented, text of several lines as a block.

    Text that any reader of YAML 1.1 or 1.2 could take for a number, boolean, null or time is quoted, so that what was
    text stays text. Mappings and sequences of any class are written as such.

    Raises:
        TypeError: a value that JSON cannot hold, or a key that is not text.

    >>> print(dump({"kind": "ConfigMap", "data": {"switch": "on", "n": "0777"}}), end="")
    data:
      'n': '0777'
      switch: 'on'
    kind: ConfigMap
    """
    text: str = yaml.dump(_plain(value), Dumper=_GoDumper, allow_unicode=True, default_flow_style=False, width=2**30)
    # PyYAML may end a document with a marker, at the start of a line; text that ends like that is indented.
    return text[:-4] if text.endswith("\n...\n") else text


def dump_all(values: Iterator[Any] | list[Any] | tuple[Any, ...]) -> str:
    """Write several values as one text, with `---` between the documents."""
    return "---\n".join(dump(value) for value in values)


def _documents(data: str | bytes, *, strict: bool) -> Iterator[Any]:
    try:
        loader = _GoLoader(data)
    except (yaml.YAMLError, UnicodeError) as error:
        raise_alone(_decode_error(error))
    try:
        while True:
            try:
                node = loader.get_node() if loader.check_node() else None
            except (yaml.YAMLError, UnicodeError, RecursionError) as error:
                raise_alone(_decode_error(error))
            if node is None:
                return
            yield _Builder(strict=strict).build(node, 0)
    finally:
        loader.dispose()


def _decode_error(error: Exception) -> DecodeError:
    """Say what and where, without the excerpt that PyYAML adds."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return DecodeError(f"YAML: line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}")
    if isinstance(error, RecursionError):
        return DecodeError("YAML: nested too deeply")
    return DecodeError("YAML: a byte or character that may not stand in YAML text")


def _fault(node: yaml.Node, problem: str) -> DecodeError:
    mark = node.start_mark
    return DecodeError(f"YAML: line {mark.line + 1}, column {mark.column + 1}: {problem}")


class _GoLoader(_Loader):  # type: ignore[misc]  # its base is chosen at run time
    """PyYAML's parser, which here only marks what was written without quotes; `_Builder` resolves it."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:  # noqa: ARG002
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _STR
        return _PREFIX + ("map" if kind is yaml.MappingNode else "seq")


class _Builder:
    """Turns the nodes of one document into JSON data."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._count = self._from_aliases = self._alias_depth = 0

    def build(self, node: yaml.Node, depth: int) -> Any:
        identity = id(node)
        is_alias = identity in self._seen
        self._seen.add(identity)
        self._alias_depth += is_alias
        self._count += 1
        self._from_aliases += self._alias_depth > 0
        if self._from_aliases > _FREE_ALIASES and self._from_aliases > self._count * _ALIAS_SHARE:
            raise _fault(node, "the document consists mostly of aliases")
        if depth > _MAX_DEPTH:
            raise _fault(node, "nested too deeply")
        if identity in self._open:
            raise _fault(node, "an anchor contains itself")
        value: Any
        if isinstance(node, yaml.ScalarNode):
            value = _jsonable(_scalar(node), node)
        else:
            self._open.add(identity)
            if isinstance(node, yaml.SequenceNode):
                value = [self.build(item, depth + 1) for item in node.value]
            else:
                value = {}
                self._fill(value, cast("yaml.MappingNode", node), depth)
            self._open.discard(identity)
        self._alias_depth -= is_alias
        return value

    def _fill(self, into: dict[str, Any], node: yaml.MappingNode, depth: int) -> None:
        for key_node, value_node in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if key_node.value == "<<" and key_node.tag in (_PLAIN, _MERGE):
                self._merge(into, value_node, depth + 1)
                continue
            key = _key(key_node)
            if self._strict and key in into:
                raise _fault(key_node, "a key that is already set in this mapping")
            into[key] = self.build(value_node, depth + 1)

    def _merge(self, into: dict[str, Any], node: yaml.Node, depth: int) -> None:
        sources = reversed(node.value) if isinstance(node, yaml.SequenceNode) else (node,)
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise _fault(node, "a merge key takes a mapping or a list of mappings")
            into |= self.build(source, depth)


def _scalar(node: yaml.ScalarNode) -> Any:
    text, tag = cast("str", node.value), node.tag
    if tag == _STR:
        return text
    if tag == _BINARY:
        try:
            return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
        except binascii.Error:
            raise _fault(node, "!!binary with text that is not base64") from None
    if tag not in (_PLAIN, _INT, _FLOAT, _BOOL, _NULL, _TIMESTAMP):
        return text
    value = _resolve(text)
    found = _tag(value)
    if tag not in (_PLAIN, _TIMESTAMP, found) and (tag, found) != (_FLOAT, _INT):
        raise _fault(node, f"this is no !!{tag.removeprefix(_PREFIX)}")
    return value


def _jsonable(value: Any, node: yaml.Node) -> Any:
    """JSON does not tell 8.0 from 8: a float that int64 can hold is an integer."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise _fault(node, "NaN and infinity have no place in JSON")
    return int(value) if value.is_integer() and -(2.0**63) < value < 2.0**63 else value


def _tag(value: Any) -> str:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, int):
        return _INT
    return _FLOAT if isinstance(value, float) else _STR


def _resolve(text: str) -> bool | int | float | str | None:
    """Resolve a scalar that stands without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first not in "+-.0123456789":
        return text
    if text in _NOT_NUMBERS:
        return float(text.replace(".", "", 1))
    plain = _UNDERSCORE.sub("", text) if first == "." else text.replace("_", "")
    if _INTEGER.fullmatch(plain):
        digits = plain.lstrip("+-")
        base = {"x": 16, "b": 2, "o": 8}.get(digits[1:2].lower(), 8 if len(digits) > 1 and digits[0] == "0" else 10)
        integer = int(digits, base)
        integer = -integer if plain[0] == "-" else integer
        if -(2**63) <= integer < 2**63 or (plain[0] not in "+-" and integer < 2**64):
            return integer
    if _DECIMAL.fullmatch(plain):
        number = float(plain)
        if math.isfinite(number):
            return number
    return text


def _key(node: yaml.Node) -> str:
    """JSON has text keys only: write a number or a boolean as Go does."""
    if not isinstance(node, yaml.ScalarNode):
        raise _fault(node, "a list or a mapping cannot be a key")
    value = _scalar(node)
    if value is None:
        raise _fault(node, "null cannot be a key")
    if isinstance(value, bool):
        return "true" if value else "false"
    return _float_key(value) if isinstance(value, float) else str(value)


def _float_key(value: float) -> str:
    """Write a float as Go's `FormatFloat(value, 'g', -1, 32)`: the shortest text that gives the same 32-bit float."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    try:
        single = _single(value)
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    text = next(text for digits in range(9) if _single(float(text := f"{single:.{digits}e}")) == single)
    mantissa, _, exponent = text.partition("e")
    places = len(mantissa.lstrip("-").replace(".", ""))
    power = int(exponent)
    if power < -4 or power >= 6:
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{float(text):.{max(places - 1 - power, 0)}f}"


def _single(value: float) -> float:
    """Round to a 32-bit float."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def _plain(value: Any) -> Any:
    """Copy into what the dumper writes: dict, list and scalars."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | str):
        return int(value) if isinstance(value, int) else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError("NaN and infinity have no place in JSON")
        return value
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        for key in entries:
            if not isinstance(key, str):
                raise TypeError(f"a key must be text, not {type(key).__name__}")
        return {key: _plain(item) for key, item in entries.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    raise TypeError(f"cannot write {type(value).__name__} as YAML")


class _GoDumper(_Dumper):  # type: ignore[misc]  # its base is chosen at run time
    """PyYAML's emitter, told which text may stand without quotes."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return _PREFIX + ("map" if kind is yaml.MappingNode else "seq")
        if not implicit[0]:
            return _STR
        if isinstance(_resolve(value), str):
            return _PLAIN if _QUOTE.fullmatch(value) else _STR
        return _tag(_resolve(value))

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_str(dumper: Any, value: str) -> yaml.Node:
    node: yaml.Node = dumper.represent_scalar(_STR, value, style="|" if "\n" in value else None)
    return node


def _represent_number(dumper: Any, value: float) -> yaml.Node:
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")  # YAML 1.1 knows no float without a point
    # With the tag that readers will find, so that none is written: 2**64 is read as a float.
    node: yaml.Node = dumper.represent_scalar(_tag(_resolve(text)), text)
    return node


_GoDumper.add_representer(str, _represent_str)
_GoDumper.add_representer(int, _represent_number)
_GoDumper.add_representer(float, _represent_number)
