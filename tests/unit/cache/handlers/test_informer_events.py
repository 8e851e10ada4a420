"""`informer.events()`: the events of an informer as values, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator

import pytest

from kubeloop import errors
from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated
from kubeloop.rest.watch_stream import EVENTS_AT_ONCE
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Recorder, informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing


def shown(event: InformerEvent[Thing]) -> str:
    match event:
        case Added(obj, is_initial):
            return f"add {obj.metadata.name} {obj.value}{' initial' if is_initial else ''}"
        case Updated(old, new):
            return f"update {new.metadata.name} {old.value} {new.value}"
        case Deleted(obj, is_unknown):
            return f"delete {obj.metadata.name} {obj.value}{' unknown' if is_unknown else ''}"


async def read(events: AsyncIterator[InformerEvent[Thing]], count: int) -> list[str]:
    return [shown(await anext(events)) for _ in range(count)]


@in_virtual_time
async def test_yields_the_stored_objects_and_then_each_change():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    async with running(informer), informer.events() as events:
        server.put(thing("a", "2"))
        await settle()
        server.put(thing("b", "1"))
        await settle()
        server.delete("a")
        assert await read(events, 4) == ["add a 1 initial", "update a 1 2", "add b 1", "delete a 2"]


@in_virtual_time
async def test_a_reader_before_the_start_gets_the_first_list():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    async with informer.events() as events:
        assert not events.has_synced
        async with running(informer):
            assert await read(events, 1) == ["add a 1 initial"]
            waiter = asyncio.create_task(anext(events))
            await settle()
            assert events.has_synced
            server.put(thing("b"))
            assert shown(await waiter) == "add b "


@in_virtual_time
async def test_a_deletion_that_the_watch_missed_has_an_unknown_final_state():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    async with running(informer), informer.events() as events:
        server.delete("a")
        server.cut_watches()
        server.compact()
        await asyncio.sleep(60)
        assert await read(events, 2) == ["add a 1 initial", "delete a 1 unknown"]


@in_virtual_time
async def test_ends_when_the_informer_stops_after_all_events_before():
    server = ThingServer({"a": "1", "b": "1"})
    informer = informer_of(server)
    async with informer.events() as events:
        async with running(informer):
            await informer.wait_for_sync()
        assert [shown(event) async for event in events] == ["add a 1 initial", "add b 1 initial"]
        assert [shown(event) async for event in events] == []


@in_virtual_time
async def test_a_reader_that_waits_ends_when_the_informer_stops():
    informer = informer_of(ThingServer())
    async with informer.events() as events:
        async with running(informer):
            waiter = asyncio.create_task(anext(events, None))
            await settle()
            assert not waiter.done()
        assert await waiter is None


@in_virtual_time
async def test_events_of_a_stopped_informer_are_refused():
    informer = informer_of(ThingServer())
    async with running(informer):
        pass
    with pytest.raises(RuntimeError, match="the informer has stopped"):
        async with informer.events():
            pass


@in_virtual_time
async def test_leaving_the_block_drops_what_waits_and_leaves_nothing_behind():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    async with running(informer):
        tasks = asyncio.all_tasks()
        async with informer.events() as events:
            async for event in events:
                assert shown(event) == "add a 1 initial"
                break
            server.put(thing("a", "2"))
            await settle()
            assert events.backlog == 1
        assert events.backlog == 0
        kept = weakref.ref(events)
        assert asyncio.all_tasks() == tasks
        server.put(thing("a", "3"))
        await settle()
        del events
        gc.collect()
        assert kept() is None


@in_virtual_time
async def test_entering_again_begins_with_the_stored_objects():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    reader = informer.events()
    async with running(informer):
        async with reader as events:
            assert await read(events, 1) == ["add a 1 initial"]
        server.put(thing("a", "2"))
        await settle()
        async with reader as events:
            assert await read(events, 1) == ["add a 2 initial"]


@in_virtual_time
async def test_a_cancelled_wait_loses_no_event():
    server = ThingServer()
    informer = informer_of(server)
    async with running(informer), informer.events() as events:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await anext(events)
        server.put(thing("a", "1"))
        assert await read(events, 1) == ["add a 1"]


@in_virtual_time
async def test_a_filter_decides_about_each_state():
    server = ThingServer({"a": "no", "b": "yes"})
    informer = informer_of(server)
    async with running(informer), informer.events(filter=lambda obj: obj.value.startswith("yes")) as events:
        server.put(thing("a", "yes"))
        server.put(thing("a", "yes 2"))
        await settle()
        server.put(thing("b", "no"))
        server.delete("b")
        await settle()
        server.delete("a")
        assert await read(events, 5) == [
            "add b yes initial", "add a yes", "update a yes yes 2", "delete b yes", "delete a yes 2",
        ]  # fmt: skip


@in_virtual_time
async def test_a_filter_that_fails_is_logged_and_the_reader_gets_the_next_event(caplog: pytest.LogCaptureFixture):
    server = ThingServer({"a": "0", "b": "1"})
    informer = informer_of(server)
    async with running(informer), informer.events(filter=lambda obj: bool(1 / int(obj.value))) as events:
        assert await read(events, 1) == ["add b 1 initial"]
    assert "the filter of events() failed on ns/a" in caplog.text


@in_virtual_time
async def test_several_readers_and_handlers_get_every_event():
    server, recorder = ThingServer({"a": "1"}), Recorder()
    informer = informer_of(server)
    recorder.register(informer)
    async with running(informer), informer.events() as one, informer.events() as two:
        server.put(thing("a", "2"))
        assert await read(one, 2) == await read(two, 2) == ["add a 1 initial", "update a 1 2"]
    assert recorder.state == {"a": "2"}


@in_virtual_time
async def test_a_slow_reader_sees_its_backlog_and_with_latest_the_newest_state():
    server = ThingServer({"a": "0"})
    informer = informer_of(server)
    async with running(informer), informer.events(max_backlog=1) as events:
        for value in range(1, 50):
            server.put(thing("a", str(value)))
        await asyncio.sleep(3)
        assert events.backlog == 1
        assert events.backlog_age == 3.0
        assert "1 wait" in repr(events)
        assert await read(events, 1) == ["add a 49 initial"]


@in_virtual_time
async def test_with_error_a_slow_reader_gets_an_error_and_may_begin_again():
    server = ThingServer({"a": "0"})
    informer = informer_of(server)
    reader = informer.events(max_backlog=2, when_full="error")
    async with running(informer):
        async with reader as events:
            assert await read(events, 1) == ["add a 0 initial"]
            for value in range(1, 5):
                server.put(thing("a", str(value)))
            await settle()
            for _ in range(2):
                with pytest.raises(errors.BacklogFull, match="bound of 2 events"):
                    await anext(events)
        async with reader as events:
            assert await read(events, 1) == ["add a 4 initial"]


@in_virtual_time
async def test_with_block_a_reader_gets_every_event_and_the_informer_waits():
    server = ThingServer({"a": "0"})
    informer = informer_of(server)
    async with running(informer), informer.events(max_backlog=2, when_full="block") as events:
        with pytest.raises(RuntimeError, match=r"because events\(\) has when_full='block'"):
            Recorder().register(informer)
        for value in range(1, 50):
            server.put(thing("a", str(value)))
        await settle()
        assert 2 <= events.backlog <= 2 + EVENTS_AT_ONCE
        told = []
        for _ in range(50):
            told.append(shown(await anext(events)).split()[-1])
            await asyncio.sleep(1)
        assert told[1:] == [str(value) for value in range(1, 50)]
    assert repr(events) == "<InformerEvents of things: closed>"


@in_virtual_time
async def test_events_are_read_inside_of_their_block():
    events = informer_of(ThingServer()).events()
    with pytest.raises(RuntimeError, match=r"things: events are read inside of their block.*async with"):
        async for _ in events:
            pass
    with pytest.raises(RuntimeError, match="inside of their block"):
        await anext(events)
    async with events:
        with pytest.raises(RuntimeError, match="call events"):
            async with events:
                pass
