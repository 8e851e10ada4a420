"""Streaming lists of the reflector, in virtual time. The scenarios are those of client-go's
`reflector_watchlist_test.go`, and servers that do not stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable, Mapping
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta_fifo import DeltaFIFO
from kubeloop.testing import event_line
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.reflector_setup import EXPIRED, INTERNAL, REFUSED, TOO_MANY, Setup, kinds, versions
from tests.support.things import Thing, api_error, thing

END = "k8s.io/initial-events-end"
TOO_LARGE = api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")


def streams(setup: Setup) -> list[bool]:
    """Return whether each watch was asked to begin with a list."""
    return [watch["streams_list"] for watch in setup.server.watches]


def marked(version: int, value: str | None = "true") -> bytes:
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if value is not None:
        metadata["annotations"] = {END: value}
    return event_line("BOOKMARK", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata})


def with_things(*names: str, **options: Any) -> Setup:
    setup = Setup(watch_list=True, **options)
    for name in names:
        setup.server.put(thing(name, "1"))
    return setup


@in_virtual_time
async def test_one_request_brings_the_list_and_the_changes_after_it():
    setup = with_things("a", "b")
    async with setup.running():
        assert setup.drain() == {"a": "1", "b": "1"}
        assert setup.reflector.last_sync_resource_version == "102"
        setup.server.put(thing("a", "2"))
        setup.server.put(thing("c", "1"))
        setup.server.delete("b")
        await settle()
        assert setup.drain() == {"a": "2", "c": "1"}
        assert setup.reflector.last_sync_resource_version == "105"
        assert setup.server.lists == []
        assert streams(setup) == [True]
        assert versions(setup.server.watches) == [""]
        assert elapsed() == 0.0


@in_virtual_time
async def test_an_empty_list_is_a_list():
    setup = with_things()
    async with setup.running():
        assert setup.reflector.last_sync_resource_version == "100"
        assert setup.reflector.connection.is_connected
        assert setup.server.lists == []


@in_virtual_time
async def test_nothing_reaches_the_store_before_the_bookmark_and_then_all_at_once():
    setup = with_things("a", "b")
    setup.server.next_ends.append((2, "silence"))
    async with setup.running():
        assert setup.fifo.pop() is None
        assert setup.reflector.last_sync_resource_version == ""
        [watch] = setup.server.open_watches
        for event in (
            event_line("MODIFIED", _document("a", "2", 103)),
            event_line("DELETED", _document("b", "1", 104)),
            event_line("ADDED", _document("c", "1", 105)),
        ):
            watch.send_now(event)
        await settle()
        assert setup.fifo.pop() is None
        watch.send_now(marked(105) + event_line("MODIFIED", _document("c", "2", 106)))
        await settle()
        assert setup.drain() == {"a": "2", "c": "2"}
        assert setup.reflector.last_sync_resource_version == "106"
        assert len(setup.server.watches) == 1


@pytest.mark.parametrize("value", [None, "false", "True", ""])
@in_virtual_time
async def test_another_bookmark_shows_that_the_server_does_not_stream(value: str | None):
    setup = with_things("a")
    setup.server.next_ends.append((1, "silence"))
    async with setup.running():
        setup.server.open_watches[0].send_now(marked(101, value))
        await settle()
        assert versions(setup.server.lists) == ["0"]
        assert setup.drain() == {"a": "1"}
        await asyncio.sleep(2)
        await settle()
        assert streams(setup) == [True, False]
        assert setup.told == []


@in_virtual_time
async def test_a_server_that_ignores_the_parameter_is_listed_after_ten_seconds_and_from_then_on():
    setup = with_things("a")
    setup.server.knows_initial_events = False
    async with setup.running():
        await asyncio.sleep(9)
        await settle()
        setup.server.put(thing("b", "1"))
        await asyncio.sleep(9.5)
        await settle()
        assert setup.server.lists == []
        await asyncio.sleep(1)
        await settle()
        assert versions(setup.server.lists) == ["0"]
        assert setup.drain() == {"a": "1", "b": "1"}
        await settle()
        assert streams(setup) == [True, False]
        setup.server.end_watches(EXPIRED)
        await asyncio.sleep(5)
        await settle()
        assert versions(setup.server.lists) == ["0", "102"]
        assert streams(setup) == [True, False, False]


@in_virtual_time
async def test_a_list_that_arrives_slowly_is_waited_for():
    setup = with_things()
    setup.server.next_ends.append((0, "silence"))
    async with setup.running():
        [watch] = setup.server.open_watches
        for number in range(100):
            await asyncio.sleep(9)
            await settle()
            watch.send_now(event_line("ADDED", _document(f"a{number}", "1", 101 + number)))
            if not watch.is_open:
                break
        assert number > 30, "the watch itself lasts at least five minutes"
        assert setup.fifo.pop() is None


@pytest.mark.parametrize(
    "error",
    [
        api_error(errors.BadRequest, 400, "BadRequest"),
        api_error(errors.Forbidden, 403, "Forbidden"),
        api_error(errors.Invalid, 422, "Invalid"),
        INTERNAL,
        errors.TLSError("expired certificate"),
    ],
)
@in_virtual_time
async def test_a_server_that_refuses_the_stream_is_listed_at_once(error: Exception):
    setup = with_things("a")
    setup.server.next_watches.append(error)
    async with setup.running():
        assert setup.drain() == {"a": "1"}
        assert versions(setup.server.lists) == ["0"]
        assert elapsed() == 0.0
        await asyncio.sleep(1)
        await settle()
        assert streams(setup) == [True, False]
        assert versions(setup.server.watches) == ["", "101"]
        assert setup.told == []


@in_virtual_time
async def test_the_next_list_after_one_in_pages_is_streamed_again():
    setup = with_things("a")
    setup.server.next_watches.append(api_error(errors.Forbidden, 403, "Forbidden"))
    async with setup.running():
        await asyncio.sleep(1)
        await settle()
        setup.server.put(thing("b", "1"))
        await settle()
        setup.server.end_watches(EXPIRED)
        await asyncio.sleep(1)
        await settle()
        assert versions(setup.server.watches) == ["", "101", "102"]
        assert streams(setup) == [True, False, True]
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_pages_have_the_size_that_was_asked_for_and_streams_have_none():
    setup = with_things("a", "b", "c", page_size=2)
    async with setup.running():
        assert (len(setup.drain()), setup.server.lists) == (3, [])
    setup = with_things("a", "b", "c", page_size=2)
    setup.server.next_watches.append(api_error(errors.Forbidden, 403, "Forbidden"))
    setup.server.has_watch_cache = False
    async with setup.running():
        assert len(setup.drain()) == 3
        assert [each["limit"] for each in setup.server.lists] == [2, 2]


@pytest.mark.parametrize("error", [REFUSED, TOO_MANY])
@in_virtual_time
async def test_overload_and_unreachable_servers_are_waited_for_without_a_list(error: Exception):
    setup = with_things("a")
    setup.server.next_watches.extend([error] * 3)
    async with setup.running():
        await asyncio.sleep(0.8 * (1 + 2 + 4) * 2)
        await settle()
        assert setup.drain() == {"a": "1"}
        assert setup.server.lists == []
        assert kinds(setup.told) == [type(error)] * 3
        assert streams(setup) == [True] * 4


@pytest.mark.parametrize("how", ["end", "cut"])
@in_virtual_time
async def test_a_stream_that_ends_before_its_bookmark_begins_again_with_nothing_kept(how: str):
    setup = with_things("a", "b")
    setup.server.next_ends.append((2, how))
    async with setup.running():
        assert setup.fifo.pop() is None
        setup.server.delete("b")
        await asyncio.sleep(1)
        await settle()
        assert setup.drain() == {"a": "1"}
        assert streams(setup) == [True, True]
        assert setup.server.lists == []
        assert setup.told == []


@in_virtual_time
async def test_streams_that_end_again_and_again_are_replaced_by_pages():
    setup = with_things("a", "b")
    setup.server.next_ends.extend([(1, "cut")] * 5)
    async with setup.running():
        await asyncio.sleep(1)
        await settle()
        assert setup.drain() == {"a": "1", "b": "1"}
        assert streams(setup) == [True, True]
        assert versions(setup.server.lists) == ["0"]


@in_virtual_time
async def test_a_stream_that_ends_at_once_without_an_event_is_replaced_by_pages():
    setup = with_things("a")
    setup.server.next_ends.append((0, "end"))
    async with setup.running():
        assert setup.drain() == {"a": "1"}
        assert versions(setup.server.lists) == ["0"]
        assert elapsed() == 0.0


@in_virtual_time
async def test_a_watch_that_ends_after_its_list_is_resumed_as_any_other():
    setup = with_things("a")
    async with setup.running():
        setup.server.put(thing("b", "1"))
        await asyncio.sleep(1)
        await settle()
        setup.server.end_watches()
        await settle()
        assert versions(setup.server.watches) == ["", "102"]
        assert streams(setup) == [True, False]


@pytest.mark.parametrize("in_stream", [True, False])
@in_virtual_time
async def test_an_expired_watch_streams_a_list_from_the_last_version(in_stream: bool):
    setup = with_things("a", "b")
    setup.server.expires_in_stream = in_stream
    async with setup.running():
        setup.server.put(thing("c", "1"))
        await settle()
        setup.server.cut_watches()
        setup.server.put(thing("d", "1"))
        setup.server.delete("a")
        setup.server.compact()
        await asyncio.sleep(10)
        await settle()
        assert setup.drain() == {"b": "1", "c": "1", "d": "1"}
        assert setup.server.lists == []
        assert streams(setup)[:3] == [True, False, True]
        assert versions(setup.server.watches)[:3] == ["", "103", "103"]


@pytest.mark.parametrize("error", [EXPIRED, TOO_LARGE])
@in_virtual_time
async def test_a_version_that_the_server_lacks_is_replaced_by_the_newest(error: Exception):
    setup = with_things("a")
    async with setup.running():
        setup.server.put(thing("b", "1"))
        await settle()
        setup.server.next_watches.append(error)
        setup.server.end_watches(EXPIRED)
        await asyncio.sleep(3)
        await settle()
        assert versions(setup.server.watches) == ["", "102", ""]
        assert streams(setup) == [True, True, True]
        assert setup.server.lists == []


@in_virtual_time
async def test_objects_that_cannot_be_read_are_part_of_the_list():
    setup = with_things("a")
    setup.server.put(thing("b", "?"))
    async with setup.running():
        assert setup.drain_with_unreadable() == ({"a": "1"}, {"ns/b"})
        assert setup.server.lists == []


@in_virtual_time
async def test_a_list_with_an_object_without_a_name_proves_no_deletion_and_is_repeated():
    setup = with_things("a", "b")
    async with setup.running():
        setup.drain()
        setup.server.cut_watches()
        setup.server.delete("a")
        setup.server.put(thing("c", "??"))
        setup.server.compact()
        await asyncio.sleep(5)
        await settle()
        stored, unread = setup.drain_with_unreadable()
        assert stored == {"a": "1", "b": "1"}
        assert len(unread) == 1
        setup.server.delete("c")
        setup.server.end_watches()
        await asyncio.sleep(5)
        await settle()
        assert setup.drain_with_unreadable() == ({"b": "1"}, set())
        assert setup.server.lists == []


@in_virtual_time
async def test_a_bookmark_whose_object_cannot_be_read_ends_the_list_all_the_same():
    setup = with_things("a")
    setup.server.next_ends.append((1, "silence"))
    async with setup.running():
        metadata = {"resourceVersion": "101", "annotations": {END: "true"}}
        broken = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": {"count": "many"}}
        setup.server.open_watches[0].send_now(event_line("BOOKMARK", broken))
        await settle()
        assert setup.drain() == {"a": "1"}
        assert setup.reflector.last_sync_resource_version == "101"


@in_virtual_time
async def test_what_is_not_of_the_class_and_unknown_events_are_skipped(caplog: pytest.LogCaptureFixture):
    class Other(Thing):
        pass

    setup = with_things("a", expected_type=Other)
    async with setup.running():
        assert setup.drain() == {}
        assert "skipped an event with a Thing" in caplog.text
    setup = with_things("a")
    setup.server.next_ends.append((1, "silence"))
    async with setup.running():
        setup.server.open_watches[0].send_now(event_line("RENAMED", _document("b", "1", 102)) + marked(102))
        await settle()
        assert setup.drain() == {"a": "1"}
        assert "unknown type 'RENAMED'" in caplog.text


class _Refusing(DeltaFIFO[Thing]):
    refusals = 1

    def replacing(
        self, objects: Iterable[Thing], unreadable: Mapping[str, errors.Unreadable] = {}, resource_version: str = ""
    ) -> Generator[None, None, bool]:
        if self.refusals:
            self.refusals -= 1
            raise ValueError("no")
        return super().replacing(objects, unreadable, resource_version)


class _Slow(DeltaFIFO[Thing]):
    is_slow = True

    def replacing(
        self, objects: Iterable[Thing], unreadable: Mapping[str, errors.Unreadable] = {}, resource_version: str = ""
    ) -> Generator[None, None, bool]:
        while self.is_slow:
            yield
        return (yield from super().replacing(objects, unreadable, resource_version))


@in_virtual_time
async def test_a_list_that_the_store_refuses_is_streamed_again_after_a_pause():
    setup = with_things("a", fifo=_Refusing)
    async with setup.running():
        assert setup.fifo.pop() is None
        assert setup.reflector.last_sync_resource_version == ""
        assert setup.server.open_watches == []
        await asyncio.sleep(1.6)
        await settle()
        assert setup.drain() == {"a": "1"}
        assert streams(setup) == [True, True]
        assert kinds(setup.told) == [ValueError]


@pytest.mark.parametrize("events", [1, 2, 3])
@in_virtual_time
async def test_a_run_that_is_cancelled_in_the_middle_of_a_list_begins_it_again(events: int):
    setup = with_things("a", "b")
    setup.server.next_ends.append((events, "silence"))
    async with setup.running():
        pass
    assert setup.server.open_watches == []
    async with setup.running():
        await asyncio.sleep(3)
        await settle()
        assert setup.drain() == {"a": "1", "b": "1"}
        assert setup.server.lists == []


async def test_a_run_that_is_cancelled_while_a_list_is_delivered_begins_it_again():
    """(In real time, because the delivery lets others run after some milliseconds.)"""
    setup = with_things("a", fifo=_Slow)
    task = asyncio.create_task(setup.reflector.run())
    while "delivering" not in repr(setup.reflector._machine):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert setup.server.open_watches == []
    assert isinstance(setup.fifo, _Slow)
    setup.fifo.is_slow = False
    task = asyncio.create_task(setup.reflector.run())
    while "opening a streaming list" not in repr(setup.reflector._machine):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert setup.reflector.last_sync_resource_version == ""


@in_virtual_time
async def test_a_source_that_cannot_stream_is_listed():
    setup = with_things("a")
    setup.reflector = setup.reflector_of(setup.server.source.list, setup.server.source.watch)
    async with setup.running():
        assert setup.drain() == {"a": "1"}
        assert versions(setup.server.lists) == ["0"]
        assert streams(setup) == [False]


def _document(name: str, value: str, version: int) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "ns", "resourceVersion": str(version), "uid": f"uid-{name}"}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": {"value": value}}
