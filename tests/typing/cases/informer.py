"""Informers and listers carry the type of their objects."""

from collections.abc import Mapping
from typing import assert_never, assert_type

from kubeloop import fields, labels
from kubeloop.cache import Added, Deleted, InformerEvent, InformerEvents, Updated
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.store.lister import Lister
from kubeloop.cache.store.mutation_cache import MutationCache
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.meta.namespaces import DEFAULT
from kubeloop.models import core_v1, meta_v1
from kubeloop.unstructured import Unstructured


def informers(factory: SharedInformerFactory) -> None:
    pods = factory.core_v1.pods()
    assert_type(pods, SharedInformer[core_v1.Pod])
    assert_type(pods.lister, Lister[core_v1.Pod])
    assert_type(pods.lister.namespace("a").get("b"), core_v1.Pod)
    assert_type(factory.core_v1.nodes().lister.list(), list[core_v1.Node])
    assert_type(factory.informer(core_v1.Pod), SharedInformer[core_v1.Pod])
    pods.add_indexers({"node": lambda pod: [pod.spec.node_name]})
    pods.add_event_handler(on_add=lambda pod: print(pod.spec.node_name))


async def events(pods: SharedInformer[core_v1.Pod]) -> None:
    assert_type(pods.events(), InformerEvents[core_v1.Pod])
    async with pods.events(filter=lambda pod: bool(pod.spec.node_name), max_backlog=5, when_full="error") as events:
        async for event in events:
            assert_type(event, InformerEvent[core_v1.Pod])
            assert_type(event.object, core_v1.Pod)
            match event:
                case Added(pod):
                    assert_type(pod, core_v1.Pod)
                case Updated(old, new):
                    assert_type((old, new), tuple[core_v1.Pod, core_v1.Pod])
                case Deleted(pod, is_final_state_unknown):
                    assert_type((pod, is_final_state_unknown), tuple[core_v1.Pod, bool])
                case _:
                    assert_never(event)


def metadata(factory: SharedInformerFactory) -> None:
    secrets = factory.metadata(core_v1.Secret, namespace="a", label_selector=labels.exists("a"))
    assert_type(secrets, SharedInformer[meta_v1.PartialObjectMetadata])
    assert_type(secrets.lister.namespace("a").get("b").metadata.labels, Mapping[str, str])
    things = factory.metadata(GroupVersionResource("g.io", "v1", "things"), transform=lambda thing: thing)
    assert_type(things, SharedInformer[meta_v1.PartialObjectMetadata])
    assert_type(factory.informer(Unstructured, GroupVersionKind("g.io", "v1", "Thing")), SharedInformer[Unstructured])
    factory.metadata(5)  # error
    assert_type(factory.informer(Unstructured, "deploy"), SharedInformer[Unstructured])
    assert_type(factory.metadata("secrets"), SharedInformer[meta_v1.PartialObjectMetadata])
    factory.metadata(core_v1.PodSpec)  # error
    print(secrets.lister.get("a").data)  # error
    assert_type(factory.metadata(core_v1.Pod, namespace=["a", DEFAULT]), SharedInformer[meta_v1.PartialObjectMetadata])
    assert_type(factory.core_v1.pods(("a", "b")), SharedInformer[core_v1.Pod])
    factory.core_v1.pods([1])  # error


async def writes(factory: SharedInformerFactory, pod: core_v1.Pod) -> None:
    pods = factory.core_v1.pods()
    await pods.wait_for_write(pod)
    await factory.metadata(core_v1.Pod).wait_for_deletion(pod, timeout=None)
    await pods.wait_for_deletion("uid")
    await pods.wait_for_write("a")  # error
    cache = MutationCache(pods)
    assert_type(cache.get_by_key("a/b"), core_v1.Pod | None)
    cache.record(core_v1.Node())  # error
    assert_type((await pods.check_consistency()).missing, tuple[str, ...])


def selected(clientset: Clientset) -> SharedInformerFactory:
    SharedInformerFactory(clientset, label_selector=labels.equals("a", "b"), field_selector=labels.exists("a"))  # error
    return SharedInformerFactory(clientset, label_selector=labels.exists("a"), field_selector=fields.equals("a", "b"))


def wrong(factory: SharedInformerFactory) -> None:
    factory.core_v1.bindings()  # error
    print(factory.authentication_v1)  # error
    factory.core_v1.pods().add_indexers({"node": lambda pod: [pod.spec.nodeName]})  # error
    factory.core_v1.pods().add_event_handler(on_add=print, max_backlog=5, when_full="drop")  # error
    _service: core_v1.Service = factory.core_v1.pods().lister.get("a")  # error
