"""Informers of several namespaces: each source replaces, resumes and fails for itself. In virtual time."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.informer_sources import InformerSources, lowest_version
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.source.lister_watcher import ListWatch
from kubeloop.cache.source.rest_source import rest_list_watches
from kubeloop.cache.store.mutation_cache import MutationCache
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.errors import NotSynced, StaleCache
from kubeloop.meta.gvk import GroupResource, GroupVersionKind
from kubeloop.meta.namespaces import ALL_NAMESPACES, DEFAULT
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
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


def pod_in(namespace: str, name: str, version: int, **metadata: Any) -> dict[str, Any]:
    return pod(name, version, namespace=namespace, uid=f"uid-{namespace}-{name}", **metadata)


def typed(namespace: str, name: str, version: int) -> core_v1.Pod:
    metadata = meta_v1.ObjectMeta(
        name=name, namespace=namespace, resource_version=str(version), uid=f"uid-{namespace}-{name}"
    )
    return core_v1.Pod(metadata=metadata)


class Served(RunningInformer):
    """An informer of the pods of several namespaces, each of which has a script of responses."""

    def __init__(self, **scripts: list[Any]) -> None:
        self.scripts = scripts
        super().__init__(self._respond, make=lambda factory: factory.core_v1.pods([*scripts]))

    def name_of(self, obj: Any) -> str:
        return f"{obj.metadata.namespace}/{obj.metadata.name}"

    def scope_of(self, request: Any) -> str:
        return f"{request.path.split('/')[4]} "

    def _respond(self, request: Any) -> Any:
        verb = "watch" if "watch" in query(request) else "list"
        script = self.scripts[self.scope_of(request).strip()]
        if script and (script[0].is_for or verb) == verb:
            return script.pop(0)
        return watch_response(Hang()) if verb == "watch" else error_status(500, "InternalError", "no more lists")


@in_virtual_time
async def test_each_namespace_is_listed_and_watched_for_itself() -> None:
    served = Served(
        a=[list_of([pod_in("a", "one", 1)], "5"), watch_response(event("ADDED", pod_in("a", "two", 6)), Hang())],
        b=[list_of([pod_in("b", "one", 2)], "7"), watch_response(event("DELETED", pod_in("b", "one", 8)), Hang())],
    )
    async with served:
        await served.factory.wait_for_cache_sync(timeout=30)
        assert served.store == {"a/one": "1", "a/two": "6"}
        assert sorted(served.told) == ["add a/one", "add a/two", "add b/one", "delete b/one"]
        assert sorted(served.asked) == ["list a 0", "list b 0", "watch a 5", "watch b 7"]
        assert served.pods.name == "v1 pods in a, b"
        assert served.pods.is_connected
        assert served.pods.last_error == ""


@in_virtual_time
async def test_a_new_list_of_one_namespace_changes_no_other() -> None:
    expired = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}
    served = Served(
        a=[
            list_of([pod_in("a", "one", 1), pod_in("a", "two", 2)], "5"),
            watch_response(1.0, event("MODIFIED", pod_in("a", "one", 6)), event("ERROR", expired)),
            list_of([pod_in("a", "two", 2), pod_in("a", "three", 9)], "10"),
        ],
        b=[list_of([pod_in("b", "one", 3), pod_in("b", "two", 4)], "5")],
        ab=[list_of([pod_in("ab", "one", 3)], "5")],
    )
    async with served:
        await served.factory.wait_for_cache_sync(timeout=30)
        before = {key: served.pods.lister.get(key) for key in ("a/two", "b/one", "ab/one")}
        served.told.clear()
        await asyncio.sleep(2)
        assert served.store == {"a/two": "2", "a/three": "9", "b/one": "3", "b/two": "4", "ab/one": "3"}
        assert served.told == ["update a/one", "delete a/one", "add a/three"]
        assert served.pods.statistics().relists == {"Expired": 1}
        assert all(served.pods.lister.get(key) is each for key, each in before.items())
        assert [each.metadata.name for each in served.pods.lister.namespace("b").list()] == ["one", "two"]


@in_virtual_time
async def test_a_forbidden_namespace_stops_no_other_and_is_named() -> None:
    refusals: list[Any] = [error_status(403, "Forbidden", "pods is forbidden")] * 3
    served = Served(
        a=[list_of([pod_in("a", "one", 1)], "5"), watch_response(event("ADDED", pod_in("a", "two", 6)), Hang())],
        b=[*refusals, list_of([pod_in("b", "one", 1)], "9")],
    )
    failures: list[str] = []
    served.pods.set_watch_error_handler(lambda reflector, _error: failures.append(reflector.name))
    async with served:
        assert served.store == {"a/one": "1", "a/two": "6"}
        assert not served.pods.has_synced
        assert not served.pods.is_connected
        assert served.pods.last_heard_at is None
        path = "GET /api/v1/namespaces/b/pods"
        assert served.pods.last_error == f"namespace b: {path}: 403 Forbidden: pods is forbidden"
        with pytest.raises(NotSynced, match=r"v1 pods in a, b \(namespace b: .* 403 Forbidden: pods is forbidden\)"):
            await served.factory.wait_for_cache_sync(timeout=0.1)
        await served.pods.wait_for_write(typed("a", "two", 6))
        await served.factory.wait_for_cache_sync(timeout=60)
        assert served.store == {"a/one": "1", "a/two": "6", "b/one": "1"}
        assert (served.pods.last_error, served.pods.is_connected) == ("", True)
        assert failures == ["v1 pods in a, b, namespace b"] * 3


@in_virtual_time
async def test_objects_of_each_first_list_are_reported_as_initial() -> None:
    initial: list[tuple[str, bool]] = []

    class Handler:
        def on_add(self, obj: core_v1.Pod, is_in_initial_list: bool) -> None:
            initial.append((obj.metadata.namespace, is_in_initial_list))

        def on_update(self, old: core_v1.Pod, new: core_v1.Pod) -> None: ...

        def on_delete(self, obj: Any) -> None: ...

    served = Served(
        a=[list_of([pod_in("a", "one", 1)], "5"), watch_response(event("ADDED", pod_in("a", "two", 6)), Hang())],
        b=[list_of([pod_in("b", "one", 1)], "9", delay=5.0)],
    )
    registration = served.pods.add_event_handler(Handler())
    async with served:
        await asyncio.sleep(1)
        assert not registration.has_synced
        await served.factory.wait_for_cache_sync(timeout=30)
        assert registration.has_synced
        assert initial == [("a", True), ("a", False), ("b", True)]


@in_virtual_time
async def test_versions_are_those_of_each_namespace_and_the_lowest_is_that_of_the_informer() -> None:
    served = Served(
        a=[list_of([], "100"), watch_response(1.0, event("ADDED", pod_in("a", "one", 102)), Hang())],
        b=[list_of([], "99", delay=0.5), watch_response(1.0, bookmark("101"), 1.0, bookmark("103"), Hang())],
    )
    async with served:
        assert (served.pods.store_version("a"), served.pods.store_version("b")) == ("100", None)
        assert served.pods.store_version() is None
        assert served.pods.last_sync_resource_version == served.pods.store_resource_version == ""
        await served.factory.wait_for_cache_sync(timeout=30)
        assert served.pods.last_sync_resource_version == served.pods.store_resource_version == "99"
        await asyncio.sleep(1.2)
        assert (served.pods.store_version("a"), served.pods.store_version("b")) == ("102", "101")
        assert served.pods.last_sync_resource_version == served.pods.store_resource_version == "101"


@in_virtual_time
async def test_a_write_is_waited_for_in_its_own_namespace() -> None:
    served = Served(
        a=[list_of([], "100"), watch_response(1.0, bookmark("200"), Hang())],
        b=[
            list_of([pod_in("b", "gone", 3)], "100"),
            watch_response(3.0, event("DELETED", pod_in("b", "gone", 201)), Hang()),
        ],
    )
    async with served:
        cache = MutationCache(served.pods)
        for each in (typed("a", "one", 150), typed("b", "one", 150), typed("c", "one", 150)):
            cache.record(each)
        await served.pods.wait_for_write(typed("a", "one", 150))
        assert elapsed() == 1
        assert [each.metadata.namespace for each in cache.list() if each.metadata.name == "one"] == ["b"]
        with pytest.raises(StaleCache, match=r"the write of b/one at resourceVersion 150 within 1 s: it is at 100"):
            await served.pods.wait_for_write(typed("b", "one", 150), timeout=1)
        await served.pods.wait_for_deletion("uid-b-gone")
        assert elapsed() == 3
        await served.pods.wait_for_write(typed("c", "one", 900))
        assert elapsed() == 3


@in_virtual_time
async def test_unreadable_objects_of_one_namespace_stay_known_when_another_is_listed() -> None:
    expired = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}
    nameless = {"kind": "Pod", "apiVersion": "v1", "metadata": {"labels": 7}}
    served = Served(
        a=[list_of([pod_in("a", "one", 1, labels=7), nameless], "5")],
        b=[
            list_of([pod_in("b", "one", 1, labels=7), nameless, pod_in("b", "two", 1)], "5"),
            watch_response(1.0, event("ERROR", expired)),
            list_of([pod_in("b", "one", 6)], "10"),
        ],
    )
    async with served:
        assert sorted(served.pods.unreadable) == ["#1 in a", "#1 in b", "a/one", "b/one"]
        await asyncio.sleep(2)
        assert sorted(served.pods.unreadable) == ["#1 in a", "a/one"]
        assert served.store == {"b/one": "6"}


@in_virtual_time
async def test_a_consistency_check_covers_every_namespace() -> None:
    api = APIServer(
        *(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name=name)) for name in "abc"),
        *(core_v1.Secret(metadata=meta_v1.ObjectMeta(name=name, namespace=name)) for name in "abc"),
        controllers=(), random=random.Random(0),
    )  # fmt: skip
    factory = SharedInformerFactory(api.clientset(), namespace=["a", "c"], random=random.Random(0))
    informer = factory.core_v1.secrets()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        version = informer.store_resource_version
        report = await informer.check_consistency()
        assert (report.verdict, report.count) == ("consistent", 2)
        assert report.resource_version == f"{version} of a, {version} of c"
        informer.indexer.remove("a/a")
        report = await informer.check_consistency()
        assert (report.verdict, report.missing) == ("inconsistent", ("a/a",))
    api.close()


@in_virtual_time
async def test_a_check_names_the_namespaces_that_could_not_be_compared() -> None:
    listing = list_of([], "5", kind="PartialObjectMetadataList", api_version="meta.k8s.io/v1")
    served = Served(a=[list_of([], "5"), watch_response(Hang()), listing], b=[error_status(403, "Forbidden")] * 9)
    async with served:
        report = await served.pods.check_consistency()
        assert (report.verdict, report.reason) == ("unknown", "namespace b: the informer has not listed yet")


@in_virtual_time
async def test_a_kind_is_looked_up_once_for_all_namespaces() -> None:
    resources = {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "g.io/v1",
        "resources": [{"name": "things", "singularName": "thing", "namespaced": True, "kind": "Thing", "verbs": []}],
    }  # fmt: skip

    def respond(request: Any) -> Any:
        if request.path == "/apis/g.io/v1":
            return ScriptedResponse.of(resources)
        if "watch" in query(request):
            return watch_response(Hang())
        return list_of([], "5", kind="ThingList", api_version="g.io/v1")

    clients, transport = clientset(respond)
    factory = SharedInformerFactory(clients, watch_list=False, random=random.Random(7))
    factory.informer(Unstructured, GroupVersionKind("g.io", "v1", "Thing"), namespace=["a", "b", "c"])
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
    asked = [request.path for request in transport.requests if "watch" not in query(request)]
    assert asked[0] == "/apis/g.io/v1"
    assert sorted(asked[1:]) == [f"/apis/g.io/v1/namespaces/{name}/things" for name in "abc"]


@in_virtual_time
async def test_a_looked_up_resource_without_namespaces_is_not_listed_several_times() -> None:
    resources = {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
        "resources": [{"name": "nodes", "singularName": "node", "namespaced": False, "kind": "Node", "verbs": []}],
    }  # fmt: skip
    clients, transport = clientset(lambda _request: ScriptedResponse.of(resources))
    factory = SharedInformerFactory(clients, watch_list=False, random=random.Random(7))
    informer = factory.informer(Unstructured, GroupVersionKind("", "v1", "Node"), namespace=["a", "b"])
    async with factory:
        await settle()
        assert informer.last_error.startswith("namespace a: nodes are not namespaced: leave out the namespaces; ")
    assert [request.path for request in transport.requests] == ["/api/v1"]


@in_virtual_time
async def test_an_informer_that_is_built_by_hand_knows_its_namespaces() -> None:
    def respond(request: Any) -> Any:
        return watch_response(Hang()) if "watch" in query(request) else list_of([], "5")

    clients, _ = clientset(respond)
    sources = rest_list_watches(
        clients.rest, core_v1.Pod, namespaces=["a", "b"], watch_list=False, label_selector="app=web"
    )
    informer = SharedInformer(sources, resource=GroupResource("", "pods"))
    running = asyncio.create_task(informer.run())
    await informer.wait_for_sync()
    await informer.wait_for_write(typed("c", "one", 900))
    with pytest.raises(StaleCache, match="the write of b/one"):
        await informer.wait_for_write(typed("b", "one", 900), timeout=1)
    running.cancel()
    await asyncio.wait([running])


# The factory


def make(**options: Any) -> SharedInformerFactory:
    config = Config(host="https://server", namespace="team")
    return SharedInformerFactory(Clientset(config, transport=ScriptedTransport()), **options)


def test_order_and_repetition_of_namespaces_make_no_difference() -> None:
    factory = make()
    informer = factory.core_v1.pods(["b", "a"])
    assert informer is factory.core_v1.pods(("a", "b", "b"))
    assert informer is factory.informer(core_v1.Pod, namespace={"a", "b"})
    assert informer is not factory.core_v1.pods(["a", "b", "c"])
    assert factory.core_v1.pods(["a"]) is factory.core_v1.pods("a")
    assert factory.core_v1.pods([DEFAULT, "a"]).name == "v1 pods in a, team"
    assert factory.core_v1.pods([f"n{number}" for number in range(8)]).name.endswith("n3, n4, 3 more namespaces")


def test_the_namespaces_of_a_factory_are_those_of_its_informers() -> None:
    factory = make(namespace=["a", "b"])
    assert factory.core_v1.pods().name == "v1 pods in a, b"
    assert factory.metadata(core_v1.Pod).name == "metadata of v1 pods in a, b"
    assert factory.core_v1.nodes().name == "v1 nodes"
    assert factory.core_v1.pods(ALL_NAMESPACES).name == "v1 pods"
    assert repr(factory) == "<SharedInformerFactory in ['a', 'b']: new, 4 informers>"


@pytest.mark.parametrize(
    ("model", "namespace", "error", "text"),
    [
        (core_v1.Pod, [], ValueError, r"expected names of namespaces, got \[\]"),
        (core_v1.Pod, ["a", ALL_NAMESPACES], ValueError, "pass ALL_NAMESPACES alone"),
        (core_v1.Node, ["a", "b"], ValueError, "nodes are not namespaced"),
        (core_v1.Pod, [7], TypeError, "expected the names of namespaces, got int"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(model: Any, namespace: Any, error: type[Exception], text: str) -> None:
    factory = make()
    with pytest.raises(error, match=text):
        factory.informer(model, namespace=namespace)


@pytest.mark.parametrize("sources", [{}, {"": None, "a": None}])
def test_an_informer_needs_a_source_for_each_of_its_namespaces(sources: Any) -> None:
    with pytest.raises(ValueError, match="expected the source of at least one namespace"):
        InformerSources("v1 pods", sources)


def test_the_repr_names_the_namespaces() -> None:
    source: ListWatch[core_v1.Pod] = ListWatch(*[lambda *_args, **_options: pytest.fail("a request was sent")] * 2)
    assert repr(InformerSources("v1 pods", {"a": source, "b": source})) == "<InformerSources of v1 pods: a, b>"
    assert repr(InformerSources("v1 pods", source)) == "<InformerSources of v1 pods: one>"


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([], None), (["v7"], "v7"), ([None], None), (["9", "10"], "9"), (["10", None], None), (["v7", None], None),
        (["9", "v7"], ""), (["", "9"], ""),
    ],
)  # fmt: skip
def test_the_lowest_of_several_versions(versions: list[str | None], expected: str | None) -> None:
    assert lowest_version(versions) == expected
