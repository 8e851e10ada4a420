"""Drafts: a mutable, typed view of a frozen object. What was not touched is shared, what was is the patch.

A draft is a base and the fields that were touched; sub-drafts are made when they are read. There are no pointers to
parents: a sub-object that was read through but never written builds to nothing and stays absent. `finish()` gives a
`Change` with the new value and the patches; `to_dict()` says everything that was assigned, zeros too, which is what
server-side apply needs (a zero that equals the default is no change, but it claims the field).

`Nested`, `Objects`, `ObjectMap`, `Lists` and `Dicts` are what stubs call the fields of drafts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

import msgspec

from kubeloop.models._base import Kind, Model
from kubeloop.models._construct import unknown_field
from kubeloop.models._encode import dumps, lazy_bytes, loads, value_of
from kubeloop.models._fields import Field, fields_of
from kubeloop.models._guards import is_dict, is_list, is_tuple
from kubeloop.models._markers import FrozenMap
from kubeloop.models._metaclass import StructMeta
from kubeloop.models._views import Dicts, Lists, ObjectMap, Objects, Pending, empty_of, freeze, taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.models.change import Change

__all__ = ["Dicts", "Draft", "Lists", "Nested", "ObjectMap", "Objects", "draft_class"]

M = TypeVar("M", bound=Model)
D = TypeVar("D")
_make: Any = StructMeta.__call__
_replace: Any = msgspec.structs.replace

if TYPE_CHECKING:

    class Nested(Generic[M, D]):
        """A sub-object: reads as its draft, never None; takes a model, a draft, data with wire names, or None."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> D: ...
        def __set__(self, obj: Draft[Any], value: M | D | Mapping[str, object] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...

else:

    class Nested:
        """A sub-object, in stubs."""


_VIEWS: dict[str, Callable[..., Any]] = {
    "objects": Objects,
    "lazy": Objects,
    "list": Lists,
    "map": Dicts,
    "object_map": ObjectMap,
}


class Draft(Pending, Generic[M]):
    """A mutable view of one object; None or `del` makes a field absent.

    Args:
        base: what to start from; None starts from nothing (`core_v1.Pod.Draft()`).
    """

    __slots__ = ("_assigned", "_base", "_set")
    _model: ClassVar[Any]
    _base: M | None
    _set: dict[str, Any]
    _assigned: bool

    def __init__(self, base: M | None = None) -> None:
        object.__setattr__(self, "_base", base)
        object.__setattr__(self, "_set", {})
        object.__setattr__(self, "_assigned", False)

    def finish(self) -> Change[M]:
        """Give the change; the draft stays usable, and later finishes start from the same base."""
        from kubeloop.models.change import Change

        base: Any = self._base if self._base is not None else self._model()
        new = self._build()
        return Change(base, base if new is None else new)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON value with every field that the base has or that was assigned, zeros and empty lists too."""
        data = self._data()
        if issubclass(self._model, Kind) and self._model.kind:
            return {"apiVersion": self._model.api_version, "kind": self._model.kind} | data
        return data

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):  # protocols that Python or a debugger asks for
                raise AttributeError(name)
            field = fields_of(self._model).get(name)
            if field is None:
                if name in ("kind", "api_version", "namespaced", "resource") and hasattr(self._model, name):
                    return getattr(self._model, name)
                raise AttributeError(unknown_field(self._model, name))
            if name in self._set:
                value, assigned = self._set[name], True
            else:
                value, assigned = _read(self._base, field), False
            if isinstance(value, Pending):
                return value
            if field.category == "object":
                value = self._set[name] = field.shape.model.Draft(None if value is field.default else value)
                object.__setattr__(value, "_assigned", assigned)
            elif field.category in _VIEWS:
                base = _read(self._base, field)
                view = _VIEWS[field.category](self._model.__name__, field, base, assigned=assigned)
                if assigned:
                    view._items = type(view._items)(value)
                value = self._set[name] = view
            elif is_dict(value) or is_list(value):  # free-form data: a copy that may be changed
                value = self._set[name] = loads(dumps(value))
            return value

        def __setattr__(self, name: str, value: Any) -> None:
            field = fields_of(self._model).get(name)
            if field is None:
                raise AttributeError(unknown_field(self._model, name))
            if value is not None:
                value = taken(field.shape, value, self._model.__name__, name)
            self._set[name] = field.default if value is None else value

        def __delattr__(self, name: str) -> None:
            setattr(self, name, None)

    def _build(self) -> Any:
        """Give the frozen value; the base when nothing changed, None when there is neither."""
        base, changed = self._base, dict[str, Any]()
        for name, value in self._set.items():
            field = fields_of(self._model)[name]
            old = _read(base, field)
            new = _frozen(value)
            if isinstance(value, Draft) and new is None:  # read through, never written
                new = value._model() if value._assigned and old is not field.default else old
            if new is old or _same(new, old):
                continue
            changed[field.stored] = lazy_bytes(new) if field.category == "lazy" else new
        if not changed:
            return base
        return _make(self._model, **changed) if base is None else _replace(base, **changed)

    def _data(self) -> dict[str, Any]:
        """Give the JSON value with everything that was assigned, without kind and apiVersion."""
        base: Any = self._base
        data: dict[str, Any] = {} if base is None else value_of(base)
        for name, value in self._set.items():
            field = fields_of(self._model)[name]
            if isinstance(value, Pending):
                inner = value._data()
                kept: Any = value
                if inner or kept._assigned or field.wire in data:
                    data[field.wire] = inner
            elif value is None or (value is field.default and field.category in ("object", *_VIEWS)):
                data.pop(field.wire, None)
            else:
                items = freeze(value)
                data[field.wire] = value_of(items, field.shape)
        return data

    def __bool__(self) -> bool:
        return self._build() is not None

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a draft cannot be copied or pickled: open another with draft(), or keep what finish() gives")


def _read(base: Any, field: Field) -> Any:
    """What the base has; an absent list or map is the shared empty one."""
    if base is None:
        return empty_of(field.shape) if field.category == "lazy" else field.default
    return getattr(base, field.name)


def _frozen(value: Any) -> Any:
    if isinstance(value, Pending):
        return value._build()
    if is_tuple(value):
        return value if not any(isinstance(each, Pending) for each in value) else tuple(map(freeze, value))
    if is_dict(value) and any(isinstance(each, Pending) for each in value.values()):
        return FrozenMap({key: freeze(each) for key, each in value.items()})
    return value


def _same(new: Any, old: Any) -> bool:
    """Say if a new value is no change: equal, where an absent list or map equals an empty one."""
    if (is_tuple(old) and is_tuple(new)) or (is_dict(old) and is_dict(new)):
        return old == new
    return (type(new) is type(old) and bool(new == old)) or (_is_empty(new) and _is_empty(old))


def _is_empty(value: Any) -> bool:
    """Say if this is a list or map without items."""
    return not isinstance(value, (str, bytes, int, float)) and hasattr(value, "__len__") and len(value) == 0


@cache
def draft_class(model: Any) -> Any:
    """The draft class of a model."""
    name = f"{model.__qualname__}.Draft"
    return type(
        "Draft", (Draft,), {"_model": model, "__slots__": (), "__qualname__": name, "__module__": model.__module__}
    )
