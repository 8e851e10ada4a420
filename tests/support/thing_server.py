"""An `APIServer` whose ConfigMaps are things, and a network in front of it whose faults a test commands.

The server, the client and the objects are real. `ThingServer` stands where the network is: it fails the next requests,
and cuts, ends or disturbs the watches that are open. What it adds is written as the server writes it.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote, urlencode

from kubeloop import errors
from kubeloop.cache.source.lister_watcher import ListWatch
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.config.config import Config
from kubeloop.rest.client import RESTClient
from kubeloop.testing import APIServer, FakeTransport, Storage, StreamedResponse, event_line, json_response
from kubeloop.testing.apiserver.call import EventStream, Waiting
from kubeloop.testing.apiserver.live import after_waiting
from kubeloop.testing.apiserver.loop_clock import LoopClock
from kubeloop.testing.apiserver.storage.storage_history import StorageHistory
from kubeloop.testing.apiserver.storage.stored import Key, Stored
from kubeloop.wire.refusals import expired
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from kubeloop.wire.status_bodies import status_document
from tests.support.scripted_transport import query
from tests.support.things import Thing, thing

__all__ = ["OpenWatch", "ThingServer", "hide_names", "parts_of"]

FIRST_VERSION = 100


class ThingServer:
    """The things of an API server, and the network between the server and its clients.

    A new server is at version 100, and begins with the objects that the arguments name: keys as for `thing`, and their
    values. The namespace of an object is `ns` if it has none. The class of things cannot read an object whose value
    begins with `?`; if it begins with `??`, not even its name.

    Attributes:
        api: The server.
        source: The things, for a reflector. One request is sent per call.
        lists, watches: The requests, in order.
        open_watches: The watches whose bodies are being read.
        next_lists, next_watches: Exceptions that the next requests end with; None lets a request through.
        list_delay, open_delay: Seconds that a request takes.
        lag: The number of writes by which lists at `"0"` are behind.
        max_batch: Events that arrive together; None means all.
        expires_in_stream: Whether a watch from an expired version opens and then reports that the version is expired.
        has_watch_cache: Without a watch cache, lists at `"0"` are paged like others, and there are no bookmarks.
        knows_initial_events: Whether the server knows `sendInitialEvents`, or ignores it as old ones do.
        next_ends: How the next watches end: the number of events after which they do, and `"end"`, `"cut"` or
            `"silence"`; None does not disturb a watch.
        lie: Changes the data of each list and each event before the client gets it; by default it hides some names.
    """

    def __init__(self, things: Mapping[str, str] = {}, *, watch_list: bool = False) -> None:
        self._clock = LoopClock()
        history = StorageHistory(FIRST_VERSION, compacted_revision=FIRST_VERSION)
        for namespace in ("ns", "other"):
            history.add(Stored(Key("namespaces", "", namespace), FIRST_VERSION, FIRST_VERSION, b"{}"))
        self.api = APIServer(
            storage=Storage(history=history), controllers=(), clock=self._clock, random=random.Random(5)
        )
        rest = RESTClient(Config(), transport=FakeTransport(self._respond), max_retries=0)
        self.source: ListWatch[Thing] = rest_list_watch(rest, Thing, watch_list=watch_list)
        self.lists: list[dict[str, Any]] = []
        self.watches: list[dict[str, Any]] = []
        self.open_watches: list[OpenWatch] = []
        self.next_lists: deque[BaseException | None] = deque()
        self.next_watches: deque[BaseException | None] = deque()
        self.list_delay = self.open_delay = 0.0
        self.max_batch: int | None = None
        self.lag = 0
        self.has_watch_cache = self.expires_in_stream = self.knows_initial_events = True
        self.next_ends: deque[tuple[int, str] | None] = deque()
        self.lie: Callable[[dict[str, Any]], None] = hide_names
        for name, value in things.items():
            self.put(thing(name, value))

    def _start(self, storage: Storage) -> APIServer:
        return APIServer(storage=storage, controllers=(), clock=self._clock, random=random.Random(5))

    @property
    def version(self) -> int:
        return self.api.storage.revision

    @property
    def objects(self) -> dict[str, Thing]:
        """The objects by key, as a class would read them that can read all of them."""
        return {each.key.path: _read(each) for each in self.api.storage.range("configmaps").items}

    # Writing

    def put(self, obj: Thing) -> Thing:
        """Create or update an object; a created object gets a uid of its own, unless it has one."""
        metadata = obj.metadata
        key = Key("configmaps", metadata.namespace or "ns", metadata.name)
        before = self.api.storage.get(key)
        uid = metadata.uid or (_read(before).metadata.uid if before else f"uid-{self.version + 1}")
        document = obj.to_dict()
        document["metadata"] |= {"namespace": key.namespace, "uid": uid}
        if obj.value.startswith("?"):
            document["data"]["count"] = "many"
        self.api.put(document)
        stored = self.api.storage.get(key)
        assert stored is not None
        return _read(stored)

    def delete(self, name: str) -> Thing:
        """Delete an object and return its last state, with the version of the deletion."""
        namespace, _, own = name.rpartition("/")
        before = self.version
        reply = self.api.respond(Request("DELETE", f"/api/v1/namespaces/{namespace or 'ns'}/configmaps/{quote(own)}"))
        assert isinstance(reply, Response)
        assert reply.status == 200
        [change] = self.api.storage.changes(before)
        assert change.last is not None
        return _read(change.last)

    def compact(self) -> None:
        """Forget all history, as a compaction and a restart do: older versions are expired from now on."""
        if self.version > self.api.storage.compacted_revision:
            self.api.storage.compact(self.version)
        self.api = self._start(self.api.storage)

    # Open watches

    def send(self, *events: bytes) -> None:
        """Send events that did not happen to every open watch; `event_line` writes them."""
        for watch in self.open_watches:
            watch.send(*events)

    def bookmark(self, version: int | None = None) -> None:
        """Send a version, the present one by default, to every open watch."""
        metadata = {"resourceVersion": str(version or self.version), "creationTimestamp": None}
        self.send(event_line("BOOKMARK", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}))

    def end_watches(self, error: Exception | None = None) -> None:
        """End every open watch: as the server does, or with an error after the events that are still unread."""
        for watch in self.open_watches:
            watch.end(error)
        self.open_watches.clear()

    def cut_watches(self) -> None:
        """Break the connections: unread events are lost."""
        for watch in self.open_watches:
            watch.cut()
        self.open_watches.clear()

    # The network

    async def _respond(self, request: Request) -> Response | StreamedResponse:
        asked = query(request)
        version = asked.get("resourceVersion", "")
        if "watch" in asked:
            if not self.expires_in_stream and 0 < int(version or 0) < self.api.storage.compacted_revision:
                self.next_watches.appendleft(expired("too old resource version"))
            seconds = int(asked["timeoutSeconds"])
            streams_list = asked.get("sendInitialEvents") == "true"
            self.watches.append({"resource_version": version, "timeout_seconds": seconds, "streams_list": streams_list})
            await asyncio.sleep(self.open_delay)
            failure = self.next_watches.popleft() if self.next_watches else None
            return await self._watch(request) if failure is None else _failed(failure)
        limit = int(asked["limit"]) if "limit" in asked else None
        self.lists.append({"resource_version": version, "limit": limit, "continue_": asked.get("continue", "")})
        await asyncio.sleep(self.list_delay)
        failure = self.next_lists.popleft() if self.next_lists else None
        if failure is not None:
            return _failed(failure)
        if version == "0" and not self.has_watch_cache:
            request = _without(request, "resourceVersion")
        self.api.reactions.clear()
        if version == "0" and self.lag:
            self.api.on("list").stale(self.lag)
        reply = self.api.respond(request)
        response = reply if isinstance(reply, (Response, StreamedResponse)) else await reply
        assert isinstance(response, Response)
        return Response(response.status, response.headers, self.told(response.body))

    async def _watch(self, request: Request) -> Response | StreamedResponse:
        if not self.has_watch_cache:
            request = _without(request, "allowWatchBookmarks")
        reply = self.api.handle(request, self._clock())
        if isinstance(reply, Waiting):
            reply = await after_waiting(reply, self.api.cache, self._clock)
        assert not isinstance(reply, Waiting)
        if isinstance(reply, Response):
            return reply
        watch = OpenWatch(self, reply, self._clock)
        if self.next_ends and (end := self.next_ends.popleft()) is not None:
            watch.end_after(*end)
        self.open_watches.append(watch)
        return StreamedResponse(watch, reply.status, reply.headers)

    def told(self, body: bytes) -> bytes:
        """Return the bytes of a list or an event as the client gets them."""
        if self.lie is hide_names and b'"??' not in body:
            return body
        document = json.loads(body)
        self.lie(document)
        return json.dumps(document).encode() + b"\n"


class OpenWatch:
    """The body of an open watch: the events of the server, and what a test adds to them."""

    def __init__(self, server: ThingServer, events: EventStream, clock: Callable[[], float]) -> None:
        self._server = server
        self._events = events
        self._clock = clock
        self._frames: deque[bytes] = deque()
        self._error: Exception | None = None
        self._is_ended = self._is_silent = False
        self._left: tuple[int, str] | None = None
        self._news = asyncio.Event()
        events.on_ready = self._news.set

    def send(self, *events: bytes) -> None:
        """Add events after those that the server has sent so far."""
        self._take()
        self._frames.extend(events)
        self._news.set()

    def send_now(self, *events: bytes) -> None:
        """Send events, although the server itself has fallen silent."""
        self._frames.extend(events)
        self._news.set()

    @property
    def is_open(self) -> bool:
        """Whether the body is being read."""
        return self in self._server.open_watches

    def end(self, error: Exception | None) -> None:
        """End the body after the events that the server has sent so far."""
        self._take()
        if isinstance(error, errors.APIError):
            self._frames.append(event_line("ERROR", status_document(error)))
        else:
            self._error = error
        self._is_ended = True
        self._news.set()

    def cut(self) -> None:
        """Break the connection."""
        self._frames.clear()
        self._error = errors.ConnectionLost("connection lost", method="GET", path="/things")
        self._is_ended = True
        self._news.set()

    def end_after(self, events: int, how: str) -> None:
        """Send a number of events, then do what `how` says: `"end"`, `"cut"` or `"silence"`."""
        self._left = events, how

    def forget(self) -> None:
        """Lose the events that the server has sent and nobody has read."""
        self._take()
        self._frames.clear()

    def fall_silent(self) -> None:
        """Send nothing any more, although the connection stays open."""
        self._is_silent = True

    def _take(self) -> None:
        if not self._is_ended and not self._is_silent:
            frames = map(self._server.told, self._events.take(self._clock()))
            knows = self._server.knows_initial_events
            self._frames.extend(each for each in frames if knows or b"initial-events-end" not in each)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            self._news.clear()
            self._take()
            if self._left is not None and len(self._frames) >= self._left[0]:
                count, how = self._left
                self._left = None
                kept = [self._frames.popleft() for _ in range(count)]
                {"end": lambda: self.end(None), "cut": self.cut, "silence": self.fall_silent}[how]()
                self._frames = deque(kept)
            if self._frames:
                count = min(self._server.max_batch or len(self._frames), len(self._frames))
                return b"".join(self._frames.popleft() for _ in range(count))
            if self._is_ended or (self._events.is_finished and not self._is_silent):
                await self.aclose()
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            deadline = None if self._is_silent else self._events.deadline
            try:
                async with asyncio.timeout(None if deadline is None else deadline - self._clock()):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def aclose(self) -> None:
        self._is_ended = True
        self._events.close()
        if self in self._server.open_watches:
            self._server.open_watches.remove(self)


def parts_of(document: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the objects of a list or of an event."""
    return document["items"] if "items" in document else [document["object"]]


def hide_names(document: Mapping[str, Any], value: str = "??", name: object = 7) -> None:
    """Replace the names of the objects whose value begins with a text."""
    for obj in parts_of(document):
        if obj.get("data", {}).get("value", "").startswith(value):
            obj["metadata"]["name"] = name


def _without(request: Request, *parameters: str) -> Request:
    asked = query(request)
    for parameter in parameters:
        asked.pop(parameter, None)
    return Request(request.method, f"{request.path}?{urlencode(asked)}", request.headers)


def _read(stored: Stored) -> Thing:
    document = json.loads(stored.data)
    document.get("data", {}).pop("count", None)
    return Thing.from_dict(document)


def _failed(failure: BaseException) -> Response:
    if isinstance(failure, errors.APIError):
        return json_response(status_document(failure), failure.status.code)
    raise failure
