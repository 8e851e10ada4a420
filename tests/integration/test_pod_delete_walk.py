"""The pod-delete walk: one deleted pod, followed from the server's watch to a lister that raises NotFound.

First in slow motion, with the parts taken one by one: the event on the watch, the delta in the queue, the store before
and after. Then through an informer as programs use it: the handler, the work queue, the reconciler's read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import kubeloop
from kubeloop.cache.fifo.delta import DeltaType
from kubeloop.cache.fifo.real_fifo import QueuedDelta, RealFIFO, ReplacedAll
from kubeloop.cache.source.lister_watcher import EventStream, ListPage, ListWatch, WatchEventLike
from kubeloop.cache.source.reflector import Reflector
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.cache.store.indexer import Indexer
from kubeloop.cache.store.lister import Lister
from kubeloop.meta.gvk import GroupResource
from kubeloop.models import core_v1, meta_v1
from kubeloop.workqueue.delaying import RateLimitingQueue
from tests.support.held import until_held
from tests.support.real_clientset import config_of

PATIENCE = 60
Pod = core_v1.Pod


def pod(name: str) -> Pod:
    return Pod(
        metadata=meta_v1.ObjectMeta(name=name),
        spec=core_v1.PodSpec(
            node_name="n1", containers=[core_v1.Container(name="main", image="example.com/nothing:1")]
        ),
    )


def by_node(obj: Pod) -> Sequence[str]:
    return (obj.spec.node_name,)


class Tap:
    """A source that records the events that pass."""

    def __init__(self, source: ListWatch[Pod]) -> None:
        self._source = source
        self.events: list[WatchEventLike[Pod]] = []

    async def list(self, *, resource_version: str = "", limit: int | None = None, continue_: str = "") -> ListPage[Pod]:
        return await self._source.list(resource_version=resource_version, limit=limit, continue_=continue_)

    @asynccontextmanager
    async def watch(self, *, resource_version: str, timeout_seconds: int) -> AsyncIterator[EventStream[Pod]]:
        async with self._source.watch(resource_version=resource_version, timeout_seconds=timeout_seconds) as stream:
            yield TappedStream(stream, self.events)


class TappedStream:
    def __init__(self, stream: EventStream[Pod], events: list[WatchEventLike[Pod]]) -> None:
        self._stream = stream
        self._events = events

    async def batch(self) -> Sequence[WatchEventLike[Pod]]:
        events = await self._stream.batch()
        self._events.extend(events)
        return events


async def next_popped(fifo: RealFIFO[Pod]) -> QueuedDelta[Pod]:
    async with asyncio.timeout(PATIENCE):
        while True:
            await fifo.wait()
            if (popped := fifo.pop()) is not None:
                return popped


async def test_pod_delete_walk_in_slow_motion(kubeconfig: Path, namespace: str) -> None:
    async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
        pods = clientset.core_v1.pods(namespace)
        created = await pods.create(pod("walker"))
        # The reflector lists first from the server's watch cache: wait until this cache holds the pod.
        await pods.list(resource_version=created.metadata.resource_version, resource_version_match="NotOlderThan")
        tap = Tap(
            rest_list_watch(
                clientset.rest,
                Pod,
                namespace=namespace,
            )
        )
        store: Indexer[Pod] = Indexer({"node": by_node})
        lister = Lister(store, GroupResource("", "pods"))
        fifo: RealFIFO[Pod] = RealFIFO()
        reflector = Reflector(tap, fifo, name="walk")
        task = asyncio.create_task(reflector.run())
        try:
            listed = await next_popped(fifo)
            assert listed.type is DeltaType.REPLACED_ALL
            assert isinstance(listed.object, ReplacedAll)
            assert listed.object.is_initial
            assert [*listed.object.objects] == [f"{namespace}/walker"]
            store.put(f"{namespace}/walker", created)
            assert lister.namespace(namespace).get("walker") is created
            assert lister.by_index("node", "n1") == [created]

            await pods.delete("walker", grace_period_seconds=0)

            # The queue: changes of this one pod, of which the last is the deletion.
            popped = await next_popped(fifo)
            while popped.type is not DeltaType.DELETED:
                popped = await next_popped(fifo)
            assert popped.key == f"{namespace}/walker"
            assert len(fifo) == 0

            # The watch: the event that the change came from, with the last state and a version of its own.
            event = tap.events[-1]
            assert event.type == "DELETED"
            assert event.object is popped.object
            assert event.object.metadata.uid == created.metadata.uid
            assert int(event.object.metadata.resource_version) > int(created.metadata.resource_version)
            assert reflector.last_sync_resource_version == event.object.metadata.resource_version

            # The store: the pod is present until the change is applied, then it is in no index and visible to no
            # reader.
            assert lister.namespace(namespace).get("walker") is created
            assert store.remove(popped.key, event.object.metadata.resource_version) is created
            assert store.resource_version == reflector.last_sync_resource_version
            assert store.index_values("node") == []
            with pytest.raises(kubeloop.NotFound, match='pods "walker" not found'):
                lister.namespace(namespace).get("walker")
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_pod_delete_walk_through_an_informer(kubeconfig: Path, namespace: str) -> None:
    async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
        clients = clientset.core_v1.pods(namespace)
        created = await clients.create(pod("walker"))
        factory = kubeloop.SharedInformerFactory(clientset, namespace=namespace)
        pods = factory.core_v1.pods()
        pods.add_indexers({"node": by_node})
        queue: RateLimitingQueue[str] = RateLimitingQueue()
        deleted: list[Pod] = []
        found_in_handler: list[list[Pod]] = []

        def on_delete(obj: Pod) -> None:
            deleted.append(obj)
            found_in_handler.append(pods.lister.by_index("node", "n1"))
            queue.add(kubeloop.object_key(obj))

        pods.add_event_handler(on_delete=on_delete)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until_held(pods, f"{namespace}/walker")
            assert pods.lister.namespace(namespace).get("walker") == created
            await clients.delete("walker", grace_period_seconds=0)

            async with asyncio.timeout(PATIENCE):
                item = await queue.get()
            assert item == f"{namespace}/walker"
            assert [obj.metadata.uid for obj in deleted] == [created.metadata.uid]
            assert found_in_handler == [[]], "the store removes the pod before handlers run"

            where, name = kubeloop.split_key(item)
            with pytest.raises(kubeloop.NotFound) as ours:
                pods.lister.namespace(where).get(name)
            with pytest.raises(kubeloop.NotFound) as theirs:
                await clientset.core_v1.pods(where).get(name)
            assert ours.value.status == theirs.value.status
            queue.forget(item)
            queue.done(item)
            queue.shut_down()
            assert await queue.get() is None
