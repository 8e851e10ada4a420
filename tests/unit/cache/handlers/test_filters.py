"""SharedInformer: handlers with a filter, in virtual time."""

from __future__ import annotations

import asyncio

from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.testing import event_line
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Detailed, informer_of, observed, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing


@in_virtual_time
async def test_a_filter_turns_changes_into_adds_and_deletions():
    server, detailed = ThingServer(), Detailed()
    async with observed(server, detailed, filter=lambda obj: obj.value.startswith("y")) as (_, recorder):
        for value in ("n1", "y1", "y2", "n2", "n3", "y3"):
            server.put(thing("a", value))
            await settle()
        server.put(thing("b", "n"))
        server.delete("b")
        server.delete("a")
        await settle()
    assert recorder.told == [
        ("add", "a", "y1"),
        ("update", "a", "y1", "y2"),
        ("delete", "a", "y2"),
        ("add", "a", "y3"),
        ("delete", "a", "y3"),
    ]
    assert [event[0] for event in detailed.told] == ["add", "update", "delete", "add", "delete"]


@in_virtual_time
async def test_a_filter_is_given_the_object_of_a_tombstone():
    server, detailed = ThingServer({"a": "yes", "b": "no"}), Detailed()
    async with observed(server, detailed, filter=lambda obj: obj.value == "yes"):
        server.cut_watches()
        server.delete("a")
        server.delete("b")
        server.compact()
        await asyncio.sleep(3)
    [told] = [event for event in detailed.told if event[0] == "delete"]
    assert isinstance(told[1], DeletedFinalStateUnknown)
    assert told[1].key == "ns/a"


@in_virtual_time
async def test_a_filter_works_for_async_functions_and_missing_ones():
    server = ThingServer()
    informer = informer_of(server)
    told: list[str] = []

    async def on_delete(obj: Thing) -> None:
        await asyncio.sleep(1)
        told.append(obj.value)

    informer.add_event_handler(on_delete=on_delete, filter=lambda obj: obj.value == "yes")
    async with running(informer):
        server.put(thing("a", "yes"))
        server.put(thing("a", "no"))
        server.put(thing("a", "yes"))
        server.put(thing("a", "yes"))
        server.delete("a")
        await asyncio.sleep(10)
    assert told == ["yes", "yes"]


@in_virtual_time
async def test_a_filtered_handler_gets_the_deletion_of_each_object_that_was_added():
    """(A10)"""
    server = ThingServer()

    def accepts(obj: Thing) -> bool:
        if obj.value == "broken":
            raise ValueError("broken filter")
        return obj.value.startswith("y")

    async with observed(server, filter=accepts) as (_, recorder):
        for name, last in (("a", "no"), ("b", "broken"), ("c", "y2"), ("d", "no")):
            server.put(thing(name, "no" if name == "d" else "y1"))
            await settle()
            final = server.delete(name)
            server.open_watches[0].forget()
            server.send(event_line("DELETED", final.with_value(last)))
            await settle()
    assert recorder.told == [
        ("add", "a", "y1"),
        ("delete", "a", "no"),
        ("add", "b", "y1"),
        ("delete", "b", "broken"),
        ("add", "c", "y1"),
        ("delete", "c", "y2"),
    ]


@in_virtual_time
async def test_a_filter_that_fails_on_a_change_leaves_the_handler_with_its_last_state():
    """(A10)"""
    server = ThingServer()

    def accepts(obj: Thing) -> bool:
        if obj.value == "broken":
            raise ValueError("broken filter")
        return True

    async with observed(server, filter=accepts) as (_, recorder):
        for value in ("broken", "1", "broken", "2", "broken"):
            server.put(thing("a", value))
            await settle()
        server.cut_watches()
        server.delete("a")
        server.compact()
        await asyncio.sleep(5)
    assert recorder.told == [("add", "a", "1"), ("update", "a", "1", "2"), ("delete", "a", "2")]


@in_virtual_time
async def test_a_filter_that_changes_its_result_for_an_object_leads_to_consistent_events():
    """(A10)"""
    server = ThingServer()
    minds = iter((True, False, False, True, True))
    async with observed(server, filter=lambda _obj: next(minds)) as (_, recorder):
        for value in "12345":
            server.put(thing("a", value))
            await settle()
        server.delete("a")
        await settle()
    assert recorder.told == [
        ("add", "a", "1"),
        ("delete", "a", "1"),
        ("add", "a", "4"),
        ("update", "a", "4", "5"),
        ("delete", "a", "5"),
    ]
