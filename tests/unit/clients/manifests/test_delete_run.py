"""What deleting a set sends, in which order, and how it waits, against a server in the test."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.clients.manifests.manifest_report import ManifestResult
from kubeloop.errors import ConnectionLost
from kubeloop.testing.virtual_time import elapsed
from tests.support.apply_server import ApplyServer
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import (
    ScriptedResponse,
    bookmark,
    error_status,
    event,
    list_of,
    query,
    watch_response,
)

pytestmark = pytest.mark.usefixtures("virtual_time")

MAPS = "/api/v1/namespaces/shop/configmaps"
PARTIAL = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}


def config_map(name: str = "a", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", **metadata}}


def stored(name: str, uid: str, version: int, **metadata: Any) -> dict[str, Any]:
    return {
        **PARTIAL,
        "metadata": {"name": name, "namespace": "shop", "uid": uid, "resourceVersion": str(version), **metadata},
    }


def listed(*items: dict[str, Any], version: int = 10) -> ScriptedResponse:
    return list_of(items, str(version), kind="PartialObjectMetadataList", api_version="meta.k8s.io/v1")


def terminating(name: str = "a", uid: str = "u1") -> ScriptedResponse:
    return ScriptedResponse.of(config_map(name, uid=uid, deletionTimestamp="2026-01-01T00:00:00Z"))


@pytest.fixture
def server() -> ApplyServer:
    server = ApplyServer()
    server.objects = {f"{MAPS}/{name}": config_map(name) for name in "abc"}
    return server


@pytest.fixture
def client(server: ApplyServer) -> Clientset:
    return clientset(server.respond)[0]


async def test_objects_are_deleted_in_the_reverse_order_without_a_wait_for_those_deleted_at_once(
    server: ApplyServer, client: Clientset
) -> None:
    seen: list[ManifestResult] = []
    namespace: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    server.objects["/api/v1/namespaces/shop"] = namespace
    report = await client.delete_manifests([namespace, *map(config_map, "abc")], progress=seen.append)
    paths = [f"{MAPS}/c", f"{MAPS}/b", f"{MAPS}/a", "/api/v1/namespaces/shop"]
    assert server.lines == [f"DELETE {path}" for path in paths]
    assert [each.outcome for each in report] == ["deleted"] * 4
    assert seen == list(report)


async def test_options_are_in_the_body() -> None:
    server = ApplyServer()
    client, transport = clientset(server.respond)
    await client.delete_manifests([config_map()], propagation_policy="Foreground", grace_period_seconds=5, dry_run=True)
    body = json.loads(transport.requests[0].body or b"")
    assert {name: body[name] for name in ("propagationPolicy", "gracePeriodSeconds", "dryRun")} == {
        "propagationPolicy": "Foreground",
        "gracePeriodSeconds": 5,
        "dryRun": ["All"],
    }
    await client.delete_manifests([config_map()])
    assert json.loads(transport.requests[1].body or b"")["propagationPolicy"] == "Background"


@pytest.mark.parametrize(("ignore", "outcome"), [(False, "failed"), (True, "absent")])
async def test_an_object_that_does_not_exist(client: Clientset, ignore: bool, outcome: str) -> None:
    report = await client.delete_manifests([config_map("x"), config_map("a")], ignore_not_found=ignore)
    assert [each.outcome for each in report] == ["deleted", outcome]


async def test_an_object_that_ends_later_is_awaited_by_one_list_and_one_watch_of_metadata(
    server: ApplyServer,
) -> None:
    client, transport = clientset(server.respond)
    server.responses = {
        f"DELETE {MAPS}/a": [terminating()],
        f"DELETE {MAPS}/b": [terminating("b", "u2")],
        f"GET {MAPS}": [
            listed(stored("a", "u1", 8), stored("b", "u2", 9), stored("other", "u3", 7)),
            watch_response(
                3.0,
                event("MODIFIED", stored("a", "u1", 11)),
                event("DELETED", stored("other", "u3", 12)),
                event("DELETED", stored("b", "u2", 13)),
                2.0,
                event("DELETED", stored("a", "u1", 14)),
                3600.0,
            ),
        ],
    }
    report = await client.delete_manifests([config_map("a"), config_map("b")])
    assert [each.outcome for each in report] == ["deleted", "deleted"]
    assert elapsed() == pytest.approx(5.0)
    assert server.lines[2:] == [f"GET {MAPS}", f"GET {MAPS}"]
    accepts = [request.headers["Accept"].partition(",")[0] for request in transport.requests[2:]]
    metadata = "application/json;as={};g=meta.k8s.io;v=v1"
    assert accepts == [metadata.format("PartialObjectMetadataList"), metadata.format("PartialObjectMetadata")]
    assert transport.open_streams == 0


async def test_an_object_that_is_gone_or_created_again_when_it_is_listed_needs_no_watch(
    server: ApplyServer, client: Clientset
) -> None:
    server.responses = {
        f"DELETE {MAPS}/a": [terminating()],
        f"DELETE {MAPS}/b": [terminating("b", "u2")],
        f"GET {MAPS}": [listed(stored("a", "new", 8)), watch_response(3600.0)],
    }
    report = await client.delete_manifests([config_map("a"), config_map("b")])
    assert report.failed == []
    assert elapsed() == pytest.approx(0.0)


async def test_an_object_that_is_created_again_while_it_is_watched_counts_as_deleted(
    server: ApplyServer, client: Clientset
) -> None:
    server.responses = {
        f"DELETE {MAPS}/a": [terminating()],
        f"GET {MAPS}": [listed(stored("a", "u1", 8)), watch_response(1.0, event("ADDED", stored("a", "u9", 12)), 99.0)],
    }
    assert (await client.delete_manifests([config_map("a")])).failed == []
    assert elapsed() == pytest.approx(1.0)


async def test_a_watch_of_one_object_selects_its_name(server: ApplyServer) -> None:
    client, transport = clientset(server.respond)
    server.responses = {f"DELETE {MAPS}/a": [terminating()], f"GET {MAPS}": [listed(), watch_response(3600.0)]}
    await client.delete_manifests([config_map("a")])
    assert {query(request)["fieldSelector"] for request in transport.requests[1:]} == {"metadata.name=a"}


async def test_the_wait_survives_cuts_and_an_expired_version(server: ApplyServer, client: Clientset) -> None:
    server.responses = {
        f"DELETE {MAPS}/a": [terminating()],
        f"GET {MAPS}": [
            listed(stored("a", "u1", 8)),
            watch_response(bookmark("20", "PartialObjectMetadata", "meta.k8s.io/v1"), ConnectionLost("cut")),
            error_status(410, "Expired", "too old"),
            listed(stored("a", "u1", 8), version=30),
            watch_response(1.0, event("DELETED", stored("a", "u1", 31)), 3600.0),
        ],
    }
    assert (await client.delete_manifests([config_map("a")])).failed == []
    assert elapsed() < 60


async def test_an_object_that_still_exists_at_the_end_of_the_timeout_has_failed(
    server: ApplyServer, client: Clientset
) -> None:
    held = stored("a", "u1", 8, finalizers=["example.com/keep"], deletionTimestamp="2026-01-01T00:00:00Z")
    server.responses = {
        f"DELETE {MAPS}/a": [terminating()],
        f"GET {MAPS}": [listed(held), watch_response(3600.0)],
    }
    report = await client.delete_manifests([config_map("a"), config_map("b")], timeout=7.0)
    assert elapsed() == pytest.approx(7.0)
    assert [(each.name, each.outcome) for each in report] == [("b", "deleted"), ("a", "failed")]
    error = report[1].error
    assert isinstance(error, kubeloop.WaitTimeout)
    assert "timed out waiting for deletion: ConfigMap shop/a: " in str(error)
    assert "example.com/keep" in error.objects[0].state


@pytest.mark.parametrize("code", [403, 404, 405])
async def test_who_may_not_watch_does_not_wait(server: ApplyServer, client: Clientset, code: int) -> None:
    server.responses = {f"DELETE {MAPS}/a": [terminating()], f"GET {MAPS}": [error_status(code)]}
    assert (await client.delete_manifests([config_map("a")])).failed == []


async def test_without_a_wait_nothing_is_watched(server: ApplyServer, client: Clientset) -> None:
    server.responses = {f"DELETE {MAPS}/a": [terminating()]}
    assert [each.outcome for each in await client.delete_manifests([config_map("a")], wait=False)] == ["deleted"]
    assert server.lines == [f"DELETE {MAPS}/a"]


async def test_custom_objects_no_longer_exist_when_other_objects_are_deleted(
    server: ApplyServer, client: Clientset
) -> None:
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backups.example.com"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "backups.example.com"},
    }
    server.objects[crd] = definition
    last = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.x"}}
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    server.responses = {
        f"DELETE {path}/v1.x": [ScriptedResponse.of({**last, "metadata": {"name": "v1.x", "uid": "u1"}})],
        f"GET {path}": [listed(), watch_response(3600.0)],
    }
    await client.delete_manifests([definition, config_map("a"), last])
    deletions = [line for line in server.lines if line.startswith("DELETE")]
    assert server.lines.index(f"GET {path}") < server.lines.index(f"DELETE {MAPS}/a")
    assert deletions[-1] == f"DELETE {crd}"


async def test_stop_skips_what_follows_a_failure(server: ApplyServer, client: Clientset) -> None:
    server.responses[f"DELETE {MAPS}/b"] = [error_status(403, "Forbidden", "no")]
    report = await client.delete_manifests([*map(config_map, "abc")], on_error="stop")
    assert [each.outcome for each in report] == ["deleted", "failed", "skipped"]


async def test_objects_that_were_read_from_a_server_can_be_deleted(server: ApplyServer, client: Clientset) -> None:
    read = await client.core_v1.config_maps("shop").get("a")
    assert (await client.delete_manifests([read])).failed == []


def terminating_one(api_version: str, kind: str, name: str, uid: str) -> ScriptedResponse:
    metadata = {"name": name, "namespace": "shop", "uid": uid, "deletionTimestamp": "2026-01-01T00:00:00Z"}
    return ScriptedResponse.of({"apiVersion": api_version, "kind": kind, "metadata": metadata})


async def test_an_object_that_stays_takes_no_time_from_other_kinds_and_stages() -> None:
    secrets, server = "/api/v1/namespaces/shop/secrets", ApplyServer()
    server.responses = {
        f"DELETE {MAPS}/a": [terminating()],
        f"DELETE {secrets}/s": [terminating_one("v1", "Secret", "s", "u2")],
        "DELETE /api/v1/namespaces/shop": [terminating_one("v1", "Namespace", "shop", "u3")],
        f"GET {MAPS}": [listed(stored("a", "u1", 1)), watch_response(3600.0)],
        f"GET {secrets}": [listed()],
        "GET /api/v1/namespaces": [listed()],
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    report = await clientset(server.respond)[0].delete_manifests([namespace, secret, config_map()], timeout=5)
    assert {str(each).partition(":")[0] for each in report} == {
        "configmap/a failed",
        "secret/s deleted",
        "namespace/shop deleted",
    }
    assert elapsed() == 5


async def test_an_object_that_stays_does_not_fail_one_of_the_same_kind_and_name_in_another_group() -> None:
    core, other = "/api/v1/namespaces/shop/events", "/apis/events.k8s.io/v1/namespaces/shop/events"
    server = ApplyServer()
    server.responses = {
        f"DELETE {core}/a": [terminating_one("v1", "Event", "a", "u1")],
        f"DELETE {other}/a": [terminating_one("events.k8s.io/v1", "Event", "a", "u2")],
        f"GET {core}": [listed(stored("a", "u1", 1)), watch_response(3600.0)],
        f"GET {other}": [listed()],
    }
    events = [{**config_map(), "apiVersion": version, "kind": "Event"} for version in ("v1", "events.k8s.io/v1")]
    report = await clientset(server.respond)[0].delete_manifests(events, timeout=5)
    assert {each.api_version: each.outcome for each in report} == {"v1": "failed", "events.k8s.io/v1": "deleted"}


@pytest.mark.parametrize("timeout", [-1.0, float("nan")])
async def test_a_timeout_that_is_none_is_refused_before_anything_is_sent(
    server: ApplyServer, client: Clientset, timeout: float
) -> None:
    with pytest.raises(ValueError, match="expected a timeout of 0 or more seconds"):
        await client.delete_manifests([config_map()], timeout=timeout)
    with pytest.raises(ValueError, match="expected a timeout of 0 or more seconds"):
        await client.apply_manifests([config_map()], field_manager="me", timeout=timeout)
    unchecked: Any = client
    with pytest.raises(TypeError, match="expected a timeout in seconds, got NoneType"):
        await unchecked.delete_manifests([config_map()], timeout=None)
    assert server.lines == []


async def test_an_infinite_timeout_is_no_limit(server: ApplyServer, client: Clientset) -> None:
    server.responses = {
        f"DELETE {MAPS}/a": [terminating()],
        f"GET {MAPS}": [
            listed(stored("a", "u1", 1)),
            watch_response(5.0, event("DELETED", stored("a", "u1", 2))),
        ],
    }
    report = await client.delete_manifests([config_map()], timeout=float("inf"))
    assert [each.outcome for each in report] == ["deleted"]
