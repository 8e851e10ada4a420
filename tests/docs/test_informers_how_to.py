"""The code of the guides to informers and their memory does what the pages say, on an API server in Python.

tests/integration/test_examples.py runs the informer that is built by hand on the real API server.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.cache import MutationCache
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "informers.md"
MEMORY_PAGE = ROOT / "docs" / "how-to" / "informer-memory.md"
BACKUP = 'kubeloop.GroupVersionKind("storage.example.com", "v1", "Backup")'
DEPLOYMENT = 'kubeloop.GroupVersionKind("apps", "v1", "Deployment")'


def of_page(name: str, old: str = "", new: str = "", *, page: Path = PAGE) -> Any:
    return names_of(page, name, old, new)[name]


def pod(
    name: str, namespace: str = "default", *, node: str = "", phase: str = "Running", **metadata: Any
) -> core_v1.Pod:
    statuses = [core_v1.ContainerStatus(name="main", restart_count=3)]
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name=name, namespace=namespace, **metadata),
        spec=core_v1.PodSpec(node_name=node or None, containers=[core_v1.Container(name="main", image="x/y:1")]),
        status=core_v1.PodStatus(phase=phase, container_statuses=statuses),
    )


@in_virtual_time
async def test_informers_hold_what_was_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    managed = [meta_v1.ManagedFieldsEntry(manager="test", operation="Update")]
    clientset = fake.Clientset(pod("a", "x", node="n1", managed_fields=managed), pod("b", node="n2"))
    names = names_of(PAGE, "watch_node", BACKUP, DEPLOYMENT)
    await names["watch_node"](clientset, "n1")
    assert capsys.readouterr().out == "1 1 0\n"
    assert names["without_managed_fields"](pod("a", managed_fields=managed)) == pod("a")


@in_virtual_time
async def test_events_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    clientset = fake.Clientset(pod("a", phase="Pending"))
    factory = kubeloop.SharedInformerFactory(clientset)
    informer = factory.core_v1.pods()
    async with factory:
        report = asyncio.create_task(of_page("report")(informer))
        await factory.wait_for_cache_sync(timeout=30)
        await settle()
        pods = clientset.core_v1.pods("default")
        await pods.patch_status("a", {"status": {"phase": "Running"}})
        await pods.create(pod("b"))
        await pods.delete("a")
        await settle()
    await report
    assert capsys.readouterr().out.splitlines() == [
        "exists a",
        "a Pending -> Running",
        "is new b",
        "a Running -> Running",  # the mark of the deletion
        "was deleted a",
    ]


@in_virtual_time
async def test_a_handler_that_cannot_follow_fails() -> None:
    clientset = fake.Clientset(pod("a"))
    factory = kubeloop.SharedInformerFactory(clientset)
    informer = factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        audit = asyncio.create_task(of_page("audit", "10_000", "3")(informer))
        await settle()
        for number in range(5):
            await clientset.core_v1.pods("default").patch("a", {"metadata": {"labels": {"number": str(number)}}})
        with pytest.raises(kubeloop.BacklogFull):
            await audit


@in_virtual_time
async def test_a_factory_has_metrics() -> None:
    metrics = kubeloop.Metrics()
    factory = of_page("with_metrics")(fake.Clientset(pod("a")), metrics)
    factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert "informer_objects" in metrics.text()
        assert factory.describe().split()[:2] == ["INFORMER", "STATE"]


@in_virtual_time
async def test_metadata_name_the_objects_of_an_owner() -> None:
    owner = meta_v1.OwnerReference(api_version="v1", kind="Pod", name="a", uid="u1")
    secret = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="s", namespace="default", owner_references=[owner]))
    other = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="t", namespace="default"))
    clientset = fake.Clientset(pod("a", uid="u1"), secret, other)
    assert await of_page("owned", BACKUP, DEPLOYMENT, page=MEMORY_PAGE)(clientset, "u1") == ["s"]


@in_virtual_time
async def test_an_informer_of_several_namespaces_has_their_objects() -> None:
    clientset = fake.Clientset(pod("a", "team-a"), pod("b", "team-b"), pod("c", "team-c"))
    assert await of_page("count")(clientset) == {"team-a": 1, "team-b": 1}


@in_virtual_time
async def test_a_program_waits_for_its_write() -> None:
    clientset = fake.Clientset(pod("a"))
    factory = kubeloop.SharedInformerFactory(clientset)
    informer = factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await of_page("mark")(clientset.core_v1.pods("default"), informer, "a")
        assert informer.lister.list() == []


@in_virtual_time
async def test_a_claim_is_seen_by_the_next_read() -> None:
    clientset = fake.Clientset(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="m", namespace="default")))
    factory = kubeloop.SharedInformerFactory(clientset)
    cache = MutationCache(factory.core_v1.config_maps())
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        claim, maps = of_page("claim"), clientset.core_v1.config_maps("default")
        for _ in range(2):
            await claim(maps, cache, "m")
        assert len(clientset.api.actions.writes) == 1


@in_virtual_time
async def test_stores_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    factory = kubeloop.SharedInformerFactory(fake.Clientset(pod("a")))
    informer = factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert await of_page("check")(factory)
        informer.indexer.remove("default/a")
        informer.indexer.bookmark(informer.last_sync_resource_version)
        assert not await of_page("check")(factory)
    assert "1 missing: default/a" in capsys.readouterr().out


@in_virtual_time
async def test_a_lazy_informer_has_the_nodes() -> None:
    clientset = fake.Clientset(pod("a", node="n1", labels={"app": "web"}), pod("b", node="n2"))
    assert await of_page("nodes_of_web", page=MEMORY_PAGE)(clientset) == ["n1"]


@in_virtual_time
async def test_an_informer_keeps_some_fields_and_its_objects_can_be_patched() -> None:
    clientset = fake.Clientset(pod("a", node="n1"), pod("b", node="n2"))
    assert await of_page("running_on", page=MEMORY_PAGE)(clientset, "n1") == 1
    await of_page("check_off", page=MEMORY_PAGE)(clientset, await clientset.core_v1.pods("default").get("b"))
    assert (await clientset.core_v1.pods("default").get("b")).metadata.labels["checked"] == "yes"


@in_virtual_time
async def test_a_client_and_an_informer_are_read_alike() -> None:
    clientset = fake.Clientset(pod("a", labels={"app": "web"}))
    factory = kubeloop.SharedInformerFactory(clientset)
    informer = factory.core_v1.pods()
    names = names_of(PAGE, "compare")
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert await names["restarts"](informer.lister.reader("default")) == 3
        assert await names["compare"](clientset, informer)


@in_virtual_time
async def test_one_handler_is_resynced(capsys: pytest.CaptureFixture[str]) -> None:
    factory = of_page("services")(fake.Clientset())
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        capsys.readouterr()
        await asyncio.sleep(1300)
        assert capsys.readouterr().out == "resync default/kubernetes\n" * 2


@in_virtual_time
async def test_a_store_is_read_in_another_thread() -> None:
    factory = kubeloop.SharedInformerFactory(fake.Clientset(pod("a", labels={"app": "web"})))
    informer = factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        count, version = await asyncio.to_thread(of_page("ready_pods"), informer)
        assert (count, version) == (1, informer.store_resource_version)


def test_a_lister_is_tested_without_a_server() -> None:
    of_page("test_counts_pods")(fake.Clientset())
