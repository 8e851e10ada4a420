"""The namespace of a verb: the argument, the context's namespace (DEFAULT), or none."""

from __future__ import annotations

import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport, list_of, watch_response

CM: dict[str, Any] = {
    "kind": "ConfigMap", "apiVersion": "v1",
    "metadata": {"name": "a", "namespace": "team", "resourceVersion": "5", "uid": "u"},
}  # fmt: skip
LIST = {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": [CM]}
SUCCESS = {"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}
UNPLACED = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a"))
KIND = kubeloop.GroupVersionKind("", "v1", "ConfigMap")
RESOURCE = kubeloop.GroupVersionResource("", "v1", "configmaps")
Call = Callable[[Any], Awaitable[Any]]


async def first(objects: Any) -> None:
    async for _ in objects:
        return


async def edited(client: Any) -> None:
    async with client.edit("a") as draft:
        draft.metadata.labels["a"] = "b"


VERBS: dict[str, Call] = {
    "get": lambda c: c.get("a"),
    "get_or_none": lambda c: c.get_or_none("a"),
    "exists": lambda c: c.exists("a"),
    "list": lambda c: c.list(),
    "iterate": lambda c: first(c.iterate()),
    "create": lambda c: c.create(UNPLACED),
    "update": lambda c: c.update(UNPLACED),
    "patch": lambda c: c.patch("a", {}),
    "apply": lambda c: c.apply({"kind": "ConfigMap", "metadata": {"name": "a"}}, field_manager="me"),
    "edit": edited,
    "delete": lambda c: c.delete("a"),
    "delete_collection": lambda c: c.delete_collection(),
}
CLIENTS: dict[str, Callable[[Clientset], Any]] = {
    "accessor": lambda c: c.core_v1.config_maps(kubeloop.DEFAULT),
    "resource": lambda c: c.resource(core_v1.ConfigMap, kubeloop.DEFAULT),
    "resource by kind": lambda c: c.resource(
        kubeloop.Unstructured, kubeloop.GroupVersionKind("", "v1", "ConfigMap"), kubeloop.DEFAULT
    ),
    "dynamic": lambda c: c.dynamic.resource("v1", "configmaps").namespace(kubeloop.DEFAULT),
}
RESOURCES = {
    "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
    "resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "singularName": "", "verbs": []}],
}  # fmt: skip


def respond(request: Any) -> ScriptedResponse:
    if request.path == "/api/v1":
        return ScriptedResponse.of(RESOURCES)
    return ScriptedResponse.of(LIST if request.path.endswith("configmaps") and request.method != "POST" else CM)


def in_team(*script: Any) -> tuple[Clientset, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return Clientset(Config(host="https://server", namespace="team"), transport=transport), transport


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("verb", VERBS)
def test_default_is_the_namespace_of_the_config_for_every_verb(verb: str, client: str) -> None:
    clients, transport = in_team(respond)
    virtual_time.run(VERBS[verb](CLIENTS[client](clients)))  # type: ignore[arg-type]
    paths = {request.path for request in transport.requests} - {"/api/v1"}
    assert paths
    assert all(path.startswith("/api/v1/namespaces/team/configmaps") for path in paths)


@in_virtual_time
async def test_default_holds_for_watches_and_subresources() -> None:
    clients, transport = in_team(
        list_of([], "5"), watch_response(Hang()), ScriptedResponse.of(SUCCESS), ScriptedResponse.text("x")
    )
    pods = clients.core_v1.pods(kubeloop.DEFAULT)
    async with pods.watch():
        pass
    await pods.eviction("a").create({})
    await pods.log("a")
    assert {request.path.split("/pods")[0] for request in transport.requests} == {"/api/v1/namespaces/team"}


@in_virtual_time
async def test_default_holds_for_requests_of_the_rest_client() -> None:
    clients, transport = in_team(ScriptedResponse.of(CM))
    await clients.rest.get("configmaps", namespace=kubeloop.DEFAULT, name="a")
    assert transport.requests[0].path == "/api/v1/namespaces/team/configmaps/a"


@in_virtual_time
async def test_default_means_nothing_for_a_resource_without_namespaces() -> None:
    node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "a"}}
    clients, transport = in_team(ScriptedResponse.of(node))
    await clients.resource(core_v1.Node, kubeloop.DEFAULT).get("a")
    assert transport.requests[0].path == "/api/v1/nodes/a"


@in_virtual_time
async def test_without_a_namespace_reads_cover_all_namespaces() -> None:
    clients, transport = in_team(
        ScriptedResponse.of(LIST), ScriptedResponse.of(LIST), ScriptedResponse.of(LIST), watch_response(Hang())
    )
    config_maps = clients.core_v1.config_maps()
    await config_maps.list()
    await first(config_maps.iterate())
    async with config_maps.watch():
        pass
    assert {request.path for request in transport.requests} == {"/api/v1/configmaps"}


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"list", "iterate"}))
@pytest.mark.parametrize(
    ("client", "spelled"),
    [
        (lambda c: c.core_v1.config_maps(), "use config_maps({})"),
        (lambda c: c.resource(core_v1.ConfigMap), "use clientset.resource(ConfigMap, {})"),
        (
            lambda c: c.resource(kubeloop.Unstructured, kubeloop.GroupVersionResource("", "v1", "configmaps")),
            "use .namespace({})",
        ),
        (lambda c: kubeloop.ResourceClient(c.rest, core_v1.ConfigMap), "use ResourceClient(rest, ConfigMap, {})"),
    ],
)
def test_other_verbs_without_a_namespace_are_refused_with_the_way_out(verb: str, client: Any, spelled: str) -> None:
    clients, transport = in_team(respond)
    with pytest.raises(ValueError, match="namespace") as caught:
        virtual_time.run(VERBS[verb](client(clients)))  # type: ignore[arg-type]
    named = spelled.format('"the-namespace"')
    ways = f"{named}, or {spelled.format('kubeloop.DEFAULT').removeprefix('use ')}"
    assert f"{ways} for the namespace of the context" in str(caught.value)
    assert {request.path for request in transport.requests} <= {"/api/v1"}


@pytest.mark.parametrize("namespaced", [True, False])
def test_a_key_where_a_name_is_expected_is_refused_with_its_parts(namespaced: bool) -> None:
    clients, transport = clientset()
    pods = clients.core_v1.pods("x") if namespaced else clients.core_v1.pods()
    for verb in ("get", "delete"):
        with pytest.raises(
            ValueError, match=rf'^{verb}: .*"?default/web.*If it is a key, use pods\("default"\).{verb}\("web"\)'
        ):
            virtual_time.run(getattr(pods, verb)("default/web"))
    assert transport.requests == []


def test_default_can_be_named_copied_and_printed() -> None:
    assert repr(kubeloop.DEFAULT) == "kubeloop.DEFAULT"
    assert pickle.loads(pickle.dumps(kubeloop.DEFAULT)) is kubeloop.DEFAULT
    assert isinstance(kubeloop.DEFAULT, kubeloop.DefaultNamespace)
