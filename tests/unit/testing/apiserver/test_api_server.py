"""The server as its users hold it: seeds, clients, several servers on one storage, restarts, and repeatable bytes."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer, virtual_time
from kubeloop.testing.apiserver.call import Reply, Waiting
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.virtual_time import in_virtual_time, now, settle, timestamp
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response, parse_warnings
from kubeloop.wire.streamed_response import StreamedResponse

MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name), data=data)


def create(name: str) -> Request:
    return Request("POST", MAPS, body=json.dumps({"metadata": {"name": name}}).encode())


def sent(api: APIServer, request: Request, now: float = 0.0) -> Response:
    reply = api.handle(request, now)
    assert isinstance(reply, Response)
    return reply


def document(response: Response | StreamedResponse) -> dict[str, Any]:
    assert isinstance(response, Response)
    found: dict[str, Any] = json.loads(response.body)
    return found


# Objects that the server holds.


def test_a_new_server_holds_what_a_fresh_server_holds() -> None:
    api = APIServer()

    names = [item["metadata"]["name"] for item in document(sent(api, Request("GET", "/api/v1/namespaces")))["items"]]

    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]


@in_virtual_time
async def test_put_replaces_an_object_and_watches_see_it() -> None:
    api = APIServer(config_map("a", x="1"), controllers=())
    async with api.clientset() as clientset:
        maps = clientset.core_v1.config_maps("default")
        before = await maps.get("a")
        async with maps.watch(resource_version=before.metadata.resource_version) as events:
            api.put(config_map("a", x="2"))
            event = await anext(events)

    assert (event.type, event.object.data) == ("MODIFIED", {"x": "2"})


@in_virtual_time
async def test_controllers_act_on_objects_that_are_put() -> None:
    api = APIServer()
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": "none"}
    api.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "ownerReferences": [owner]}})

    async with api.clientset() as clientset:
        with pytest.raises(errors.NotFound):
            await clientset.core_v1.secrets("default").get("a")


@in_virtual_time
async def test_controllers_act_in_time_although_no_request_comes() -> None:
    """A pod that was evicted and is not deleted counts again after two minutes."""
    api = APIServer(clock=virtual_time.timestamp)
    evicted = virtual_time.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}
    metadata = {"name": "budget", "namespace": "default"}
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "labels": {"app": "x"}}, "spec": {}}
    api.put(
        pod,
        {
            "kind": "PodDisruptionBudget",
            "apiVersion": "policy/v1",
            "metadata": metadata,
            "spec": spec,
            "status": {"disruptedPods": {"a": evicted}},
        },
    )
    async with api.clientset() as clientset:
        budgets = clientset.policy_v1.pod_disruption_budgets("default")
        seen = await budgets.get("budget")
        assert list(seen.status.disrupted_pods) == ["a"]
        async with budgets.watch(resource_version=seen.metadata.resource_version) as events:
            event = await anext(events)

    assert dict(event.object.status.disrupted_pods) == {}
    assert virtual_time.elapsed() == pytest.approx(120.0, abs=2.0)
    api.close()


# Several servers on one storage.


@in_virtual_time
async def test_a_server_with_a_lag_sees_writes_of_others_later() -> None:
    storage = Storage()
    first = APIServer(storage=storage, controllers=())
    second = APIServer(storage=storage, controllers=(), lag=5.0)
    async with first.clientset() as writer, second.clientset() as reader:
        start = (await writer.core_v1.config_maps("default").list()).metadata.resource_version
        async with reader.core_v1.config_maps("default").watch(resource_version=start) as events:
            begun = virtual_time.elapsed()
            await writer.core_v1.config_maps("default").create(config_map("a"))
            stale = await reader.core_v1.config_maps("default").list(resource_version="0")
            assert stale.items == ()
            assert (await anext(events)).object.metadata.name == "a"
            assert virtual_time.elapsed() - begun == pytest.approx(5.0)
            assert (await reader.core_v1.config_maps("default").get("a")).metadata.name == "a"
    first.close()
    second.close()


@in_virtual_time
async def test_a_read_of_the_newest_state_waits_for_the_cache() -> None:
    storage = Storage()
    first = APIServer(storage=storage, controllers=())
    second = APIServer(storage=storage, controllers=(), lag=2.0)
    async with first.clientset() as writer, second.clientset() as reader:
        await writer.core_v1.config_maps("default").create(config_map("a"))
        begun = virtual_time.elapsed()
        found = await reader.core_v1.config_maps("default").list()

    assert [item.metadata.name for item in found.items] == ["a"]
    assert virtual_time.elapsed() - begun == pytest.approx(2.0)
    second.close()


@in_virtual_time
async def test_a_server_that_is_closed_plans_nothing_and_leaves_no_warning() -> None:
    api = APIServer(lag=60.0)
    async with api.clientset() as clientset:
        await clientset.core_v1.config_maps("default").create(config_map("a"))
    assert virtual_time.elapsed() < 60.0

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        api.close()
        api.close()
        revision = api.cache.revision
        await asyncio.sleep(120.0)

    assert api.cache.revision == revision


@in_virtual_time
async def test_closing_a_server_ends_its_watches_and_refuses_requests() -> None:
    api = APIServer(controllers=())
    response = api.respond(Request("GET", f"{MAPS}?watch=true"))
    assert isinstance(response, StreamedResponse)
    reader = asyncio.create_task(_pieces(response))
    await settle()
    assert not reader.done()

    api.close()

    assert await reader == []
    refused = api.respond(Request("GET", MAPS))
    assert document(refused)["reason"] == "ServiceUnavailable"  # type: ignore[arg-type]


async def _pieces(response: StreamedResponse) -> list[bytes]:
    return [piece async for piece in response.chunks]


@in_virtual_time
async def test_a_server_made_again_over_its_storage_continues() -> None:
    storage = Storage()
    first = APIServer(config_map("a"), storage=storage)
    async with first.clientset() as clientset:
        made = await clientset.core_v1.config_maps("default").create(config_map("b"))
        listed = await clientset.core_v1.config_maps("default").list(limit=1)
    revision = storage.revision
    first.close()

    second = APIServer(storage=storage)

    assert storage.revision == revision  # nothing is written again
    async with second.clientset() as clientset:
        maps = clientset.core_v1.config_maps("default")
        assert (await maps.get("b")).metadata == made.metadata
        rest = await maps.list(limit=1, continue_=listed.metadata.continue_)
        assert [item.metadata.name for item in rest.items] == ["b"]
        after = await maps.create(config_map("c"))
        assert int(after.metadata.resource_version or 0) == revision + 1


# Repeatable bytes.


def _requests() -> list[Request]:
    body = json.dumps({"metadata": {"generateName": "pod-"}, "spec": {"containers": [{"name": "a", "image": "b"}]}})
    merge = {"Content-Type": "application/merge-patch+json"}
    return [
        create("a"),
        Request("POST", "/api/v1/namespaces", body=b'{"metadata":{"name":"n"}}'),
        *(Request("POST", "/api/v1/namespaces/n/pods", body=body.encode()) for _ in range(3)),
        Request("PATCH", f"{MAPS}/a", merge, b'{"data":{"x":"1"}}'),
        Request("GET", "/api/v1/namespaces/n/pods?limit=2"),
        Request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles"),
        Request("DELETE", "/api/v1/namespaces/n"),
        Request("GET", "/api/v1/pods?watch=true&timeoutSeconds=1&resourceVersion=0"),
        Request("GET", "/version"),
    ]


def _everything(api: APIServer) -> list[object]:
    found: list[object] = []
    for number, request in enumerate(_requests()):
        reply: Reply = api.handle(request, 1000.0 + number)
        if isinstance(reply, Response):
            found.append((reply.status, reply.headers.pairs, reply.body))
        else:
            assert not isinstance(reply, Waiting)
            found.append(reply.take(1000.0 + number))
            reply.close()
    return found


def test_the_same_seed_clock_and_requests_make_the_same_bytes() -> None:
    def server(seed: int) -> APIServer:
        return APIServer(clock=lambda: 1000.0, random=Random(seed))

    first = _everything(server(1))

    assert first == _everything(server(1))
    assert first != _everything(server(2))


@in_virtual_time
async def test_the_headers_of_each_response_are_repeatable_too() -> None:
    servers = [APIServer(clock=lambda: 1000.0, random=Random(1)) for _ in range(2)]

    pairs: list[Any] = []
    for api in servers:
        response = api.respond(create("a"))
        assert isinstance(response, Response)
        pairs.append(response.headers.pairs)

    assert pairs[0] == pairs[1]
    assert {"Audit-Id", "Cache-Control", "Content-Type"} <= {name for name, _ in pairs[0]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lag": -1.0}, "expected a lag of 0 s or more, got -1.0"),
        ({"controllers": ["garbage"]}, "expected names of controllers .*, got garbage"),
        ({"controllers": "namespaces"}, "expected names of controllers .*, got namespaces"),
    ],
)
def test_an_argument_that_cannot_be_meant_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        APIServer(**arguments)


def test_the_repr_shows_the_revision() -> None:
    api = APIServer()
    assert str(api.storage.revision) in repr(api)


def test_a_config_has_the_token_and_settings() -> None:
    config = APIServer(token="secret").config(qps=5.0)
    assert (config.token, config.qps) == ("secret", 5.0)


@pytest.mark.parametrize("obj", [{"kind": "Nothing", "apiVersion": "v1"}, {"kind": "ConfigMap", "apiVersion": "v1"}])
def test_an_object_that_cannot_be_stored_is_refused(obj: Mapping[str, Any]) -> None:
    with pytest.raises(errors.EncodeError):
        APIServer(obj)


HOUR = 3600.0


def event(name: str) -> core_v1.Event:
    where = core_v1.ObjectReference(kind="Pod", namespace="default", name="p")
    return core_v1.Event(metadata=meta_v1.ObjectMeta(name=name, namespace="default"), involved_object=where)


@in_virtual_time
async def test_timestamps_are_those_of_virtual_time() -> None:
    api = APIServer()
    await asyncio.sleep(90)
    async with api.clientset() as clientset:
        draft = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a"))
        created = await clientset.core_v1.config_maps("default").create(draft)
    assert created.metadata.creation_timestamp == now()
    api.close()


@in_virtual_time
async def test_a_watch_sees_an_event_go_when_its_time_is_over() -> None:
    api = APIServer(controllers=())
    async with api.clientset() as clientset:
        client = clientset.core_v1.events("default")
        created = await client.create(event("a"))
        start = timestamp()
        async with client.watch(resource_version=created.metadata.resource_version) as events:
            assert (await anext(events)).type == "DELETED"
        assert timestamp() == start + HOUR
    api.close()


@in_virtual_time
async def test_nothing_happens_after_the_server_was_closed() -> None:
    api = APIServer(controllers=())
    async with api.clientset() as clientset:
        await clientset.core_v1.events("default").create(event("a"))
    api.close()
    await asyncio.sleep(2 * HOUR)
    assert len(api.storage.range("events").items) == 1


def test_without_a_loop_a_request_does_what_is_due() -> None:
    api = APIServer(event("a"), controllers=(), clock=lambda: 1000.0)

    def names(time: float) -> list[Any]:
        reply = api.handle(Request("GET", "/api/v1/namespaces/default/events/a"), time)
        assert isinstance(reply, Response)
        return [reply.status]

    assert names(1000.0 + HOUR - 1) == [200]
    assert names(1000.0 + HOUR) == [404]
    api.close()


class TestEventsHaveNoWatchCache:
    def respond(self, target: str, *objects: core_v1.Event) -> tuple[int, dict[str, Any]]:
        api = APIServer(*objects, controllers=(), clock=lambda: 1000.0)
        version = str(api.storage.revision)
        api.put(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="later", namespace="default")))
        reply = api.handle(Request("GET", target.replace("VERSION", version)), 1000.0)
        assert isinstance(reply, Response)
        api.close()
        body = json.loads(reply.body)
        body["newest"] = str(api.storage.revision)
        return reply.status, body

    def test_a_list_at_any_version_has_the_newest_one_and_keeps_its_limit(self) -> None:
        status, body = self.respond("/api/v1/events?resourceVersion=0&limit=1", event("a"), event("b"))
        assert (status, len(body["items"])) == (200, 1)
        assert body["metadata"]["resourceVersion"] == body["newest"]
        assert body["metadata"]["continue"]

    def test_a_get_needs_a_version_that_exists(self) -> None:
        path = "/api/v1/namespaces/default/events/a?resourceVersion="
        assert self.respond(f"{path}0", event("a"))[0] == 200
        assert self.respond(f"{path}VERSION", event("a"))[0] == 200
        assert self.respond(f"{path}999999", event("a"))[0] == 504
        assert self.respond(f"{path}abc", event("a"))[0] == 400

    def test_a_watch_begins_with_changes_that_have_left_the_window_of_other_resources(self) -> None:
        api = APIServer(controllers=(), clock=lambda: 1000.0)
        start = api.storage.revision
        api.put(*(event(f"e{number}") for number in range(3)))
        restarted = APIServer(storage=api.storage, controllers=(), clock=lambda: 1000.0)
        target = f"/api/v1/events?watch=true&resourceVersion={start}"
        reply = restarted.handle(Request("GET", target), 1000.0)
        assert not isinstance(reply, Response | Waiting)
        assert b"".join(reply.take(1000.0)).count(b'"ADDED"') == 3
        reply.close()
        api.storage.compact(api.storage.revision)
        reply = restarted.handle(Request("GET", target), 1000.0)
        assert not isinstance(reply, Response | Waiting)
        assert b"The resourceVersion for the provided watch is too old." in b"".join(reply.take(1000.0))
        restarted.close()
        api.close()


def test_an_object_of_another_namespace_is_refused_without_a_warning_about_its_owners() -> None:
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1"}
    body = {"metadata": {"name": "a", "namespace": "elsewhere", "ownerReferences": [owner, owner]}}

    refused = sent(APIServer(), Request("POST", MAPS, body=json.dumps(body).encode()))

    assert refused.status == 400
    assert not parse_warnings(refused.headers)
