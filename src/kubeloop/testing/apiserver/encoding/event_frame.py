"""Frames of watches. The frame of an event is made once for all watches that need the same."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kubeloop.objects.json.encode import dumps
from kubeloop.testing.apiserver.encoding.canonical_form import form_of
from kubeloop.testing.apiserver.encoding.output import Output
from kubeloop.testing.apiserver.encoding.single_object import encode_document, whole_object
from kubeloop.testing.apiserver.encoding.written_part import class_of_kind
from kubeloop.testing.apiserver.storage.stored import Key, Stored
from kubeloop.wire.serializers import json_parts, protobuf_parts
from kubeloop.wire.status_bodies import status_document

if TYPE_CHECKING:
    from kubeloop.errors import APIError
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource

__all__ = ["encode_bookmark", "encode_error_event", "encode_event"]

_KEPT_FRAMES = 1024


def encode_event(event_type: str, stored: Stored, resource: ServedResource, output: Output) -> bytes:
    """Return the frame of an event.

    Args:
        event_type: `ADDED`, `MODIFIED` or `DELETED`.
        stored: The object, of a deletion its last state.
        resource: The resource in the version of the watch.
        output: The format and the form.
    """
    return _latest.frame_of(event_type, stored, resource, output)


class _Latest:
    """The frame that was encoded last: all watches of the same form need it one after the other."""

    __slots__ = ("_event_type", "_frame", "_output", "_resource", "_stored")

    def __init__(self) -> None:
        self._event_type = ""
        self._stored: Stored | None = None
        self._resource: ServedResource | None = None
        self._output: Output | None = None
        self._frame = b""

    def frame_of(self, event_type: str, stored: Stored, resource: ServedResource, output: Output) -> bytes:
        """Return the frame of an event; a kept one if it was encoded before."""
        if (
            stored is self._stored
            and resource is self._resource
            and output is self._output
            and event_type == self._event_type
        ):
            return self._frame
        frame = _frame(event_type, stored, _Version(resource), output)
        self._event_type, self._stored, self._resource, self._output = event_type, stored, resource, output
        self._frame = frame
        return frame


_latest = _Latest()


class _Version:
    """A resource, compared by its identity: hashing all that is known of it would take longer than the frame."""

    __slots__ = ("resource",)

    def __init__(self, resource: ServedResource) -> None:
        self.resource = resource

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Version) and other.resource is self.resource

    def __hash__(self) -> int:
        return id(self.resource)


@lru_cache(maxsize=_KEPT_FRAMES)
def _frame(event_type: str, stored: Stored, version: _Version, output: Output) -> bytes:
    return _joined(event_type, whole_object(stored, version.resource, output), output)


def encode_bookmark(revision: int, resource: ServedResource, output: Output, *, ends_list: bool = False) -> bytes:
    """Return the frame of a bookmark.

    Args:
        revision: The revision up to which the watch has sent all events.
        resource: The resource in the version of the watch.
        output: The format and the form.
        ends_list: Whether the bookmark ends the initial events of a watch with `sendInitialEvents`.
    """
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if ends_list:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    cls = class_of_kind(resource.api_version, resource.kind)
    data = {"metadata": metadata} if cls is None else form_of(cls)({"metadata": metadata}, [])
    stored = Stored(Key(resource.stored_as, "", ""), revision, revision, dumps(data))
    return _joined("BOOKMARK", whole_object(stored, resource, output), output)


def encode_error_event(error: APIError, output: Output) -> bytes:
    """Return the frame of an ERROR event, whose object is a Status."""
    plain = Output(output.format, output.media_type)
    return _joined("ERROR", encode_document(status_document(error), plain), output)


def _joined(event_type: str, body: bytes, output: Output) -> bytes:
    join = protobuf_parts.join_event if output.format == "protobuf" else json_parts.join_event
    return join(event_type, body)
