"""SharedInformer: handlers that are notified of all objects again, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop import errors
from kubeloop.testing.virtual_time import advance, elapsed, in_virtual_time, settle
from tests.support.informers import informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing


class Timed:
    """Records updates with the times at which they happen."""

    def __init__(self) -> None:
        self.updates: list[tuple[float, str, bool]] = []

    def on_update(self, old: Thing, new: Thing) -> None:
        self.updates.append((elapsed(), new.metadata.name, old is new))


@in_virtual_time
async def test_a_resync_notifies_of_each_stored_object_as_an_update_that_changes_nothing():
    server, timed = ThingServer({"a": "1", "b": "1"}), Timed()
    informer = informer_of(server, resync_period=30)
    informer.add_event_handler(on_update=timed.on_update)
    async with running(informer):
        await asyncio.sleep(70)
    assert timed.updates == [(30, "a", True), (30, "b", True), (60, "a", True), (60, "b", True)]
    assert len(server.lists) == 1


@in_virtual_time
async def test_each_handler_has_its_own_period():
    server, default, slow, never = ThingServer({"a": "1"}), Timed(), Timed(), Timed()
    informer = informer_of(server, resync_period=10)
    informer.add_event_handler(on_update=default.on_update)
    informer.add_event_handler(on_update=slow.on_update, resync_period=20)
    informer.add_event_handler(on_update=never.on_update, resync_period=0)
    async with running(informer):
        await asyncio.sleep(41)
    assert [when for when, _, _ in default.updates] == [10, 20, 30, 40]
    assert [when for when, _, _ in slow.updates] == [20, 40]
    assert never.updates == []


@in_virtual_time
async def test_an_informer_without_a_period_never_resyncs_and_refuses_the_period_of_a_handler():
    server, timed = ThingServer({"a": "1"}), Timed()
    informer = informer_of(server)
    informer.add_event_handler(on_update=timed.on_update)
    with pytest.raises(ValueError, match="things: expected resync_period=0, got 5"):
        informer.add_event_handler(on_update=timed.on_update, resync_period=5)
    async with running(informer):
        await asyncio.sleep(10_000)
    assert timed.updates == []


@in_virtual_time
async def test_a_list_does_not_notify_handlers_that_resync_of_unchanged_objects():
    server, timed = ThingServer({"a": "1"}), Timed()
    informer = informer_of(server, resync_period=1000)
    informer.add_event_handler(on_update=timed.on_update)
    async with running(informer):
        server.end_watches(api_error(errors.Expired, 410, "Expired"))
        await asyncio.sleep(5)
        assert len(server.lists) == 2
    assert timed.updates == []


@in_virtual_time
async def test_resyncs_continue_while_the_server_does_not_respond():
    server, timed = ThingServer({"a": "1"}), Timed()
    informer = informer_of(server, resync_period=10)
    informer.add_event_handler(on_update=timed.on_update)
    async with running(informer):
        server.next_watches.extend([errors.ConnectError("connection refused")] * 1000)
        server.cut_watches()
        await asyncio.sleep(35)
        assert not informer.is_connected
    assert [when for when, _, _ in timed.updates] == [10, 20, 30]


@in_virtual_time
async def test_the_periods_begin_with_the_first_sync():
    server, timed = ThingServer({"a": "1"}), Timed()
    server.list_delay = 25.0
    informer = informer_of(server, resync_period=10)
    informer.add_event_handler(on_update=timed.on_update)
    async with running(informer):
        await asyncio.sleep(46)
    assert [when for when, _, _ in timed.updates] == [35, 45]


@in_virtual_time
async def test_a_resync_shows_the_state_after_the_events_before_it_and_before_those_after_it():
    server = ThingServer({"a": "1"})
    told: list[tuple[str, str]] = []
    informer = informer_of(server, resync_period=10)
    informer.add_event_handler(on_update=lambda old, new: told.append((old.value, new.value)))
    async with running(informer):
        await asyncio.sleep(9)
        server.put(thing("a", "2"))
        await asyncio.sleep(2)
        server.put(thing("a", "3"))
        await settle()
    assert told == [("1", "2"), ("2", "2"), ("2", "3")]


@in_virtual_time
async def test_a_resync_of_many_objects_lets_other_tasks_run():
    server = ThingServer({f"t{number}": "1" for number in range(100)})
    informer = informer_of(server, resync_period=10)
    updates = 0

    def slow(_old: Thing, _new: Thing) -> None:
        nonlocal updates
        updates += 1
        advance(0.001)

    informer.add_event_handler(on_update=slow)
    async with running(informer):
        await asyncio.sleep(10)
        seen = set()
        while updates < 100:
            seen.add(updates)
            await asyncio.sleep(0)
        assert len(seen) > 10


@in_virtual_time
async def test_a_removed_handler_is_not_resynced_and_the_timer_ends_with_the_informer():
    server, removed, kept = ThingServer({"a": "1"}), Timed(), Timed()
    informer = informer_of(server, resync_period=10)
    registration = informer.add_event_handler(on_update=removed.on_update)
    informer.add_event_handler(on_update=kept.on_update)
    async with running(informer):
        informer.remove_event_handler(registration)
        await asyncio.sleep(11)
    await asyncio.sleep(100)
    assert removed.updates == []
    assert [when for when, _, _ in kept.updates] == [10]


@in_virtual_time
async def test_a_handler_that_is_added_late_is_resynced_after_its_period():
    server, timed = ThingServer({"a": "1"}), Timed()
    informer = informer_of(server, resync_period=10)
    async with running(informer):
        await asyncio.sleep(5)
        informer.add_event_handler(on_update=timed.on_update)
        await asyncio.sleep(30)
    assert [when for when, _, _ in timed.updates] == [20, 30]


@in_virtual_time
async def test_async_handlers_are_resynced_too():
    server = ThingServer({"a": "1"})
    times: list[float] = []

    async def on_update(_old: Thing, _new: Thing) -> None:
        await asyncio.sleep(1)
        times.append(elapsed())

    informer = informer_of(server, resync_period=10)
    informer.add_event_handler(on_update=on_update)
    async with running(informer):
        await asyncio.sleep(25)
    assert times == [11, 21]
