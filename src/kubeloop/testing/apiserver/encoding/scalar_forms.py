"""Single values as Go reads and writes them: texts, numbers, times, quantities, bytes.

A form is a function of the JSON value of a field, which is not null, and a list of faults; it returns the value that
the server writes, or `OMIT`. Reference: apimachinery pkg/apis/meta/v1 (time.go), pkg/api/resource, pkg/util/intstr.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from kubeloop._kit.short_text_cache import short_text_cache
from kubeloop.meta.quantity import Quantity
from kubeloop.meta.times import format_micro_time, format_time, parse_time
from kubeloop.wire.go_text import quoted

__all__ = ["OMIT", "Faults", "Form", "Unfit", "WrongType", "without_zero"]


class _Omit:
    def __repr__(self) -> str:
        return "OMIT"


OMIT: Final = _Omit()
"""The result of a form whose field is not written."""

Faults = list[list[str]]
"""What strict decoding reports: pairs of `unknown field` or `duplicate field` and a path, which grows from its end."""

Form = Callable[[Any, Faults], Any]
"""Returns a value as the server writes it, or `OMIT`. Any: JSON values of every type."""

_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)
_QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[-+]\d\d:\d\d)", re.ASCII).fullmatch


class Unfit(Exception):
    """A value that Go does not decode into its field; the text is that of Go's decoder."""

    def message(self) -> str:
        """Return the message of Go's decoder."""
        return str(self)

    def leave(self, struct: str, field: str) -> None:
        """Note the field in which the value is, from the innermost object on outwards.

        Args:
            struct: The name of Go's struct.
            field: The name of the field in JSON.
        """


class WrongType(Unfit):
    """A value of another JSON type than the field has.

    Args:
        value: The value.
        wanted: Go's name of the type.
    """

    def __init__(self, value: Any, wanted: str) -> None:
        super().__init__(json_type(value, wanted))
        self._wanted = wanted
        self._struct = ""
        self._path = ""

    def message(self) -> str:
        """Return the message of Go's decoder."""
        where = f"Go struct field {self._struct}.{self._path}" if self._path else "Go value"
        return f"json: cannot unmarshal {self} into {where} of type {self._wanted}"

    def leave(self, struct: str, field: str) -> None:
        """Note the field in which the value is."""
        self._struct = self._struct or struct
        self._path = f"{field}.{self._path}" if self._path else field


def json_type(value: Any, wanted: str) -> str:
    """Return what Go calls a JSON value that does not fit a type."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return f"number {value}" if wanted.startswith(("int", "float")) else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def without_zero(form: Form) -> Form:
    """Return the form of a field with `omitempty`, whose zero and false values are not written."""

    def omitting(value: Any, faults: Faults) -> Any:
        written = form(value, faults)
        return written if written else OMIT

    return omitting


def text(value: Any, _faults: Faults) -> Any:
    """Check a text."""
    if value.__class__ is not str:
        raise WrongType(value, "string")
    return value


def boolean(value: Any, _faults: Faults) -> Any:
    """Check a boolean."""
    if value.__class__ is not bool:
        raise WrongType(value, "bool")
    return value


def integer32(value: Any, _faults: Faults) -> Any:
    """Check an integer of 32 bits."""
    if value.__class__ is not int or value not in _INT32:
        raise WrongType(value, "int32")
    return value


def integer64(value: Any, _faults: Faults) -> Any:
    """Check an integer of 64 bits."""
    if value.__class__ is not int or value not in _INT64:
        raise WrongType(value, "int64")
    return value


def double(value: Any, _faults: Faults) -> Any:
    """Check a number; Go writes one without a fraction as an integer."""
    if value.__class__ is int:
        return value
    if value.__class__ is not float:
        raise WrongType(value, "float64")
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def int_or_text(value: Any, _faults: Faults) -> Any:
    """Check a number or a text, such as a port."""
    if value.__class__ is str:
        return value
    if value.__class__ is not int or value not in _INT32:
        raise WrongType(value, "int32")
    return value


def quantity(value: Any, _faults: Faults) -> str:
    """Return the canonical form of a quantity: `1000m` is `1`."""
    if value.__class__ is str:
        return _canonical_quantity(value)
    if value.__class__ is int or value.__class__ is float:
        return _canonical_quantity(repr(value))
    raise Unfit(_QUANTITY_RULE)


@short_text_cache(4096)
def _canonical_quantity(value: str) -> str:
    try:
        return Quantity(value.strip()).canonical
    except ValueError:
        raise Unfit(_QUANTITY_RULE) from None


def time(value: Any, _faults: Faults) -> str | None:
    """Return a time in whole seconds and UTC."""
    if value.__class__ is not str:
        raise WrongType(value, "string")
    return _canonical_time(value)


def micro_time(value: Any, _faults: Faults) -> str | None:
    """Return a time with six digits after the second and in UTC; Go reads no other number of digits."""
    if value.__class__ is not str:
        raise WrongType(value, "string")
    return _canonical_micro_time(value)


@short_text_cache(4096)
def _canonical_time(value: str) -> str | None:
    return _formatted(format_time, value, "2006-01-02T15:04:05Z07:00")


@short_text_cache(4096)
def _canonical_micro_time(value: str) -> str | None:
    layout = "2006-01-02T15:04:05.000000Z07:00"
    if not _MICRO_TIME(value):
        raise _unreadable_time(value, layout)
    return _formatted(format_micro_time, value, layout)


def _formatted(form: Callable[[datetime], str], value: str, layout: str) -> str | None:
    """Return a time in UTC, null for Go's zero time. Go has a year 0 and Python none; the year 400 has its calendar."""
    is_year_0 = value.startswith("0000-")
    try:
        written = form(parse_time(f"0400-{value[5:]}" if is_year_0 else value))
    except (ValueError, OverflowError):
        raise _unreadable_time(value, layout) from None
    if is_year_0:
        year = int(written[:4]) - 400
        if year < 0:
            raise _unreadable_time(value, layout)
        written = f"{year:04}{written[4:]}"
    return None if written.startswith("0001-01-01T00:00:00") else written


def _unreadable_time(value: str, layout: str) -> Unfit:
    return Unfit(f"parsing time {quoted(value)} as {quoted(layout)}: cannot parse {quoted(value)} as {quoted('2006')}")


def base64_bytes(value: Any, _faults: Faults) -> str:
    """Return bytes in base64 as Go writes them; line breaks are removed."""
    if value.__class__ is not str:
        raise WrongType(value, "[]uint8")
    plain = value.replace("\r", "").replace("\n", "")
    try:
        return b64encode(b64decode(plain, validate=True)).decode()
    except (NotBase64, ValueError):
        raise Unfit("illegal base64 data at input byte 0") from None


def anything(value: Any, _faults: Faults) -> Any:
    """Return any JSON value as it is."""
    return value
