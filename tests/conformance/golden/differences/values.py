"""Intended differences in values and data structures: selectors, quantities, times, documents, queues."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from kubeloop.errors import DecodeError
from kubeloop.meta import yaml
from kubeloop.meta.times import parse_time

from .entry import Difference, differing, only, refused

__all__ = ["INTENDED"]

_INT64 = 2**63
_LONG_LENGTH = b"\x12" + b"\x80" * 9 + b"\x02"


def _overflows(_: Any, go: Any, ours: Any) -> bool:
    return only("value", "milli")(_, go, ours) and all(
        abs(int(ours[name])) >= _INT64 or (ours["sign"] < 0 and abs(int(ours["milli"])) >= _INT64)
        for name in differing(go, ours)
    )


def _is_negative(case: Any, go: Any, ours: Any) -> bool:
    if case["op"] == "scaled_value":
        return case["a"].startswith("-")
    return only("value", "milli")(case, go, ours) and ours["sign"] < 0


def _without_repeats(text: str) -> str:
    return re.sub(r"\(([^)]*)\)", lambda match: f"({','.join(dict.fromkeys(match[1].split(',')))})", text)


def _cut_to_micros(case: Any, go: Any, ours: Any) -> bool:
    if case["op"] != "duration" or refused(go) or refused(ours):
        return False
    exact = int(go["nano"])
    cut = abs(exact) // 1000 * 1000
    return int(ours["nano"]) == (cut if exact >= 0 else -cut)


def _exact_fraction(case: Any, go: Any, ours: Any) -> bool:
    digits = max((len(found) for found in re.findall(r"\.(\d+)", case.get("text", ""))), default=0)
    return case["op"] == "duration" and digits > 15 and abs(int(go["nano"]) - int(ours["nano"])) <= 1000


def _beyond_datetime(_: Any, go: Any, ours: Any) -> bool:
    return isinstance(go, str) and go.startswith(("0000-", "10000-")) and refused(ours)


def _has_documents_after(text: str) -> bool:
    return re.search(r"^(---|\.\.\.)\s*\n.*\S", text, re.MULTILINE) is not None


def _is_beginning(text: str, value: Any) -> bool:
    """Return whether the text's whole reading is the reading of one of its beginnings."""
    return any(_read(text[:size]) == value for size in range(1, len(text)))


def _read(text: str) -> Any:
    try:
        return yaml.load(text)
    except DecodeError:
        return None


def _same_moment(case: Any, _: Any, ours: Any) -> bool:
    """Return whether both readers of times agree on the microsecond, and only the text differs."""
    return isinstance(ours, dict) and parse_time(ours["model"]) == parse_time(case["text"])


INTENDED: list[Difference] = [
    Difference(
        "messages",
        "Go drops the bits of an integer above the 64th; a message with such an integer is refused",
        lambda case, go, ours: (
            refused(ours) and not refused(go) and _LONG_LENGTH in b64decode(case["protobuf"]) and "json" not in case
        ),
    ),
    Difference(
        "labels",
        "Go's lexer takes the character NUL for the end of the text; a selector is read to its end.",
        lambda case, _, ours: "\x00" in case.get("text", "") and refused(ours),
    ),
    Difference(
        "labels",
        "The selector of an absent structured selector matches nothing. Go writes it as the empty text, which selects "
        "everything when it is read again; our text matches nothing too (docstring of kubeloop.labels).",
        lambda case, go, ours: case.get("structured", "") is None and only("text")(case, go, ours),
    ),
    Difference(
        "labels",
        "Repeated values appear once in the text of a selector; in Go only in that of a parsed one.",
        lambda case, go, ours: only("text")(case, go, ours) and _without_repeats(go["text"]) == ours["text"],
    ),
    Difference(
        "quantities",
        "Integers do not overflow. Go's Value, MilliValue and ScaledValue return the lowest 64 bits.",
        lambda case, go, ours: (
            abs(int(ours)) >= _INT64
            if case["op"] == "scaled_value"
            else case["op"] == "parse" and _overflows(case, go, ours)
        ),
    ),
    Difference(
        "quantities",
        "Negative quantities that Go holds as a decimal: its Value, MilliValue and ScaledValue round towards positive, "
        "forget the sign, or return nonsense (-0.1n is 1, -256Ti is 3891110079).",
        _is_negative,
    ),
    Difference(
        "quantities",
        "A number too large for every suffix of its family is written with an exponent. Go leaves the suffix out, and "
        "with it the magnitude (docstring of kubeloop.meta.quantity).",
        lambda _, go, ours: _text(ours).rpartition("e")[0] != "" and _text(ours).rpartition("e")[0] == _text(go),
    ),
    Difference(
        "quantities",
        "An exponent beyond 999 is refused; Go computes with it until memory ends (F3, docstring).",
        lambda case, _, ours: refused(ours) and re.search(r"[eE][-+]?\d{4,}$", case.get("a", "")) is not None,
    ),
    Difference(
        "quantities",
        "Quantity takes no white space. Go's UnmarshalJSON trims the text of a field, its ParseQuantity does not; a "
        "server writes what it stored, without any.",
        lambda case, _, ours: case["op"] == "json" and refused(ours) and '" ' in case["json"] + case["json"][::-1],
    ),
    Difference(
        "times",
        "A MicroTime is read with any number of digits; Go's reads only six. Both write six.",
        lambda case, go, ours: (
            case["op"] == "micro"
            and refused(go)
            and isinstance(ours, str)
            and re.search(r"\.\d{6}Z$", ours) is not None
        ),
    ),
    Difference(
        "times",
        "The union of what Go and RFC 3339 allow is read: a space or a small letter between the parts, and an offset "
        "without a colon (E13).",
        lambda case, go, ours: (
            refused(go) and isinstance(ours, str) and re.search(r" |t|z|[-+]\d{4}$", case["text"]) is not None
        ),
    ),
    Difference(
        "times",
        "A moment that only its offset keeps within the years 1 to 9999 is written with the offset (E2); Go writes the "
        "year 0 or 10000.",
        lambda case, go, ours: (
            isinstance(ours, str)
            and re.match(r"(0001-01-01|9999-12-31).*[-+]\d\d:\d\d$", ours) is not None
            and parse_time(ours) == parse_time(case["text"])
        ),
    ),
    Difference(
        "times",
        "Go takes the first moment of the year 1 for no time at all, and writes null. Here no time is None.",
        lambda case, go, ours: case["op"] == "time" and go is None and ours == "0001-01-01T00:00:00Z",
    ),
    Difference(
        "times",
        "A datetime cannot hold the year 0, nor a time outside the years 1 to 9999. The object that holds "
        "such a time is unreadable (A1), which is reported, never clamped.",
        _beyond_datetime,
    ),
    Difference(
        "times",
        "A time that a document wrote with a fraction or an offset is written back as it stands, as every "
        "text that was not touched (I11); Go writes whole seconds in UTC.",
        _same_moment,
    ),
    Difference(
        "times",
        "More than six digits of a time that a server sends are rounded to six, not cut (see json.repair): no API "
        "server writes so many, and to look for them would cost a fifth of reading a pod.",
        lambda case, go, ours: re.search(r"\.\d{7}", case["text"]) is not None and "model" in ours,
    ),
    Difference(
        "times",
        "A timedelta holds microseconds: finer parts of a duration are cut off (docstring of kubeloop.meta.times).",
        _cut_to_micros,
    ),
    Difference(
        "times",
        "Fractions of a duration are exact; Go multiplies floats, which shows after fifteen digits.",
        _exact_fraction,
    ),
    Difference(
        "int_or_string",
        "A number of more than 32 bits is read; Go refuses the object that holds it. Reading is tolerant.",
        lambda case, go, ours: refused(go) and not refused(ours) and abs(int(case["json"])) >= 2**31,
    ),
    Difference(
        "int_or_string",
        "Shares are exact; Go multiplies floats, which shows beyond 53 bits.",
        lambda case, go, ours: (
            case["op"] == "scaled"
            and isinstance(ours, int)
            and abs(int(case["json"].strip('"%')) * case["total"]) >= 2**53
        ),
    ),
    Difference(
        "int_or_string",
        "Text that is no number is 0; Go stops at the digit with which it is beyond 64 bits, before the %.",
        lambda case, go, ours: only("number")(case, go, ours) and ours["number"] == 0 and ours["written"].endswith("%"),
    ),
    Difference(
        "schema",
        "The numbers of a version have no bound; Go takes one of more than 64 bits for no Kubernetes version.",
        lambda case, *_: case["op"] == "priority" and any(re.search(r"\d{20}", version) for version in case["a"]),
    ),
    Difference(
        "yaml",
        "Where one document is expected, more is an error; sigs.k8s.io/yaml silently drops what follows the first.",
        lambda case, go, ours: not case.get("all") and refused(ours) and _has_documents_after(case["text"]),
    ),
    Difference(
        "yaml",
        "What is left over after a document is an error; sigs.k8s.io/yaml silently drops it.",
        lambda case, go, ours: (
            not case.get("all") and refused(ours) and not refused(go) and _is_beginning(case["text"], go["json"])
        ),
    ),
    Difference(
        "yaml",
        "A block at the end of a text ends with a line break, as when kubectl reads the file; sigs.k8s.io/yaml takes "
        "the text as it stands.",
        lambda case, *_: re.search(r"[|>][-+0-9]*\n(?:.*\n)*.+\Z", case["text"]) is not None,
    ),
    Difference(
        "yaml",
        "Two escapes in double quotes make one character, as in JSON, which is YAML; go-yaml refuses them.",
        lambda case, go, ours: refused(go) and re.search(r"\\ud[89ab]", case["text"]) is not None,
    ),
    Difference(
        "yaml",
        "JSON's escape \\/ is read in quoted text; Go's YAML 1.1 does not know it, although JSON is YAML.",
        lambda case, go, _: refused(go) and "\\/" in case["text"],
    ),
    Difference(
        "patches",
        "Integers keep all their digits; json-patch compares numbers as floats and finds 2**53 + 1 unchanged.",
        lambda case, go, ours: go == {} and ours == {"a": 2**53 + 1},
    ),
    Difference(
        "limiters",
        "The delay of many failures is the greatest; in Go that of exactly 2**63 ns overflows to a negative one.",
        lambda case, go, ours: all(left == right or left == str(-_INT64) for left, right in zip(go, ours, strict=True)),
    ),
    Difference(
        "limiters",
        "A token bucket may say a nanosecond more or less: Go calculates in floats of tokens and cuts to nanoseconds.",
        lambda case, go, ours: all(abs(int(left) - int(right)) <= 1 for left, right in zip(go, ours, strict=True)),
    ),
    Difference(
        "workqueue",
        "Finishing what no worker has does nothing; Go queues an item that is waiting a second time.",
        lambda case, *_: any(name == "done_anyway" for name, *_ in case["script"]),
    ),
]


def _text(result: Any) -> str:
    if isinstance(result, dict):
        result = result.get("text", "")
    return result if isinstance(result, str) else ""
