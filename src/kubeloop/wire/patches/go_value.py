"""Values as Go's `fmt` writes them with `%v`: the order of merged lists and the texts of errors depend on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

__all__ = ["go_string", "go_text", "go_type"]

_TYPES = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    int: "int64",
    float: "float64",
    bool: "bool",
}


def go_type(value: Any) -> str:
    """Return the name of the Go type that holds a JSON value."""
    return _TYPES.get(value.__class__, "%!s(<nil>)")


def go_text(value: Any) -> str:
    """Return the text of a JSON value."""
    kind = value.__class__
    if kind is str:
        return value  # type: ignore[no-any-return]  # JSON data
    if value is None:
        return "<nil>"
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return _float_text(value)
    if kind is list:
        return f"[{' '.join(map(go_text, value))}]"
    if kind is dict:
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    return str(value)


def go_string(value: Any) -> str:
    """Return the text of a JSON value with the verb `%s`, which reports what is no text."""
    kind = value.__class__
    if kind is str:
        return value  # type: ignore[no-any-return]  # JSON data
    if kind is list:
        return f"[{' '.join(map(go_string, value))}]"
    if kind is dict:
        return f"map[{' '.join(f'{key}:{go_string(value[key])}' for key in sorted(value))}]"
    return "%!s(<nil>)" if value is None else f"%!s({go_type(value)}={go_text(value)})"


def _float_text(value: float) -> str:
    """Write a finite float with the fewest digits, and with an exponent below -4 or above 5."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)  # JSON has finite numbers only
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) + exponent - 1 if text != "0" else 0
    minus = "-" if sign else ""
    if -4 <= power < 6:
        if power < 0:
            return f"{minus}0.{'0' * (-power - 1)}{text}"
        whole, rest = text[: power + 1].ljust(power + 1, "0"), text[power + 1 :]
        return f"{minus}{whole}.{rest}" if rest else f"{minus}{whole}"
    rest = f".{text[1:]}" if len(text) > 1 else ""
    return f"{minus}{text[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"
