"""A small server behind a `ListerWatcher`: versions, history, pages, watches, and their failures.

Objects whose value begins with `?` cannot be read by their class. Of objects whose value begins with `??`, not even the
name can be read.

The server keeps the rules of the real one that a reflector depends on. Each write has a resource version. A list at
`"0"` may return an older state, a list at a version returns nothing older, and a version in the future is "too large".
A continue token belongs to one snapshot. A watch returns all events after its version, in order. A version that was
compacted is expired, which the server reports either when the watch opens or by an ERROR event. Failures are scripted:
the next lists and watches can fail, and open watches can be cut or ended. The loop is the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kubeloop import errors
from kubeloop.meta.keys import object_key
from kubeloop.wire.watch_events import UnreadableEvent

__all__ = ["Event", "FakeServer", "Meta", "Thing", "api_error", "event_of", "thing", "unreadable"]


@dataclass(frozen=True)
class Meta:
    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    uid: str = ""


@dataclass(frozen=True)
class Thing:
    metadata: Meta = Meta()
    value: str = ""
    node: str = ""


def thing(
    name: str, value: str = "", *, node: str = "", version: str = "", labels: Mapping[str, str] = {}, uid: str = ""
) -> Thing:
    """Build an object from `"namespace/name"`, or from `"name"` without a namespace."""
    namespace, _, own = name.rpartition("/")
    return Thing(Meta(own, namespace, version, labels, uid), value, node)


@dataclass(frozen=True)
class Event:
    type: str
    object: Thing


def unreadable(obj: Thing, why: str = "field value: expected int, got str") -> errors.Unreadable:
    """Build the error that the class of an object would raise while it reads the object."""
    metadata = obj.metadata
    if obj.value.startswith("??"):
        return errors.Unreadable(why, resource_version=metadata.resource_version)
    return errors.Unreadable(
        why,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
    )


def event_of(kind: str, obj: Thing) -> Event | UnreadableEvent:
    return UnreadableEvent(unreadable(obj), kind) if obj.value.startswith("?") else Event(kind, obj)


@dataclass(frozen=True)
class ListMeta:
    resource_version: str
    continue_: str = ""


@dataclass(frozen=True)
class Page:
    metadata: ListMeta
    items: Sequence[Thing]
    unreadable: Mapping[str, errors.Unreadable] = field(default_factory=dict)
    api_version: str = "v1"
    kind: str = "ThingList"


def api_error(
    kind: type[errors.APIError], code: int, reason: str, message: str = "", cause: str = ""
) -> errors.APIError:
    causes = (errors.StatusCause(reason=cause),) if cause else ()
    return kind(errors.StatusDetails(code=code, reason=reason, message=message or reason, causes=causes))


def expired() -> errors.Expired:
    error = api_error(errors.Expired, 410, "Expired", "too old resource version")
    assert isinstance(error, errors.Expired)
    return error


class FakeServer:
    """One resource of a server, as a `ListerWatcher`.

    The server begins with the objects that the arguments name: keys as for `thing`, and their values.

    Attributes:
        lists, watches: The requests, in order.
        next_lists, next_watches: Exceptions that the next requests end with; None lets a request through.
        lag: The number of versions by which lists at `"0"` are behind.
        max_batch: Events per batch; None means all.
        expire_in_stream: Whether a watch from a compacted version opens and then reports that the version is expired.
        has_watch_cache: Without a watch cache, lists at `"0"` are paged like others.
        list_delay, open_delay: Seconds that a request takes.
        has_versions: Whether lists have a resourceVersion; those of some servers do not.
    """

    def __init__(self, things: Mapping[str, str] = {}) -> None:
        self.version = 100
        self.objects: dict[str, Thing] = {}
        self.history: list[tuple[int, Event | UnreadableEvent]] = []
        self.snapshots: dict[int, dict[str, Thing]] = {100: {}}
        self.compacted = 0
        self.lists: list[dict[str, Any]] = []
        self.watches: list[dict[str, Any]] = []
        self.next_lists: deque[BaseException | None] = deque()
        self.next_watches: deque[BaseException | None] = deque()
        self.open_watches: list[FakeWatch] = []
        self.lag = 0
        self.max_batch: int | None = None
        self.expire_in_stream = True
        self.has_watch_cache = True
        self.list_delay = 0.0
        self.open_delay = 0.0
        self.has_versions = True
        for name, value in things.items():
            self.put(thing(name, value))

    # Writing

    def put(self, obj: Thing) -> Thing:
        """Create or update an object; a created object gets a uid of its own, unless it has one."""
        name = object_key(obj)
        before = self.objects.get(name)
        self.version += 1
        uid = obj.metadata.uid or (before.metadata.uid if before else f"uid-{self.version}")
        obj = replace(obj, metadata=replace(obj.metadata, resource_version=str(self.version), uid=uid))
        self.objects[name] = obj
        self._record(event_of("MODIFIED" if before else "ADDED", obj))
        return obj

    def delete(self, name: str) -> Thing:
        last = self.objects.pop(name)
        self.version += 1
        last = replace(last, metadata=replace(last.metadata, resource_version=str(self.version)))
        self._record(event_of("DELETED", last))
        return last

    def bookmark(self) -> None:
        """Send the present version to every open watch, as a bookmark."""
        for watch in self.open_watches:
            watch.push(Event("BOOKMARK", Thing(Meta(resource_version=str(self.version)))))

    def compact(self) -> None:
        """Forget all history: older versions are expired from now on."""
        self.compacted = self.version
        self.history.clear()

    def send(self, event: Event | UnreadableEvent) -> None:
        """Send an event that did not happen to every open watch."""
        for watch in self.open_watches:
            watch.push(event)

    def end_watches(self, error: Exception | None = None) -> None:
        """End every open watch: as the server does, or with an error after the events that are still unread."""
        for watch in self.open_watches:
            watch.end(error)
        self.open_watches.clear()

    def cut_watches(self) -> None:
        """Break the connections: unread events are lost."""
        for watch in self.open_watches:
            watch.pending.clear()
            watch.end(errors.ConnectionLost("connection lost", method="GET", path="/things"))
        self.open_watches.clear()

    def _record(self, event: Event | UnreadableEvent) -> None:
        self.history.append((self.version, event))
        self.snapshots[self.version] = dict(self.objects)
        for watch in self.open_watches:
            watch.push(event)

    # ListerWatcher --------------------------------------------------------------------------------------------------

    async def list(self, *, resource_version: str = "", limit: int | None = None, continue_: str = "") -> Page:
        self.lists.append({"resource_version": resource_version, "limit": limit, "continue_": continue_})
        await asyncio.sleep(self.list_delay)
        if self.next_lists and (error := self.next_lists.popleft()) is not None:
            raise error
        assert not (continue_ and resource_version), "a server refuses both together"
        if continue_:
            version, start = map(int, continue_.split(":"))
            if version < self.compacted:
                raise expired()
        else:
            version, start = self.version, 0
            if resource_version == "0":
                version = max([v for v in self.snapshots if v <= self.version - self.lag], default=self.version)
                limit = None if self.has_watch_cache else limit
            elif resource_version and int(resource_version) > self.version:
                raise api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")
        items = list(self.snapshots[version].values())
        end = start + limit if limit else len(items)
        page = items[start:end]
        found = {place: unreadable(obj) for place, obj in enumerate(page) if obj.value.startswith("?")}
        return Page(
            ListMeta(str(version) if self.has_versions else "", f"{version}:{end}" if end < len(items) else ""),
            tuple(obj for place, obj in enumerate(page) if place not in found),
            {error.key or f"#{place}": error for place, error in found.items()},
        )

    @contextlib.asynccontextmanager
    async def watch(self, *, resource_version: str, timeout_seconds: int) -> AsyncIterator[FakeWatch]:
        self.watches.append({"resource_version": resource_version, "timeout_seconds": timeout_seconds})
        await asyncio.sleep(self.open_delay)
        if self.next_watches and (error := self.next_watches.popleft()) is not None:
            raise error
        watch = FakeWatch(asyncio.get_running_loop().time() + timeout_seconds, self.max_batch)
        if resource_version in ("", "0"):
            for obj in self.objects.values():
                watch.push(event_of("ADDED", obj))
        elif int(resource_version) < self.compacted:
            if not self.expire_in_stream:
                raise expired()
            watch.end(expired())
        else:
            for version, event in self.history:
                if version > int(resource_version):
                    watch.push(event)
        self.open_watches.append(watch)
        try:
            yield watch
        finally:
            if watch in self.open_watches:
                self.open_watches.remove(watch)


class FakeWatch:
    """An open watch, as an `EventStream`."""

    def __init__(self, deadline: float, max_batch: int | None) -> None:
        self.pending: deque[Event | UnreadableEvent] = deque()
        self._deadline = deadline
        self._max_batch = max_batch
        self._news = asyncio.Event()
        self._is_ended = False
        self._error: Exception | None = None

    def push(self, event: Event | UnreadableEvent) -> None:
        if not self._is_ended:
            self.pending.append(event)
            self._news.set()

    def end(self, error: Exception | None) -> None:
        self._is_ended = True
        self._error = error
        self._news.set()

    async def batch(self) -> Sequence[Event | UnreadableEvent]:
        while True:
            if self.pending:
                count = len(self.pending) if self._max_batch is None else min(self._max_batch, len(self.pending))
                return [self.pending.popleft() for _ in range(count)]
            if self._is_ended:
                if self._error is not None:
                    raise self._error
                return ()
            self._news.clear()
            try:
                async with asyncio.timeout_at(self._deadline):
                    await self._news.wait()
            except TimeoutError:
                return ()
