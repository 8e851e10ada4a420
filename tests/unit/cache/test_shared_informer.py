"""SharedInformer: store, handlers and life cycle, in virtual time.

The scenarios are those of client-go's `shared_informer_test.go`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator

import pytest

from kubeloop import errors
from kubeloop.cache.delta_fifo import DeletedFinalStateUnknown
from kubeloop.cache.shared_informer import SharedInformer
from kubeloop.meta.gvk import GroupResource
from tests.support.clock import settle, virtual
from tests.support.fake_lister_watcher import FakeServer, Thing, api_error, thing


def informer_of(server: FakeServer, **options: object) -> SharedInformer[Thing]:
    return SharedInformer(
        server,
        resource=GroupResource("", "things"),
        rng=random.Random(3),
        **options,  # type: ignore[arg-type]
    )


@contextlib.asynccontextmanager
async def running(*informers: SharedInformer[Thing]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(informer.run()) for informer in informers]
    await settle()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


class Recorder:
    """Functions that note what they are told, and what that adds up to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.state: dict[str, str] = {}

    def on_add(self, obj: Thing) -> None:
        name = obj.metadata.name
        assert name not in self.state, f"second add of {name}"
        self.state[name] = obj.value
        self.told.append(("add", name, obj.value))

    def on_update(self, old: Thing, new: Thing) -> None:
        name = new.metadata.name
        assert self.state[name] == old.value
        self.state[name] = new.value
        self.told.append(("update", name, old.value, new.value))

    def on_delete(self, obj: Thing) -> None:
        name = obj.metadata.name
        del self.state[name]
        self.told.append(("delete", name, obj.value))

    def register(self, informer: SharedInformer[Thing]):
        return informer.add_event_handler(on_add=self.on_add, on_update=self.on_update, on_delete=self.on_delete)


class Detailed:
    """A detailed handler that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def on_add(self, obj: Thing, is_in_initial_list: bool) -> None:
        self.told.append(("add", obj.metadata.name, is_in_initial_list))

    def on_update(self, old: Thing, new: Thing) -> None:
        self.told.append(("update", old.value, new.value))

    def on_delete(self, obj: Thing | DeletedFinalStateUnknown[Thing]) -> None:
        self.told.append(("delete", obj))


@virtual
async def test_tells_a_handler_of_adds_updates_and_deletions_in_order():
    server, recorder = FakeServer(), Recorder()
    informer = informer_of(server)
    recorder.register(informer)
    server.put(thing("a", "1"))
    async with running(informer):
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


@virtual
async def test_the_store_holds_a_change_before_plain_handlers_are_told():
    server = FakeServer()
    informer = informer_of(server)
    seen: list[object] = []
    informer.add_event_handler(
        on_add=lambda obj: seen.append(informer.indexer.get_by_key("a") is obj),
        on_update=lambda _old, new: seen.append(informer.indexer.get_by_key("a") is new),
        on_delete=lambda _obj: seen.append(informer.indexer.get_by_key("a")),
    )
    async with running(informer):
        server.put(thing("a", "1"))
        server.put(thing("a", "2"))
        server.delete("a")
        await settle()
    assert seen == [True, True, None]


@virtual
async def test_several_handlers_are_each_told_of_everything():
    server = FakeServer()
    informer = informer_of(server)
    recorders = [Recorder() for _ in range(3)]
    for recorder in recorders:
        recorder.register(informer)
    async with running(informer):
        server.put(thing("a", "1"))
        server.delete("a")
        await settle()
    assert [recorder.told for recorder in recorders] == [[("add", "a", "1"), ("delete", "a", "1")]] * 3


@virtual
async def test_the_same_functions_may_be_registered_twice():
    server = FakeServer()
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


@virtual
async def test_has_synced_once_the_first_list_is_in_the_store_and_told():
    server, recorder = FakeServer(), Recorder()
    server.list_delay = 5.0
    server.put(thing("a"))
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


@virtual
async def test_an_empty_list_syncs_too():
    informer = informer_of(FakeServer())
    async with running(informer):
        assert informer.has_synced


@virtual
async def test_a_handler_that_comes_late_is_told_of_what_is_there_as_the_initial_list():
    server, detailed = FakeServer(), Detailed()
    for name in "abc":
        server.put(thing(name))
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


@virtual
async def test_changes_wait_behind_the_introduction_of_a_late_handler():
    server, recorder = FakeServer(), Recorder()
    for number in range(50):
        server.put(thing(f"t{number}", "old"))
    informer = informer_of(server)
    async with running(informer):
        recorder.register(informer)
        server.put(thing("t49", "new"))
        server.delete("t0")
        await settle(100)
        assert recorder.told[:50] == [("add", f"t{number}", "old") for number in range(50)]
        assert recorder.told[50:] == [("update", "t49", "old", "new"), ("delete", "t0", "old")]
        server.put(thing("later"))
        await settle()
    assert recorder.told[-1] == ("add", "later", "")


@virtual
async def test_adds_before_the_sync_are_in_the_initial_list_and_later_ones_are_not():
    server, detailed = FakeServer(), Detailed()
    server.put(thing("a"))
    server.put(thing("b"))
    informer = informer_of(server)
    informer.add_event_handler(detailed)
    async with running(informer):
        server.put(thing("c"))
        await settle()
    assert detailed.told == [("add", "a", True), ("add", "b", True), ("add", "c", False)]


@virtual
async def test_a_deletion_that_only_a_list_told_of_comes_with_the_last_known_object():
    server, recorder, detailed = FakeServer(), Recorder(), Detailed()
    server.put(thing("a", "known"))
    informer = informer_of(server)
    recorder.register(informer)
    informer.add_event_handler(detailed)
    async with running(informer):
        server.cut_watches()
        server.put(thing("a", "missed"))
        server.delete("a")
        server.compact()
        await asyncio.sleep(3)
    known = thing("a", "known", version="101")
    assert recorder.told[-1] == ("delete", "a", "known")
    assert detailed.told[-1] == ("delete", DeletedFinalStateUnknown("a", known))


@virtual
async def test_an_ordinary_deletion_is_no_tombstone_for_a_detailed_handler():
    server, detailed = FakeServer(), Detailed()
    server.put(thing("a"))
    informer = informer_of(server)
    informer.add_event_handler(detailed)
    async with running(informer):
        last = server.delete("a")
        await settle()
    assert detailed.told[-1] == ("delete", last)


@virtual
async def test_after_a_missed_time_handlers_are_told_the_difference():
    server, recorder = FakeServer(), Recorder()
    for name in ("kept", "changed", "gone"):
        server.put(thing(name, "1"))
    informer = informer_of(server)
    recorder.register(informer)
    async with running(informer):
        server.cut_watches()
        server.put(thing("changed", "2"))
        server.put(thing("changed", "3"))
        server.delete("gone")
        server.put(thing("new", "1"))
        server.compact()
        await asyncio.sleep(3)
        assert recorder.state == {"kept": "1", "changed": "3", "new": "1"}
        assert [event for event in recorder.told[3:] if event[0] != "update"] == [
            ("add", "new", "1"),
            ("delete", "gone", "1"),
        ]
        assert ("update", "changed", "1", "3") in recorder.told


@virtual
async def test_a_list_tells_of_unchanged_objects_as_updates():
    server, recorder = FakeServer(), Recorder()
    server.put(thing("a", "1"))
    informer = informer_of(server)
    recorder.register(informer)
    async with running(informer):
        server.end_watches(api_error(errors.Expired, 410, "Expired"))
        await asyncio.sleep(3)
    assert recorder.told == [("add", "a", "1"), ("update", "a", "1", "1")]


@virtual
async def test_a_handler_that_raises_is_logged_and_harms_no_other(caplog: pytest.LogCaptureFixture):
    server, recorder = FakeServer(), Recorder()
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


@virtual
async def test_a_plain_handler_that_reads_a_cancelled_future_does_not_stop_the_informer(
    caplog: pytest.LogCaptureFixture,
):
    server, recorder = FakeServer(), Recorder()
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
    assert "failed on a" in caplog.text


@virtual
async def test_a_plain_function_that_returns_a_coroutine_is_reported(caplog: pytest.LogCaptureFixture):
    server = FakeServer()

    async def reconcile(obj: Thing) -> None: ...

    informer = informer_of(server)
    informer.add_event_handler(on_add=lambda obj: reconcile(obj))
    async with running(informer):
        server.put(thing("a"))
        await settle()
    assert "pass the async function itself" in caplog.text


@virtual
async def test_an_async_handler_is_told_in_order_one_at_a_time():
    server = FakeServer()
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


@virtual
async def test_a_slow_async_handler_delays_neither_store_nor_others():
    server, recorder = FakeServer(), Recorder()
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


@virtual
async def test_an_async_handler_that_raises_gets_the_next_change(caplog: pytest.LogCaptureFixture):
    server = FakeServer()
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


@virtual
async def test_an_async_handler_whose_own_work_is_cancelled_gets_the_next_change(caplog: pytest.LogCaptureFixture):
    server = FakeServer()
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


@virtual
async def test_async_methods_of_a_detailed_handler_are_awaited_too():
    server = FakeServer()

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


@virtual
async def test_a_removed_handler_is_told_nothing_more():
    server, recorder, other = FakeServer(), Recorder(), Recorder()
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


@virtual
async def test_a_handler_may_be_removed_before_the_start():
    server, recorder = FakeServer(), Recorder()
    server.put(thing("a"))
    informer = informer_of(server)
    informer.remove_event_handler(recorder.register(informer))
    async with running(informer):
        pass
    assert recorder.told == []


@virtual
async def test_another_informers_handler_is_refused():
    one, two = informer_of(FakeServer()), informer_of(FakeServer())
    registration = one.add_event_handler(on_add=lambda _obj: None)
    with pytest.raises(ValueError, match="not a handler of this informer"):
        two.remove_event_handler(registration)


@virtual
async def test_a_handler_may_remove_another_one_while_it_is_told():
    server, recorder = FakeServer(), Recorder()
    informer = informer_of(server)
    informer.add_event_handler(on_add=lambda _obj: informer.remove_event_handler(registration))
    registration = recorder.register(informer)
    async with running(informer):
        server.put(thing("a"))
        await settle()
    assert recorder.told == []


@virtual
async def test_a_handler_may_add_another_one_which_is_told_of_each_object_once():
    server, recorder = FakeServer(), Recorder()
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


@virtual
async def test_shutting_a_handler_down_waits_for_the_call_that_runs_and_drops_the_rest():
    server = FakeServer()
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


@virtual
async def test_shutting_a_handler_down_returns_at_once_when_it_is_idle_or_plain_or_not_started():
    server = FakeServer()
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


@virtual
async def test_a_handler_cannot_wait_for_its_own_end(caplog: pytest.LogCaptureFixture):
    server = FakeServer()
    informer = informer_of(server)

    async def on_add(_obj: Thing) -> None:
        await informer.shut_down_event_handler(registration)

    registration = informer.add_event_handler(on_add=on_add)
    async with running(informer):
        server.put(thing("a"))
        await settle()
    assert "cannot wait for its own end" in caplog.text


@virtual
async def test_waiting_for_a_handler_that_is_removed_or_whose_informer_stops_fails():
    server = FakeServer()
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


@virtual
async def test_a_filter_turns_changes_into_adds_and_deletions():
    server, recorder, detailed = FakeServer(), Recorder(), Detailed()
    informer = informer_of(server)
    informer.add_event_handler(
        on_add=recorder.on_add,
        on_update=recorder.on_update,
        on_delete=recorder.on_delete,
        filter=lambda obj: obj.value.startswith("y"),
    )
    informer.add_event_handler(detailed, filter=lambda obj: obj.value.startswith("y"))
    async with running(informer):
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


@virtual
async def test_a_filter_is_given_the_object_of_a_tombstone():
    server, detailed = FakeServer(), Detailed()
    server.put(thing("a", "yes"))
    server.put(thing("b", "no"))
    informer = informer_of(server)
    informer.add_event_handler(detailed, filter=lambda obj: obj.value == "yes")
    async with running(informer):
        server.cut_watches()
        server.delete("a")
        server.delete("b")
        server.compact()
        await asyncio.sleep(3)
    [told] = [event for event in detailed.told if event[0] == "delete"]
    assert isinstance(told[1], DeletedFinalStateUnknown)
    assert told[1].key == "a"


@virtual
async def test_a_filter_works_for_async_functions_and_missing_ones():
    server = FakeServer()
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


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((), {}, "at least one"),
        ((), {"on_add": 3}, "on_add must be a function, not int"),
        ((object(),), {}, "needs a method on_add; object has none"),
        ((Detailed(),), {"on_add": print}, "not both"),
    ],
)
def test_what_is_no_handler_is_refused(arguments: tuple, keywords: dict, message: str):
    with pytest.raises(TypeError, match=message):
        informer_of(FakeServer()).add_event_handler(*arguments, **keywords)


@virtual
async def test_indices_may_be_added_before_and_after_the_start():
    server = FakeServer()
    server.put(thing("a", "x"))
    informer = informer_of(server, indexers={"first": lambda obj: [obj.value]})
    informer.add_indexers({"second": lambda obj: [obj.value]})
    async with running(informer):
        informer.add_indexers({"third": lambda obj: [obj.value]})
        for name in ("first", "second", "third"):
            assert [obj.metadata.name for obj in informer.lister.by_index(name, "x")] == ["a"]
        with pytest.raises(ValueError, match="already: first"):
            informer.add_indexers({"first": lambda obj: [obj.value]})


@virtual
async def test_a_failing_index_function_is_logged_and_the_object_is_stored_and_told(caplog: pytest.LogCaptureFixture):
    server, recorder = FakeServer(), Recorder()
    informer = informer_of(server, indexers={"broken": lambda obj: [{}[obj.value]]})
    recorder.register(informer)
    async with running(informer):
        server.put(thing("ns/a", "x"))
        await settle()
        assert informer.lister.get("ns/a").value == "x"
    assert recorder.state == {"a": "x"}
    assert "'broken' failed on 'ns/a'" in caplog.text


@virtual
async def test_a_transform_changes_what_is_stored_and_told():
    server, recorder = FakeServer(), Recorder()
    server.put(thing("a", "x"))
    informer = informer_of(server)
    informer.set_transform(lambda obj: Thing(obj.metadata, obj.value.upper()))
    recorder.register(informer)
    async with running(informer):
        server.put(thing("b", "y"))
        await settle()
        assert informer.lister.get("a").value == "X"
    assert recorder.state == {"a": "X", "b": "Y"}


@virtual
async def test_setters_are_refused_after_the_start():
    informer = informer_of(FakeServer())
    async with running(informer):
        with pytest.raises(RuntimeError, match="things: the informer has started, its transform"):
            informer.set_transform(lambda obj: obj)
        with pytest.raises(RuntimeError, match="watch error handler"):
            informer.set_watch_error_handler(lambda _reflector, _error: None)


@virtual
async def test_the_watch_error_handler_is_told_of_each_failure():
    server = FakeServer()
    error = api_error(errors.Forbidden, 403, "Forbidden")
    server.next_lists.append(error)
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        assert informer.last_error == str(error)
        await asyncio.sleep(2)
        assert informer.has_synced
    assert told == [error]


@virtual
async def test_a_second_run_warns_and_returns(caplog: pytest.LogCaptureFixture):
    informer = informer_of(FakeServer())
    async with running(informer):
        await informer.run()
        assert "has been started before" in caplog.text
        assert informer.has_synced
        assert not informer.is_stopped


@virtual
async def test_goes_from_new_over_started_and_synced_to_stopped():
    server = FakeServer()
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


@virtual
async def test_a_stopped_informer_takes_no_handlers_or_indices_and_can_still_be_read():
    server = FakeServer()
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
    assert informer.lister.get("a").metadata.name == "a"


@virtual
async def test_waiting_for_an_informer_that_stops_before_its_sync_fails_with_the_reason():
    server = FakeServer()
    server.next_lists.extend([api_error(errors.Forbidden, 403, "Forbidden", "things is forbidden")] * 9)
    informer = informer_of(server)
    async with running(informer):
        waiter = asyncio.create_task(informer.wait_for_sync())
        await settle()
    with pytest.raises(errors.NotSynced, match=r"things has not synced: the informer has stopped.*things is forbidden"):
        await waiter


@virtual
async def test_stopping_ends_every_task_also_those_of_handlers_that_hang():
    server = FakeServer()
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


@virtual
async def test_two_informers_of_one_source_do_not_disturb_each_other():
    server = FakeServer()
    one, two = informer_of(server), informer_of(server)
    async with running(two):
        async with running(one):
            server.put(thing("a"))
            await settle()
        server.put(thing("b"))
        await settle()
        assert one.indexer.list_keys() == ["a"]
        assert two.indexer.list_keys() == ["a", "b"]


@virtual
async def test_long_work_lets_others_on_the_loop_run_every_few_milliseconds():
    server = FakeServer()
    for number in range(3000):
        server.put(thing(f"t{number}"))
    loop = asyncio.get_running_loop()
    informer = informer_of(server)

    def slow(_obj: Thing) -> None:
        loop._virtual_now += 0.001  # type: ignore[attr-defined]

    informer.add_event_handler(on_add=slow)
    turns: list[float] = []

    async def other() -> None:
        while len(informer.indexer) < 3000:
            turns.append(loop.time())
            await asyncio.sleep(0)

    async with running(informer):
        await other()
        late = informer.add_event_handler(on_add=slow)
        while not late.has_synced:
            turns.append(loop.time())
            await asyncio.sleep(0)
    assert max(after - before for before, after in itertools.pairwise(turns)) < 0.01
    assert turns[-1] > 5.9


@virtual
async def test_adding_and_removing_handlers_while_much_happens_harms_nobody():
    server, steady = FakeServer(), Recorder()
    informer = informer_of(server)
    steady.register(informer)
    rng = random.Random(11)

    async def write() -> None:
        for number in range(300):
            name = rng.choice("abcdef")
            if name in server.objects and rng.random() < 0.3:
                server.delete(name)
            else:
                server.put(thing(name, str(number)))
            await asyncio.sleep(rng.random() / 100)

    async def abuse() -> None:
        for _ in range(60):
            recorder = Recorder()
            registration = recorder.register(informer)
            await asyncio.sleep(rng.random() / 50)
            informer.remove_event_handler(registration)
            await asyncio.sleep(rng.random() / 50)

    async with running(informer):
        await asyncio.gather(write(), abuse(), abuse())
        await settle()
        last = Recorder()
        await last.register(informer).wait_for_sync()
        expected = {name: obj.value for name, obj in server.objects.items()}
        assert steady.state == last.state == expected
