"""Check the arguments of a model's constructor, and bring them into the form that decoding gives.

Lists become tuples, maps are copied, times become UTC. Decoding does not pass through here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubeloop.objects.exact_time import ExactTime
from kubeloop.objects.markers import FrozenMap
from kubeloop.objects.plain_data import plain
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.objects.type_guards import is_items, is_mapping, is_tuple

__all__ = ["absent", "checked", "prepare", "unknown_field"]


def prepare(cls: Any, args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
    """Check the arguments of a constructor and return them in the form that decoding gives.

    Args:
        cls: The class of the model.
        args: The positional arguments, which are refused.
        given: The keyword arguments.

    Returns:
        The values by the attributes that store them, without absent values.

    Raises:
        TypeError: An argument is not a field, or not of the field's type. The message names the class, the field and,
            for a misspelt field, the nearest name.
    """
    if args:
        raise TypeError(f"{cls.__name__} takes keyword arguments only")
    fields = fields_of(cls)
    ready: dict[str, Any] = {}
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            raise TypeError(unknown_field(cls, name))
        if value is None and field.nullable:
            ready[field.stored] = None
        if value is None or value is field.default:
            continue
        shape = field.shape
        if shape.category == "scalar" and not shape.go and type(value) in shape.accepts:
            ready[field.stored] = value
        elif field.category == "lazy":
            from kubeloop.objects.json.encode import lazy_bytes

            ready[field.stored] = lazy_bytes(checked(shape, value, cls.__name__, name))
        else:
            ready[field.stored] = checked(shape, value, cls.__name__, name)
    return ready


def absent(cls: Any, name: str, value: Any) -> bool:
    """Return whether a value means "not given" to a constructor: None, or the default of a list, map or object."""
    field = fields_of(cls)[name]
    if value is None:
        return not field.nullable
    return value is field.default and field.category != "scalar"


def unknown_field(cls: Any, name: str) -> str:
    """Return the message for the name of a field that a class does not have."""
    import difflib

    close = difflib.get_close_matches(name, list(fields_of(cls)), 1)
    return f"{cls.__name__} has no field {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def checked(shape: Shape, value: Any, owner: str, path: str) -> Any:
    """Check one value against its shape and return it: lists become tuples, maps are copied, times become UTC.

    Args:
        shape: The shape of the field, or of an item of it.
        value: The value that a user passed.
        owner: The name of the class, for the error.
        path: The path of the value within the class, for the error.

    Raises:
        TypeError: The value, or a part of it, does not fit; the message names owner and path.
    """
    category = shape.category
    if value is None and shape.optional:
        return None
    if category == "scalar":
        return _scalar(shape, value, owner, path)
    if category == "object":
        if isinstance(value, shape.model):
            model: Any = value
            return model.__unpack__()
        hint = f"; use {shape.model.__name__}.from_dict()" if is_mapping(value) else ""
        raise TypeError(f"{owner}.{path}: expected {shape.model.__name__}, got {type(value).__name__}{hint}")
    if category in ("objects", "list", "lazy"):
        if not is_items(value):
            raise TypeError(f"{owner}.{path}: expected a sequence, got {type(value).__name__}")
        item = shape.item
        assert item is not None
        values = value if is_tuple(value) else tuple(value)
        done = [checked(item, each, owner, f"{path}[{n}]") for n, each in enumerate(values)]
        return values if all(a is b for a, b in zip(values, done, strict=True)) else tuple(done)
    if category in ("map", "object_map"):
        if not is_mapping(value):
            raise TypeError(f"{owner}.{path}: expected a mapping, got {type(value).__name__}")
        item = shape.item
        assert item is not None
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{owner}.{path}: expected keys of str, got {type(key).__name__}")
        return FrozenMap({key: checked(item, each, owner, f"{path}[{key!r}]") for key, each in value.items()})
    return plain(value, f"{owner}.{path}", TypeError)


def _scalar(shape: Shape, value: Any, owner: str, path: str) -> Any:
    accepts = shape.accepts
    held: Any = value
    if not isinstance(value, accepts) or (type(value) is bool and bool not in accepts):
        wanted = " | ".join([kind.__name__ for kind in accepts] + (["None"] if shape.optional else []))
        raise TypeError(f"{owner}.{path}: expected {wanted}, got {type(held).__name__}")
    if accepts == (datetime,):
        if held.utcoffset() is None:
            raise TypeError(f"{owner}.{path}: expected a datetime with a time zone, got a naive one")
        if shape.hint is ExactTime and type(held) is ExactTime and held.text:
            return held  # it was read from a server and keeps its text
        from kubeloop.meta.times import to_utc

        utc = to_utc(held)
        return utc if shape.go == "MicroTime" else utc.replace(microsecond=0)
    return held
