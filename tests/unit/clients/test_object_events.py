"""`clientset.events_of`: the events about an object, the oldest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def event(name: str, about: core_v1.ObjectReference, namespace: str = "shop", **fields: Any) -> core_v1.Event:
    metadata = meta_v1.ObjectMeta(name=name, namespace=namespace)
    return core_v1.Event(metadata=metadata, involved_object=about, **fields)


def reference(kind: str, name: str, uid: str, namespace: str = "") -> core_v1.ObjectReference:
    return core_v1.ObjectReference(api_version="v1", kind=kind, name=name, namespace=namespace, uid=uid)


WEB = reference("Pod", "web", "u1", "shop")


def pod(**annotations: str) -> core_v1.Pod:
    metadata = meta_v1.ObjectMeta(name="web", namespace="shop", uid="u1", annotations=annotations)
    return core_v1.Pod(metadata=metadata)


@in_virtual_time
async def test_the_events_of_the_object_come_in_the_order_of_their_last_occurrence() -> None:
    def at(seconds: int) -> datetime:
        return NOON + timedelta(seconds=seconds)

    clients = fake.Clientset(
        event("late", WEB, last_timestamp=at(40), first_timestamp=at(0)),
        event("series", WEB, event_time=at(1), series=core_v1.EventSeries(count=2, last_observed_time=at(30))),
        event("single", WEB, event_time=at(20)),
        event("first", WEB, first_timestamp=at(10)),
        event("other", reference("Pod", "api", "u2", "shop"), last_timestamp=at(5)),
        event("former", reference("Pod", "web", "u0", "shop"), last_timestamp=at(5)),
    )
    found = await clients.events_of(pod())
    assert [each.metadata.name for each in found] == ["first", "single", "series", "late"]


@in_virtual_time
async def test_without_a_uid_the_events_of_earlier_objects_are_included() -> None:
    clients = fake.Clientset(event("a", WEB), event("b", reference("Pod", "web", "u0", "shop")))
    found = await clients.events_of(core_v1.ObjectReference(api_version="v1", kind="Pod", name="web", namespace="shop"))
    assert {each.metadata.name for each in found} == {"a", "b"}


@in_virtual_time
async def test_events_of_a_node_are_found_in_any_namespace_and_by_either_uid() -> None:
    node = core_v1.Node(metadata=meta_v1.ObjectMeta(name="n1", uid="u9"))
    clients = fake.Clientset(
        event("by-uid", reference("Node", "n1", "u9"), "default"),
        event("by-name", reference("Node", "n1", "n1"), "default"),
        event("elsewhere", reference("Node", "n1", "u9"), "shop"),
        event("other", reference("Node", "n2", "n2"), "default"),
    )
    found = await clients.events_of(node)
    assert {each.metadata.name for each in found} == {"by-uid", "by-name", "elsewhere"}


@in_virtual_time
async def test_events_of_a_static_pod_name_the_hash_of_its_manifest() -> None:
    clients = fake.Clientset(event("kubelet", reference("Pod", "web", "hash", "shop")))
    mirror = pod(**{"kubernetes.io/config.mirror": "hash"})
    assert [each.metadata.name for each in await clients.events_of(mirror)] == ["kubelet"]
    untyped = kubeloop.Unstructured(mirror.to_dict())
    assert [each.metadata.name for each in await clients.events_of(untyped)] == ["kubelet"]


@in_virtual_time
async def test_an_unstructured_object_with_garbage_as_annotations_has_events() -> None:
    clients = fake.Clientset(event("a", WEB))
    broken = kubeloop.Unstructured(
        {**pod().to_dict(), "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "annotations": 3}}
    )
    assert [each.metadata.name for each in await clients.events_of(broken)] == ["a"]


@in_virtual_time
async def test_all_pages_are_read() -> None:
    clients = fake.Clientset(*[event(f"e{n}", WEB) for n in range(600)])
    assert len(await clients.events_of(pod())) == 600


@in_virtual_time
async def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(TypeError, match="expected an object with a kind"):
        await fake.Clientset().events_of("web")  # type: ignore[arg-type]


@in_virtual_time
async def test_an_annotation_that_is_no_text_is_no_error() -> None:
    metadata = {"name": "web", "namespace": "shop", "uid": "u1"}
    clients = fake.Clientset(event("late", WEB))
    for found in ({"kubernetes.io/config.mirror": 5}, {"kubernetes.io/config.mirror": ["x"]}, "text"):
        broken = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "annotations": found}}
        assert [each.metadata.name for each in await clients.events_of(kubeloop.Unstructured(broken))] == ["late"]
