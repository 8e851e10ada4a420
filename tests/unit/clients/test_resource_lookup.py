"""clientset.resource(): the client of a class, a kind or a resource; discovery runs at the first verb if needed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.unstructured import Unstructured
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, list_of, watch_response

THING = {
    "kind": "Thing", "apiVersion": "g.io/v1",
    "metadata": {"name": "a", "namespace": "x", "resourceVersion": "5", "uid": "u"},
}  # fmt: skip
RESOURCES = {
    "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "g.io/v1",
    "resources": [
        {"name": "things/scale", "kind": "Thing", "namespaced": True, "singularName": "", "verbs": ["get"]},
        {"name": "things", "kind": "Thing", "namespaced": True, "singularName": "thing", "verbs": ["get"]},
        {"name": "pools", "kind": "Pool", "namespaced": False, "singularName": "pool", "verbs": ["get"]},
    ],
}  # fmt: skip
DISCOVERY = "/apis/g.io/v1"
GVK, GVR = GroupVersionKind("g.io", "v1", "Thing"), GroupVersionResource("g.io", "v1", "things")


def served() -> tuple[Clientset, ScriptedTransport]:
    def respond(request: Any) -> ScriptedResponse:
        if request.path == DISCOVERY:
            return ScriptedResponse.of(RESOURCES)
        if request.method == "GET" and request.path.endswith("things"):
            return list_of([THING], "5", kind="ThingList", api_version="g.io/v1")
        return ScriptedResponse.of({**THING, "kind": "Pool"} if "pools" in request.path else THING)

    return clientset(respond)


def paths(transport: ScriptedTransport) -> list[str]:
    return [f"{request.method} {request.path}" for request in transport.requests]


@pytest.mark.parametrize("name", [GVK, GVR])
@in_virtual_time
async def test_what_is_missing_is_looked_up_once_at_the_first_verb(name: Any) -> None:
    clients, transport = served()
    things = clients.resource(Unstructured, name, "x")
    assert transport.requests == []
    found = await things.get("a")
    assert (type(found), found.metadata.name) == (kubeloop.Unstructured, "a")
    await clients.resource(Unstructured, name, "y").get("a")
    assert paths(transport) == [
        f"GET {DISCOVERY}",
        f"GET {DISCOVERY}/namespaces/x/things/a",
        f"GET {DISCOVERY}/namespaces/y/things/a",
    ]


@pytest.mark.parametrize("name", [GVK, GVR])
@in_virtual_time
async def test_create_fills_in_kind_and_api_version(name: Any) -> None:
    clients, transport = served()
    things = clients.resource(Unstructured, name, "x")
    await things.create({"metadata": {"name": "a"}})
    await things.create(kubeloop.Unstructured({"metadata": {"name": "a"}}))
    for request in transport.requests[1:]:
        assert json.loads(request.body or b"") == {
            "metadata": {"name": "a"}, "apiVersion": "g.io/v1", "kind": "Thing",
        }  # fmt: skip


@in_virtual_time
async def test_the_scope_is_known_after_the_look_up() -> None:
    clients, transport = served()
    pools = GroupVersionKind("g.io", "v1", "Pool")
    await clients.resource(Unstructured, pools).get("a")
    assert paths(transport)[-1] == f"GET {DISCOVERY}/pools/a"
    with pytest.raises(ValueError, match="pools are not namespaced: leave out the namespace 'x'"):
        await clients.resource(Unstructured, pools, "x").get("a")
    with pytest.raises(ValueError, match=r'get of things .a. needs a namespace: use \.namespace\("the-namespace"\)'):
        await clients.resource(Unstructured, GVK).get("a")


@in_virtual_time
async def test_lists_watches_edits_and_subresources_look_up_too() -> None:
    clients, transport = served()
    assert [one.metadata.name async for one in clients.resource(Unstructured, GVK).iterate()] == ["a"]
    edit = clients.resource(Unstructured, GVK).namespace("x").edit("a")
    async with edit as draft:
        draft["spec"] = {"size": 1}
    await clients.resource(Unstructured, GVK, "x").subresource("a", "scale").get()
    assert paths(transport) == [
        f"GET {DISCOVERY}",
        f"GET {DISCOVERY}/things",
        f"GET {DISCOVERY}/namespaces/x/things/a",
        f"PATCH {DISCOVERY}/namespaces/x/things/a",
        f"GET {DISCOVERY}/namespaces/x/things/a/scale",
    ]


@in_virtual_time
async def test_a_watch_looks_up_when_it_is_entered() -> None:
    clients, transport = clientset(ScriptedResponse.of(RESOURCES), watch_response())
    watch = clients.resource(Unstructured, GVK, "x").watch(resource_version="5", timeout=1)
    assert transport.requests == []
    async with watch:
        assert paths(transport) == [f"GET {DISCOVERY}", f"GET {DISCOVERY}/namespaces/x/things"]


@in_virtual_time
@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (GroupVersionKind("g.io", "v1", "thing"), r"no kind thing in g\.io/v1; did you mean 'Thing'\?$"),
        (GroupVersionResource("g.io", "v1", "thing"), r"no resource thing in g\.io/v1; did you mean 'things'\?$"),
    ],
)
async def test_a_kind_or_resource_that_is_nearly_right_gets_a_hint(resource: Any, message: str) -> None:
    clients, _ = served()
    with pytest.raises(kubeloop.NotFound, match=message):
        await clients.resource(Unstructured, resource, "x").list()


@in_virtual_time
async def test_a_kind_that_the_server_lacks_is_named_and_asked_for_again() -> None:
    clients, transport = served()
    with pytest.raises(kubeloop.NotFound, match=r"https://server has no kind Nothing in g\.io/v1"):
        await clients.resource(Unstructured, GroupVersionKind("g.io", "v1", "Nothing"), "x").get("a")
    with pytest.raises(kubeloop.NotFound, match="no resource nothings"):
        await clients.resource(Unstructured, GroupVersionResource("g.io", "v1", "nothings"), "x").exists("a")
    assert paths(transport) == [f"GET {DISCOVERY}"] * 2
    clients, transport = clientset(error_status(404), ScriptedResponse.of(RESOURCES), ScriptedResponse.of(THING))
    things = clients.resource(Unstructured, GVK, "x")
    with pytest.raises(kubeloop.NotFound, match=r"has no kind Thing in g\.io/v1") as caught:
        await things.get("a")
    assert f"GET {DISCOVERY}: 404" in str(caught.value.__cause__)
    await things.get("a")


@in_virtual_time
async def test_a_look_up_that_is_refused_is_raised_as_it_is() -> None:
    clients, _ = clientset(error_status(403, "Forbidden"))
    with pytest.raises(kubeloop.Forbidden):
        await clients.resource(Unstructured, GVK, "x").get("a")


@in_virtual_time
async def test_calls_at_the_same_time_share_what_they_find() -> None:
    clients, transport = served()
    await asyncio.gather(*(clients.resource(Unstructured, GVK, "x").get("a") for _ in range(3)))
    await clients.resource(Unstructured, GVK, "x").get("a")
    assert paths(transport)[-1] == f"GET {DISCOVERY}/namespaces/x/things/a"


def test_names_that_would_break_a_path_are_refused_at_once() -> None:
    clients, _ = clientset()
    with pytest.raises(ValueError, match="API group"):
        clients.resource(Unstructured, GroupVersionKind("a/b", "v1", "K"))
    with pytest.raises(ValueError, match="its kind is empty"):
        clients.resource(Unstructured, GroupVersionKind("", "v1", ""))
    with pytest.raises(ValueError, match="resource 'a/b'"):
        clients.resource(Unstructured, GroupVersionResource("", "v1", "a/b"))
    with pytest.raises(ValueError, match="namespace"):
        clients.resource(Unstructured, GVK, "a/b")
    with pytest.raises(ValueError, match="namespace"):
        clients.resource(core_v1.Pod, "a/b")


def test_a_class_and_a_resource_must_fit() -> None:
    anything: Any = clientset()[0]
    with pytest.raises(TypeError, match="Pod names its own resource"):
        anything.resource(core_v1.Pod, GVK)
    with pytest.raises(TypeError, match=r"Unstructured needs a GroupVersionResource, .* or a name .* got nothing"):
        anything.resource(Unstructured, "x")
    with pytest.raises(TypeError, match=r"resource\(Pod, \.\.\.\) takes one namespace, got 'a' and 'b'"):
        anything.resource(core_v1.Pod, "a", namespace="b")
    assert "in x" in repr(anything.resource(core_v1.Pod, namespace="x"))
    assert "in x" in repr(anything.resource(Unstructured, GVK, namespace="x"))


@in_virtual_time
async def test_the_dynamic_client_takes_a_resource_in_each_form() -> None:
    clients, transport = clientset(*[ScriptedResponse.of(THING)] * 3)
    dynamic = clients.dynamic
    for resource in (dynamic.resource(GVR), dynamic.resource("g.io/v1", "things"),
                     dynamic.resource(GroupVersion("g.io", "v1"), "things")):  # fmt: skip
        await resource.namespace("x").get("a")
    assert paths(transport) == [f"GET {DISCOVERY}/namespaces/x/things/a"] * 3
    anything: Any = dynamic
    with pytest.raises(TypeError, match=r"use clientset\.resource"):
        anything.resource(GVK)
    with pytest.raises(TypeError, match="leave out the second"):
        anything.resource(GVR, "things")
    with pytest.raises(TypeError, match="needs a plural"):
        anything.resource("g.io/v1")


@in_virtual_time
async def test_an_object_without_a_kind_is_refused_where_nobody_knows_it() -> None:
    clients, transport = clientset()
    things = clients.dynamic.resource(GVR).namespace("x")
    for verb in (things.create, things.update):
        with pytest.raises(ValueError, match=r"has no kind, and a client of g\.io/v1 things does not know it"):
            await verb({"metadata": {"name": "a"}})
    with pytest.raises(ValueError, match=r"^apply: the object has no kind"):
        await things.apply({"metadata": {"name": "a"}}, field_manager="me")
    assert transport.requests == []


@in_virtual_time
async def test_a_group_and_version_may_be_given_in_each_form() -> None:
    clients, transport = clientset(*[ScriptedResponse.of(RESOURCES)] * 4, *[ScriptedResponse.of(THING)] * 4)
    forms: list[Any] = ["g.io/v1", GroupVersion("g.io", "v1"), GVK, GVR]
    for form in forms:
        await clients.discovery.server_resources_for_group_version(form)
    for form in forms:
        await clients.rest.get("things", group_version=form, namespace="x", name="a")
    assert {request.path for request in transport.requests} == {DISCOVERY, f"{DISCOVERY}/namespaces/x/things/a"}
    anything: Any = 5
    with pytest.raises(TypeError, match='expected a group and version such as "apps/v1", got int'):
        await clients.discovery.server_resources_for_group_version(anything)


def test_a_client_says_what_it_is_for_before_and_after_the_look_up() -> None:
    clients, _ = clientset()
    assert repr(clients.resource(Unstructured, GVK, "x")).startswith(
        "<DynamicResource g.io/v1, Kind=Thing in x: add_finalizer, apply, "
    )
    assert repr(clients.dynamic.resource(GVR)).startswith("<DynamicResource g.io/v1 things: add_finalizer, apply, ")
    assert repr(clients.resource(core_v1.Pod, "x")).startswith("<ModelClient v1 pods in x: add_finalizer, apply, ")
