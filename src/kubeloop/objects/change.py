"""Change: the value before, the value after, and the patches that say the difference.

What lives here: the value that `draft().finish()` gives, for models and for objects without one. How the patches are
found is in `_model_diff` and `_data_diff`; sending them is the clients' work.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from kubeloop.objects.data_diff import Ops, data_merge, data_ops, merge_loses
from kubeloop.objects.model import Model
from kubeloop.objects.model_diff import model_merge, model_ops, rewrites

__all__ = ["Change"]

T = TypeVar("T")


class Change(Generic[T]):
    """What a draft's `finish()` found; false when nothing changed.

    Args:
        before: the value that was read; both are models of one class, or both `Unstructured`.
        after: the value that shall be.
    """

    __slots__ = ("after", "before")

    def __init__(self, before: T, after: T) -> None:
        self.before = before
        self.after = after

    def __bool__(self) -> bool:
        return self.before is not self.after

    def __repr__(self) -> str:
        places = [op["path"] for op in self.json_patch()]
        return f"<Change of {type(self.before).__name__}: {', '.join(places) or 'nothing'}>"

    def merge_patch(self, *, guard: bool = False) -> dict[str, Any]:
        """Give the RFC 7386 merge patch: small, but it sends changed lists whole.

        Args:
            guard: set `metadata.resourceVersion` to the one that was read, so that a server answers 409 Conflict when
                the object has changed since. A patch that changes nothing stays empty.

        Raises: ValueError when there is no resourceVersion to guard with.
        """
        before: Any = self.before
        if isinstance(before, Model):
            patch = model_merge(before, self.after)
        else:
            patch = data_merge(_data(before), _data(self.after))
        if guard and patch:
            version = self._version()
            patch["metadata"] = {**cast("dict[str, Any]", patch.get("metadata") or {}), "resourceVersion": version}
        return patch

    def json_patch(self, *, test: bool = False, guard: bool = False) -> list[dict[str, Any]]:
        """Give the RFC 6902 JSON patch: it edits items of lists in place and so loses nothing that we do not know.

        Its indexes are those of the object that was read: send it with `guard=True`.

        Args:
            test: test single values before they are replaced; the server answers 422 when one differs.
            guard: as for `merge_patch`.

        Raises: ValueError when there is no resourceVersion to guard with.
        """
        ops: Ops = []
        before: Any = self.before
        if isinstance(before, Model):
            model_ops(before, self.after, "", ops, test=test)
        else:
            data_ops(_data(before), _data(self.after), "", ops, test=test)
        if guard and ops:
            version = self._version()
            ops = [op for op in ops if op["path"] != "/metadata/resourceVersion"]
            ops.insert(0, {"op": "replace", "path": "/metadata/resourceVersion", "value": version})
        return ops

    def rewrites_objects(self) -> bool:
        """Say if the merge patch would send a whole list of objects (and so erase what our models do not know in it).

        It is true as well where a merge patch cannot say a null. Send the JSON patch then.
        """
        before: Any = self.before
        if isinstance(before, Model):
            return rewrites(before, self.after)
        return merge_loses(_data(before), _data(self.after))

    def _version(self) -> str:
        before: Any = self.before
        version = getattr(before.metadata, "resource_version", "")
        if not version:
            raise ValueError(f"{type(before).__name__} was not read from a server: it has no resourceVersion")
        return str(version)


def _data(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value.to_dict())
