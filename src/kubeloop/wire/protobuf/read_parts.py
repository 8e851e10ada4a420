"""Read parts of a message that cannot or need not be read as a whole: the identity of an object, a Status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from kubeloop.wire.protobuf.wire_format import LENGTH, VARINT, Malformed, fields_in, read_varint

__all__ = ["identity_in", "status_in"]

_METADATA = 1
_IDENTITY = {1: "name", 3: "namespace", 5: "uid", 6: "resource_version"}
_STATUS = {2: "status", 3: "message", 4: "reason", 6: "code"}
_LIST_META = {2: "resourceVersion", 3: "continue"}
_DETAILS = {1: "name", 2: "group", 3: "kind", 5: "retryAfterSeconds", 6: "uid"}
_CAUSE = {1: "reason", 2: "message", 3: "field"}
_STATUS_DETAILS, _CAUSES = 5, 4
_CAUSES_READ = 100
_MAX_DETAILS_BYTES = 512 * 1024


def identity_in(data: bytes, at: int, end: int) -> dict[str, str]:
    """Return what can be read of an object's metadata: namespace, name, uid and resource_version.

    Every kind that has metadata has them in its first field, which a test checks.
    """
    found: dict[str, str] = {}
    for number, begin, stop in _payloads(data, at, end):
        if number == _METADATA:
            for each, start, until in _payloads(data, begin, stop):
                if each in _IDENTITY and until > start:
                    try:
                        found[_IDENTITY[each]] = data[start:until].decode()
                    except UnicodeDecodeError:
                        found.pop("name", None)
                        return found
            break
    return found


def status_in(data: bytes, at: int, end: int, api_version: str) -> Mapping[str, Any]:
    """Return the members of a Status that describe an error, by API field name; see `Serializer.status`.

    Of the causes only the first hundred are read, and of details of more than 512 KiB only their size is reported.
    """
    found: dict[str, Any] = {"apiVersion": api_version, "kind": "Status", **_scalars(data, at, end, _STATUS)}
    for number, begin, stop in _payloads(data, at, end):
        if number == _METADATA:
            found["metadata"] = _scalars(data, begin, stop, _LIST_META)
        elif number == _STATUS_DETAILS:
            found["details"] = _details(data, begin, stop)
    return found


def _details(data: bytes, at: int, end: int) -> dict[str, Any]:
    if end - at > _MAX_DETAILS_BYTES:
        return {"causes": [{"message": f"{end - at} bytes of causes"}]}
    causes = (bounds for number, *bounds in _payloads(data, at, end) if number == _CAUSES)
    read = [_scalars(data, start, stop, _CAUSE) for start, stop in islice(causes, _CAUSES_READ)]
    return {**_scalars(data, at, end, _DETAILS), "causes": read}


def _payloads(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number and bounds of the payloads of a message, up to the first place that is not readable."""
    fields = fields_in(data, at, end)
    while True:
        try:
            tag, start, stop = next(fields)
        except (StopIteration, Malformed):
            return
        if tag & 7 == LENGTH:
            yield tag >> 3, start, stop


def _scalars(data: bytes, at: int, end: int, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the texts and non-negative numbers among some fields of a message, as far as they are readable."""
    found: dict[str, Any] = {}
    try:
        for tag, start, stop in fields_in(data, at, end):
            name = names.get(tag >> 3)
            if name is None:
                continue
            if tag & 7 == LENGTH:
                if stop > start:
                    try:
                        found[name] = data[start:stop].decode()
                    except UnicodeDecodeError:
                        continue
            elif tag & 7 == VARINT and 0 < (number := read_varint(data, start)[0]) < 1 << 31:
                found[name] = number
    except Malformed:
        pass
    return found
