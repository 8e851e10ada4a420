"""The content types of patches, and which one fits a value. `Change` in `kubeloop.objects` builds patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

__all__ = ["APPLY_PATCH", "JSON_PATCH", "MERGE_PATCH", "PatchType", "patch_content_type"]

PatchType = Literal["json", "merge", "strategic"]

APPLY_PATCH = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
_CONTENT_TYPES: Mapping[str, str] = {
    "json": JSON_PATCH,
    "merge": MERGE_PATCH,
    "strategic": "application/strategic-merge-patch+json",
}


def patch_content_type(patch: Mapping[str, Any] | Sequence[Mapping[str, Any]], type: PatchType | None) -> str:
    """Return the content type of a patch.

    Args:
        patch: A mapping (merge or strategic) or a sequence of operations (JSON patch).
        type: The type of the patch; None means a JSON patch for a sequence, and a merge patch for a mapping.

    Raises:
        ValueError: The type is unknown.
        TypeError: The type needs a mapping and got a sequence, or the reverse.
    """
    is_mapping = isinstance(patch, Mapping)
    wanted = type or ("merge" if is_mapping else "json")
    content_type = _CONTENT_TYPES.get(wanted)
    if content_type is None:
        known = ", ".join(map(repr, _CONTENT_TYPES))
        raise ValueError(f"expected a patch type of {known}, got {wanted!r}; for server-side apply use apply()")
    if is_mapping == (wanted == "json") or not isinstance(patch, (Mapping, list, tuple)):
        expected = "a list of operations" if wanted == "json" else "a mapping"
        raise TypeError(f"expected {expected} for a {wanted} patch, got {patch.__class__.__name__}")
    return content_type
