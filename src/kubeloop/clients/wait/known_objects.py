"""KnownObjects: the events that a list stands for, beside what was known before it.

Reference: client-go tools/cache (Store.Replace), tools/watch/informerwatcher.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kubeloop.meta.keys import object_key
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.clients.wait.wait_machine import WholeList

__all__ = ["KnownObjects"]

T = TypeVar("T")


class KnownObjects(Generic[T]):
    """The last state of each object of a collection.

    Attributes:
        objects: The objects, by key.
    """

    def __init__(self) -> None:
        self.objects: Mapping[str, T] = {}
        self._known: dict[str, T] = {}

    def replaced(self, found: WholeList[T]) -> list[WatchEvent[T] | UnreadableEvent]:
        """Take over a list, and return the events that it stands for.

        A deletion comes with the last state that was known. An object that was replaced by another of its name is
        DELETED and ADDED. An object that cannot be read is not deleted.
        """
        events: list[WatchEvent[T] | UnreadableEvent] = []
        for key, old in self._known.items():
            new = found.objects.get(key)
            is_gone = new is None and key not in found.unreadable
            if is_gone or (new is not None and _uid(new) != _uid(old)):
                events.append(WatchEvent("DELETED", old))
        for key, new in found.objects.items():
            known = self._known.get(key)
            if known is None or _uid(known) != _uid(new):
                events.append(WatchEvent("ADDED", new))
            elif _version(known) != _version(new):
                events.append(WatchEvent("MODIFIED", new))
        events.extend(
            UnreadableEvent(error=error, change="MODIFIED" if key in self._known else "ADDED")
            for key, error in found.unreadable.items()
        )
        kept = {key: obj for key, obj in self._known.items() if key in found.unreadable}
        self._known = {**kept, **found.objects}
        self.objects = self._known
        return events

    def changed(self, event: WatchEvent[T] | UnreadableEvent) -> None:
        """Take over an event."""
        if isinstance(event, UnreadableEvent):
            return
        key = _key(event.object)
        if event.type == "DELETED":
            self._known.pop(key, None)
        elif event.type in ("ADDED", "MODIFIED"):
            self._known[key] = event.object


def _key(obj: Any) -> str:  # Any: each object of Kubernetes has metadata
    return object_key(obj)


def _uid(obj: Any) -> str:  # Any: as above
    return obj.metadata.uid or ""


def _version(obj: Any) -> str:  # Any: as above
    return obj.metadata.resource_version or ""
