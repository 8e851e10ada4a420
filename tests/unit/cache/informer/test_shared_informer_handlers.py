"""SharedInformer: handlers that fail, wait, are added and are removed, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop import errors
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Detailed, Recorder, informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing


@in_virtual_time
async def test_a_handler_that_raises_is_logged_and_harms_no_other(caplog: pytest.LogCaptureFixture):
    server, recorder = ThingServer(), Recorder()
    server.put(thing("ns/a"))
    informer = informer_of(server)
    calls: list[str] = []

    def fail(obj: Thing) -> None:
        calls.append(obj.metadata.name)
        raise ValueError("broken handler")

    informer.add_event_handler(on_add=fail)
    recorder.register(informer)
    async with running(informer):
        server.put(thing("b"))
        await settle()
    assert calls == ["a", "b"]
    assert sorted(recorder.state) == ["a", "b"]
    assert "fail failed on ns/a" in caplog.text
    assert "broken handler" in caplog.text


@in_virtual_time
async def test_an_index_function_that_raises_is_logged_and_harms_neither_the_store_nor_handlers(
    caplog: pytest.LogCaptureFixture,
):
    server, recorder = ThingServer(), Recorder()
    server.put(thing("ns/a", "1"))
    informer = informer_of(server)
    informer.add_indexers({"half": lambda obj: [str(10 // int(obj.value))]})
    recorder.register(informer)
    async with running(informer):
        server.put(thing("ns/a", "0"))
        server.put(thing("ns/b", "5"))
        await settle()
        assert informer.lister.get("ns/a").value == "0"
        assert [obj.metadata.name for obj in informer.indexer.by_index("half", "2")] == ["b"]
        assert informer.indexer.by_index("half", "10") == []
    assert recorder.state == {"a": "0", "b": "5"}
    assert "the index function 'half' failed on 'ns/a'" in caplog.text


@in_virtual_time
async def test_a_plain_handler_that_reads_a_cancelled_future_does_not_stop_the_informer(
    caplog: pytest.LogCaptureFixture,
):
    server, recorder = ThingServer(), Recorder()
    cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    cancelled.cancel()
    informer = informer_of(server)
    informer.add_event_handler(on_add=lambda _obj: cancelled.result())
    recorder.register(informer)
    async with running(informer):
        server.put(thing("a"))
        await settle()
        assert not informer.is_stopped
    assert recorder.state == {"a": ""}
    assert "failed on ns/a" in caplog.text


@in_virtual_time
async def test_a_plain_function_that_returns_a_coroutine_is_reported(caplog: pytest.LogCaptureFixture):
    server = ThingServer()

    async def reconcile(obj: Thing) -> None: ...

    informer = informer_of(server)
    informer.add_event_handler(on_add=lambda obj: reconcile(obj))
    async with running(informer):
        server.put(thing("a"))
        await settle()
    assert "pass the async function itself" in caplog.text


@in_virtual_time
async def test_an_async_handler_gets_events_in_order_one_at_a_time():
    server = ThingServer()
    informer = informer_of(server)
    told: list[str] = []

    async def on_add(obj: Thing) -> None:
        told.append(f"begin {obj.metadata.name}")
        await asyncio.sleep(1)
        told.append(f"end {obj.metadata.name}")

    registration = informer.add_event_handler(on_add=on_add)
    server.put(thing("a"))
    server.put(thing("b"))
    async with running(informer):
        assert informer.has_synced
        assert not registration.has_synced
        await registration.wait_for_sync()
        assert registration.has_synced
        assert told == ["begin a", "end a", "begin b", "end b"]


@in_virtual_time
async def test_a_slow_async_handler_delays_neither_store_nor_others():
    server, recorder = ThingServer(), Recorder()
    informer = informer_of(server)
    slow: list[str] = []

    async def on_add(obj: Thing) -> None:
        await asyncio.sleep(100)
        slow.append(obj.metadata.name)

    informer.add_event_handler(on_add=on_add)
    recorder.register(informer)
    async with running(informer):
        for name in "abc":
            server.put(thing(name))
        await settle()
        assert sorted(recorder.state) == ["a", "b", "c"]
        assert slow == []
        await asyncio.sleep(301)
        assert slow == ["a", "b", "c"]


@in_virtual_time
async def test_an_async_handler_that_raises_gets_the_next_change(caplog: pytest.LogCaptureFixture):
    server = ThingServer()
    informer = informer_of(server)
    told: list[str] = []

    async def on_add(obj: Thing) -> None:
        told.append(obj.metadata.name)
        await asyncio.sleep(0)
        raise ValueError("broken handler")

    informer.add_event_handler(on_add=on_add)
    async with running(informer):
        server.put(thing("a"))
        server.put(thing("b"))
        await settle()
    assert told == ["a", "b"]
    assert caplog.text.count("broken handler") >= 2


@in_virtual_time
async def test_an_async_handler_whose_own_work_is_cancelled_gets_the_next_change(caplog: pytest.LogCaptureFixture):
    server = ThingServer()
    informer = informer_of(server)
    told: list[str] = []

    async def on_add(obj: Thing) -> None:
        told.append(obj.metadata.name)
        raise asyncio.CancelledError

    informer.add_event_handler(on_add=on_add)
    async with running(informer):
        server.put(thing("a"))
        server.put(thing("b"))
        await settle()
    assert told == ["a", "b"]


@in_virtual_time
async def test_async_methods_of_a_detailed_handler_are_awaited_too():
    server = ThingServer()

    class Handler(Detailed):
        async def on_update(self, old: Thing, new: Thing) -> None:  # type: ignore[override]
            await asyncio.sleep(1)
            self.told.append(("slow update", new.value))

    handler = Handler()
    server.put(thing("a", "1"))
    informer = informer_of(server)
    informer.add_event_handler(handler)
    async with running(informer):
        server.put(thing("a", "2"))
        await asyncio.sleep(2)
    assert handler.told == [("add", "a", True), ("slow update", "2")]


@in_virtual_time
async def test_a_removed_handler_gets_no_more_events():
    server, recorder, other = ThingServer(), Recorder(), Recorder()
    informer = informer_of(server)
    registration = recorder.register(informer)
    other.register(informer)
    async with running(informer):
        server.put(thing("a"))
        await settle()
        informer.remove_event_handler(registration)
        informer.remove_event_handler(registration)
        server.put(thing("b"))
        await settle()
    assert registration.is_removed
    assert recorder.told == [("add", "a", "")]
    assert sorted(other.state) == ["a", "b"]


@in_virtual_time
async def test_a_handler_may_be_removed_before_the_start():
    server, recorder = ThingServer(), Recorder()
    server.put(thing("a"))
    informer = informer_of(server)
    informer.remove_event_handler(recorder.register(informer))
    async with running(informer):
        pass
    assert recorder.told == []


@in_virtual_time
async def test_another_informers_handler_is_refused():
    one, two = informer_of(ThingServer()), informer_of(ThingServer())
    registration = one.add_event_handler(on_add=lambda _obj: None)
    with pytest.raises(ValueError, match="not a handler of this informer"):
        two.remove_event_handler(registration)


@in_virtual_time
async def test_a_handler_may_remove_another_one_during_an_event():
    server, recorder = ThingServer(), Recorder()
    informer = informer_of(server)
    informer.add_event_handler(on_add=lambda _obj: informer.remove_event_handler(registration))
    registration = recorder.register(informer)
    async with running(informer):
        server.put(thing("a"))
        await settle()
    assert recorder.told == []


@in_virtual_time
async def test_a_handler_may_add_another_one_which_gets_each_object_once():
    server, recorder = ThingServer(), Recorder()
    informer = informer_of(server)
    added: list[object] = []

    def on_add(_obj: Thing) -> None:
        if not added:
            added.append(recorder.register(informer))

    informer.add_event_handler(on_add=on_add)
    server.put(thing("a"))
    server.put(thing("b"))
    async with running(informer):
        server.put(thing("c"))
        await settle()
    assert sorted(recorder.told) == [("add", "a", ""), ("add", "b", ""), ("add", "c", "")]


@in_virtual_time
async def test_shutting_a_handler_down_waits_for_the_call_that_runs_and_drops_the_rest():
    server = ThingServer()
    informer = informer_of(server)
    told: list[str] = []

    async def on_add(obj: Thing) -> None:
        await asyncio.sleep(10)
        told.append(obj.metadata.name)

    registration = informer.add_event_handler(on_add=on_add)
    async with running(informer):
        server.put(thing("a"))
        server.put(thing("b"))
        await settle()
        await informer.shut_down_event_handler(registration)
        assert told == ["a"]
        await asyncio.sleep(100)
    assert told == ["a"]


@pytest.mark.parametrize("is_waited_for", [False, True])
@in_virtual_time
async def test_a_call_that_fails_after_its_handler_was_removed_is_logged_and_harms_no_other(
    caplog: pytest.LogCaptureFixture, is_waited_for: bool
):
    server, recorder = ThingServer(), Recorder()
    informer = informer_of(server)

    async def on_add(obj: Thing) -> None:
        await asyncio.sleep(10)
        raise ValueError("the place for the object no longer exists")

    registration = informer.add_event_handler(on_add=on_add)
    recorder.register(informer)
    async with running(informer):
        server.put(thing("a"))
        await settle()
        if is_waited_for:
            await informer.shut_down_event_handler(registration)
        else:
            informer.remove_event_handler(registration)
            await asyncio.sleep(10)
            await settle()
        assert caplog.text.count("ValueError: the place for the object no longer exists") == 1
        server.put(thing("b"))
        await settle()
    assert sorted(recorder.state) == ["a", "b"]


@in_virtual_time
async def test_shutting_a_handler_down_returns_at_once_when_it_is_idle_or_plain_or_not_started():
    server = ThingServer()
    informer = informer_of(server)

    async def on_add(obj: Thing) -> None: ...

    idle = informer.add_event_handler(on_add=on_add)
    plain = informer.add_event_handler(on_add=lambda _obj: None)
    early = informer.add_event_handler(on_add=on_add)
    await informer.shut_down_event_handler(early)
    async with running(informer):
        await informer.shut_down_event_handler(idle)
        await informer.shut_down_event_handler(plain)
        await informer.shut_down_event_handler(plain)


@in_virtual_time
async def test_a_handler_cannot_wait_for_its_own_end(caplog: pytest.LogCaptureFixture):
    server = ThingServer()
    informer = informer_of(server)

    async def on_add(_obj: Thing) -> None:
        await informer.shut_down_event_handler(registration)

    registration = informer.add_event_handler(on_add=on_add)
    async with running(informer):
        server.put(thing("a"))
        await settle()
    assert "cannot wait for its own end" in caplog.text


@in_virtual_time
async def test_a_handler_cannot_wait_for_its_own_sync():
    """(D10)"""
    server = ThingServer()
    server.put(thing("a"))
    informer = informer_of(server)
    caught: list[Exception] = []

    async def on_add(_obj: Thing) -> None:
        try:
            await registration.wait_for_sync()
        except RuntimeError as error:
            caught.append(error)

    registration = informer.add_event_handler(on_add=on_add)
    async with running(informer):
        await registration.wait_for_sync()
        assert "cannot wait until it has itself been told of all objects" in str(caught[0])
        server.put(thing("b"))
        await settle()
        assert len(caught) == 1  # After the sync there is nothing to wait for.


@in_virtual_time
async def test_waiting_for_a_handler_that_is_removed_or_whose_informer_stops_fails():
    server = ThingServer()
    server.put(thing("a"))
    informer = informer_of(server)

    async def on_add(_obj: Thing) -> None:
        await asyncio.sleep(1000)

    registration = informer.add_event_handler(on_add=on_add)
    async with running(informer):
        waiter = asyncio.create_task(registration.wait_for_sync())
        await settle()
        informer.remove_event_handler(registration)
        with pytest.raises(errors.NotSynced, match=r"things has not synced: the handler .*on_add.* was removed"):
            await waiter


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((), {}, "at least one"),
        ((), {"on_add": 3}, "expected a function as on_add, got int"),
        ((print,), {}, "with a method on_add, got builtin_function_or_method; pass functions by name, as on_add="),
        ((Detailed(),), {"on_add": print}, "not both"),
    ],
)
def test_what_is_no_handler_is_refused(arguments: tuple, keywords: dict, message: str):
    with pytest.raises(TypeError, match=message):
        informer_of(ThingServer()).add_event_handler(*arguments, **keywords)


@in_virtual_time
async def test_a_handler_that_cancels_its_own_task_is_removed():
    """(Otherwise its events would wait for ever.)"""
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    other = Recorder()
    other.register(informer)

    async def give_up(obj: Thing) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    registration = informer.add_event_handler(on_add=give_up)
    async with running(informer):
        await registration.wait_until_ended()
        for name in "bcd":
            server.put(thing(name, "1"))
        await settle()
        assert (registration.is_removed, registration.backlog) == (True, 0)
        assert sorted(other.state) == ["a", "b", "c", "d"]
