"""SharedInformer: objects that exist but cannot be read, by their class, by the transform or not even by name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.testing import event_line
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Detailed, informer_of, observed, running
from tests.support.thing_server import ThingServer, hide_names, parts_of
from tests.support.things import Thing, api_error, thing

EXPIRED = api_error(errors.Expired, 410, "Expired")


def without_namespaces(document: dict[str, Any]) -> None:
    """Remove the namespaces, so that keys are those of objects without a namespace."""
    hide_names(document)
    for obj in parts_of(document):
        obj["metadata"].pop("namespace", None)


def without_names(document: dict[str, Any]) -> None:
    """Remove the name, and not the namespace, of the objects whose value is 1."""
    hide_names(document, "1", "")


async def relist(server: ThingServer) -> None:
    """Cause another list of the informer, whatever it watched."""
    server.end_watches(EXPIRED)
    await asyncio.sleep(5)


@in_virtual_time
async def test_an_object_that_becomes_unreadable_is_kept_by_event_and_by_list():
    """(A1, A3)"""
    server = ThingServer({"a": "1", "b": "1"})
    async with observed(server) as (informer, recorder):
        server.put(thing("a", "?"))
        await settle()
        assert informer.lister.get("ns/a").value == "1"
        assert informer.unreadable["ns/a"].resource_version == "103"
        assert informer.last_error == "ns/a cannot be read: Thing ns/a: data.count: expected int, got str"
        await relist(server)
        assert len(server.lists) == 2
        assert informer.lister.get("ns/a").value == "1"
        assert list(informer.unreadable) == ["ns/a"]
        assert recorder.state == {"a": "1", "b": "1"}
        assert not [event for event in recorder.told if event[0] == "delete"]


@in_virtual_time
async def test_an_unreadable_object_does_not_delay_the_sync_and_is_not_found_missing():
    """(A1, B1, B2)"""
    server = ThingServer({"ns/a": "?", "ns/b": "1"})
    async with observed(server) as (informer, recorder):
        assert informer.has_synced
        assert recorder.state == {"b": "1"}
        for get in (lambda: informer.lister.get("ns/a"), lambda: informer.lister.namespace("ns").get("a")):
            with pytest.raises(errors.Unreadable, match="expected int, got str") as caught:
                get()
            assert caught.value.key == "ns/a"
        with pytest.raises(errors.Unreadable):
            informer.indexer.get_by_key("ns/a")
        assert "ns/a" in informer.indexer
        assert [obj.metadata.name for obj in informer.lister.list()] == ["b"]
        with pytest.raises(errors.NotFound):
            informer.lister.get("ns/c")


@in_virtual_time
async def test_reading_an_unreadable_object_again_and_again_keeps_no_frames():
    """(A1)"""
    server = ThingServer({"a": "?"})
    informer = informer_of(server)
    async with running(informer):
        for _ in range(3):
            with pytest.raises(errors.Unreadable):
                informer.lister.get("ns/a")
        assert informer.unreadable["ns/a"].__traceback__ is None


@in_virtual_time
async def test_an_object_that_can_be_read_again_leads_to_the_right_event():
    """(A3)"""
    server = ThingServer({"seen": "1", "unseen": "?"})
    async with observed(server) as (informer, recorder):
        server.put(thing("seen", "?"))
        server.put(thing("seen", "2"))
        server.put(thing("unseen", "2"))
        await settle()
        assert informer.unreadable == {}
        assert informer.last_error == ""
    assert recorder.told == [("add", "seen", "1"), ("update", "seen", "1", "2"), ("add", "unseen", "2")]


@pytest.mark.parametrize("value", ["?", "fine"])
@in_virtual_time
async def test_a_deletion_needs_the_key_only(value: str):
    """(A2)"""
    server, detailed = ThingServer({"a": "1", "unseen": "?"}), Detailed()
    async with observed(server, detailed) as (informer, recorder):
        known = informer.lister.get("ns/a")
        server.put(thing("a", "?"))
        await settle()
        server.delete("a")
        if value == "fine":
            server.send(event_line("DELETED", thing("ns/unseen", value, version="105")))
        else:
            server.delete("unseen")
        await settle()
        assert informer.unreadable == {}
        assert informer.last_sync_resource_version == "105"
        with pytest.raises(errors.NotFound):
            informer.lister.get("ns/a")
    assert recorder.told == [("add", "a", "1"), ("delete", "a", "1")]
    assert detailed.told[-1] == ("delete", DeletedFinalStateUnknown("ns/a", known))


@in_virtual_time
async def test_an_object_that_was_created_again_and_cannot_be_read_is_reported_as_deleted():
    """(A1)"""
    server, detailed = ThingServer(), Detailed()
    old = server.put(thing("a", "1"))
    async with observed(server, detailed) as (informer, recorder):
        server.cut_watches()
        server.delete("a")
        server.put(thing("a", "?"))
        server.compact()
        await asyncio.sleep(5)
        assert recorder.told == [("add", "a", "1"), ("delete", "a", "1")]
        assert detailed.told[-1] == ("delete", DeletedFinalStateUnknown("ns/a", old))
        with pytest.raises(errors.Unreadable):
            informer.lister.get("ns/a")


@in_virtual_time
async def test_an_unreadable_object_without_a_uid_counts_as_the_same():
    """(A1)"""
    server = ThingServer({"a": "1"})
    async with observed(server) as (informer, recorder):
        metadata = {"name": "a", "namespace": "ns", "resourceVersion": "900"}
        server.send(event_line("MODIFIED", {"metadata": metadata, "data": {"count": "many"}}))
        await settle()
        assert informer.lister.get("ns/a").value == "1"
    assert recorder.told == [("add", "a", "1")]


@in_virtual_time
async def test_one_log_line_for_an_object_not_for_an_event(caplog: pytest.LogCaptureFixture):
    """(A3)"""
    caplog.set_level("INFO")
    server = ThingServer({"ns/a": "1"})
    informer = informer_of(server)
    async with running(informer):
        for _ in range(5):
            server.put(thing("ns/a", "?"))
            await settle()
        await relist(server)
        assert caplog.text.count("cannot be read") == 1
        assert "ns/a cannot be read; the store keeps its last known state: Thing ns/a: data.count" in caplog.text
        server.put(thing("ns/b", "?"))
        await settle()
        assert "ns/b cannot be read, and no earlier state of it is known: Thing ns/b: data.count" in caplog.text
        server.put(thing("ns/a", "2"))
        await settle()
        assert caplog.text.count("ns/a can be read again") == 1


@in_virtual_time
async def test_an_item_without_a_name_proves_no_deletion_and_does_not_delay_the_sync(caplog: pytest.LogCaptureFixture):
    """(A1)"""
    server = ThingServer({"a": "1", "b": "1"})
    async with observed(server) as (informer, recorder):
        server.cut_watches()
        server.delete("a")
        server.put(thing("b", "??"))
        server.compact()
        await asyncio.sleep(5)
        assert recorder.state == {"a": "1", "b": "1"}
        assert list(informer.unreadable) == ["#0"]
        assert caplog.text.count("proves no deletion") == 1
        server.put(thing("b", "2"))
        await asyncio.sleep(1300)  # The incomplete list is repeated when its watch ends.
        assert recorder.state == {"b": "2"}
        assert informer.unreadable == {}


@in_virtual_time
async def test_an_item_that_is_read_but_has_no_name_proves_no_deletion_until_a_list_names_all():
    """(A1), (A4)"""
    server = ThingServer({"a": "1", "b": "1"})
    async with observed(server) as (informer, recorder):
        server.cut_watches()
        server.delete("a")
        server.lie = without_names
        server.compact()
        await asyncio.sleep(5)
        assert recorder.state == {"a": "1", "b": "1"}
        server.put(thing("b", "2"))
        await asyncio.sleep(1300)  # The incomplete list is repeated when its watch ends.
        assert recorder.state == {"b": "2"}
        assert informer.unreadable == {}


@in_virtual_time
async def test_a_name_that_begins_as_the_place_of_a_nameless_item_does_is_a_name():
    """(A1), (A4): `#a` is a valid name of a ClusterRole."""
    server = ThingServer({"#a": "1", "#1": "1", "b": "1", "#unseen": "?"})
    server.lie = without_namespaces
    server.has_watch_cache = False
    async with observed(server, page_size=2) as (informer, recorder):
        assert informer.has_synced
        server.put(thing("#a", "?"))
        server.delete("#1")
        server.compact()
        await relist(server)
        assert recorder.state == {"#a": "1", "b": "1"}
        assert sorted(informer.unreadable) == ["#a", "#unseen"]
        server.delete("#a")
        server.delete("#unseen")
        server.compact()
        await relist(server)
        assert recorder.state == {"b": "1"}
        assert informer.unreadable == {}


@in_virtual_time
async def test_an_incomplete_list_proves_no_deletion_of_a_name_that_begins_with_a_hash():
    """(A1)"""
    server = ThingServer({"#a": "1", "#b": "1"})
    server.lie = without_namespaces
    async with observed(server) as (_, recorder):
        server.put(thing("#b", "?"))
        server.put(thing("#a", "??"))
        await relist(server)
        assert recorder.state == {"#a": "1", "#b": "1"}


@in_virtual_time
async def test_a_first_list_with_an_item_without_a_name_syncs():
    """(A1)"""
    server = ThingServer({"a": "??"})
    informer = informer_of(server)
    async with running(informer):
        assert informer.has_synced


@in_virtual_time
async def test_items_without_a_name_on_several_pages_are_distinguished():
    """(A4)"""
    server = ThingServer({name: "??" if name in "ad" else "1" for name in "abcdef"})
    server.has_watch_cache = False
    informer = informer_of(server, page_size=3)
    async with running(informer):
        assert len(server.lists) == 2
        assert sorted(informer.unreadable) == ["#0", "#3"]


@pytest.mark.parametrize("event", ["unreadable", "table"])
@in_virtual_time
async def test_an_event_without_a_name_leads_to_a_list_after_a_pause(event: str):
    """(A12)"""
    server = ThingServer({"a": "1"})
    async with observed(server) as (informer, recorder):
        for _ in range(200):
            server.send(event_line("MODIFIED", {"metadata": {"name": 7}} if event == "unreadable" else Thing()))
            await asyncio.sleep(1)
        assert 5 < len(server.lists) < 40
        assert informer.indexer.list_keys() == ["ns/a"]
        assert "" not in informer.indexer
        assert "" not in informer.unreadable
        await asyncio.sleep(100)
        assert informer.last_error == ""
    assert recorder.told == [("add", "a", "1")]


def refuse_bad(obj: Thing) -> Thing:
    if obj.value.startswith("bad"):
        raise ValueError("refused")
    return obj.with_value(obj.value.upper())


@in_virtual_time
async def test_an_object_that_the_transform_fails_on_is_kept_and_its_deletion_is_reported():
    """(A9)"""
    server = ThingServer({"a": "x", "b": "bad"})
    async with observed(server, transform=refuse_bad) as (informer, recorder):
        assert informer.has_synced
        assert "ValueError('refused')" in informer.last_error
        with pytest.raises(errors.Unreadable, match="refused"):
            informer.lister.get("ns/b")
        server.put(thing("a", "bad"))
        await settle()
        assert informer.lister.get("ns/a").value == "X"
        await relist(server)
        assert recorder.state == {"a": "X"}
        server.delete("a")
        server.delete("b")
        await settle()
        assert informer.unreadable == {}
        assert informer.indexer.list_keys() == []
    assert recorder.told == [("add", "a", "X"), ("delete", "a", "X")]
