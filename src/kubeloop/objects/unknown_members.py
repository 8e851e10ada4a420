"""The rest of an object: the members of its JSON that its class does not have, kept beside it and written back.

An object with a rest belongs to a hidden subclass with one more field. The encoder writes this field under a secret
name and then moves its members one level up (`splice`), so each level has a rest of its own, and objects without a
rest cost nothing. Documents of users keep the rest of every class, responses only that of classes that `preserve` it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import msgspec

from kubeloop.objects.frozen_struct import FrozenStruct, FrozenStructMeta, force, make
from kubeloop.objects.markers import PartialItems
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_dict, is_list, is_tuple

__all__ = ["has_rest", "keeps_rest", "rest_of", "splice", "with_rest"]

# A character that hardly any body contains, because a character is found ten times faster than a word; and a random
# name, which no body contains.
_RARE = "\x7f"
_NAME = f"{_RARE}kubeloop-rest-{os.urandom(16).hex()}"
_SIGN, _MARK = _RARE.encode(), f'"{_NAME}":'.encode()
_NO_REST: dict[str, Any] = {}
_BUILT_IN = "kubeloop.models."


def rest_of(obj: Any) -> dict[str, Any]:
    """Return the members that an object has beside its fields, by API field name. The caller must not change them."""
    return obj.__rest__ if hasattr(obj, "__rest__") else _NO_REST


def with_rest(value: Any, tree: Any, *, everywhere: bool) -> Any:
    """Return a value that was just decoded, together with the members that its classes do not have.

    Args:
        value: A model, or a list or map of models. Parts of it are replaced in place, so nobody else may hold it.
        tree: The JSON value from which it was decoded.
        everywhere: Keep the rest of every object; if false, only of classes that preserve unknown fields.
    """
    if isinstance(value, FrozenStruct):
        return _object_with_rest(value, tree, everywhere) if is_dict(tree) else value
    if is_tuple(value):
        if not is_list(tree) or len(tree) != len(value):  # null, or a list of which an item could not be read
            return value
        done = [with_rest(old, each, everywhere=everywhere) for old, each in zip(value, tree, strict=True)]
        if all(map(_is, done, value)):
            return value
        return PartialItems.of(done, value.unreadable) if isinstance(value, PartialItems) else type(value)(done)
    if is_dict(value):
        if is_dict(tree):
            for key in value:
                value[key] = with_rest(value[key], tree.get(key), everywhere=everywhere)
    elif isinstance(value, msgspec.Struct) and is_dict(tree):  # an event of a watch
        for name in class_of(value).__struct_fields__:
            force(value, name, with_rest(getattr(value, name), tree.get(name), everywhere=everywhere))
    return value


def _object_with_rest(obj: Any, tree: dict[str, Any], everywhere: bool) -> Any:
    cls = class_of(obj)
    for field in _holders(cls):
        below = tree.get(field.wire)
        if below is not None:
            old = getattr(obj, field.stored)
            new = with_rest(old, below, everywhere=everywhere)
            if new is not old:
                force(obj, field.stored, new)
    if (everywhere or cls.__preserve__) and cls.__plain__ is None:  # otherwise the decoder has done this already
        rest = {key: each for key, each in tree.items() if key not in _names(cls)}
        if rest:
            stored = {name: getattr(obj, name) for name in cls.__struct_fields__}
            return make(_class_with_rest(cls), **stored, __rest__=rest)
    return obj


def _is(one: Any, other: Any) -> bool:
    return one is other


@cache
def _names(cls: Any) -> frozenset[str]:
    return frozenset(cls.__struct_encode_fields__)


@cache
def _holders(cls: Any) -> tuple[Field, ...]:
    """Return the fields that can hold models."""
    return tuple(field for field in fields_of(cls).values() if field.category != "lazy" and _holds(field.shape))


def _holds(shape: Shape) -> bool:
    return shape.model is not None or (shape.item is not None and _holds(shape.item))


@cache
def _class_with_rest(cls: Any) -> Any:
    """Return the hidden subclass for objects with a rest."""
    namespace = {
        "__annotations__": {"__rest__": dict[str, Any]},
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__dict__.get("__doc__"),
        "__plain__": cls,
        "__rest__": None,
    }
    return type(cls)(cls.__name__, (cls,), namespace, rename={"__rest__": _NAME})


# --- writing ----------------------------------------------------------------------------------------------------------


def has_rest(body: bytes) -> bool:
    """Return whether a body that the encoder wrote contains objects with a rest."""
    return _SIGN in body and _MARK in body


def splice(tree: Any) -> Any:
    """Move the members of each rest one level up, in a JSON value that the encoder wrote.

    A field of the class takes precedence over a member of the rest.
    """
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if is_dict(one):
            for key, value in one.pop(_NAME, _NO_REST).items():
                one.setdefault(key, value)
            waiting.extend(one.values())
        elif is_list(one):
            waiting.extend(one)
    return tree


# --- classes that preserve unknown fields -----------------------------------------------------------------------------


def keeps_rest(hint: Any) -> bool:
    """Return whether a type, or a type that it can hold, preserves unknown fields.

    Built-in types never do. They are not searched, because a program's first object waits for this. Lazy objects do not
    either: their members preserve these fields when they are read.

    Args:
        hint: A type whose annotations are resolved.
    """
    seen: set[Any] = set()
    waiting = [hint]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, FrozenStructMeta):
            waiting.extend(get_args(one))
        elif one not in seen and not one.__module__.startswith(_BUILT_IN) and one.__plain__ is None:
            if one.__preserve__:
                return True
            seen.add(one)
            waiting.extend(_annotated(one))
    return False


def _annotated(cls: type[Any]) -> Iterator[Any]:
    for owner in cls.__mro__:
        declared: dict[str, Any] = vars(owner).get("__annotations__", {})
        yield from declared.values()
