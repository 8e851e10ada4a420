"""The documents of a text that a user wrote, as JSON: one after the other, whether they came as JSON or as YAML.

What lives here: byte-order marks, the choice between JSON and YAML, where one document ends. What does not: which class
a document is read into; that is decided in `documents`.

Reference: apimachinery util/yaml.YAMLOrJSONDecoder, and cli-runtime's FileVisitor for byte-order marks. A text that
starts like JSON is a series of JSON values; if it is not such a series it is read as YAML, whose flow style looks like
JSON. Unlike there, a text is one or the other as a whole, so a second document that is broken is always an error.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError
from kubeloop.objects.json import decode_errors as _decode_errors
from kubeloop.objects.json import encode as _encode

__all__ = ["bodies", "only_body", "plain"]

_JSON_START = re.compile(rb"\s*[{\[]")
_SPACE = re.compile(r"[ \t\r\n]*")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def plain(data: bytes | str) -> bytes:
    """Return a text as UTF-8 without a byte-order mark.

    Raises: DecodeError for bytes that are not in the encoding that their mark names, and for half of a surrogate pair.
    """
    if isinstance(data, str):
        try:
            return data.removeprefix("\ufeff").encode()
        except UnicodeEncodeError as error:
            place = error.start
            raise_alone(DecodeError(f"expected text, got half of a surrogate pair (character {place})"))
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding).encode()
            except UnicodeDecodeError as error:
                raise_alone(DecodeError(f"expected text in {encoding}, as its byte-order mark says: {error.reason}"))
    return data


def bodies(text: bytes) -> Iterator[bytes]:
    """Yield each document of a plain text as JSON; empty documents (also `null`) are none.

    Raises: DecodeError for what is neither JSON nor YAML.
    """
    if not _JSON_START.match(text):
        yield from _yaml_bodies(text)
        return
    whole = _json_bodies(text)
    # Not while an exception is handled, which would hold the text: what is raised here would keep it.
    yield from _flow_bodies(text) if whole is None else whole


def only_body(text: bytes) -> bytes:
    """Return the only document of a plain text as JSON.

    Raises: DecodeError for none or several, and as `bodies`.
    """
    found = list(bodies(text))
    if len(found) != 1:
        hint = ": read them with decode_all()" if found else ""
        raise DecodeError(f"expected an object with apiVersion and kind, got {len(found)} documents{hint}")
    return found[0]


def _json_bodies(text: bytes) -> list[bytes] | None:
    """Cut a series of JSON values apart; None for what is none, or nested too deeply for that."""
    scan = json.JSONDecoder().raw_decode
    found: list[bytes] = []
    try:
        letters = text.decode()
        start = _after_space(letters, 0)
        while start < len(letters):
            _, end = scan(letters, start)
            found.append(letters[start:end].encode())
            start = _after_space(letters, end)
    except (ValueError, RecursionError):
        return None
    return found


def _after_space(letters: str, start: int) -> int:
    space = _SPACE.match(letters, start)
    return space.end() if space is not None else start


def _yaml_bodies(text: bytes) -> Iterator[bytes]:
    from kubeloop.meta import yaml

    for tree in yaml.load_all(text):
        if tree is not None:
            yield _encode.dumps(tree)


def _flow_bodies(text: bytes) -> list[bytes]:
    """Read what starts like JSON but is not JSON; if it is not YAML either, it was meant to be JSON.

    Raises: DecodeError naming the place where it stops being JSON.
    """
    try:
        _encode.loads(text)
    except _decode_errors.BROKEN as error:
        problem: Exception = error
    else:
        return [text]  # nested more deeply than the cutter can follow, but one JSON value
    # What JSON leaves open is open in YAML as well, and no less deep.
    if not _decode_errors.is_truncated(problem) and not isinstance(problem, RecursionError):
        try:
            return list(_yaml_bodies(text))
        except DecodeError:
            pass
    raise _decode_errors.broken("object", text, problem) from problem
