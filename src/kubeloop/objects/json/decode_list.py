"""Decode LIST responses, at once or in steps; an item that cannot be read does not fail the others."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.json import scan
from kubeloop.objects.json.decode import check_kind, read
from kubeloop.objects.json.decode_errors import BROKEN, broken, explained, unreadable
from kubeloop.objects.json.decoder import decoder
from kubeloop.objects.json.encode import rewrite
from kubeloop.objects.markers import PartialItems
from kubeloop.objects.reflection import fields_of
from kubeloop.objects.type_guards import class_of

__all__ = ["decode_list", "decoding_list", "finish", "read_items", "replace_items", "split_list"]

T = TypeVar("T")
ITEMS_A_STEP = 64


class _Parts(msgspec.Struct, gc=False, rename={"api_version": "apiVersion"}, omit_defaults=True):
    """A LIST, its parts not yet looked at."""

    api_version: Raw = Raw()
    kind: Raw = Raw()
    metadata: Raw = Raw()
    items: list[Raw] | msgspec.UnsetType | None = msgspec.UNSET


def decode_list(data: bytes, cls: type[T]) -> T:
    """Read a LIST. Items that cannot be read are left out and stand in its `unreadable`; the rest arrive.

    Args:
        data: the body. It must name its kind: an empty object is not a list.
        cls: a KindList.

    Raises: DecodeError for a body that is not JSON or not a list of this kind, never for one item.
    """
    try:
        obj = decoder(cast("Any", cls)).decode(data)
    except (msgspec.ValidationError, *BROKEN) as error:
        return finish(decoding_list(data, cls, error))
    _require_kind(obj)
    check_kind(obj)
    return cast("T", obj)


def decoding_list(data: bytes, cls: type[T], error: Exception | None = None) -> Generator[None, None, T]:
    """Do what `decode_list` does in steps of a few milliseconds, so that a loop can run others in between.

    It takes a sixth longer in all: the first step looks through the whole body to find where its items begin and end,
    and takes a fifth as long as reading it.

    Args:
        data: the body.
        cls: a KindList.
        error: what reading it at once ended with, if that was tried.
    """
    head, raws = split_list(data, cls.__name__, error)
    obj: Any = read(head, cls)
    _require_kind(obj)
    check_kind(obj)
    if raws is not None:
        item: Any = fields_of(cls)["items"].shape.model or Any  # type: ignore[arg-type]
        items = yield from read_items(raws, cls, lambda raw: read(raw, item), item)
        force(obj, "items", items)
    return cast("T", obj)


def finish(steps: Generator[None, None, T]) -> T:
    """Do all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("T", done.value)


def read_items(
    raws: Sequence[Raw | bytes], cls: Any, read: Callable[[Raw | bytes], Any], item: Any
) -> Generator[None, None, Sequence[Any]]:
    """Read the items of a LIST one by one, in steps; those that cannot be read are carried as `PartialItems`.

    Args:
        raws: the items.
        cls: the class of the list, for messages.
        read: reads one item, or raises DecodeError.
        item: the class of the items.
    """
    items: list[Any] = []
    unread: dict[str, Unreadable] = {}
    for number, raw in enumerate(raws):
        try:
            items.append(read(raw))
        except DecodeError as error:
            report = unreadable(bytes(raw), item, error, f"item {number} of {cls.__name__}: ")
            unread[report.key or f"#{number}"] = report
        if not number % ITEMS_A_STEP:
            yield
    return PartialItems.of(items, unread)


def split_list(data: bytes, what: str, error: Exception | None) -> tuple[bytes, Sequence[Raw | bytes] | None]:
    """Split a LIST into what stands beside the items, as an object of its own, and the items; None if it has none.

    Args:
        data: the body.
        what: names the list in messages.
        error: what reading it at once ended with, if that was tried.

    Raises: DecodeError for a body that is not JSON or not a list at all.
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
    """Do what `split_list` does for a LIST that msgspec cannot even skip through.

    Raises: Malformed.
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
    """Refuse a list whose body did not say its kind: `{}` is not an empty list.

    Raises: DecodeError.
    """
    cls = class_of(obj)
    # The default itself means that nothing was said: what is decoded is another instance.
    if cls.__kind_head__ and (obj._kind is cls.kind or not obj._kind):
        raise DecodeError(f"expected {cls.api_version} {cls.kind}, got an object that names no kind")


def replace_items(obj: Any, items: list[Any]) -> None:
    """Put other items into a list that was just decoded."""
    force(obj, "items", tuple(items))
