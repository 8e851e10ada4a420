"""SharedInformer: set-up, indices, transforms, start and stop, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from random import Random

import pytest

from kubeloop import errors
from kubeloop.testing.virtual_time import advance, in_virtual_time, settle
from tests.support.informers import Recorder, informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing


@in_virtual_time
async def test_indices_may_be_added_before_and_after_the_start():
    server = ThingServer()
    server.put(thing("a", "x"))
    informer = informer_of(server, indexers={"first": lambda obj: [obj.value]})
    informer.add_indexers({"second": lambda obj: [obj.value]})
    async with running(informer):
        informer.add_indexers({"third": lambda obj: [obj.value]})
        for name in ("first", "second", "third"):
            assert [obj.metadata.name for obj in informer.lister.by_index(name, "x")] == ["a"]
        with pytest.raises(ValueError, match="already: first"):
            informer.add_indexers({"first": lambda obj: [obj.value]})


@in_virtual_time
async def test_a_failing_index_function_is_logged_and_the_object_is_stored_and_reported(
    caplog: pytest.LogCaptureFixture,
):
    server, recorder = ThingServer(), Recorder()
    informer = informer_of(server, indexers={"broken": lambda obj: [{}[obj.value]]})
    recorder.register(informer)
    async with running(informer):
        server.put(thing("ns/a", "x"))
        await settle()
        assert informer.lister.get("ns/a").value == "x"
    assert recorder.state == {"a": "x"}
    assert "'broken' failed on 'ns/a'" in caplog.text


@in_virtual_time
async def test_a_transform_changes_what_is_stored_and_reported():
    server, recorder = ThingServer(), Recorder()
    server.put(thing("a", "x"))
    informer = informer_of(server)
    informer.set_transform(lambda obj: obj.with_value(obj.value.upper()))
    recorder.register(informer)
    async with running(informer):
        server.put(thing("b", "y"))
        await settle()
        assert informer.lister.get("ns/a").value == "X"
    assert recorder.state == {"a": "X", "b": "Y"}


@in_virtual_time
async def test_setters_are_refused_after_the_start():
    informer = informer_of(ThingServer())
    async with running(informer):
        with pytest.raises(RuntimeError, match="things: the informer has started, its transform"):
            informer.set_transform(lambda obj: obj)
        with pytest.raises(RuntimeError, match="watch error handler"):
            informer.set_watch_error_handler(lambda _reflector, _error: None)


@in_virtual_time
async def test_the_watch_error_handler_gets_each_failure():
    server = ThingServer()
    error = api_error(errors.Forbidden, 403, "Forbidden")
    server.next_lists.append(error)
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        assert informer.last_error == f"GET /api/v1/configmaps: {error}"
        await asyncio.sleep(2)
        assert informer.has_synced
    assert [type(error) for error in told] == [errors.Forbidden]


@in_virtual_time
async def test_a_second_run_warns_and_returns(caplog: pytest.LogCaptureFixture):
    informer = informer_of(ThingServer())
    async with running(informer):
        await informer.run()
        assert "was started before" in caplog.text
        assert informer.has_synced
        assert not informer.is_stopped


@in_virtual_time
async def test_goes_from_new_over_started_and_synced_to_stopped():
    server = ThingServer()
    server.list_delay = 1.0
    informer = informer_of(server)
    assert (informer.has_started, informer.has_synced, informer.is_stopped) == (False, False, False)
    assert informer.last_sync_resource_version == ""
    assert repr(informer) == "<SharedInformer things: new, 0 objects>"
    async with running(informer):
        assert (informer.has_started, informer.has_synced, informer.is_stopped) == (True, False, False)
        assert "started" in repr(informer)
        await asyncio.sleep(1)
        await settle()
        assert (informer.has_started, informer.has_synced, informer.is_stopped) == (True, True, False)
        assert "synced" in repr(informer)
    assert (informer.has_started, informer.has_synced, informer.is_stopped) == (True, True, True)
    assert "stopped" in repr(informer)


@in_virtual_time
async def test_a_stopped_informer_takes_no_handlers_or_indices_and_can_still_be_read():
    server = ThingServer()
    server.put(thing("a"))
    informer = informer_of(server)
    registration = informer.add_event_handler(on_add=lambda _obj: None)
    async with running(informer):
        pass
    with pytest.raises(RuntimeError, match="has stopped"):
        informer.add_event_handler(on_add=lambda _obj: None)
    with pytest.raises(RuntimeError, match="has stopped"):
        informer.add_indexers({"v": lambda obj: [obj.value]})
    informer.remove_event_handler(registration)
    assert informer.lister.get("ns/a").metadata.name == "a"


@in_virtual_time
async def test_waiting_for_an_informer_that_stops_before_its_sync_fails_with_the_reason():
    server = ThingServer()
    server.next_lists.extend([api_error(errors.Forbidden, 403, "Forbidden", "things is forbidden")] * 9)
    informer = informer_of(server)
    async with running(informer):
        waiter = asyncio.create_task(informer.wait_for_sync())
        await settle()
    with pytest.raises(errors.NotSynced, match=r"things has not synced: the informer has stopped.*things is forbidden"):
        await waiter


@in_virtual_time
async def test_stopping_ends_every_task_also_those_of_handlers_that_hang():
    server = ThingServer()
    server.put(thing("a"))
    informer = informer_of(server)
    ended: list[str] = []

    async def hang(_obj: Thing) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("handler")

    informer.add_event_handler(on_add=hang)
    async with running(informer):
        informer.add_event_handler(on_add=hang)
        await settle()
    assert ended == ["handler", "handler"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert server.open_watches == []


@in_virtual_time
async def test_two_informers_of_one_source_do_not_disturb_each_other():
    server = ThingServer()
    one, two = informer_of(server), informer_of(server)
    async with running(two):
        async with running(one):
            server.put(thing("a"))
            await settle()
        server.put(thing("b"))
        await settle()
        assert one.indexer.list_keys() == ["ns/a"]
        assert two.indexer.list_keys() == ["ns/a", "ns/b"]


@in_virtual_time
async def test_long_work_lets_others_on_the_loop_run_every_few_milliseconds():
    server = ThingServer()
    for number in range(3000):
        server.put(thing(f"t{number}"))
    loop = asyncio.get_running_loop()
    informer = informer_of(server)

    def slow(_obj: Thing) -> None:
        advance(0.001)

    informer.add_event_handler(on_add=slow)
    turns: list[float] = []

    async def other() -> None:
        while not informer.has_synced:
            turns.append(loop.time())
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    async with running(informer):
        await beside
        late = informer.add_event_handler(on_add=slow)
        while not late.has_synced:
            turns.append(loop.time())
            await asyncio.sleep(0)
    assert max(after - before for before, after in itertools.pairwise(turns)) < 0.01
    assert turns[-1] > 5.9


@in_virtual_time
async def test_adding_and_removing_handlers_while_much_happens_harms_nobody():
    server, steady = ThingServer(), Recorder()
    informer = informer_of(server)
    steady.register(informer)
    random = Random(11)

    async def write() -> None:
        for number in range(300):
            name = random.choice("abcdef")
            if f"ns/{name}" in server.objects and random.random() < 0.3:
                server.delete(name)
            else:
                server.put(thing(name, str(number)))
            await asyncio.sleep(random.random() / 100)

    async def abuse() -> None:
        for _ in range(60):
            recorder = Recorder()
            registration = recorder.register(informer)
            await asyncio.sleep(random.random() / 50)
            informer.remove_event_handler(registration)
            await asyncio.sleep(random.random() / 50)

    async with running(informer):
        await asyncio.gather(write(), abuse(), abuse())
        await settle()
        last = Recorder()
        await last.register(informer).wait_for_sync()
        expected = {obj.metadata.name: obj.value for obj in server.objects.values()}
        assert steady.state == last.state == expected


@in_virtual_time
async def test_an_internal_error_of_a_watch_leads_to_another_list_unless_configured_otherwise():
    server = ThingServer()
    async with running(informer_of(server)):
        server.end_watches(api_error(errors.InternalError, 500, "InternalError"))
        await asyncio.sleep(2)
        assert len(server.lists) == 2
