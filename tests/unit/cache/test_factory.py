"""SharedInformerFactory: one informer per type; informers start, sync and stop together. In virtual time."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from typing import Any

import pytest

import kubeloop
from kubeloop import errors, fields, labels
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.memory_mode import MemoryMode
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.running_informers import _report_end
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.meta.namespaces import ALL_NAMESPACES
from kubeloop.models import apps_v1, core_v1, meta_v1
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
async def test_gives_every_asker_the_same_informer():
    _, factory = make()
    assert factory.informer(ConfigMap) is factory.informer(ConfigMap)
    assert factory.informer(ConfigMap) is not factory.informer(Node)
    assert factory.informer(Unstructured, CONFIG_MAPS) is factory.informer(Unstructured, CONFIG_MAPS)
    assert factory.informer(Unstructured, CONFIG_MAPS) is not factory.informer(ConfigMap)


@in_virtual_time
async def test_says_which_informers_have_been_asked_for():
    _, factory = make()
    assert factory.informers == ()
    asked = [factory.informer(ConfigMap), factory.informer(Node), factory.informer(ConfigMap)]
    assert factory.informers == tuple(asked[:2])


@in_virtual_time
async def test_the_generated_accessors_lead_to_the_same_informers():
    _, factory = make()
    pods = factory.core_v1.pods()
    assert isinstance(pods, SharedInformer)
    assert pods is factory.informer(core_v1.Pod)
    assert factory.apps_v1.deployments() is factory.informer(apps_v1.Deployment)


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
async def test_namespaced_informers_have_an_index_by_namespace():
    _, factory = make(config_map("a", "x"), config_map("b", "y"))
    async with factory:
        informer = factory.informer(ConfigMap)
        await factory.wait_for_cache_sync()
        assert [obj.metadata.name for obj in informer.lister.by_index("namespace", "y")] == ["b"]
        assert "namespace" not in factory.informer(Node).indexer.indexers


@in_virtual_time
async def test_asks_for_the_resource_in_all_namespaces():
    api, factory = make(namespace=ALL_NAMESPACES)
    informer = factory.informer(ConfigMap)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
    assert api.actions == [Action("list", "configmaps"), Action("watch", "configmaps")]
    listed, watched = map(parameters, api.actions)
    assert listed == {"resourceVersion": "0", "limit": "500"}
    assert 300 <= int(watched.pop("timeoutSeconds")) <= 600
    version = informer.last_sync_resource_version
    assert watched == {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true"}


@in_virtual_time
async def test_keeps_to_its_namespace_where_there_are_namespaces():
    api, factory = make(namespace="ns")
    factory.informer(ConfigMap)
    factory.informer(Node)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
    assert {(action.resource, action.namespace) for action in api.actions} == {("configmaps", "ns"), ("nodes", "")}


@in_virtual_time
@pytest.mark.parametrize(
    "selectors",
    [
        {"label_selector": "app=web", "field_selector": "metadata.name!=x"},
        {
            "label_selector": labels.equals("app", "web"),
            "field_selector": fields.not_equals("metadata.name", "x"),
        },
    ],
    ids=["text", "objects"],
)
async def test_sends_its_selectors_with_lists_and_watches(selectors: dict[str, Any]):
    api, factory = make(**selectors)
    factory.informer(ConfigMap)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
    assert len(api.actions) == 2
    for asked in map(parameters, api.actions):
        assert asked["labelSelector"] == "app=web"
        assert asked["fieldSelector"] == "metadata.name!=x"


@in_virtual_time
async def test_transforms_all_objects():
    _, factory = make(config_map("a"), transform=lambda obj: type(obj)(metadata=obj.metadata, data={"is": "seen"}))
    informer = factory.informer(ConfigMap)
    async with factory:
        await factory.wait_for_cache_sync()
        assert [obj.data for obj in informer.lister.namespace("ns").list()] == [{"is": "seen"}]


@in_virtual_time
async def test_dynamic_informers_need_no_class():
    api, factory = make(namespace="ns")
    informer = factory.informer(Unstructured, DEPLOYMENTS)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        api.put(apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="a", namespace="ns")))
        await settle()
        assert isinstance(informer.lister.namespace("ns").get("a"), Unstructured)
        with pytest.raises(errors.NotFound, match=r'deployments\.apps "b" not found'):
            informer.lister.namespace("ns").get("b")
    assert {action.namespace for action in api.actions} == {"ns"}


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
async def test_the_settings_of_the_reflector_reach_every_informer():
    """(D7)"""
    api, factory = make(page_size=2, min_watch_timeout=4000.0, max_internal_error_retry=60.0)
    api.on("watch", "configmaps", nth=1).cut_watch(error=errors.InternalError)
    factory.informer(ConfigMap)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        listed, watched = map(parameters, api.actions)
        assert listed["limit"] == "2"
        assert 4000 <= int(watched["timeoutSeconds"]) <= 8000
        await asyncio.sleep(5)
        assert [action.verb for action in api.actions] == ["list", "watch", "watch"]


@pytest.mark.parametrize(("options", "verbs"), [({}, ["watch"]), ({"watch_list": False}, ["list", "watch"])])
@in_virtual_time
async def test_informers_read_lists_as_the_beginning_of_a_watch_unless_told_otherwise(
    options: dict[str, bool], verbs: list[str]
):
    api = APIServer(config_map("a"), config_map("b"), controllers=(), random=random.Random(2))
    clientset = Clientset(api.config(), transport=api.transport(), max_retries=0)
    factory = SharedInformerFactory(clientset, **options)
    informer = factory.informer(ConfigMap)
    dynamic = factory.informer(Unstructured, CONFIG_MAPS)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        assert sorted(action.verb for action in api.actions) == sorted([*verbs, *verbs])
        listed = len(informer.indexer)
        assert listed >= 2
        api.put(config_map("c"))
        await settle()
        assert len(informer.indexer) == len(dynamic.indexer) == listed + 1
        asked = parameters(api.actions[0])
        assert ("sendInitialEvents" in asked) is (verbs == ["watch"])


@in_virtual_time
async def test_numbers_and_the_table_have_an_entry_per_informer_and_metrics_their_labels():
    metrics = kubeloop.Metrics()
    _, factory = make(config_map("a"), metrics=metrics, namespace="ns")
    config_maps, deployments = factory.informer(ConfigMap), factory.informer(Unstructured, DEPLOYMENTS)
    async with factory:
        await factory.wait_for_cache_sync(timeout=5)
        assert factory.metrics() == (config_maps.statistics(), deployments.statistics())
        lines = factory.describe().splitlines()
        names = [line.partition("  ")[0] for line in lines]
        assert names == ["INFORMER", "v1 configmaps in ns", "apps/v1 deployments in ns"]
        for name, group, version, resource, objects in (
            ("v1 configmaps in ns", "", "v1", "configmaps", 1),
            ("apps/v1 deployments in ns", "apps", "v1", "deployments", 0),
        ):
            labels = {"name": name, "group": group, "version": version, "resource": resource}
            assert metrics.value("informer_objects", **labels) == objects
            assert metrics.value("informer_processing_latency_seconds_count", **labels) == 1  # the list
            assert metrics.value("informer_store_resource_version", **labels) > 0
        await factory.stop(deployments)
        assert len(factory.metrics()) == 1


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


def test_what_is_no_kind_is_refused():
    _, factory = make()
    with pytest.raises(TypeError, match="class of a kind with a resource, got PodSpec"):
        factory.informer(core_v1.PodSpec)  # type: ignore[type-var]


def test_what_is_no_clientset_is_refused():
    with pytest.raises(TypeError, match="expected a Clientset, got Config"):
        SharedInformerFactory(kubeloop.Config(host="http://localhost"))  # type: ignore[arg-type]


def test_says_its_state():
    _, factory = make(namespace="ns")
    factory.informer(ConfigMap)
    assert repr(factory) == "<SharedInformerFactory in ns: new, 1 informer>"


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
