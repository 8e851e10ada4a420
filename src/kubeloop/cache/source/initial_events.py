"""`InitialEvents`: the events of a streaming list, up to the bookmark that ends it, as a list of objects."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Generic, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.source.lister_watcher import WatchEventLike
from kubeloop.errors import DecodeError, Unreadable
from kubeloop.listwatch.streaming_list import ends_initial_events
from kubeloop.meta.keys import object_key
from kubeloop.wire.watch_events import UnreadableEvent

__all__ = ["InitialEvents"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class InitialEvents(Generic[T]):
    """Collects the objects of a streaming list. Changes that arrive before its end are part of it.

    Args:
        name: The name of the reflector, for log lines.
        expected_type: Objects of another class are logged and skipped; None takes all.

    Attributes:
        objects: The objects that exist, by key.
        unreadable: The errors of those that cannot be read, by key; `"#<number>"` is the key without a name.
        version: The version of the list; None until its end has arrived.

    Reference: client-go `tools/cache.Reflector.watchList` (temporaryStore).
    """

    __slots__ = ("_expected_type", "_name", "_nameless", "objects", "unreadable", "version")

    def __init__(self, name: str, expected_type: type[T] | None = None) -> None:
        self._name = name
        self._expected_type = expected_type
        self._nameless = 0
        self.objects: dict[str, T] = {}
        self.unreadable: dict[str, Unreadable] = {}
        self.version: str | None = None

    def take(
        self, events: Sequence[WatchEventLike[T] | UnreadableEvent]
    ) -> Sequence[WatchEventLike[T] | UnreadableEvent]:
        """Take the events that have arrived.

        Returns:
            The events after the end of the list, which are changes of it; none before the end has arrived.

        Raises:
            DecodeError: A bookmark does not end the list, so the server does not know that it was asked for one.
        """
        objects, unreadable, expected = self.objects, self.unreadable, self._expected_type
        for number, event in enumerate(events, 1):
            kind = event.type
            if isinstance(event, UnreadableEvent):
                self._take_unreadable(event)
                continue
            obj = event.object
            if expected is not None and not isinstance(obj, expected):
                logger.error("%s: skipped an event with a %s", self._name, type(obj).__name__)
            elif kind == "BOOKMARK":
                self._end(obj)
                return events[number:]
            elif kind in ("ADDED", "MODIFIED"):
                key = object_key(obj)
                objects[key] = obj
                if unreadable:
                    unreadable.pop(key, None)
            elif kind == "DELETED":
                self._remove(object_key(obj))
            else:
                logger.error("%s: skipped an event of the unknown type %r", self._name, safe_text(kind))
        return ()

    def _end(self, bookmark: T) -> None:
        metadata = bookmark.metadata
        if not ends_initial_events(getattr(metadata, "annotations", None)):
            raise DecodeError("expected the bookmark that ends the initial events of the watch, got another bookmark")
        self.version = metadata.resource_version

    def _take_unreadable(self, event: UnreadableEvent) -> None:
        key = event.error.key
        if not key:
            self._nameless += 1
            self.unreadable[f"#{self._nameless}"] = event.error
            return
        self._remove(key)
        if event.change != "DELETED":
            self.unreadable[key] = event.error

    def _remove(self, key: str) -> None:
        self.objects.pop(key, None)
        self.unreadable.pop(key, None)

    def __repr__(self) -> str:
        state = "not complete" if self.version is None else f"at version {self.version}"
        return safe_text(f"<InitialEvents of {self._name}: {len(self.objects)} objects, {state}>")
