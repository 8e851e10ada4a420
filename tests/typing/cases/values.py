"""Keys, owners, selectors, quantities and queues: generic over the object or item, and strict about it."""

from datetime import timedelta
from typing import assert_type

from kubeloop import labels
from kubeloop.meta.keys import object_key
from kubeloop.meta.owners import controller_of, is_controlled_by, owner_reference
from kubeloop.meta.quantity import Quantity
from kubeloop.meta.times import parse_duration
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.unstructured import Unstructured
from kubeloop.workqueue import ItemExponentialFailureRateLimiter, RateLimitingQueue, WorkQueue


def objects(pod: core_v1.Pod, owner: apps_v1.ReplicaSet, anything: Unstructured) -> None:
    assert_type(object_key(pod), str)
    assert_type(object_key(anything), str)
    assert_type(controller_of(pod), meta_v1.OwnerReference | None)
    assert_type(controller_of(anything), meta_v1.OwnerReference | None)
    assert_type(is_controlled_by(pod, owner), bool)
    assert_type(owner_reference(owner, meta_v1.OwnerReference), meta_v1.OwnerReference)
    assert_type(owner_reference(anything, meta_v1.OwnerReference), meta_v1.OwnerReference)
    object_key(pod.spec)  # error
    owner_reference(pod.spec, meta_v1.OwnerReference)  # error


def selectors(service: meta_v1.LabelSelector, pod: core_v1.Pod) -> None:
    selector = labels.from_label_selector(service) & labels.equals("app", "web")
    assert_type(selector, labels.Selector)
    assert_type(selector.matches(pod.metadata.labels), bool)
    selector.matches(pod)  # error


def values() -> None:
    assert_type(Quantity("1Gi") + 1, Quantity)
    assert_type(Quantity("100m") * 5, Quantity)
    assert_type(Quantity("1Gi").value(), int)
    assert_type(parse_duration("1h"), timedelta)
    Quantity(1.5)  # error
    Quantity("1") + "1"  # error


async def queues() -> None:
    queue: RateLimitingQueue[str] = RateLimitingQueue()
    assert_type(await queue.get(), str | None)
    assert_type(await anext(queue), str)
    async for item in queue:
        assert_type(item, str)
        queue.done(item)
        queue.done(5)  # error
    queue.add("default/web-0")
    queue.add_after("default/web-0", 0.5)
    queue.add(5)  # error
    numbers = WorkQueue[int]()
    assert_type(await numbers.get(), int | None)
    numbers.add_after(1, 0.5)  # error
    limited = RateLimitingQueue[str](ItemExponentialFailureRateLimiter(0.005, 1000.0))
    assert_type(limited.num_requeues("a"), int)
