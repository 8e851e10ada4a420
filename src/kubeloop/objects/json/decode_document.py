"""Decode documents that users wrote: unknown members are kept, and the fields that were given are noted."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from kubeloop.errors import DecodeError
from kubeloop.objects.given_fields import noted_document
from kubeloop.objects.json.decode import decode, parse
from kubeloop.objects.json.decode_errors import BROKEN, broken
from kubeloop.objects.json.decode_list import decode_list
from kubeloop.objects.json.encode import dumps, rewrite
from kubeloop.objects.json.repair import Repair, has_fine_digits
from kubeloop.objects.reflection import fields_of
from kubeloop.objects.unknown_members import with_rest

__all__ = ["decode_document", "decode_list_document", "decode_yaml"]

T = TypeVar("T")


def decode_document(data: bytes, cls: type[T]) -> T:
    """Decode one object that a user wrote, as `decode` does, and keep the members that its classes do not have.

    The object knows which fields were given.

    Raises:
        DecodeError: As for `decode`.
    """
    obj: Any = decode(data, cls)
    try:
        if has_fine_digits(data):
            obj = _exactly(obj, data, cls)
        tree = parse(data, cls.__name__)  # checks the members that the class does not have, too
        return cast("T", noted_document(with_rest(obj, tree, everywhere=True), tree))
    except BROKEN as error:  # in a member that the class does not have
        raise broken(cls.__name__, data, error) from error


def _exactly(obj: Any, data: bytes, cls: Any) -> Any:
    """Decode again if a time was rounded, because digits finer than microseconds are cut off instead."""
    repair = Repair()
    fixed = repair.mend_object(parse(data, cls.__name__), cls, ())
    if repair.changed:
        obj = decode(rewrite(fixed), cls)
        repair.mark(obj)
    return obj


def decode_list_document(data: bytes, cls: type[T]) -> T:
    """Decode a LIST that a user wrote, as `decode_list` does, and keep the members that its classes do not have.

    Raises:
        DecodeError: As for `decode_list`.
    """
    obj: Any = decode_list(data, cls)
    tree = parse(data, cls.__name__)
    if len(obj.items) != len(tree.get("items") or ()):  # some items could not be decoded
        item = fields_of(cast("Any", cls))["items"].shape.model
        tree["items"] = [each for each in tree["items"] if _fits(each, item)]
    return cast("T", noted_document(with_rest(obj, tree, everywhere=True), tree))


def _fits(tree: Any, cls: Any) -> bool:
    try:
        decode(rewrite(tree), cls)
    except DecodeError:
        return False
    return True


def decode_yaml(text: str | bytes, cls: type[T]) -> T:
    """Decode one object from YAML or JSON text; see `decode_document`.

    Raises:
        DecodeError: The text is not YAML, and as for `decode`.
    """
    from kubeloop.meta import yaml

    return decode_document(dumps(yaml.load(text)), cls)
