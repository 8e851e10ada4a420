"""The consistency check of an informer, against the API server in Python and a script. In virtual time."""

from __future__ import annotations

import random
from typing import Any

import pytest

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.source.lister_watcher import ListWatch
from kubeloop.errors import Forbidden
from kubeloop.meta.gvk import GroupResource, GroupVersionResource
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from tests.support.scripted_clientset import RunningInformer, pod
from tests.support.scripted_transport import Hang, error_status, event, list_of, query, watch_response


def settings(name: str, **labels: str) -> core_v1.Secret:
    return core_v1.Secret(metadata=meta_v1.ObjectMeta(name=name, namespace="x", labels=labels))


def without_labels(obj: core_v1.Secret) -> core_v1.Secret:
    draft = obj.draft()
    del draft.metadata.labels
    return draft.finish().after


def metadata_list(*objects: dict[str, Any], version: str = "6", **fields: Any) -> Any:
    return list_of(
        [{**obj, "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"} for obj in objects],
        version, kind="PartialObjectMetadataList", api_version="meta.k8s.io/v1", **fields,
    )  # fmt: skip


@in_virtual_time
async def test_a_store_is_compared_with_the_server_at_its_own_version() -> None:
    api = APIServer(
        core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="x")),
        *(settings(f"m{number}", app="web" if number % 2 else "db") for number in range(6)),
        controllers=(), random=random.Random(0),
    )  # fmt: skip
    clients = api.clientset()
    factory = SharedInformerFactory(clients, random=random.Random(0))
    informers: list[Any] = [
        factory.core_v1.secrets(),
        factory.core_v1.secrets("x", label_selector="app=web"),
        factory.metadata(core_v1.Secret),
        factory.core_v1.secrets(transform=without_labels),
        factory.informer(Unstructured, GroupVersionResource("", "v1", "secrets")),
    ]
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await clients.core_v1.secrets("x").patch("m1", {"metadata": {"annotations": {"a": "b"}}})
        await settle()
        reports = [await informer.check_consistency() for informer in informers]
        assert [(report.verdict, report.count) for report in reports] == [("consistent", n) for n in (6, 3, 6, 6, 6)]
        broken = informers[0].indexer
        broken.remove("x/m0")
        broken.put("x/ghost", settings("ghost"))
        broken.put("x/m2", settings("m2"))
        broken.bookmark(reports[0].resource_version)
        report = await informers[0].check_consistency()
        assert report.verdict == "inconsistent"
        assert (report.missing, report.extra, [each.key for each in report.stale]) == (
            ("x/m0",),
            ("x/ghost",),
            ["x/m2"],
        )
    api.close()


@in_virtual_time
async def test_one_list_of_metadata_is_sent_for_exactly_one_version() -> None:
    served = RunningInformer(
        list_of([pod("a", 1), pod("b", 2)], "5"),
        watch_response(event("DELETED", pod("b", 6)), Hang()),
        metadata_list(pod("a", 1), continue_="more"),
        metadata_list(pod("c", 3)),
    )
    async with served:
        report = await served.pods.check_consistency()
        assert (report.verdict, report.resource_version, report.missing) == ("inconsistent", "6", ("x/c",))
    first, second = served.transport.requests[2:]
    assert query(first) == {"resourceVersion": "6", "resourceVersionMatch": "Exact", "limit": "5000"}
    assert query(second) == {"continue": "more", "limit": "5000"}
    assert first.headers["Accept"].startswith("application/json;as=PartialObjectMetadataList;")


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (error_status(410, "Expired", "too old resource version"), "too old resource version"),
        (metadata_list(pod("a", 1), version="9"), "the server listed at 9 instead of 5"),
    ],
    ids=["expired", "another version"],
)
@in_virtual_time
async def test_a_version_that_the_server_cannot_list_says_nothing(response: Any, reason: str) -> None:
    async with RunningInformer(list_of([pod("a", 1)], "5"), watch_response(Hang()), response) as served:
        report = await served.pods.check_consistency()
        assert report.verdict == "unknown"
        assert reason in report.reason


@in_virtual_time
async def test_a_refusal_is_raised() -> None:
    async with RunningInformer(list_of([], "5"), watch_response(Hang()), error_status(403, "Forbidden")) as served:
        with pytest.raises(Forbidden):
            await served.pods.check_consistency()


@in_virtual_time
async def test_nothing_is_known_before_the_first_list_and_of_a_source_that_cannot_list_at_a_version() -> None:
    source: ListWatch[core_v1.Pod] = ListWatch(*[lambda *_args, **_options: pytest.fail("a request was sent")] * 2)
    informer = SharedInformer(source, resource=GroupResource("", "pods"))
    assert (await informer.check_consistency()).reason == "the informer has not listed yet"
    informer.indexer.replace([], "5")
    assert (await informer.check_consistency()).reason == "the source of the informer cannot list at a version"
