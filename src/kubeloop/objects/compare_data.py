"""The difference of two plain JSON values: objects without a model, and free-form fields of models."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any

from kubeloop.objects.equality import same
from kubeloop.objects.merge_and_json_patches import Edit, Items, Members, Removal, Replacement, has_objects
from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["NAMES", "data_difference", "member_edits"]

NAMES = ("name", "type", "uid", "key", "ip")
"""The fields that may identify an item of a list: the first one that the item has does."""


def member_edits(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Edit]:
    """Return the edits that turn one JSON object into another, by member name."""
    edits: dict[str, Edit] = {key: Removal(_tested(value)) for key, value in old.items() if key not in new}
    for key, value in new.items():
        edit = data_difference(old[key], value) if key in old else Replacement(partial(_as_is, value))
        if edit is not None:
            edits[key] = edit
    return edits


def data_difference(old: Any, new: Any) -> Edit | None:
    """Return the edit that turns one JSON value into another, None when they are the same."""
    if is_dict(old) and is_dict(new):
        edits = member_edits(old, new)
        return Members(edits) if edits else None
    if same(old, new):
        return None
    if is_list(old) and is_list(new) and old:
        return Items(old, new, edit=data_difference, name_of=_name_of, write=_as_is)
    return Replacement(partial(_as_is, new), op="replace", tested=_tested(old), drops_objects=has_objects(old))


def _tested(value: Any) -> partial[Any] | None:
    return None if isinstance(value, (dict, list)) else partial(_as_is, value)


def _name_of(item: Any) -> Hashable:
    if not is_dict(item):
        return None
    name: Any = next((item[key] for key in NAMES if key in item), None)
    return name if isinstance(name, str) else None


def _as_is(value: Any) -> Any:
    return value
