"""Which fields of a model were given by a constructor or a document, so that apply and patches send only these.

A required zero that was given and one that was not are the same value. So constructors, and the readers of documents
and mappings, note the names of the given fields in a slot that equality, encoding and decoding do not see. A model
without this note was read from a server, or created from such a model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubeloop.objects.frozen_struct import FrozenStruct, note_given, note_of
from kubeloop.objects.markers import NULL_BYTES, NULL_MAP, NULL_SEQ
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_dict, is_list, is_mapping, is_tuple

__all__ = ["given_of", "is_null", "is_removed", "noted", "noted_document", "noted_removals"]

_DEEP = ("object", "objects", "object_map", "list", "map")


class _Removed(frozenset[str]):
    """The note on an object that a draft created from one that was read: the names of the removed fields."""


def given_of(obj: Any) -> tuple[str, ...] | None:
    """Return the names of the fields that were given, or None if they are not known."""
    note = note_of(obj)
    return note if is_tuple(note) else None


def is_removed(obj: Any, name: str) -> bool:
    """Return whether a field was not given, or was removed by a draft, so that its zero means "absent"."""
    note = note_of(obj)
    return note is not None and (name in note) is isinstance(note, _Removed)


def noted_removals(obj: Any, names: Iterable[str]) -> Any:
    """Note which fields a draft removed from an object that was read, and return the object."""
    note_given(obj, _Removed(names))
    return obj


def noted(obj: Any, names: Iterable[str]) -> Any:
    """Note which fields of a new model were given, and return the model."""
    note_given(obj, tuple(names))
    return obj


def noted_document(obj: Any, tree: Any, shape: Shape | None = None) -> Any:
    """Note for a model and all models in it which fields its JSON value has, and return the model.

    A null that was read as absent does not count as given, because its zero must not be sent.

    Args:
        obj: A value of a field, or a model, as it was decoded.
        tree: The JSON value from which it was decoded.
        shape: The shape of the field.
    """
    if isinstance(obj, FrozenStruct):
        if is_dict(tree) and given_of(obj) is None:
            fields = [
                each for each in fields_of(class_of(obj)).values() if each.wire in tree and _gives(tree, each, obj)
            ]
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
    """Return whether a member of a JSON value counts as given: it is not null, or null is a value of the field."""
    return tree[field.wire] is not None or is_null(getattr(obj, field.stored))


def is_null(value: Any) -> bool:
    """Return whether the stored value of a field is null; an absent value is not."""
    return value is None or value is NULL_SEQ or value is NULL_MAP or value is NULL_BYTES
