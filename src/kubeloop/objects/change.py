"""Change: the value before, the value after, and the patches that lead from one to the other."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from kubeloop.objects.compare_data import member_edits
from kubeloop.objects.compare_models import model_difference
from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.merge_and_json_patches import Members, Ops

__all__ = ["Change"]

T = TypeVar("T")


class Change(Generic[T]):
    """The difference of two values of one object, which a draft's `finish()` returns; false when nothing changed.

    The difference is computed once, on first use. Both patches are derived from it, and belong to the caller.

    Args:
        before: The value that was read; both values are models of one class, or both `Unstructured`.
        after: The value after the change.
    """

    __slots__ = ("_found", "after", "before")

    def __init__(self, before: T, after: T) -> None:
        self.before = before
        self.after = after
        self._found: Members | None = None

    def __bool__(self) -> bool:
        return self.before is not self.after

    def __repr__(self) -> str:
        places = [op["path"] for op in self.json_patch()]
        return f"<Change of {type(self.before).__name__}: {', '.join(places) or 'nothing'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Change, (self.before, self.after)

    def changed_fields(self) -> list[str]:
        """Return the API field names of the object's own fields that differ, for example `["metadata", "spec"]`."""
        return list(self._difference().edits)

    def merge_patch(self, *, guard: bool = False) -> dict[str, Any]:
        """Return the RFC 7386 merge patch: it is small, but sends changed lists as a whole.

        Args:
            guard: Set `metadata.resourceVersion` to the one that was read, so that a server responds with 409 Conflict
                when the object has changed since. A patch that changes nothing stays empty.

        Raises:
            ValueError: The object has no resourceVersion to guard with.
        """
        patch = self._difference().merge()
        if guard and patch:
            version = self._version()
            patch["metadata"] = {**cast("dict[str, Any]", patch.get("metadata") or {}), "resourceVersion": version}
        return patch

    def json_patch(self, *, test: bool = False, guard: bool = False) -> list[dict[str, Any]]:
        """Return the RFC 6902 JSON patch: it edits items of lists in place and so keeps fields that we do not know.

        Its indexes are those of the object that was read: send it with `guard=True`.

        Args:
            test: Test single values before they are replaced; the server responds with 422 when a value differs.
            guard: As for `merge_patch`.

        Raises:
            ValueError: The object has no resourceVersion to guard with.
        """
        ops: Ops = []
        self._difference().write_ops("", ops, test=test)
        if guard and ops:
            version = self._version()
            ops = [op for op in ops if op["path"] != "/metadata/resourceVersion"]
            ops.insert(0, {"op": "replace", "path": "/metadata/resourceVersion", "value": version})
        return ops

    def rewrites_objects(self) -> bool:
        """Return whether the merge patch would lose something, so that the JSON patch must be sent.

        A merge patch that sends a list of objects as a whole erases fields of its items that our models do not know.
        It also cannot set a field to null.
        """
        return self._difference().loses()

    def _difference(self) -> Members:
        if self._found is None:
            before: Any = self.before
            if isinstance(before, FrozenStruct):
                self._found = model_difference(before, self.after)
            else:
                self._found = Members(member_edits(_data(before), _data(self.after)))
        return self._found

    def _version(self) -> str:
        before: Any = self.before
        version = getattr(before.metadata, "resource_version", "")
        if not version:
            raise ValueError(
                f"{type(before).__name__}: expected a resourceVersion to guard the patch with, got none; the object "
                "was not read from a server"
            )
        return str(version)


def _data(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value.to_dict())
