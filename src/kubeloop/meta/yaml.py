"""Reading and writing YAML by the rules of Kubernetes' own tools; with `_yaml_events`, the only user of PyYAML.

Values are plain JSON data. Errors name line and column, never the text, which may be a secret. Reference:
sigs.k8s.io/yaml v1.6 on go.yaml.in/yaml/v2 (resolve.go, decode.go).
"""

from __future__ import annotations

import base64
import codecs
import math
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import yaml

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError, EncodeError
from kubeloop.meta._yaml_events import EventSource, fast_source, go_source

__all__ = ["dump", "dump_all", "load", "load_all", "load_documents", "load_first"]

_PREFIX = "tag:yaml.org,2002:"
_PLAIN, _STR, _INT, _FLOAT = "plain", _PREFIX + "str", _PREFIX + "int", _PREFIX + "float"
_BOOL, _NULL, _TIMESTAMP = _PREFIX + "bool", _PREFIX + "null", _PREFIX + "timestamp"
_BINARY, _MERGE = _PREFIX + "binary", _PREFIX + "merge"
_MERGE_KEY: Any = object()  # stands for a key that is not text
_MAX_DEPTH, _FAST_DEPTH = 10_000, 200  # go-yaml's bound; beyond the second libyaml is slow
_FREE_ALIASES, _ALIAS_RANGE_LOW, _ALIAS_RANGE_HIGH = 100, 400_000, 4_000_000
_EMPTY_LINES = re.compile(r"(?:(?:---)?[ \t\r]*(?:#.*)?\n)*")
_SEPARATOR = re.compile(r"^---[ \t\r\v\f]*(.*)\n", re.MULTILINE)
_CHARACTER = re.compile(r"character .{1,20}(?= that )|'.'|\"'\"", re.DOTALL)  # what PyYAML quotes of the text
_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
_NO_BREAKS = dict.fromkeys(map(ord, "\r\n"))

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
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt](?=.*(?:Z|[-+][0-9]{2}:[0-9]{2})$)| (?!.*[-+Z]))"
    r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)
# What readers of YAML 1.1 other than ours take for something else than text: quoted on the way out.
_QUOTE = re.compile(
    r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # base 60
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"  # dates and times
    r"|[-+]?[0-9.][0-9_.eE+-]*"  # versions and the like, to be on the safe side
    r"|=|<<",
    re.ASCII,
)

# Untyped: PyYAML has its C classes only where libyaml was there to build them.
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load(data: str | bytes, *, strict: bool = False) -> Any:
    """Parse a text with one document; an empty text or document is None.

    Scalars have the types of sigs.k8s.io/yaml, which differ from PyYAML and from YAML 1.2:

    - `y n yes no on off true false` in lower, upper or title case are booleans, and as keys the texts `"true"` and
      `"false"`.
    - Timestamps and base-60 numbers (`12:30:45`) are texts; `0777`, `0o777`, `0x1F`, `0b11` and `1_000` are integers.
    - A float with an integral value is an integer, because JSON does not distinguish them. NaN and infinities are
      refused.
    - Keys that are numbers or booleans become texts. The keys of a merge key (`<<`) have its position.

    Empty documents before or after a separator are ignored. A block at the end of the text ends with a line break, as
    in kubectl. Each alias is a separate value, and a document that consists mostly of aliases is refused.

    Args:
        data: A text, or bytes in UTF-8, or in UTF-16 with a byte order mark. JSON is also YAML.
        strict: Whether to refuse a key that is repeated in a mapping, or by a merge key. Otherwise the last one is
            used, as in kubectl.

    Returns:
        Plain JSON data that belongs to the caller.

    Raises:
        DecodeError: The text is not YAML, has more than one document, or contains a value that JSON does not support.

    >>> load("{port: 0x50, start: 2001-01-01, active: on}")
    {'port': 80, 'start': '2001-01-01', 'active': True}
    """
    documents = [one for one in _read(_ended(_text(data)), 0, strict=strict) if one is not None]
    if len(documents) > 1:
        raise DecodeError("YAML: expected one document, got more")
    return documents[0] if documents else None


def load_first(data: str | bytes) -> Any:
    """Read the first document of a text, whatever stands behind it, as Go programs read a kubeconfig; see `load`.

    An empty document counts. The text is read as it is: a block at its end has no line break that is not in the text.

    Reference: sigs.k8s.io/yaml's Unmarshal.
    """
    return _read(_text(data), 0, strict=False, first=True)[0]


def load_all(data: str | bytes, *, strict: bool = False) -> Iterator[Any]:
    """Yield the documents of a text, as kubectl reads a file; see `load`.

    A line that begins with `---` separates documents, wherever it stands, and contains nothing else except a comment.
    An empty document between others is None; empty documents at the end are skipped. Several documents that only `...`
    separates are an error, because kubectl would drop all except the first.

    Reference: k8s.io/apimachinery/pkg/util/yaml's YAMLReader.
    """
    empty = 0
    for _, document in load_documents(data, strict=strict):
        if document is None:
            empty += 1
            continue
        yield from [None] * empty
        empty = 0
        yield document


def load_documents(data: str | bytes, *, strict: bool = False) -> Iterator[tuple[int, Any]]:
    """Yield each document of a text with the number of its first line that is neither empty nor a comment.

    Empty documents are None; otherwise as `load_all`.
    """
    for chunk, lines in _chunks(_ended(_text(data))):
        documents = _read(chunk, lines, strict=strict)
        if len(documents) > 1:
            raise DecodeError(f"YAML: more than one document from line {lines + 1} on, without a --- between them")
        empty_lines = _EMPTY_LINES.match(chunk)
        yield lines + 1 + (empty_lines[0].count("\n") if empty_lines else 0), documents[0]


def dump(value: Any) -> str:
    """Write JSON data as one YAML document: keys sorted, lists not indented, text of several lines as a block.

    Text that any reader of YAML 1.1 or 1.2 could take for a number, boolean, null or time is quoted, so that what was
    text stays text. Mappings and sequences of any class are written as such.

    Raises:
        TypeError: a value that JSON cannot hold, or a key that is not text.
        EncodeError: it is nested too deeply.

    >>> print(dump({"kind": "ConfigMap", "data": {"switch": "on", "n": "0777"}}), end="")
    data:
      'n': '0777'
      switch: 'on'
    kind: ConfigMap
    """
    try:
        text: str = yaml.dump(
            _plain(value), Dumper=_GoDumper, allow_unicode=True, default_flow_style=False, width=2**30
        )
    except RecursionError:
        raise EncodeError("YAML: nested too deeply") from None
    # PyYAML may end a document with a marker, at the start of a line; text that ends like that is indented.
    return text[:-4] if text.endswith("\n...\n") else text


def dump_all(values: Iterator[Any] | list[Any] | tuple[Any, ...]) -> str:
    """Write several values as one text, with `---` between the documents."""
    return "---\n".join(dump(value) for value in values)


def _text(data: str | bytes) -> str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise_alone(DecodeError(f"YAML: line {line}: bytes that are not {encoding.upper()}"))


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    """Cut a text at the lines that separate documents: each document, and the number of lines before it."""
    begin = lines = 0
    for match in _SEPARATOR.finditer(text):
        if match[1] and not match[1].startswith("#"):
            line = text.count("\n", 0, match.start()) + 1
            raise DecodeError(f"YAML: line {line}, column 4: something else than a comment behind a separator")
        if match.start() > begin:
            yield text[begin : match.start()], lines
            lines += text.count("\n", begin, match.start())
            begin = match.end()
            lines += 1
    if begin < len(text):
        yield text[begin:], lines


def _read(text: str, lines: int, *, strict: bool, first: bool = False) -> list[Any]:
    """Read the documents of a text that begins after so many lines; at least one, which is None for an empty text.

    `first` reads no further than the first.
    """
    try:
        source = fast_source(text)
        if source is not None:
            try:
                return _documents(source, lines, _FAST_DEPTH, strict=strict, first=first)
            except (yaml.YAMLError, _TooDeep):
                pass  # go-yaml takes more than libyaml does, and its words for what is wrong are the same everywhere
        return _documents(go_source(text), lines, _MAX_DEPTH, strict=strict, first=first)
    except yaml.MarkedYAMLError as error:
        # What and where, without the excerpt that PyYAML adds.
        mark = error.problem_mark or error.context_mark
        problem = _CHARACTER.sub("a character", error.problem or error.context or "not YAML")
        where = f"line {mark.line + 1 + lines}, column {mark.column + 1}: " if mark else ""
        raise_alone(DecodeError(f"YAML: {where}{problem}"))
    except (yaml.YAMLError, UnicodeError, _TooDeep) as error:
        problem = "nested too deeply" if isinstance(error, _TooDeep) else "a character that may not stand in YAML text"
        raise_alone(DecodeError(f"YAML: {problem}"))


def _documents(source: EventSource, lines: int, max_depth: int, *, strict: bool, first: bool) -> list[Any]:
    found: list[Any] = []
    while True:
        found.append(_Builder(source, lines, max_depth, strict=strict).read())
        if first or not isinstance(source.get_event(), yaml.DocumentStartEvent):
            return found


class _TooDeep(Exception):
    """A document is nested deeper than its builder goes."""


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
        self.is_list = isinstance(event, yaml.SequenceStartEvent)
        self.value: Any = [] if self.is_list else {}
        self.key: Any = None


class _Builder:
    """Makes JSON data of the events of one document, without recursion."""

    def __init__(self, source: EventSource, lines: int, max_depth: int, *, strict: bool) -> None:
        self._next = source.get_event
        self._lines, self._max_depth, self._strict = lines, max_depth, strict
        self._anchors: dict[str, _Anchored] = {}
        self._open: list[_Open] = []
        self._count, self._aliased = 1, 0  # go-yaml counts the document as a node
        self._result: Any = None

    def read(self) -> Any:
        """Read one document."""
        while not isinstance(event := self._next(), yaml.DocumentEndEvent | yaml.StreamEndEvent):
            if isinstance(event, yaml.ScalarEvent):
                self._node(event)
                raw = self._scalar(event)
                if event.anchor is not None:
                    anchored = self._anchors[event.anchor] = _Anchored(event)
                    anchored.value, anchored.size = raw, 1
                self._add(raw, event, event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
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
            raise _TooDeep
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
        is_list = isinstance(event, yaml.SequenceStartEvent)
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
        if tag == "!" or (tag is None and not event.implicit[0]):
            return text
        if tag == _STR:
            return text
        if tag == _BINARY:
            return self._binary(text, event)
        if tag is not None and tag not in (_INT, _FLOAT, _BOOL, _NULL, _TIMESTAMP):
            return text
        if tag == _TIMESTAMP:
            if not _is_timestamp(text):
                raise self._fault(event, "this is no !!timestamp")
            return text
        value = _resolve(text)
        if tag is None:
            return value
        found = _tag(value)
        if tag == _FLOAT and isinstance(value, int) and found == _INT:
            return float(value)
        if tag != found:
            raise self._fault(event, f"this is no !!{tag.removeprefix(_PREFIX)}")
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
        if isinstance(node, yaml.CollectionStartEvent):
            raise self._fault(event, "a list or a mapping cannot be a key")
        if value is None:
            raise self._fault(event, "null cannot be a key")
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int) and value >= 2**63:
            raise self._fault(event, "a number beyond 64 bits with sign cannot be a key")
        return _float_key(value) if isinstance(value, float) else str(value)

    def _fault(self, event: Any, problem: str) -> DecodeError:
        mark = event.start_mark
        return DecodeError(f"YAML: line {mark.line + 1 + self._lines}, column {mark.column + 1}: {problem}")


def _is_timestamp(text: str) -> bool:
    """Return True for a time in a form that go-yaml knows (resolve.go)."""
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        datetime(year or 2000, month, day, hour, minute, second)  # noqa: DTZ001  # only if there is such a time
    except ValueError:
        return False
    return True


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and (event.implicit[0] or event.tag == _MERGE)


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
        base = {"x": 16, "b": 2, "o": 8}.get(digits[1:2].lower(), 8 if digits[0] == "0" else 10)
        # Python refuses to read thousands of digits; 64 bits never have more than this many.
        integer = int(digits, base) if len(digits.lstrip("0xXbBoO")) <= 64 else 2**64
        integer = -integer if plain[0] == "-" else integer
        if -(2**63) <= integer < 2**63 or (plain[0] not in "+-" and integer < 2**64):
            return integer
    if _DECIMAL.fullmatch(plain):
        number = float(plain)
        if math.isfinite(number):
            return number
    return text


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
    # libyaml quotes the other line breaks by itself.
    style = '"' if _OTHER_BREAKS.search(value) else "|" if "\n" in value else None
    node: yaml.Node = dumper.represent_scalar(_STR, value, style=style)
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
