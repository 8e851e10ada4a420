"""Decode one object: in a single pass when the body is well-formed, tolerantly when it is not.

The recursion limit of the interpreter bounds the depth of an object (1,000 levels on CPython 3.11, less the frames in
use), because reading, comparing and writing it recurse as well. A server stores up to 10,000 levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw

from kubeloop.errors import DecodeError
from kubeloop.objects.accepted_kinds import accepts_kind, check_kind, other_kind
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.json.decode_errors import BROKEN, broken, explained, misfit
from kubeloop.objects.json.decoder import decoder
from kubeloop.objects.json.encode import dumps, rewrite
from kubeloop.objects.markers import LAZY
from kubeloop.objects.reflection import fields_of
from kubeloop.objects.type_guards import is_dict

__all__ = ["TypeMeta", "as_embedded", "decode", "decode_data", "parse", "read", "read_lazy"]

T = TypeVar("T")


class TypeMeta(msgspec.Struct, gc=False, rename={"api_version": "apiVersion"}):
    """The apiVersion and kind that a body names."""

    api_version: str = ""
    kind: str = ""


def decode(data: bytes | str, cls: type[T]) -> T:
    """Decode one object.

    Unknown fields are skipped. Null reads as absent, in a list or map as Go's zero. An object that names another kind
    or apiVersion than that of `cls` is refused; an object that names none is accepted.

    Raises:
        DecodeError: The body is not JSON or does not fit; the message names the object and the path of the field, or
            both kinds.
    """
    obj = read(data, cls)
    check_kind(obj)
    return cast("T", obj)


def decode_data(data: Mapping[str, Any], cls: type[T]) -> T:
    """Decode one object from a JSON value with API field names; see `decode`."""
    return decode(dumps(data), cls)


def read(data: bytes | str | Raw, cls: Any) -> Any:
    """Decode a value of a type tolerantly, without a check of its kind.

    Raises:
        DecodeError: The body is not JSON or does not fit.
    """
    try:
        return decoder(cls).decode(data)
    except msgspec.ValidationError as error:
        return _second_try(bytes(data) if isinstance(data, Raw) else data, cls, error)
    except BROKEN as error:
        raise broken(cls.__name__, data, error) from error


def parse(data: bytes | str | Raw, what: str) -> Any:
    """Parse any JSON value.

    Args:
        data: The JSON text.
        what: The name of the value, for the error.

    Raises:
        DecodeError: The text is not JSON.
    """
    try:
        return msgspec.json.decode(data)
    except BROKEN as error:
        raise broken(what, data, error) from error


def _second_try(data: bytes | str, cls: Any, error: Exception) -> Any:
    """Decode a body that did not fit, after repairing what Go accepts."""
    try:
        return _mended(data, cls, error)
    except RecursionError as too_deep:  # the repair recurses as well, and has fewer levels left than the decoder
        raise broken(cls.__name__, data, too_deep) from error


def _mended(data: bytes | str, cls: Any, error: Exception) -> Any:
    from kubeloop.objects.json.repair import Repair  # loaded with the first body that needs it

    tree = parse(data, cls.__name__)
    if is_dict(tree):
        said = tree
        if cls.__kind_head__:
            named = [said.get("apiVersion", cls.api_version) or "", said.get("kind", cls.kind) or ""]
            # What is not text may be anything, a secret too.
            shown = [name if isinstance(name, str) else "" for name in named]
            if shown != named or not accepts_kind(cls, *shown):
                raise other_kind(cls, *shown) from error
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


def as_embedded(obj: Any, said: TypeMeta) -> Any:
    """Keep the kind that the body of a just decoded object named, so that it is written within another object."""
    force(obj, "__kind__", said.kind)
    force(obj, "__api_version__", said.api_version)
    return obj


def read_lazy(cls: Any, name: str, raw: Raw) -> Any:
    """Return the items of a lazy field.

    Raises:
        DecodeError: The stored bytes are not JSON or do not fit.
    """
    if raw is LAZY:
        return ()
    shape = fields_of(cls)[name].shape
    what = f"{cls.__name__}.{name}"
    try:
        return decoder(shape.hint).decode(raw)
    except msgspec.ValidationError as error:
        from kubeloop.objects.json.repair import Repair

        tree = parse(raw, what)
        if tree is None:
            return ()
        try:
            return decoder(shape.hint).decode(rewrite(Repair().mend_lazy(tree, shape)))
        except msgspec.ValidationError:
            raise DecodeError(f"{what}: {explained(error)}") from error
    except BROKEN as error:
        raise broken(what, raw, error) from error
