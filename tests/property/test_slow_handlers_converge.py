"""However slow its handlers are, under each policy, what each of them sees adds up to the store, in bounded memory.

Each example is a schedule of writes, failures, waiting, and handlers that come and go, in virtual time against an API
server. A handler with the policy `error` may be removed; then it has an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.cache.handlers.handler_backlog import WhenFull
from kubeloop.cache.handlers.informer_event import Added, Deleted, Updated
from kubeloop.cache.handlers.informer_events import InformerEvents
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.errors import BacklogFull
from kubeloop.meta.keys import object_key
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import settle
from tests.support.informers import informer_of
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing

NAMES = ["ns/a", "ns/b", "ns/c"]
POLICIES: list[WhenFull | None] = [None, "latest", "error"]
SECONDS = st.sampled_from([0.0, 0.3, 7.0, 60.0])
READERS = st.tuples(
    st.sampled_from(["handler", "events", "filtered events"]), st.sampled_from(POLICIES), st.integers(1, 4), SECONDS
)
WRITES = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(NAMES), st.text("xy", max_size=2)),
    st.tuples(st.just("put"), st.sampled_from(NAMES), st.text("xy", max_size=2)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(st.just("cut")),
    st.tuples(st.just("compact")),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 5.0, 300.0])),
    st.tuples(st.just("turn"), st.integers(1, 5)),
)
STEPS = st.one_of(
    WRITES,
    WRITES,
    st.tuples(st.just("new reader"), READERS),
    st.tuples(st.just("remove reader"), st.integers(0, 5)),
)


def is_x(obj: Thing) -> bool:
    return "x" in obj.value


class Reader:
    """Something slow that adds up the events that it sees; an impossible event is a fault."""

    def __init__(self, kind: str, when_full: WhenFull | None, limit: int, seconds: float) -> None:
        self.kind, self.when_full, self.limit, self.seconds = kind, when_full, limit, seconds
        self.state: dict[str, Thing] = {}
        self.faults: list[str] = []
        self.error: BacklogFull | None = None
        self.source: HandlerRegistration[Thing] | InformerEvents[Thing]
        self.stop: Callable[[], object]

    def attach(self, informer: SharedInformer[Thing]) -> None:
        options = {} if self.when_full is None else {"max_backlog": self.limit, "when_full": self.when_full}
        if self.kind == "handler":
            self.source = registration = informer.add_event_handler(
                on_add=self.add,
                on_update=self.update,
                on_delete=self.delete,
                **options,  # type: ignore[arg-type]
            )
            self.stop = lambda: informer.remove_event_handler(registration)
            return
        accepts = is_x if self.kind == "filtered events" else None
        self.source = events = informer.events(filter=accepts, **options)  # type: ignore[arg-type]
        self.task = asyncio.create_task(self.read(events))
        self.stop = self.task.cancel

    async def read(self, events: InformerEvents[Thing]) -> None:
        async with events:
            try:
                async for event in events:
                    match event:
                        case Added(new):
                            await self.add(new)
                        case Updated(old, new):
                            await self.update(old, new)
                        case Deleted(last):
                            await self.delete(last)
            except BacklogFull as error:
                self.error = error

    async def add(self, obj: Thing) -> None:
        await asyncio.sleep(self.seconds)
        if object_key(obj) in self.state:
            self.faults.append(f"second add of {object_key(obj)}")
        self.state[object_key(obj)] = obj

    async def update(self, old: Thing, new: Thing) -> None:
        await asyncio.sleep(self.seconds)
        if self.state.get(object_key(new)) != old:
            self.faults.append(f"update of {object_key(new)} from a state that was not seen")
        self.state[object_key(new)] = new

    async def delete(self, obj: Thing) -> None:
        await asyncio.sleep(self.seconds)
        if self.state.pop(object_key(obj), None) is None:
            self.faults.append(f"deletion of unknown {object_key(obj)}")

    def check_memory(self) -> None:
        if self.when_full is None:
            return
        initial = len(NAMES)
        # `block` lets through what was received together, and the changes of one list.
        most = {"latest": max(self.limit, 2 * len(NAMES)), "error": self.limit, "block": self.limit + 8}
        assert self.source.backlog <= most[self.when_full] + initial, self.when_full

    def check(self, store: dict[str, Thing]) -> None:
        assert self.faults == []
        if isinstance(self.source, HandlerRegistration):
            self.error = self.source.error
        if self.error is not None:
            assert self.when_full == "error"
            return
        accepted = {name: obj for name, obj in store.items() if self.kind != "filtered events" or is_x(obj)}
        assert self.state == accepted
        assert self.source.has_synced
        assert (self.source.backlog, self.source.backlog_age) == (0, 0.0)


async def play(steps: list[tuple], first: list[tuple]) -> None:
    server = ThingServer({"a": "x"})
    informer = informer_of(server)
    readers = [Reader(*arguments) for arguments in first]
    for reader in readers:
        reader.attach(informer)
    removed: list[Reader] = []
    running = asyncio.create_task(informer.run())
    for step, *arguments in steps:
        match step, arguments:
            case "put", [name, value]:
                server.put(thing(name, value))
            case "delete", [name] if name in server.objects:
                server.delete(name)
            case "cut", []:
                server.cut_watches()
            case "compact", []:
                server.compact()
            case "wait", [seconds]:
                await asyncio.sleep(seconds)
            case "turn", [turns]:
                for _ in range(turns):
                    await asyncio.sleep(0)
            case "new reader", [described]:
                readers.append(Reader(*described))
                readers[-1].attach(informer)
            case "remove reader", [number] if number < len(readers):
                removed.append(readers.pop(number))
                removed[-1].stop()
        for reader in readers:
            reader.check_memory()
    await asyncio.sleep(3000)
    store = {object_key(obj): obj for obj in informer.indexer}
    assert store == server.objects
    for reader in readers:
        reader.check(store)
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
    await settle()
    for reader in (*readers, *removed):
        assert reader.faults == []
        if not isinstance(reader.source, HandlerRegistration):
            assert reader.task.done()


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=40), st.lists(READERS, max_size=3))
def test_what_slow_handlers_see_adds_up_to_the_store(steps: list[tuple], first: list[tuple]):
    virtual_time.run(play(steps, first))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(WRITES, min_size=5, max_size=40),
    st.sampled_from(["handler", "events", "filtered events"]),
    st.integers(1, 4),
    SECONDS,
)
def test_what_a_handler_sees_for_which_the_informer_waits_adds_up_to_the_store(
    steps: list[tuple], kind: str, limit: int, seconds: float
):
    virtual_time.run(play(steps, [(kind, "block", limit, seconds)]))
