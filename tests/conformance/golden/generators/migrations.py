"""Managed fields of objects that were applied on the client's side, on the server's side, or on both."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

__all__ = ["migrations"]

Case = dict[str, Any]

LAST_APPLIED = "f:kubectl.kubernetes.io/last-applied-configuration"
_NAMES = ["f:a", "f:b", "f:c", 'k:{"name":"x"}', 'k:{"port":80,"protocol":"TCP"}', "v:1", 'v:"x"', "i:0"]
_MANAGERS = ["old", "me", "other"]


def migrations(random: Random) -> Iterator[Case]:
    """Yield managed fields, and the manager to which fields are moved."""
    yield {"managedFields": [], "manager": "me"}
    for _ in range(400):
        # Of several managers of client-side apply, Go moves the fields in a random order.
        old = random.choice(["kubectl-client-side-apply", "old", "me"])
        entries = [_entry(random, old) for _ in range(random.choice([1, 1, 2, 2, 3, 4, 5]))]
        yield {"managedFields": entries, "manager": random.choice(["me", "me", "kubectl"])}


def _entry(random: Random, old: str) -> Case:
    manager = random.choice([old, old, *_MANAGERS])
    operation = random.choice(["Apply", "Update", "Update"])
    entry: Case = {
        "manager": manager,
        "operation": operation,
        "apiVersion": random.choice(["v1", "v1", "v1", "v2"]),
        "fieldsType": "FieldsV1",
        "fieldsV1": _fields(random, owns=0.7 if manager == old or operation == "Apply" else 0.0),
    }
    if random.random() < 0.5:
        entry["time"] = f"2026-01-0{random.randint(1, 9)}T00:00:00Z"
    if random.random() < 0.1:
        entry["subresource"] = "status"
    return entry


def _fields(random: Random, owns: float) -> Case:
    fields = _node(random, 3)
    fields.pop(".", None)
    if random.random() < owns:
        annotations: Case = {LAST_APPLIED: {} if random.random() < 0.9 else {"f:in": {}}}
        if random.random() < 0.5:
            annotations |= {".": {}, "f:note": {}}
        fields["f:metadata"] = {"f:annotations": annotations}
    return fields or {"f:data": {}}


def _node(random: Random, depth: int) -> Case:
    """Return a node as servers write it: `.` stands only beside fields."""
    if depth == 0 or random.random() < 0.3:
        return {}
    node: Case = {name: _node(random, depth - 1) for name in random.sample(_NAMES, random.randint(1, 3))}
    if random.random() < 0.4:
        node["."] = {}
    return node
