"""Watch events as values, whatever format they were sent in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NoReturn, TypeVar, cast

import msgspec

from kubeloop._kit.value import Value
from kubeloop.errors import Unreadable
from kubeloop.objects.json.decode import decode_data
from kubeloop.unstructured import Unstructured

__all__ = ["EventType", "UnreadableEvent", "WatchEvent", "identified"]

T = TypeVar("T")

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
"""What happened to the object of a watch event. The object of an ERROR is a Status."""

if TYPE_CHECKING:
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


def identified(cls: type[T], error: Unreadable) -> T:
    """Return an object of a class that has only the identity of an object which could not be read."""
    known = {
        "namespace": error.namespace,
        "name": error.name,
        "uid": error.uid,
        "resourceVersion": error.resource_version,
    }
    data: dict[str, Any] = {"metadata": {key: value for key, value in known.items() if value}}
    return cast("T", Unstructured.owning(data)) if cls is Unstructured else decode_data(data, cls)
