"""JSON merge patches, applied (RFC 7386; jsonpatch.MergePatch of evanphx/json-patch v4)."""

from __future__ import annotations

from typing import Any

from kubeloop.wire.patches.json_depth import check_depth
from kubeloop.wire.patches.patch_errors import MalformedPatch

__all__ = ["apply_merge_patch"]

_NULL: Any = None


def apply_merge_patch(document: Any, patch: Any) -> Any:
    """Return a document with a merge patch applied.

    As the API server, and unlike RFC 7386, remove null members from the objects within a list that the patch sets,
    unless the list replaces an object.

    Args:
        document: The document; it is not changed.
        patch: The patch, an object or a list; it is not changed.

    Raises:
        MalformedPatch: The patch is a scalar or is nested too deeply.
    """
    if patch.__class__ is not dict and patch.__class__ is not list:
        raise MalformedPatch("Invalid JSON Patch")
    check_depth(patch)
    if patch.__class__ is dict and document.__class__ is dict:
        return _merge(document, patch)
    return _without_nulls(patch)


def _merge(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for name, value in patch.items():
        kind = value.__class__
        if value is None:
            merged.pop(name, None)
        elif kind is dict or kind is list:
            before: Any = merged.get(name, _NULL)
            if before.__class__ is not dict:
                merged[name] = _without_nulls(value)
            else:
                merged[name] = _merge(before, value) if kind is dict else value
        else:
            merged[name] = value
    return merged


def _without_nulls(value: Any) -> Any:
    """Remove the null members of all objects; null items of lists remain."""
    kind = value.__class__
    if kind is dict:
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if kind is list:
        return [_without_nulls(each) for each in value]
    return value
