"""Objects of which only some fields are kept: hidden subclasses of models that drop the other fields when decoding.

`kept_class(Pod, paths)` is a class like any other for a decoder, a list and a watch. Reading a field that was dropped
raises `NotKept`, because a default in its place would be a false statement about the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NoReturn, TypeVar, cast

import msgspec

from kubeloop.errors import NotKept
from kubeloop.objects.field_path import no_such_field
from kubeloop.objects.json.cut import Tree
from kubeloop.objects.json.decode import read
from kubeloop.objects.json.encode import rewrite
from kubeloop.objects.lazy_object import as_default, give_list_class, names_of
from kubeloop.objects.markers import LAZY, NULL_BYTES, NULL_MAP, NULL_SEQ
from kubeloop.objects.reflection import Field, fields_of

__all__ = ["ALWAYS_KEPT", "chosen_paths", "kept_class", "kept_part", "kept_paths", "not_kept", "tree_of_paths"]

T = TypeVar("T")

ALWAYS_KEPT = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.resourceVersion", "metadata.labels")
"""The fields that an informer needs: identity, version, and the labels for selectors."""

# Before the API field name of a dropped field: no server sends such a name, and the decoder skips the real one.
_DROPPED = "(dropped) "
_struct_equal: Any = msgspec.Struct.__eq__


def kept_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths to keep, sorted, with those that are always kept and without parts of others.

    Raises:
        ValueError: A path is not a path of field names.
        TypeError: One text was passed instead of several.
    """
    if isinstance(paths, str):
        raise TypeError(f"expected several paths of field names such as ('spec.nodeName',), got the text {paths!r}")
    found = {*ALWAYS_KEPT, *paths}
    for path in found:
        if not all(path.split(".")):
            raise ValueError(f"expected a path of field names such as 'spec.nodeName', got {path!r}")
    return tuple(sorted(path for path in found if not any(path.startswith(f"{other}.") for other in found)))


def tree_of_paths(paths: tuple[str, ...]) -> Tree:
    """Return paths of which none is a part of another as a tree."""
    tree: Tree = {}
    for path in paths:
        *parents, last = path.split(".")
        at = tree
        for name in parents:
            at = at.setdefault(name, {})
        at[last] = None
    return tree


@cache
def kept_class(cls: type[T], paths: tuple[str, ...]) -> type[T]:
    """Return the class that keeps only some fields of a kind; its objects are instances of the kind.

    Args:
        cls: A Kind.
        paths: The result of `kept_paths`.

    Raises:
        ValueError: The kind has no such field, or a path leads into a list or a map, which is kept as a whole or not.
    """
    kind: Any = cls
    hidden = _cut(kind, paths, "")
    type.__setattr__(hidden, "keep", paths)
    give_list_class(kind, hidden)
    return cast("type[T]", hidden)


def kept_part(model: Any, paths: tuple[str, ...], at: str) -> Any:
    """Return the class that keeps only some fields of a part of a kind; the model, if all are kept.

    Args:
        model: The model of the part.
        paths: The paths that are kept of the kind.
        at: The path of the part, with a dot behind it.
    """
    return model if at[:-1] in paths else _cut(model, paths, at)


@cache
def _cut(model: Any, paths: tuple[str, ...], at: str) -> Any:
    """Return the hidden subclass of a model that drops fields.

    Args:
        model: The model.
        paths: The paths that are kept of the kind.
        at: The path of the model in the kind, with a dot behind it.
    """
    fields = fields_of(model)
    tree = tree_of_paths(tuple(path.removeprefix(at) for path in paths if path.startswith(at)))
    _check_names(model, tree, {field.wire for field in fields.values()}, at)
    defaults = dict(zip(model.__struct_fields__, model.__struct_defaults__, strict=True))
    hints: dict[str, Any] = {}
    values: dict[str, Any] = {}
    rename: dict[str, str] = {}
    kept: list[tuple[Any, Field]] = []
    dropped: list[Field] = []
    for field in fields.values():
        below = tree.get(field.wire, _NOTHING)
        if below is _NOTHING:
            dropped.append(field)
            hints[field.stored], values[field.stored] = Any, None
            rename[field.stored] = _DROPPED + field.wire
        elif below is None:
            kept.append((getattr(model, field.stored), field))
        else:
            if field.category != "object":
                raise ValueError(f"{model.__name__}: expected a path through objects, got one below {at}{field.wire}")
            inner = _cut(field.shape.model, paths, f"{at}{field.wire}.")
            hints[field.stored] = inner | None if field.shape.optional else inner
            values[field.stored] = as_default(defaults[field.stored])
            rename[field.stored] = field.wire

    def reduce(self: Any) -> tuple[Any, ...]:
        return _unpickle, (model, paths, at, rewrite(self))

    namespace: dict[str, Any] = {
        "__annotations__": hints,
        **values,
        **names_of(model),
        "__class__": property(lambda _: model),
        "__post_init__": _settle(kept),
        "__dropped__": frozenset(field.stored for field in dropped),
        "__eq__": _struct_equal,
        "__ne__": object.__ne__,
        "__hash__": model.__hash__,
        "__reduce__": reduce,
        "__unpack__": _refuse_whole(model, paths),
    }
    hidden = type(model)(model.__name__, (model,), namespace, rename=rename)
    for field in dropped:
        refuse = property(_refuse(field, paths, at))
        for name in {field.name, field.stored}:
            type.__setattr__(hidden, name, refuse)
    return hidden


_NOTHING: Any = object()


def _check_names(model: Any, tree: Tree, known: set[str], at: str) -> None:
    for name in tree:
        if name not in known:
            raise no_such_field(model, name, known, f"{at}{name}")


def _settle(kept: list[tuple[Any, Field]]) -> Callable[[Any], None]:
    """Return the `__post_init__`, which does for kept fields what that of the model does."""
    lazy = [slot for slot, field in kept if field.category == "lazy"]
    nulls = [(slot, _null_of(field)) for slot, field in kept if field.default is not None and not field.nullable]
    nulls = [(slot, empty) for slot, empty in nulls if empty is not None]

    def settle(self: Any) -> None:
        for slot, empty in nulls:
            if slot.__get__(self) is None:
                slot.__set__(self, empty)
        for slot in lazy:
            value = slot.__get__(self)
            if value is not LAZY:
                slot.__set__(self, LAZY if bytes(value) == b"null" else value.copy())

    return settle


def _null_of(field: Field) -> Any:
    if field.category in ("list", "objects"):
        return NULL_SEQ
    if field.category in ("map", "object_map"):
        return NULL_MAP
    return NULL_BYTES if field.default is NULL_BYTES else None


def not_kept(what: str, paths: tuple[str, ...]) -> NotKept:
    """Return the error of an operation that needs what was dropped."""
    return NotKept(f"{what}: the keep= of its informer has {chosen_paths(paths) or 'no other fields'}")


def chosen_paths(paths: tuple[str, ...]) -> str:
    """Return the paths for a message, without those that are always kept."""
    return ", ".join(path for path in paths if path not in ALWAYS_KEPT)


def _refuse(field: Field, paths: tuple[str, ...], at: str) -> Callable[[Any], NoReturn]:
    def refuse(_: Any) -> NoReturn:
        raise not_kept(f"{at}{field.wire} was dropped", paths)

    return refuse


def _refuse_whole(model: Any, paths: tuple[str, ...]) -> Callable[[Any], NoReturn]:
    def refuse(_: Any) -> NoReturn:
        raise not_kept(f"{model.__name__}: it cannot be written as a whole, which would remove other fields", paths)

    return refuse


def _unpickle(model: Any, paths: tuple[str, ...], at: str, body: bytes) -> Any:
    return read(body, _cut(model, paths, at))
