"""SharedInformer: the contents of the store and the calls of handlers, in virtual time.

The scenarios are those of client-go's `shared_informer_test.go`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Detailed, Recorder, informer_of, observed, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing


def without_version(document: dict[str, Any]) -> None:
    """Remove the version of a list, as those of some servers."""
    if "items" in document:
        del document["metadata"]["resourceVersion"]


EXPIRED = api_error(errors.Expired, 410, "Expired")


@in_virtual_time
async def test_a_handler_gets_adds_updates_and_deletions_in_order():
    server = ThingServer({"a": "1"})
    async with observed(server) as (_, recorder):
        server.put(thing("b", "1"))
        server.put(thing("a", "2"))
        await settle()
        server.delete("b")
        await settle()
    assert recorder.told == [
        ("add", "a", "1"),
        ("add", "b", "1"),
        ("update", "a", "1", "2"),
        ("delete", "b", "1"),
    ]


@in_virtual_time
async def test_the_store_holds_a_change_before_plain_handlers_run():
    server = ThingServer()
    informer = informer_of(server)
    seen: list[object] = []
    informer.add_event_handler(
        on_add=lambda obj: seen.append(informer.indexer.get_by_key("ns/a") is obj),
        on_update=lambda _old, new: seen.append(informer.indexer.get_by_key("ns/a") is new),
        on_delete=lambda _obj: seen.append(informer.indexer.get_by_key("ns/a")),
    )
    async with running(informer):
        server.put(thing("a", "1"))
        server.put(thing("a", "2"))
        server.delete("a")
        await settle()
    assert seen == [True, True, None]


@in_virtual_time
async def test_several_handlers_each_get_every_event():
    server = ThingServer()
    informer = informer_of(server)
    recorders = [Recorder() for _ in range(3)]
    for recorder in recorders:
        recorder.register(informer)
    async with running(informer):
        server.put(thing("a", "1"))
        server.delete("a")
        await settle()
    assert [recorder.told for recorder in recorders] == [[("add", "a", "1"), ("delete", "a", "1")]] * 3


@in_virtual_time
async def test_the_same_functions_may_be_registered_twice():
    server = ThingServer()
    informer = informer_of(server)
    told: list[Thing] = []
    first = informer.add_event_handler(on_add=told.append)
    second = informer.add_event_handler(on_add=told.append)
    assert first is not second
    async with running(informer):
        server.put(thing("a"))
        await settle()
        informer.remove_event_handler(first)
        server.put(thing("b"))
        await settle()
    assert [obj.metadata.name for obj in told] == ["a", "a", "b"]


@in_virtual_time
async def test_has_synced_after_the_first_list_is_stored_and_reported():
    server, recorder = ThingServer({"a": ""}), Recorder()
    server.list_delay = 5.0
    informer = informer_of(server)
    registration = recorder.register(informer)
    synced_in_handler: list[bool] = []
    informer.add_event_handler(on_add=lambda _obj: synced_in_handler.append(informer.has_synced))
    async with running(informer):
        assert not informer.has_synced
        assert not registration.has_synced
        await informer.wait_for_sync()
        assert informer.has_synced
        assert registration.has_synced
        assert recorder.state == {"a": ""}
        assert informer.last_sync_resource_version == "101"
    assert synced_in_handler == [False]


@in_virtual_time
async def test_an_empty_list_syncs_too():
    informer = informer_of(ThingServer())
    async with running(informer):
        assert informer.has_synced


@in_virtual_time
async def test_a_handler_that_is_added_late_gets_the_present_objects_as_the_initial_list():
    server, detailed = ThingServer(dict.fromkeys("abc", "")), Detailed()
    informer = informer_of(server)
    async with running(informer):
        registration = informer.add_event_handler(detailed)
        assert not registration.has_synced
        server.put(thing("d"))
        await registration.wait_for_sync()
        await settle()
        server.put(thing("a", "new"))
        await settle()
    assert detailed.told == [
        ("add", "a", True),
        ("add", "b", True),
        ("add", "c", True),
        ("add", "d", False),
        ("update", "", "new"),
    ]


@in_virtual_time
async def test_changes_wait_behind_the_introduction_of_a_late_handler():
    server, recorder = ThingServer(), Recorder()
    for number in range(50):
        server.put(thing(f"t{number:02}", "old"))
    informer = informer_of(server)
    async with running(informer):
        recorder.register(informer)
        server.put(thing("t49", "new"))
        server.delete("t00")
        await settle()
        assert recorder.told[:50] == [("add", f"t{number:02}", "old") for number in range(50)]
        assert recorder.told[50:] == [("update", "t49", "old", "new"), ("delete", "t00", "old")]
        server.put(thing("later"))
        await settle()
    assert recorder.told[-1] == ("add", "later", "")


@in_virtual_time
async def test_adds_before_the_sync_are_in_the_initial_list_and_later_ones_are_not():
    server, detailed = ThingServer({"a": "", "b": ""}), Detailed()
    informer = informer_of(server)
    informer.add_event_handler(detailed)
    async with running(informer):
        server.put(thing("c"))
        await settle()
    assert detailed.told == [("add", "a", True), ("add", "b", True), ("add", "c", False)]


@in_virtual_time
async def test_a_deletion_that_only_a_list_shows_comes_with_the_last_known_object():
    server, detailed = ThingServer(), Detailed()
    known = server.put(thing("a", "known"))
    async with observed(server, detailed) as (_, recorder):
        server.cut_watches()
        server.put(thing("a", "missed"))
        server.delete("a")
        server.compact()
        await asyncio.sleep(3)
    assert recorder.told[-1] == ("delete", "a", "known")
    assert detailed.told[-1] == ("delete", DeletedFinalStateUnknown("ns/a", known))


@in_virtual_time
async def test_an_ordinary_deletion_is_no_tombstone_for_a_detailed_handler():
    server, detailed = ThingServer({"a": ""}), Detailed()
    informer = informer_of(server)
    informer.add_event_handler(detailed)
    async with running(informer):
        last = server.delete("a")
        await settle()
    assert detailed.told[-1] == ("delete", last)


@in_virtual_time
async def test_after_a_missed_time_handlers_get_the_difference():
    server = ThingServer({"kept": "1", "changed": "1", "gone": "1"})
    async with observed(server) as (_, recorder):
        server.cut_watches()
        server.put(thing("changed", "2"))
        server.put(thing("changed", "3"))
        server.delete("gone")
        server.put(thing("new", "1"))
        server.compact()
        await asyncio.sleep(3)
        assert recorder.state == {"kept": "1", "changed": "3", "new": "1"}
    assert recorder.told[3:] == [("delete", "gone", "1"), ("update", "changed", "1", "3"), ("add", "new", "1")]


@in_virtual_time
async def test_an_object_that_was_created_again_meanwhile_is_an_update_to_another_uid():
    server = ThingServer()
    server.put(thing("a", "1", uid="old"))
    uids: list[tuple[str, str]] = []
    async with observed(server) as (informer, recorder):
        informer.add_event_handler(on_update=lambda old, new: uids.append((old.metadata.uid, new.metadata.uid)))
        server.cut_watches()
        server.delete("a")
        server.put(thing("a", "2", uid="new"))
        server.compact()
        await asyncio.sleep(3)
    assert uids == [("old", "new")]
    assert recorder.told == [("add", "a", "1"), ("update", "a", "1", "2")]


@in_virtual_time
async def test_a_list_does_not_report_objects_that_have_not_changed_and_keeps_their_instances():
    server = ThingServer({"a": "1"})
    async with observed(server) as (informer, recorder):
        stored = informer.lister.get("ns/a")
        server.end_watches(api_error(errors.Expired, 410, "Expired"))
        await asyncio.sleep(3)
        assert len(server.lists) == 2
        assert informer.lister.get("ns/a") is stored
    assert recorder.told == [("add", "a", "1")]


@pytest.mark.parametrize(
    "error",
    [
        errors.DecodeError("not a list: expected a ThingList, got a Status"),
        errors.ConnectionLost("reset by peer"),
        api_error(errors.NotFound, 404, "NotFound"),
        ValueError("bug"),
    ],
    ids=str,
)
@pytest.mark.parametrize("page", [1, 2])
@in_virtual_time
async def test_a_list_that_fails_on_any_page_changes_nothing(error: Exception, page: int):
    """(A5)"""
    server = ThingServer(dict.fromkeys("abcd", "1"))
    server.has_watch_cache = False
    async with observed(server, page_size=2) as (informer, recorder):
        told = list(recorder.told)
        server.next_lists.extend([None] * (page - 1) + [error] + [EXPIRED] * 50)
        server.end_watches(EXPIRED)
        await asyncio.sleep(1)
        assert recorder.told == told
        assert sorted(informer.indexer.list_keys()) == ["ns/a", "ns/b", "ns/c", "ns/d"]
        assert informer.has_synced


@in_virtual_time
async def test_without_versions_a_deletion_between_two_watches_is_reported():
    """(A11)"""
    server = ThingServer({"a": "1", "b": "1"})
    server.lie = without_version
    server.has_watch_cache = False
    async with observed(server) as (_, recorder):
        server.put(thing("a", "2"))
        await settle()
        server.end_watches()
        server.delete("a")
        await asyncio.sleep(5)
        assert recorder.state == {"b": "1"}


@in_virtual_time
async def test_without_versions_a_deletion_before_a_watch_is_reported_although_its_events_have_versions():
    """(A11)"""
    server = ThingServer({"a": "1", "b": "1"})
    server.lie = without_version
    server.has_watch_cache = False
    server.open_delay = 1.0
    async with observed(server) as (informer, recorder):
        server.delete("a")
        await asyncio.sleep(2)
        server.put(thing("b", "2"))
        await settle()
        assert informer.last_sync_resource_version == "104"
        server.end_watches()
        await asyncio.sleep(5)
        assert recorder.state == {"b": "2"}


@in_virtual_time
async def test_without_versions_a_watch_that_ends_at_once_leads_to_fewer_and_fewer_lists():
    """(A11)"""
    server = ThingServer()
    server.lie = without_version
    server.has_watch_cache = False
    informer = informer_of(server)
    async with running(informer):
        for _ in range(600):
            server.end_watches()
            await asyncio.sleep(1)
        assert len(server.lists) < 30


@in_virtual_time
async def test_good_events_before_a_bad_one_are_delivered_and_move_the_version():
    """(A8)"""

    server = ThingServer()
    async with observed(server) as (informer, recorder):
        server.put(thing("a", "1"))
        server.put(thing("b", "1"))
        server.send(b"MODIFIED\n")
        server.put(thing("c", "1"))
        await settle()
        assert recorder.state == {"a": "1", "b": "1"}
        assert informer.last_sync_resource_version == "102"
        await asyncio.sleep(5)
        assert recorder.state == {"a": "1", "b": "1", "c": "1"}
