"""Templates in kubectl's JSONPath with the JSON values that they are evaluated on."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_SHOP = {
    "kind": "Shop",
    "open": True,
    "labels": {"app.io/name": "shop", "tier-1": "web", "a'b": "quoted", "": "empty"},
    "items": [
        {"id": "i0", "price": 8.95, "count": 3, "tags": ["new", "red"], "size": {"w": 1, "h": 2}},
        {"id": "i1", "price": 12.5, "count": 0, "tags": [], "isNew": True},
        {"id": "i2", "price": 3, "count": -7, "tags": ["<&>"], "size": {"w": 4, "h": None}, "isNew": False},
        {"id": "i3", "price": 1e21, "count": 9007199254740993, "tags": ["é", "\u2028", "\x01\b\f\n\t\x7f"]},
    ],
    "numbers": [2, 6, 3, 7, 0],
    "decimals": [0.1, 2.0, 1e20, 1e21, 1.5e-5, 1e-6, 1.25e-7, -0.5, 123456789.125, 1e100],
    "texts": ["one", "two", "three", "four"],
    "mixed": [True, "one", 1, 1.1, None, {}, [], {"a": None}],
    "flags": [True, False, True],
    "nested": [[1, 2], [3], []],
    "nothing": None,
    "none": [],
}
_BROKEN = (
    "{", "{.a", "{.a\n}", "{*}", "{+12.3.0}", "{[1}", "{[?(.price]}", "{........}", "{\\\\\\}", "{hello}", "{end}",
    "{.a", "{\"a}", "{'a}", "{'a\"}", "{\"a\nb\"}", "{[a]}", "{[-]}", "{[1:-]}", "{[1:2:3:4]}",
    "{[99999999999999999999]}", "{[0:2:0]}", "{[0:2:-1]}", "{.numbers[0:2:0]}", "{.numbers[0:2:-1]}", "{[?(@.a)}",
    "{[?(@.a]}", "{[?(@.a) ]}", "{[?()]}", "{[?(==)]}", "{[?(a==)]}", "{[?(@.a==b)]}", "{.items[?(@.price<>10)]}",
    "{.items[?(@.price=10)]}", "{-}", "{+}", "{5.}", "{.5}", "{1.2}", "{-12}", "{+3}", "{9223372036854775807}",
    "{9223372036854775808}", "{١}", "{\t}", "{#}", "{_a}", "{é}", "{true}", "{false}", "{truex}", "{true false}",
    r'{"\q"}', r'{"\x4"}', r'{"\x41\101\u00e9\U0001F600\a\b\f\n\r\t\v\\\""}', r'{"\'"}', r"{'\''}", r"{'\"'}",
    r'{"\ud800"}', r'{"\400"}', r'{"\377"}', r'{"\xc3\xa9"}', r'{"\U00110000"}', r'{"a\\"}', r'{"\\\\"}',
)  # fmt: skip
_PICKED = (
    "", "plain text", "}", "a}b", "{}", "{ }", "{@}", "{$}", "{.}", "{$.}", "{@.kind}", "{.kind}{.open}",
    "a {.kind} b", "{.kind }", "{ .kind}", "{.kind.x}", "{.kind@.x}", "{kind}", "{['kind']}", "{['labels.tier-1']}",
    "{.missing}", "x{.missing}y", "{.missing.more}", "{.nothing}", "{.nothing.x}", "{.nothing[0]}", "{.nothing.*}",
    "{.labels.tier-1}", r"{.labels.app\.io/name}", r"{.labels['app\.io/name']}", r"{['labels']['app\.io/name']}",
    "{.labels['']}", "{.labels.}", r"{.labels.a'b}", r"{.labels.a\'b}", "{['a'b']}", '{["kind"]}', "{.open}",
    "{.numbers}", "{.numbers[0]}", "{.numbers[-1]}", "{.numbers[5]}", "{.numbers[-5]}", "{.numbers[-6]}",
    "{.numbers[*]}", "{.numbers[]}", "{.numbers[:]}", "{.numbers[::]}", "{.numbers[1:]}", "{.numbers[:2]}",
    "{.numbers[1:3]}", "{.numbers[::2]}", "{.numbers[1::2]}", "{.numbers[:4:2]}", "{.numbers[0:5:3]}",
    "{.numbers[0:5:9]}", "{.numbers[0:6]}", "{.numbers[0:0]}", "{.numbers[7:7]}", "{.numbers[-5:-5]}",
    "{.numbers[3:1]}", "{.numbers[-1:0]}", "{.numbers[-1:-2]}", "{.numbers[0:-1]}", "{.numbers[-2:]}",
    "{.numbers[:-9]}", "{.numbers[-9:2]}", "{.numbers[0,2]}", "{.numbers[0, -1,1:3]}", "{.numbers[0,]}",
    "{.numbers[,]}", "{.numbers[9,0]}", "{['kind','open']}", "{['kind', 'labels.tier-1', 'numbers']}",
    "{['kind',\"open\"]}", "{.numbers[*,0]}", "{[0]}", "{.labels[0]}", "{.kind[0]}", "{.kind[*]}", "{.none}",
    "{.none[*]}", "{.none[0]}", "{.none[*].x}", "{.nested[*]}", "{.nested[*][*]}", "{.nested[*][0]}",
    "{.nested[0][*]}", "{.nested[*][0:0]}", "{.items[*].tags[*]}", "{.items[0:3].tags[*]}", "{.items[*].size.w}",
    "{.items[*].size}", "{.items[*].isNew}", "{.items[1].size}", "{.items[*].size.h}", "{.decimals}",
    "{.decimals[*]}", "{.mixed}", "{.mixed[*]}", "{.mixed[-1].a}", "{.mixed[4]}", "{.mixed[4].x}",
    "{.items[*].count}", "{.items[*].price}", "{.items[3].tags}", "{.items[3].tags[*]}", "{.numbers[?(@<5)]}",
    "{.numbers[?(@>5)]}", "{.numbers[?(@==3)]}", "{.numbers[?(@!=3)]}", "{.numbers[?(@<=3)]}", "{.numbers[?(@>=3)]}",
    "{.numbers[?(@ == 3)]}", "{.numbers[?(3<@)]}", "{.numbers[?(@===3)]}", "{.numbers[?(@<>3)]}",
    "{.numbers[?(@=~3)]}", "{.numbers[?(@>2.5)]}", '{.numbers[?(@=="3")]}', "{.numbers[?(@)]}", "{.numbers[?(@.x)]}",
    "{.none[?(@<>3)]}", "{.flags[?(@==true)]}", "{.flags[?(@!=true)]}", "{.flags[?(@<true)]}", "{.flags[?(@>=true)]}",
    '{.texts[?(@=="two")]}', "{.texts[?(@=='two')]}", '{.texts[?(@>"one")]}', '{.texts[?(@<="one")]}',
    "{.texts[?(@==1)]}", '{.items[?(@.id=="i2")].price}', "{.items[?(.id=='i2')].price}",
    "{.items[?($.id=='i2')].price}", "{.items[?(id=='i2')]}", "{.items[?(@.isNew)].id}",
    "{.items[?(@.isNew==true)].id}", "{.items[?(@.isNew==false)].id}", "{.items[?(@.size.w>1)].id}",
    "{.items[?(@.size.h)].id}", "{.items[?(@.size.h==2)].id}", "{.items[?(@.count>0)].id}",
    "{.items[?(@.price>5)].id}", "{.items[?(@.price>5.0)].id}", "{.items[?(@.tags[0])].id}",
    "{.items[?(@.tags[5])].id}", "{.items[?(@.tags)].id}", '{.items[?(@.tags[0]=="new")].id}',
    '{.items[0:1][?(@.tags[0]=="new")].id}', "{.items[?(@.tags[*]=='new')].id}", "{.items[?(@.tags==1)].id}",
    "{.items[?(@.missing==1)].id}", "{.items[?(1==@.missing)].id}", "{.items[?(@.count==@.count)].id}",
    "{.mixed[?(@==1)]}", "{.mixed[?(@)]}", "{.mixed[?(@.a)]}", "{.mixed[4:5][?(@==1)]}", "{.kind[?(@)]}",
    "{.labels[?(@)]}", "{.nothing[?(@)]}", "{.nested[?(@[0]>1)]}", "{.nested[?(@[1])]}", "{.nested[0:2][?(@>1)]}",
    '{.texts[?(@=="()")]}', '{.texts[?(@=="())(")]}', '{.texts[?(@=="{[()]}")]}', '{.texts[?(@==\'""\')]}',
    '{.texts[?(@=="\\"")]}', '{.texts[?(@=="a)]b")]}', "{.items[?(@.x'[?(@.y)].z')]}",
    "{.items[?(@.tags[?(@=='new')])].id}", "{.texts[?(\"two\"==@)]}", "{.texts[?(@!='two'&&@!='one')]}",
    "{.items[?(@.id=='i1' || @.id=='i2')]}", "{.items[?(range)]}", "{.items[?(end)]}", "{.items[?(hello)]}",
    "{.items[0:0][?(hello)]}", "{[range,end]}", '{"{"}', "{'}'}", '{"a" "b"}', '{.kind "x"}', '{"x" .kind}',
    '{"x".*}', '{"\\t"}{.kind}', "{1}", "{1 2}", "{.numbers[*] 1}", "{.none[*] 1}", "{.none[*] 'x'}", "{1.5}",
    "{true}", "{.kind true}", "{range .items[*]}{.id},{end}",
    "{range .items[*]}{.id}{\"\\t\"}{.count}{\"\\n\"}{end}{.kind}", "{range .none[*]}{.id}{end}x",
    "{range .none[*]}{range .x[*]}{.id}{end}{end}x", "{range .items[0:3]}{range .tags[*]}{@},{end};{end}",
    "{range .nested[*]}{range [*]}{@} {end}|{end}.",
    "{range .items[0:1]}a{range .tags[*]}{@}{end}b{range .tags[*]}{@}{end}c{end}d", "{range .items[*]}{.size.w}{end}",
    "{range .items[*]}", "{range .items[*]}{.id}", "{end}", "{range .items[*]}{.id}{end}{end}",
    "{range .items[*]}{range .tags[*]}{@}{end}", "{range}{.kind}{end}", "{.items[*] range}{.id}{end}",
    "{range range .items[*]}{.id}{end}", "{range .items[*]}{.id}{end .x}", "{range .missing[*]}{.x}{end}",
    "{range .mixed[*]}[{@}]{end}", "{range .kind}{@}{end}", "{range .mixed[4:5]}{.x}{end}",
    "{range .mixed[4:5]}{[0]}{end}", "{range .none[*]}{[0]}{end}", "{range .mixed[4:5]}{.*}{end}",
    "{range ['kind','open']}<{@}>{end}", "{range .numbers[?(@>2)]}{@},{end}", "{RANGE .items[*]}",
    "{range.items[*]}{.id}{end}", "{.items[*]['id','count']}", "{.items[*]['id', 'size.w']}",
    "{range .items[*]}[{.id}, {.tags}] {end}",
)  # fmt: skip
_VISITING_MAPS = (
    "{.*}", "{.labels.*}", "{.labels['*']}", "{.kind.*}", "{.*.*}", "{.items[*].*}", "{..}", "{..id}", "{...id}",
    "{..size.w}", "{..tags[0]}", "{.items..w}", "{..[0]}", "{..missing}", "{..*}", "{.nested..}", "{.nested..[0]}",
    "{.kind..}", "{.none..}", "{.nothing..}", "{.numbers..}", "{..size..w}", "{.items[?(@..w==4)].id}",
    "{.items[?(@.*)].id}", "{.items[?(@..w)].id}", "{range .labels.*}{@}{end}", "{range .labels.*}{@}{end}{end}",
    "{range ..size}{.w},{end}", "{.. .id}", "{..['id']}", "{..id..}", "{.labels.*..}", "{.open..}", "{.open.*}",
    "{..1}", "{.._a}", "{..é}", "{.*.w}", "{.kind.*.x}", "{.kind.*[0]}", "{..items[*].id}",
)  # fmt: skip
_ROOTS = (None, True, 5, 2.5, "text", [], {}, [1, [2, [3]]], [{"x": 4}, {"x": None}, {"z": 1}], {"a": {"a": {"a": 1}}})
_FOR_ROOTS = (
    "{}", "{@}", "{.x}", "{[0]}", "{[*]}", "{[?(@)]}", "{[?(@.x)].x}", "{[-1]['x']}", "{.a.a.a}", "{1}",
    "{range [*]}{@},{end}",
)  # fmt: skip
_NAMES = "abc"


def jsonpath(random: Random) -> Iterator[Case]:
    """Yield each template with and without the permission that keys are missing."""
    for template in (*_BROKEN, *_PICKED, *_VISITING_MAPS):
        visits = template in _VISITING_MAPS
        yield {"template": template, "data": _SHOP, "sorted": visits}
        yield {"template": template, "data": _SHOP, "missing": True, "sorted": visits}
    for data in _ROOTS:
        for template in _FOR_ROOTS:
            yield {"template": template, "data": data}
    yield {"template": "{@}", "data": {"big": [2**63, 2**64, -(2**63)], 'key"<': "v"}}
    for _ in range(1500):
        template = _template(random)
        visits = ".*" in template or ".." in template
        yield {"template": template, "data": _value(random, 4), "missing": random.random() < 0.7, "sorted": visits}
    for _ in range(500):
        yield {
            "template": _garbage(random),
            "data": _value(random, 3),
            "missing": random.random() < 0.5,
            "sorted": True,
        }


def _value(random: Random, depth: int) -> Any:
    kind = random.random() if depth else 0.0
    if depth == 4:
        kind = random.choice((0.5, 0.9))
    if kind < 0.3:
        return random.choice((None, True, False, 0, 1, 2, -3, 0.5, 2.5, 1e21, "", "x", "y", "z<", "é"))
    if kind < 0.65:
        return [_value(random, depth - 1) for _ in range(random.randint(0, 3))]
    return {name: _value(random, depth - 1) for name in _NAMES if random.random() < 0.7}


def _template(random: Random, depth: int = 0) -> str:
    parts = []
    for _ in range(random.randint(1, 3)):
        kind = random.random()
        if kind < 0.15:
            parts.append(random.choice(("text ", "-", "\n")))
        elif kind < 0.35 and depth < 2:
            parts.append(f"{{range {_path(random)}}}{_template(random, depth + 1)}{{end}}")
        else:
            parts.append(f"{{{_path(random)}}}")
    return "".join(parts)


def _path(random: Random) -> str:
    return random.choice(("", "@", "$")) + "".join(_step(random) for _ in range(random.randint(0, 4)))


def _step(random: Random) -> str:
    kind = random.random()
    name = random.choice(_NAMES)
    if kind < 0.35:
        return f".{name}"
    if kind < 0.6:
        return "[*]"
    if kind < 0.75:
        start, end = (random.choice(("", "0", "1", "2", "-1", "-2")) for _ in range(2))
        return random.choice((f"[{start}]", f"[{start}:{end}]", f"[{start}:{end}:{random.randint(1, 3)}]"))
    if kind < 0.82:
        return f"['{name}']"
    if kind < 0.87:
        return random.choice((f"['{name}','{random.choice(_NAMES)}']", "[0,1]", f"[0, '{name}']"))
    if kind < 0.93:
        return _condition(random)
    return random.choice((".*", "..", f"..{name}"))


def _condition(random: Random) -> str:
    left = "@" + "".join(
        random.choice((f".{random.choice(_NAMES)}", "[0]", "[*]")) for _ in range(random.randint(0, 2))
    )
    if random.random() < 0.4:
        return f"[?({left})]"
    sign = random.choice(("==", "!=", "<", "<=", ">", ">="))
    right = random.choice(("1", "0.5", "true", '"x"', "'y'", "@.a", "2"))
    return f"[?({left}{sign}{right})]"


def _garbage(random: Random) -> str:
    pieces = (
        "{", "}", "[", "]", "[?(", ")]", "'", '"', "\\", ".", "..", "*", ":", ",", "1", "-", "a", " ", "@", "==",
        "range ", "end", "{end}", "true", "{.a}", "['b']",
    )  # fmt: skip
    return "{" + "".join(random.choice(pieces) for _ in range(random.randint(1, 7))) + random.choice(("}", ""))
