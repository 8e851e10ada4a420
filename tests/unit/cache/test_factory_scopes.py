"""The scopes of informers: which informers a factory shares, keeps apart, warns about and stops one by one. In virtual
time.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from kubeloop import errors, fields, labels
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.meta.namespaces import ALL_NAMESPACES, DEFAULT
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport, list_of, query, watch_response

PODS = GroupVersionResource("", "v1", "pods")
POD = GroupVersionKind("", "v1", "Pod")
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": "v1",
    "resources": [
        {"name": "pods/status", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]},
        {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["list", "watch"]},
        {"name": "nodes", "singularName": "node", "namespaced": False, "kind": "Node", "verbs": ["list", "watch"]},
    ],
}


def make(*script: Any, **options: Any) -> tuple[SharedInformerFactory, Any]:
    clients, transport = clientset(*script)
    return SharedInformerFactory(clients, watch_list=False, **options), transport


def trim(obj: core_v1.Pod) -> core_v1.Pod:
    return obj


def drop(obj: core_v1.Pod) -> core_v1.Pod:
    return obj


class Trimmer:
    def trim(self, obj: core_v1.Pod) -> core_v1.Pod:
        return obj


@pytest.mark.parametrize(
    "options",
    [
        {"namespace": "a"},
        {"label_selector": "app=web"},
        {"field_selector": "spec.nodeName=n1"},
        {"transform": trim},
    ],
    ids=lambda options: next(iter(options)),
)
def test_each_part_of_the_scope_makes_another_informer(options: dict[str, Any]) -> None:
    factory, _ = make()
    all_pods, chosen = factory.informer(core_v1.Pod), factory.informer(core_v1.Pod, **options)
    assert chosen is not all_pods
    assert factory.informer(core_v1.Pod, **options) is chosen
    assert factory.core_v1.pods(**options) is chosen
    assert factory.informer(core_v1.Pod) is all_pods
    assert factory.informers == (all_pods, chosen)


def test_a_model_class_and_unstructured_are_kept_apart() -> None:
    factory, _ = make()
    assert factory.informer(core_v1.Pod) is not factory.informer(Unstructured, PODS)  # type: ignore[comparison-overlap]
    assert factory.informer(Unstructured, PODS) is factory.informer(Unstructured, PODS)
    assert factory.informer(Unstructured, POD) is not factory.informer(Unstructured, PODS)


def test_selectors_are_the_same_if_their_texts_are() -> None:
    factory, _ = make()
    assert factory.informer(core_v1.Pod, label_selector="app=web") is factory.informer(
        core_v1.Pod, label_selector=labels.equals("app", "web")
    )
    assert factory.informer(core_v1.Pod, field_selector="spec.nodeName=n1") is factory.informer(
        core_v1.Pod, field_selector=fields.equals("spec.nodeName", "n1")
    )


def test_transforms_are_the_same_if_they_are_the_same_function_of_the_same_object() -> None:
    factory, _ = make()
    one, other = Trimmer(), Trimmer()
    assert factory.informer(core_v1.Pod, transform=trim) is not factory.informer(core_v1.Pod, transform=drop)
    assert factory.informer(core_v1.Pod, transform=one.trim) is factory.informer(core_v1.Pod, transform=one.trim)
    assert factory.informer(core_v1.Pod, transform=one.trim) is not factory.informer(core_v1.Pod, transform=other.trim)


def test_settings_that_are_not_passed_are_those_of_the_factory() -> None:
    factory, _ = make(namespace="a", label_selector="app=web", field_selector="spec.nodeName=n1", transform=trim)
    told = factory.informer(core_v1.Pod)
    assert told.name == "v1 pods in a with labels app=web with fields spec.nodeName=n1"
    assert told is factory.core_v1.pods()
    assert told is factory.core_v1.pods(
        "a", label_selector="app=web", field_selector="spec.nodeName=n1", transform=trim
    )
    everything = factory.core_v1.pods(ALL_NAMESPACES, label_selector="", field_selector="")
    assert everything.name == "v1 pods"
    assert factory.core_v1.nodes(label_selector="", field_selector="").name == "v1 nodes"


def test_the_default_namespace_is_that_of_the_config() -> None:
    clients = Clientset(Config(host="https://server", namespace="team"), transport=ScriptedTransport())
    factory = SharedInformerFactory(clients, namespace=DEFAULT)
    assert factory.core_v1.pods().name == "v1 pods in team"
    assert factory.informer(Unstructured, PODS).name == "v1 pods in team"
    assert factory.core_v1.nodes().name == "v1 nodes"
    assert factory.informer(core_v1.Node, namespace=DEFAULT) is factory.core_v1.nodes()
    assert SharedInformerFactory(clients).core_v1.pods(DEFAULT).name == "v1 pods in team"


@in_virtual_time
async def test_one_factory_holds_the_pods_of_one_node_beside_all_services() -> None:
    def serve(request: Any) -> Any:
        if "watch" in query(request):
            return watch_response(Hang())
        if "/pods" in request.target:
            return list_of([pod("on-n1", 1)], "5")
        return list_of([], "5", kind="ServiceList")

    factory, transport = make(serve)
    pods = factory.core_v1.pods("default", field_selector="spec.nodeName=n1")
    factory.core_v1.services()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert [each.metadata.name for each in pods.lister.list()] == ["on-n1"]
        asked = {
            request.target.partition("?")[0]: query(request).get("fieldSelector") for request in transport.requests
        }
    assert asked == {"/api/v1/namespaces/default/pods": "spec.nodeName=n1", "/api/v1/services": None}


@pytest.mark.parametrize(
    ("first", "second", "is_told"),
    [
        ({}, {"namespace": "a"}, True),
        ({"namespace": "a"}, {}, True),
        ({"namespace": "a"}, {"namespace": "a", "label_selector": "app=web"}, True),
        ({"namespace": "a"}, {"namespace": "b"}, False),
    ],
    ids=["wide then narrow", "narrow then wide", "selector", "two namespaces"],
)
def test_a_second_informer_of_the_same_objects_is_logged_in_one_line(
    first: dict[str, Any], second: dict[str, Any], is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    factory, _ = make()
    one, other = factory.informer(core_v1.Pod, **first), factory.informer(core_v1.Pod, **second)
    factory.informer(core_v1.Pod, **second)
    factory.informer(core_v1.Service)
    factory.informer(Unstructured, PODS)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    if is_told:
        (line,) = lines
        assert line.startswith(f"{other.name}: ")
        assert line.endswith(f" {one.name} holds too")
    else:
        assert lines == []


@in_virtual_time
async def test_the_resource_of_a_kind_is_looked_up_before_the_first_list() -> None:
    factory, transport = make(
        ScriptedResponse.of(RESOURCES).to("GET /api/v1"),
        list_of([pod("a", 1)], "5"),
        watch_response(Hang()),
        namespace="x",
    )
    informer = factory.informer(Unstructured, POD)
    assert transport.requests == []
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await settle()
        assert informer.lister.namespace("x").get("a").kind == "Pod"
        with pytest.raises(errors.NotFound, match='Pod "b" not found'):
            informer.lister.namespace("x").get("b")
    assert [request.target.partition("?")[0] for request in transport.requests] == [
        "/api/v1",
        "/api/v1/namespaces/x/pods",
        "/api/v1/namespaces/x/pods",
    ]


@in_virtual_time
async def test_the_scope_of_a_resource_that_was_looked_up_decides_about_the_namespace() -> None:
    factory, transport = make(
        ScriptedResponse.of(RESOURCES), list_of([], "5", kind="NodeList"), watch_response(Hang()), namespace="x"
    )
    factory.informer(Unstructured, GroupVersionKind("", "v1", "Node"))
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
    assert transport.requests[1].target.startswith("/api/v1/nodes?")


@in_virtual_time
async def test_a_kind_that_the_server_does_not_have_yet_is_looked_up_again() -> None:
    none: dict[str, Any] = {**RESOURCES, "resources": []}
    factory, transport = make(
        ScriptedResponse.of(none), ScriptedResponse.of(RESOURCES), list_of([], "5"), watch_response(Hang())
    )
    informer = factory.informer(Unstructured, POD)
    async with factory:
        await settle()
        assert "has no kind Pod in v1" in informer.last_error
        await factory.wait_for_cache_sync(timeout=30)
    assert [request.target.partition("?")[0] for request in transport.requests[:3]] == [
        "/api/v1",
        "/api/v1",
        "/api/v1/pods",
    ]


@pytest.mark.parametrize(
    ("model", "resource", "options", "error", "text"),
    [
        (Unstructured, None, {}, TypeError, "needs a GroupVersionResource, a .* or a name .*, got nothing"),
        (Unstructured, "v1/pods", {}, ValueError, "expected the name of a resource .*, got 'v1/pods'"),
        (core_v1.Pod, PODS, {}, TypeError, "Pod names its own resource"),
        (core_v1.PodSpec, None, {}, TypeError, "got PodSpec"),
        (core_v1.Binding, None, {}, TypeError, "cannot be listed"),
        (core_v1.Node, None, {"namespace": "a"}, ValueError, "nodes are not namespaced"),
        (core_v1.Pod, None, {"field_selector": 7}, TypeError, "field_selector"),
        (core_v1.Pod, None, {"label_selector": 7}, TypeError, "label_selector"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(
    model: Any, resource: Any, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    factory, _ = make()
    with pytest.raises(error, match=text):
        factory.informer(model, resource, **options)
    assert factory.informers == ()


# Stopping one by one


def serving(request: Any) -> Any:
    return watch_response(Hang()) if "watch" in query(request) else list_of([pod("a", 1)], "5")


@in_virtual_time
async def test_one_informer_is_stopped_and_the_others_go_on() -> None:
    factory, transport = make(serving)
    kept, stopped = factory.core_v1.pods("x"), factory.core_v1.pods("y")
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await settle()
        await factory.stop(stopped)
        assert factory.informers == (kept,)
        assert (kept.is_stopped, stopped.is_stopped) == (False, True)
        assert transport.open_streams == 1
        assert [each.metadata.name for each in stopped.lister.list()] == ["a"]
        await factory.wait_for_cache_sync(timeout=30)
        await factory.stop(stopped)


@in_virtual_time
async def test_a_request_after_a_stop_gets_a_new_informer_that_lists_again() -> None:
    factory, transport = make(serving)
    first = factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await factory.stop(first)
        second = factory.core_v1.pods()
        assert second is not first
        await factory.wait_for_cache_sync(timeout=30)
        assert second.has_synced
    assert len([request for request in transport.requests if "watch" not in query(request)]) == 2


@in_virtual_time
async def test_an_informer_that_was_never_started_can_be_stopped() -> None:
    factory, transport = make()
    informer = factory.core_v1.pods()
    waiting = asyncio.create_task(informer.wait_for_sync())
    await settle()
    await factory.stop(informer)
    assert factory.informers == ()
    assert informer.is_stopped
    await factory.stop(informer)
    with pytest.raises(errors.NotSynced, match="the informer has stopped"):
        await waiting
    async with factory:
        await settle()
        await informer.run()
    assert transport.requests == []


@in_virtual_time
async def test_an_informer_whose_task_has_not_run_yet_can_be_stopped() -> None:
    factory, transport = make()
    informer = factory.core_v1.pods()
    async with factory:
        waiting = asyncio.create_task(informer.wait_for_sync())
        await factory.stop(informer)
        assert informer.is_stopped
        with pytest.raises(errors.NotSynced, match="the informer has stopped"):
            await waiting
    assert transport.requests == []


@in_virtual_time
async def test_a_shutdown_before_the_informers_have_run_ends_the_wait_for_their_sync() -> None:
    factory, transport = make()
    informer = factory.core_v1.pods()
    async with factory:
        waiting = asyncio.create_task(factory.wait_for_cache_sync())
    assert informer.is_stopped
    with pytest.raises(errors.NotSynced, match="before they stopped: v1 pods"):
        await waiting
    assert transport.requests == []


@in_virtual_time
async def test_the_informer_of_another_factory_is_not_stopped() -> None:
    factory, _ = make()
    other, _ = make()
    with pytest.raises(ValueError, match="not an informer of this factory"):
        await factory.stop(other.core_v1.pods())


@in_virtual_time
async def test_a_handler_cannot_stop_the_informer_that_waits_for_it() -> None:
    factory, _ = make(serving)
    informer = factory.core_v1.pods()
    caught: list[Exception] = []
    done = asyncio.Event()

    async def on_add(_pod: core_v1.Pod) -> None:
        try:
            await factory.stop(informer)
        except RuntimeError as error:
            caught.append(error)
        done.set()

    informer.add_event_handler(on_add=on_add)
    async with factory:
        await done.wait()
        assert "stop() was called from within an event handler of v1 pods" in str(caught[0])
        assert factory.informers == (informer,)
        assert not informer.is_stopped


@in_virtual_time
async def test_the_shutdown_waits_for_an_informer_that_is_being_stopped() -> None:
    factory, _ = make(serving)
    informer = factory.core_v1.pods()
    ended: list[float] = []

    async def slow(_pod: core_v1.Pod) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            ended.append(elapsed())

    informer.add_event_handler(on_add=slow)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await settle()
        stopping = asyncio.create_task(factory.stop(informer))
        await settle()
        assert factory.informers == ()
    assert ended == [elapsed()]
    await stopping


def test_a_transform_that_takes_the_class_is_typed() -> None:
    factory, _ = make()

    def only_names(obj: core_v1.Pod) -> core_v1.Pod:
        return core_v1.Pod(metadata=meta_v1.ObjectMeta(name=obj.metadata.name))

    assert factory.core_v1.pods(transform=only_names).name == "v1 pods"
