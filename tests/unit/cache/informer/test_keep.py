"""`keep=`: informers that drop fields on arrival, and objects that say so instead of showing defaults."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop import NotKept, Unstructured
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.memory_mode import class_in_mode
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.store.index_by_field import field_index
from kubeloop.models import core_v1, meta_v1, rbac_v1
from kubeloop.testing import APIServer, CacheMutated, MutationDetector
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.wire.serializers.json_serializer import JSON
from tests.support.scripted_clientset import PODS, clientset, pod
from tests.support.scripted_transport import Hang, event, list_of, watch_response

KEEP = ["spec.nodeName", "status.phase", "status.conditions"]


def full(name: str, version: int, node: Any = "n1") -> dict[str, Any]:
    data = pod(name, version)
    data["metadata"] |= {
        "labels": {"app": "web"},
        "annotations": {"note": "x" * 500},
        "managedFields": [{"manager": "m"}],
        "finalizers": ["example.com/f"],
    }
    return {
        **data,
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i" * 500}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }


@asynccontextmanager
async def held(
    *items: dict[str, Any], events: bytes = b"", dynamic: bool = False, keep: Any = KEEP
) -> AsyncIterator[SharedInformer[Any]]:
    """Run an informer that has these objects, and then sees these events."""
    clients, _ = clientset(list_of([*items], "5"), watch_response(events, Hang()))
    factory = SharedInformerFactory(clients, watch_list=False)
    # Any: typed and dynamic objects have two types.
    informer: Any = factory.informer(Unstructured, PODS, keep=keep) if dynamic else factory.core_v1.pods(keep=keep)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await settle()
        yield informer


async def one(**options: Any) -> Any:
    async with held(full("a", 1), **options) as informer:
        return informer.lister.namespace("x").get("a")


@in_virtual_time
async def test_the_kept_fields_of_lists_and_watches_can_be_read() -> None:
    async with held(full("a", 1), events=event("ADDED", full("b", 6, "n2"))) as informer:
        for name, node in (("a", "n1"), ("b", "n2")):
            obj = informer.lister.namespace("x").get(name)
            assert isinstance(obj, core_v1.Pod)
            assert obj.__class__ is core_v1.Pod
            assert obj.spec.node_name == node
            assert obj.status.phase == "Running"
            assert obj.status.conditions == (core_v1.PodCondition(type="Ready", status="True"),)
            assert (obj.metadata.name, obj.metadata.namespace, obj.metadata.uid) == (name, "x", f"uid-{name}")
            assert obj.metadata.labels == {"app": "web"}
            assert obj.kind == "Pod"
        assert [each.metadata.name for each in informer.lister.list(label_selector="app=web")] == ["a", "b"]


@in_virtual_time
@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("spec.containers", lambda obj: obj.spec.containers),
        ("status.podIP", lambda obj: obj.status.pod_ip),
        ("metadata.annotations", lambda obj: obj.metadata.annotations),
        ("metadata.managedFields", lambda obj: obj.metadata.managed_fields),
        ("metadata.deletionTimestamp", lambda obj: obj.metadata.deletion_timestamp),
        ("spec.containers", lambda obj: getattr(obj.spec, "containers", None)),
        ("spec.containers", lambda obj: obj.draft().spec.containers),
    ],
)
async def test_reading_a_field_that_was_dropped_is_an_error_and_no_default(path: str, read: Any) -> None:
    obj = await one()
    with pytest.raises(NotKept) as caught:
        read(obj)
    assert str(caught.value) == (
        f"{path} was dropped: the keep= of its informer has spec.nodeName, status.conditions, status.phase"
    )


@in_virtual_time
async def test_an_object_of_which_fields_were_dropped_cannot_be_written_as_a_whole() -> None:
    obj = await one()
    whole = "Pod: it cannot be written as a whole, which would remove other fields: the keep= of its informer has "
    for write in (JSON.encode, kubeloop.encode, lambda each: each.to_dict(), lambda each: each.to_yaml()):
        with pytest.raises(NotKept, match=whole):
            write(obj)
    with pytest.raises(NotKept, match="PodSpec: it cannot be written as a whole"):
        core_v1.Pod(spec=obj.spec)
    with pytest.raises(NotKept, match="ObjectMeta: it cannot be written as a whole"):
        core_v1.Service(metadata=obj.metadata)
    clients, transport = clientset()
    with pytest.raises(NotKept, match=whole):
        await clients.core_v1.pods("x").update(obj)
    assert not transport.requests


@in_virtual_time
async def test_a_draft_of_kept_fields_gives_patches() -> None:
    draft = (await one()).draft()
    draft.spec.node_name = "n2"
    draft.metadata.labels["new"] = "yes"
    change = draft.finish()
    assert change.merge_patch() == {"metadata": {"labels": {"new": "yes"}}, "spec": {"nodeName": "n2"}}
    assert change.after.spec.node_name == "n2"
    assert change.after != change.before
    with pytest.raises(NotKept, match=r"spec\.containers was dropped"):
        _ = change.after.spec.containers
    draft = (await one()).draft()
    with pytest.raises(NotKept, match=r"spec\.hostname was dropped"):
        draft.spec.hostname = "h"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec", core_v1.PodSpec(node_name="n2", hostname="h")),
        ("spec", core_v1.PodSpec(node_name="n1")),
        ("status", core_v1.PodStatus(phase="Failed")),
        ("metadata", meta_v1.ObjectMeta(name="a", annotations={"new": "yes"})),
    ],
    ids=["another spec", "the kept fields of the spec", "status", "metadata"],
)
@in_virtual_time
async def test_a_part_with_dropped_fields_cannot_be_replaced_as_a_whole(path: str, value: Any) -> None:
    draft = (await one()).draft()
    setattr(draft, path, value)
    change = draft.finish()
    for patch in (change.merge_patch, change.json_patch):
        with pytest.raises(NotKept, match=rf"{path}\.\w+ was dropped"):
            patch()


@in_virtual_time
async def test_copies_equality_and_display_concern_the_kept_fields() -> None:
    first, second = await one(), await one()
    assert first == second
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first
    assert pickle.loads(pickle.dumps(first.spec)) == first.spec
    with pytest.raises(NotKept):
        _ = pickle.loads(pickle.dumps(first)).spec.containers
    assert "node_name='n1'" in repr(first)
    assert "containers" not in repr(first)
    for mode in ("eager", "lazy", "compressed"):
        whole = JSON.decode(JSON.encode(full("a", 1)), class_in_mode(core_v1.Pod, mode))
        assert first != whole
        assert whole != first
        assert first.metadata != whole.metadata
        assert whole.metadata != first.metadata


@in_virtual_time
async def test_an_object_without_a_model_is_read_by_the_paths_of_its_kept_fields() -> None:
    obj = await one(dynamic=True)
    assert isinstance(obj, Unstructured)
    assert obj.get_in("spec", "nodeName") == "n1"
    assert obj.get_in("status", "conditions", 0, "type") == "Ready"
    assert obj.get_in("metadata", "name") == "a"
    assert (obj["kind"], obj.get("apiVersion"), obj.metadata.labels) == ("Pod", "v1", {"app": "web"})
    assert "spec" in obj
    for read in (
        lambda: obj["spec"],
        lambda: obj.get("data"),
        lambda: obj.get_in("spec"),
        obj.get_in,
        lambda: obj.get_in("spec", "containers", 0, "name"),
        lambda: "data" in obj,
        lambda: list(obj),
        lambda: obj.metadata.annotations,
        obj.to_dict,
        obj.to_yaml,
        obj.draft,
        lambda: JSON.encode(obj),
    ):
        with pytest.raises(NotKept, match=r"the keep= of its informer has spec\.nodeName"):
            read()
    assert obj == pickle.loads(pickle.dumps(obj)) == await one(dynamic=True)
    spaced, changed = json.dumps(full("a", 1), indent=1).encode(), JSON.encode(full("a", 1, "n2"))
    assert obj == JSON.decode(spaced, type(obj))
    assert hash(obj) == hash(JSON.decode(spaced, type(obj)))
    assert obj != JSON.decode(changed, type(obj))
    for mode in ("eager", "lazy", "compressed"):
        whole = JSON.decode(spaced, class_in_mode(Unstructured, mode))
        assert obj != whole
        assert whole != obj
    assert Unstructured(full("b", 1)) not in {obj: 1}


@in_virtual_time
async def test_a_part_of_a_path_that_is_no_object_does_not_make_an_object_unreadable() -> None:
    odd = {**full("a", 1), "spec": 5, "status": None}
    async with held(odd, dynamic=True) as informer:
        obj = informer.lister.namespace("x").get("a")
        assert obj.get_in("spec", "nodeName", default="none") == "none"
        assert obj.get_in("status", "phase") is None


@in_virtual_time
async def test_a_kept_field_that_cannot_be_read_makes_an_object_unreadable_and_a_dropped_one_does_not() -> None:
    dropped = full("b", 2)
    dropped["spec"]["containers"] = dropped["metadata"]["annotations"] = 5
    async with held(full("a", 1, 5), dropped) as informer:
        assert list(informer.unreadable) == ["x/a"]
        assert informer.lister.namespace("x").get("b").spec.node_name == "n1"


@in_virtual_time
@pytest.mark.parametrize("dynamic", [False, True])
async def test_it_takes_less_memory_and_the_garbage_collector_does_not_visit_it(dynamic: bool) -> None:
    sizes: list[int] = []
    for keep in (None, KEEP):
        async with held(*(full(f"p{n}", n + 1) for n in range(100)), dynamic=dynamic, keep=keep) as informer:
            informer.add_indexers({"node": field_index("spec.nodeName")})
            assert len(informer.lister.by_index("node", "n1")) == 100
            assert not any(map(gc.is_tracked, informer.lister.list()))
            sizes.append(informer.memory().objects)
    assert sizes[1] < sizes[0] * 2 / 3


@in_virtual_time
@pytest.mark.parametrize("watch_list", [False, True])
async def test_each_form_of_list_syncs_and_follows_and_agrees_with_the_server(watch_list: bool) -> None:
    objects = [
        core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=f"m{n}", namespace="ns"), data={"k": "v"}) for n in range(3)
    ]
    api = APIServer(*objects, controllers=(), random=Random(2))
    clients = kubeloop.Clientset(api.config(), transport=api.transport())
    factory = SharedInformerFactory(clients, namespace="ns", watch_list=watch_list)
    maps = kubeloop.GroupVersionResource("", "v1", "configmaps")
    informers: list[Any] = [
        factory.core_v1.config_maps(keep=["immutable"]),
        factory.informer(Unstructured, maps, keep=["immutable"]),
        factory.metadata(core_v1.ConfigMap, keep=["metadata.ownerReferences"]),
    ]
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await clients.core_v1.config_maps("ns").patch("m0", {"immutable": True})
        await clients.core_v1.config_maps("ns").delete("m1")
        await asyncio.sleep(5)
        for informer in informers:
            assert sorted(obj.metadata.name for obj in informer.lister.list()) == ["m0", "m2"]
            assert (await informer.check_consistency()).verdict == "consistent"
        assert informers[0].lister.namespace("ns").get("m0").immutable is True
        assert informers[1].lister.namespace("ns").get("m0")["immutable"] is True
        assert informers[2].lister.namespace("ns").get("m0").metadata.owner_references == ()
        with pytest.raises(NotKept):
            _ = informers[2].lister.namespace("ns").get("m0").metadata.annotations
        with pytest.raises(NotKept):
            _ = informers[0].lister.namespace("ns").get("m0").data
    await clients.close()


@in_virtual_time
async def test_null_in_a_kept_list_is_an_empty_list() -> None:
    roles = '{"kind":"ClusterRoleList","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"resourceVersion":"5"}'
    body = f'{roles},"items":[{{"metadata":{{"name":"a","uid":"u","labels":null}},"rules":null}}]}}'.encode()
    clients, _ = clientset(list_of([], "5"), watch_response(Hang()))
    factory = SharedInformerFactory(clients, watch_list=False)
    factory.rbac_v1.cluster_roles(keep=["rules"])
    listing = JSON.decode(body, factory.informers[0]._expected_type.list_type)  # type: ignore[union-attr]
    assert listing.items[0].rules == ()
    assert listing.items[0].metadata.labels == {}
    assert isinstance(listing, rbac_v1.ClusterRoleList)


@in_virtual_time
async def test_a_changed_object_is_detected() -> None:
    async with held(full("a", 1)) as informer:
        detector = MutationDetector(informer)
        await settle()
        informer.lister.namespace("x").get("a").metadata.labels["changed"] = "yes"
        with pytest.raises(CacheMutated, match="/metadata/labels/changed"):
            detector.check()


def test_informers_that_keep_other_fields_are_others() -> None:
    factory = SharedInformerFactory(clientset()[0])
    kept = factory.core_v1.pods("x", keep=["spec.nodeName", "status"])
    assert kept is factory.core_v1.pods("x", keep=("status", "status.phase", "spec.nodeName"))
    assert kept is not factory.core_v1.pods("x")
    assert kept is not factory.core_v1.pods("x", keep=["spec.nodeName"])
    assert kept.name == "v1 pods in x keeping spec.nodeName, status"
    assert factory.core_v1.pods("x", keep=[]).name == "v1 pods in x keeping identity and labels"


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (["spec.node_name"], r"^path 'spec.node_name': PodSpec has no field 'node_name'; did you mean 'nodeName'\?$"),
        (["nothing"], r"^path 'nothing': Pod has no field 'nothing' \(paths have the field names of the API\)$"),
        (["spec.containers.name"], "expected a path through objects, got one below spec.containers"),
        (["spec..nodeName"], "expected a path of field names such as 'spec.nodeName', got 'spec..nodeName'"),
        ([""], "expected a path of field names"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_when_the_informer_is_asked_for(keep: list[str], message: str) -> None:
    factory = SharedInformerFactory(clientset()[0])
    with pytest.raises(ValueError, match=message):
        factory.core_v1.pods(keep=keep)


def test_one_text_in_place_of_paths_and_a_mode_beside_them_are_refused() -> None:
    factory = SharedInformerFactory(clientset()[0], mode="lazy")
    with pytest.raises(TypeError, match="expected several paths of field names"):
        factory.core_v1.pods(keep="spec.nodeName")
    with pytest.raises(ValueError, match="v1 pods keeping status: expected a memory mode or fields to keep, got both"):
        factory.core_v1.pods(keep=["status"], mode="lazy")
    assert factory.core_v1.pods(keep=["status"]).mode == "eager"
