"""Which responses are of a resource without a model, and how an informer asks discovery about the others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.source.list_kind import ListKind
from kubeloop.clients.resource_info import ResourceInfo
from kubeloop.clients.resource_lookup import plural_of
from kubeloop.errors import DecodeError
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.unstructured import Unstructured, UnstructuredList
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import (
    Hang,
    ScriptedResponse,
    bookmark,
    error_status,
    event,
    expired_event,
    list_of,
    watch_response,
)

API = "example.com/v1"
KINDS = {"things": "Thing", "others": "Other"}
ODD = {"pieces-of-cake": "Cake", "others": "Other"}


def kind_of(plural: str, kind: str = "", *, kinds: Mapping[str, str] | None = None) -> ListKind:
    found = ListKind(ResourceInfo(GroupVersion("example.com", "v1"), plural, kind, None, UnstructuredList))
    if kinds is not None:
        found.discovered(kinds)
    return found


def item(kind: str) -> tuple[str, str]:
    return API, kind


def refuses(kind: ListKind, *arguments: Any) -> str:
    with pytest.raises(DecodeError) as refused:
        kind.check_list(*arguments)
    return str(refused.value)


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("Endpoints", "endpoints"),
        ("Y", "ies"),
    ],
)
def test_kinds_have_the_plurals_of_kubernetes(kind: str, plural: str) -> None:
    assert plural_of(kind) == plural


@pytest.mark.parametrize("known", [kind_of("things"), kind_of("things", "Thing"), kind_of("things", kinds=KINDS)])
def test_a_kind_that_the_plural_or_discovery_explains_is_believed(known: ListKind) -> None:
    known.check_list(API, "ThingList", None)
    known.check_list(API, "ThingList", item("Thing"))
    known.check_list("", "ThingList", None)
    known.check_object(API, "Thing")
    known.check_object(API, "")
    assert refuses(known, API, "OtherList", None).endswith(f"in {API}, got {API} OtherList")
    assert refuses(known, API, "OtherList", item("Other")).endswith(f"got {API} OtherList")
    assert refuses(known, "example.com/v2", "ThingList", None).endswith("got example.com/v2 ThingList")
    assert refuses(known, API, "Thing", None).endswith(f"got {API} Thing")
    for api_version, kind in ((API, "Other"), ("example.com/v2", "Thing"), ("v1", "")):
        with pytest.raises(DecodeError, match=r"expected .*Thing|an object of things"):
            known.check_object(api_version, kind)


def test_a_kind_that_the_plural_does_not_explain_needs_discovery() -> None:
    kind = kind_of("pieces-of-cake")
    assert refuses(kind, API, "CakeList", item("Cake")) == (
        f"expected a list of pieces-of-cake in {API}, got {API} CakeList"
    )
    kind.discovered(ODD)
    kind.check_list(API, "CakeList", item("Cake"))
    kind.check_object(API, "Cake")
    assert refuses(kind, API, "OtherList", None) == f"expected CakeList in {API}, got {API} OtherList"


def test_discovery_knows_better_than_the_plural() -> None:
    kind = kind_of("things", kinds={"things": "Gizmo", "oddities": "Thing"})
    kind.check_list(API, "GizmoList", None)
    refuses(kind, API, "ThingList", None)
    kind = kind_of("things", "Thing")
    kind.discovered({"things": "Gizmo"})
    kind.check_list(API, "GizmoList", None)


def test_a_kind_that_discovery_has_no_longer_stays_what_it_was() -> None:
    kind = kind_of("things", "Thing", kinds={"others": "Other"})
    kind.check_list(API, "ThingList", None)
    refuses(kind, API, "MyThingsList", item("Thing"))


def test_lists_of_custom_resources_may_have_a_name_of_their_own() -> None:
    kind = kind_of("things")
    refuses(kind, API, "MyThingsList", item("Thing"))
    kind.discovered(KINDS)
    kind.check_list(API, "MyThingsList", item("Thing"))
    kind.check_list(API, "MyThingsList", None)
    kind.check_list(API, "ThingList", None)
    refuses(kind, API, "MyOthersList", None)
    refuses(kind, API, "MyOthersList", item("Other"))


def test_a_wrong_name_of_an_empty_list_is_corrected_by_a_list_with_objects() -> None:
    kind = kind_of("things", kinds=KINDS)
    kind.check_list(API, "MyOthersList", None)
    refuses(kind, API, "MyThingsList", None)
    kind.check_list(API, "MyThingsList", item("Thing"))
    kind.check_list(API, "MyThingsList", None)
    refuses(kind, API, "MyOthersList", None)


def test_an_empty_list_with_an_unknown_name_is_believed_only_as_the_first_response() -> None:
    listed, watched = kind_of("things", kinds=KINDS), kind_of("things", kinds=KINDS)
    listed.check_list(API, "ThingList", None)
    watched.check_object(API, "Thing")
    for kind in (listed, watched):
        refuses(kind, API, "MyThingsList", None)
        kind.check_list(API, "MyThingsList", item("Thing"))
        kind.check_list(API, "MyThingsList", None)


def test_the_repr_shows_what_is_known() -> None:
    kind = kind_of("things")
    assert repr(kind) == "<ListKind of example.com/v1 things: not known yet>"
    kind.discovered(KINDS)
    assert repr(kind) == "<ListKind of example.com/v1 things: Thing>"
    kind.check_list(API, "MyThingsList", None)
    assert repr(kind) == "<ListKind of example.com/v1 things: MyThingsList>"


# --- informers --------------------------------------------------------------------------------------------------------


def made(kind: str, name: str, version: int) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "x", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"apiVersion": API, "kind": kind, "metadata": metadata}


def listed(kind: str, version: str, *names: str) -> ScriptedResponse:
    own = kind.removesuffix("List")
    return list_of([made(own, name, 1) for name in names], version, kind=kind, api_version=API)


def discovery(kinds: Mapping[str, str]) -> ScriptedResponse:
    resources = [
        {"name": name, "kind": kind, "namespaced": True, "singularName": "", "verbs": ["list", "watch"]}
        for plural, kind in kinds.items()
        for name in (plural, f"{plural}/status")
    ]
    body = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": API, "resources": resources}
    return ScriptedResponse.of(body).to(f"GET /apis/{API}")


def initial_end(version: str, kind: str) -> bytes:
    return bookmark(version, kind, API, **{"k8s.io__initial_events_end": "true"})


class Informed:
    """An informer of a resource or a kind of `example.com/v1`, and what was reported to its handler."""

    def __init__(self, *script: Any, of: str | GroupVersionKind = "things", watch_list: bool = False) -> None:
        clients, self.transport = clientset(*script)
        self.factory = SharedInformerFactory(clients, watch_list=watch_list)
        resource = GroupVersionResource("example.com", "v1", of) if isinstance(of, str) else of
        self.informer = self.factory.informer(Unstructured, resource)
        self.told: list[str] = []
        self.informer.add_event_handler(
            on_add=lambda obj: self.told.append(f"add {obj.metadata.name}"),
            on_delete=lambda obj: self.told.append(f"delete {obj.metadata.name}"),
        )

    async def follow(self, seconds: float) -> None:
        async with self.factory:
            await asyncio.sleep(seconds)
            self.last_error = self.informer.last_error


@in_virtual_time
async def test_an_informer_whose_first_lists_are_foreign_syncs_with_the_first_that_is_not() -> None:
    served = Informed(
        listed("OtherList", "5"),
        discovery(KINDS),
        listed("OtherList", "5", "o"),
        discovery(KINDS),
        listed("ThingList", "6", "a"),
        watch_response(Hang()),
    )
    await served.follow(30)
    assert served.told == ["add a"]
    assert served.last_error == ""


@in_virtual_time
async def test_foreign_lists_and_watches_delete_nothing() -> None:
    served = Informed(
        listed("ThingList", "5", "a", "b"),
        watch_response(bookmark("6", "Thing", API), event("ADDED", made("Thing", "c", 7)), expired_event()),
        listed("OtherList", "8"),
        discovery(KINDS),
        error_status(500, "InternalError"),
        listed("OtherList", "8", "o"),
        discovery(KINDS),
        listed("ThingList", "9", "b"),
        watch_response(event("DELETED", made("Other", "b", 10)), Hang()),
        discovery(KINDS),
        listed("ThingList", "11", "b"),
        watch_response(Hang()),
    )
    await served.follow(100)
    assert served.told == ["add a", "add b", "add c", "delete a", "delete c"]
    assert served.last_error == ""


@in_virtual_time
async def test_a_streamed_list_of_another_kind_is_not_delivered() -> None:
    served = Informed(
        watch_response(event("ADDED", made("Thing", "a", 4)), initial_end("5", "Thing"), expired_event()),
        watch_response(initial_end("6", "Other"), Hang()),
        discovery(KINDS),
        listed("ThingList", "7", "a"),
        watch_response(Hang()),
        watch_list=True,
    )
    await served.follow(30)
    assert served.told == ["add a"]
    assert served.last_error == ""


@in_virtual_time
async def test_while_discovery_is_refused_a_doubtful_list_is_not_believed() -> None:
    served = Informed(
        listed("CakeList", "5", "a"),
        error_status(403, "Forbidden", message="no discovery for you"),
        listed("CakeList", "5", "a"),
        ScriptedResponse.of({"kind": "OtherList", "apiVersion": API, "metadata": {"resourceVersion": "1"}}),
        Hang(),
        of="pieces-of-cake",
    )
    await served.follow(2.5)
    assert served.told == []
    assert "expected a list of pieces-of-cake in example.com/v1, got example.com/v1 CakeList" in served.last_error
    assert "discovery could not be asked" in served.last_error


@in_virtual_time
async def test_the_kind_of_an_informer_of_a_kind_is_that_of_discovery() -> None:
    served = Informed(
        discovery(ODD),
        listed("OtherList", "5"),
        discovery(ODD),
        listed("CakeList", "5", "a"),
        watch_response(Hang()),
        of=GroupVersionKind("example.com", "v1", "Cake"),
    )
    await served.follow(30)
    assert served.told == ["add a"]
    assert len(served.transport.requests) == 5
