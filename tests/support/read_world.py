"""A storage with servers in front of it, to which tests of the room `reading` send requests without a handler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlencode

from kubeloop.testing.apiserver.call import Call, Context, EventStream, Waiting
from kubeloop.testing.apiserver.encoding.output import Output
from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedResource
from kubeloop.testing.apiserver.reading.list_read import list_objects
from kubeloop.testing.apiserver.reading.single_read import get_object
from kubeloop.testing.apiserver.reading.watch_read import watch
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Change, Key
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache
from kubeloop.wire.continue_token import encode_continue_token
from kubeloop.wire.request import Request
from kubeloop.wire.request_path import parse_path
from kubeloop.wire.response import Response

META = {"metadata.name": "metadata.name", "metadata.namespace": "metadata.namespace"}
PODS = ServedResource(
    "", "v1", "pods", "pod", "Pod", True, ("get", "list", "watch"),
    stored_as="pods", storage_version="v1",
    field_labels={
        **META, "spec.nodeName": "spec.nodeName", "spec.host": "spec.nodeName", "status.phase": "status.phase",
    },
    field_paths={"spec.nodeName": "spec.nodeName", "status.phase": "status.phase"},
    unknown_field_label="field label not supported: {}",
)  # fmt: skip
NODES = ServedResource(
    "", "v1", "nodes", "node", "Node", False, ("get", "list", "watch"),
    stored_as="nodes", storage_version="v1", field_labels=META,
    unknown_field_label='"{}" is not a known field selector: only "metadata.name", "metadata.namespace"',
)  # fmt: skip
WIDGETS = ServedResource(
    "example.com", "v1", "widgets", "widget", "Widget", True, ("get", "list", "watch"),
    stored_as="widgets.example.com", storage_version="example.com/v1", field_labels=META, unknown_field_label="no {}",
)  # fmt: skip
RESOURCES = {each.plural: each for each in (PODS, NODES, WIDGETS)}


@dataclass(frozen=True)
class Event:
    """What a test looks at of a watch event."""

    type: str
    name: str
    revision: int
    object: Mapping[str, Any] = field(compare=False, repr=False)

    @property
    def short(self) -> str:
        return f"{self.type} {self.name}@{self.revision}" if self.name else f"{self.type} @{self.revision}"


@dataclass(frozen=True)
class Listed:
    """What a test looks at of a list."""

    names: list[str]
    revision: int
    continue_: str
    remaining: int | None
    items: list[dict[str, Any]] = field(repr=False)


class Server:
    """One server: a watch cache on a storage. Requests carry the time of `now`."""

    def __init__(self, storage: Storage, *, now: float, lag: float = 0.0, capacity: int | None = None) -> None:
        self.storage = storage
        self.now = now
        self.cache = WatchCache(storage, lag=lag, capacity=capacity)
        self.cache.advance(now)

    def send(self, target: str, *, output: Output | None = None) -> Response | EventStream | Waiting:
        """Send a GET, as a handler would after it has routed the request."""
        self.cache.advance(self.now)
        info = parse_path("GET", target)
        call = Call(Request("GET", target), info, RESOURCES[info.resource], output or Output())
        context = Context(self.storage, self.cache, Resources(()), Random(1), self.now)
        verbs = {"get": get_object, "list": list_objects, "watch": watch}
        return verbs[info.verb](call, context)

    def path(self, resource: str, namespace: str = "", **query: object) -> str:
        group = RESOURCES[resource].group
        prefix = f"/apis/{group}/v1" if group else "/api/v1"
        text = urlencode({name.rstrip("_"): value for name, value in query.items()})
        return f"{prefix}{namespace and f'/namespaces/{namespace}'}/{resource}{text and '?'}{text}"

    def list(self, namespace: str = "", *, resource: str = "pods", **query: object) -> Listed:
        return listed(self.send(self.path(resource, namespace, **query)))

    def watch(self, namespace: str = "", *, resource: str = "pods", **query: object) -> EventStream:
        return stream(self.send(self.path(resource, namespace, watch="true", **query)))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.cache.advance(self.now)


class World(Server):
    """A storage and its first server, at revision 1 and a time of 1000."""

    def __init__(self, *, lag: float = 0.0, capacity: int | None = None) -> None:
        super().__init__(Storage(), now=1000.0, lag=lag, capacity=capacity)

    def server(self, *, lag: float = 0.0, capacity: int | None = None) -> Server:
        """Start another server on the same storage."""
        return Server(self.storage, now=self.now, lag=lag, capacity=capacity)

    def restart(self) -> None:
        """Replace the watch cache by a new one, which begins at the newest revision."""
        self.cache.close()
        self.cache = WatchCache(self.storage)
        self.cache.advance(self.now)

    def put(self, name: str, namespace: str = "ns", *, resource: str = "pods", **spec: object) -> int:
        """Create or replace an object and return its revision: `labels`, `node`, `phase`, `size`."""
        key = Key(RESOURCES[resource].stored_as, namespace if RESOURCES[resource].namespaced else "", name)
        metadata: dict[str, Any] = {"name": name, "uid": f"uid-{name}", "labels": spec.get("labels", {})}
        if key.namespace:
            metadata["namespace"] = key.namespace
        document: dict[str, Any] = {"metadata": metadata, "spec": {"nodeName": spec.get("node", "")}}
        document["status"] = {"phase": spec.get("phase", "")}
        if size := spec.get("size"):
            document["text"] = "x" * int(str(size))
        return self.storage.put(key, lambda revision: _data(document, revision), expected=None).revision

    def delete(self, name: str, namespace: str = "ns", *, resource: str = "pods") -> Change:
        """Delete an object; its last state has the revision of the deletion."""
        key = Key(RESOURCES[resource].stored_as, namespace if RESOURCES[resource].namespaced else "", name)
        stored = self.storage.get(key)
        assert stored is not None
        document = json.loads(stored.data)
        return self.storage.delete(key, lambda revision: _data(document, revision), expected=None)


def _data(document: dict[str, Any], revision: int) -> bytes:
    document["metadata"]["resourceVersion"] = str(revision)
    return json.dumps(document, separators=(",", ":")).encode()


def token(start: str, revision: int) -> str:
    """Return a continue token."""
    return encode_continue_token(start, revision)


def listed(result: object) -> Listed:
    """Return what a test looks at of the response to a list."""
    assert isinstance(result, Response), result
    body = json.loads(result.body)
    metadata = body["metadata"]
    names = [
        "/".join(filter(None, (each["metadata"].get("namespace", ""), each["metadata"]["name"])))
        for each in body["items"]
    ]
    revision = int(metadata["resourceVersion"])
    return Listed(names, revision, metadata.get("continue", ""), metadata.get("remainingItemCount"), body["items"])


def stream(result: object) -> EventStream:
    """Return the stream of a watch that has begun."""
    assert not isinstance(result, Response | Waiting), result
    return result  # type: ignore[return-value]  # what is neither is a stream


def waiting(result: object) -> Waiting:
    """Return a request that waits."""
    assert isinstance(result, Waiting), result
    return result


def events(running: EventStream, now: float) -> list[Event]:
    """Take all frames that are ready."""
    found: list[Event] = []
    while True:
        for frame in running.take(now):
            document = json.loads(frame)
            obj = document["object"]
            metadata = obj.get("metadata", {})
            found.append(
                Event(document["type"], metadata.get("name", ""), int(metadata.get("resourceVersion", "0")), obj)
            )
        if running.is_finished or running.deadline is None or running.deadline > now:
            return found


def shorts(running: EventStream, now: float) -> list[str]:
    """Take all frames that are ready, as `ADDED name@5`."""
    return [event.short for event in events(running, now)]
