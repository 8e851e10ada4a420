"""What `help()`, `dir()` and `inspect.signature()` show of a model: fields and methods without the machinery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.objects.reflection import Field, Shape, fields_of

if TYPE_CHECKING:
    from inspect import Signature

__all__ = ["describe", "names_of", "signature_of"]


def names_of(cls: Any) -> list[str]:
    """Return the public names of a model: fields, methods and class variables, in alphabetical order."""
    found: set[str] = set(fields_of(cls))
    for base in cls.__mro__:
        members: Mapping[str, Any] = base.__dict__
        found.update(name for name in members if not name.startswith("_"))
    return sorted(found)


def signature_of(cls: Any) -> Signature:
    """Return the signature of a model's constructor, with the types that its stub declares."""
    from inspect import Parameter, Signature

    return Signature(
        [
            Parameter(name, Parameter.KEYWORD_ONLY, default=field.default, annotation=_field_text(field))
            for name, field in fields_of(cls).items()
        ]
    )


def describe(cls: Any) -> str:
    """Return the docstring of a generated model, which has none of its own: its kind and its fields."""
    head = f"{cls.kind} of {cls.api_version}." if cls.__kind_head__ else f"{cls.__name__}, a part of an object."
    lines = [head, "", "Change it through `draft()`; it is immutable."]
    fields = fields_of(cls).values()
    if fields:
        lines += ["", "Fields, with their names in JSON where these differ:"]
    for field in fields:
        wire = f"  ({field.wire})" if field.wire != field.name else ""
        lines.append(f"    {field.name}: {_field_text(field)}{wire}")
    return "\n".join(lines)


def _field_text(field: Field) -> str:
    text = _type_text(field.shape)
    # A list or map that may be null on the wire reads as empty.
    return text if field.nullable or field.shape.item is None else text.removesuffix(" | None")


def _type_text(shape: Shape) -> str:
    if shape.category == "any":
        return "Any"
    if shape.category == "object":
        text = shape.model.__name__
    elif shape.item is None:
        text = " | ".join(kind.__name__ for kind in shape.accepts)
    elif shape.category in ("map", "object_map"):
        text = f"Mapping[str, {_type_text(shape.item)}]"
    else:
        text = f"Sequence[{_type_text(shape.item)}]"
    return f"{text} | None" if shape.optional else text
