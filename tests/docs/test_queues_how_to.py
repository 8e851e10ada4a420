"""The code of the guide to work queues does what the page says."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

import kubeloop
from kubeloop.cache import DeletedFinalStateUnknown
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "queues.md"


def pod(name: str, namespace: str = "default", **metadata: Any) -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name=name, namespace=namespace, **metadata),
        spec=core_v1.PodSpec(containers=[core_v1.Container(name="main", image="x/y:1")]),
    )


@in_virtual_time
async def test_workers_take_each_key_and_retry_what_fails() -> None:
    names = names_of(PAGE, "work")
    done: list[str] = []

    async def reconcile(key: str) -> None:
        done.append(key)
        if done == ["a"]:
            raise ValueError("not now")

    names["reconcile"] = reconcile
    queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()
    running = asyncio.create_task(names["run"](queue, 2))
    for key in ("a", "b", "a"):
        queue.add(key)
    await asyncio.sleep(1)
    queue.shut_down()
    await running
    assert sorted(done) == ["a", "a", "b"]


def test_a_signal_ends_the_workers_after_what_is_queued() -> None:
    run, run_until_signal = names_of(PAGE, "work")["run"], names_of(PAGE, "run_until_signal")["run_until_signal"]
    before = signal.getsignal(signal.SIGTERM)
    factory = kubeloop.SharedInformerFactory(fake.Clientset(pod("web")))
    informer = factory.core_v1.pods()
    taken: list[str] = []

    async def main() -> None:
        queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()
        informer.add_event_handler(on_add=lambda found: queue.add(kubeloop.object_key(found)))

        async def work() -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            await run(queue, 2)
            taken.append("end" if queue.shutting_down and not len(queue) else "too early")

        await run_until_signal(factory, queue, work)

    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGTERM, before)

    assert taken == ["end"]
    assert informer.is_stopped
    assert [found.metadata.name for found in informer.lister.list()] == ["web"]


@in_virtual_time
async def test_urgent_keys_come_first() -> None:
    names = names_of(PAGE, "Enqueue")
    queue = names["create_queue"]()
    handler = names["Enqueue"](queue)
    handler.on_add(pod("old"), True)
    handler.on_update(pod("resynced", resource_version="5"), pod("resynced", resource_version="5"))
    handler.on_add(pod("new"), False)
    handler.on_update(pod("changed", resource_version="5"), pod("changed", resource_version="6"))
    handler.on_delete(DeletedFinalStateUnknown("default/deleted", pod("deleted")))
    taken = [await queue.get() for _ in range(5)]
    assert taken == [f"default/{name}" for name in ("new", "changed", "deleted", "old", "resynced")]


@in_virtual_time
async def test_calls_are_limited(capsys: pytest.CaptureFixture[str]) -> None:
    pull = names_of(PAGE, "pull")["pull"]
    for number in range(15):
        await pull(str(number))
    assert elapsed() == pytest.approx(1.0)
    refused = [asyncio.create_task(pull("late")) for _ in range(200)]
    with pytest.raises(TimeoutError):
        await asyncio.gather(*refused)
    assert capsys.readouterr().out.splitlines()[:15] == [str(number) for number in range(15)]
    await asyncio.gather(*refused, return_exceptions=True)


@in_virtual_time
async def test_a_controller_waits_until_it_has_seen_its_pods() -> None:
    replicas = apps_v1.ReplicaSet(metadata=meta_v1.ObjectMeta(name="web", namespace="default", uid="u"))
    clientset = fake.Clientset(replicas)
    queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()
    pods = names_of(PAGE, "Pods")["Pods"](clientset, queue)
    owner = meta_v1.OwnerReference(api_version="apps/v1", kind="ReplicaSet", name="web", uid="u", controller=True)
    owned = pod("", generate_name="web-", owner_references=[owner])
    for _ in range(2):
        await pods.create("default/web", owned, 2)
    created = (await clientset.core_v1.pods("default").list()).items
    assert len(created) == 2, "the second call waits for events"
    for each in created:
        pods.on_pod_added(each)
    assert await queue.get() == "default/web"
    clientset.api.on("create", "pods", nth=2).fail(kubeloop.Forbidden)
    with pytest.raises(kubeloop.Forbidden):
        await pods.create("default/web", owned, 3)
    pods.on_pod_added(created[0])
    assert pods.expectations.is_satisfied("default/web"), "two pods will never be seen"
    assert len((await clientset.core_v1.pods("default").list()).items) == 3
