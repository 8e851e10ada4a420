"""Reading and writing YAML by the rules of Kubernetes' own tools; only this module and `_yaml_*` use PyYAML.

Values are plain JSON data. Errors name line and column, never the text, which may be a secret. Reference:
sigs.k8s.io/yaml v1.6 on go.yaml.in/yaml/v2 (resolve.go, decode.go).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

import yaml

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError, EncodeError
from kubeloop.meta._yaml_builder import Builder, TooDeep
from kubeloop.meta._yaml_dumper import GoDumper, plain_data
from kubeloop.meta._yaml_events import EventSource, fast_source, go_source

__all__ = ["dump", "dump_all", "load", "load_all", "load_documents", "load_first"]

_MAX_DEPTH, _FAST_DEPTH = 10_000, 200  # go-yaml's bound; beyond the second libyaml is slow
_EMPTY_LINES = re.compile(r"(?:(?:---)?[ \t\r]*+(?:#.*+)?\n)*+")  # possessive: no way back to keep for each line
_SEPARATOR = re.compile(r"^---[ \t\r\v\f]*(.*)\n", re.MULTILINE)
_CHARACTER = re.compile(r"character .{1,20}(?= that )|'.'|\"'\"", re.DOTALL)  # what PyYAML quotes of the text


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


def load_first(data: str | bytes, *, strict: bool = False) -> Any:
    """Read the first document of a text, whatever stands behind it, as Go programs read a kubeconfig; see `load`.

    An empty document counts. The text is read as it is: a block at its end has no line break that is not in the text.

    Reference: sigs.k8s.io/yaml's Unmarshal.
    """
    return _read(_text(data), 0, strict=strict, first=True)[0]


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


def dump(value: Any, *, sort_keys: bool = True) -> str:
    """Write JSON data as one YAML document: lists not indented, text of several lines as a block.

    Text that any reader of YAML 1.1 or 1.2 could take for a number, boolean, null or time is quoted, so that what was
    text stays text. Mappings and sequences of any class are written as such.

    Args:
        value: The data.
        sort_keys: Whether the keys are sorted, as Go's programs write them. Otherwise they keep their order.

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
            plain_data(value),
            Dumper=GoDumper,
            allow_unicode=True,
            default_flow_style=False,
            sort_keys=sort_keys,
            width=2**30,
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
            except (yaml.YAMLError, TooDeep):
                pass  # go-yaml takes more than libyaml does, and its words for what is wrong are the same everywhere
        return _documents(go_source(text), lines, _MAX_DEPTH, strict=strict, first=first)
    except yaml.MarkedYAMLError as error:
        # What and where, without the excerpt that PyYAML adds.
        mark = error.problem_mark or error.context_mark
        problem = _CHARACTER.sub("a character", error.problem or error.context or "not YAML")
        raise_alone(DecodeError(f"YAML: {_place(mark, lines)}{problem}"))
    except TooDeep as error:
        raise_alone(DecodeError(f"YAML: {_place(error.mark, lines)}nested too deeply"))
    except (yaml.YAMLError, UnicodeError):
        raise_alone(DecodeError("YAML: a character that may not stand in YAML text"))


def _place(mark: Any, lines: int) -> str:
    return f"line {mark.line + 1 + lines}, column {mark.column + 1}: " if mark else ""


def _documents(source: EventSource, lines: int, max_depth: int, *, strict: bool, first: bool) -> list[Any]:
    found: list[Any] = []
    while True:
        found.append(Builder(source, lines, max_depth, strict=strict).read())
        if first or not isinstance(source.get_event(), yaml.DocumentStartEvent):
            return found
