"""Patches: the content types by which the server knows them, and which one fits a value.

Building a patch from two values is the models' job (`Change`); applying one is the server's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

__all__ = ["APPLY_PATCH", "MERGE_PATCH", "PatchType", "patch_content_type"]

PatchType = Literal["json", "merge", "strategic"]

APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
_CONTENT_TYPES: Mapping[str, str] = {
    "json": "application/json-patch+json",
    "merge": MERGE_PATCH,
    "strategic": "application/strategic-merge-patch+json",
}


def patch_content_type(patch: Mapping[str, Any] | Sequence[Mapping[str, Any]], type: PatchType | None) -> str:
    """Return the content type of a patch.

    Args:
        patch: A mapping (merge or strategic) or a sequence of operations (JSON patch).
        type: What it is; None takes a sequence for a JSON patch and a mapping for a merge patch.

    Raises:
        ValueError: An unknown type.
        TypeError: A sequence where a mapping is due, or the reverse.
    """
    is_mapping = isinstance(patch, Mapping)
    wanted = type or ("merge" if is_mapping else "json")
    content_type = _CONTENT_TYPES.get(wanted)
    if content_type is None:
        raise ValueError(f"unknown patch type {wanted!r}: one of {', '.join(_CONTENT_TYPES)}; for apply use apply()")
    if is_mapping == (wanted == "json") or not isinstance(patch, (Mapping, list, tuple)):
        due = "a list of operations" if wanted == "json" else "a mapping"
        raise TypeError(f"a {wanted} patch is {due}, not {patch.__class__.__name__}")
    return content_type
