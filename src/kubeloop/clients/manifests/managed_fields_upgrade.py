"""Decide how the ownership of fields moves from client-side apply to a manager of server-side apply.

Field sets are the JSON values of `fieldsV1`: a field that is owned is `{}` or contains the key `.`.

Reference: client-go util/csaupgrade; structured-merge-diff fieldpath (Set.Union, Set.ToJSON).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["LAST_APPLIED", "migration_patch", "owners"]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which `kubectl apply` without `--server-side` keeps the manifest."""

_PATH = ("f:metadata", "f:annotations", f"f:{LAST_APPLIED}")

Entry = Mapping[str, Any]


def owners(entries: object, operation: str) -> list[str]:
    """Return the managers whose entries of an operation own the annotation `LAST_APPLIED`, each once.

    Args:
        entries: The `managedFields` of an object, as the server sent them.
        operation: `Apply` or `Update`.
    """
    found: dict[str, None] = {}
    for entry in entries if is_list(entries) else ():
        if is_dict(entry) and entry.get("operation") == operation and _is_owned(entry.get("fieldsV1")):
            found[entry.get("manager", "")] = None
    return list(found)


def migration_patch(metadata: Mapping[str, Any], managers: Sequence[str], manager: str) -> list[dict[str, Any]] | None:
    """Return the JSON patch that gives the fields of managers of client-side apply to a manager of server-side apply.

    Args:
        metadata: The metadata of the object as the server stored it.
        managers: The managers of client-side apply.
        manager: The manager of server-side apply.

    Returns:
        The patch; it fails with a conflict if the object has changed. None if there is nothing to move.

    Raises:
        ValueError: A field set is not JSON of this form.
    """
    before: list[Entry] = list(metadata.get("managedFields") or ())
    after = before
    for each in sorted(managers):
        after = _moved(after, each, manager)
    if after == before:
        return None
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": after},
        # A replacement of the version, not a test: the storage then refuses it with 409, as a conflict.
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata.get("resourceVersion", "")},
    ]


def _moved(entries: list[Entry], old: str, new: str) -> list[Entry]:
    target = _index(entries, new, "Apply")
    moved = list(entries)
    if target is None:
        target = _index(entries, old, "Update")
        if target is None:
            return entries
        moved[target] = {**entries[target], "operation": "Apply", "manager": new}
    version = moved[target].get("apiVersion")
    source = _index(moved, old, "Update", version)
    fields = moved[target].get("fieldsV1")
    if source is not None:
        fields = _union(fields, moved[source].get("fieldsV1"))
    moved[target] = {**moved[target], "fieldsV1": fields}
    return [entry for entry in moved if not _is_entry(entry, old, "Update")]


def _is_entry(entry: Entry, manager: str, operation: str) -> bool:
    return (entry.get("manager"), entry.get("operation"), entry.get("subresource") or "") == (manager, operation, "")


def _index(entries: Sequence[Entry], manager: str, operation: str, version: str | None = None) -> int | None:
    for index, entry in enumerate(entries):
        if _is_entry(entry, manager, operation) and version in (None, entry.get("apiVersion")):
            return index
    return None


def _is_owned(fields: Any) -> bool:
    for name in _PATH:
        if not is_dict(fields) or name not in fields:
            return False
        fields = fields[name]
    return is_dict(fields) and (not fields or "." in fields)


def _union(one: Any, other: Any) -> dict[str, Any]:
    if not is_dict(one) or not is_dict(other):
        raise ValueError("expected a field set as a JSON object")
    found = dict(one)
    for name, fields in other.items():
        found[name] = _merged(one[name], fields) if name in one else fields
    return found


def _merged(one: Any, other: Any) -> dict[str, Any]:
    """Return the union of two nodes: a leaf is owned, and a node with fields is owned if it contains `.`."""
    if not one and not other:
        return {}
    return _union(one or {".": {}}, other or {".": {}})
