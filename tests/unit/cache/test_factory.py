"""SharedInformerFactory: one informer per type; informers start, sync and stop together. In virtual time."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from kubeloop import errors, fields, labels
from kubeloop.cache.factory import SharedInformerFactory, _report_end
from kubeloop.cache.shared_informer import SharedInformer
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.meta.namespaces import ALL_NAMESPACES
from kubeloop.models import apps_v1, core_v1
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.unstructured import Unstructured, UnstructuredList
from tests.support.fake_lister_watcher import Event, FakeServer, Meta, Page, Thing, api_error

WIDGETS = GroupVersionResource("example.com", "v1", "widgets")
DEPLOYMENTS = GroupVersionResource("apps", "v1", "deployments")


class WidgetList: ...


@dataclass(frozen=True)
class Widget(Thing):
    api_version: ClassVar[str] = "example.com/v1"
    kind: ClassVar[str] = "Widget"
    resource: ClassVar[str] = "widgets"
    namespaced: ClassVar[bool] = True
    list_type: ClassVar[type] = WidgetList


@dataclass(frozen=True)
class Gadget(Thing):
    api_version: ClassVar[str] = "v1"
    kind: ClassVar[str] = "Gadget"
    resource: ClassVar[str] = "gadgets"
    namespaced: ClassVar[bool] = False
    list_type: ClassVar[type] = WidgetList


class FakeRest:
    """The part of a RESTClient that informers need, with a small server for each resource."""

    def __init__(self) -> None:
        self.servers = {"widgets": FakeServer(), "gadgets": FakeServer(), "deployments": FakeServer()}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def get(self, resource: str, *, params: Mapping[str, Any], **address: Any) -> Page:
        self.asked.append((resource, {**address, "params": dict(params)}))
        return await self.servers[resource].list(
            resource_version=params.get("resourceVersion") or "",
            limit=params.get("limit"),
            continue_=params.get("continue") or "",
        )

    def watch(self, resource: str, *, params: Mapping[str, Any], **address: Any) -> AbstractAsyncContextManager[Any]:
        self.asked.append((resource, {**address, "params": dict(params)}))
        return self.servers[resource].watch(
            resource_version=params.get("resourceVersion") or "", timeout_seconds=params["timeoutSeconds"]
        )


class FakeClientset:
    def __init__(self) -> None:
        self.rest = FakeRest()


def make(**options: Any) -> tuple[FakeRest, SharedInformerFactory]:
    clientset = FakeClientset()
    factory = SharedInformerFactory(clientset, random=random.Random(1), **options)  # type: ignore[arg-type]
    return clientset.rest, factory


def widget(name: str, namespace: str = "ns") -> Widget:
    return Widget(Meta(name, namespace))


@in_virtual_time
async def test_gives_every_asker_the_same_informer():
    _, factory = make()
    assert factory.informer(Widget) is factory.informer(Widget)
    assert factory.informer(Widget) is not factory.informer(Gadget)
    assert factory.informer(Unstructured, WIDGETS) is factory.informer(Unstructured, WIDGETS)
    assert factory.informer(Unstructured, WIDGETS) is not factory.informer(Widget)


@in_virtual_time
async def test_says_which_informers_have_been_asked_for():
    _, factory = make()
    assert factory.informers == ()
    asked = [factory.informer(Widget), factory.informer(Gadget), factory.informer(Widget)]
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
    rest, factory = make()
    rest.servers["widgets"].put(widget("a"))
    rest.servers["gadgets"].put(Gadget(Meta("g")))
    widgets = factory.informer(Widget)
    assert not widgets.has_started
    async with factory:
        await factory.wait_for_cache_sync()
        assert widgets.lister.namespace("ns").get("a").metadata.name == "a"
        gadgets = factory.informer(Gadget)
        await factory.wait_for_cache_sync()
        assert gadgets.lister.get("g").metadata.name == "g"
    assert widgets.is_stopped
    assert gadgets.is_stopped
    assert widgets.lister.namespace("ns").get("a") is not None


@in_virtual_time
async def test_starting_again_starts_nothing_twice():
    rest, factory = make()
    factory.informer(Widget)
    async with factory:
        factory.start()
        await settle()
        assert len(rest.servers["widgets"].lists) == 1


@in_virtual_time
async def test_namespaced_informers_have_an_index_by_namespace():
    rest, factory = make()
    rest.servers["widgets"].put(widget("a", "x"))
    rest.servers["widgets"].put(widget("b", "y"))
    async with factory:
        informer = factory.informer(Widget)
        await factory.wait_for_cache_sync()
        assert [obj.metadata.name for obj in informer.lister.by_index("namespace", "y")] == ["b"]
        assert "namespace" not in factory.informer(Gadget).indexer.indexers


@in_virtual_time
async def test_asks_for_the_resource_in_all_namespaces():
    rest, factory = make(namespace=ALL_NAMESPACES)
    factory.informer(Widget)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
    (_, listed), (_, watched) = rest.asked
    assert str(listed["group_version"]) == "example.com/v1"
    assert listed["namespace"] == ""
    assert listed["into"] is WidgetList
    assert listed["params"] == {"resourceVersion": "0", "limit": 500}
    assert watched["into"] is Widget
    seconds = watched["params"].pop("timeoutSeconds")
    assert 300 <= seconds <= 600
    assert watched["params"] == {"resourceVersion": "100", "allowWatchBookmarks": True}


@in_virtual_time
async def test_keeps_to_its_namespace_where_there_are_namespaces():
    rest, factory = make(namespace="ns")
    factory.informer(Widget)
    factory.informer(Gadget)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
    assert {(resource, address["namespace"]) for resource, address in rest.asked} == {
        ("widgets", "ns"),
        ("gadgets", ""),
    }


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
    rest, factory = make(**selectors)
    factory.informer(Widget)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
    assert len(rest.asked) == 2
    for _, address in rest.asked:
        assert address["params"]["labelSelector"] == "app=web"
        assert address["params"]["fieldSelector"] == "metadata.name!=x"


@in_virtual_time
async def test_transforms_all_objects():
    rest, factory = make(transform=lambda obj: type(obj)(obj.metadata, "seen"))
    rest.servers["widgets"].put(widget("a"))
    informer = factory.informer(Widget)
    async with factory:
        await factory.wait_for_cache_sync()
        assert [obj.value for obj in informer.lister.list()] == ["seen"]


@in_virtual_time
async def test_dynamic_informers_need_no_class():
    rest, factory = make(namespace="ns")
    server = rest.servers["deployments"]
    informer = factory.informer(Unstructured, DEPLOYMENTS)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        obj = Unstructured(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "ns"}}
        )
        server.send(Event("ADDED", obj))  # type: ignore[arg-type]
        await settle()
        assert informer.lister.namespace("ns").get("a") is obj
        with pytest.raises(errors.NotFound, match=r'deployments\.apps "b" not found'):
            informer.lister.namespace("ns").get("b")
    assert [address["into"] for _, address in rest.asked] == [UnstructuredList, Unstructured]
    assert {address["namespace"] for _, address in rest.asked} == {"ns"}


@in_virtual_time
async def test_names_the_informers_that_have_not_synced_in_time_and_why():
    rest, factory = make()
    rest.servers["widgets"].next_lists.extend(
        [api_error(errors.Forbidden, 403, "Forbidden", "widgets is forbidden")] * 99
    )
    rest.servers["gadgets"].list_delay = 1000.0
    factory.informer(Widget)
    factory.informer(Gadget)
    factory.informer(Unstructured, DEPLOYMENTS)
    async with factory:
        with pytest.raises(errors.NotSynced) as caught:
            await factory.wait_for_cache_sync(timeout=30)
        assert elapsed() == 30.0
    message = str(caught.value)
    assert "have not synced within 30 s" in message
    assert "v1 gadgets (the first LIST has been waiting for a response for 30 s)" in message
    assert "example.com/v1 widgets (403 Forbidden: widgets is forbidden)" in message
    assert "deployments" not in message


@in_virtual_time
async def test_waits_as_long_as_it_takes_without_a_timeout():
    rest, factory = make()
    rest.servers["widgets"].list_delay = 5000.0
    factory.informer(Widget)
    async with factory:
        await factory.wait_for_cache_sync()
        assert elapsed() == 5000.0


@in_virtual_time
async def test_a_failure_that_has_passed_is_not_named():
    rest, factory = make()
    rest.servers["widgets"].next_lists.append(api_error(errors.Forbidden, 403, "Forbidden"))
    informer = factory.informer(Widget)
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
    rest, factory = make()
    rest.servers["widgets"].list_delay = 100.0
    factory.informer(Widget)
    async with factory:
        waiter = asyncio.create_task(factory.wait_for_cache_sync())
        await settle()
    with pytest.raises(errors.NotSynced, match=r"before they stopped: .*widgets"):
        await waiter


@in_virtual_time
async def test_shutting_down_ends_all_tasks_and_can_be_repeated():
    rest, factory = make()
    factory.informer(Widget)
    factory.informer(Gadget)
    async with factory:
        await factory.wait_for_cache_sync()
        await factory.shutdown()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await factory.shutdown()
    assert rest.servers["widgets"].open_watches == []


@in_virtual_time
async def test_a_factory_that_was_shut_down_keeps_nothing_of_what_its_informers_were_doing():
    """A cancelled task keeps its traceback, and with the traceback the connection of a watch and the bytes read from
    it.
    """
    _, factory = make()
    informer = factory.informer(Widget)
    async with factory:
        await factory.wait_for_cache_sync()
        tasks = weakref.WeakSet(asyncio.all_tasks())
    gc.collect()
    assert set(tasks) == {asyncio.current_task()}
    assert factory.informer(Widget) is informer


@in_virtual_time
async def test_a_second_shutdown_waits_for_the_end_of_the_tasks_too():
    """(D10)"""
    rest, factory = make()
    rest.servers["widgets"].put(widget("a"))
    ended: list[str] = []

    async def slow(_obj: Widget) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            ended.append("handler")

    factory.informer(Widget).add_event_handler(on_add=slow)
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
    rest, factory = make()
    rest.servers["widgets"].put(widget("a"))
    informer = factory.informer(Widget)
    factory.informer(Gadget)
    caught: list[Exception] = []
    stop = asyncio.Event()

    async def on_add(_obj: Widget) -> None:
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
        assert "from within an event handler of example.com/v1 widgets" in str(caught[0])
        assert not informer.is_stopped
    assert informer.is_stopped


@in_virtual_time
async def test_a_task_that_a_handler_started_may_shut_down_the_factory():
    """(D10)"""
    rest, factory = make()
    rest.servers["widgets"].put(widget("a"))
    tasks: list[asyncio.Task[None]] = []

    async def on_add(_obj: Widget) -> None:
        tasks.append(asyncio.create_task(factory.shutdown()))

    informer = factory.informer(Widget)
    informer.add_event_handler(on_add=on_add)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        await tasks[0]
        assert informer.is_stopped


@in_virtual_time
async def test_a_handler_may_wait_for_the_sync_of_informers():
    """(D10)"""
    rest, factory = make()
    rest.servers["widgets"].put(widget("a"))
    rest.servers["gadgets"].list_delay = 5.0
    waited: list[float] = []

    async def on_add(_obj: Widget) -> None:
        factory.informer(Gadget)
        await factory.wait_for_cache_sync()
        waited.append(elapsed())

    factory.informer(Widget).add_event_handler(on_add=on_add)
    async with factory:
        await asyncio.sleep(10)
    assert waited == [5.0]


@in_virtual_time
async def test_the_settings_of_the_reflector_reach_every_informer():
    """(D7)"""
    rest, factory = make(page_size=2, min_watch_timeout=4000.0, max_internal_error_retry=60.0)
    server = rest.servers["widgets"]
    server.has_watch_cache = False
    for name in "abc":
        server.put(widget(name))
    factory.informer(Widget)
    async with factory:
        await factory.wait_for_cache_sync()
        await settle()
        assert [page["limit"] for page in server.lists] == [2, 2]
        assert 4000 <= server.watches[0]["timeout_seconds"] <= 8000
        server.end_watches(api_error(errors.InternalError, 500, "InternalError"))
        await asyncio.sleep(5)
        assert (len(server.lists), len(server.watches)) == (2, 2)


@in_virtual_time
async def test_a_timeout_is_named_as_people_write_it():
    """(E6)"""
    rest, factory = make()
    rest.servers["widgets"].list_delay = 1000.0
    factory.informer(Widget)
    async with factory:
        with pytest.raises(errors.NotSynced, match=r"have not synced within 5 s: example.com/v1 widgets \(the first"):
            await factory.wait_for_cache_sync(timeout=4.99998)


@in_virtual_time
async def test_a_factory_that_was_shut_down_takes_nothing_new():
    _, factory = make()
    informer = factory.informer(Widget)
    async with factory:
        pass
    assert factory.informer(Widget) is informer
    with pytest.raises(RuntimeError, match="no informer of v1 gadgets can be added"):
        factory.informer(Gadget)
    with pytest.raises(RuntimeError, match="create another one"):
        factory.start()


@in_virtual_time
async def test_a_factory_that_was_never_started_can_be_shut_down():
    _, factory = make()
    factory.informer(Widget)
    await factory.shutdown()


@in_virtual_time
async def test_the_blocks_own_exception_comes_out_as_it_is():
    _, factory = make()
    factory.informer(Widget)
    with pytest.raises(KeyError, match="mine"):
        async with factory:
            raise KeyError("mine")
    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_virtual_time
async def test_cancelling_the_block_ends_all_tasks():
    rest, factory = make()
    factory.informer(Widget)

    async def program() -> None:
        async with factory:
            await asyncio.Event().wait()

    task = asyncio.create_task(program())
    await settle()
    assert len(rest.servers["widgets"].open_watches) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


class Bug(BaseException):
    """An exception that no loop's guard catches."""


@in_virtual_time
async def test_an_informer_that_fails_is_reported_at_once_and_raised_when_the_block_is_left(
    caplog: pytest.LogCaptureFixture,
):
    rest, factory = make()
    rest.servers["widgets"].next_lists.append(Bug("bug"))
    factory.informer(Widget)

    async def program() -> None:
        async with factory:
            with pytest.raises(errors.NotSynced, match="before they stopped"):
                await factory.wait_for_cache_sync()
            assert "has failed and no longer follows the server" in caplog.text

    with pytest.raises(BaseExceptionGroup) as caught:
        await program()
    assert caught.group_contains(Bug)


@pytest.mark.parametrize("period", [30, 0.5, -1])
def test_a_resync_period_is_refused(period: float):
    with pytest.raises(ValueError, match="resync_period must be 0"):
        make(resync_period=period)


def test_what_is_no_kind_is_refused():
    _, factory = make()
    with pytest.raises(TypeError, match="class of a kind with a resource, got PodSpec"):
        factory.informer(core_v1.PodSpec)  # type: ignore[type-var]


def test_says_its_state():
    _, factory = make(namespace="ns")
    factory.informer(Widget)
    assert repr(factory) == "<SharedInformerFactory in ns: new, 1 informers>"


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
