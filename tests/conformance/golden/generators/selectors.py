"""Label and field selectors: as users write them, and invalid ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_KEYS = ["app", "tier", "size", "example.com/role", "a", "A.b_c-d", "in", "notin", "x" * 63]
_BAD_KEYS = ["", "-a", "a-", "a b", "a/b/c", "/a", "a/", "Ä", "x" * 64, "Upper.Case/a", "a..b/c", "in,", "!a"]
_VALUES = ["web", "api", "1", "5", "10", "-3", "a.b_c-d", "in", "notin", "x" * 63, "", "007", "9223372036854775807"]
_BAD_VALUES = ["-a", "a b", "ä", "x" * 64, "a/b", "a:b", ".", "9223372036854775808", "1.5", "+1", "0x10", "1_0", "!"]

_PICKED_LABELS = [
    "", " ", ",", ",,", "a,", ",a", "a,,b", "!", "!!a", "! a", "!a", "! !a", "a b", "a  =  b", "a=b=c", "a==", "a=",
    "a!=", "a=,b", "a in", "a in b", "a in ()", "a in (,)", "a in (a,,b)", "a in (a b)", "a in (a", "a in a)",
    "a notin ()", "a notin (,b)", "a in(b)", "a in((b))", "in in (in)", "notin notin (notin)", "in", "notin",
    "in,notin", "a>5", "a>x", "a> ", "a>", "a<-5", "a>+5", "a>05", "a>9223372036854775807", "a>9223372036854775808",
    "a<=5", "a=>5", "a>5,a<9", "x==y", "x === y", "x!==y", "x = !y", "x=(y)", "!x=y", "!x in (a)", "x\tin\n(a)",
    "x\rin (a)", "x\u00a0in (a)", "x\u2003=a", "\ufeffa=b", "a=b,", "a=b, ", "a=b ,c", "A=B", "a.b/c=d", "a.b/c/d=e",
    "a=b;c=d", "a='b'", 'a="b"', "a=b#c", "a=b&c=d", "a=\\,b", "a in (1,1,1)", "b=1,a=1", "a=2,a=1", "a in (b,a)",
    "a!=b,a=b", "a,!a", "a=é", "é=a", "a=\x00", "\x00", "a in (b),c notin (d),!e,f,g=h,i==j,k!=l,m>1,n<2", "a exists",
    "gt", "lt", "a gt 5", "a=b\n", "\na=b", "a=" + "x" * 63, "a=" + "x" * 64, "x" * 64 + "=a", "x" * 254 + "/a=b",
    "a in (in,notin)", "!in", "a in (=)", "a in (!)", "a==b,c in (d", "(", ")", "()", "a=)", "a=(", "a(b)", "<", ">",
    "a<", "a><5", "a !in (b)", "a not in (b)", "a NOTIN (b)", "a IN (b)", "a=b c=d", "a,b c", "!a b", "a= b", "a =b",
    "a != b", "a ! = b", "a! =b",
]  # fmt: skip

_PICKED_FIELDS = [
    "", ",", ",,", "=", "!=", "==", "a", "a=", "=a", "a=b", "a==b", "a!=b", "a=b,c=d", "c=d,a=b", "a=b,a=c",
    "a=b,,c=d", "a=b,", ",a=b", "a=b=c", "a==b=c", "a!==b", "a=!b", "a=\\,", "a=\\=", "a=\\\\", "a=\\x", "a=\\",
    "a=b\\", "a=b\\,c", "a=b\\\\,c=d", "a\\=b", "a\\,b=c", "a\\=b=c", " a = b ", "a =b", "metadata.name=x", "a=b;c",
    "a=b c", "ä=ö", "a=\n", "a>5", "a in (b)", "!a", "a!b", "a!", "a=b!=c", "a!=b=c", "a\\!=b",
    "status.phase!=Failed,spec.nodeName=n1", "=,=", "!=,!=", "a=b,=", "=b,a=", "\x00=\x00", "a=\\\\\\,b", "a=\\\\\\",
    "\\=", "\\", "a=,b=", "a==,b!=", "a===b", "a=====",
]  # fmt: skip


def labels(random: Random) -> Iterator[Case]:
    """Yield selectors as text and in the structured form, each with label sets to match."""
    for text in _PICKED_LABELS:
        yield {"text": text, "labels": _label_sets(random), "exact": ["a", "x", "app"]}
    yield {"structured": None, "labels": [{}, {"a": "b"}], "exact": []}
    for expression in (
        {"key": "a", "operator": "In", "values": []},
        {"key": "a", "operator": "Exists", "values": ["b"]},
        {"key": "a", "operator": "in", "values": ["b"]},
        {"key": "a", "operator": "", "values": []},
        {"key": "a", "operator": "Gt", "values": ["1"]},
        {"key": "", "operator": "Exists", "values": []},
        {"key": "a", "operator": "NotIn", "values": ["", "b"]},
        {"key": "a", "operator": "DoesNotExist", "values": []},
    ):
        yield {"structured": {"matchExpressions": [expression]}, "labels": [{}, {"a": "b"}, {"a": ""}], "exact": ["a"]}
    for _ in range(200):
        parts = [_requirement(random) for _ in range(random.choice([1, 1, 1, 2, 2, 3, 4]))]
        yield {
            "text": random.choice([",", ",", " , "]).join(parts),
            "labels": _label_sets(random),
            "exact": ["app", "size"],
        }
    for _ in range(60):
        text = list(",".join(_requirement(random) for _ in range(2)))
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(text))
            text[place] = random.choice(["", text[place] * 2, *"=!(),<> \t"])
        yield {"text": "".join(text), "labels": _label_sets(random), "exact": ["app"]}
    for _ in range(60):
        yield {"structured": _structured(random), "labels": _label_sets(random), "exact": ["app", "size"]}


def fields(random: Random) -> Iterator[Case]:
    """Yield selectors with field sets to match, and values to escape and unescape."""
    for text in _PICKED_FIELDS:
        yield {"text": text, "fields": [{}, {"a": "b"}, {"a": "", "c": "d"}, {"": ""}], "exact": ["a", ""]}
    names = ["a", "metadata.name", "spec.nodeName", "status.phase", "b"]
    for _ in range(150):
        parts = [
            random.choice(names) + random.choice(["=", "=", "==", "!="]) + _escaped(random)
            for _ in range(random.randint(1, 3))
        ]
        sets = [{name: random.choice(["", "b", "x,y", "Failed"]) for name in random.sample(names, 2)} for _ in range(3)]
        yield {"text": ",".join(parts), "fields": sets, "exact": names[:3]}
    for _ in range(40):
        text = "".join(random.choice("ab=!,\\ .") for _ in range(random.randint(1, 10)))
        yield {"text": text, "fields": [{}, {"a": "b"}, {"b": ""}], "exact": ["a", "b"]}
    for _ in range(30):
        yield {"escape": "".join(random.choice("ab=,\\ !ä") for _ in range(random.randint(0, 8)))}
        yield {"unescape": "".join(random.choice("ab\\\\\\\\,=") for _ in range(random.randint(0, 8)))}


def _requirement(random: Random) -> str:
    key = random.choice(_KEYS if random.random() < 0.93 else _BAD_KEYS)
    space = random.choice(["", "", "", " ", "\t"])
    form = random.randrange(7)
    if form == 0:
        return (
            f"{key}{space}in{space or ' '}({','.join(_values(random))})"
            if space
            else f"{key} in ({','.join(_values(random))})"
        )
    if form == 1:
        return f"{key} notin ({', '.join(_values(random))})"
    if form == 2:
        return key
    if form == 3:
        return f"!{space}{key}"
    if form == 4:
        return f"{key}{random.choice('<>')}{random.choice(['1', '5', '-3', '10', 'x', '9223372036854775808', ''])}"
    return f"{key}{space}{random.choice(['=', '==', '!='])}{space}{_values(random)[0]}"


def _values(random: Random) -> list[str]:
    return [random.choice(_VALUES if random.random() < 0.95 else _BAD_VALUES) for _ in range(random.randint(1, 4))]


def _label_sets(random: Random) -> list[dict[str, str]]:
    keys = ["app", "tier", "size", "a", "x"]
    return [{}, *({key: random.choice(_VALUES) for key in random.sample(keys, 3)} for _ in range(3))]


def _structured(random: Random) -> Case:
    expressions = [
        {
            "key": random.choice(_KEYS if random.random() < 0.9 else _BAD_KEYS),
            "operator": random.choice(["In", "NotIn", "Exists", "DoesNotExist"]),
            "values": random.choice([[], _values(random), _values(random)]),
        }
        for _ in range(random.randint(0, 3))
    ]
    labels = {random.choice(_KEYS[:5]): _values(random)[0] for _ in range(random.randint(0, 2))}
    return {"matchLabels": labels, "matchExpressions": expressions}


def _escaped(random: Random) -> str:
    value = "".join(random.choice(["b", "Failed", "x", ",", "=", "\\", "n1", " "]) for _ in range(random.randint(0, 3)))
    if random.random() < 0.85:
        return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
    return value
