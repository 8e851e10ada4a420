"""A function that takes a Reader accepts a client and an informer's store, and refuses those of another kind."""

from collections.abc import Callable
from typing import assert_type

from kubeloop.cache import CachedList
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.clients.clientset import Clientset
from kubeloop.clients.reader import ObjectList, Reader
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.models import core_v1
from kubeloop.unstructured import Unstructured


async def nodes_of(pods: Reader[core_v1.Pod]) -> set[str]:
    assert_type(await pods.get("a"), core_v1.Pod)
    assert_type(await pods.list(label_selector="app=web"), ObjectList[core_v1.Pod])
    return {pod.spec.node_name for pod in (await pods.list()).items}


async def reconcile(key: str, reader_in: Callable[[str], Reader[core_v1.Pod]]) -> None:
    namespace, _, name = key.partition("/")
    await reader_in(namespace).get(name)


async def whatever(objects: Reader[Unstructured]) -> str:
    return (await objects.get("a")).kind


async def readers(clientset: Clientset, factory: SharedInformerFactory) -> None:
    informer = factory.core_v1.pods("default", field_selector="spec.nodeName=n1", transform=lambda pod: pod)
    await nodes_of(clientset.core_v1.pods("default"))
    await nodes_of(informer.lister.reader("default"))
    await reconcile("a/b", clientset.core_v1.pods)
    await reconcile("a/b", informer.lister.reader)
    assert_type(await informer.lister.reader().list(), CachedList[core_v1.Pod])
    await whatever(factory.informer(Unstructured, GroupVersionKind("", "v1", "Pod")).lister.reader("a"))
    await whatever(clientset.dynamic.resource("v1", "pods").namespace("a"))
    await nodes_of(clientset.core_v1.services("default"))  # error
    await nodes_of(factory.core_v1.services().lister.reader("default"))  # error
    await nodes_of(factory.informer(Unstructured, GroupVersionResource("", "v1", "pods")).lister.reader("a"))  # error


def trim(pod: core_v1.Pod) -> core_v1.Pod:
    return pod


def scopes(factory: SharedInformerFactory) -> None:
    factory.informer(core_v1.Pod, namespace="a", transform=trim)
    factory.core_v1.pods(None, label_selector="app=web", transform=trim)
    factory.core_v1.nodes(label_selector="app=web")
    factory.core_v1.services(transform=trim)  # error
    factory.core_v1.nodes("a")  # error
    factory.core_v1.pods(labels="app=web")  # error
