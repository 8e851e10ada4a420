"""Lists and watches of several servers against a naive model of the storage, with lag, compaction and restarts.

A client keeps a copy: it lists, watches from the version of the list, and applies the events. Whatever happens, its
copy is the state of the storage at the version that its server has seen: nothing is lost, repeated or out of order.
"""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.errors import Expired, GatewayTimeout
from kubeloop.testing.apiserver.call import EventStream, Waiting
from tests.support.read_world import Listed, Server, World, events, listed, stream

State = dict[str, tuple[int, str]]
"""The Pods by name: revision and label `app`."""

SELECTIONS: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("ns", {}),
    ("", {"labelSelector": "app=web"}),
    ("ns", {"labelSelector": "app!=web"}),
    ("ns", {"fieldSelector": "metadata.name=a"}),
    ("", {"fieldSelector": "metadata.name!=a"}),
]


def is_selected(selection: int, path: str, app: str) -> bool:
    namespace, name = path.split("/")
    return [
        True,
        namespace == "ns",
        app == "web",
        namespace == "ns" and app != "web",
        namespace == "ns" and name == "a",
        name != "a",
    ][selection]


class Model:
    """A storage with two servers, and each state that it has had."""

    def __init__(self, lag: float, capacity: int) -> None:
        self.world = World(capacity=capacity)
        self.servers: list[Server] = [self.world, self.world.server(lag=lag, capacity=capacity)]
        self.states: list[State] = [{}, {}]  # by revision
        self.lag, self.capacity = lag, capacity

    def write(self, namespace: str, name: str, app: str | None) -> None:
        path = f"{namespace}/{name}"
        state = dict(self.states[-1])
        if app is not None:
            state[path] = (self.world.put(name, namespace, labels={"app": app}), app)
        elif path in state:
            self.world.delete(name, namespace)
            del state[path]
        else:
            self.world.put(name, resource="nodes")
        self.states.append(state)

    def selected(self, selection: int, revision: int) -> dict[str, int]:
        state = self.states[revision]
        return {path: at for path, (at, app) in sorted(state.items()) if is_selected(selection, path, app)}

    def pass_time(self, seconds: float) -> None:
        for server in self.servers:
            server.pass_time(seconds)

    def restart(self, index: int) -> None:
        self.servers[index].cache.close()
        server = self.world.server(lag=self.lag if index else 0.0, capacity=self.capacity)
        self.servers[index].cache = server.cache

    def compact(self, back: int) -> None:
        storage = self.world.storage
        if storage.compacted_revision < (revision := max(1, storage.revision - back)):
            storage.compact(revision)

    def finish(self, result: object, server: Server) -> object:
        """Wait as a face does."""
        while isinstance(result, Waiting):
            assert result.revision is not None
            self.pass_time(min(1.0, result.deadline - server.now))
            result = result.resume(server.now)
        return result


class Client:
    """A copy of what is selected, kept by lists and watches."""

    def __init__(self, model: Model, selection: int) -> None:
        self.model = model
        self.selection = selection
        self.namespace, self.query = SELECTIONS[selection]
        self.copy: dict[str, int] = {}
        self.revision = 0
        self.watch: EventStream | None = None
        self.server: Server = model.world

    def list(self, server: Server, version: str, limit: int) -> None:
        """Replace the copy by a list, in pages if there is a limit."""
        newest = self.model.world.storage.revision
        pages: list[Listed] = []
        token = ""
        while not pages or token:
            assert len(pages) < 20
            options = {"limit": str(limit), "continue_": token} if token else {
                "limit": str(limit), "resourceVersion": version
            }  # fmt: skip
            path = server.path("pods", self.namespace, **self.query, **options)
            pages.append(listed(self.model.finish(server.send(path), server)))
            token = pages[-1].continue_
        assert {page.revision for page in pages} == {pages[0].revision}
        self.revision = pages[0].revision
        if version == "":
            assert self.revision >= newest
        items = [item["metadata"] for page in pages for item in page.items]
        self.copy = {f"{each['namespace']}/{each['name']}": int(each["resourceVersion"]) for each in items}
        assert list(self.copy.items()) == list(self.model.selected(self.selection, self.revision).items())
        if limit and not self.query and version != "0":
            assert all(len(page.names) == limit for page in pages[:-1])
            assert [page.remaining for page in pages] == [
                len(items) - limit * (index + 1) if page.continue_ else None for index, page in enumerate(pages)
            ]

    def begin(self, server: Server, *, from_objects: bool, bookmarks: bool) -> None:
        """Watch from the version of the copy, or begin with the objects and no copy."""
        self.stop()
        query = {"watch": "1", **self.query, **({"allowWatchBookmarks": "1"} if bookmarks else {})}
        if from_objects:
            self.copy, self.revision = {}, 0
        else:
            query["resourceVersion"] = str(self.revision)
        self.server = server
        path = server.path("pods", self.namespace, **query)
        self.watch = stream(self.model.finish(server.send(path), server))
        self.take()

    def stop(self) -> None:
        if self.watch is not None:
            self.watch.close()
            self.watch = None

    def take(self) -> None:
        """Apply what has arrived, and compare the copy with the model."""
        if self.watch is None:
            return
        initial = self.revision == 0
        for event in events(self.watch, self.server.now):
            path = f"{event.object.get('metadata', {}).get('namespace', '')}/{event.name}"
            if event.type == "ERROR":
                # The version has left the window, or a watch cache that is held has not got there.
                assert event.object["code"] in (410, 504)
                assert self.watch.is_finished
            elif event.type == "BOOKMARK":
                assert event.revision >= self.revision
                if event.object["metadata"].get("annotations"):
                    initial = False
                self.revision = event.revision
            else:
                assert initial or event.revision > self.revision
                assert (path in self.copy) is (event.type != "ADDED")
                self.revision = max(self.revision, event.revision)
                if event.type == "DELETED":
                    del self.copy[path]
                else:
                    self.copy[path] = event.revision
        if self.watch.is_finished:
            self.watch = None
            return
        seen = self.server.cache.resource("pods").revision
        if seen >= self.revision:
            self.revision = seen  # objects that begin a watch without a mark do not tell the version
            assert self.copy == self.model.selected(self.selection, seen)


STEPS = {
    "write": 12,
    "list": 3,
    "begin": 3,
    "take": 6,
    "pass time": 3,
    "hold": 1,
    "compact": 1,
    "restart": 1,
    "exact": 3,
}
"""How often each kind of step is taken."""


def exact(model: Model, selection: int, server: Server, back: int, limit: int) -> None:
    """Read an older version, which must be as it was, or gone from the history."""
    storage = model.world.storage
    revision = max(1, storage.revision - back)
    namespace, query = SELECTIONS[selection]
    match = {"resourceVersionMatch": "Exact", "resourceVersion": str(revision), "limit": str(limit)}
    try:
        found = listed(model.finish(server.send(server.path("pods", namespace, **query, **match)), server))
    except Expired:
        assert revision < storage.compacted_revision
        return
    except GatewayTimeout:
        return
    expected = list(model.selected(selection, revision))
    assert (found.names if not limit else found.names[:limit]) == (expected[:limit] if limit else expected)
    assert found.revision == revision


def step(model: Model, clients: list[Client], random: Random) -> None:
    """Take one step."""
    client, index = random.choice(clients), random.randrange(2)
    server = model.servers[index]
    (kind,) = random.choices(list(STEPS), list(STEPS.values()))
    if kind == "write":
        model.write(random.choice(["ns", "ns-2"]), random.choice("abc"), random.choice(["web", "db", None]))
    elif kind == "list":
        client.stop()
        # The version of a page has left the history, or a watch cache that is held does not get there.
        with suppress(Expired, GatewayTimeout):
            client.list(server, random.choice(["", "0"]), random.randrange(3))
    elif kind == "begin":
        is_first = not client.revision or random.random() < 0.3
        client.begin(server, from_objects=is_first, bookmarks=random.random() < 0.5)
    elif kind == "take":
        client.take()
    elif kind == "pass time":
        model.pass_time(random.choice([0.5, 2.0, 16.0, 61.0]))
    elif kind == "hold":
        random.choice([model.servers[1].cache.hold, model.servers[1].cache.release])()
    elif kind == "compact":
        model.compact(random.randrange(7))
    elif kind == "restart":
        for each in clients:
            if each.server is server:
                each.stop()
        model.restart(index)
    else:
        exact(model, random.randrange(6), server, random.randrange(9), random.randrange(3))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    length=st.integers(1, 200),
    lag=st.sampled_from([0.0, 2.0]),
    capacity=st.sampled_from([1, 3, 100]),
)
def test_a_copy_is_the_state_that_its_server_has_seen(seed: int, length: int, lag: float, capacity: int) -> None:
    model, random = Model(lag, capacity), Random(seed)
    clients = [Client(model, selection) for selection in range(6)]
    for _ in range(length):
        step(model, clients, random)
    for server in model.servers:
        server.cache.release()
    model.pass_time(60.0)
    for client in clients:
        client.take()
