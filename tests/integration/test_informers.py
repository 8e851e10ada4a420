"""Informers against the real API server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.fifo.delta_fifo import DeltaFIFO
from kubeloop.cache.informer.memory_mode import MemoryMode
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.source.reflector import Reflector
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.cache.store.index_by_field import field_index
from kubeloop.cache.store.indexer import Indexer
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import CacheMutated, ControlPlane, MutationDetector
from kubeloop.unstructured import Unstructured
from tests.support.held import until_held
from tests.support.real_clientset import config_of
from tests.support.servers import new_server

PATIENCE = 60
MODES: tuple[MemoryMode, ...] = ("eager", "lazy", "compressed")
PODS = GroupVersionResource("", "v1", "pods")


def pod(name: str, node: str = "", **labels: str) -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name=name, labels=labels),
        spec=core_v1.PodSpec(
            node_name=node, containers=[core_v1.Container(name="main", image="example.com/nothing:1")]
        ),
    )


class Watcher:
    """Records the events of a handler, and waits for a condition on these events."""

    def __init__(self, informer: SharedInformer[core_v1.Pod]) -> None:
        self.told: list[tuple[str, str]] = []
        self._news = asyncio.Event()
        informer.add_event_handler(
            on_add=lambda obj: self._note("add", obj),
            on_update=lambda _old, new: self._note("update", new),
            on_delete=lambda obj: self._note("delete", obj),
        )

    def _note(self, what: str, obj: core_v1.Pod) -> None:
        self.told.append((what, obj.metadata.name))
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._news.clear()
                await self._news.wait()


async def test_an_informer_follows_what_happens(
    kubeconfig: Path, namespace: str, mutation_detector: MutationDetector
) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        pods = clientset.core_v1.pods(namespace)
        first = await pods.create(pod("first", node="n1", app="web"))
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = factory.core_v1.pods()
        informer.add_indexers({"node": lambda obj: [obj.spec.node_name]})
        mutation_detector.watch(factory)
        watcher = Watcher(informer)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until_held(informer, f"{namespace}/first")
            assert informer.lister.namespace(namespace).get("first") == first
            assert watcher.told == [("add", "first")]

            await pods.create(pod("second", node="n2", app="db"))
            await pods.patch("first", {"metadata": {"labels": {"tier": "front"}}})
            await watcher.until(lambda: ("update", "first") in watcher.told and ("add", "second") in watcher.told)
            assert [obj.metadata.name for obj in informer.lister.list("app=web,tier")] == ["first"]
            assert [obj.metadata.name for obj in informer.lister.by_index("node", "n2")] == ["second"]

            await pods.delete("second", grace_period_seconds=0)
            await watcher.until(lambda: ("delete", "second") in watcher.told)
            with pytest.raises(errors.NotFound, match='pods "second" not found'):
                informer.lister.namespace(namespace).get("second")
            assert informer.lister.by_index("node", "n2") == []


@pytest.mark.parametrize("is_typed", [True, False])
async def test_a_list_is_the_beginning_of_its_watch(
    kubeconfig: Path, namespace: str, caplog: pytest.LogCaptureFixture, is_typed: bool
) -> None:
    """(KEP-3157)"""
    async with Clientset(config_of(kubeconfig)) as clientset:
        # Events have no watch cache, so that their initial events come from etcd.
        for name in ("first", "second"):
            await clientset.core_v1.pods(namespace).create(pod(name, node="n1", app="web"))
            reference = core_v1.ObjectReference(namespace=namespace, name=name)
            metadata = meta_v1.ObjectMeta(name=name, namespace=namespace)
            await clientset.core_v1.events(namespace).create(
                core_v1.Event(metadata=metadata, involved_object=reference)
            )
        factory = SharedInformerFactory(clientset, namespace=namespace)
        versions = (GroupVersionResource("", "v1", resource) for resource in ("pods", "events"))
        models = (core_v1.Pod, core_v1.Event)
        informers: list[SharedInformer[Any]] = [
            factory.informer(model) if is_typed else factory.informer(Unstructured, resource)
            for model, resource in zip(models, versions, strict=True)
        ]
        caplog.set_level(logging.DEBUG, "kubeloop.rest.request_log")
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            for informer in informers:
                await until_held(informer, f"{namespace}/first")
                await until_held(informer, f"{namespace}/second")
                assert int(informer.last_sync_resource_version) > 0
            await clientset.core_v1.pods(namespace).create(pod("third", node="n1", app="web"))
            await until_held(informers[0], f"{namespace}/third")
            await clientset.core_v1.pods(namespace).delete("first", grace_period_seconds=0)
            async with asyncio.timeout(PATIENCE):
                while informers[0].indexer.get_by_key(f"{namespace}/first") is not None:
                    await asyncio.sleep(0.02)
    requests = [each.getMessage() for each in caplog.records if "GET /api" in each.getMessage()]
    assert len(requests) >= 2
    assert all("watch=true" in each for each in requests)
    assert sum("sendInitialEvents=true" in each for each in requests) == 2


async def test_a_missing_object_raises_what_the_server_says(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        factory = SharedInformerFactory(clientset, namespace=namespace)
        deployments = factory.apps_v1.deployments()
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            with pytest.raises(errors.NotFound) as ours:
                deployments.lister.namespace(namespace).get("nothing")
        with pytest.raises(errors.NotFound) as theirs:
            await clientset.apps_v1.deployments(namespace).get("nothing")
    assert ours.value.status == theirs.value.status


async def test_selectors_choose_on_the_server(
    kubeconfig: Path, namespace: str, mutation_detector: MutationDetector
) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        pods = clientset.core_v1.pods(namespace)
        await pods.create(pod("web", app="web"))
        await pods.create(pod("db", app="db"))
        factory = SharedInformerFactory(clientset, namespace=namespace, label_selector="app=web")
        informer = factory.core_v1.pods()
        mutation_detector.watch(factory)
        watcher = Watcher(informer)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until_held(informer, f"{namespace}/web")
            assert informer.indexer.list_keys() == [f"{namespace}/web"]
            await pods.patch("web", {"metadata": {"labels": {"app": "other"}}})
            await watcher.until(lambda: ("delete", "web") in watcher.told)
            assert informer.indexer.list_keys() == []


async def test_a_dynamic_informer_needs_no_class(
    kubeconfig: Path, namespace: str, mutation_detector: MutationDetector
) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        template = core_v1.PodTemplateSpec(metadata=meta_v1.ObjectMeta(labels={"a": "b"}), spec=pod("x").spec)
        await clientset.apps_v1.deployments(namespace).create(
            apps_v1.Deployment(
                metadata=meta_v1.ObjectMeta(name="web"),
                spec=apps_v1.DeploymentSpec(
                    replicas=0, selector=meta_v1.LabelSelector(match_labels={"a": "b"}), template=template
                ),
            )
        )
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = factory.informer(Unstructured, GroupVersionResource("apps", "v1", "deployments"))
        mutation_detector.watch(factory)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until_held(informer, f"{namespace}/web")
            found = informer.lister.namespace(namespace).get("web")
            assert found.kind == "Deployment"
            assert found.get_in("spec", "replicas") == 0


async def test_each_memory_mode_holds_the_same_objects(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        pods = clientset.core_v1.pods(namespace)
        await pods.create(pod("listed", node="n1", app="web"))
        factories = {mode: SharedInformerFactory(clientset, namespace=namespace, mode=mode) for mode in MODES}
        typed = {mode: factory.core_v1.pods() for mode, factory in factories.items()}
        dynamic = {mode: factory.informer(Unstructured, PODS) for mode, factory in factories.items()}
        every: list[Any] = [*typed.values(), *dynamic.values()]
        for informer in every:
            informer.add_indexers({"node": field_index("spec.nodeName")})
        async with factories["eager"], factories["lazy"], factories["compressed"]:
            for factory in factories.values():
                await factory.wait_for_cache_sync(timeout=PATIENCE)
            await pods.create(pod("watched", node="n2"))
            await pods.edit("listed", lambda draft: draft.metadata.labels.update(app="other"))
            last = await pods.create(pod("last", node="n2"))
            for informer in every:
                await until_held(informer, f"{namespace}/last")
                stored = informer.lister.namespace(namespace)
                assert stored.get("last").metadata.uid == last.metadata.uid
                assert sorted(informer.indexer.index_keys("node", "n2")) == [
                    f"{namespace}/last",
                    f"{namespace}/watched",
                ]
                assert stored.get("listed").metadata.labels == {"app": "other"}
                assert informer.memory().total > 3000
            for name in ("listed", "watched", "last"):
                typed_pods = [informer.lister.namespace(namespace).get(name) for informer in typed.values()]
                data = [informer.lister.namespace(namespace).get(name) for informer in dynamic.values()]
                assert typed_pods[0] == typed_pods[1] == typed_pods[2] == await pods.get(name)
                assert data[0] == data[1] == data[2]
                assert data[2].to_dict() == data[1].to_dict() == data[0].to_dict()
                assert core_v1.Pod.from_dict(data[1].to_dict()).spec == typed_pods[0].spec
        assert [informer.mode for informer in every] == [*MODES, *MODES]


async def test_the_store_is_what_a_fresh_list_gives_after_many_writes(
    kubeconfig: Path, namespace: str, mutation_detector: MutationDetector
) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        maps = clientset.core_v1.config_maps(namespace)
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = factory.core_v1.config_maps()
        mutation_detector.watch(factory)
        replay: dict[str, str] = {}
        done = asyncio.Event()

        def note(obj: core_v1.ConfigMap) -> None:
            replay[obj.metadata.name] = obj.metadata.resource_version
            if obj.metadata.name == "last":
                done.set()

        informer.add_event_handler(
            on_add=note, on_update=lambda _old, new: note(new), on_delete=lambda obj: replay.pop(obj.metadata.name)
        )
        async with factory:

            async def writer(number: int) -> None:
                for turn in range(10):
                    name = f"m{number}-{turn}"
                    await maps.create({"metadata": {"name": name}, "data": {"turn": "0"}})
                    await maps.patch(name, {"data": {"turn": "1"}})
                    if turn % 2:
                        await maps.delete(name)

            await asyncio.gather(*(writer(number) for number in range(10)))
            await maps.create({"metadata": {"name": "last"}})
            async with asyncio.timeout(PATIENCE):
                await done.wait()
            fresh = {one.metadata.name: one.metadata.resource_version for one in (await maps.list()).items}
            held = {one.metadata.name: one.metadata.resource_version for one in informer.lister.list()}
            assert held == fresh
            assert replay == fresh


async def test_who_changes_an_object_of_the_cache_is_found_out(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        await clientset.core_v1.secrets(namespace).create({"metadata": {"name": "s"}, "stringData": {"a": "hunter2"}})
        factory = SharedInformerFactory(clientset, namespace=namespace)
        typed, dynamic = (
            factory.core_v1.secrets(),
            factory.informer(Unstructured, GroupVersionResource("", "v1", "secrets"), mode="eager"),
        )
        detector = MutationDetector(factory)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until_held(typed, f"{namespace}/s")
            await until_held(dynamic, f"{namespace}/s")
            detector.check()
            held: Any = typed.lister.namespace(namespace).get("s")
            held.data["hacked"] = b"hunter3"
            dynamic.lister.namespace(namespace).get("s")["data"]["a"] = "hunter4"
            with pytest.raises(CacheMutated) as caught:
                detector.check()
    assert caught.value.mutations == (
        f"v1 secrets in {namespace}: {namespace}/s: added /data/hacked",
        f"v1 secrets in {namespace}: {namespace}/s: replaced /data/a",
    )


async def test_who_may_not_list_learns_why_the_cache_does_not_sync(control_plane: ControlPlane, namespace: str) -> None:
    nobody = control_plane.write_kubeconfig("nobody")
    async with Clientset(config_of(nobody)) as clientset:
        factory = SharedInformerFactory(clientset, namespace=namespace)
        factory.core_v1.pods()
        async with factory:
            with pytest.raises(errors.NotSynced, match=r"v1 pods .*403 Forbidden.*nobody"):
                await factory.wait_for_cache_sync(timeout=2)


async def test_a_resource_that_the_server_lacks_is_named(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        factory = SharedInformerFactory(clientset)
        factory.informer(Unstructured, GroupVersionResource("example.com", "v1", "nothings"))
        factory.core_v1.namespaces()
        async with factory:
            with pytest.raises(errors.NotSynced, match=r"example.com/v1 nothings \(.*404") as caught:
                await factory.wait_for_cache_sync(timeout=2)
        assert "namespaces" not in str(caught.value)


async def test_lists_in_pages_of_the_size_that_was_asked_for(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        maps = clientset.core_v1.config_maps(namespace)
        for number in range(7):
            await maps.create({"metadata": {"name": f"m{number}"}})
        source = rest_list_watch(
            clientset.rest,
            core_v1.ConfigMap,
            namespace=namespace,
        )
        store: Indexer[core_v1.ConfigMap] = Indexer()
        fifo = DeltaFIFO(store)
        reflector = Reflector(source, fifo, page_size=3)
        task = asyncio.create_task(reflector.run())
        try:
            found: set[str] = set()
            async with asyncio.timeout(PATIENCE):
                while len(found) < 7:
                    await fifo.wait()
                    found |= {popped.key for popped in iter(fifo.pop, None)}
            assert fifo.has_synced
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_an_object_that_cannot_be_read_is_kept_until_it_is_deleted(kubeconfig: Path, namespace: str) -> None:
    """(A1, A2, A3) The server stores times that no `datetime` can hold."""
    async with Clientset(config_of(kubeconfig)) as clientset:
        leases = clientset.coordination_v1.leases(namespace)
        for name in ("changed", "unseen", "good"):
            renewed = "0000-01-01T00:00:00.000000Z" if name == "unseen" else "2026-01-02T03:04:05.000000Z"
            await clientset.rest.post(
                "leases",
                group_version="coordination.k8s.io/v1",
                namespace=namespace,
                body={
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": name},
                    "spec": {"renewTime": renewed},
                },
                into=bytes,
            )
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = factory.coordination_v1.leases()
        told: list[str] = []
        news = asyncio.Event()

        def note(what: str) -> None:
            told.append(what)
            news.set()

        informer.add_event_handler(
            on_add=lambda obj: note(f"add {obj.metadata.name}"),
            on_update=lambda _old, new: note(f"update {new.metadata.name}"),
            on_delete=lambda obj: note(f"delete {obj.metadata.name}"),
        )

        async def until(what: str) -> None:
            async with asyncio.timeout(PATIENCE):
                while what not in told:
                    news.clear()
                    await news.wait()

        lister = informer.lister.namespace(namespace)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until("add good")
            await until("add changed")
            change = {"spec": {"renewTime": "0000-01-01T00:00:00.000000Z"}}
            await clientset.rest.patch(
                "leases",
                group_version="coordination.k8s.io/v1",
                namespace=namespace,
                name="changed",
                body=change,
                content_type="application/merge-patch+json",
                into=bytes,
            )
            await leases.patch("good", {"metadata": {"labels": {"a": "b"}}})
            await until("update good")
            assert lister.get("changed").spec.renew_time is not None
            assert sorted(informer.unreadable) == [f"{namespace}/changed", f"{namespace}/unseen"]
            with pytest.raises(errors.Unreadable, match=r"renewTime|renew_time"):
                lister.get("unseen")
            for name in ("unseen", "changed"):
                await clientset.rest.delete(
                    "leases", group_version="coordination.k8s.io/v1", namespace=namespace, name=name, into=bytes
                )
            await until("delete changed")
            assert informer.unreadable == {}
            assert [what for what in told if "unseen" in what] == []


async def test_informers_survive_the_death_of_the_server_and_say_so() -> None:
    """(D4)"""
    async with new_server() as server, Clientset(config_of(server.kubeconfig)) as clientset:
        pods = clientset.core_v1.pods("default")
        for name in ("kept", "gone"):
            await pods.create(pod(name))
        factory = SharedInformerFactory(clientset)
        informer = factory.core_v1.pods()
        watcher = Watcher(informer)
        lost = asyncio.Event()
        informer.set_watch_error_handler(lambda _reflector, _error: lost.set())
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until_held(informer, "default/kept")
            await until_held(informer, "default/gone")
            assert (informer.is_connected, informer.last_error) == (True, "")
            await server.kill("kube-apiserver")
            async with asyncio.timeout(PATIENCE):
                await lost.wait()
            assert not informer.is_connected
            assert informer.last_error != ""
            assert informer.lister.namespace("default").get("kept") is not None
            await server.restart("kube-apiserver")
            await pods.delete("gone", grace_period_seconds=0)
            await pods.create(pod("new"))
            await watcher.until(lambda: ("delete", "gone") in watcher.told and ("add", "new") in watcher.told)
            later = 0
            while not informer.is_connected:  # a list has reported the changes, and the watch is not open yet
                later += 1
                name = f"later-{later}"
                await pods.create(pod(name))
                await watcher.until(lambda name=name: ("add", name) in watcher.told)  # type: ignore[misc]
            fresh = {(one.metadata.name, one.metadata.resource_version) for one in (await pods.list()).items}
            assert {(one.metadata.name, one.metadata.resource_version) for one in informer.lister.list()} == fresh
            assert (informer.is_connected, informer.last_error) == (True, "")


async def test_one_factory_holds_informers_of_several_scopes(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        maps = clientset.core_v1.config_maps(namespace)
        for name in ("a", "b"):
            await maps.create({"metadata": {"name": name, "labels": {"app": name}}})
        factory = SharedInformerFactory(clientset, namespace=namespace)
        all_maps = factory.core_v1.config_maps()
        one_map = factory.core_v1.config_maps(field_selector="metadata.name=a")
        by_kind = factory.informer(Unstructured, GroupVersionKind("", "v1", "ConfigMap"), label_selector="app=b")
        namespaces = factory.informer(Unstructured, GroupVersionKind("", "v1", "Namespace"))
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            assert {found.metadata.name for found in all_maps.lister.list()} >= {"a", "b"}
            assert [found.metadata.name for found in one_map.lister.list()] == ["a"]
            assert [found.metadata.name for found in by_kind.lister.list()] == ["b"]
            assert namespaces.lister.get(namespace).kind == "Namespace"

            for reader in (maps, all_maps.lister.reader(namespace)):
                assert [found.metadata.name for found in await reader.list(label_selector="app=b")] == ["b"]
                with pytest.raises(errors.NotFound, match='configmaps "c" not found'):
                    await reader.get("c")

            await factory.stop(one_map)
            await maps.create({"metadata": {"name": "c"}})
            await until_held(all_maps, f"{namespace}/c")
            again = factory.core_v1.config_maps(field_selector="metadata.name=a")
            assert again is not one_map
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            assert [found.metadata.name for found in again.lister.list()] == ["a"]
