"""The loop that applies changes: lists in time slices, cancellation, and the order of changes, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.real_fifo import QueuedDelta, RealFIFO, ReplacedAll
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.handlers.shared_processor import SharedProcessor
from kubeloop.cache.informer.applier import Applier
from kubeloop.cache.informer.informer_metrics import InformerLabels, InformerRecorder
from kubeloop.cache.informer.pop_loop import PopLoop
from kubeloop.cache.informer.resync import ResyncSchedule
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.informer.store_replacement import StoreReplacement
from kubeloop.cache.informer.sync_gate import SyncGate
from kubeloop.cache.informer.write_tracker import WriteTracker
from kubeloop.cache.store.indexer import Indexer
from kubeloop.testing.virtual_time import advance, in_virtual_time, settle
from tests.support.informers import Detailed, Recorder, informer_of, observed, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing

EXPIRED = api_error(errors.Expired, 410, "Expired")
COUNT = 100


def old_names() -> list[str]:
    return [f"t{number:03}" for number in range(COUNT)]


@dataclass
class Relist:
    """An informer that applies a second list, which takes many time slices.

    Half of the objects are deleted in it, the others have the value `new`.
    """

    server: ThingServer
    informer: SharedInformer[Thing]
    recorder: Recorder
    task: asyncio.Task[None]
    views: list[tuple[str, ...]] = field(default_factory=list)

    def view(self) -> tuple[str, ...]:
        """Return what a reader sees, and check that the indices agree."""
        found = self.informer.lister.list()
        values = {obj.value for obj in found}
        assert sorted(self.informer.indexer.index_values("value")) == sorted(values)
        for value in values:
            assert len(self.informer.indexer.by_index("value", value)) == len(found)
        return (*values, str(len(found)), self.informer.store_resource_version)

    async def turns(self) -> AsyncIterator[None]:
        """Yield after each turn of the event loop until the list is applied."""
        for _ in range(3000):
            self.views.append(self.view())
            yield
            if len(self.recorder.told) >= 2 * COUNT:
                return
            await asyncio.sleep(0)
        raise AssertionError("the list was not applied")

    def check_handler(self) -> None:
        assert self.recorder.state == {obj.metadata.name: obj.value for obj in self.informer.lister.list()}


@asynccontextmanager
async def relisting() -> AsyncIterator[Relist]:
    """Run an informer up to the turn before its second list arrives."""
    server, recorder = ThingServer(dict.fromkeys(old_names(), "old")), Recorder()
    is_slow = False

    def by_value(obj: Thing) -> Iterator[str]:
        if is_slow:
            advance(0.001)
        yield obj.value

    def slow(*_: object) -> None:
        if is_slow:
            advance(0.001)

    informer = informer_of(server, indexers={"value": by_value})
    recorder.register(informer)
    informer.add_event_handler(on_add=slow, on_update=slow, on_delete=slow)
    task = asyncio.create_task(informer.run())
    await settle()
    assert len(recorder.told) == COUNT
    for number, name in enumerate(old_names()):
        if number % 2:
            server.delete(name)
        else:
            server.put(thing(name, "new"))
    for watch in server.open_watches:
        watch.forget()
    server.end_watches(EXPIRED)
    server.list_delay = 1.0
    try:
        while len(server.lists) < 2:
            await asyncio.sleep(0.1)
        is_slow = True
        advance(server.list_delay)  # While this task is ready, the time does not move by itself.
        yield Relist(server, informer, recorder, task)
    finally:
        task.cancel()
        await asyncio.wait([task])


@in_virtual_time
async def test_changes_are_told_in_their_order_across_objects():
    """(D5)"""
    server = ThingServer()
    async with observed(server) as (_, recorder):
        server.put(thing("a", "1"))
        server.put(thing("b", "1"))
        server.put(thing("a", "2"))
        server.put(thing("b", "2"))
        server.delete("a")
        server.put(thing("a", "3"))
        await settle()
    assert recorder.told == [
        ("add", "a", "1"),
        ("add", "b", "1"),
        ("update", "a", "1", "2"),
        ("update", "b", "1", "2"),
        ("delete", "a", "2"),
        ("add", "a", "3"),
    ]


@in_virtual_time
async def test_readers_see_the_store_before_or_after_a_list():
    """(D5)"""
    async with relisting() as relist:
        async for _ in relist.turns():
            pass
        seen = list(dict.fromkeys(relist.views))
        assert [view[:2] for view in seen] == [("old", "100"), ("new", "50")]
        assert min(relist.views.count(view) for view in seen) > 3
        relist.check_handler()


@in_virtual_time
async def test_handlers_are_told_of_deletions_first_and_then_of_the_others_in_the_order_of_the_list():
    async with relisting() as relist:
        async for _ in relist.turns():
            pass
        names = old_names()
        assert [event[:2] for event in relist.recorder.told[COUNT:]] == [
            *(("delete", name) for name in names[1::2]),
            *(("update", name) for name in names[0::2]),
        ]


async def count_turns() -> int:
    async with relisting() as relist:
        return len([None async for _ in relist.turns()])


@in_virtual_time
async def test_a_cancelled_informer_has_applied_a_list_and_told_of_it_or_neither():
    seen = set()
    for stop_after in range(await count_turns()):
        async with relisting() as relist:
            turn = 0
            async for _ in relist.turns():
                if turn == stop_after:
                    break
                turn += 1
            relist.task.cancel()
            await asyncio.wait([relist.task])
            relist.check_handler()
            seen.add(relist.view()[:2])
            assert relist.task.cancelled()
    assert seen == {("old", "100"), ("new", "50")}


@in_virtual_time
async def test_a_cancelled_informer_lets_other_tasks_run_while_it_tells_of_a_list():
    async with relisting() as relist:
        async for _ in relist.turns():
            if "new" in relist.view():
                break
        relist.task.cancel()
        turns = 0
        while not relist.task.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns > 3


@in_virtual_time
async def test_events_that_arrive_while_a_list_is_applied_follow_it():
    async with relisting() as relist:
        is_sent = False
        async for _ in relist.turns():
            if not is_sent and relist.server.open_watches:
                assert relist.view()[0] == "old"
                relist.server.put(thing("t000", "newest"))
                relist.server.delete("t002")
                is_sent = True
        assert is_sent
        await settle()
        assert relist.recorder.told[2 * COUNT :] == [("update", "t000", "new", "newest"), ("delete", "t002", "new")]
        relist.check_handler()


@pytest.mark.parametrize("sees", ["old", "new"])
@in_virtual_time
async def test_a_handler_that_is_added_while_a_list_is_applied_adds_up_to_the_store(sees: str):
    async with relisting() as relist:
        late = Recorder()
        async for _ in relist.turns():
            if sees in relist.view() and not late.told:
                late.register(relist.informer)
                late.told.append(("registered",))
        await settle()
        assert len([event for event in late.told if event[0] == "add"]) == (100 if sees == "old" else 50)
        assert late.state == relist.recorder.state


@in_virtual_time
async def test_a_handler_that_is_removed_while_a_list_is_applied_gets_no_further_call():
    async with relisting() as relist:
        other = Recorder()
        registration = other.register(relist.informer)
        counts: list[int] = []
        async for _ in relist.turns():
            if "new" in relist.view() and not counts:
                relist.informer.remove_event_handler(registration)
                counts.append(len(other.told))
        assert len(other.told) == counts[0]


@in_virtual_time
async def test_an_index_that_is_added_while_a_list_is_applied_holds_the_list():
    async with relisting() as relist:
        async for _ in relist.turns():
            if "late" not in relist.informer.indexer.indexers:
                relist.informer.add_indexers({"late": lambda obj: [obj.value]})
        assert relist.informer.indexer.index_values("late") == ["new"]
        assert len(relist.informer.indexer.by_index("late", "new")) == 50


@in_virtual_time
async def test_the_first_list_is_in_the_initial_list_of_each_handler():
    server, detailed = ThingServer({"a": "1"}), Detailed()
    informer = informer_of(server)
    informer.add_event_handler(detailed)
    async with running(informer):
        server.put(thing("b"))
        server.put(thing("a", "2"))
        await settle()
    assert detailed.told == [("add", "a", True), ("add", "b", False), ("update", "1", "2")]


@in_virtual_time
async def test_the_informer_has_synced_only_when_plain_handlers_have_seen_the_whole_first_list():
    server = ThingServer(dict.fromkeys(old_names(), "x"))
    informer = informer_of(server)
    told: list[str] = []

    def slow(obj: Thing) -> None:
        advance(0.001)
        told.append(obj.metadata.name)

    informer.add_event_handler(on_add=slow)
    task = asyncio.create_task(informer.run())
    while not informer.has_synced:
        assert len(informer.indexer) in (0, COUNT)
        await asyncio.sleep(0)
    assert len(told) == COUNT
    task.cancel()
    await asyncio.wait([task])


@in_virtual_time
async def test_the_version_of_the_store_follows_lists_events_and_bookmarks():
    server = ThingServer({"a": "1"})
    async with observed(server) as (informer, _):
        assert informer.store_resource_version == "101"
        server.put(thing("a", "2"))
        await settle()
        assert informer.store_resource_version == "102"
        server.put(thing("a", "?"))
        await settle()
        assert informer.store_resource_version == "103"
        server.delete("a")
        await settle()
        assert informer.store_resource_version == "104"
        server.bookmark(200)
        await settle()
        assert informer.store_resource_version == "200"


@in_virtual_time
async def test_the_version_of_the_store_does_not_run_ahead_of_the_store():
    async with relisting() as relist:
        async for _ in relist.turns():
            version = relist.informer.store_resource_version
            assert (version == relist.views[0][-1]) == ("old" in relist.view())


@in_virtual_time
async def test_a_new_informer_has_no_version():
    assert informer_of(ThingServer()).store_resource_version == ""


@in_virtual_time
async def test_an_informer_runs_in_another_thread_than_the_one_that_created_it():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    informer.indexer._writer = -1
    async with running(informer):
        assert informer.lister.get("ns/a").value == "1"


@in_virtual_time
async def test_a_list_that_an_index_function_fails_on_is_applied(caplog: pytest.LogCaptureFixture):
    server = ThingServer({"a": "1", "b": "0"})
    async with observed(server, indexers={"half": lambda obj: [str(10 // int(obj.value))]}) as (informer, recorder):
        assert recorder.state == {"a": "1", "b": "0"}
        assert informer.indexer.index_keys("half", "10") == ["ns/a"]
    assert "the index function 'half' failed on 'ns/b'" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@in_virtual_time
async def test_a_transform_may_return_objects_without_a_version():
    def only_names(obj: Thing) -> Any:
        metadata = SimpleNamespace(name=obj.metadata.name, namespace=obj.metadata.namespace)
        return SimpleNamespace(metadata=metadata, value=obj.value)

    server = ThingServer({"a": "1"})
    async with observed(server, transform=only_names) as (informer, recorder):
        server.put(thing("a", "2"))
        await settle()
        server.end_watches(EXPIRED)
        await asyncio.sleep(5)
        assert len(server.lists) == 2
        assert informer.store_resource_version == "102"
    assert recorder.told == [("add", "a", "1"), ("update", "a", "1", "2"), ("update", "a", "2", "2")]


class BrokenOnce(Applier[Thing]):
    """An applier with a mistake in the first list and in the first change of `a`."""

    __slots__ = ("failures",)

    def __init__(self, indexer: Indexer[Thing]) -> None:
        super().__init__("things", indexer)
        self.failures = 2

    def replacement(self, listed: ReplacedAll[Thing]) -> StoreReplacement[Thing]:
        self._fail(self.failures == 2)
        return super().replacement(listed)

    def apply(self, delta: QueuedDelta[Thing]) -> None:
        self._fail(self.failures == 1)
        super().apply(delta)

    def _fail(self, is_time: bool) -> None:
        if is_time:
            self.failures -= 1
            raise ZeroDivisionError("a mistake")


@in_virtual_time
async def test_a_mistake_in_a_list_or_in_a_change_is_logged_and_the_next_ones_are_applied(
    caplog: pytest.LogCaptureFixture,
):
    indexer: Indexer[Thing] = Indexer()
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.replace([thing("a", "1")])
    fifo.update(thing("a", "2"))
    fifo.update(thing("b", "3"))
    fifo.replace([thing("c", "4")])
    applier, resync = BrokenOnce(indexer), ResyncSchedule[HandlerRegistration[Thing]]("things", 0)
    processor = SharedProcessor("things", indexer, applier, SyncGate("things", lambda: ""), resync)
    recorder = InformerRecorder(InformerLabels("things", "", "v1", "things"), None)
    writes = WriteTracker("things", indexer, version=lambda _: None, selects=lambda _: True, last_error=lambda: "")
    loop = PopLoop("things", fifo, applier, processor, resync, recorder, writes, lambda: None)
    task = asyncio.create_task(loop.run())
    await settle()
    assert indexer.list() == [thing("c", "4")]
    assert len(fifo) == 0
    assert caplog.text.count("ZeroDivisionError: a mistake") == 2
    assert "things: could not process ReplacedAll of all objects" in caplog.text
    assert "things: could not process Updated of a" in caplog.text
    fifo.close()
    await task


def failing(exception: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise exception

    return fail


@in_virtual_time
async def test_a_handler_that_fails_on_each_object_of_a_list_harms_no_other(caplog: pytest.LogCaptureFixture):
    server, recorder = ThingServer(dict.fromkeys("abc", "1")), Recorder()
    informer = informer_of(server)
    informer.add_event_handler(on_add=failing(ValueError("broken handler")))
    informer.add_event_handler(on_add=failing(asyncio.CancelledError()))
    recorder.register(informer)
    async with running(informer):
        assert informer.has_synced
    assert sorted(recorder.state) == ["a", "b", "c"]
    assert caplog.text.count("broken handler") >= 3
