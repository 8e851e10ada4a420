"""Tables as servers send them, and the options with which kubectl prints them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

__all__ = ["tables"]

Case = dict[str, Any]

_NAMES = ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Nominated Node", "Größe", ""]
_CELLS: list[Any] = [
    "web-0", "", "1/1", "Running", "<none>", "a-much-longer-cell", "grün", "日本語", "first\nsecond", "a\rb", "a\fb",
    "a\tb", "a\vb", "\x1b[31mred\x1b[0m", "\x1b\n", None, 0, 12, -3, 1.5, 1e21, 100000.0, 1e-7, True, False, [1, "a"],
    {"b": 1, "a": None}, [], {}, " padded ", "é" * 20,
]  # fmt: skip
_LABELS: list[Any] = ["", None, {}, {"app": "web"}, {"app": "web", "example.com/tier": "front"}, {"zone": "", "a": "b"}]


def tables(random: Random) -> Iterator[Case]:
    """Yield pages of tables with options."""
    plain = {"columns": [("Name", "name", 0), ("Age", "", 0), ("Node", "", 1)]}
    rows = [["web-0", "3m", "node-1"], ["a-longer-name", "12d", None]]
    for options in ({}, {"wide": True}, {"noHeaders": True}, {"withNamespace": True}, {"showLabels": True}):
        yield {"pages": [_page(plain["columns"], rows, random)], **options}
    yield {"pages": [_page(plain["columns"], [], random)]}
    yield {"pages": [_page(plain["columns"], [], random), _page(plain["columns"], rows, random)]}
    yield {"pages": [_page([("Name", "name", 0)], [["a"], ["b" * 30], ["c"]], random)], "withNamespace": True}
    yield {"pages": [_page([("Name", "name", 0)], [["a"], ["b" * 30], ["c"]], random)]}
    yield {"pages": [_page(plain["columns"], rows, random)], "kind": "Deployment", "group": "apps"}
    yield {"pages": [_page(plain["columns"], [["a", "b", "c", "d", "e"], ["a"], []], random)], "wide": True}
    for _ in range(160):
        columns = [
            (random.choice(_NAMES), "name" if number == 0 else "", random.choice((0, 0, 0, 1)))
            for number in range(random.randint(1, 5))
        ]
        pages = [
            _page(columns, [_cells(random, len(columns)) for _ in range(random.randint(0, 4))], random)
            for _ in range(random.randint(1, 3))
        ]
        yield {"pages": pages, **_options(random)}
    for size in (99, 100, 101, 230):
        long = [[f"n{number}{'-wide' * (number // 60)}", number] for number in range(size)]
        for no_headers in (False, True):
            page = _page([("Name", "name", 0), ("Count", "", 0)], long, random, labels={})
            short = _page([("Name", "name", 0), ("Count", "", 0)], [["x" * 60, 1], ["y", 2]], random, labels={})
            yield {"pages": [page, short], "noHeaders": no_headers}


def _options(random: Random) -> Case:
    options: Case = {}
    for name in ("wide", "noHeaders", "withNamespace", "showLabels"):
        if random.random() < 0.3:
            options[name] = True
    if random.random() < 0.3:
        options["labelColumns"] = random.sample(["app", "example.com/tier", "zone"], random.randint(1, 2))
    if random.random() < 0.3:
        options |= {"kind": "Pod", "group": random.choice(("", "apps"))}
    return options


def _cells(random: Random, count: int) -> list[Any]:
    # kubectl panics at a row without the cell of the name, and writes a name that is no text in a form of its own.
    first = random.choice([cell for cell in _CELLS if isinstance(cell, str)])
    return [first, *(random.choice(_CELLS) for _ in range(count - 1 + random.choice((0, 0, 0, 1, -1)) * (count > 1)))]


def _page(columns: list[tuple[str, str, int]], rows: list[list[Any]], random: Random, **fixed: Any) -> Case:
    return {
        "apiVersion": "meta.k8s.io/v1",
        "kind": "Table",
        "metadata": {},
        "columnDefinitions": [
            {"name": name, "type": "string", "format": form, "description": "", "priority": priority}
            for name, form, priority in columns
        ],
        "rows": [{"cells": cells, "object": _object(fixed.get("labels", random.choice(_LABELS)))} for cells in rows],
    }


def _object(labels: Any) -> Case | None:
    """Return the metadata of an object without labels for None, and no object for `""`."""
    if labels == "":
        return None
    metadata: Case = {"name": "x", "namespace": "default"}
    if labels is not None:
        metadata["labels"] = labels
    return {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata}
