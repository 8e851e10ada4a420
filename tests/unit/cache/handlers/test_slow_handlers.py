"""SharedInformer: async handlers that are slow, with and without a bound, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop import errors
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.rest.watch_stream import EVENTS_AT_ONCE
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Recorder, informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing


class Slow(Recorder):
    """A recorder each of whose calls takes some seconds."""

    def __init__(self, seconds: float = 10.0) -> None:
        super().__init__()
        self.seconds = seconds

    async def slow_add(self, obj: Thing) -> None:
        await asyncio.sleep(self.seconds)
        self.on_add(obj)

    async def slow_update(self, old: Thing, new: Thing) -> None:
        await asyncio.sleep(self.seconds)
        self.on_update(old, new)

    async def slow_delete(self, obj: Thing) -> None:
        await asyncio.sleep(self.seconds)
        self.on_delete(obj)

    def attach(self, informer: SharedInformer[Thing], **limit: object) -> HandlerRegistration[Thing]:
        return informer.add_event_handler(
            on_add=self.slow_add,
            on_update=self.slow_update,
            on_delete=self.slow_delete,
            **limit,  # type: ignore[arg-type]
        )


@in_virtual_time
async def test_a_backlog_shows_how_many_events_wait_and_for_how_long():
    server, slow = ThingServer(), Slow()
    informer = informer_of(server)
    registration = slow.attach(informer)
    assert (registration.backlog, registration.backlog_age) == (0, 0.0)
    async with running(informer):
        for name in "abc":
            server.put(thing(name))
        await asyncio.sleep(4.0)
        assert (registration.backlog, registration.backlog_age) == (2, 4.0)
        assert "2 queued" in repr(registration)
        await asyncio.sleep(7.0)
        assert (registration.backlog, registration.backlog_age) == (1, 11.0)
        await asyncio.sleep(20.0)
        assert (registration.backlog, registration.backlog_age) == (0, 0.0)


def test_the_age_of_a_backlog_outside_of_the_loop_is_zero():
    left: list[HandlerRegistration[Thing]] = []

    async def main() -> None:
        server, slow = ThingServer({"a": "", "b": ""}), Slow()
        informer = informer_of(server)
        left.append(slow.attach(informer))
        async with running(informer):
            assert left[0].backlog == 1

    virtual_time.run(main())
    assert left[0].backlog_age == 0.0


@in_virtual_time
async def test_a_plain_handler_has_no_backlog_and_no_bound():
    informer = informer_of(ThingServer())
    assert Recorder().register(informer).backlog == 0
    with pytest.raises(TypeError, match="things: a plain handler has no backlog; max_backlog is for async handlers"):
        informer.add_event_handler(on_add=lambda _obj: None, max_backlog=5)


@in_virtual_time
async def test_with_latest_a_slow_handler_skips_states_in_between():
    server, slow = ThingServer({"a": "0"}), Slow()
    informer = informer_of(server)
    registration = slow.attach(informer, max_backlog=2)
    async with running(informer):
        await registration.wait_for_sync()
        server.put(thing("a", "1"))  # in progress
        await settle()
        for value in range(2, 100):
            server.put(thing("a", str(value)))
        server.put(thing("b", "1"))
        server.delete("b")
        await settle()
        assert registration.backlog == 1
        await asyncio.sleep(30.0)
    assert slow.told == [("add", "a", "0"), ("update", "a", "0", "1"), ("update", "a", "1", "99")]


@in_virtual_time
async def test_with_latest_an_object_that_was_made_again_is_deleted_and_added():
    server, slow = ThingServer({"a": "0"}), Slow()
    informer = informer_of(server)
    registration = slow.attach(informer, max_backlog=1)
    async with running(informer):
        await registration.wait_for_sync()
        server.put(thing("b"))  # in progress
        await settle()
        server.put(thing("a", "1"))
        server.delete("a")
        server.put(thing("a", "2"))
        server.put(thing("a", "3"))
        await asyncio.sleep(60.0)
    assert slow.told[-2:] == [("delete", "a", "1"), ("add", "a", "3")]


@in_virtual_time
async def test_with_latest_a_handler_without_a_function_for_updates_gets_the_newest_state_of_an_add():
    server, told = ThingServer(), list[str]()
    informer = informer_of(server)

    async def on_add(obj: Thing) -> None:
        await asyncio.sleep(10)
        told.append(obj.value)

    informer.add_event_handler(on_add=on_add, max_backlog=1)
    async with running(informer):
        server.put(thing("a", "1"))
        await settle()
        server.put(thing("b", "1"))
        server.put(thing("b", "2"))
        await asyncio.sleep(60)
    assert told == ["1", "2"]


@in_virtual_time
async def test_with_error_the_handler_is_removed_and_the_error_is_seen(caplog: pytest.LogCaptureFixture):
    server, slow, other = ThingServer({"a": "0"}), Slow(), Recorder()
    informer = informer_of(server)
    registration = slow.attach(informer, max_backlog=3, when_full="error")
    other.register(informer)
    async with running(informer):
        await registration.wait_for_sync()
        supervised = asyncio.create_task(registration.wait_until_ended())
        server.put(thing("a", "1"))  # in progress
        await settle()
        for value in range(2, 10):
            server.put(thing("a", str(value)))
        await settle()
        assert registration.is_removed
        assert registration.backlog == 0
        assert isinstance(registration.error, errors.BacklogFull)
        assert not supervised.done()  # a call is in progress
        await asyncio.sleep(10)
        with pytest.raises(errors.BacklogFull, match="the backlog reached its bound of 3 events"):
            await supervised
        server.put(thing("a", "11"))
        await asyncio.sleep(100)
        assert slow.state == {"a": "1"}
        assert other.state == {"a": "11"}
        assert "slow_add" in caplog.text
        assert "was removed, because it is too slow: the backlog reached its bound of 3 events" in caplog.text
        await informer.shut_down_event_handler(registration)
        again = slow = Slow(0.0)
        again.attach(informer, max_backlog=3, when_full="error")
        await settle()
    assert again.state == {"a": "11"}


@in_virtual_time
async def test_a_burst_that_is_too_long_for_an_idle_handler_ends_the_handler_and_not_the_informer():
    server, slow = ThingServer({"a": "0"}), Slow(0.0)
    informer = informer_of(server)
    registration = slow.attach(informer, max_backlog=1, when_full="error")
    async with running(informer):
        await registration.wait_for_sync()
        for value in range(1, 4):
            server.put(thing("a", str(value)))
        await settle()
        with pytest.raises(errors.BacklogFull):
            await registration.wait_until_ended()
        server.put(thing("a", "4"))
        await settle()
        assert informer.lister.get("ns/a").value == "4"


@in_virtual_time
async def test_waiting_for_the_sync_of_a_handler_that_was_too_slow_fails_with_the_reason():
    server, slow = ThingServer({"a": "0", "b": "0"}), Slow()
    informer = informer_of(server)
    registration = slow.attach(informer, max_backlog=1, when_full="error")
    async with running(informer):
        waiter = asyncio.create_task(registration.wait_for_sync())
        for value in range(1, 4):
            server.put(thing("a", str(value)))
        with pytest.raises(errors.NotSynced, match="was removed: the backlog reached its bound of 1 event;"):
            await waiter


@in_virtual_time
async def test_a_long_initial_list_does_not_fill_a_backlog():
    server, slow = ThingServer({f"n{number}": "" for number in range(50)}), Slow(1.0)
    informer = informer_of(server)
    registration = slow.attach(informer, max_backlog=5, when_full="error")
    late = Slow(1.0)
    async with running(informer):
        late_registration = late.attach(informer, max_backlog=5, when_full="error")
        await registration.wait_for_sync()
        await late_registration.wait_for_sync()
    assert len(slow.state) == len(late.state) == 50


@in_virtual_time
async def test_with_block_the_watch_is_not_read_while_the_handler_is_full():
    server, slow = ThingServer({"a": "0"}), Slow()
    informer = informer_of(server)
    registration = slow.attach(informer, max_backlog=2, when_full="block")
    async with running(informer):
        await registration.wait_for_sync()
        for value in range(1, 200):
            server.put(thing("a", str(value)))
        peak = 0
        for _ in range(2100):
            await asyncio.sleep(1.0)
            peak = max(peak, registration.backlog)
        assert informer.lister.get("ns/a").value == "199"
    assert 2 <= peak <= 2 + EVENTS_AT_ONCE  # events that were received together may be delivered together
    assert [told[-1] for told in slow.told] == [str(value) for value in range(200)]


@in_virtual_time
async def test_a_handler_that_blocks_for_ever_costs_a_bounded_number_of_objects():
    server = ThingServer({"a": "0"})
    informer = informer_of(server)

    async def stuck(_old: Thing, _new: Thing) -> None:
        await asyncio.Event().wait()

    registration = informer.add_event_handler(on_update=stuck, max_backlog=2, when_full="block")
    async with running(informer):
        versions = []
        for hour in range(5):
            for value in range(100):
                server.put(thing("a", f"{hour}-{value}"))
            await asyncio.sleep(3600)
            versions.append(int(informer.last_sync_resource_version))
        assert 2 <= registration.backlog <= 2 + EVENTS_AT_ONCE
        assert versions[0] == versions[-1] <= 101 + 4 * EVENTS_AT_ONCE  # of 500 changes, so many were received
        informer.remove_event_handler(registration)
        await asyncio.sleep(60)
        assert informer.lister.get("ns/a").value == "4-99"


@in_virtual_time
async def test_a_handler_that_blocks_must_be_the_only_one():
    informer = informer_of(ThingServer())
    plain = Recorder().register(informer)
    with pytest.raises(
        RuntimeError,
        match=r"things: a handler with when_full='block' must be .* only one, .*on_add=.*; choose 'latest' ",
    ):
        Slow().attach(informer, max_backlog=5, when_full="block")
    informer.remove_event_handler(plain)
    blocking = Slow().attach(informer, max_backlog=5, when_full="block")
    for add in (Recorder().register, Slow().attach):
        with pytest.raises(RuntimeError, match=r"no handler can be added, because on_add=.* has when_full='block'"):
            add(informer)
    informer.remove_event_handler(blocking)
    Recorder().register(informer)


@in_virtual_time
async def test_a_slow_handler_with_a_long_backlog_is_logged_once(caplog: pytest.LogCaptureFixture):
    server = ThingServer({f"n{number}": "" for number in range(1100)})
    slow = Slow(0.2)
    informer = informer_of(server)
    slow.attach(informer)
    async with running(informer):
        await asyncio.sleep(30)
    lines = [record.getMessage() for record in caplog.records if "is behind" in record.getMessage()]
    assert len(lines) == 1
    assert "1099 events wait, the oldest for 0.2 s; a call took 0.2 s" in lines[0]


@in_virtual_time
async def test_waiting_for_the_end_of_a_handler_returns_when_the_informer_stops():
    server, recorder = ThingServer(), Recorder()
    informer = informer_of(server)
    registration = recorder.register(informer)
    async with running(informer):
        waiter = asyncio.create_task(registration.wait_until_ended())
        await settle()
        assert not waiter.done()
    await waiter


@in_virtual_time
async def test_with_block_a_list_and_a_resync_wait_for_the_handler_and_a_stop_does_not():
    names = [f"t{number}" for number in range(20)]
    server, slow = ThingServer(dict.fromkeys(names, "1")), Slow(1.0)
    informer = informer_of(server, resync_period=1000)
    registration = slow.attach(informer, max_backlog=3, when_full="block")

    async def miss_changes(value: str) -> None:
        for name in names:
            server.put(thing(name, value))
        for watch in server.open_watches:
            watch.forget()
        server.end_watches(api_error(errors.Expired, 410, "Expired"))

    async def largest_backlog(seconds: int) -> int:
        found = 0
        for _ in range(seconds):
            await asyncio.sleep(1.0)
            found = max(found, registration.backlog)
        return found

    async with running(informer):
        await registration.wait_for_sync()
        await miss_changes("2")
        assert await largest_backlog(30) in (3, 4)
        assert set(slow.state.values()) == {"2"}
        assert await largest_backlog(1000) in (3, 4)  # The resync.
        await miss_changes("3")
        assert await largest_backlog(5) in (3, 4)
        stopped_at = virtual_time.elapsed()
    assert virtual_time.elapsed() == stopped_at
