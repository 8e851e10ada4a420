"""Reflection over the annotations of models: the names of each field, the values that it holds, its default.

`fields_of` is computed once per class, on first use. Constructors, drafts, patches and the repair of broken bodies use
it; decoding a well-formed body does not.
"""

from __future__ import annotations

import sys
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Raw

from kubeloop._kit.value import Value
from kubeloop.objects.exact_time import ExactTime
from kubeloop.objects.frozen_struct import FrozenStructMeta
from kubeloop.objects.markers import LAZY, NULLABLE

__all__ = ["Field", "Shape", "fields_of", "shape_of"]

Category = Literal["object", "objects", "list", "map", "object_map", "lazy", "any", "scalar"]


class Shape(Value, frozen=True):
    """The values that an annotation allows."""

    category: Category
    hint: Any
    optional: bool = False
    model: Any = None
    """The class of an object, or of the items of a list or map of objects."""
    item: Shape | None = None
    """The items of a list or map."""
    go: str = ""
    """`Time`, `MicroTime` or `Quantity` for a field for which Go has a type of its own."""
    accepts: tuple[type, ...] = ()
    """The run-time types of a scalar."""


class Field(Value, frozen=True):
    """One field of a model."""

    name: str
    wire: str
    shape: Shape
    default: Any
    always: bool
    """The field is written even when it is zero."""
    secret: bool
    nullable: bool = False
    """Null is a value of the field and differs from absent; both read as None."""

    @property
    def category(self) -> Category:
        """The category of the field's shape."""
        return self.shape.category

    @property
    def stored(self) -> str:
        """The attribute that holds the value: a lazy or nullable field is a property that reads a private attribute."""
        return "_" + self.name if self.nullable or self.shape.category == "lazy" else self.name

    @property
    def absent(self) -> Any:
        """The value of the attribute when the field is absent."""
        return NULLABLE if self.nullable else self.default


def shape_of(hint: Any, *, optional: bool = False) -> Shape:
    """Return the shape that an annotation describes.

    Raises:
        TypeError: A union of other types than scalars, which no model has: what may be of several types is `Any`.
    """
    origin = get_origin(hint)
    if origin is Annotated:
        base, *notes = get_args(hint)
        extra = next((note.extra for note in notes if getattr(note, "extra", None)), None)
        go = extra["go"] if extra else "Time"
        return Shape("scalar", hint, optional, go=go, accepts=(base,))
    if origin is UnionType or origin is Union:
        kinds = [arg for arg in get_args(hint) if arg is not NoneType]
        maybe = len(kinds) < len(get_args(hint))
        if len(kinds) == 1:
            return shape_of(kinds[0], optional=maybe)
        if not all(kind in (int, str, float, bool, bytes) for kind in kinds):
            raise TypeError(f"expected an annotation of one type or of several scalars, got {hint}; use Any for others")
        return Shape("scalar", hint, maybe, accepts=tuple(kinds))
    if isinstance(hint, FrozenStructMeta):
        return Shape("object", hint, optional, model=hint)
    if origin is tuple:
        item = shape_of(get_args(hint)[0])
        objects = item.category == "object" and not item.optional
        return Shape("objects" if objects else "list", hint, optional, model=item.model if objects else None, item=item)
    if origin is dict:
        item = shape_of(get_args(hint)[1])
        objects = item.category == "object" and not item.optional
        return Shape(
            "object_map" if objects else "map", hint, optional, model=item.model if objects else None, item=item
        )
    if hint is ExactTime:
        return Shape("scalar", hint, optional, go="Time", accepts=(datetime,))
    if hint is Any or hint is Raw:  # Raw is a member of a lazy object
        return Shape("any", hint, optional=True)
    accepts = {float: (float, int)}.get(hint, (hint,))
    return Shape("scalar", hint, optional, accepts=accepts)


@cache
def fields_of(cls: Any) -> dict[str, Field]:
    """Return the fields of a model by their Python names, in order, without hidden fields."""
    hints = get_type_hints(cls, include_extras=True)
    found: dict[str, Field] = {}
    stored = zip(cls.__struct_fields__, cls.__struct_encode_fields__, cls.__struct_defaults__, strict=True)
    for attribute, wire, raw_default in stored:
        if raw_default is LAZY:
            name = attribute[1:]
            hint = eval(cls.__lazy__[name], dict(vars(sys.modules[cls.__module__])))  # noqa: S307 (our own annotation)
            item = shape_of(get_args(hint)[0])
            shape = Shape("lazy", hint, model=item.model, item=item)
        elif raw_default is NULLABLE:
            name = attribute[1:]
            shape = shape_of(hints[attribute])
        elif attribute[0] == "_":
            continue
        else:
            name = attribute
            shape = shape_of(hints[attribute])
        always = hasattr(raw_default, "factory")
        nullable = raw_default is NULLABLE
        default = raw_default.factory() if always else None if nullable else raw_default
        found[name] = Field(name, wire, shape, default, always, name in cls.__secret__, nullable)
    return found
