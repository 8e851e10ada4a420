"""Strategic merge patches, computed from three documents as `kubectl apply` does."""

from __future__ import annotations

from typing import Any

from kubeloop.wire.patches.json_depth import check_depth
from kubeloop.wire.patches.merge_rules import MergeRules
from kubeloop.wire.patches.patch_errors import PatchConflict
from kubeloop.wire.patches.strategic_conflicts import have_conflicts
from kubeloop.wire.patches.strategic_diff import DiffScope, diff_objects
from kubeloop.wire.patches.strategic_merge import combine_strategic_patches

__all__ = ["three_way_patch"]


def three_way_patch(
    original: dict[str, Any],
    modified: dict[str, Any],
    current: dict[str, Any],
    rules: MergeRules,
    *,
    overwrite: bool,
) -> dict[str, Any]:
    """Return the strategic merge patch that brings a configuration to the server (CreateThreeWayMergePatch).

    The patch deletes what the configuration had and no longer has, and sets what differs from the current document.
    Fields that only the current document has remain.

    Args:
        original: The configuration that was applied last.
        modified: The configuration now.
        current: The document on the server, to which the patch will be applied.
        rules: The rules of the kind of all documents.
        overwrite: Whether the patch may change fields that others have changed since the last configuration.

    Raises:
        PatchConflict: `overwrite` is false, and the patch would change such a field.
        PatchError: The documents cannot be compared by the rules.
    """
    for document in (original, modified, current):
        check_depth(document)
    additions = diff_objects(current, modified, rules, DiffScope(deletions=False))
    deletions = diff_objects(original, modified, rules, DiffScope(additions=False))
    patch = combine_strategic_patches(deletions, additions, rules)
    if not overwrite:
        changes = diff_objects(original, current, rules, DiffScope(order=False))
        if have_conflicts(patch, changes, rules):
            raise PatchConflict("the patch conflicts with changes that were made to the document since the last patch")
    return patch
