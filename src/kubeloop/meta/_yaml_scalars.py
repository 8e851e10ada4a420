"""The scalars of YAML as Go's reader resolves them: which text is a number, a boolean, null or a time.

Reference: go.yaml.in/yaml/v2 (resolve.go).
"""

from __future__ import annotations

import math
import re
import struct
from datetime import datetime

__all__ = [
    "BINARY",
    "BOOL",
    "FLOAT",
    "INT",
    "MERGE",
    "NULL",
    "PREFIX",
    "STR",
    "TIMESTAMP",
    "float_key",
    "is_timestamp",
    "resolve",
    "tag_of",
]

PREFIX = "tag:yaml.org,2002:"
STR, INT, FLOAT = PREFIX + "str", PREFIX + "int", PREFIX + "float"
BOOL, NULL, TIMESTAMP = PREFIX + "bool", PREFIX + "null", PREFIX + "timestamp"
BINARY, MERGE = PREFIX + "binary", PREFIX + "merge"

_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
for _true, _false in (("y", "n"), ("yes", "no"), ("true", "false"), ("on", "off")):
    _WORDS.update({_true: True, _true.title(): True, _true.upper(): True})
    _WORDS.update({_false: False, _false.title(): False, _false.upper(): False})
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


def is_timestamp(text: str) -> bool:
    """Return whether a text is a time in a form that go-yaml knows."""
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        datetime(year or 2000, month, day, hour, minute, second)  # noqa: DTZ001  # only if there is such a time
    except ValueError:
        return False
    return True


def tag_of(value: object) -> str:
    """Return the tag of a value that `resolve` returned."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    return FLOAT if isinstance(value, float) else STR


def resolve(text: str) -> bool | int | float | str | None:
    """Return the value of a scalar without quotes."""
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


def float_key(value: float) -> str:
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
