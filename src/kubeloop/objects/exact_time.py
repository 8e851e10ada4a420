"""ExactTime: the type of `format: date-time` fields in a CRD, whose text is written back as it was read.

A server stores such text unchanged, and msgspec alone would lose `.100Z` and nanoseconds. Decoding through
`decode_exact` costs 0.26 microseconds per time (docs/design/models.md). Text in Go's form becomes a plain `datetime`,
and so do all times of built-in types, because servers always write them in this form.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

__all__ = ["ExactTime", "decode_exact"]

_read = datetime.fromisoformat
_JSON_TYPES: dict[type, str] = {int: "int", float: "float", bool: "bool", list: "array"}

if TYPE_CHECKING:
    _Meta = type
else:

    class _Meta(type):
        """Accepts every `datetime` as an instance of `ExactTime`, because most times need no text."""

        __instancecheck__ = datetime.__instancecheck__  # a function of ours would triple the cost


class ExactTime(datetime, metaclass=_Meta):
    """A time whose text differs from the text that Go would write; times computed from it have no text."""

    text: str = ""

    def as_written(self) -> str | datetime:
        """Return the text from which the time was read, or the time itself if it was computed."""
        return self.text or datetime.combine(self.date(), self.timetz())


def decode_exact(_kind: Any, value: Any) -> datetime:
    """Decode a time: the hook that msgspec calls for types that it does not know, of which ExactTime is the only one.

    Raises:
        ValueError: The value is not an RFC 3339 time; msgspec adds the path.
    """
    if type(value) is not str:
        raise ValueError(f"Expected `datetime`, got `{_JSON_TYPES.get(value.__class__, 'object')}`")
    try:
        if len(value) == 20 and value[4::3] == "--T::Z":  # the separators of 2026-01-02T03:04:05Z
            return _read(value)
        from kubeloop.meta.times import parse_time

        time = parse_time(value)
    except ValueError:  # its message quotes the text, which may be a misplaced secret
        raise ValueError("expected an RFC 3339 time") from None
    exact = ExactTime.combine(time.date(), time.timetz())
    exact.text = value
    return exact
