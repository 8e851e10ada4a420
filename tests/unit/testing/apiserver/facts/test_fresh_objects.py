"""The objects of a fresh server."""

from __future__ import annotations

import json
from typing import Any

from kubeloop.testing.apiserver.facts.fresh_objects import fresh_objects
from kubeloop.testing.apiserver.facts.recorded_server import resources

TIME = "2026-11-29T08:00:00Z"
OBJECTS = fresh_objects(time=TIME, port=6443, authority="PEM")


def named(kind: str, name: str, objects: list[dict[str, Any]] = OBJECTS) -> dict[str, Any]:
    (found,) = (item for item in objects if (item["kind"], item["metadata"]["name"]) == (kind, name))
    return found


def test_the_namespaces_come_first_and_every_object_follows_its_own() -> None:
    seen = []
    for item in OBJECTS:
        if item["kind"] == "Namespace":
            seen.append(item["metadata"]["name"])
        assert item["metadata"].get("namespace") in (None, *seen)
    assert seen == ["default", "kube-node-lease", "kube-public", "kube-system"]


def test_every_object_is_of_a_resource_that_is_served_and_has_its_scope() -> None:
    served = {(one.api_version, one.kind): one for one in resources() if one.stored_as}
    for item in OBJECTS:
        assert served[item["apiVersion"], item["kind"]].namespaced == ("namespace" in item["metadata"])


def test_no_object_is_there_twice() -> None:
    keys = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in OBJECTS]
    assert len(keys) == len(set(keys)) > 190


def test_no_object_has_what_the_server_sets() -> None:
    for item in OBJECTS:
        assert not {"uid", "resourceVersion", "creationTimestamp", "managedFields"} & set(item["metadata"])
    assert "$" not in json.dumps(OBJECTS)


def test_times_the_port_and_the_authority_are_those_of_the_start() -> None:
    assert named("Service", "kubernetes")["spec"]["ports"][0]["targetPort"] == 6443
    assert named("ServiceCIDR", "kubernetes")["status"]["conditions"][0]["lastTransitionTime"] == TIME
    assert named("ConfigMap", "kube-apiserver-legacy-service-account-token-tracking")["data"] == {"since": TIME[:10]}
    assert named("ConfigMap", "extension-apiserver-authentication")["data"] == {"client-ca-file": "PEM"}


def test_a_server_without_client_certificates_publishes_no_authority() -> None:
    objects = fresh_objects(time=TIME, port=1)
    assert named("ConfigMap", "extension-apiserver-authentication", objects)["data"] == {}


def test_the_caller_owns_the_objects() -> None:
    fresh_objects(time=TIME, port=1)[0]["metadata"].clear()
    assert fresh_objects(time=TIME, port=1)[0]["metadata"]["name"] == "default"


def test_the_kinds_are_those_of_a_real_server() -> None:
    kinds = {item["kind"] for item in OBJECTS}
    expected = "Namespace Service ConfigMap PriorityClass ClusterRole ClusterRoleBinding Role RoleBinding FlowSchema"
    assert kinds == {*expected.split(), "PriorityLevelConfiguration", "ServiceCIDR", "IPAddress", "APIService"}
