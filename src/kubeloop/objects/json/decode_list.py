"""Decode whole LISTs; an item that cannot be read does not fail the others.

A LIST that arrives from a server is read by `list_reader`, while its body arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.accepted_kinds import check_kind
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.json import scan
from kubeloop.objects.json.decode import read
from kubeloop.objects.json.decode_errors import BROKEN, broken, explained, unreadable
from kubeloop.objects.json.decoder import decoder
from kubeloop.objects.json.encode import rewrite
from kubeloop.objects.list_items import finish, read_each, unnamed_kind
from kubeloop.objects.reflection import fields_of
from kubeloop.objects.type_guards import class_of

__all__ = ["decode_list", "read_items", "replace_items", "split_list"]

T = TypeVar("T")
ITEMS_A_STEP = 64


class _Parts(msgspec.Struct, gc=False, rename={"api_version": "apiVersion"}, omit_defaults=True):
    """The parts of a LIST, which are not decoded."""

    api_version: Raw = Raw()
    kind: Raw = Raw()
    metadata: Raw = Raw()
    items: list[Raw] | msgspec.UnsetType | None = msgspec.UNSET


def decode_list(data: bytes, cls: type[T]) -> T:
    """Decode a LIST. Items that cannot be decoded are missing from `items`; their errors are in `unreadable`.

    Args:
        data: The body. It must name its kind, because an empty object is not a list.
        cls: A KindList.

    Raises:
        DecodeError: The body is not JSON, or not a list of this kind. A single item never raises.
    """
    try:
        obj = decoder(cast("Any", cls)).decode(data)
    except (msgspec.ValidationError, *BROKEN) as error:
        return _decode_each(data, cls, error)
    _require_kind(obj)
    check_kind(obj)
    return cast("T", obj)


def _decode_each(data: bytes, cls: type[T], error: Exception) -> T:
    """Decode a LIST whose items do not all fit, item by item.

    Args:
        data: The body.
        cls: A KindList.
        error: The error of decoding the body at once.
    """
    head, raws = split_list(data, cls.__name__, error)
    obj: Any = read(head, cls)
    _require_kind(obj)
    check_kind(obj)
    if raws is not None:
        item: Any = fields_of(cls)["items"].shape.model or Any  # type: ignore[arg-type]
        force(obj, "items", finish(read_items(raws, cls, lambda raw: read(raw, item), item)))
    return cast("T", obj)


def read_items(
    raws: Sequence[Raw | bytes], cls: Any, read: Callable[[Raw | bytes], Any], item: Any
) -> Generator[None, None, Sequence[Any]]:
    """Decode the items of a LIST one by one, in steps; see `read_each`.

    Args:
        raws: The items.
        cls: The class of the list, for messages.
        read: Decodes one item, or raises DecodeError.
        item: The class of the items.
    """

    def describe(raw: Raw | bytes, error: DecodeError, where: str) -> Unreadable:
        return unreadable(bytes(raw), item, error, where)

    return read_each(raws, read, describe, what=cls.__name__, per_step=ITEMS_A_STEP)


def split_list(data: bytes, what: str, error: Exception | None) -> tuple[bytes, Sequence[Raw | bytes] | None]:
    """Split a LIST into an object without items, and the items.

    Args:
        data: The body.
        what: The name of the list in messages.
        error: The error of decoding the body at once, if that was tried.

    Returns:
        The object without items as JSON, and each item as JSON; None if the body has no member `items`.

    Raises:
        DecodeError: The body is not JSON, or not a list at all.
    """
    try:
        parts: _Parts = decoder(_Parts).decode(data)
    except msgspec.ValidationError as problem:
        raise DecodeError(f"{what}: {explained(error or problem)}") from error
    except BROKEN as problem:
        try:
            return _split_by_brackets(data)
        except scan.Malformed:
            raise broken(what, data, error or problem) from problem
    raws, parts.items = parts.items, msgspec.UNSET
    return rewrite(parts), None if raws is msgspec.UNSET else raws or ()


def _split_by_brackets(data: bytes) -> tuple[bytes, Sequence[bytes] | None]:
    """Split a LIST that msgspec cannot parse even without types; see `split_list`.

    Raises:
        Malformed: The brackets of the text are not those of JSON.
    """
    head: list[bytes] = []
    raws: Sequence[bytes] | None = None
    for key, start, end in scan.whole_members(data):
        if key != b'"items"':
            head.append(key + b":" + data[start:end])
        elif data[start:end] == b"null":
            raws = ()
        else:
            raws = [data[at:until] for at, until in scan.elements(data, start)]
    return b"{" + b",".join(head) + b"}", raws


def _require_kind(obj: Any) -> None:
    """Check that the body of a list named its kind, because `{}` is not an empty list.

    Raises:
        DecodeError: The body named no kind.
    """
    cls = class_of(obj)
    # The default itself means that the body named none, because a decoded text is another instance.
    if cls.__kind_head__ and (obj.__kind__ is cls.kind or not obj.__kind__):
        raise unnamed_kind(cls)


def replace_items(obj: Any, items: list[Any]) -> None:
    """Replace the items of a list that was just decoded."""
    force(obj, "items", tuple(items))
