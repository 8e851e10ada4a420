"""Watch events as values, whatever format they were sent in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NoReturn, TypeVar, cast

import msgspec

from kubeloop._kit.value import Value
from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.json.decode import decode_data
from kubeloop.unstructured import Unstructured

__all__ = ["EventType", "UnreadableEvent", "WatchEvent", "error_event", "identified", "unread_event"]

T = TypeVar("T")

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
"""What happened to the object of a watch event. The object of an ERROR is a Status."""

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class WatchEvent(Generic[T]):
        """One event of a watch: `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR (whose object is a Status)."""

        type: EventType
        object: T

else:

    class WatchEvent(msgspec.Struct, Generic[T], frozen=True, gc=False):
        """One event of a watch: `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR (whose object is a Status)."""

        type: str
        object: T


class UnreadableEvent(Value, frozen=True):
    """A change of an object that its class cannot read, which a watch yields instead of a `WatchEvent`.

    Reading `object` raises the error, so that code which expects a `WatchEvent` fails with it. `watch()` yields this
    for ADDED and MODIFIED only, because a deletion needs only the key.
    """

    error: Unreadable
    change: Literal["ADDED", "MODIFIED", "DELETED"]
    """What happened to the object: ADDED, MODIFIED or DELETED."""

    type: ClassVar[Literal["UNREADABLE"]] = "UNREADABLE"

    @property
    def key(self) -> str:
        """The object's key, `namespace/name` or `name`; `""` when its name cannot be read."""
        return self.error.key

    @property
    def resource_version(self) -> str:
        """The object's resourceVersion; `""` when it cannot be read."""
        return self.error.resource_version

    @property
    def object(self) -> NoReturn:
        """Raise the error: the object could not be read.

        Raises: Unreadable, always.
        """
        raise self.error


def identified(cls: type[T], error: Unreadable, annotations: Mapping[str, str] | None = None) -> T:
    """Return an object of a class that has only the identity of an object which could not be read.

    Args:
        cls: The class.
        error: The error, with the object's identity.
        annotations: The annotations of the object; None for no annotations.
    """
    known = {
        "namespace": error.namespace,
        "name": error.name,
        "uid": error.uid,
        "resourceVersion": error.resource_version,
    }
    metadata: dict[str, Any] = {key: value for key, value in known.items() if value}
    if annotations:
        metadata["annotations"] = dict(annotations)
    data: dict[str, Any] = {"metadata": metadata}
    return cast("T", Unstructured.owning(data)) if issubclass(cls, Unstructured) else decode_data(data, cls)


def unread_event(
    cls: type[T], change: Any, error: Unreadable, annotations: Mapping[str, str] | None = None
) -> WatchEvent[T] | UnreadableEvent:
    """Return the event whose object could not be read. A BOOKMARK has nothing but a version and annotations.

    Args:
        cls: The class of the objects.
        change: The type of the event; a server may send an unknown one.
        error: The error, with the object's identity.
        annotations: The annotations of a BOOKMARK, as far as they can be read.
    """
    if change == "BOOKMARK":
        return WatchEvent(type=change, object=identified(cls, error, annotations))
    return UnreadableEvent(error=error, change=change)


def error_event(members: Mapping[str, Any]) -> WatchEvent[Any]:
    """Return the ERROR event, whose object is a Status, for a Status of any shape: wrong members are left out.

    Args:
        members: What could be read of the Status, with the field names of the API.
    """
    from kubeloop.models import meta_v1

    said = {name: value for name, value in members.items() if name not in ("kind", "apiVersion", "status")}
    code = said.get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = said["code"] = int(code[:9])
    if type(code) is not int or not 0 <= code < 1000:
        said.pop("code", None)
    try:
        status = decode_data({**said, "status": "Failure"}, meta_v1.Status)
    except DecodeError:
        plain = {name: value for name, value in said.items() if type(value) is (int if name == "code" else str)}
        status = decode_data({**plain, "status": "Failure"}, meta_v1.Status)
    if not (status.code or status.reason or status.message):
        status = meta_v1.Status(status="Failure", message="the server sent an ERROR event without a Status")
    return WatchEvent(type="ERROR", object=status)
