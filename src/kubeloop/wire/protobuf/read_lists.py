"""Read a LIST in steps; an item that cannot be read does not fail the others."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar, cast

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.frozen_struct import make
from kubeloop.objects.markers import NULL_SEQ, PartialItems
from kubeloop.objects.reflection import fields_of
from kubeloop.wire.protobuf.read_message import guarded, reader_of
from kubeloop.wire.protobuf.read_parts import identity_in
from kubeloop.wire.protobuf.wire_format import LENGTH, fields_in

__all__ = ["reading_list"]

T = TypeVar("T")
_METADATA, _ITEMS = (number << 3 | LENGTH for number in (1, 2))
_ITEMS_A_STEP = 8


def reading_list(data: bytes, at: int, end: int, cls: type[T]) -> Generator[None, None, T]:
    """Read the message of a LIST in steps of a few milliseconds.

    Args:
        data: The body.
        at: Where the message begins.
        end: Where it ends.
        cls: A KindList.

    Raises:
        DecodeError: The message is not a list, or is cut off. A single item never raises.
    """
    kind: Any = cls
    fields = fields_of(kind)
    item, meta = fields["items"].shape.model, fields["metadata"].shape.model
    read = reader_of(item).read
    items: list[Any] = []
    unread: dict[str, Unreadable] = {}
    metadata: Any = None
    number = 0
    found = fields_in(data, at, end)

    def following() -> tuple[int, int, int] | None:
        return next(found, None)

    while (field := guarded(following)) is not None:
        tag, start, stop = field
        if tag == _METADATA:
            metadata = guarded(reader_of(meta).read, data, start, stop)
        elif tag == _ITEMS:
            try:
                items.append(guarded(read, data, start, stop))
            except DecodeError as error:
                known = identity_in(data, start, stop)
                report = Unreadable(f"item {number} of {cls.__name__}: {error}", **known)
                unread[report.key or f"#{number}"] = report
            number += 1
            if not number % _ITEMS_A_STEP:
                yield
        elif tag >> 3 in (_METADATA >> 3, _ITEMS >> 3):
            raise DecodeError(f"{cls.__name__}: the wire type {tag & 7}, which is that of another type")
    if not number and not (metadata and metadata.resource_version):
        raise DecodeError(f"expected a list, got a {cls.__name__} without items and without a resourceVersion")
    content = {} if metadata is None else {"metadata": metadata}
    return cast("T", make(kind, items=PartialItems.of(items, unread) if number else NULL_SEQ, **content))
