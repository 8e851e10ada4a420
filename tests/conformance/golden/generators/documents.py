"""YAML texts, and pairs of documents for merge patches."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_SCALARS = [
    "a", "1", "01", "0o7", "0777", "0x1F", "0b11", "1_000", "1.0", "1.", ".5", "1e3", "1E+3", "-1", "+1", "-0", "0",
    "1.5e400", ".inf", "-.inf", ".nan", ".NaN", ".Inf", "true", "True", "TRUE", "tRUE", "yes", "Yes", "y", "n", "N",
    "no", "on", "off", "On", "null", "Null", "NULL", "~", "", "'null'", '"~"', "! 1", "!!str 1", "!!int '1'",
    "!!float 1", "!!bool yes", "!!null ''", "!!binary aGk=", "!!binary '&'", "!foo 1", "2001-01-01",
    "2001-01-01T00:00:00Z", "2001-01-01 00:00:00", "!!timestamp 2001-01-01", "12:30", "1:2:3", "190:20:30.15",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "-9223372036854775809", "1.7976931348623157e309", "0.1", "1e-7", "123456789.123", "100000000000000000000000",
    "1e21", "1e20", "0.000001", "0.0000001", "3.0", "100.0", "0x", "0xG", "0b2", "0o8", "08", "=", "<<", "-", "--- ",
    "[", "]", "{", "}", "a: b", "a:b", "a #b", "a#b", "'a''b'", '"\\u00e9"', '"\\x41"', '"\\e"', '"\\q"',
    '"a\\\n  b"', "@a", "`a", "%a", "&a", "*a", "!", "?", "? a", "|", ">", "a\\n", "\u00e9", "\u2028", "\ufeffa",
    "\t1", "1\t", "+", "+.5", "1e", "e3", "1__0", "_1", "0_1", "0x_1", "-0x10", "-010", "0b1_0", "1,000", "12e03",
    "-2E+05", "0.", "-.5", "1.5.5", "1.2.3.4", "::1", "a::b", "fd00::",
]  # fmt: skip

_PICKED_YAML = [
    "", " ", "\n", "---", "---\n", "--- \n...\n", "...", "# c", "---\n# c\n", "a: 1\n---\n", "a: 1\n---\nb: 2\n",
    "---\na: 1\n---\n# c\n", "a: 1\n...\nb: 2\n", "a: 1\na: 2\n", "{a: 1, a: 2}", "true: a\n", "yes: a\nno: b\n",
    "null: a\n", "~: a\n", "? a\n: b\n", "? [a]\n: b\n", "? {a: b}\n: c\n", "1.5: a\n", "0x10: a\n", "1e3: a\n",
    "-0: a\n", ".inf: a\n", ".nan: a\n", "2001-01-01: a\n", "!!binary aGk=: b\n", "01: a\n", "1_0: a\n",
    "18446744073709551615: a\n", "1e20: a\n", "1e21: a\n", "0.1: a\n", "100000.5: a\n", "a: &x 1\nb: *x\n",
    "a: &x 1\nb: &x 2\nc: *x\n", "a: *x\n", "a: &x [*x]\n", "a: &x {b: *x}\n", "&x a: 1\nb: *x\n",
    "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", "a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n",
    "a: &x {b: 1}\nc:\n  b: 2\n  <<: *x\n", "a: &x {b: 1}\ny: &y {b: 2, d: 3}\nc:\n  <<: [*x, *y]\n", "c:\n  <<: 1\n",
    "c:\n  <<: [1]\n", "c:\n  <<: {b: 1}\n", "c:\n  '<<': {b: 1}\n", "c:\n  <<: {b: 1}\n  <<: {d: 2}\n",
    "a: [1, 2,]\n", "a: [1,,2]\n", "a: [,]\n", "a: {b}\n", "a: {b: }\n", "a: {b:1}\n", 'a: {"b":1}\n', "a: [b: c]\n",
    "a: [b: c, d]\n", "addresses: [1.2.3.4, 001:db8::]\n", "[fd00::]\n", "[a:]\n", "{a::}\n", "[a:, b]\n",
    "[::1, a]\n", "a:\t1\n", "a: 1\t\n", "\ta: 1\n", "a:\n\tb: 1\n", "{\n\t\"a\": 1\n}\n", "[\n\t1,\n\t2\n]\n",
    "a: [\n\t1]\n", "a: 'x\ty'\n", "a: \"x\\ty\"\n", "- a\n-\tb\n", "a: b\t# c\n", "a: |\n  b\n", "a: |\n  b",
    "a: |-\n  b\n", "a: |+\n  b\n\n", "a: |2\n    b\n", "a: >\n  b\n  c\n\n  d\n", "a: >-\n  b\n   c\n  d\n",
    "a: |\n\n\n  b\n", "a: |\n", "a: |\nb: 1\n", "a: |1\n b\n", "a: |0\n b\n", "a: |-2\n   b\n", "a: | # c\n  b\n",
    "a: |\n  b\n c\n", "- |\n a\n- b\n", "a: >+\n  b\n\n\n", "a: |\n  b\n  \n  c\n   \n", "|\n a\n", "--- |\n a\n",
    "--- a\n", "a: b\n c\n", "a: b\n  c: d\n", "a: 'b\n  c'\n", "a: \"b\n\n  c\"\n", "a:\n- b\n- c\n",
    "a:\n  - b\n - c\n", "- - a\n  - b\n", "-\n  a: 1\n", "- a: 1\n  b: 2\n- c\n", "a: - b\n",
    "%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: yes\n", "%YAML 2.0\n---\na: 1\n", "%TAG ! x:\n---\na: !b 1\n",
    "a: !!map {}\n", "a: !!seq []\n", "a: !!set {b}\n", "a: !!omap [b: 1]\n", "a: !!str\n", "a: !!str {}\n",
    "a: !!int b\n", "a: !!int 1.5\n", "a: !!float b\n", "a: !!bool b\n", "a: !<tag:yaml.org,2002:str> 1\n",
    "a: !!unknown 1\n", "!!str a: !!int '1'\n", "a: ! 1\n", "a: ! [1]\n", "a: \x01\n", "a: \"\\u0000\"\n",
    "a: \"\\ud800\"\n", "a: \"\\ud83d\\ude00\"\n", "a: \u0085b\n", "a: \x7f\n", "a: 😀\n", "\ufeffa: 1\n",
    "a: 1\r\nb: 2\r\n", "a: 1\rb: 2\r", "a: \"\\U0001F600\"\n", "a: \"\\/\"\n", "a: {b: 1\n", "a: [1\n", "a: 'b\n",
    'a: "b\n', "a: b: c\n", "a\nb: 1\n", "a: 1\n b: 2\n", "  a: 1\nb: 2\n", "}", "]", "a: }\n", "a: ]\n", "a: @b\n",
    "a: `b\n", "a: %b\n", "a: ,b\n", "a: ?b\n", "a: -b\n", "a: :b\n", '{"a": 1, "b": [true, null, "x"]}',
    '{"a": 1}{"b": 2}', '{"a": 1}\n{"b": 2}\n', '{"a": 1,}', '{"a": 01}', '{"a": 1.0}', '{"a": 1e2}',
    '{"a": "\\u00e9\\n"}', '"a"', "1", "true", "null", "[1]", "- 1", "'a'", "a: " + "[" * 50 + "]" * 50 + "\n",
    "a: 1 # c\n# d\nb: 2\n", "a: #c\n", "a: b#c\n", "a: 'b' #c\n", "a: 'b'c\n", "a: \"b\"c\n", "'a': 1\n\"b\": 2\n",
    "a : 1\n", "a :1\n", "a:1\n", "a: 1 2\n", "? a\n", "? a\n? b\n", ": a\n", "- : a\n", "a:\n\nb:\n",
    "apiVersion: v1\nkind: ConfigMap\ndata:\n  on: \"on\"\n  n: '0777'\n  script: |\n    #!/bin/sh\n    echo ---\n",
    "x: 0o14\n", "x: 1e1000\n", "x: -1e1000\n", "x: 123456789012345678901234567890.5\n", "x: 1.0e+2\n",
    "x: 685_230.15\n", "x: 685.230_15e+03\n",
]  # fmt: skip

_PICKED_STREAMS = [
    "", "---\n", "a: 1\n---\nb: 2\n", "---\na: 1\n---\n---\nb: 2\n", "a: 1\n---\n", "a: 1\n---\n# c\n",
    "# c\n---\na: 1\n", "a: 1\n--- \nb: 2\n", "a: 1\n--- # c\nb: 2\n", "a: 1\n---b: 2\n", "a: |\n  x\n---\nb: 1\n",
    "a: |\n  x\n", "a: |\n  x", "a: |\n  ---\nb: 1\n", "a: |\n---\nb: 1\n", "--- {a: 1}\n---\nb: 2\n",
    '{"a": 1}{"b": 2}', '{"a": 1}\n{"b": 2}\n', '{"a": 1}\n---\n{"b": 2}\n', '{"a": 1}\n---\nb: 2\n',
    "a: 1\n...\n---\nb: 2\n", "a: 1\r\n---\r\nb: 2\r\n", "\n\n---\na: 1\n", "a: 1\n\n---\n\nb: 2\n",
    "a: 'x\n---\ny'\n", "[1]\n---\n[2]\n", "null\n---\na: 1\n", "a: 1\n---\nb: [\n", "\ufeffa: 1\n",
    "%YAML 1.1\n---\na: 1\n", "a: >\n  x\n---\nb: >\n  y\n", "--- |\n  x\n---\nb: 1\n", " ---\na: 1\n",
    "a: 1\n ---\n",
]  # fmt: skip


def yaml(random: Random) -> Iterator[Case]:
    """Yield texts of one document, and streams of several."""
    for text in _PICKED_YAML:
        yield {"text": text}
        yield {"text": text, "first": True}
    for scalar in _SCALARS:
        yield {"text": f"a: {scalar}\n"}
        yield {"text": f"[{scalar}]\n"}
    for text in _PICKED_STREAMS:
        yield {"text": text, "all": True}
    for _ in range(80):
        yield {"text": _block(random, 0, 3)}
    for _ in range(60):
        yield {"text": _flow(random, 3) + "\n"}
    for _ in range(60):
        text = list(_block(random, 0, 2))
        for _ in range(random.randint(1, 2)):
            text[random.randrange(len(text))] = random.choice(
                ["", " ", "\n", ":", "-", "'", '"', "#", "[", "}", "\t", "&a ", "*a", "|"]
            )
        yield {"text": "".join(text)}


def _block(random: Random, indent: int, depth: int) -> str:
    lines = []
    keys = random.sample(["a", "b", "c", "'d'", '"e"', "1", "true", "f.g/h"], random.randint(1, 3))
    is_list = random.random() < 0.3
    for key in keys:
        lead = " " * indent + ("-" if is_list else f"{key}:")
        if depth and random.random() < 0.4:
            lines.append(f"{lead}\n{_block(random, indent + 2, depth - 1)}")
        elif random.random() < 0.15:
            body = "".join(
                f"{' ' * (indent + 2)}{word}\n" for word in random.choices(["x", "  y", "z # z", "", "- w"], k=3)
            )
            lines.append(f"{lead} {random.choice(['|', '>', '|-', '>-', '|+', '>+'])}\n{body}")
        elif random.random() < 0.2:
            lines.append(f"{lead} {_flow(random, 2)}\n")
        else:
            lines.append(f"{lead} {_scalar(random)}\n")
    return "".join(lines)


def _flow(random: Random, depth: int) -> str:
    if not depth or random.random() < 0.3:
        return _scalar(random)
    parts = [_flow(random, depth - 1) for _ in range(random.randint(0, 3))]
    if random.random() < 0.5:
        return f"[{', '.join(parts)}]"
    return "{" + ", ".join(f"{key}: {part}" for key, part in zip("abc", parts, strict=False)) + "}"


def _scalar(random: Random) -> str:
    return random.choice(
        ["a", "1", "1.5", "true", "null", "'x y'", '"q\\n"', "on", "0777", "2001-01-01", "1e3", "~", "abc def", "0x1F"]
    )


def patches(random: Random) -> Iterator[Case]:
    """Yield pairs of documents whose patch is to be found, and patches to apply."""
    picked: list[tuple[Any, Any]] = [
        ({}, {}), ({}, {"a": 1}), ({"a": 1}, {}), ({"a": 1}, {"a": 1}), ({"a": 1}, {"a": 2}), ({"a": {"b": 1}},
        {"a": {}}), ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}), ({"a": {"b": 1}}, {"a": 1}), ({"a": 1},
        {"a": {"b": 1}}), ({"a": [1]}, {"a": [1, 2]}), ({"a": [1]}, {"a": []}), ({"a": [{"b": 1}]},
        {"a": [{"b": 2}]}), ({"a": [{"b": 1}]}, {"a": [{"b": 1}]}), ({"a": [None]}, {"a": [None]}), ({"a": [None]},
        {"a": [1]}), ({"a": [1]}, {"a": [None]}), ({"a": None}, {"a": None}), ({"a": None}, {"a": 1}), ({"a": 1},
        {"a": None}), ({"a": None}, {}), ({}, {"a": None}), ({}, {"a": {"b": None}}), ({"a": {"b": 1}},
        {"a": {"b": None}}), ({"a": 1}, {"a": 1.0}), ({"a": 1}, {"a": "1"}), ({"a": True}, {"a": 1}), ({"a": ""},
        {"a": None}), ({"a": {}}, {"a": []}), ({"a": [[1]]}, {"a": [[2]]}), ({"a/b": 1, "c~d": 2}, {"a/b": 2}),
        ({"": 1}, {"": 2}), ({"ä": "ö"}, {"ä": "ü"}), ({"a": 2**53}, {"a": 2**53 + 1}), ({"a": 1e20}, {"a": 1e20}),
        ({"a": 0}, {"a": -0.0}), ({"a": {"b": {"c": {"d": 1}}}}, {"a": {"b": {"c": {}}}}),
    ]  # fmt: skip
    for before, after in picked:
        yield {"before": before, "after": after}
        yield {"before": before, "patch": after}
    for _ in range(80):
        before = _object(random, 3)
        yield {"before": before, "after": _changed(random, before)}
    for _ in range(80):
        yield {"before": _object(random, 3), "patch": _object(random, 3)}


def _value(random: Random, depth: int) -> Any:
    form = random.randrange(10) if depth else random.randrange(6)
    if form < 6:
        return random.choice([1, 2, "x", "y", True, False, None, 1.5, "", 0])
    if form < 8:
        return [_value(random, depth - 1) for _ in range(random.randint(0, 3))]
    return _object(random, depth - 1)


def _object(random: Random, depth: int) -> dict[str, Any]:
    return {key: _value(random, depth) for key in random.sample("abcd", random.randint(0, 4))}


def _changed(random: Random, value: Any) -> Any:
    if isinstance(value, dict):
        changed = {
            key: _changed(random, each) if random.random() < 0.6 else each
            for key, each in value.items()
            if random.random() < 0.85
        }
        return changed | ({random.choice("abcd"): _value(random, 1)} if random.random() < 0.3 else {})
    return _value(random, 1) if random.random() < 0.4 else value
