"""Protobuf of objects, lists and events from parts that are encoded already, so that an object is encoded once.

A part is the message of an object without its envelope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubeloop.objects.json.decode import decode_data
from kubeloop.wire.protobuf.envelope import sealed
from kubeloop.wire.protobuf.wire_format import with_length
from kubeloop.wire.protobuf.write_message import write_message
from kubeloop.wire.serializers.protobuf_events import event_message

__all__ = ["join_event", "join_list", "join_object"]

_METADATA, _ITEMS = 1, 2  # of all lists


def join_object(part: bytes, api_version: str, kind: str) -> bytes:
    """Return an object in its envelope."""
    return sealed(api_version, kind, part)


def join_list(parts: Iterable[bytes], api_version: str, kind: str, metadata: Mapping[str, Any]) -> bytes:
    """Return a list of objects in its envelope.

    Args:
        parts: The items.
        api_version: The apiVersion of the list.
        kind: The kind of the list.
        metadata: The ListMeta as plain data.
    """
    from kubeloop.models import meta_v1

    head = with_length(_METADATA, write_message(decode_data(metadata, meta_v1.ListMeta)))
    return sealed(api_version, kind, b"".join([head, *(with_length(_ITEMS, part) for part in parts)]))


def join_event(event_type: str, body: bytes) -> bytes:
    """Return the frame of a watch event.

    Args:
        event_type: The type of the event.
        body: The object in its envelope.
    """
    message = event_message(event_type, body)
    return len(message).to_bytes(4, "big") + message
