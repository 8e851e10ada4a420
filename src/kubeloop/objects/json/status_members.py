"""A Status of which nothing is known yet but its bytes: the members that tell of an error, and no other.

An error may come from anybody, and say anything: of JSON that is read as a whole each three bytes can become an object
of a hundred. Here only texts and numbers are made, those that errors are built from (`wire.status_errors`); all else is
skipped. `meta_v1.Status` is the model, for a Status that is a result.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Raw

from kubeloop.objects.json.decode_errors import BROKEN

__all__ = ["members"]

# A longer list of causes is left out: each of its elements, however short, costs an object of its own.
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
    """Read what tells of an error, under its wire names, in time and memory of a few times the size of the texts.

    What is neither text nor a number from 0 on where one of them belongs, and what cannot be read, is left out. Of many
    causes the first hundred are read, the others are empty; of more than 512 KiB of them only the size is told.

    Returns: None for what is no JSON object. That `kind` is Status is for the caller to check.
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
    """Read the texts and numbers among the members of an object."""
    found: dict[str, Any] = {}
    for name, wire_name in zip(parts.__struct_fields__, parts.__struct_encode_fields__, strict=True):
        raw = memoryview(getattr(parts, name))
        first = bytes(raw[:1])
        if name not in _NO_SCALARS and (first == b'"' or (first.isdigit() and raw.nbytes <= _MAX_DIGITS)):
            with suppress(ValueError):
                found[wire_name] = json.loads(bytes(raw))
    return found
