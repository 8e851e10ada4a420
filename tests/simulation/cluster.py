"""A cluster: one storage, several API servers in front of it, the writes, and what is true at each moment.

Writes go to the storage, not through a client, because the simulation is about those who read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from kubeloop.testing import APIServer, Storage, virtual_time
from kubeloop.testing.apiserver.storage.stored import Change, Key
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache

NAMESPACES = ("one", "two")
APPS = ("a", "b")
ODD = "odd-"
"""The prefix of the names of objects that may become unreadable."""

CONTENT = {
    "configmaps": '"data":{"value":"%d"}',
    "services": '"spec":{"clusterIP":"10.0.0.1","externalName":"v%d"}',
    "pods": '"spec":{"nodeName":"n1","containers":[{"name":"a","image":"image:%d"}]}',
    "events": '"involvedObject":{"kind":"Pod","name":"a"},"message":"number %d"',
}
RESOURCES = tuple(CONTENT)
BROKEN = {
    "configmaps": '"data":7',
    "services": '"spec":7',
    "pods": '"spec":{"containers":7}',
    "events": '"involvedObject":7',
}


@dataclass(frozen=True, slots=True)
class Fact:
    """An object as it is on the server. `breaks` names its unreadable part: `content`, `all`, or `""`."""

    uid: str
    version: int
    app: str
    breaks: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What a consumer reads. The transform of a picky one fails on some objects with odd names."""

    resource: str
    namespace: str = ""
    app: str = ""
    reads_content: bool = True
    is_picky: bool = False

    def covers(self, key: Key, fact: Fact) -> bool:
        return self.namespace in ("", key.namespace) and self.app in ("", fact.app)

    def can_read(self, path: str, fact: Fact) -> bool:
        if self.is_picky and is_picked(path):
            return False
        return fact.breaks == "" or (fact.breaks == "content" and not self.reads_content)


def is_picked(path: str) -> bool:
    """Return whether the transform of a picky consumer fails on an object."""
    return path.endswith(f"{ODD}b")


class Truth:
    """What the objects of a scope were at each revision: what a consumer of the scope can be right about.

    Attributes:
        facts: The objects now, by key as informers write keys.
        gone: The uids that were deleted, or left the scope.
        states: A hash of each state that the scope has had, without the objects with odd names.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.facts: dict[str, Fact] = {}
        self.gone: set[str] = set()
        self.states = {0}
        self._hash = 0

    def change(self, key: Key, fact: Fact | None) -> None:
        path = key.path
        before = self.facts.get(path)
        after = fact if fact is not None and self.scope.covers(key, fact) else None
        if before is not None:
            if after is None or after.uid != before.uid:
                self.gone.add(before.uid)
            del self.facts[path]
            self._hash ^= state_hash(path, before.version)
        if after is not None:
            self.facts[path] = after
            self._hash ^= state_hash(path, after.version)
        self.states.add(self._hash)


def state_hash(path: str, version: int) -> int:
    """Return what an object adds to the hash of a state; objects with odd names add nothing."""
    return 0 if ODD in path else hash((path, version))


class Cluster:
    """The storage and the servers.

    Attributes:
        servers: The running servers; None stands for one that is down.
        offset: Seconds by which the clock of all servers is wrong.
        writes: The number of writes.
    """

    def __init__(self, random: Random, servers: int, window: int | None) -> None:
        self.offset = 0.0
        self.writes = 0
        self.storage = Storage()
        self.facts: dict[Key, Fact] = {}
        self._random = random
        self._window = window
        self._uids = 0
        self._truths: dict[Scope, Truth] = {}
        # A storage that is not empty gets no fresh content; this object is in no resource of the simulation.
        self.storage.put(Key("namespaces", "", "one"), lambda _: b'{"metadata":{"name":"one"}}', expected=None)
        self.storage.subscribe(self._record)
        self.servers: list[APIServer | None] = [self._new_server() for _ in range(servers)]

    def now(self) -> float:
        return virtual_time.timestamp() + self.offset

    def _new_server(self) -> APIServer:
        server = APIServer(
            storage=self.storage, controllers=(), clock=self.now, random=Random(self._random.getrandbits(32))
        )
        if self._window is not None:
            planned = server.cache.on_pending
            server.cache.close()
            server.cache = WatchCache(self.storage, capacity=self._window)
            server.cache.on_pending = planned
        return server

    def start(self, number: int) -> None:
        """Start a server that is down. Its window begins with what the storage holds now."""
        if self.servers[number] is None:
            self.servers[number] = self._new_server()

    def stop(self, number: int) -> APIServer | None:
        """Stop a server: its watches end. Return the server that was running."""
        server, self.servers[number] = self.servers[number], None
        if server is not None:
            server.close()
        return server

    def running(self) -> Iterator[APIServer]:
        return (server for server in self.servers if server is not None)

    def truth(self, scope: Scope) -> Truth:
        """Return what is true of a scope, from now on."""
        truth = self._truths.get(scope)
        if truth is None:
            truth = self._truths[scope] = Truth(scope)
            for key, fact in self.facts.items():
                if key.resource == scope.resource:
                    truth.change(key, fact)
        return truth

    def _record(self, change: Change) -> None:
        if change.value is None:
            self.facts.pop(change.key, None)
        fact = self.facts.get(change.key)
        for scope, truth in self._truths.items():
            if scope.resource == change.key.resource:
                truth.change(change.key, fact)

    # Writes

    def put(self, key: Key, *, app: str, breaks: str = "") -> None:
        """Create or replace an object; `breaks` is that of `Fact`."""
        self._begin()
        before = self.facts.get(key)
        if before is None:
            self._uids += 1
        uid = f"uid-{self._uids}" if before is None else before.uid
        revision = self.storage.revision + 1
        self.facts[key] = Fact(uid, revision, app, breaks)
        self.storage.put(key, _data(key, self.facts[key]), expected=None)

    def delete(self, key: Key) -> None:
        """Delete an object, whose last state is as readable as the state before."""
        self._begin()
        self.storage.delete(key, _data(key, self.facts[key]), expected=None)

    def _begin(self) -> None:
        self.writes += 1
        self.storage.advance(self.now())

    def compact(self) -> None:
        """Drop the history, also what the watch caches keep of it for pages."""
        revision = self.storage.revision
        if revision > self.storage.compacted_revision:
            self.storage.compact(revision)
        for server in self.running():
            for resource in RESOURCES:
                server.cache.resource(resource).drop_snapshots(revision)


def _data(key: Key, fact: Fact) -> Callable[[int], bytes]:
    time = "0000-01-01T00:00:00Z" if fact.breaks == "all" else "2000-01-01T00:00:00Z"
    content = BROKEN[key.resource] if fact.breaks == "content" else CONTENT[key.resource] % fact.version

    def data(revision: int) -> bytes:
        text = (
            f'{{"metadata":{{"name":"{key.name}","namespace":"{key.namespace}","uid":"{fact.uid}",'
            f'"resourceVersion":"{revision}","creationTimestamp":"{time}","labels":{{"app":"{fact.app}"}}}},{content}}}'
        )
        return text.encode()

    return data
