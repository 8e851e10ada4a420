"""Times and durations in the formats of Kubernetes, and ages as kubectl prints them. No function reads a clock.

Reference: k8s.io/apimachinery/pkg/apis/meta/v1 (Time, MicroTime, Duration), pkg/util/duration; Go's time.ParseDuration.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = [
    "format_duration",
    "format_micro_time",
    "format_time",
    "human_duration",
    "parse_duration",
    "parse_time",
    "short_human_duration",
    "to_utc",
]

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)
_DURATION_PART = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9} | {
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}

_FRACTION_DIGITS = 40  # more of them cannot change a nanosecond

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 24 * 3600, 365 * 24 * 3600


def parse_time(text: str) -> datetime:
    """Parse an RFC 3339 time, the form of Time and MicroTime.

    As in Go, the hour may have one digit, the fraction may follow a comma, and offsets up to 24:60 are accepted. As in
    RFC 3339, a space or `t` may replace `T`, and `z` may replace `Z`. An offset may have no colon. Digits beyond
    microseconds are cut off, not rounded.

    Returns:
        An aware `datetime` in UTC; in its own offset if UTC would fall before the year 1 or after 9999.

    Raises:
        ValueError: The text is not an RFC 3339 time, the date or offset does not exist, or `datetime` does not support
            the year.

    >>> parse_time("2026-01-02T03:04:05.5+01:00").isoformat()
    '2026-01-02T02:04:05.500000+00:00'
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    offset = timedelta()
    if sign:
        if int(offset_hours) > 24 or int(offset_minutes) > 60:
            raise ValueError(f"not an RFC 3339 time (offset out of range): {text!r}")
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes)) * (-1 if sign == "-" else 1)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        time = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), microsecond, UTC)
        try:
            return time - offset
        except OverflowError:
            return time.replace(tzinfo=timezone(offset))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not an RFC 3339 time ({error}): {text!r}") from None


def format_time(time: datetime) -> str:
    """Return a time in the form of Time: UTC with whole seconds, without the fraction.

    Raises:
        ValueError: The time has no time zone.

    >>> format_time(datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC))
    '2026-01-02T03:04:05Z'
    """
    return _text(time, "seconds")


def format_micro_time(time: datetime) -> str:
    """Return a time in the form of MicroTime: UTC with exactly six digits, because servers refuse others.

    Raises:
        ValueError: The time has no time zone.

    >>> format_micro_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05.000000Z'
    """
    return _text(time, "microseconds")


def to_utc(time: datetime) -> datetime:
    """Return a time in UTC, or unchanged if it would be before the year 1 or after 9999 in UTC.

    Raises:
        ValueError: The time has no time zone.
    """
    if time.tzinfo is None or time.utcoffset() is None:
        raise ValueError(f"expected a time with a time zone, got {time.isoformat()}: use datetime.now(UTC)")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return time


def _text(time: datetime, precision: str) -> str:
    return to_utc(time).isoformat(timespec=precision).replace("+00:00", "Z")


def parse_duration(text: str) -> timedelta:
    """Parse a duration in Go's form: numbers with units `h m s ms us ns`, such as `1h30m`, `-1.5h` or `0`.

    Parts smaller than a microsecond are cut off.

    Raises:
        ValueError: The text is not a duration, a unit is missing, or the duration exceeds Go's limit of 292 years.

    >>> parse_duration("1h2m3.5s")
    datetime.timedelta(seconds=3723, microseconds=500000)
    """
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return timedelta()
    total = position = 0
    most = 2**63 + text.startswith("-")
    while position < len(rest):
        match = _DURATION_PART.match(rest, position)
        if match is None or not (match[1] or match[2]):
            break
        unit = _NANOSECONDS[match[3]]
        whole, fraction = (match[1] or "").lstrip("0"), (match[2] or "")[:_FRACTION_DIGITS]
        if len(whole) > len(str(most)):
            total = most
        else:
            total += int(whole or "0") * unit + int(fraction or "0") * unit // 10 ** len(fraction)
        if total >= most:
            raise ValueError(f"a duration longer than 292 years: {text!r}")
        position = match.end()
    if not rest or position < len(rest):
        raise ValueError(f"not a duration (such as 1h30m or 300ms): {text!r}")
    duration = timedelta(microseconds=total // 1000)
    return -duration if text.startswith("-") else duration


def format_duration(duration: timedelta) -> str:
    """Return a duration in Go's form.

    >>> format_duration(timedelta(hours=1, seconds=3.5)), format_duration(timedelta(microseconds=1500))
    ('1h0m3.5s', '1.5ms')
    """
    micros = duration // timedelta(microseconds=1)
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    if micros == 0:
        return "0s"
    if micros < 1_000:
        return f"{sign}{micros}µs"
    if micros < 1_000_000:
        return f"{sign}{_decimal(micros, 1_000)}ms"
    minutes, rest = divmod(micros, 60_000_000)
    seconds = f"{_decimal(rest, 1_000_000)}s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else sign + seconds


def _decimal(value: int, unit: int) -> str:
    whole, part = divmod(value, unit)
    return f"{whole}.{part:0{len(str(unit)) - 1}d}".rstrip("0").rstrip(".")


def human_duration(duration: timedelta | float) -> str:
    """Return an age with two or three significant figures, as in kubectl: `2m5s`, `3h12m`, `5d4h`, `2y30d`.

    Args:
        duration: A timedelta or seconds. From -1 s on it counts as 0, because clocks differ; less returns `<invalid>`.
    """
    seconds = _whole_seconds(duration)
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 10 * _MINUTE:
        return _two(seconds, _MINUTE, "m", 1, "s")
    if seconds < 3 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 8 * _HOUR:
        return _two(seconds, _HOUR, "h", _MINUTE, "m")
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    if seconds < 8 * _DAY:
        return _two(seconds, _DAY, "d", _HOUR, "h")
    if seconds < 2 * _YEAR:
        return f"{seconds // _DAY}d"
    if seconds < 8 * _YEAR:
        return _two(seconds, _YEAR, "y", _DAY, "d")
    return f"{seconds // _YEAR}y"


def short_human_duration(duration: timedelta | float) -> str:
    """Return an age in its largest unit: `59s`, `5m`, `3h`, `5d`, `2y`. See `human_duration`."""
    seconds = _whole_seconds(duration)
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    for limit, unit, name in ((_MINUTE, 1, "s"), (_HOUR, _MINUTE, "m"), (_DAY, _HOUR, "h"), (_YEAR, _DAY, "d")):
        if seconds < limit:
            return f"{seconds // unit}{name}"
    return f"{seconds // _YEAR}y"


def _whole_seconds(duration: timedelta | float) -> int:
    """Return the number of whole units, rounded towards zero as in Go."""
    return int(duration.total_seconds() if isinstance(duration, timedelta) else duration)


def _two(seconds: int, unit: int, name: str, part: int, part_name: str) -> str:
    whole, rest = divmod(seconds, unit)
    return f"{whole}{name}{rest // part}{part_name}" if rest // part else f"{whole}{name}"
