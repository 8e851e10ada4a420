"""Objects of a real server: each is written back as exactly the JSON value that the server wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import kubeloop
from kubeloop import Scheme
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects
from tests.support.real_clientset import config_of
from tests.support.servers import is_python_server

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
    async with kubeloop.RESTClient(config_of(kubeconfig)) as rest:
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


async def test_every_object_of_a_server_is_the_same_value_in_protobuf(kubeconfig: Path, namespace: str) -> None:
    """Each is read in both formats, and a few of each resource are sent back: the server finds no change."""
    seen: set[str] = set()
    written: set[str] = set()
    config = config_of(kubeconfig).replace(content_type="protobuf")
    async with kubeloop.RESTClient(config) as rest:
        for path, body in objects(namespace).items():
            await rest.post(path, body=body, into=bytes)
        for group_version, resource in await resources(rest):
            prefix = f"/api/{group_version}" if group_version == "v1" else f"/apis/{group_version}"
            path, kind = f"{prefix}/{resource['name']}", f"{group_version} {resource['kind']}"
            cls, one = (SCHEME.lookup(group_version, resource["kind"] + suffix) for suffix in ("List", ""))
            assert cls is not None, kind
            assert one is not None, kind
            accept = rest.serializers.accept(cls)
            as_json: Any = await rest.get(path, headers={"Accept": "application/json"}, into=cls)
            result = await rest.send(rest.new_request("GET", path).with_header("Accept", accept), is_list=True)
            assert result.headers["content-type"] == accept.partition(",")[0], kind
            as_protobuf: Any = result.read(cls)
            versions = {item.metadata.uid: item for item in as_protobuf.items}
            for number, item in enumerate(as_json.items):
                other = versions.get(item.metadata.uid)
                version = item.metadata.resource_version
                if not version or other is None or other.metadata.resource_version != version:
                    continue  # is computed, or has changed
                assert other == item, kind
                seen.add(kind)
                if number < 3 and "update" in resource["verbs"] and not item.metadata.deletion_timestamp:
                    inside = f"namespaces/{item.metadata.namespace}/" if resource["namespaced"] else ""
                    place = f"{prefix}/{inside}{resource['name']}/{quote(item.metadata.name)}"
                    try:
                        stored: Any = await rest.put(place, body=item, into=one, params={"dryRun": "All"})
                    except kubeloop.APIError as error:
                        if error.code == 409 or (error.code == 501 and is_python_server()):
                            continue  # has changed, or is what the server in Python refuses, such as an APIService
                        raise
                    assert without_bookkeeping(stored) == without_bookkeeping(item), kind
                    written.add(kind)
    expected = {
        "apps/v1 StatefulSet",
        "v1 Pod",
        "v1 Secret",
        "rbac.authorization.k8s.io/v1 ClusterRole",
        "v1 Namespace",
    }
    assert expected <= seen
    assert expected <= written


def without_bookkeeping(obj: kubeloop.Kind) -> kubeloop.Kind:
    """Return an object without what the server notes of a write that changes nothing else."""
    data = obj.to_dict()
    for name in ("managedFields", "resourceVersion"):
        data["metadata"].pop(name, None)
    return type(obj).from_dict(data)


async def resources(rest: kubeloop.RESTClient) -> list[tuple[str, dict[str, Any]]]:
    """Return every resource that can be listed and that has a model."""
    groups = json.loads(await rest.get("/apis", into=bytes))["groups"]
    versions = ["v1", *(version["groupVersion"] for group in groups for version in group["versions"])]
    found: list[tuple[str, dict[str, Any]]] = []
    for version in versions:
        path = "/api/v1" if version == "v1" else f"/apis/{version}"
        try:
            offered = json.loads(await rest.get(path, into=bytes))["resources"]
        except kubeloop.NotFound:
            continue  # custom resources of another test, which are being removed
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
