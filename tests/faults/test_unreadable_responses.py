"""Responses that cannot be read: the HTTP status is the outcome of a write, and no write is repeated because of one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.models import autoscaling_v1, core_v1, meta_v1, policy_v1
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.unstructured import Unstructured
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, error_status, list_of

META = {"name": "a", "namespace": "x", "resourceVersion": "5", "uid": "u"}
POD: dict[str, Any] = {"kind": "Pod", "apiVersion": "v1", "metadata": META}
ILL_TYPED = {**POD, "spec": {"priority": "x"}}
BAD_LABELS = {**POD, "metadata": {**META, "labels": {"a": 7}}}
SUCCESS = {"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}
FAILURE = {**SUCCESS, "status": "Failure", "reason": "Forbidden", "code": 403, "message": "no"}
OBJ = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x"))
HTML = ScriptedResponse.text("<html>thanks</html>", content_type="text/html")

Call = Callable[[Clientset], Awaitable[Any]]
WRITES: dict[str, Call] = {
    "create": lambda c: c.core_v1.pods("x").create(OBJ),
    "update": lambda c: c.core_v1.pods("x").update(OBJ),
    "update_status": lambda c: c.core_v1.pods("x").update_status(OBJ),
    "patch": lambda c: c.core_v1.pods("x").patch("a", {"metadata": {"labels": {"a": "b"}}}),
    "patch_status": lambda c: c.core_v1.pods("x").patch_status("a", {"status": {}}),
    "apply": lambda c: c.core_v1.pods("x").apply({"metadata": {"name": "a"}}, field_manager="me"),
    "evict": lambda c: c.core_v1.pods("x").eviction("a").create(policy_v1.Eviction()),
    "bind": lambda c: c.core_v1.pods("x").binding("a").create(core_v1.Binding()),
    "post": lambda c: c.core_v1.bindings("x").create(core_v1.Binding(metadata=OBJ.metadata)),
    "scale": lambda c: c.apps_v1.deployments("x").scale("a").update(autoscaling_v1.Scale()),
    "raw post": lambda c: c.rest.post("pods", namespace="x", body={}, into=core_v1.Pod),
    "raw put": lambda c: c.rest.put("pods", namespace="x", name="a", body={}, into=core_v1.Pod),
    "raw patch": lambda c: c.rest.patch("pods", namespace="x", name="a", body={}, into=core_v1.Pod),
}
DYNAMIC_WRITES: dict[str, Call] = {
    "dynamic create": lambda c: c.dynamic.resource("v1", "pods").namespace("x").create(POD),
    "dynamic patch": lambda c: c.dynamic.resource("v1", "pods").namespace("x").patch("a", {}),
    "raw": lambda c: c.rest.post("pods", namespace="x", body={}),
    "raw dict": lambda c: c.rest.post("pods", namespace="x", body={}, into=dict),
}
DELETIONS: dict[str, Call] = {
    "delete": lambda c: c.core_v1.pods("x").delete("a"),
    "dynamic delete": lambda c: c.dynamic.resource("v1", "pods").namespace("x").delete("a"),
    "raw delete": lambda c: c.rest.delete("pods", namespace="x", name="a"),
    "raw delete into": lambda c: c.rest.delete("pods", namespace="x", name="a", into=core_v1.Pod),
    "raw delete of a collection": lambda c: c.rest.delete("pods", namespace="x", into=core_v1.PodList),
    "delete_collection": lambda c: c.core_v1.pods("x").delete_collection(),
}
NO_OBJECT = {
    "empty": ScriptedResponse(200),
    "accepted": ScriptedResponse(202),
    "no content": ScriptedResponse(204),
    "text": ScriptedResponse.text("ok"),
    "HTML": HTML,
    "cut": ScriptedResponse.text('{"kind":"Pod"', content_type="application/json"),
    "no object": ScriptedResponse.of([1]),
}


@pytest.mark.parametrize("response", NO_OBJECT.values(), ids=NO_OBJECT)
@pytest.mark.parametrize("call", [*WRITES.values(), *DYNAMIC_WRITES.values()], ids=[*WRITES, *DYNAMIC_WRITES])
@in_virtual_time
async def test_a_write_that_succeeded_with_a_response_that_is_no_object_says_so(
    call: Call, response: ScriptedResponse
) -> None:
    """(A6)"""
    clients, transport = clientset(response)
    if response is NO_OBJECT["no object"] and call is DYNAMIC_WRITES["raw"]:
        assert await call(clients) == [1]
        return
    with pytest.raises(kubeloop.UnreadableWriteResponse, match=f"the write succeeded \\({response.status}\\)") as it:
        await call(clients)
    request = transport.requests[0]
    assert (it.value.method, it.value.path, it.value.code) == (request.method, request.path, response.status)
    assert not it.value.retryable
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "body", [{}, {"error": "bad gateway"}, {**POD, "kind": "Secret"}, ILL_TYPED, BAD_LABELS, {"kind": "Status"}]
)
@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
@in_virtual_time
async def test_a_write_that_succeeded_with_another_response_reports_what_is_known(
    call: Call, body: dict[str, Any]
) -> None:
    """(A6)"""
    clients, transport = clientset(ScriptedResponse.of(body, 201))
    if body == {"kind": "Status"} and call in (WRITES["evict"], WRITES["bind"], WRITES["post"]):
        assert isinstance(await call(clients), meta_v1.Status)
        return
    with pytest.raises(kubeloop.UnreadableWriteResponse) as caught:
        await call(clients)
    error = caught.value
    known = ("x", "a", "u", "5") if "metadata" in body else ("", "", "", "")
    assert (error.namespace, error.name, error.uid, error.resource_version) == known
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "call",
    [*WRITES.values(), *DYNAMIC_WRITES.values(), *DELETIONS.values()],
    ids=[*WRITES, *DYNAMIC_WRITES, *DELETIONS],
)
@pytest.mark.parametrize("version", ["v1", "meta.k8s.io/v1", None])
@in_virtual_time
async def test_a_failure_in_a_successful_response_is_raised_for_every_verb(call: Call, version: str | None) -> None:
    """(A7) Whatever the order of its fields."""
    body = {name: FAILURE[name] for name in sorted(FAILURE, reverse=True) if name != "apiVersion"}
    body = {"metadata": {"x": "y" * 500}, **body, **({"apiVersion": version} if version else {})}
    clients, transport = clientset(ScriptedResponse.of(body))
    with pytest.raises(kubeloop.Forbidden, match="no"):
        await call(clients)
    assert len(transport.requests) == 1


@pytest.mark.parametrize("into", [None, dict, Unstructured, core_v1.Pod, core_v1.PodList])
@in_virtual_time
async def test_a_failure_in_a_successful_response_to_a_read_is_raised(into: type[Any] | None) -> None:
    """(A7)"""
    clients, _ = clientset(ScriptedResponse.of(FAILURE))
    with pytest.raises(kubeloop.Forbidden, match="no"):
        await clients.rest.get("pods", namespace="x", name="a", into=into)


@pytest.mark.parametrize("response", NO_OBJECT.values(), ids=NO_OBJECT)
@pytest.mark.parametrize("call", DELETIONS.values(), ids=DELETIONS)
@in_virtual_time
async def test_a_deletion_succeeded_whatever_its_response_says(call: Call, response: ScriptedResponse) -> None:
    """(A6)"""
    clients, transport = clientset(response)
    found = await call(clients)
    assert found in (None, [1])
    assert len(transport.requests) == 1


@pytest.mark.parametrize("body", [{**POD, "kind": "Secret"}, ILL_TYPED, {"items": 5}, {**SUCCESS, "details": 5}, {}])
@in_virtual_time
async def test_a_deletion_succeeded_whatever_object_comes(body: dict[str, Any]) -> None:
    """(A6)"""
    clients, _ = clientset(ScriptedResponse.of(body), ScriptedResponse.of(body))
    assert await clients.core_v1.pods("x").delete("a") is None
    await clients.core_v1.pods("x").delete_collection()


@in_virtual_time
async def test_a_deletion_returns_none_for_a_status_of_either_version_and_the_object() -> None:
    """(A6)"""
    other = {**SUCCESS, "apiVersion": "meta.k8s.io/v1"}
    clients, _ = clientset(*map(ScriptedResponse.of, (SUCCESS, other, SUCCESS, other, POD, POD)))
    pods, dynamic = clients.core_v1.pods("x"), clients.dynamic.resource("v1", "pods").namespace("x")
    for client in (pods, pods, dynamic, dynamic):
        assert await client.delete("a") is None  # type: ignore[attr-defined]
    assert isinstance(await pods.delete("a"), core_v1.Pod)
    assert isinstance(await dynamic.delete("a"), Unstructured)


# --- reading one object


@pytest.mark.parametrize("body", [ILL_TYPED, BAD_LABELS])
@in_virtual_time
async def test_reading_or_editing_an_object_that_cannot_be_read_is_unreadable(body: dict[str, Any]) -> None:
    """(A1)"""
    clients, transport = clientset(
        ScriptedResponse.of(body), ScriptedResponse.of(body), ScriptedResponse.of(BAD_LABELS)
    )
    pods, dynamic = clients.core_v1.pods("x"), clients.dynamic.resource("v1", "pods").namespace("x")
    calls: list[Awaitable[Any]] = [pods.get("a"), pods.edit("a", lambda _: None), dynamic.edit("a", lambda _: None)]
    for call in calls:
        with pytest.raises(kubeloop.Unreadable) as caught:
            await call
        assert (caught.value.key, caught.value.uid, caught.value.resource_version) == ("x/a", "u", "5")
    assert len(transport.requests) == 3


@pytest.mark.parametrize("body", [{}, {"error": "bad gateway"}, {"metadata": {}}])
@in_virtual_time
async def test_an_object_that_says_neither_kind_nor_name_is_not_the_one_that_was_asked_for(
    body: dict[str, Any],
) -> None:
    """(A5)"""
    clients, _ = clientset(ScriptedResponse.of(body))
    with pytest.raises(kubeloop.DecodeError, match="names neither kind nor name"):
        await clients.core_v1.pods("x").get("a")


@in_virtual_time
async def test_an_edit_whose_response_cannot_be_read_is_not_retried() -> None:
    """(A6)"""
    clients, transport = clientset(ScriptedResponse.of(POD), ScriptedResponse.text("ok"))
    with pytest.raises(kubeloop.UnreadableWriteResponse):
        await clients.core_v1.pods("x").edit("a", lambda draft: draft.metadata.labels.update(a="b"))
    assert [request.method for request in transport.requests] == ["GET", "PATCH"]


# --- lists


@pytest.mark.parametrize("dynamic", [False, True])
@in_virtual_time
async def test_a_list_says_which_objects_are_missing_in_one_line_of_the_log(
    dynamic: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """(A4), (B2)"""
    items = [
        {"metadata": {"name": name, "namespace": "x", "labels": {"a": bad}}}
        for name, bad in (("a", "x"), ("b", 7), ("c", 7))
    ]
    clients, _ = clientset(list_of(items, "7"))
    pods: Any = clients.dynamic.resource("v1", "pods") if dynamic else clients.core_v1.pods()
    with caplog.at_level(logging.DEBUG):
        listing = await pods.list()
    assert [item.metadata.name for item in listing.items] == ["a"]
    assert list(listing.unreadable) == ["x/b", "x/c"]
    (record,) = [one for one in caplog.records if one.levelno >= logging.INFO]
    assert record.levelno == logging.WARNING
    assert "/api/v1/pods: items that cannot be read and were left out (see `unreadable`): 2; " in record.getMessage()


def item(name: object, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "x", "resourceVersion": "1", "uid": f"uid-{name}"}, "spec": spec}


@in_virtual_time
async def test_an_iterator_says_which_objects_are_missing_over_all_pages() -> None:
    """(A4)"""
    clients, _ = clientset(
        list_of([item("a"), item("bad", priority="x"), item(5)], "7", continue_="1"),
        list_of([item(6), item("c"), item(7)], "7", continue_="2"),
        list_of([item("worse", priority="x")], "7"),
    )
    objects = clients.core_v1.pods("x").iterate(limit=3)
    assert dict(objects.unreadable) == {}
    assert [one.metadata.name async for one in objects] == ["a", "c"]
    assert list(objects.unreadable) == ["x/bad", "#2", "#3", "#5", "x/worse"]


@in_virtual_time
async def test_an_iterator_takes_a_name_that_begins_with_a_hash_for_a_name() -> None:
    """(A4) `#a` is a valid name of a ClusterRole."""
    bad = {"metadata": {"name": "#a", "labels": {"a": 7}}}
    lists = {"kind": "ClusterRoleList", "api_version": "rbac.authorization.k8s.io/v1"}
    clients, _ = clientset(
        list_of([{"metadata": {"name": "b"}}, bad], "7", continue_="1", **lists),
        list_of([{"metadata": {"name": 5}}], "7", **lists),
    )
    objects = clients.rbac_v1.cluster_roles().iterate(limit=2)
    assert [one.metadata.name async for one in objects] == ["b"]
    assert list(objects.unreadable) == ["#a", "#2"]


@in_virtual_time
async def test_a_full_list_after_an_expired_snapshot_reports_again_what_is_missing() -> None:
    """(A4), (H7)"""
    for reason in ("Expired", "Gone", ""):
        clients, _ = clientset(
            list_of([item("a"), item("bad", priority="x"), item("was bad", priority="x")], "7", continue_="1"),
            error_status(410, reason),
            list_of([item("a"), item("bad", priority="x"), item("was bad"), item(5)], "9"),
        )
        objects = clients.core_v1.pods("x").iterate()
        assert [one.metadata.name async for one in objects] == ["a", "was bad"]
        assert list(objects.unreadable) == ["x/bad", "#3"]


@pytest.mark.parametrize(
    "second",
    [
        ScriptedResponse.of({}),
        ScriptedResponse.of({"error": "bad gateway"}),
        ScriptedResponse.of(SUCCESS),
        ScriptedResponse.of(POD),
        ScriptedResponse.of({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []}),
        list_of([], "7", kind="SecretList"),
        list_of([], "7", api_version="other/v1"),
    ],
)
@pytest.mark.parametrize("dynamic", [False, True])
@in_virtual_time
async def test_a_page_that_is_no_list_of_the_kind_is_an_error(second: ScriptedResponse, dynamic: bool) -> None:
    """(A5)"""
    clients, _ = clientset(list_of([item("a")], "7", continue_="1"), second)
    pods: Any = clients.dynamic.resource("v1", "pods") if dynamic else clients.core_v1.pods()
    objects = pods.iterate()
    assert (await anext(objects)).metadata.name == "a"
    with pytest.raises(kubeloop.DecodeError):
        await anext(objects)


def test_410_of_any_form_is_one_exception() -> None:
    """(H7)"""
    assert issubclass(kubeloop.Expired, kubeloop.Gone)
