"""Documents with JSON patches, merge patches and strategic merge patches, and documents whose patch is computed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

from .patch_edits import directed, edited
from .patch_objects import KINDS, broken, document, model_of
from .picked_patches import (
    JSON_PATCHES,
    MERGE_PATCHES,
    STRATEGIC_PATCHES,
    STRICT_JSON_PATCHES,
    THREE_WAY_PATCHES,
    TWO_WAY_PATCHES,
)

__all__ = ["json_patches", "merge_patches", "strategic_patches"]

Case = dict[str, Any]

_NAMES = ["a", "b", "c", "", "a/b", "m~n", "0"]


def json_patches(random: Random) -> Iterator[Case]:
    """Yield JSON patches: each operation on each kind of place, and scripts of several."""
    for before, operations in JSON_PATCHES:
        yield {"document": before, "patch": operations}
        yield {"patch": operations, "strict": True}
    for operations in STRICT_JSON_PATCHES:
        yield {"patch": operations, "strict": True}
    yield {"document": {}, "patch": [{"op": "add", "path": "/a", "value": 1}], "repeated": 9_999}
    yield {"document": {}, "patch": [{"op": "add", "path": "/a", "value": 1}], "repeated": 10_000}
    grow = [{"op": "copy", "from": "/a", "path": "/a/-"}]
    yield {"document": {"a": ["x" * 100]}, "patch": grow, "repeated": 20}
    for size in (3_000, 3_143, 3_144):
        yield {"document": {"a": "x" * size}, "patch": [{"op": "copy", "from": "/a", "path": "/b"}], "repeated": 999}
    for _ in range(700):
        before = {name: _value(random, 3) for name in random.sample(_NAMES, random.randint(0, 4))}
        operations = [_operation(random, before) for _ in range(random.choice([1, 1, 1, 2, 3, 5]))]
        yield {"document": before, "patch": operations}


def _operation(random: Random, before: Any) -> Case:
    operation: Case = {"op": random.choice(["add", "remove", "replace", "move", "copy", "test"])}
    operation["path"] = _path(random, before)
    if operation["op"] in ("move", "copy"):
        operation["from"] = _path(random, before)
    if operation["op"] in ("add", "replace", "test"):
        operation["value"] = _at(before, operation["path"]) if random.random() < 0.4 else _value(random, 2)
    if random.random() < 0.04:
        operation[random.choice(["op", "path", "from", "value"])] = random.choice([None, 1, "x", [], {}, True])
    if random.random() < 0.04:
        operation.pop(random.choice(sorted(operation)))
    return operation


def _path(random: Random, value: Any) -> str:
    """Return a path that often leads to a place of the value."""
    parts: list[str] = []
    for _ in range(random.choice([1, 1, 2, 2, 3, 4])):
        if isinstance(value, dict) and value and random.random() < 0.85:
            name = random.choice(sorted(value))
            value = value[name]
        elif isinstance(value, list):
            index = random.choice([0, 0, 1, len(value) - 1, len(value), -1, -len(value) - 1, "-", "01", "+1", "x", ""])
            name = str(index)
            value = value[index] if isinstance(index, int) and -len(value) <= index < len(value) else None
        else:
            name, value = random.choice(_NAMES), None
        parts.append(name.replace("~", "~0").replace("/", "~1"))
        if value is None and random.random() < 0.8:
            break
    return random.choice(["/"] * 40 + ["", "x/"]) + "/".join(parts)


def _at(value: Any, path: str) -> Any:
    for part in path.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
    return copy.deepcopy(value)


def merge_patches(random: Random) -> Iterator[Case]:
    """Yield merge patches to apply, and documents from which one is computed."""
    for before, patch in MERGE_PATCHES:
        yield {"document": before, "patch": patch}
    for _ in range(400):
        before = _object(random, 4)
        patch = _object(random, 4) if random.random() < 0.95 else _value(random, 2)
        yield {"document": before, "patch": patch}
    for _ in range(300):
        original = _without_nulls(_object(random, 3))
        modified = edited(random, original) if random.random() < 0.9 else _without_nulls(_object(random, 3))
        current = edited(random, original)
        yield {"original": original, "modified": modified, "current": current}


def _value(random: Random, depth: int) -> Any:
    form = random.randrange(10) if depth else random.randrange(5)
    if form < 5:
        return random.choice([1, 2, "x", "y", True, False, None, 1.5, "", 0, 2**53 + 1, -1])
    if form < 7:
        return [_value(random, depth - 1) for _ in range(random.randint(0, 3))]
    return _object(random, depth - 1)


def _object(random: Random, depth: int) -> Case:
    return {name: _value(random, depth) for name in random.sample("abcd", random.randint(0, 4))}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value if each is not None] if isinstance(value, list) else value


def strategic_patches(random: Random) -> Iterator[Case]:
    """Yield strategic merge patches to apply, and documents from which one is computed."""
    for kind, before, patch in STRATEGIC_PATCHES:
        yield {**_kind(kind), "document": before, "patch": patch}
    for kind, original, modified in TWO_WAY_PATCHES:
        yield {**_kind(kind), "original": original, "modified": modified}
    for kind, original, modified, current in THREE_WAY_PATCHES:
        for overwrite in (False, True):
            documents = {"original": original, "modified": modified, "current": current}
            yield {**_kind(kind), **documents, "overwrite": overwrite}
    for _ in range(450):
        kind = random.choice(KINDS)
        before = document(random, kind)
        patch = directed(random, before, model_of(kind))
        yield {**_kind(kind), "document": before, "patch": broken(random, patch) if random.random() < 0.1 else patch}
    for _ in range(200):
        kind = random.choice(KINDS)
        original = document(random, kind)
        modified = edited(random, original) if random.random() < 0.9 else document(random, kind)
        if random.random() < 0.1:
            modified = broken(random, modified)
        yield {**_kind(kind), "original": original, "modified": modified}
    for _ in range(200):
        kind = random.choice(KINDS)
        original = document(random, kind)
        modified, current = edited(random, original), edited(random, original)
        documents = {"original": original, "modified": modified, "current": current}
        yield {**_kind(kind), **documents, "overwrite": random.random() < 0.5}


def _kind(kind: tuple[str, str]) -> Case:
    return {"apiVersion": kind[0], "kind": kind[1]}
