"""CustomResourceDefinitions as data, and every place in a document where something can be wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def definition(
    group: str = "example.com",
    kind: str = "Thing",
    plural: str = "things",
    version: str = "v1",
    properties: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a definition with one served version; `more` are keys of the version."""
    schema = {"type": "object", "properties": properties or {"spec": {"type": "object"}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "listKind": f"{kind}List"},
            "versions": [{"name": version, "served": True, "schema": {"openAPIV3Schema": schema}, **more}],
        },
    }


def rich_definition() -> dict[str, Any]:
    """Return a definition that uses everything that the generators read."""
    inner = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "nullable": True}}}
    spec: dict[str, Any] = {
        "type": "object",
        "description": "What is wanted.",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "Its name.", "default": "x"},
            "mode": {"type": "string", "enum": ["a", "b"]},
            "many": {"type": "array", "items": inner},
            "map": {"type": "object", "additionalProperties": inner},
            "port": {"x-kubernetes-int-or-string": True},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "template": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": inner}},
            "secret": {"type": "string", "format": "password"},
        },
    }
    return definition(properties={"spec": spec}, subresources={"status": {}, "scale": {"specReplicasPath": ".spec.n"}})


def places(node: Any, path: Path = ()) -> Iterator[Path]:
    """Return the paths of all values in a document, the document's own path included."""
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from places(value, (*path, index))


def at(node: Any, path: Path) -> Any:
    """Return the value at a path."""
    for step in path:
        node = node[step]
    return node


def replaced(node: Any, path: Path, value: Any) -> Any:
    """Return a copy of a document with another value at a path."""
    if not path:
        return value
    result = copy.deepcopy(node)
    at(result, path[:-1])[path[-1]] = value
    return result


def renamed(node: Any, path: Path, key: str) -> Any:
    """Return a copy of a document in which the last key of a path is another one."""
    result = copy.deepcopy(node)
    holder = at(result, path[:-1])
    holder[key] = holder.pop(path[-1])
    return result
