"""The check of a JSON patch before it is applied, which the API server makes unless field validation is Ignore."""

from __future__ import annotations

from typing import Any

from kubeloop.wire.go_text import quoted
from kubeloop.wire.patches.patch_errors import MalformedPatch

__all__ = ["unknown_fields"]

_TEXTS = frozenset({"op", "path", "from"})
_KNOWN = _TEXTS | {"value"}
# Go stops reporting after this number of faults (sigs.k8s.io/json).
_MAX_FAULTS = 100


def unknown_fields(operations: Any) -> list[str]:
    """Return the warnings for the unknown members of operations, without the prefix `json patch `.

    Args:
        operations: The decoded body of the request.

    Raises:
        MalformedPatch: The patch is no list of objects, or a member is not a text. The API server reports this as
            `error decoding patch: ` with the text of the error.
    """
    if operations is None:
        return []
    if operations.__class__ is not list:
        raise _wrong_type(operations, "value of type []handlers.jsonPatchOp")
    found: list[str] = []
    for place, operation in enumerate(operations):
        if operation is None:
            continue
        if operation.__class__ is not dict:
            raise _wrong_type(operation, "value of type handlers.jsonPatchOp")
        for name, value in operation.items():
            if name in _TEXTS:
                if value.__class__ is not str and value is not None:
                    raise _wrong_type(value, f"struct field jsonPatchOp.{name} of type string")
            elif name not in _KNOWN and len(found) < _MAX_FAULTS:
                found.append(f"unknown field {quoted(f'[{place}].{name}')}")
    return found


def _wrong_type(value: Any, place: str) -> MalformedPatch:
    kind = {dict: "object", list: "array", str: "string", bool: "bool"}.get(value.__class__, "number")
    return MalformedPatch(f"json: cannot unmarshal {kind} into Go {place}")
