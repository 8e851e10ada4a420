"""Keys, owners, selectors, quantities and queues: generic over the object or item, and strict about it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar, assert_type

from kubeloop import Kind, KindList, decode, labels
from kubeloop.meta.keys import object_key
from kubeloop.meta.owners import controller_of, is_controlled_by, owner_reference
from kubeloop.meta.quantity import Quantity
from kubeloop.meta.times import parse_duration
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.unstructured import Unstructured, UnstructuredList
from kubeloop.workqueue import (
    LOW_PRIORITY,
    ItemBackoff,
    ItemExponentialFailureRateLimiter,
    PriorityQueue,
    RateLimitingQueue,
    WorkQueue,
)

K = TypeVar("K", bound=Kind)


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


def any_kind(text: str, kind: Kind, listing: KindList[core_v1.Pod]) -> None:
    found = decode(text)
    assert_type(object_key(found), str)
    assert_type(found.metadata, meta_v1.ObjectMeta)
    assert_type(kind.metadata.labels, Mapping[str, str])
    assert_type(controller_of(kind), meta_v1.OwnerReference | None)
    assert_type(is_controlled_by(kind, found), bool)
    assert_type(listing.metadata, meta_v1.ListMeta)
    assert_type(keep(core_v1.Pod(), {}), core_v1.Pod)
    assert_type([object_key(pod) for pod in listing], list[str])
    kind.metadata = meta_v1.ObjectMeta()  # error
    meta_v1.DeleteOptions(metadata=meta_v1.ObjectMeta())  # error


def keep(obj: K, kept: dict[str, K]) -> K:
    return kept.setdefault(obj.metadata.name, obj)


def anything(obj: Unstructured, listing: UnstructuredList) -> None:
    assert_type(obj.metadata.labels, Mapping[str, str])
    obj.draft().metadata.labels["a"] = "b"
    obj.draft().metadata.labels["a"] = 3  # error
    assert_type([each.kind for each in listing], list[str])
    assert_type(listing[0], Unstructured)
    obj.get("spec", "replicas", 1)  # error
    obj.get_in("spec", "containers", 0, default="")


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
    async with limited.item() as key:
        assert_type(key, str)
        limited.add_after(5, 0.5)  # error
    by_priority = PriorityQueue[str](ItemBackoff(0.005, 1000.0), group_by=lambda key: key.split("/")[0])
    by_priority.add("default/web-0", priority=LOW_PRIORITY)
    by_priority.add("default/web-0", LOW_PRIORITY)  # error
    by_priority.add_rate_limited("default/web-0", priority=None)
    by_priority.add("default/web-0", priority="high")  # error
    assert_type(by_priority.priority_of("default/web-0"), int)
    async with by_priority.item() as key:
        assert_type(key, str)
