"""What a program adds and removes for months leaves nothing behind: informers, handlers, readers and their metrics."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from kubeloop import Metrics
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.memory_mode import MemoryMode
from kubeloop.cache.store.mutation_cache import MutationCache
from kubeloop.errors import BacklogFull
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from tests.support.informers import informer_of, running
from tests.support.scripted_clientset import PODS, clientset, pod
from tests.support.scripted_transport import Hang, ScriptedResponse, event, list_of, query, watch_response
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing


def respond(request: Any) -> ScriptedResponse:
    if "watch" in query(request):
        return watch_response(event("MODIFIED", pod("a", 6)), Hang())
    return list_of([pod("a", 1), pod("b", 2)], "5")


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("mode", ["eager", "lazy"])
@in_virtual_time
async def test_an_informer_that_was_stopped_is_freed(dynamic: bool, mode: MemoryMode) -> None:
    metrics = Metrics()
    clients, _ = clientset(respond)
    factory = SharedInformerFactory(clients, watch_list=False, metrics=metrics, resync_period=60)
    async with factory:
        gone: list[weakref.ref[Any]] = []
        for _ in range(3):
            # Any: typed and dynamic objects have two types.
            informer: Any = (
                factory.informer(Unstructured, PODS, mode=mode) if dynamic else factory.core_v1.pods(mode=mode)
            )

            async def handle(obj: Any) -> None:
                await asyncio.sleep(1000)

            registration = informer.add_event_handler(on_add=handle)
            informer.add_event_handler(on_add=lambda obj: None)
            own = MutationCache(informer)
            await informer.wait_for_sync()
            own.record(own.list()[0])
            gone += [weakref.ref(each) for each in (informer, registration, informer.indexer)]
            await factory.stop(informer)
            del informer, registration, own, handle
        await settle()
        gc.collect()
        assert [each() for each in gone] == [None] * len(gone)
        assert factory.informers == ()
        assert "informer_objects" not in metrics.text()
        assert "1 queues" not in repr(metrics)


@in_virtual_time
async def test_a_handler_that_was_removed_is_freed_while_the_informer_runs() -> None:
    server = ThingServer({"a": "1"})
    informer = informer_of(server, resync_period=60)
    async with running(informer):
        gone: list[weakref.ref[Any]] = []
        for number in range(5):

            async def handle(obj: Thing) -> None:
                pass

            registrations = [informer.add_event_handler(on_add=handle), informer.add_event_handler(on_add=print)]
            async with informer.events() as events:
                server.put(thing("a", str(number)))
                await anext(events)
            gone += [weakref.ref(each) for each in (*registrations, events)]
            await informer.shut_down_event_handler(registrations.pop())
            informer.remove_event_handler(registrations.pop())
            del handle, events
        server.put(thing("a", "last"))
        await asyncio.sleep(100)
        gc.collect()
        assert [each() for each in gone] == [None] * len(gone)
        assert informer.statistics().handlers == ()


@in_virtual_time
async def test_of_handlers_that_were_too_slow_only_the_last_of_a_name_is_kept() -> None:
    server = ThingServer({"a": "1"})
    informer = informer_of(server, resync_period=60)
    release = asyncio.Event()

    async def slow(obj: Thing) -> None:
        await release.wait()

    async with running(informer):
        for number in range(5):
            registration = informer.add_event_handler(on_add=slow, max_backlog=1, when_full="error")
            await settle()
            for new in range(4):
                server.put(thing(f"b{number}-{new}", "1"))
            await settle()
            assert isinstance(registration.error, BacklogFull)
        [shown] = informer.statistics().handlers
        assert "reached its bound" in shown.error
        release.set()
        await asyncio.sleep(100)
        informer.remove_event_handler(registration)
        assert informer.statistics().handlers == ()
