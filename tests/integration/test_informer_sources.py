"""Informers of metadata and of several namespaces, own writes, and consistency checks, against the API server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.store.mutation_cache import MutationCache
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.gvk import GroupVersionKind
from kubeloop.models import core_v1, meta_v1, rbac_v1
from kubeloop.testing import ControlPlane, MutationDetector
from kubeloop.unstructured import Unstructured
from tests.support.custom_resources import served
from tests.support.definitions import definition
from tests.support.held import until_held
from tests.support.real_clientset import config_of

PATIENCE = 60


async def test_an_informer_of_metadata_follows_what_happens_to_whole_objects(
    kubeconfig: Path, namespace: str, mutation_detector: MutationDetector
) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        secrets = clientset.core_v1.secrets(namespace)
        first = await secrets.create(
            core_v1.Secret(metadata=meta_v1.ObjectMeta(name="first", labels={"a": "b"}), string_data={"key": "hidden"})
        )
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = factory.metadata(core_v1.Secret)
        by_kind = factory.metadata(GroupVersionKind("apps", "v1", "Deployment"))
        mutation_detector.watch(factory)
        told: list[str] = []
        deleted = asyncio.Event()
        informer.add_event_handler(
            on_add=lambda obj: told.append(f"add {obj.metadata.name}"), on_delete=lambda _: deleted.set()
        )
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await until_held(informer, f"{namespace}/first")
            second = await secrets.create(core_v1.Secret(metadata=meta_v1.ObjectMeta(name="second")))
            await until_held(informer, f"{namespace}/second")
            found = informer.lister.namespace(namespace)
            assert [found.get(name).metadata for name in ("first", "second")] == [first.metadata, second.metadata]
            assert type(found.get("first")) is type(found.get("second")) is meta_v1.PartialObjectMetadata
            assert told == ["add first", "add second"]
            await secrets.delete("first")
            async with asyncio.timeout(PATIENCE):
                await deleted.wait()
            assert informer.indexer.list_keys() == [f"{namespace}/second"]
            assert by_kind.lister.list() == []
            failed = asyncio.Event()
            missing = factory.metadata(GroupVersionKind("apps", "v1", "Nothing"))
            missing.set_watch_error_handler(lambda _reflector, _error: failed.set())
            async with asyncio.timeout(PATIENCE):
                await failed.wait()
            assert "has no kind Nothing in apps/v1" in missing.last_error


@pytest.fixture
def gadgets(kubeconfig: Path) -> Iterator[GroupVersionKind]:
    crd = definition("sources.example.com", "Gadget", "gadgets", storage=True)
    with served(kubeconfig, [crd]):
        yield GroupVersionKind("sources.example.com", "v1", "Gadget")


async def test_an_informer_of_metadata_needs_no_class_for_a_custom_kind(
    kubeconfig: Path, namespace: str, gadgets: GroupVersionKind
) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        client = clientset.resource(Unstructured, gadgets, namespace)
        await client.create({"metadata": {"name": "a"}, "spec": {}})
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer, whole = factory.metadata(gadgets), factory.informer(Unstructured, gadgets)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await client.create({"metadata": {"name": "b"}, "spec": {}})
            await until_held(informer, f"{namespace}/b")
            await until_held(whole, f"{namespace}/b")
            found = [obj.metadata for obj in informer.lister.list()]
            assert found == [obj.metadata for obj in whole.lister.list()]
            assert [each.name for each in found] == ["a", "b"]


@pytest.fixture
def cakes(kubeconfig: Path) -> Iterator[GroupVersionKind]:
    """Serve a kind whose plural is irregular, and whose lists have a name of their own."""
    crd = definition("sources.example.com", "Cake", "pieces-of-cake", storage=True)
    crd["spec"]["names"]["listKind"] = "BakeryList"
    with served(kubeconfig, [crd]):
        yield GroupVersionKind("sources.example.com", "v1", "Cake")


@pytest.mark.parametrize("watch_list", [False, True])
async def test_a_dynamic_informer_believes_the_lists_of_a_kind_with_unusual_names(
    kubeconfig: Path, namespace: str, cakes: GroupVersionKind, watch_list: bool
) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        client = clientset.resource(Unstructured, cakes, namespace)
        factory = SharedInformerFactory(clientset, namespace=namespace, watch_list=watch_list)
        informers = [
            factory.informer(Unstructured, cakes),
            factory.informer(Unstructured, cakes.group_version.with_resource("pieces-of-cake")),
        ]
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            await client.create({"metadata": {"name": "a"}})
            for informer in informers:
                await until_held(informer, f"{namespace}/a")
        late = SharedInformerFactory(clientset, namespace=namespace, watch_list=watch_list)
        informer = late.informer(Unstructured, cakes.group_version.with_resource("pieces-of-cake"))
        async with late:
            await late.wait_for_cache_sync(timeout=PATIENCE)
            assert [obj.kind for obj in informer.lister.list()] == ["Cake"]


async def test_a_program_reads_its_own_writes(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        maps = clientset.core_v1.config_maps(namespace)
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informers: list[Any] = [
            factory.core_v1.config_maps(label_selector="app=web"),
            factory.metadata(core_v1.ConfigMap, label_selector="app=web"),
        ]
        readers = [informer.lister.namespace(namespace) for informer in informers]
        made = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a", labels={"app": "web"}))
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            obj = await maps.create(made)
            for number in range(50):
                for informer, reader in zip(informers, readers, strict=True):
                    await informer.wait_for_write(obj, timeout=PATIENCE)
                    assert reader.get("a").metadata == obj.metadata
                obj = await maps.patch("a", {"data": {"number": str(number)}})
            outside = await maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="b")))
            moved = await maps.patch("a", {"metadata": {"labels": {"app": "db"}}})
            for informer, reader in zip(informers, readers, strict=True):
                await informer.wait_for_write(outside, timeout=0.001)
                await informer.wait_for_write(moved, timeout=PATIENCE)
                assert reader.list() == []
            back = await maps.patch("a", {"metadata": {"labels": {"app": "web"}}})
            await maps.delete("a")
            for informer, reader in zip(informers, readers, strict=True):
                await informer.wait_for_deletion(back, timeout=PATIENCE)
                assert reader.list() == []
                future = str(10 * int(back.metadata.resource_version))
                metadata = meta_v1.ObjectMeta(
                    name="c", namespace=namespace, labels={"app": "web"}, resource_version=future
                )
                with pytest.raises(errors.StaleCache, match="has not caught up with the write"):
                    await informer.wait_for_write(core_v1.ConfigMap(metadata=metadata), timeout=0.1)


async def test_own_writes_are_shown_before_the_watch_delivers_them(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        maps = clientset.core_v1.config_maps(namespace)
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = factory.core_v1.config_maps()
        cache = MutationCache(informer)
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            obj = await maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a")))
            for number in range(50):
                cache.record(obj)
                assert cache.get_by_key(f"{namespace}/a") == obj
                obj = await maps.patch("a", {"data": {"number": str(number)}})
            await maps.delete("a")
            await informer.wait_for_deletion(obj, timeout=PATIENCE)
            cache.record(obj)
            assert cache.get_by_key(f"{namespace}/a") is None


async def test_a_store_is_compared_with_what_the_server_held_at_its_version(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        maps = clientset.core_v1.config_maps(namespace)
        for name in "abc":
            obj = await maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name)))
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informers: list[Any] = [factory.core_v1.config_maps(), factory.metadata(core_v1.ConfigMap)]
        async with factory:
            await factory.wait_for_cache_sync(timeout=PATIENCE)
            for number in range(10):
                for informer in informers:
                    await informer.wait_for_write(obj, timeout=PATIENCE)
                    report = await informer.check_consistency()
                    assert (str(report.verdict), report.missing, report.extra) == ("consistent", (), ())
                    assert report.count >= 3
                obj = await maps.patch("a", {"data": {"number": str(number)}})
            await informers[0].wait_for_write(obj, timeout=PATIENCE)
            store = informers[0].indexer
            version = informers[0].store_version()
            store.remove(f"{namespace}/b")
            store.put(f"{namespace}/c", store.get_by_key(f"{namespace}/a"))
            store.bookmark(version)
            report = await informers[0].check_consistency()
            assert report.missing == (f"{namespace}/b", f"{namespace}/c")


async def test_an_informer_follows_several_namespaces_and_no_other(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        name = f"of-{namespace}"
        made = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name))
        maps = clientset.core_v1.config_maps
        factory = SharedInformerFactory(
            clientset, namespace=[namespace, "default"], field_selector=f"metadata.name={name}"
        )
        informers: list[Any] = [factory.core_v1.config_maps(), factory.metadata(core_v1.ConfigMap)]
        first = await maps(namespace).create(made)
        try:
            async with factory:
                await factory.wait_for_cache_sync(timeout=PATIENCE)
                second = await maps("default").create(made)
                outside = await maps("kube-system").create(made)
                for informer in informers:
                    for each in (first, second, outside):
                        await informer.wait_for_write(each, timeout=PATIENCE)
                    held = [obj.metadata for obj in informer.lister.list()]
                    assert sorted(held, key=str) == sorted([first.metadata, second.metadata], key=str)
                await maps(namespace).delete(name)
                changed = await maps("default").patch(name, {"data": {"a": "b"}})
                for informer in informers:
                    await informer.wait_for_deletion(first, timeout=PATIENCE)
                    await informer.wait_for_write(changed, timeout=PATIENCE)
                    assert [obj.metadata for obj in informer.lister.list()] == [changed.metadata]
                    assert (await informer.check_consistency()).verdict == "consistent"
        finally:
            for other in ("default", "kube-system"):
                await maps(other).delete(name, ignore_not_found=True)


async def test_a_namespace_that_may_not_be_listed_stops_no_other(control_plane: ControlPlane, namespace: str) -> None:
    async with Clientset(config_of(control_plane.kubeconfig)) as admin:
        role = rbac_v1.Role(
            metadata=meta_v1.ObjectMeta(name="reads"),
            rules=[rbac_v1.PolicyRule(api_groups=[""], resources=["configmaps"], verbs=["list", "watch"])],
        )
        await admin.rbac_v1.roles(namespace).create(role)
        binding = rbac_v1.RoleBinding(
            metadata=meta_v1.ObjectMeta(name="reads"),
            role_ref=rbac_v1.RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name="reads"),
            subjects=[rbac_v1.Subject(api_group="rbac.authorization.k8s.io", kind="User", name="somebody")],
        )
        await admin.rbac_v1.role_bindings(namespace).create(binding)
        maps = admin.core_v1.config_maps(namespace)
        async with Clientset(config_of(control_plane.write_kubeconfig("somebody"))) as clientset:
            factory = SharedInformerFactory(clientset, namespace=[namespace, "kube-public"])
            informer = factory.core_v1.config_maps()
            async with factory:
                obj = await maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a")))
                await informer.wait_for_write(obj, timeout=PATIENCE)
                assert informer.lister.namespace(namespace).get("a") == obj
                changed = await maps.patch("a", {"data": {"a": "b"}})
                await informer.wait_for_write(changed, timeout=PATIENCE)
                assert informer.lister.namespace(namespace).get("a") == changed
                assert not informer.has_synced
                with pytest.raises(errors.NotSynced, match=r"\(namespace kube-public: .*403 Forbidden.*somebody"):
                    await factory.wait_for_cache_sync(timeout=2)
