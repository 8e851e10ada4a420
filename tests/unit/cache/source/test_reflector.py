"""The reflector's loop against a small server, in virtual time. The scenarios are those of client-go's
`reflector_test.go`.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Generator
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta_fifo import DeltaFIFO
from kubeloop.cache.time_slice import TIME_SLICE
from kubeloop.models import core_v1
from kubeloop.testing import event_line, virtual_time
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.reflector_setup import EXPIRED, INTERNAL, REFUSED, TOO_MANY, Setup, kinds, versions
from tests.support.things import Thing, api_error, thing


@in_virtual_time
async def test_lists_at_version_0_first_and_watches_from_the_lists_version():
    setup = Setup()
    setup.server.put(thing("a", "1"))
    async with setup.running():
        assert setup.server.lists == [{"resource_version": "0", "limit": 500, "continue_": ""}]
        assert versions(setup.server.watches) == ["101"]
        assert setup.drain() == {"a": "1"}
        assert setup.reflector.last_sync_resource_version == "101"


@in_virtual_time
async def test_applies_events_and_remembers_their_version():
    setup = Setup()
    async with setup.running():
        setup.server.put(thing("a", "1"))
        setup.server.put(thing("b", "1"))
        setup.server.put(thing("a", "2"))
        setup.server.delete("b")
        await settle()
        assert setup.drain() == {"a": "2"}
        assert setup.reflector.last_sync_resource_version == "104"


@in_virtual_time
async def test_a_bookmark_moves_the_version_and_nothing_else():
    setup = Setup()
    async with setup.running():
        setup.server.bookmark(500)
        await settle()
        assert setup.drain() == {}
        assert setup.reflector.last_sync_resource_version == "500"


@in_virtual_time
async def test_a_watch_that_the_server_ends_is_resumed_at_once_without_a_list():
    setup = Setup()
    async with setup.running():
        setup.server.put(thing("a"))
        await asyncio.sleep(1)
        setup.server.end_watches()
        await settle()
        assert versions(setup.server.watches) == ["100", "101"]
        assert len(setup.server.lists) == 1
        assert elapsed() == 1.0


@in_virtual_time
async def test_the_error_of_a_watch_is_released_while_the_next_one_is_open():
    """Its traceback leads to the connection and to the bytes read from it; a watch may be open for hours."""
    setup = Setup()
    async with setup.running():
        setup.server.put(thing("a"))
        await asyncio.sleep(1)
        error = errors.ConnectionLost("cut")
        reference = weakref.ref(error)
        setup.server.end_watches(error)
        del error
        await settle()
        assert len(setup.server.open_watches) == 1
        gc.collect()
        assert reference() is None


@in_virtual_time
async def test_asks_for_a_random_timeout_and_resumes_when_it_has_passed():
    setup = Setup()
    async with setup.running():
        await asyncio.sleep(3600)
        asked = [watch["timeout_seconds"] for watch in setup.server.watches]
        assert 6 <= len(asked) <= 12
        assert all(300 <= seconds <= 600 for seconds in asked)
        assert len(set(asked)) > 1
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_a_connection_that_is_silent_after_its_timeout_is_closed():
    setup = Setup()
    async with setup.running():
        setup.server.open_watches[0].fall_silent()
        await asyncio.sleep(700)
        assert len(setup.server.watches) == 2
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_a_cut_connection_is_resumed_from_the_last_version_without_a_list():
    setup = Setup()
    async with setup.running():
        setup.server.put(thing("a", "1"))
        await settle()
        setup.server.put(thing("b", "lost"))
        setup.server.cut_watches()
        await asyncio.sleep(1)
        await settle()
        assert setup.drain() == {"a": "1", "b": "lost"}
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_a_watch_that_ends_at_once_without_events_is_followed_by_a_list_after_a_while():
    setup = Setup()
    async with setup.running():
        setup.server.end_watches()
        await settle()
        assert len(setup.server.lists) == 1
        await asyncio.sleep(1.7)
        assert versions(setup.server.lists) == ["0", "100"]
        assert [str(error) for error in setup.told] == ["the server ended the watch at once, without an event"]


@pytest.mark.parametrize("in_stream", [True, False])
@in_virtual_time
async def test_an_expired_watch_lists_with_the_last_version(in_stream: bool):
    setup = Setup()
    setup.server.expires_in_stream = in_stream
    async with setup.running():
        setup.server.put(thing("a"))
        await settle()
        setup.server.put(thing("b"))
        setup.server.put(thing("c"))
        setup.server.delete("a")
        setup.server.cut_watches()
        setup.server.compact()
        await asyncio.sleep(3)
        assert versions(setup.server.lists) == ["0", "101"]
        assert versions(setup.server.watches)[:3] == ["100", "101", "104"]
        assert setup.drain() == {"b": "", "c": ""}


@pytest.mark.parametrize(
    "error", [EXPIRED, api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")]
)
@in_virtual_time
async def test_a_list_at_a_version_that_the_server_lacks_is_repeated_at_once_with_the_newest(error: Exception):
    setup = Setup()
    setup.server.next_lists.append(error)
    async with setup.running():
        assert setup.server.lists == [
            {"resource_version": "0", "limit": 500, "continue_": ""},
            {"resource_version": "", "limit": 500, "continue_": ""},
        ]
        assert elapsed() == 0.0
        assert setup.told == []
        setup.server.end_watches(INTERNAL)
        await asyncio.sleep(2)
        assert versions(setup.server.lists) == ["0", "", "100"]


@in_virtual_time
async def test_lists_the_newest_until_a_list_succeeds_after_an_unavailable_version():
    setup = Setup()
    setup.server.next_lists.extend([EXPIRED, INTERNAL])
    async with setup.running():
        await asyncio.sleep(2)
        assert versions(setup.server.lists) == ["0", "", ""]
        assert kinds(setup.told) == [errors.InternalError]


@in_virtual_time
async def test_a_refused_watch_backs_off_and_keeps_its_version_without_a_list():
    setup = Setup()
    setup.server.next_watches.extend([REFUSED, TOO_MANY, REFUSED])
    async with setup.running():
        await asyncio.sleep(20)
        assert versions(setup.server.watches) == ["100"] * 4
        assert len(setup.server.lists) == 1
        assert kinds(setup.told) == [errors.ConnectError, errors.TooManyRequests, errors.ConnectError]


@in_virtual_time
async def test_a_watch_that_ends_with_429_backs_off_and_is_resumed_without_a_list():
    setup = Setup()
    async with setup.running():
        setup.server.put(thing("a"))
        setup.server.end_watches(TOO_MANY)
        await settle()
        assert len(setup.server.watches) == 1
        await asyncio.sleep(1.7)
        assert versions(setup.server.watches) == ["100", "101"]
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_a_watch_that_cannot_be_opened_is_reported_and_listed_again():
    setup = Setup()
    forbidden = api_error(errors.Forbidden, 403, "Forbidden")
    setup.server.next_watches.append(forbidden)
    async with setup.running():
        await asyncio.sleep(2)
        assert kinds(setup.told) == [errors.Forbidden]
        assert versions(setup.server.lists) == ["0", "100"]


@in_virtual_time
async def test_internal_errors_list_again_by_default():
    setup = Setup()
    async with setup.running():
        setup.server.end_watches(INTERNAL)
        await asyncio.sleep(2)
        assert len(setup.server.lists) == 2


@in_virtual_time
async def test_internal_errors_are_retried_within_the_window_that_was_asked_for():
    setup = Setup(max_internal_error_retry=10.0)
    async with setup.running():
        setup.server.end_watches(INTERNAL)
        await asyncio.sleep(1)
        await settle()
        assert len(setup.server.watches) == 2
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_lists_in_pages_when_the_server_has_no_watch_cache_and_keeps_to_it():
    setup = Setup(page_size=None)
    setup.server.has_watch_cache = False
    for number in range(1200):
        setup.server.put(thing(f"t{number}"))
    async with setup.running():
        assert [page["limit"] for page in setup.server.lists] == [500, 500, 500]
        assert [bool(page["continue_"]) for page in setup.server.lists] == [False, True, True]
        assert versions(setup.server.lists) == ["0", "", ""]
        assert len(setup.drain()) == 1200
        setup.server.end_watches(INTERNAL)
        await asyncio.sleep(2)
        assert setup.server.lists[3] == {"resource_version": "", "limit": 500, "continue_": ""}


@in_virtual_time
async def test_a_list_at_a_version_is_not_paged_when_the_first_came_whole():
    setup = Setup()
    async with setup.running():
        setup.server.end_watches(INTERNAL)
        await asyncio.sleep(2)
        assert setup.server.lists[1] == {"resource_version": "100", "limit": None, "continue_": ""}


@in_virtual_time
async def test_a_list_that_expires_between_its_pages_is_read_whole_at_the_version_that_was_asked_for():
    setup = Setup(page_size=2)
    setup.server.has_watch_cache = False
    for name in "abc":
        setup.server.put(thing(name))
    setup.server.next_lists.extend([None, EXPIRED])
    async with setup.running():
        token = setup.server.lists[1]["continue_"]
        assert token
        assert setup.server.lists == [
            {"resource_version": "0", "limit": 2, "continue_": ""},
            {"resource_version": "", "limit": 2, "continue_": token},
            {"resource_version": "0", "limit": None, "continue_": ""},
        ]
        assert setup.drain() == {"a": "", "b": "", "c": ""}


@in_virtual_time
async def test_objects_that_a_list_lacks_are_deleted():
    setup = Setup()
    setup.server.put(thing("a"))
    setup.server.put(thing("b"))
    async with setup.running():
        setup.drain()
        setup.server.cut_watches()
        setup.server.delete("a")
        setup.server.compact()
        await asyncio.sleep(2)
        assert setup.drain() == {"b": ""}


@in_virtual_time
async def test_events_of_another_type_are_skipped():
    setup = Setup(expected_type=core_v1.ConfigMap)
    async with setup.running():
        setup.server.put(thing("a"))
        await settle()
        assert setup.drain() == {}
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_events_of_an_unknown_kind_are_skipped():
    setup = Setup()
    async with setup.running():
        metadata = {"name": "x", "namespace": "ns", "resourceVersion": "900"}
        for obj in (
            {"metadata": metadata},
            {"metadata": metadata, "data": {"count": "many"}},
            {"metadata": {"name": 7}},
        ):
            setup.server.send(event_line("RENAMED", {"kind": "ConfigMap", "apiVersion": "v1", **obj}))
        await settle()
        assert len(setup.fifo) == 0
        assert setup.reflector.last_sync_resource_version == "100"
        assert len(setup.server.lists) == 1


@in_virtual_time
async def test_an_event_without_a_version_does_not_forget_the_last_one():
    setup = Setup()
    async with setup.running():
        setup.server.send(event_line("BOOKMARK", Thing()))
        await settle()
        assert setup.reflector.last_sync_resource_version == "100"


class Refusing(DeltaFIFO[Thing]):
    """A queue that refuses items with bad values, as the real queue never does."""

    def add(self, obj: Thing) -> None:
        if obj.value == "bad":
            raise ValueError("refused")
        super().add(obj)


@in_virtual_time
async def test_what_the_store_refuses_leads_to_a_list_and_the_version_stays_before_it():
    """(A8)"""
    setup = Setup()
    setup.reflector._store = setup.fifo = Refusing(setup.store)
    async with setup.running():
        setup.server.put(thing("ns/a", "good"))
        setup.server.put(thing("ns/b", "bad"))
        setup.server.put(thing("ns/c", "good"))
        await settle()
        assert setup.drain() == {"a": "good"}
        assert setup.reflector.last_sync_resource_version == "101"
        await asyncio.sleep(3)
        assert versions(setup.server.lists) == ["0", "101"]
        assert setup.drain() == {"a": "good", "b": "bad", "c": "good"}
    assert [str(error) for error in setup.told] == ["ADDED of ns/b could not be queued: refused"]


@in_virtual_time
async def test_a_list_that_the_store_refuses_is_tried_again():
    """(A5)"""

    class RefusingOnce(DeltaFIFO[Thing]):
        is_broken = True

        def replacing(self, *arguments: Any) -> Generator[None, None, bool]:
            if self.is_broken:
                self.is_broken = False
                raise ValueError("refused")
            return super().replacing(*arguments)

    setup = Setup()
    setup.reflector._store = setup.fifo = RefusingOnce(setup.store)
    setup.server.put(thing("a"))
    async with setup.running():
        await asyncio.sleep(2)
        assert [str(error) for error in setup.told] == ["refused"]
        assert setup.drain() == {"a": ""}


@in_virtual_time
async def test_failures_are_logged_when_nobody_handles_them(caplog: pytest.LogCaptureFixture):
    setup = Setup(watch_error_handler=None)
    setup.server.next_lists.append(api_error(errors.Forbidden, 403, "Forbidden", "things is forbidden"))
    async with setup.running():
        assert "things: the LIST failed" in caplog.text
        assert "things is forbidden" in caplog.text


@in_virtual_time
async def test_a_watch_error_handler_that_fails_is_logged_and_the_reflector_continues(caplog: pytest.LogCaptureFixture):
    def fail(_reflector: object, _error: Exception) -> None:
        raise ValueError("handler bug")

    setup = Setup(watch_error_handler=fail)
    setup.server.next_lists.append(INTERNAL)
    async with setup.running():
        await asyncio.sleep(2)
        assert len(setup.server.lists) == 2
    assert "handler bug" in caplog.text


@pytest.mark.parametrize("moment", ["list", "open", "watch", "back off"])
@in_virtual_time
async def test_stops_at_once_wherever_it_waits(moment: str):
    setup = Setup()
    setup.server.list_delay = 50.0 if moment == "list" else 0.0
    setup.server.open_delay = 50.0 if moment == "open" else 0.0
    setup.server.next_lists.extend([INTERNAL] if moment == "back off" else [])
    async with setup.running():
        pass
    assert elapsed() == 0.0
    assert setup.server.open_watches == []


@pytest.mark.parametrize(("seconds", "listed"), [(0.0, ["0", "101"]), (5.0, ["0"])])
@in_virtual_time
async def test_a_reflector_that_was_cancelled_can_run_again(seconds: float, listed: list[str]):
    setup = Setup()
    setup.server.put(thing("a"))
    async with setup.running():
        await asyncio.sleep(seconds)
    setup.server.put(thing("b"))
    async with setup.running():
        await asyncio.sleep(2)
        assert versions(setup.server.lists) == listed
        assert len(setup.server.open_watches) == 1
        assert setup.drain() == {"a": "", "b": ""}


@in_virtual_time
async def test_a_reflector_that_was_cancelled_between_list_and_watch_delivers_the_list_when_it_runs_again():
    class Slow(DeltaFIFO[Thing]):
        def replacing(self, *arguments: Any) -> Generator[None, None, bool]:
            for _ in range(1000):
                virtual_time.advance(TIME_SLICE)
                yield
            return (yield from super().replacing(*arguments))

    setup = Setup()
    setup.reflector._store = setup.fifo = Slow(setup.store)
    setup.server.put(thing("a"))
    task = asyncio.create_task(setup.reflector.run())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert setup.server.watches == []
    async with setup.running():
        await asyncio.sleep(1)
        assert len(setup.server.lists) == 1
        assert setup.drain() == {"a": ""}
