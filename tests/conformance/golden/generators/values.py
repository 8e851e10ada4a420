"""Quantities, times, durations and IntOrStrings."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_SUFFIXES = ["", "", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
_PICKED_QUANTITIES = [
    "0", "00", "-0", "+0", "0.0", ".0", "0.", ".", "", " ", "-", "+", "1", "01", "1.", ".5", "-.5", "+.5", "1.500",
    "1500m", "0.5", "500m", "1.5Gi", "1536Mi", "0.5Gi", "1024", "1024Ki", "1023Ki", "1Ki", "0.1Ki", "0.001Ki", "1e3",
    "1E3", "1e-3", "1e0", "12e6", "1.5e3", "1e+3", "1e", "1E", "1ee3", "1e3.5", "1E3E", "1Ei", "8Ei", "7Ei", "16Ei",
    "-16Ei", "1E6", "1E9", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551616", "9.223372036854775807E", "10E", "99999999999999999999", "1n",
    "0.1n", "1.5n", "-0.1n", "-1.5n", "1u", "0.0001u", "-1m", "-1500m", "-0.5", "-1.1", "-1n", "123456789m",
    "1000000000000000000000m", "0.000000001", "0.0000000001", "-0.0000000001", "1.0000000001", "1000", "1000k",
    "1000000", "100000000000", "999999999999999999", "1Mi1", "1 Mi", "1mi", "1MI", "1kI", "1K", "1ki", "1g", "1B",
    "1i", "Mi", "m", "e3", "1e3m", "1e3Mi", "0x10", "1_000", "1,000", "NaN", "Inf", "infinity", "١", "1e99", "1e-99",
    "1e400", "1e18", "1e19", "1e-9", "1e-10", "5e-10", "0e5", "0Ki", "0m", "1.0Ki", "1.50Gi", "1.1Ki", "1.0001Ki",
    "0.9Ki", "1.123456789123Gi", "3.999999999Ki", "--1", "++1", "+-1", "1-", "1+", "1m-", "\n1", "1\n", "100m",
    "0100m", "100.5m", "1.2345678901234", "12345678901234567890.123456789", "2Ei", "4611686018427387904", "0.3Mi",
    "100000000000000000000Ki", "1000E", "1000000E", "1024Ei", "1e1000", "-1e-1000", "1E+999", "1e3e", "999", "999k",
    "1001", "1001k", "1100m", "1050m", "0.0001k", "000000.5Gi", "1.000000000",
]  # fmt: skip

_PICKED_TIMES = [
    "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.9999999Z", "2026-01-02T03:04:05.5+01:00", "2026-01-02T03:04:05,5Z",
    "2026-01-02 03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T03:04:05+0100", "2026-01-02T3:04:05Z",
    "2026-01-02T03:04Z", "2026-01-02T03:04:05", "2026-01-02", "2026-01-02T03:04:05+24:00",
    "2026-01-02T03:04:05+23:59", "2026-01-02T03:04:05-23:59", "2026-01-02T03:04:05+00:60",
    "2026-01-02T03:04:05-00:00", "2026-01-02T24:00:00Z", "2026-01-02T23:59:60Z", "2026-02-29T00:00:00Z",
    "2028-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00",
    "0001-01-01T00:00:00-01:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-01:00",
    "9999-12-31T23:59:59+01:00", "10000-01-01T00:00:00Z", "+2026-01-02T03:04:05Z", "-2026-01-02T03:04:05Z",
    "26-01-02T03:04:05Z", "2026-1-2T03:04:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.0Z",
    "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.000000Z", "2026-01-02T03:04:05.123456Z",
    "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.1234567891Z",
    "2026-01-02T03:04:05.999999999Z", "2026-01-02T03:04:05 Z", " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z ",
    "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05+01", "", "null", "now",
    "2026-01-02T03:04:05.5", "2026-01-02T03:04:05UTC", "2026-01-02T03:04:05.123456+01:00", "1970-01-01T00:00:00Z",
    "1969-12-31T23:59:59.5Z", "2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:05,123456Z", "2026-01-02T03:4:05Z",
    "2026-01-02T03:04:5Z", "2026-01-02T99:04:05Z", "2026-01-02T03:60:05Z", "20260102T030405Z", "2026-W01-5T03:04:05Z",
]  # fmt: skip

_PICKED_DURATIONS = [
    "", "0", "0s", "-0", "+0", "1", "1s", "-1s", "+1s", "1h30m", "1.5h", "-1.5h", ".5s", "5.s", ".s", "s", "1h2m3.5s",
    "300ms", "1us", "1µs", "1μs", "1ns", "1.5ns", "0.1ns", "1d", "1w", "1 s", " 1s", "1s ", "1S", "1H", "1h-1m",
    "1m1h", "1s1s", "1e3s", "2540400h10m10s", "2562047h47m16.854775807s", "2562047h47m16.854775808s",
    "-2562047h47m16.854775808s", "9223372036854775807ns", "9223372036854775808ns", "-9223372036854775808ns",
    "-9223372036854775809ns", "3000000h", "0.3333333333333333333h", "0.9223372036854775807h",
    "1.00000000000000000000001s", "0.100000000000000000000h", "1٢s", "--1s", "1x", "1mss", "1m s", "1hs", "0h0m0s",
    "0.000001s", "0.0000001s", "1.0000005s", "90m", "3600s", "1000ms", "1000000us", "100µs", "1.5ms", "999ns",
    "1001ns",
]  # fmt: skip

_PICKED_JSON_INTS = [
    "80", "0", "-1", "2147483647", "2147483648", "-2147483649", "1.5", "1e3", "1.0", '"80"', '"http"', '""', '"25%"',
    '"-5%"', '"+5%"', '"%"', '"5 %"', '"1.5%"', '"150%"', '"007"', '"+7"', '"-7"', '" 7"', '"0x7"',
    '"9223372036854775808"', '"99999999999999999999"', '"2147483648"', '"-9223372036854775809"', "true", "{}", "[]",
    '"5%%"', '"%5"', '"५%"', '"9223372036854775807%"', '"99999999999999999999%"', '"ä"', '"80 "', '"1_000"',
]  # fmt: skip


def quantities(random: Random) -> Iterator[Case]:
    """Yield quantities to parse, and sums, differences, products, roundings and comparisons."""
    for text in _PICKED_QUANTITIES:
        yield {"op": "parse", "a": text}
    for raw in [
        "1",
        "1.5",
        "1e3",
        "null",
        "true",
        '""',
        '"1Gi"',
        '" 1"',
        '"1 "',
        "-0",
        "1E400",
        "0.1",
        "[1]",
        "{}",
        '"null"',
    ]:
        yield {"op": "json", "json": raw}
    for _ in range(300):
        yield {"op": "parse", "a": _quantity(random)}
    for _ in range(40):
        text = list(_quantity(random))
        place = random.randrange(len(text) + 1)
        text.insert(place, random.choice("0.e-+Eimk 9"))
        yield {"op": "parse", "a": "".join(text)}
    for _ in range(60):
        yield {"op": random.choice(["add", "sub"]), "a": _quantity(random), "b": _quantity(random)}
    for left, right in [
        ("0", "1Gi"), ("0", "0"), ("1Gi", "0"), ("1", "1Gi"), ("1Gi", "1"), ("100m", "1e3"), ("1Ki", "-1Ki"), ("8Ei",
        "8Ei"), ("9223372036854775807", "1"), ("-1", "1n"),
    ]:  # fmt: skip
        for op in ("add", "sub", "cmp"):
            yield {"op": op, "a": left, "b": right}
    for _ in range(60):
        yield {"op": "cmp", "a": _quantity(random), "b": _quantity(random)}
    for _ in range(30):
        yield {"op": "neg", "a": _quantity(random)}
        yield {"op": "round", "a": _quantity(random), "scale": random.choice([-9, -6, -3, 0, 3, 6])}
        yield {"op": "scaled_value", "a": _quantity(random), "scale": random.choice([-9, -6, -3, 0, 3, 6, 9])}
        yield {"op": "mul", "a": _quantity(random), "n": random.choice([0, 1, -1, 2, 3, 7, 1000, 1024])}
        yield {"op": "scaled", "n": random.randint(-(10**6), 10**6), "scale": random.choice([-9, -6, -3, 0, 3, 6])}


def times(random: Random) -> Iterator[Case]:
    """Yield times as objects contain them, durations, and ages."""
    for text in _PICKED_TIMES:
        yield {"op": "time", "text": text}
        yield {"op": "micro", "text": text}
    for _ in range(60):
        yield {"op": random.choice(["time", "micro"]), "text": _time(random)}
    for _ in range(30):
        text = list(_time(random))
        text[random.randrange(len(text))] = random.choice("0123456789:-+TZ. ")
        yield {"op": "time", "text": "".join(text)}
    for text in _PICKED_DURATIONS:
        yield {"op": "duration", "text": text}
    for _ in range(80):
        yield {"op": "duration", "text": _duration(random)}
    edges = [
        0, 1, 59, 60, 119, 120, 599, 600, 10799, 10800, 28799, 28800, 172799, 172800, 691199, 691200, 63071999,
        63072000, 252287999, 252288000,
    ]  # fmt: skip
    for seconds in edges:
        yield {"op": "age", "nano": seconds * 10**9}
        yield {"op": "age", "nano": -seconds * 10**9}
        yield {"op": "age", "nano": seconds * 10**9 + 999_999_000}
    for _ in range(60):
        yield {"op": "age", "nano": random.randrange(10 ** random.randint(9, 18)) // 1000 * 1000}
        yield {"op": "format", "nano": random.randrange(-(10**12), 10 ** random.randint(4, 18)) // 1000 * 1000}


def int_or_string(random: Random) -> Iterator[Case]:
    """Yield JSON values and texts, and shares of a total."""
    for raw in _PICKED_JSON_INTS:
        yield {"op": "json", "json": raw}
        for total, up in ((10, True), (10, False), (0, True), (-7, True), (-7, False), (2**31 - 1, True)):
            yield {"op": "scaled", "json": raw, "total": total, "round_up": up}
        if raw.startswith('"'):
            yield {"op": "parse", "text": raw.strip('"')}
    for text in ("80", "2147483647", "2147483648", "-2147483648", "-2147483649", "+5", "0005", "1e3", "", " 5"):
        yield {"op": "parse", "text": text}
    for _ in range(80):
        share = f'"{random.randint(-10, 250)}%"'
        yield {"op": "scaled", "json": share, "total": random.randint(-5, 5000), "round_up": random.random() < 0.5}


def _quantity(random: Random) -> str:
    whole = str(
        random.choice([0, random.randrange(10), random.randrange(2000), random.randrange(10 ** random.randint(1, 21))])
    )
    fraction = ""
    if random.random() < 0.4:
        fraction = "." + "".join(
            random.choice("0123456789") for _ in range(random.randint(0, random.choice([3, 3, 12])))
        )
    suffix = random.choice(_SUFFIXES) if random.random() < 0.85 else random.choice("eE") + str(random.randint(-12, 20))
    return random.choice(["", "", "", "", "-", "+"]) + random.choice(["", "", "", "0"]) + whole + fraction + suffix


def _time(random: Random) -> str:
    day = f"{random.randint(1, 9999):04d}-{random.randint(1, 12):02d}-{random.randint(1, 29):02d}"
    fraction = "".join(random.choice("0123456789") for _ in range(random.choice([0, 0, 3, 6, 9])))
    zone = random.choice(
        ["Z", "Z", f"{random.choice('+-')}{random.randint(0, 14):02d}:{random.choice(['00', '30', '45'])}"]
    )
    clock = f"{random.randint(0, 23):02d}:{random.randint(0, 59):02d}:{random.randint(0, 59):02d}"
    return f"{day}T{clock}{'.' if fraction else ''}{fraction}{zone}"


def _duration(random: Random) -> str:
    parts = [
        f"{random.choice([str(random.randrange(200)), f'{random.random() * 100:.3f}', f'.{random.randrange(1000)}'])}"
        f"{random.choice(['h', 'm', 's', 'ms', 'us', 'µs', 'ns'])}"
        for _ in range(random.randint(1, 4))
    ]
    return random.choice(["", "", "-", "+"]) + "".join(parts)
