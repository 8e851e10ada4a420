"""Encode only what was given: the JSON values that `to_dict` returns and that apply and patches send.

They have the fields that a constructor or a document set, zeros too (see `objects.given_fields`), and the members that
the class does not have.
"""

from __future__ import annotations

from typing import Any

from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.given_fields import given_of, is_null
from kubeloop.objects.json.encode import loads, rewrite, value_of
from kubeloop.objects.markers import NULLABLE
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_mapping, is_tuple
from kubeloop.objects.unknown_members import rest_of

__all__ = ["head_of", "written"]


def written(value: Any, shape: Shape | None = None, path: str = "", *, strict: bool = False) -> Any:
    """Return the JSON value with the fields that were given, zeros too, and no others.

    Args:
        value: A model, or the value of a field. A model is written without kind and apiVersion.
        shape: The shape of the field.
        path: The path of the value in API field names, for the error.
        strict: Refuse a model whose given fields are not known. Otherwise such a model is written as a whole.

    Raises:
        ValueError: A model was read from a server; the message names its path.
    """
    item = shape.item if shape is not None else None
    if isinstance(value, FrozenStruct):
        return _written_model(value, path, strict=strict)
    if is_tuple(value):
        return [
            each if _is_plain(each) else written(each, item, f"{path}[{n}]", strict=strict)
            for n, each in enumerate(value)
        ]
    if item is not None and is_mapping(value):
        return {
            key: each if _is_plain(each) else written(each, item, f"{path}[{key!r}]", strict=strict)
            for key, each in value.items()
        }
    return value_of(value, shape)


def _written_model(obj: Any, path: str, *, strict: bool) -> dict[str, Any]:
    given, cls = given_of(obj), class_of(obj)
    if given is None:
        if strict:
            raise ValueError(
                f"{path or cls.__name__}: this {cls.__name__} was read from a server (or made from one that was), so "
                "which of its zeros were set is not known, and sending them could overwrite fields that you never "
                f"set. Send only what you mean: a {cls.__name__}(...) that you build, {cls.__name__}.Draft(), or a "
                "mapping with API field names; to change what was read, use edit() or the patches of draft().finish()"
            )
        whole: dict[str, Any] = value_of(obj)
        return whole
    data = _own_kind(obj) if cls.__kind_head__ else {}
    fields = fields_of(cls)
    for name in given:
        field = fields[name]
        value = getattr(obj, field.stored if field.nullable else name)
        if _is_plain(value):
            data[field.wire] = value
        elif isinstance(value, FrozenStruct):
            data[field.wire] = _written_model(value, f"{path}.{field.wire}" if path else field.wire, strict=strict)
        elif is_null(value):
            if field.always or field.nullable or value is not None:  # null is a value here
                data[field.wire] = None
        elif value is not NULLABLE:
            at = f"{path}.{field.wire}" if path else field.wire
            data[field.wire] = written(value, field.shape, at, strict=strict and field.category != "lazy")
    if cls.__plain__ is not None:  # only these classes have objects with a rest
        for key, value in rest_of(obj).items():
            data.setdefault(key, loads(rewrite(value)))
    return data


def _is_plain(value: Any) -> bool:
    """Return whether a value of a field is its own JSON value for certain. Most fields are, and need no encoding."""
    kind: Any = value.__class__
    return value.isascii() if kind is str else kind is bool or (kind is int and -_INT64 <= value < _INT64)


_INT64 = 1 << 63


def _own_kind(obj: Any) -> dict[str, Any]:
    """Return the kind and apiVersion that the document named for an embedded object, if it did."""
    heads = class_of(obj).__kind_head__
    return {_HEAD[name]: getattr(obj, name) for name, _, absent in heads if getattr(obj, name) is not absent}


_HEAD = {"__api_version__": "apiVersion", "__kind__": "kind"}


def head_of(cls: Any) -> dict[str, Any]:
    """Return `apiVersion` and `kind` of a class; an empty dictionary for a class that is not a Kind."""
    return {"apiVersion": cls.api_version, "kind": cls.kind} if getattr(cls, "__kind_head__", ()) else {}
