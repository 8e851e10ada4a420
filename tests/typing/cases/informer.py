"""Informers and listers carry the type of their objects."""

from typing import assert_type

from kubeloop import fields, labels
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.lister import Lister
from kubeloop.cache.shared_informer import SharedInformer
from kubeloop.clients.clientset import Clientset
from kubeloop.models import core_v1


def informers(factory: SharedInformerFactory) -> None:
    pods = factory.core_v1.pods()
    assert_type(pods, SharedInformer[core_v1.Pod])
    assert_type(pods.lister, Lister[core_v1.Pod])
    assert_type(pods.lister.namespace("a").get("b"), core_v1.Pod)
    assert_type(factory.core_v1.nodes().lister.list(), list[core_v1.Node])
    assert_type(factory.informer(core_v1.Pod), SharedInformer[core_v1.Pod])
    pods.add_indexers({"node": lambda pod: [pod.spec.node_name]})
    pods.add_event_handler(on_add=lambda pod: print(pod.spec.node_name))


def selected(clientset: Clientset) -> SharedInformerFactory:
    SharedInformerFactory(clientset, label_selector=labels.equals("a", "b"), field_selector=labels.exists("a"))  # error
    return SharedInformerFactory(clientset, label_selector=labels.exists("a"), field_selector=fields.equals("a", "b"))


def wrong(factory: SharedInformerFactory) -> None:
    factory.core_v1.bindings()  # error
    print(factory.authentication_v1)  # error
    factory.core_v1.pods().add_indexers({"node": lambda pod: [pod.spec.nodeName]})  # error
    _service: core_v1.Service = factory.core_v1.pods().lister.get("a")  # error
