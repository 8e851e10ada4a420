"""Decode one object: fast when the body is as expected, tolerant when it is not.

An object that does not fit its class is `Unreadable`, which says nothing about whether it exists. How deeply it may be
nested is bounded by the interpreter's recursion limit (1,000 levels on CPython 3.11, less the frames in use), because
whatever reads, compares or writes it later recurses as well. A server stores up to 10,000 levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw

from kubeloop.errors import DecodeError
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.json.decode_errors import BROKEN, broken, explained, misfit, other_kind
from kubeloop.objects.json.decoder import decoder
from kubeloop.objects.json.encode import dumps, rewrite
from kubeloop.objects.json.repair import Repair
from kubeloop.objects.markers import LAZY
from kubeloop.objects.reflection import fields_of
from kubeloop.objects.type_guards import class_of, is_dict

__all__ = ["TypeMeta", "as_embedded", "check_kind", "decode", "decode_data", "parse", "read", "read_lazy"]

T = TypeVar("T")


class TypeMeta(msgspec.Struct, gc=False, rename={"api_version": "apiVersion"}):
    """What a body says of itself."""

    api_version: str = ""
    kind: str = ""


def decode(data: bytes | str, cls: type[T]) -> T:
    """Read one object.

    Unknown fields are skipped, nulls read as absent (in a list or map as Go's zero). An object that names another kind
    or apiVersion than `cls` is refused; one that names none is taken.

    Raises: DecodeError naming the object and the path of the field, or both kinds.
    """
    obj = read(data, cls)
    check_kind(obj)
    return cast("T", obj)


def decode_data(data: Mapping[str, Any], cls: type[T]) -> T:
    """Read one object from a JSON value with wire names; see `decode`."""
    return decode(dumps(data), cls)


def read(data: bytes | str | Raw, cls: Any) -> Any:
    """Read a value of a type, tolerantly; the kind is not checked.

    Raises: DecodeError.
    """
    try:
        return decoder(cls).decode(data)
    except msgspec.ValidationError as error:
        return _second_try(bytes(data) if isinstance(data, Raw) else data, cls, error)
    except BROKEN as error:
        raise broken(cls.__name__, data, error) from error


def parse(data: bytes | str | Raw, what: str) -> Any:
    """Read any JSON value.

    Raises: DecodeError.
    """
    try:
        return msgspec.json.decode(data)
    except BROKEN as error:
        raise broken(what, data, error) from error


def _second_try(data: bytes | str, cls: Any, error: Exception) -> Any:
    """Read what did not fit: mend what Go would accept, and say what it was when that does not help."""
    try:
        return _mended(data, cls, error)
    except RecursionError as too_deep:  # the repair recurses, too, and has fewer levels left than the decoder
        raise broken(cls.__name__, data, too_deep) from error


def _mended(data: bytes | str, cls: Any, error: Exception) -> Any:
    tree = parse(data, cls.__name__)
    if is_dict(tree):
        said = tree
        if cls.__kind_head__:
            api_version, kind = said.get("apiVersion", cls.api_version), said.get("kind", cls.kind)
            if (api_version or cls.api_version, kind or cls.kind) != (cls.api_version, cls.kind):
                raise other_kind(cls, str(api_version), str(kind)) from error
        repair = Repair()
        fixed = repair.mend_object(said, cls, ())
        if repair.changed:
            try:
                obj = decoder(cls).decode(rewrite(fixed))
            except msgspec.ValidationError as second:
                error = second
            else:
                repair.mark(obj)
                return obj
        raise misfit(cls, said, error, fixed) from error
    raise DecodeError(f"{cls.__name__}: {explained(error)}") from error


def check_kind(obj: Any) -> None:
    """Refuse an object that was read from a body of another kind; forget what the body said of its own.

    Raises: DecodeError naming both kinds.
    """
    heads = class_of(obj).__kind_head__
    if not heads:
        return
    (_, _, api_version), (_, _, kind) = heads
    if obj._kind is not kind:
        if obj._kind and obj._kind != kind:
            raise other_kind(class_of(obj), obj._api_version, obj._kind)
        force(obj, "_kind", kind)
    if obj._api_version is not api_version:
        if obj._api_version and obj._api_version != api_version:
            raise other_kind(class_of(obj), obj._api_version, obj._kind)
        force(obj, "_api_version", api_version)


def as_embedded(obj: Any, said: TypeMeta) -> Any:
    """Let an object that was just decoded keep what its body said of its kind, so that it is written within another."""
    force(obj, "_kind", said.kind)
    force(obj, "_api_version", said.api_version)
    return obj


def read_lazy(cls: Any, name: str, raw: Raw) -> Any:
    """Parse a lazy field.

    Raises: DecodeError.
    """
    if raw is LAZY:
        return ()
    shape = fields_of(cls)[name].shape
    what = f"{cls.__name__}.{name}"
    try:
        return decoder(shape.hint).decode(raw)
    except msgspec.ValidationError as error:
        tree = parse(raw, what)
        if tree is None:
            return ()
        try:
            return decoder(shape.hint).decode(rewrite(Repair().mend_lazy(tree, shape)))
        except msgspec.ValidationError:
            raise DecodeError(f"{what}: {explained(error)}") from error
    except BROKEN as error:
        raise broken(what, raw, error) from error
