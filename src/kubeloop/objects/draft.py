"""Drafts: mutable, typed views of frozen objects.

A draft holds its base and the fields that were touched; the draft of a part is created when the part is first read.
Drafts have no pointers to their parents: a part that was read but never changed stays absent. `to_dict()` has every
field that was assigned, zeros too, because server-side apply claims the fields that it sends.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

import msgspec

from kubeloop.objects.construct import unknown_field
from kubeloop.objects.draft_views import (
    VIEWS,
    Dicts,
    Lists,
    ObjectMap,
    Objects,
    Pending,
    ViewMap,
    Views,
    closed,
    empty_of,
    opened,
    taken,
)
from kubeloop.objects.equality import same
from kubeloop.objects.frozen_struct import FrozenStruct, make
from kubeloop.objects.given_fields import given_of, noted, noted_removals
from kubeloop.objects.json.encode import lazy_bytes
from kubeloop.objects.json.encode_given import head_of, written
from kubeloop.objects.markers import NULLABLE
from kubeloop.objects.reflection import Field, fields_of
from kubeloop.objects.type_guards import class_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.objects.change import Change

__all__ = [
    "Dicts",
    "Draft",
    "Lists",
    "Nested",
    "ObjectMap",
    "Objects",
    "ViewMap",
    "Views",
    "configuration",
    "draft_class",
    "set_fields",
]

M = TypeVar("M", bound=FrozenStruct)
D = TypeVar("D")
_replace: Any = msgspec.structs.replace

if TYPE_CHECKING:

    class Nested(Generic[M, D]):
        """A part of an object: reading returns its draft, never None.

        A model, a draft, a mapping with API field names, or None can be assigned.
        """

        def __get__(self, obj: Draft[Any], owner: object = None) -> D: ...
        def __set__(self, obj: Draft[Any], value: M | D | Mapping[str, object] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...

else:

    class Nested:
        """A part of an object, in stubs."""


class Draft(Pending, Generic[M]):
    """A mutable view of one object; None or `del` makes a field absent.

    Where a schema says that null is a value, None assigns null, and only `del` makes the field absent.

    The draft owns every level of the values that it returns: the object that it was made from never changes.

    Args:
        base: what to start from; None starts from nothing (`core_v1.Pod.Draft()`).
    """

    # _said: the fields that were assigned (True) or made absent (False); fields that were only read are missing.
    __slots__ = ("_base", "_said", "_set")
    _model: ClassVar[Any]
    _base: M | None
    _set: dict[str, Any]
    _said: dict[str, bool]

    def __init__(self, base: M | None = None) -> None:
        object.__setattr__(self, "_base", base)
        object.__setattr__(self, "_set", {})
        object.__setattr__(self, "_said", {})

    def finish(self) -> Change[M]:
        """Return the change; the draft stays usable, and later finishes start from the same base.

        Raises:
            TypeError: Free-form data contains a value without a JSON form.
        """
        from kubeloop.objects.change import Change

        base: Any = self._base if self._base is not None else self._model()
        new = self._build()
        return Change(base, base if new is None else new)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value with the fields of the base and those that were assigned, zeros and empty lists too."""
        return head_of(self._model) | self._data()

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
                value = self._set[name]
                if value is None or value is _NULL:
                    value = field.default
                elif field.category in ("any", "scalar"):
                    return value
            else:
                value = _read(self._base, field)
            if value is None and field.category in VIEWS:  # absent or null, but nullable
                value = empty_of(field.shape)
            own = self._open(field, value)
            if own is not value:
                self._set[name] = own
            return own

        def __setattr__(self, name: str, value: Any) -> None:
            field = fields_of(self._model).get(name)
            if field is None:
                raise AttributeError(unknown_field(self._model, name))
            self._said[name] = value is not None or field.nullable
            if value is None:
                self._set[name] = _NULL if field.nullable else None
            elif value is not self._set.get(name):  # `draft.finalizers += [...]` puts the same view back
                value = taken(field.shape, value, self._model.__name__, name)
                self._set[name] = value if field.category == "object" else self._open(field, value)

        def __delattr__(self, name: str) -> None:
            setattr(self, name, None)
            self._set[name], self._said[name] = None, False

    def _open(self, field: Field, value: Any) -> Any:
        """Return the mutable form of a field's value: a draft, a view, or a copy of free-form data."""
        if field.category == "object" and not isinstance(value, Pending):
            return field.shape.model.Draft(None if value is field.default else value)
        base = _read(self._base, field)
        if base is None and field.category in VIEWS:
            base = empty_of(field.shape)
        return opened(field, value, self._model.__name__, base=base)

    def _build(self) -> Any:
        """Return the frozen value: the base if nothing changed, None if there is no base either."""
        base, changed, removed = self._base, dict[str, Any](), list[str]()
        for name, value in self._set.items():
            field = fields_of(self._model)[name]
            if field.nullable:
                self._build_nullable(field, value, changed)
                continue
            old = _read(base, field)
            new = self._closed(field, value)
            if self._said.get(name) is False and new is field.default:
                if old is field.default:
                    continue
                removed.append(name)  # also null and an empty list, which are other than absent
            elif same(new, old):
                if field.category != "object" or (new is field.default) is (old is field.default):
                    continue  # an empty object is another value than none
            elif _is_empty(field, new) and _is_empty(field, old):
                continue
            changed[field.stored] = lazy_bytes(new) if field.category == "lazy" else new
        if not changed:
            return base
        new = make(self._model, **changed) if base is None else _replace(base, **changed)
        given = () if base is None else given_of(base)
        if given is None:
            return noted_removals(new, removed) if removed else new
        names = dict.fromkeys((*given, *(name for name in self._set if fields_of(self._model)[name].stored in changed)))
        return noted(new, [name for name in names if name not in removed])

    def _build_nullable(self, field: Field, value: Any, changed: dict[str, Any]) -> None:
        """Record the change of a field in which null and absent are different values, if it changed."""
        old = NULLABLE if self._base is None else getattr(self._base, field.stored)
        said = self._said.get(field.name)
        new = None if value is _NULL else NULLABLE if value is None else self._closed(field, value)
        if value is not _NULL and not said and (new is None or _is_empty(field, new)):  # nothing was written
            new = old if said is None else NULLABLE
        if new is not old and not same(new, old):
            changed[field.stored] = new

    def _closed(self, field: Field, value: Any) -> Any:
        said = self._said.get(field.name)
        if value is None:
            return field.default
        if isinstance(value, Draft):
            built = value._build()
            return built if built is not None else value._model() if said else field.default
        new = closed(field, value, self._model.__name__)
        # A list or map that was made absent, and read since, is still absent.
        return field.default if said is False and _is_empty(field, new) else new

    def _data(self, path: str = "", *, strict: bool = False) -> dict[str, Any]:
        """Return the JSON value with every assigned field, without kind and apiVersion."""
        base: Any = self._base
        data: dict[str, Any] = {} if base is None else written(base, None, path, strict=strict)
        for name, value in self._set.items():
            field = fields_of(self._model)[name]
            said = self._said.get(name)
            at = f"{path}.{field.wire}".lstrip(".")
            if value is None:
                data.pop(field.wire, None)
            elif value is _NULL:
                data[field.wire] = None
            elif isinstance(value, Pending):
                inner = value._data(at, strict=strict)
                if inner or said or (said is None and field.wire in data):
                    data[field.wire] = inner
                else:
                    data.pop(field.wire, None)
            else:
                data[field.wire] = written(self._closed(field, value), field.shape, at, strict=strict)
        return data

    def __dir__(self) -> list[str]:
        head = ("api_version", "kind", "namespaced", "resource") if self._model.__kind_head__ else ()
        return sorted([*fields_of(self._model), *head, "finish", "to_dict"])

    def __bool__(self) -> bool:
        return self._build() is not None

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a draft cannot be copied or pickled: open another with draft(), or keep what finish() gives")


def _read(base: Any, field: Field) -> Any:
    """Return the base's value of a field; an absent list or map is the shared empty one."""
    if base is None:
        return empty_of(field.shape) if field.category == "lazy" else field.default
    return getattr(base, field.name)


_NULL = object()
"""Marks a field to which null was assigned as a value."""


def _is_empty(field: Field, value: Any) -> bool:
    """Return whether a list or map has no items; an empty value of free-form data is a value."""
    return field.category in VIEWS and value is not None and len(value) == 0


@cache
def draft_class(model: Any) -> Any:
    """Return the draft class of a model."""
    name = f"{model.__qualname__}.Draft"
    return type(
        "Draft", (Draft,), {"_model": model, "__slots__": (), "__qualname__": name, "__module__": model.__module__}
    )


def set_fields(obj: Any) -> dict[str, Any]:
    """Return the JSON value of the fields that were set in a model or a draft, without kind: a merge patch.

    Raises:
        ValueError: The model was read from a server, or the draft is of such a model; the message names the path.
    """
    data: dict[str, Any] = written(obj, strict=True) if isinstance(obj, FrozenStruct) else obj._data(strict=True)
    return data


def configuration(obj: Any) -> dict[str, Any]:
    """Return the JSON value of the fields that were set in a model or a draft, with kind: the body of an apply.

    Raises:
        ValueError: As for `set_fields`.
    """
    return head_of(class_of(obj) if isinstance(obj, FrozenStruct) else obj._model) | set_fields(obj)
