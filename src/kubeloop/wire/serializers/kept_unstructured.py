"""Objects without a model of which only some fields are kept: their JSON is cut on arrival."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from kubeloop.objects.frozen_struct import make
from kubeloop.objects.json.cut import Tree, cutter, value_in
from kubeloop.objects.json.decode_errors import BROKEN
from kubeloop.objects.kept_object import kept_part, not_kept, tree_of_paths
from kubeloop.objects.lazy_object import FailedReads
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured, LazyUnstructuredList, lazy_object

__all__ = ["KeptUnstructured", "kept_unstructured"]


class KeptUnstructured(LazyUnstructured, frozen=True, gc=False):
    """A `LazyUnstructured` whose body has only the kept fields.

    A field is read by its path, `obj.get_in("spec", "size")`. A path that was dropped, or was kept in part, raises
    `NotKept`.
    """

    tree: ClassVar[Tree]
    cut: ClassVar[Any]
    """Cuts the kept fields out of the JSON of an object; Any, because checkers would take a function for a method."""

    if not TYPE_CHECKING:
        __lent__ = ()

        @property
        def _data(self) -> NoReturn:
            raise not_kept(f"{self!r} cannot be read or written as a whole", self.keep)

    @classmethod
    def holding(cls, body: bytes, api_version: str, kind: str, metadata: Any) -> Self:
        """Return the object of a body whose metadata were read, and may borrow parts of it."""
        model = _metadata_class(cls.keep)
        kept = {name: getattr(metadata, name) for name in model.__struct_fields__ if name not in model.__dropped__}
        return cls(cls.cut(body), api_version, kind, make(model, **kept))

    def __getitem__(self, key: str) -> Any:
        self._check(key)
        return LazyUnstructured.__getitem__(self, key)

    def __contains__(self, key: object) -> bool:
        if key not in self.tree:
            self._check(key)
        return LazyUnstructured.__contains__(self, key)

    def __iter__(self) -> Iterator[str]:
        raise not_kept(f"{self!r} cannot be read as a whole", self.keep)

    def get(self, key: str, default: Any = None) -> Any:
        """Return one kept field of the object by its API field name, or `default`."""
        self._check(key)
        return LazyUnstructured.get(self, key, default)

    def get_in(self, *path: str | int, default: Any = None) -> Any:
        """Return the value at a kept path, or `default`."""
        self._check(*path)
        return LazyUnstructured.get_in(self, *path, default=default)

    def _check(self, *path: Any) -> None:
        """Check that a value was kept.

        Raises:
            NotKept: It was dropped, as a whole or in part.
        """
        at: Tree | None = self.tree
        for name in path:
            if at is None:
                return
            if name not in at:
                raise not_kept(f"{'.'.join(map(str, path))} was dropped", self.keep)
            at = at[name]
        if at is not None:
            what = ".".join(map(str, path)) or "the object"
            raise not_kept(f"{what} was kept in part; read its fields by their paths", self.keep)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        if other.body == self.body:
            return True
        try:  # The fields are as they were written, so bodies with the same fields may differ in white space.
            return bool(value_in(other.body, ()) == value_in(self.body, ()))
        except BROKEN:
            return False

    __ne__ = object.__ne__  # a struct has one of its own

    def __hash__(self) -> int:
        return LazyUnstructured.__hash__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self.keep, self.body)


@cache
def kept_unstructured(paths: tuple[str, ...]) -> type[KeptUnstructured]:
    """Return the class of objects without a model that keep only some fields.

    Args:
        paths: The result of `kept_paths`.
    """
    kept: Tree = {"apiVersion": None, "kind": None, **tree_of_paths(paths)}

    class Kept(KeptUnstructured, frozen=True, gc=False):
        keep = paths
        tree = kept
        cut: ClassVar[Any] = staticmethod(cutter(kept))
        failed_reads = FailedReads()

    class KeptList(LazyUnstructuredList):
        __slots__ = ()
        item_type = Kept

    Kept.__name__ = Kept.__qualname__ = KeptUnstructured.__name__
    Kept.list_type = KeptList
    return Kept


def _unpickle(paths: tuple[str, ...], body: bytes) -> KeptUnstructured:
    obj = lazy_object(body, cls=kept_unstructured(paths))
    assert isinstance(obj, KeptUnstructured)
    return obj


@cache
def _metadata_class(paths: tuple[str, ...]) -> Any:
    from kubeloop.models import meta_v1

    return kept_part(meta_v1.ObjectMeta, paths, "metadata.")
