"""Informers of metadata: what they ask for, and what they make of the responses of any server. In virtual time."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer_scope import InformerScope
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from tests.support.scripted_clientset import RunningInformer, clientset, pod
from tests.support.scripted_transport import (
    Hang,
    ScriptedResponse,
    ScriptedTransport,
    bookmark,
    error_status,
    event,
    list_of,
    query,
    watch_response,
)

PODS = GroupVersionResource("", "v1", "pods")
POD = GroupVersionKind("", "v1", "Pod")
META = "meta.k8s.io/v1"
AS_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
AS_OBJECT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"


def cut_down(name: str, version: int, **metadata: Any) -> dict[str, Any]:
    return {**pod(name, version, **metadata), "kind": "PartialObjectMetadata", "apiVersion": META}


def whole(name: str, version: int, **metadata: Any) -> dict[str, Any]:
    return {**pod(name, version, **metadata), "spec": {"nodeName": "n1", "containers": [{"name": "main"}]}}


def list_of_metadata(items: list[Any], version: str = "5") -> ScriptedResponse:
    return list_of(items, version, kind="PartialObjectMetadataList", api_version=META)


class Metadata(RunningInformer):
    """A running informer of the metadata of pods over a script, and what it has reported."""

    def __init__(self, *script: Any, resource: Any = core_v1.Pod, **options: Any) -> None:
        super().__init__(*script, make=lambda factory: factory.metadata(resource, **options))


@in_virtual_time
async def test_the_server_is_asked_for_metadata_in_lists_and_watches() -> None:
    served = Metadata(
        list_of_metadata([cut_down("a", 1, labels={"app": "web"})]),
        watch_response(
            event("ADDED", cut_down("b", 6)),
            event("MODIFIED", cut_down("a", 7)),
            bookmark("9", "PartialObjectMetadata", META),
            event("DELETED", cut_down("b", 10)),
            Hang(),
        ),
        namespace="x",
        label_selector="app=web",
    )
    async with served:
        assert sorted(served.told) == ["add a", "add b", "delete b", "update a"]
        assert served.store == {"a": "7"}
        assert served.pods.last_sync_resource_version == "10"
        assert type(served.pods.lister.namespace("x").get("a")) is meta_v1.PartialObjectMetadata
    listed, watched = served.transport.requests
    assert (listed.headers["Accept"], watched.headers["Accept"]) == (AS_LIST, AS_OBJECT)
    assert listed.path == watched.path == "/api/v1/namespaces/x/pods"
    assert query(listed)["labelSelector"] == query(watched)["labelSelector"] == "app=web"


@in_virtual_time
async def test_a_server_that_sends_whole_objects_is_read_all_the_same() -> None:
    served = Metadata(
        list_of([whole("a", 1), whole("b", 2)], "5"),
        watch_response(event("MODIFIED", whole("a", 7)), bookmark("8"), event("DELETED", whole("b", 9)), Hang()),
    )
    async with served:
        assert served.told == ["add a", "add b", "update a", "delete b"]
        assert served.store == {"a": "7"}
        found = served.pods.lister.get("x/a")
    assert found == meta_v1.PartialObjectMetadata.from_dict(cut_down("a", 7))
    assert found.to_dict() == cut_down("a", 7)


@in_virtual_time
async def test_servers_of_both_kinds_behind_one_address_make_no_difference() -> None:
    custom = {**whole("c", 7), "kind": "Thing", "apiVersion": "g.io/v1"}
    served = Metadata(
        list_of(
            [{**whole("a", 1), "kind": "Thing", "apiVersion": "g.io/v1"}], "5", kind="ThingList", api_version="g.io/v1"
        ),
        watch_response(event("ADDED", cut_down("b", 6)), event("ADDED", custom), Hang()),
        resource=GroupVersionResource("g.io", "v1", "things"),
    )
    async with served:
        assert served.store == {"a": "1", "b": "6", "c": "7"}
        found = served.pods.lister.get("x/a")
        assert found == meta_v1.PartialObjectMetadata.from_dict(cut_down("a", 1))
        assert served.pods.unreadable == {}


@pytest.mark.parametrize(
    "foreign", [list_of([], "7", kind="SecretList"), list_of([whole("c", 6)], "7", kind="SecretList")]
)
@in_virtual_time
async def test_a_list_of_other_whole_objects_deletes_nothing(foreign: ScriptedResponse) -> None:
    served = Metadata(
        list_of_metadata([cut_down("a", 1)]),
        error_status(410, "Expired"),
        foreign,
        error_status(403, "Forbidden"),
        Hang(),
        Hang(),
    )
    async with served:
        await asyncio.sleep(2)
        assert served.told == ["add a"]
        assert served.store == {"a": "1"}
        assert "got v1 SecretList" in str(served.pods.last_error)


@pytest.mark.parametrize("kind", ["PartialObjectMetadata", "Pod", ""])
@in_virtual_time
async def test_items_of_a_list_and_objects_of_a_watch_are_equal(kind: str) -> None:
    named = {**cut_down("a", 1), "kind": kind} if kind else {"metadata": cut_down("a", 1)["metadata"]}
    list_kind, version = ("PodList", "v1") if kind == "Pod" else ("PartialObjectMetadataList", META)
    served = Metadata(
        list_of([named] * 600, "5", kind=list_kind, api_version=version),
        watch_response(event("MODIFIED", cut_down("a", 1)), Hang()),
    )
    seen: list[tuple[meta_v1.PartialObjectMetadata, meta_v1.PartialObjectMetadata]] = []
    served.pods.add_event_handler(on_update=lambda old, new: seen.append((old, new)))
    async with served:
        ((old, new),) = seen
    assert old is not new
    assert old == new
    assert old.to_dict() == new.to_dict() == cut_down("a", 1)


@pytest.mark.parametrize(
    "body",
    [
        ScriptedResponse.of({}),
        ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}),
        ScriptedResponse.of({"kind": "Table", "apiVersion": META, "metadata": {"resourceVersion": "5"}, "rows": []}),
        ScriptedResponse.of(cut_down("a", 1)),
        ScriptedResponse.of({"kind": "PodList", "apiVersion": "v1", "metadata": {}}),
        error_status(403, "Forbidden"),
    ],
    ids=["nothing", "Status", "Table", "one object", "a list without items and version", "Forbidden"],
)
@in_virtual_time
async def test_what_is_no_list_says_nothing_about_the_objects(body: ScriptedResponse) -> None:
    served = Metadata(body, list_of_metadata([cut_down("a", 1)]), watch_response(Hang()))
    async with served:
        assert served.pods.last_error
        assert not served.pods.has_synced
        await served.factory.wait_for_cache_sync(timeout=30)
        assert served.store == {"a": "1"}


@in_virtual_time
async def test_an_object_whose_metadata_cannot_be_read_is_unreadable_and_no_deletion() -> None:
    served = Metadata(
        list_of_metadata([cut_down("a", 1), cut_down("b", 2, labels=7), cut_down("", 3, namespace="")]),
        watch_response(event("MODIFIED", cut_down("a", 6, annotations=["x"])), Hang()),
    )
    async with served:
        assert served.told == ["add a"]
        assert served.store == {"a": "1"}
        assert sorted(served.pods.unreadable) == ["#1 of those that were read", "x/a", "x/b"]


@in_virtual_time
async def test_a_watch_that_begins_with_a_failure_is_an_error_as_ever() -> None:
    failure = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 403, "message": "no"}
    served = Metadata(list_of_metadata([]), watch_response(event("ERROR", failure)))
    async with served:
        assert "403" in served.pods.last_error


@in_virtual_time
async def test_protobuf_is_preferred_where_the_config_says_so() -> None:
    transport = ScriptedTransport(list_of_metadata([cut_down("a", 1)]), watch_response(Hang()))
    config = Config(host="https://server", content_type="protobuf")
    factory = SharedInformerFactory(Clientset(config, transport=transport), watch_list=False, random=random.Random(7))
    factory.metadata(core_v1.Pod)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
    parameters = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert transport.requests[0].headers["Accept"].split(",") == [
        f"application/vnd.kubernetes.protobuf;{parameters}",
        f"application/json;{parameters}",
        "application/vnd.kubernetes.protobuf",
        "application/json",
    ]


@pytest.mark.parametrize("content_type", ["json", "protobuf"])
@in_virtual_time
async def test_the_api_server_sends_metadata_in_both_formats(content_type: Any) -> None:
    api = APIServer(random=random.Random(0), controllers=())
    clients = Clientset(api.config().replace(content_type=content_type), transport=api.transport())
    secrets = clients.core_v1.secrets("x")
    await clients.core_v1.namespaces().create(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="x")))
    first = await secrets.create(core_v1.Secret(metadata=meta_v1.ObjectMeta(name="a"), string_data={"key": "hidden"}))
    factory = SharedInformerFactory(clients, watch_list=False, random=random.Random(7))
    informer = factory.metadata(core_v1.Secret)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        second = await secrets.create(core_v1.Secret(metadata=meta_v1.ObjectMeta(name="b", labels={"a": "b"})))
        await settle()
        found = informer.lister.namespace("x").list()
        assert [obj.metadata for obj in found] == [first.metadata, second.metadata]
        assert "hidden" not in repr(found)
        await secrets.delete("a")
        await settle()
        assert informer.indexer.list_keys() == ["x/b"]
    api.close()


# The factory


def make() -> SharedInformerFactory:
    return SharedInformerFactory(clientset()[0])


def test_a_class_and_its_resource_mean_the_same_metadata() -> None:
    factory = make()
    informer = factory.metadata(core_v1.Pod)
    assert informer is factory.metadata(PODS)
    assert informer is not factory.metadata(POD)
    assert informer is not factory.metadata(core_v1.Pod, label_selector="app=web")
    others: list[object] = [factory.core_v1.pods(), factory.informer(Unstructured, PODS)]
    assert informer not in others
    assert informer.name == "metadata of v1 pods"
    assert factory.metadata(core_v1.Pod, namespace="a").name == "metadata of v1 pods in a"


def test_a_scope_of_metadata_does_not_overlap_with_one_of_whole_objects() -> None:
    metadata = InformerScope(meta_v1.PartialObjectMetadata, PODS, (), "", "", None)
    assert not metadata.overlaps(InformerScope(core_v1.Pod, PODS, (), "", "", None))
    assert metadata.overlaps(InformerScope(meta_v1.PartialObjectMetadata, PODS, ("a",), "", "", None))


@pytest.mark.parametrize(
    ("resource", "options", "error", "text"),
    [
        (None, {}, TypeError, "needs a model class, a GroupVersionResource, a .* or a name .*, got nothing"),
        ("v1/pods", {}, ValueError, "got 'v1/pods'"),
        (core_v1.PodSpec, {}, TypeError, "got PodSpec"),
        (core_v1.Node, {"namespace": "a"}, ValueError, "nodes are not namespaced"),
        (core_v1.Pod, {"label_selector": 7}, TypeError, "label_selector"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(
    resource: Any, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    factory = make()
    with pytest.raises(error, match=text):
        factory.metadata(resource, **options)
    assert factory.informers == ()


@pytest.mark.parametrize("is_metadata", [True, False])
@in_virtual_time
async def test_an_error_names_the_kind_that_the_server_does_not_serve(is_metadata: bool) -> None:
    kind = GroupVersionKind("g.io", "v1", "Thing")
    clients, _ = clientset(error_status(404, "NotFound", "the server could not find the requested resource"))
    factory = SharedInformerFactory(clients, watch_list=False, random=random.Random(7))
    informer: Any = factory.metadata(kind) if is_metadata else factory.informer(Unstructured, kind)
    async with factory:
        await settle()
        assert informer.last_error == "404 NotFound: the server at https://server has no kind Thing in g.io/v1"
        with pytest.raises(errors.NotSynced, match=r"g\.io/v1 Thing \(404 NotFound: .* no kind Thing in g\.io/v1"):
            await factory.wait_for_cache_sync(timeout=0.1)


@in_virtual_time
async def test_the_resource_of_a_kind_is_looked_up_once() -> None:
    resources = {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
        "resources": [{"name": "nodes", "singularName": "node", "namespaced": False, "kind": "Node", "verbs": []}],
    }  # fmt: skip
    served = Metadata(
        ScriptedResponse.of(resources).to("GET /api/v1"),
        list_of_metadata([]),
        watch_response(bookmark("6", "PartialObjectMetadata", META)),
        watch_response(Hang()),
        resource=GroupVersionKind("", "v1", "Node"),
        namespace="x",
    )
    async with served:
        await served.factory.wait_for_cache_sync(timeout=30)
    assert [request.path for request in served.transport.requests][:3] == ["/api/v1", "/api/v1/nodes", "/api/v1/nodes"]
