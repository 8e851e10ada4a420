"""Print JSON values as Go does: numbers and texts as `fmt.Fprint`, maps and lists as `encoding/json`."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any

from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["json_text", "printed"]

# What encoding/json escapes, so that the output can be put into HTML and JavaScript.
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def printed(value: Any) -> str:
    """Return the text of one result: `web`, `3`, `true`, `null`, `{"a":1}`."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _float_text(value)
    return json_text(value)


def json_text(value: Any, indent: str = "", line: str = "\n") -> str:
    """Return a JSON value as JSON, with sorted names.

    Args:
        value: The value.
        indent: The indent of each level; without one, everything is in one line.
        line: The line break before the closing bracket, with the indent of the value itself.

    Raises:
        RecursionError: The value is nested too deeply.
    """
    written: list[str] = []
    _write(value, written, indent, line if indent else "")
    return "".join(written)


def _write(value: Any, written: list[str], indent: str, line: str) -> None:
    if isinstance(value, str):
        written.append(_quoted(value))
    elif value is None:
        written.append("null")
    elif value is True or value is False:
        written.append("true" if value else "false")
    elif is_dict(value):
        inner, separator = line + indent, "{"
        for key in sorted(value):
            written.append(f"{separator}{inner}{_quoted(key)}:{' ' if indent else ''}")
            _write(value[key], written, indent, inner)
            separator = ","
        written.append(f"{line}}}" if value else "{}")
    elif is_list(value):
        inner, separator = line + indent, "["
        for each in value:
            written.append(f"{separator}{inner}")
            _write(each, written, indent, inner)
            separator = ","
        written.append(f"{line}]" if value else "[]")
    else:
        written.append(_json_float(value) if isinstance(value, float) else str(value))


def _quoted(text: str) -> str:
    return encode_basestring(text).translate(_ESCAPED)


def _digits(value: float) -> tuple[str, str, int]:
    """Return the sign, the shortest digits, and the exponent of the first digit."""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    shift = len(whole) - 1 - (len(whole + fraction) - len(digits))
    return "-" if str(value)[0] == "-" else "", digits.rstrip("0") or "0", shift + int(exponent or 0) if digits else 0


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    digits = digits.ljust(exponent + 1, "0")
    return ".".join(filter(None, (digits[: exponent + 1], digits[exponent + 1 :])))


def _scientific(digits: str, exponent: int, places: int) -> str:
    sign = "-" if exponent < 0 else "+"
    return f"{'.'.join(filter(None, (digits[0], digits[1:])))}e{sign}{abs(exponent):0{places}}"


def _float_text(value: float) -> str:
    sign, digits, exponent = _digits(value)
    return sign + (_plain(digits, exponent) if -4 <= exponent < 6 else _scientific(digits, exponent, 2))


def _json_float(value: float) -> str:
    sign, digits, exponent = _digits(value)
    if -6 <= exponent < 21:
        return sign + _plain(digits, exponent)
    return sign + _scientific(digits, exponent, 1 if exponent < 0 else 2)
