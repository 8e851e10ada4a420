"""SharedInformerFactory: one informer per type; informers start, sync and stop together. In virtual time."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

import kubeloop
from kubeloop import errors, fields, labels
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.meta.namespaces import ALL_NAMESPACES
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.models.core_v1 import ConfigMap, Node
from kubeloop.objects.model import Kind
from kubeloop.testing import Action, APIServer
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from tests.support.scripted_transport import query

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
