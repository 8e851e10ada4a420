"""JSON patches, merge patches and strategic merge patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubeloop.wire.patches.json_patch import apply_json_patch
from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.patches.merge_patch_diff import three_way_merge_patch
from kubeloop.wire.patches.merge_rules import rules_for
from kubeloop.wire.patches.patch_errors import PatchConflict, PatchError, PatchTooLarge
from kubeloop.wire.patches.strategic_diff import two_way_patch
from kubeloop.wire.patches.strategic_merge import apply_strategic_patch
from kubeloop.wire.patches.strict_operations import unknown_fields
from kubeloop.wire.patches.three_way_patch import three_way_patch

__all__ = ["json_patches", "merge_patches", "strategic_patches"]


def json_patches(case: dict[str, Any]) -> Any:
    """Apply a JSON patch, or check its operations."""
    operations = case["patch"]
    if "strict" in case:
        return _checked(operations)
    if "repeated" in case:
        operations = operations * (case["repeated"] + 1)
    return _patched(lambda: apply_json_patch(case["document"], operations))


def merge_patches(case: dict[str, Any]) -> Any:
    """Apply a merge patch, or compute one from three documents."""
    if "patch" in case:
        return _patched(lambda: apply_merge_patch(case["document"], case["patch"]))
    return _patched(lambda: three_way_merge_patch(case["original"], case["modified"], case["current"]))


def strategic_patches(case: dict[str, Any]) -> Any:
    """Apply a strategic merge patch, or compute one from two or three documents."""
    rules = rules_for(case["apiVersion"], case["kind"])
    assert rules is not None
    if "patch" in case:
        return _patched(lambda: apply_strategic_patch(case["document"], case["patch"], rules))
    original, modified = case["original"], case["modified"]
    if "current" not in case:
        return _patched(lambda: two_way_patch(original, modified, rules))
    return _patched(lambda: three_way_patch(original, modified, case["current"], rules, overwrite=case["overwrite"]))


def _checked(operations: Any) -> Any:
    try:
        return {"unknown": unknown_fields(operations)}
    except PatchError as error:
        return {"code": error.code, "message": str(error)}


def _patched(run: Callable[[], Any]) -> Any:
    try:
        return {"result": run()}
    except PatchTooLarge as error:
        return {"code": error.code}
    except PatchConflict as error:
        return {"code": error.code, "message": "conflict"}
    except PatchError as error:
        return {"code": error.code, "message": str(error)}
