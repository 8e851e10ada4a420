"""Implementations of RFC 6902 and RFC 7386, written from these documents: what a server does with a patch."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["apply_json_patch", "apply_merge_patch"]


def apply_json_patch(document: Any, operations: list[dict[str, Any]]) -> Any:
    """Apply add, remove, replace and test; an operation that does not fit raises AssertionError."""
    document = copy.deepcopy(document)
    for operation in operations:
        _apply(document, operation)
    return document


def _apply(document: Any, operation: dict[str, Any]) -> None:
    *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
    target = document
    for step in steps:
        target = target[_index(step, len(target) - 1)] if isinstance(target, list) else target[step]
    op, value = operation["op"], copy.deepcopy(operation.get("value"))
    if isinstance(target, list):
        place = _index(last, len(target) if op == "add" else len(target) - 1)
        if op == "add":
            target.insert(place, value)
        elif op == "remove":
            del target[place]
        elif op == "replace":
            target[place] = value
        else:
            assert target[place] == value, operation
    elif op == "add":
        target[last] = value
    else:
        assert last in target, operation
        if op == "remove":
            del target[last]
        elif op == "replace":
            target[last] = value
        else:
            assert target[last] == value, operation


def _index(text: str, highest: int) -> int:
    assert text.isdigit(), text
    assert int(text) <= highest, text
    return int(text)


def apply_merge_patch(target: Any, patch: Any) -> Any:
    """Apply a merge patch."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply_merge_patch(result.get(key), value)
    return result
