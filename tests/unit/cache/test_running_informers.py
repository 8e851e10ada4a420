"""The life of the informers of a factory: they start, sync and stop together. In virtual time."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.memory_mode import MemoryMode
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.running_informers import _report_end
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.models import meta_v1
from kubeloop.models.core_v1 import ConfigMap, Node
from kubeloop.objects.model import Kind
from kubeloop.testing import Action, APIServer
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from tests.support.scripted_transport import query
from tests.support.things import api_error

CONFIG_MAPS = GroupVersionResource("", "v1", "configmaps")
DEPLOYMENTS = GroupVersionResource("apps", "v1", "deployments")


def make(*objects: Kind, **options: Any) -> tuple[APIServer, SharedInformerFactory]:
    """Return a server with these objects, and a factory of a Clientset that sends one request per call."""
    api = APIServer(*objects, controllers=(), random=random.Random(2))
    clientset = Clientset(api.config(), transport=api.transport(), max_retries=0)
    return api, SharedInformerFactory(clientset, random=random.Random(1), **{"watch_list": False, **options})


def config_map(name: str, namespace: str = "ns", **data: str) -> ConfigMap:
    return ConfigMap(metadata=meta_v1.ObjectMeta(name=name, namespace=namespace), data=data)


def parameters(action: Action) -> dict[str, str]:
    assert action.request is not None
    return query(action.request)


@in_virtual_time
async def test_starts_what_was_asked_for_and_what_is_asked_for_later():
    _, factory = make(config_map("a"), Node(metadata=meta_v1.ObjectMeta(name="g")))
    widgets = factory.informer(ConfigMap)
    assert not widgets.has_started
    async with factory:
        await factory.wait_for_cache_sync()
        assert widgets.lister.namespace("ns").get("a").metadata.name == "a"
        gadgets = factory.informer(Node)
        await factory.wait_for_cache_sync()
        assert gadgets.lister.get("g").metadata.name == "g"
    assert widgets.is_stopped
    assert gadgets.is_stopped
    assert widgets.lister.namespace("ns").get("a") is not None


@in_virtual_time
async def test_starting_again_starts_nothing_twice():
    api, factory = make()
    factory.informer(ConfigMap)
    async with factory:
        factory.start()
        await settle()
        assert len(api.actions.of("list", "configmaps")) == 1


@in_virtual_time
async def test_names_the_informers_that_have_not_synced_in_time_and_why():
    api, factory = make()
    api.on("list", "configmaps").fail(api_error(errors.Forbidden, 403, "Forbidden", "configmaps is forbidden"))
    api.on("list", "nodes").delay(1000.0)
    factory.informer(ConfigMap)
    factory.informer(Node)
    factory.informer(Unstructured, DEPLOYMENTS)
    async with factory:
        with pytest.raises(errors.NotSynced) as caught:
            await factory.wait_for_cache_sync(timeout=30)
        assert elapsed() == 30.0
    message = str(caught.value)
    assert "have not synced within 30 s" in message
    assert "v1 nodes (the first LIST has been waiting for a response for 30 s)" in message
    assert "v1 configmaps (GET /api/v1/configmaps: 403 Forbidden: configmaps is forbidden)" in message
    assert "deployments" not in message


@in_virtual_time
async def test_waits_as_long_as_it_takes_without_a_timeout():
    api, factory = make()
    api.on("list", "configmaps").delay(5000.0)
    factory.informer(ConfigMap)
    async with factory:
        await factory.wait_for_cache_sync()
        assert elapsed() == 5000.0


@in_virtual_time
async def test_a_factory_without_informers_has_nothing_to_wait_for():
    _, factory = make()
    async with factory:
        await factory.wait_for_cache_sync(timeout=1)
        assert elapsed() == 0.0


@in_virtual_time
async def test_the_wait_ends_with_the_last_informer():
    api, factory = make()
    api.on("list", "configmaps").delay(10.0)
    api.on("list", "nodes").delay(5.0)
    informers = [factory.informer(ConfigMap), factory.informer(Node), factory.informer(Unstructured, DEPLOYMENTS)]
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert elapsed() == 10.0
        assert all(informer.has_synced for informer in informers)


@in_virtual_time
async def test_a_wait_that_is_cancelled_stops_no_informer():
    api, factory = make()
    api.on("list", "configmaps").delay(10.0)
    informer = factory.informer(ConfigMap)
    async with factory:
        waiter = asyncio.create_task(factory.wait_for_cache_sync())
        await settle()
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert not informer.has_synced
        await factory.wait_for_cache_sync(timeout=30)
        assert elapsed() == 10.0


@in_virtual_time
async def test_a_failure_that_has_passed_is_not_named():
    api, factory = make()
    api.on("list", "configmaps", nth=1).fail(errors.Forbidden)
    informer = factory.informer(ConfigMap)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert informer.last_error == ""


@in_virtual_time
async def test_waiting_before_the_start_is_refused():
    _, factory = make()
    with pytest.raises(RuntimeError, match="async with factory"):
        await factory.wait_for_cache_sync(timeout=1)


@in_virtual_time
async def test_waiting_fails_when_the_factory_is_shut_down_meanwhile():
    api, factory = make()
    api.on("list", "configmaps").delay(100.0)
    factory.informer(ConfigMap)
    async with factory:
        waiter = asyncio.create_task(factory.wait_for_cache_sync())
        await settle()
    with pytest.raises(errors.NotSynced, match=r"before they stopped: .*configmaps"):
        await waiter


@in_virtual_time
async def test_shutting_down_ends_all_tasks_and_can_be_repeated():
    _, factory = make()
    factory.informer(ConfigMap)
    factory.informer(Node)
    async with factory:
        await factory.wait_for_cache_sync()
        await factory.shutdown()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await factory.shutdown()


@in_virtual_time
async def test_a_factory_that_was_shut_down_keeps_nothing_of_what_its_informers_were_doing():
    """A cancelled task keeps its traceback, and with the traceback the connection of a watch and the bytes read from
    it.
    """
    _, factory = make()
    informer = factory.informer(ConfigMap)
    async with factory:
        await factory.wait_for_cache_sync()
        tasks = weakref.WeakSet(asyncio.all_tasks())
    gc.collect()
    assert set(tasks) == {asyncio.current_task()}
    assert factory.informer(ConfigMap) is informer


@in_virtual_time
async def test_a_second_shutdown_waits_for_the_end_of_the_tasks_too():
    """(D10)"""
    _, factory = make(config_map("a"))
    ended: list[str] = []

    async def slow(_obj: ConfigMap) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            ended.append("handler")

    factory.informer(ConfigMap).add_event_handler(on_add=slow)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        first = asyncio.create_task(factory.shutdown())
        await settle()
        await factory.shutdown()
        assert ended == ["handler"]
        assert elapsed() == 5.0
        await first


@pytest.mark.parametrize("is_removed", [False, True])
@in_virtual_time
async def test_a_handler_cannot_shut_down_the_factory_that_waits_for_it(is_removed: bool):
    """(D10)"""
    _, factory = make(config_map("a"))
    informer = factory.informer(ConfigMap)
    factory.informer(Node)
    caught: list[Exception] = []
    stop = asyncio.Event()

    async def on_add(_obj: ConfigMap) -> None:
        if is_removed:
            informer.remove_event_handler(registration)
        try:
            await factory.shutdown()
        except RuntimeError as error:
            caught.append(error)
        stop.set()

    registration = informer.add_event_handler(on_add=on_add)
    async with factory:
        await stop.wait()
        assert "from within an event handler of v1 configmaps" in str(caught[0])
        assert not informer.is_stopped
    assert informer.is_stopped


@in_virtual_time
async def test_a_task_that_a_handler_started_may_shut_down_the_factory():
    """(D10)"""
    _, factory = make(config_map("a"))
    tasks: list[asyncio.Task[None]] = []

    async def on_add(_obj: ConfigMap) -> None:
        tasks.append(asyncio.create_task(factory.shutdown()))

    informer = factory.informer(ConfigMap)
    informer.add_event_handler(on_add=on_add)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        await tasks[0]
        assert informer.is_stopped


@in_virtual_time
async def test_a_handler_may_wait_for_the_sync_of_informers():
    """(D10)"""
    api, factory = make(config_map("a"))
    api.on("list", "nodes").delay(5.0)
    waited: list[float] = []

    async def on_add(_obj: ConfigMap) -> None:
        factory.informer(Node)
        await factory.wait_for_cache_sync()
        waited.append(elapsed())

    factory.informer(ConfigMap).add_event_handler(on_add=on_add)
    async with factory:
        await asyncio.sleep(10)
    assert set(waited) == {5.0}


@in_virtual_time
async def test_a_reader_of_events_may_shut_the_factory_down():
    _, factory = make(config_map("a"), namespace="ns")
    informer, names = factory.informer(ConfigMap), list[str]()
    async with factory, informer.events() as events:
        async for event in events:
            names.append(event.object.metadata.name)
            await factory.shutdown()
    assert names == ["a"]


@in_virtual_time
async def test_a_timeout_is_named_as_people_write_it():
    """(E6)"""
    api, factory = make()
    api.on("list", "configmaps").delay(1000.0)
    factory.informer(ConfigMap)
    async with factory:
        with pytest.raises(errors.NotSynced, match=r"have not synced within 5 s: v1 configmaps \(the first"):
            await factory.wait_for_cache_sync(timeout=4.99998)


@in_virtual_time
async def test_a_factory_that_was_shut_down_takes_nothing_new():
    _, factory = make()
    informer = factory.informer(ConfigMap)
    async with factory:
        pass
    assert factory.informer(ConfigMap) is informer
    with pytest.raises(RuntimeError, match="no informer of v1 nodes can be added"):
        factory.informer(Node)
    with pytest.raises(RuntimeError, match="create another one"):
        factory.start()


@in_virtual_time
async def test_a_factory_that_was_never_started_can_be_shut_down():
    _, factory = make()
    factory.informer(ConfigMap)
    await factory.shutdown()


@in_virtual_time
async def test_the_blocks_own_exception_comes_out_as_it_is():
    _, factory = make()
    factory.informer(ConfigMap)
    with pytest.raises(KeyError, match="mine"):
        async with factory:
            raise KeyError("mine")
    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_virtual_time
async def test_cancelling_the_block_ends_all_tasks():
    api, factory = make()
    factory.informer(ConfigMap)

    async def program() -> None:
        async with factory:
            await asyncio.Event().wait()

    task = asyncio.create_task(program())
    await settle()
    assert len(api.actions.of("watch", "configmaps")) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


class Bug(BaseException):
    """An exception that no loop's guard catches."""


def fail(_action: Action) -> None:
    raise Bug("bug")


@in_virtual_time
async def test_an_informer_that_fails_is_reported_at_once_and_raised_when_the_block_is_left(
    caplog: pytest.LogCaptureFixture,
):
    api, factory = make()
    api.on("list", "configmaps").respond(fail)
    factory.informer(ConfigMap)

    async def program() -> None:
        async with factory:
            with pytest.raises(errors.NotSynced, match="before they stopped"):
                await factory.wait_for_cache_sync()
            assert "has failed and no longer follows the server" in caplog.text

    with pytest.raises(BaseExceptionGroup) as caught:
        await program()
    assert caught.group_contains(Bug)


@in_virtual_time
@pytest.mark.parametrize("mode", ["eager", "lazy", "compressed"])
async def test_the_resync_period_is_that_of_the_class_or_of_the_factory(mode: MemoryMode):
    _, factory = make(
        config_map("a"),
        Node(metadata=meta_v1.ObjectMeta(name="n")),
        resync_period=10,
        custom_resync_periods={Node: 25},
        mode=mode,
    )
    told: list[tuple[float, str]] = []
    for model in (ConfigMap, Node):
        informer: SharedInformer[Any] = factory.informer(model)
        informer.add_event_handler(on_update=lambda _old, new: told.append((elapsed(), new.metadata.name)))
    async with factory:
        await asyncio.sleep(31)
    own = [(when, name) for when, name in told if name in ("a", "n")]
    assert own == [(10, "a"), (20, "a"), (25, "n"), (30, "a")]


def test_a_negative_resync_period_is_refused():
    with pytest.raises(ValueError, match="expected a resync period of at least 0 s, got -1"):
        make(resync_period=-1)[1].informer(ConfigMap)


async def test_an_informer_that_fails_is_logged_and_one_that_is_cancelled_is_not(caplog) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    failed = asyncio.create_task(fail(), name="informer of pods")
    cancelled = asyncio.create_task(asyncio.Event().wait())
    cancelled.cancel()
    await asyncio.wait([failed, cancelled])
    _report_end(cancelled)
    assert caplog.text == ""
    _report_end(failed)
    assert "informer of pods has failed and no longer follows the server" in caplog.text
