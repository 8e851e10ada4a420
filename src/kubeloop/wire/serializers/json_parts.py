"""JSON of objects, lists and events from parts that are encoded already, so that an object is encoded once.

A part is the JSON of an object without `kind` and `apiVersion`; it has at least one member.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubeloop.objects.json import encode as _encode

__all__ = ["join_event", "join_list", "join_object"]


def join_object(part: bytes, api_version: str, kind: str) -> bytes:
    """Return an object with its kind."""
    return b'{"kind":"%b","apiVersion":"%b",%b' % (kind.encode(), api_version.encode(), part[1:])


def join_list(parts: Iterable[bytes], api_version: str, kind: str, metadata: Mapping[str, Any]) -> bytes:
    """Return a list of objects.

    Args:
        parts: The items, with or without their kinds.
        api_version: The apiVersion of the list.
        kind: The kind of the list.
        metadata: The ListMeta as plain data.
    """
    head = b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":[' % (
        kind.encode(),
        api_version.encode(),
        _encode.dumps(metadata),
    )
    items = list(parts)
    if not items:
        return head + b"]}"
    # One copy of a body that may have hundreds of megabytes.
    items[0] = head + items[0]
    items[-1] += b"]}"
    return b",".join(items)


def join_event(event_type: str, body: bytes) -> bytes:
    """Return the frame of a watch event.

    Args:
        event_type: The type of the event.
        body: The object with its kind.
    """
    return b'{"type":"%b","object":%b}\n' % (event_type.encode(), body)
