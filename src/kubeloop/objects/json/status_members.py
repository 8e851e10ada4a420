"""Read the members of a Status that describe an error, and skip all others.

The body of an error may come from anybody. Parsing all of it could need thirty times its size in memory, so only the
texts and numbers that `wire.status_errors` uses are created. A Status that is a result is decoded as `meta_v1.Status`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Raw

from kubeloop.objects.json.decode_errors import BROKEN

__all__ = ["members"]

# A longer list of causes is left out, because each of its elements, however short, needs an object.
_MAX_CAUSES_BYTES = 512 * 1024
_CAUSES_READ = 100
_MAX_DIGITS = 20
_NO_SCALARS = frozenset({"metadata", "details", "causes"})


class _Status(msgspec.Struct, gc=False):
    kind: Raw = Raw()
    status: Raw = Raw()
    code: Raw = Raw()
    reason: Raw = Raw()
    message: Raw = Raw()
    metadata: Raw = Raw()
    details: Raw = Raw()


class _Metadata(msgspec.Struct, gc=False, rename={"resource_version": "resourceVersion", "continue_": "continue"}):
    resource_version: Raw = Raw()
    continue_: Raw = Raw()


class _Details(msgspec.Struct, gc=False, rename={"retry_after": "retryAfterSeconds"}):
    name: Raw = Raw()
    group: Raw = Raw()
    kind: Raw = Raw()
    uid: Raw = Raw()
    retry_after: Raw = Raw()
    causes: Raw = Raw()


class _Cause(msgspec.Struct, gc=False):
    reason: Raw = Raw()
    message: Raw = Raw()
    field: Raw = Raw()


_status = msgspec.json.Decoder(_Status).decode
_metadata = msgspec.json.Decoder(_Metadata).decode
_details = msgspec.json.Decoder(_Details).decode
_cause = msgspec.json.Decoder(_Cause).decode
_elements = msgspec.json.Decoder(list[Raw]).decode


def members(data: bytes) -> dict[str, Any] | None:
    """Return the members of a Status that describe an error, by API field name.

    Members that cannot be read, and values other than texts and non-negative numbers, are left out. The first hundred
    causes are read, further ones are empty; if all causes have more than 512 KiB, only their size is reported.

    Returns:
        The members, or None if the body is not a JSON object. The caller checks that `kind` is Status.
    """
    try:
        parts = _status(data)
    except (msgspec.ValidationError, *BROKEN):
        return None
    found = _scalars(parts)
    with suppress(msgspec.ValidationError, *BROKEN):
        found["metadata"] = _scalars(_metadata(parts.metadata))
    with suppress(msgspec.ValidationError, *BROKEN):
        details = _details(parts.details)
        found["details"] = _scalars(details)
        found["details"]["causes"] = _causes(details.causes)
    return found


def _causes(raw: Raw) -> list[dict[str, Any]]:
    if (size := memoryview(raw).nbytes) > _MAX_CAUSES_BYTES:
        return [{"message": f"{size} bytes of causes"}]
    elements = _elements(raw)
    causes: list[dict[str, Any]] = []
    for each in elements[:_CAUSES_READ]:
        causes.append({})
        with suppress(msgspec.ValidationError, *BROKEN):
            causes[-1] = _scalars(_cause(each))
    return causes + [{}] * (len(elements) - len(causes))


def _scalars(parts: msgspec.Struct) -> dict[str, Any]:
    """Return the texts and numbers among the members of an object."""
    found: dict[str, Any] = {}
    for name, wire_name in zip(parts.__struct_fields__, parts.__struct_encode_fields__, strict=True):
        raw = memoryview(getattr(parts, name))
        first = bytes(raw[:1])
        if name not in _NO_SCALARS and (first == b'"' or (first.isdigit() and raw.nbytes <= _MAX_DIGITS)):
            with suppress(ValueError):
                found[wire_name] = json.loads(bytes(raw))
    return found
