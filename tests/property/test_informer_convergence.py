"""For all writes and failures, the store converges to the server's state, and handlers get exactly that state.

Each example is a schedule of writes, failures and waiting, run in virtual time against an API server. Some objects
cannot be read (their value begins with `?`), some not even by name (`??`), on some the transform fails (`!`). In the
end, when nothing fails any more, the store must equal the server as far as its objects can be read. The replayed events
of each handler must equal the store: no event twice, none lost, no task left running. No deletion is ever reported of
an object that exists.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.meta.gvk import GroupResource
from kubeloop.meta.keys import object_key
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import settle
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing

FAILURES = {
    "refused": errors.ConnectError("connection refused"),
    "lost": errors.ConnectionLost("connection lost"),
    "429": api_error(errors.TooManyRequests, 429, "TooManyRequests"),
    "500": api_error(errors.InternalError, 500, "InternalError"),
    "403": api_error(errors.Forbidden, 403, "Forbidden"),
    "410": api_error(errors.Expired, 410, "Expired"),
    "too large": api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge"),
    "garbage": errors.DecodeError("not JSON"),
}


def raising(obj: Thing) -> bool:
    if "y" in obj.value:
        raise ValueError("broken filter")
    return "x" in obj.value


FILTERS: dict[str, Callable[[Thing], bool]] = {
    "filter": lambda obj: "x" in obj.value,
    "raising filter": raising,
    "moody filter": lambda obj: "x" in obj.value and next(MOODS),
}
MOODS = itertools.cycle([True, False, True, True, False])
NAMES = st.sampled_from(["ns/a", "ns/b", "ns/c", "other/d"])
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES, st.text("xy", max_size=2)),
    st.tuples(st.just("put"), NAMES, st.text("xy", max_size=2)),
    st.tuples(st.just("put"), NAMES, st.sampled_from(["?", "?x", "??", "!", "!y"])),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("make again"), NAMES, st.sampled_from(["x", "y", "?", "!"])),
    st.tuples(st.just("cut")),
    st.tuples(st.just("end"), st.sampled_from([None, *FAILURES])),
    st.tuples(st.just("compact")),
    st.tuples(st.just("bookmark")),
    st.tuples(st.just("fail list"), st.sampled_from(sorted(FAILURES))),
    st.tuples(st.just("fail watch"), st.sampled_from(sorted(FAILURES))),
    st.tuples(st.just("lag"), st.integers(0, 5)),
    st.tuples(st.just("new handler"), st.sampled_from(["plain", "detailed", "async", *FILTERS])),
    st.tuples(st.just("remove handler")),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.5, 5.0, 700.0])),
    st.tuples(st.just("turn"), st.integers(1, 5)),
)
OPTIONS = st.fixed_dictionaries(
    {
        "has_watch_cache": st.booleans(),
        "expires_in_stream": st.booleans(),
        "max_batch": st.sampled_from([None, 1, 2]),
        "list_delay": st.sampled_from([0.0, 1.0]),
        "open_delay": st.sampled_from([0.0, 1.0]),
        "handler_seconds": st.sampled_from([0.0, 0.002, 0.01]),
    }
)


def transform(obj: Thing) -> Thing:
    if obj.value.startswith("!"):
        raise ValueError("broken transform")
    return obj


def is_readable(obj: Thing) -> bool:
    return not obj.value.startswith(("?", "!"))


class Replay:
    """Adds up the events of a handler; an impossible event is an error."""

    def __init__(self, kind: str, server: ThingServer) -> None:
        self.state: dict[str, Thing] = {}
        self.faults: list[str] = []
        self.kind = kind
        self.server = server

    def register(self, informer: SharedInformer[Thing]) -> object:
        if self.kind == "detailed":
            return informer.add_event_handler(self)
        accepts = FILTERS.get(self.kind)
        if self.kind == "async" or self.kind == "moody filter":
            return informer.add_event_handler(
                on_add=self.slow_add, on_update=self.on_update, on_delete=self.on_delete, filter=accepts
            )
        if self.kind == "filter":
            return informer.add_event_handler(self, filter=accepts)
        return informer.add_event_handler(
            on_add=self.on_add, on_update=self.on_update, on_delete=self.on_delete, filter=accepts
        )

    async def slow_add(self, obj: Thing) -> None:
        await asyncio.sleep(0.3)
        self.on_add(obj)

    def on_add(self, obj: Thing, is_in_initial_list: bool = False) -> None:
        if object_key(obj) in self.state:
            self.faults.append(f"second add of {object_key(obj)}")
        self.state[object_key(obj)] = obj

    def on_update(self, old: Thing, new: Thing) -> None:
        if self.state.get(object_key(new)) != old:
            self.faults.append(f"update of {object_key(new)} from a state without an event")
        self.state[object_key(new)] = new

    def on_delete(self, obj: Thing | DeletedFinalStateUnknown[Thing]) -> None:
        if isinstance(obj, DeletedFinalStateUnknown):
            if self.state.get(obj.key) != obj.object:
                self.faults.append(f"tombstone of {obj.key} with a state without an event")
            obj = obj.object
        if self.state.pop(object_key(obj), None) is None:
            self.faults.append(f"deletion of unknown {object_key(obj)}")
        present = self.server.objects.get(object_key(obj))
        if self.kind not in FILTERS and present is not None and present.metadata.uid == obj.metadata.uid:
            self.faults.append(f"deletion of {object_key(obj)}, which exists")

    def check(self, store: dict[str, Thing]) -> None:
        assert self.faults == []
        if self.kind not in FILTERS:
            assert self.state == store, self.kind
        assert self.state.keys() <= store.keys(), self.kind
        if self.kind == "moody filter":
            return
        for name, obj in store.items():
            if self.kind == "raising filter" and "y" in obj.value:
                continue
            assert self.state.get(name) == (obj if "x" in obj.value or self.kind not in FILTERS else None), self.kind


def check_store(server: ThingServer, informer: SharedInformer[Thing]) -> dict[str, Thing]:
    """Compare the store with the server, as far as the server's objects can be read."""
    store = {object_key(obj): obj for obj in informer.indexer}
    named = {name: obj for name, obj in server.objects.items() if not obj.value.startswith("??")}
    unreadable = {name: obj.metadata.uid for name, obj in named.items() if not is_readable(obj)}
    for name, obj in named.items():
        if is_readable(obj):
            assert store[name] == obj
            assert name not in informer.unreadable
            continue
        last = store.get(name)
        if last is None:
            with pytest.raises(errors.Unreadable) as caught:
                informer.lister.get(name)
            assert caught.value.uid == obj.metadata.uid
        else:
            assert is_readable(last)
            assert last.metadata.uid == obj.metadata.uid
    known = {name: error.uid for name, error in informer.unreadable.items() if not name.startswith("#")}
    assert unreadable.items() <= known.items()
    if len(named) == len(server.objects):
        assert store.keys() <= named.keys()
        assert known == unreadable
        assert len(informer.unreadable) == len(unreadable)
        assert (informer.last_error == "") is not bool(unreadable)
    return store


async def play(steps: list[tuple], options: dict, seed: int, *, is_cut: bool = False) -> None:
    server = ThingServer()
    handler_seconds = options["handler_seconds"]
    for name, value in options.items():
        if name != "handler_seconds":
            setattr(server, name, value)
    informer: SharedInformer[Thing] = SharedInformer(
        server.source,
        resource=GroupResource("", "things"),
        indexers={"value": lambda obj: list(obj.value)},
        random=random.Random(seed),
    )
    informer.set_watch_error_handler(lambda _reflector, _error: None)
    informer.set_transform(transform)

    def slow(*_: object) -> None:
        # A list is reported in several time slices, between which the informer may be stopped.
        virtual_time.advance(handler_seconds)

    informer.add_event_handler(on_add=slow, on_update=slow, on_delete=slow)
    replays = [Replay(kind, server) for kind in ("plain", "detailed", "async", *FILTERS)]
    told_in_line = replays[:2]
    registrations = [replay.register(informer) for replay in replays]
    server.put(thing("ns/a", "x"))
    task = asyncio.create_task(informer.run())
    await settle()
    for step, *arguments in steps:
        match step, arguments:
            case "put", [name, value]:
                server.put(thing(name, value))
            case "delete", [name]:
                if name in server.objects:
                    server.delete(name)
            case "make again", [name, value]:
                if name in server.objects:
                    server.delete(name)
                server.put(thing(name, value))
            case "cut", []:
                server.cut_watches()
            case "end", [failure]:
                server.end_watches(FAILURES.get(failure))
            case "compact", []:
                server.compact()
            case "bookmark", []:
                server.bookmark()
            case "fail list", [failure]:
                server.next_lists.append(FAILURES[failure])
            case "fail watch", [failure]:
                server.next_watches.append(FAILURES[failure])
            case "lag", [versions]:
                server.lag = versions
            case "new handler", [kind]:
                replays.append(Replay(kind, server))
                registrations.append(replays[-1].register(informer))
            case "remove handler", []:
                if len(registrations) > 1:
                    informer.remove_event_handler(registrations.pop())  # type: ignore[arg-type]
                    replays.pop()
            case "wait", [seconds]:
                await asyncio.sleep(seconds)
            case "turn", [turns]:
                for _ in range(turns):
                    await asyncio.sleep(0)
    if is_cut:
        task.cancel()
        await asyncio.wait([task])
        store = {object_key(obj): obj for obj in informer.indexer}
        for replay in told_in_line:
            if replay in replays:
                assert (replay.faults, replay.state) == ([], store)
        assert server.open_watches == []
        return
    server.next_lists.clear()
    server.next_watches.clear()
    server.lag = 0
    # At the check below no request may be in progress, which `last_error` would show.
    server.list_delay = server.open_delay = 0.0
    await asyncio.sleep(2000)
    try:
        assert informer.has_synced
        store = check_store(server, informer)
        assert informer.last_sync_resource_version <= str(server.version)
        assert informer.is_connected
        for value in "xy":
            expected = sorted(name for name, obj in store.items() if value in obj.value)
            assert informer.indexer.index_keys("value", value) == expected
        for replay, registration in zip(replays, registrations, strict=True):
            assert registration.has_synced  # type: ignore[attr-defined]
            replay.check(store)
        assert len(server.open_watches) <= 1
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert server.open_watches == []


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, min_size=8, max_size=40), OPTIONS, st.integers(0, 2**16))
def test_store_and_handlers_become_what_the_server_has(steps: list[tuple], options: dict, seed: int):
    virtual_time.run(play(steps, options, seed))


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=30), OPTIONS, st.integers(0, 2**16))
def test_an_informer_that_is_stopped_at_any_moment_agrees_with_its_handlers(
    steps: list[tuple], options: dict, seed: int
):
    virtual_time.run(play(steps, options, seed, is_cut=True))
