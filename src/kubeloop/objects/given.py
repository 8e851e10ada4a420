"""What was given: which fields a constructor or a document set, so that apply and patches send just these.

A model cannot tell a required zero that was given from one that was not: both are the same value. So a constructor,
and what reads a user's document or mapping, notes the names of the fields beside the fields, in a slot that neither
equality, encoding nor decoding sees. A model without that note was read from a server, or made from one that was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubeloop.objects.frozen_struct import Beside
from kubeloop.objects.json.encode import loads, rewrite, value_of
from kubeloop.objects.model import NULL_BYTES, NULL_MAP, NULL_SEQ, NULLABLE, Model
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_dict, is_list, is_mapping, is_tuple
from kubeloop.objects.unknown_members import rest_of

__all__ = [
    "configuration",
    "given_of",
    "head_of",
    "is_removed",
    "noted",
    "noted_document",
    "noted_removals",
    "set_fields",
    "written",
]

_note: Any = vars(Beside)["_given"]


class _Removed(frozenset[str]):
    """What a draft notes of an object that it made from one that was read: the fields that it removed."""


def given_of(obj: Any) -> tuple[str, ...] | None:
    """Return the names of the fields that were given; None when that is not known."""
    note = getattr(obj, "_given", None)
    return note if is_tuple(note) else None


def is_removed(obj: Any, name: str) -> bool:
    """Return whether a field was not given, or a draft removed it: its zero means "absent" and is not a value."""
    note = getattr(obj, "_given", None)
    return note is not None and (name in note) is isinstance(note, _Removed)


def noted_removals(obj: Any, names: Iterable[str]) -> Any:
    """Note which fields a draft removed of an object that was read, and return the object."""
    _note.__set__(obj, _Removed(names))
    return obj


def noted(obj: Any, names: Iterable[str]) -> Any:
    """Note which fields of a new model were given, and return the model."""
    _note.__set__(obj, tuple(names))
    return obj


def noted_document(obj: Any, tree: Any, shape: Shape | None = None) -> Any:
    """Note of a model, and of all models in it, which fields the JSON value it was read from has; return the model.

    A null that was read as absent gave nothing: its zero must not be sent.
    """
    if isinstance(obj, Model):
        if is_dict(tree) and given_of(obj) is None:
            fields = [field for field in fields_of(class_of(obj)).values() if _gives(tree, field, obj)]
            noted(obj, [field.name for field in fields])
            for field in fields:
                if field.category in _DEEP:
                    noted_document(getattr(obj, field.name), tree[field.wire], field.shape)
    elif is_tuple(obj) and is_list(tree) and len(obj) == len(tree):
        for each, part in zip(obj, tree, strict=True):
            noted_document(each, part)
    elif is_mapping(obj) and is_dict(tree) and (shape is None or shape.item is not None):
        for key, each in obj.items():
            noted_document(each, tree.get(key))
    return obj


def _gives(tree: dict[str, Any], field: Field, obj: Any) -> bool:
    if tree.get(field.wire) is not None:
        return True
    return field.wire in tree and _is_null(getattr(obj, field.stored))


def _is_null(value: Any) -> bool:
    return value is None or value is NULL_SEQ or value is NULL_MAP or value is NULL_BYTES


def written(value: Any, shape: Shape | None = None, path: str = "", *, strict: bool = False) -> Any:
    """Return the JSON value with the fields that were given, zeros too, and no others.

    Args:
        value: What a field holds, or a model; a nested model adds no kind of its own accord.
        shape: What the field is.
        path: The wire names that lead to it, for the error.
        strict: Refuse a model of which it is not known what was given; else it is written whole.

    Raises:
        ValueError: It was read from a server; names the path.
    """
    item = shape.item if shape is not None else None
    if isinstance(value, Model):
        return _written_model(value, path, strict=strict)
    if is_tuple(value):
        return [written(each, item, f"{path}[{n}]", strict=strict) for n, each in enumerate(value)]
    if item is not None and is_mapping(value):
        return {key: written(each, item, f"{path}[{key!r}]", strict=strict) for key, each in value.items()}
    return value_of(value, shape)


def _written_model(obj: Any, path: str, *, strict: bool) -> dict[str, Any]:
    given, cls = given_of(obj), class_of(obj)
    if given is None:
        if strict:
            raise ValueError(
                f"{path or cls.__name__}: this {cls.__name__} was read from a server (or made from one that was), so "
                "which of its zeros were set is not known, and sending them could overwrite fields that you never "
                f"set. Send only what you mean: a {cls.__name__}(...) that you build, {cls.__name__}.Draft(), or a "
                "mapping with wire names; to change what was read, use edit() or the patches of draft().finish()"
            )
        whole: dict[str, Any] = value_of(obj)
        return whole
    data = _own_kind(obj)
    fields = fields_of(cls)
    for name in given:
        field = fields[name]
        value = getattr(obj, field.stored if field.nullable else name)
        at = f"{path}.{field.wire}".lstrip(".")
        if _is_null(value):
            if field.always or field.nullable or value is not None:  # null is a value here
                data[field.wire] = None
        elif value is not NULLABLE:
            data[field.wire] = written(value, field.shape, at, strict=strict and field.category != "lazy")
    for key, value in rest_of(obj).items():
        data.setdefault(key, loads(rewrite(value)))
    return data


def _own_kind(obj: Any) -> dict[str, Any]:
    """Return what an embedded object says of its kind, if the document named it."""
    heads = class_of(obj).__kind_head__
    return {_HEAD[name]: getattr(obj, name) for name, _, absent in heads if getattr(obj, name) is not absent}


_HEAD = {"_api_version": "apiVersion", "_kind": "kind"}
_DEEP = ("object", "objects", "object_map", "list", "map", "union")


def head_of(cls: Any) -> dict[str, Any]:
    """Return `apiVersion` and `kind` of a class, nothing for a class that is not a kind."""
    return {"apiVersion": cls.api_version, "kind": cls.kind} if getattr(cls, "__kind_head__", ()) else {}


def set_fields(obj: Any) -> dict[str, Any]:
    """Return the JSON value of what was set in a model or a draft, without its kind: a merge patch.

    Raises:
        ValueError: It was read from a server, or is a draft of what was; names the path.
    """
    data: dict[str, Any] = written(obj, strict=True) if isinstance(obj, Model) else obj._data(strict=True)
    return data


def configuration(obj: Any) -> dict[str, Any]:
    """Return the JSON value of what was set in a model or a draft, with its kind: what apply sends.

    Raises: as `set_fields`.
    """
    return head_of(class_of(obj) if isinstance(obj, Model) else obj._model) | set_fields(obj)
