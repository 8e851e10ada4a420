"""Objects of a real server: each is written back as exactly the JSON value that the server wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import kubeloop
from kubeloop import Scheme
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects

SCHEME = Scheme()
SELECTOR = {"matchLabels": {"app": "web"}}
POD = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def objects(namespace: str) -> dict[str, dict[str, Any]]:
    """Return the objects to create, by their collection's path: fields that Go writes as null, and embedded kinds."""
    meta = {"metadata": {"name": "odd"}}
    inside = f"namespaces/{namespace}"
    stateful = {"selector": SELECTOR, "template": POD, "serviceName": "", "volumeClaimTemplates": [CLAIM]}
    return {
        f"/apis/apps/v1/{inside}/statefulsets": {**meta, "spec": stateful},
        f"/apis/discovery.k8s.io/v1/{inside}/endpointslices": {**meta, "addressType": "IPv4", "endpoints": None},
        "/apis/rbac.authorization.k8s.io/v1/clusterroles": {"metadata": {"name": f"odd-{namespace}"}, "rules": None},
        f"/apis/policy/v1/{inside}/poddisruptionbudgets": {**meta, "spec": {"minAvailable": 1, "selector": SELECTOR}},
        f"/api/v1/{inside}/pods": {**meta, **POD, "metadata": {"name": "odd", "labels": {"app": "web"}}},
        f"/api/v1/{inside}/secrets": {**meta, "data": {"a": "aGVsbG8="}},
        f"/apis/coordination.k8s.io/v1/{inside}/leases": {
            **meta,
            "spec": {"holderIdentity": "me", "renewTime": "2026-01-01T00:00:00.000000Z"},
        },
        f"/apis/events.k8s.io/v1/{inside}/events": {
            **meta,
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "regarding": {"kind": "Pod", "name": "odd", "namespace": namespace},
            "reportingController": "test.io/x",
            "reportingInstance": "i",
            "action": "Tested",
            "reason": "Test",
            "type": "Normal",
        },
    }


async def test_every_object_of_a_server_round_trips_to_the_same_value(kubeconfig: Path, namespace: str) -> None:
    wrong: list[str] = []
    seen: set[str] = set()
    async with kubeloop.RESTClient(kubeloop.load_config(str(kubeconfig))) as rest:
        for path, body in objects(namespace).items():
            created = json.loads(await rest.post(path, body=body, into=bytes))
            compare(created, created["apiVersion"], created["kind"], wrong)
        for group_version, resource in await resources(rest):
            prefix = f"/api/{group_version}" if group_version == "v1" else f"/apis/{group_version}"
            listing = json.loads(await rest.get(f"{prefix}/{resource['name']}", into=bytes))
            cls = SCHEME.lookup(listing["apiVersion"], listing["kind"])
            assert cls is not None, (group_version, resource)
            typed: Any = json_objects.decode_list(json.dumps(listing).encode(), cls)
            assert dict(typed.unreadable) == {}
            assert json.loads(documents.encode(typed)) == listing, group_version
            for item in listing["items"] or []:
                seen.add(f"{group_version} {resource['kind']}")
                compare(item, group_version, resource["kind"], wrong)
    assert wrong == []
    expected = ["apps/v1 StatefulSet", "v1 Pod", "rbac.authorization.k8s.io/v1 ClusterRole", "v1 Event"]
    assert set(expected) <= seen


async def resources(rest: kubeloop.RESTClient) -> list[tuple[str, dict[str, Any]]]:
    """Return every resource that can be listed and that has a model."""
    groups = json.loads(await rest.get("/apis", into=bytes))["groups"]
    versions = ["v1", *(version["groupVersion"] for group in groups for version in group["versions"])]
    found: list[tuple[str, dict[str, Any]]] = []
    for version in versions:
        path = "/api/v1" if version == "v1" else f"/apis/{version}"
        offered = json.loads(await rest.get(path, into=bytes))["resources"]
        found += [(version, one) for one in offered if "list" in one["verbs"] and SCHEME.lookup(version, one["kind"])]
    return found


def compare(value: dict[str, Any], api_version: str, kind: str, wrong: list[str]) -> None:
    cls = SCHEME.lookup(api_version, kind)
    assert cls is not None, (api_version, kind)
    obj = json_objects.decode_into(json.dumps(value).encode(), cls)
    expected = {"apiVersion": api_version, "kind": kind, **value}
    if json.loads(documents.encode(obj)) != expected or cls.from_dict(obj.to_dict()) != obj:
        wrong.append(
            f"{api_version} {kind} {value['metadata']['name']}: {json.loads(documents.encode(obj))} != {expected}"
        )
