"""Read a LIST in steps; an item that cannot be read does not fail the others."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, TypeVar, cast

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.frozen_struct import make
from kubeloop.objects.list_items import check_has_items_or_version, read_each
from kubeloop.objects.markers import NULL_SEQ
from kubeloop.objects.reflection import fields_of
from kubeloop.wire.protobuf.read_message import guarded, reader_of
from kubeloop.wire.protobuf.read_parts import identity_in
from kubeloop.wire.protobuf.wire_format import LENGTH, Malformed, fields_in, wrong_wire_type

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
    read_item = reader_of(fields["items"].shape.model).read
    read_metadata = reader_of(fields["metadata"].shape.model).read
    metadata: Any = None
    has_items = False

    def bounds() -> Iterator[tuple[int, int]]:
        """Yield the bounds of the items; keep the metadata."""
        nonlocal metadata, has_items
        for tag, start, stop in fields_in(data, at, end):
            if tag == _ITEMS:
                has_items = True
                yield start, stop
            elif tag == _METADATA:
                metadata = guarded(read_metadata, data, start, stop)
            elif tag >> 3 in (_METADATA >> 3, _ITEMS >> 3):
                raise Malformed(wrong_wire_type(tag))

    def read(where: tuple[int, int]) -> Any:
        return guarded(read_item, data, *where)

    def describe(where: tuple[int, int], error: DecodeError, beginning: str) -> Unreadable:
        return Unreadable(f"{beginning}{error}", **identity_in(data, *where))

    try:
        items = yield from read_each(bounds(), read, describe, what=cls.__name__, per_step=_ITEMS_A_STEP)
    except Malformed as error:
        raise_alone(DecodeError(f"{cls.__name__}: {error}"))
    check_has_items_or_version(kind.kind, metadata.resource_version if metadata else "", has_items=has_items)
    content = {} if metadata is None else {"metadata": metadata}
    return cast("T", make(kind, items=items if has_items else NULL_SEQ, **content))
