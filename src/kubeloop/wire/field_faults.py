"""What is wrong with a field, as a cause of a Status: the types, texts and order of words of the real server.

Reference: apimachinery pkg/util/validation/field (errors.go).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from kubeloop.errors import StatusCause
from kubeloop.wire.go_text import quoted

__all__ = [
    "bounded_faults",
    "duplicate",
    "forbidden_field",
    "invalid_value",
    "not_found_value",
    "not_supported",
    "required",
    "too_long",
]

_MOST_CHARACTERS = 1 << 20
_CAUSE_CHARACTERS = 64  # of the names around a cause


def bounded_faults(faults: Iterable[StatusCause]) -> Iterator[StatusCause]:
    """Yield the first faults, of about a million characters in all.

    A body of 3 MiB can have a fault per item, each with the text of the whole, which would be some gigabytes.
    """
    characters = 0
    for fault in faults:
        yield fault
        characters += len(fault.field) + len(fault.message) + _CAUSE_CHARACTERS
        if characters > _MOST_CHARACTERS:
            return


def invalid_value(field: str, value: Any, detail: str) -> StatusCause:
    """Return the cause for a value that breaks a rule; the value is any JSON value."""
    return _with_value("FieldValueInvalid", "Invalid value", field, value, detail)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> StatusCause:
    """Return the cause for a value that is not one of a list; an empty list is not shown."""
    shown = ", ".join(map(quoted, supported))
    detail = f"supported values: {shown}" if shown else ""
    return _with_value("FieldValueNotSupported", "Unsupported value", field, value, detail)


def duplicate(field: str, value: Any) -> StatusCause:
    """Return the cause for a value that may be there once only."""
    return _with_value("FieldValueDuplicate", "Duplicate value", field, value, "")


def not_found_value(field: str, value: Any) -> StatusCause:
    """Return the cause for a value that names something which does not exist."""
    return _with_value("FieldValueNotFound", "Not found", field, value, "")


def required(field: str, detail: str = "") -> StatusCause:
    """Return the cause for a missing value."""
    return _cause("FieldValueRequired", "Required value", field, detail)


def forbidden_field(field: str, detail: str) -> StatusCause:
    """Return the cause for a field that may not be set, or may not be changed, here."""
    return _cause("FieldValueForbidden", "Forbidden", field, detail)


def too_long(field: str, limit: int) -> StatusCause:
    """Return the cause for a text of more bytes than the limit."""
    return _cause("FieldValueTooLong", "Too long", field, f"may not be more than {limit} byte{'s' * (limit != 1)}")


def _with_value(reason: str, what: str, field: str, value: Any, detail: str) -> StatusCause:
    if isinstance(value, str):
        shown = quoted(value)
    elif isinstance(value, bool):
        shown = "true" if value else "false"
    else:
        shown = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return _cause(reason, f"{what}: {shown}", field, detail)


def _cause(reason: str, what: str, field: str, detail: str) -> StatusCause:
    return StatusCause(reason=reason, message=f"{what}: {detail}" if detail else what, field=field)
