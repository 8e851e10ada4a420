"""JSON merge patches, computed from three documents as `kubectl apply` does for kinds without patch keys."""

from __future__ import annotations

from typing import Any

from kubeloop.wire.patches.json_depth import check_depth
from kubeloop.wire.patches.json_equality import same_json
from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.patches.patch_errors import PatchConflict

__all__ = ["three_way_merge_patch"]

_Object = dict[str, Any]
_NULL: Any = None


def three_way_merge_patch(original: _Object, modified: _Object, current: _Object) -> _Object:
    """Return the merge patch that brings a configuration to the server (CreateThreeWayJSONMergePatch).

    The patch deletes what the configuration had and no longer has, and sets what differs from the current document.
    Fields that only the current document has remain.

    Args:
        original: The configuration that was applied last.
        modified: The configuration now.
        current: The document on the server, to which the patch will be applied.

    Raises:
        PatchConflict: A field would be set and deleted.
        MalformedPatch: A document is nested too deeply.
    """
    for document in (original, modified, current):
        check_depth(document)
    additions = _additions(_diff(current, modified))
    deletions = _deletions(_diff(original, modified))
    if _conflict(additions, deletions):
        raise PatchConflict("the configuration sets a field that the patch would delete")
    return apply_merge_patch(deletions, additions)  # type: ignore[no-any-return]  # of two objects, an object


def _diff(original: _Object, modified: _Object) -> _Object:
    """Return the merge patch that changes one object into another (jsonpatch.CreateMergePatch)."""
    patch: _Object = {}
    for name, after in modified.items():
        before: Any = original.get(name, _NULL)
        if name not in original:
            patch[name] = after
        elif before.__class__ is dict and after.__class__ is dict:
            inner = _diff(before, after)
            if inner:
                patch[name] = inner
        elif not same_json(before, after):
            patch[name] = after
    for name in original:
        if name not in modified:
            patch[name] = None
    return patch


def _additions(patch: _Object) -> _Object:
    """Return a patch without its nulls. An object that is set to be empty remains."""
    found: _Object = {}
    for name, value in patch.items():
        if value.__class__ is dict and value:
            value = _additions(value)
            if not value:
                continue
        if value is not None:
            found[name] = value
    return found


def _deletions(patch: _Object) -> _Object:
    """Return the nulls of a patch."""
    found: _Object = {}
    for name, value in patch.items():
        if value is None:
            found[name] = None
        elif value.__class__ is dict and (inner := _deletions(value)):
            found[name] = inner
    return found


def _conflict(left: Any, right: Any) -> bool:
    """Return whether two patches contain different values for a field (mergepatch.HasConflicts)."""
    if left.__class__ is dict and right.__class__ is dict:
        return any(name in right and _conflict(value, right[name]) for name, value in left.items())
    return not same_json(left, right)
