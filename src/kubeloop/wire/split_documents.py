"""The documents of a text that a user wrote, in JSON or YAML, as JSON; `documents` chooses their classes.

A text that starts like JSON is a series of JSON values, or else YAML in flow style. Reference: apimachinery
util/yaml.YAMLOrJSONDecoder, and cli-runtime's FileVisitor for byte-order marks. Intended difference: the whole text is
in one of the two formats, so that a broken second document is always an error.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError, EncodeError
from kubeloop.objects.json import decode_errors as _decode_errors
from kubeloop.objects.json import encode as _encode

__all__ = ["bodies", "only_body", "plain"]

_JSON_START = re.compile(rb"\s*[{\[]")
_SPACE = re.compile(r"[ \t\r\n]*")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def plain(data: bytes | str) -> bytes:
    """Return a text as UTF-8 without a byte-order mark.

    Raises:
        DecodeError: The bytes are not in the encoding that their mark names, or there is half of a surrogate pair.
        TypeError: The data are neither text nor bytes.
    """
    if isinstance(data, str):
        try:
            return data.removeprefix("\ufeff").encode()
        except UnicodeEncodeError as error:
            place = error.start
            raise_alone(DecodeError(f"expected text, got half of a surrogate pair (character {place})"))
    _check_type(data)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding).encode()
            except UnicodeDecodeError as error:
                raise_alone(DecodeError(f"expected text in {encoding}, as its byte-order mark says: {error.reason}"))
    return data


def _check_type(data: object) -> None:
    """Refuse what unchecked callers pass, above all a path."""
    if not isinstance(data, (bytes, bytearray)):
        hint = ": pass its read_bytes()" if hasattr(data, "read_bytes") else ""
        raise TypeError(f"expected text or bytes, got {type(data).__name__}{hint}")


def bodies(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the line and the JSON of each document of a plain text; empty documents (and `null`) are skipped.

    Raises:
        DecodeError: The text is neither JSON nor YAML.
    """
    if not _JSON_START.match(text):
        yield from _yaml_bodies(text)
        return
    whole = _json_bodies(text)
    # Outside of the handling of an exception, which an error raised here would keep, with the text.
    yield from _flow_bodies(text) if whole is None else whole


def only_body(text: bytes) -> bytes:
    """Return the only document of a plain text as JSON.

    Raises:
        DecodeError: There is no document, or more than one; or as `bodies`.
    """
    found = list(bodies(text))
    if len(found) != 1:
        hint = "; use parse_manifests() for several documents" if found else ""
        raise DecodeError(f"expected an object with apiVersion and kind, got {len(found)} documents{hint}")
    return found[0][1]


def _json_bodies(text: bytes) -> list[tuple[int, bytes]] | None:
    """Split a series of JSON values; return None if the text is no such series, or is nested too deeply."""
    scan = json.JSONDecoder().raw_decode
    found: list[tuple[int, bytes]] = []
    line, counted = 1, 0
    try:
        letters = text.decode()
        start = _after_space(letters, 0)
        while start < len(letters):
            _, end = scan(letters, start)
            line, counted = line + letters.count("\n", counted, start), start
            found.append((line, letters[start:end].encode()))
            start = _after_space(letters, end)
    except (ValueError, RecursionError):
        return None
    return found


def _after_space(letters: str, start: int) -> int:
    space = _SPACE.match(letters, start)
    return space.end() if space is not None else start


def _yaml_bodies(text: bytes) -> Iterator[tuple[int, bytes]]:
    from kubeloop.meta import yaml

    for line, tree in yaml.load_documents(text):
        if tree is None:
            continue
        try:
            body = _encode.dumps(tree)
        except EncodeError:  # the reader of YAML can nest deeper than the writer of JSON
            raise DecodeError(f"YAML: line {line}: the document is nested too deeply") from None
        yield line, body


def _flow_bodies(text: bytes) -> list[tuple[int, bytes]]:
    """Read a text that starts like JSON and is not JSON as YAML.

    Raises:
        DecodeError: The text is not YAML either. The message names the place where it stops being JSON.
    """
    try:
        _encode.loads(text)
    except _decode_errors.BROKEN as error:
        problem: Exception = error
    else:
        return [(1, text)]  # one JSON value that is nested too deeply for `_json_bodies`
    # A text that is incomplete or too deep as JSON is so as YAML, too.
    if not _decode_errors.is_truncated(problem) and not isinstance(problem, RecursionError):
        try:
            return list(_yaml_bodies(text))
        except DecodeError:
            pass
    raise _decode_errors.broken("object", text, problem) from problem
