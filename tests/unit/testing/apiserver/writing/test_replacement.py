"""Updating objects."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import APIError, BadRequest, Conflict, Invalid, NotFound
from kubeloop.testing.apiserver.writing.deletion import delete_object
from kubeloop.testing.apiserver.writing.replacement import Replacement, replace_object
from kubeloop.testing.apiserver.writing.writer import Writer
from kubeloop.wire.parse_options import DeleteOptions
from tests.support.served_kinds import CONFIG_MAPS, DEPLOYMENTS, LEASES, NAMESPACES, PODS, create, read, state, writer


def put(to: Writer, resource: Any, document: dict[str, Any], *, subresource: str = "", uid: str = "") -> Replacement:
    namespace = "default" if resource.namespaced else ""
    name = document["metadata"]["name"]
    return replace_object(to, resource, namespace, name, lambda _: document, subresource=subresource, uid=uid)


def config_map(to: Writer, **metadata: Any) -> dict[str, Any]:
    return create(to, CONFIG_MAPS, {"metadata": {"name": "a", **metadata}, "data": {"k": "1"}})


def test_an_update_replaces_the_object_and_has_a_new_revision() -> None:
    to = writer()
    old = config_map(to)

    result = put(to, CONFIG_MAPS, {**old, "data": {"k": "2"}})

    found = read(to, CONFIG_MAPS, "a")
    assert found is not None
    assert found["data"] == {"k": "2"}
    assert found["metadata"]["uid"] == old["metadata"]["uid"]
    assert int(found["metadata"]["resourceVersion"]) == to.storage.revision == result.stored.revision


def test_an_update_that_changes_nothing_writes_nothing() -> None:
    to = writer()
    old = config_map(to)
    before = to.storage.revision

    result = put(to, CONFIG_MAPS, {**old, "binaryData": None})

    assert to.storage.revision == before
    assert state(result.stored) == old


def test_a_dry_run_changes_nothing_and_keeps_the_resource_version() -> None:
    to = writer()
    old = config_map(to)

    result = put(writer(to.storage, dry_run=True), CONFIG_MAPS, {**old, "data": {"k": "2"}})

    assert state(result.stored) == {**old, "data": {"k": "2"}}
    assert read(to, CONFIG_MAPS, "a") == old


def test_another_resource_version_is_a_conflict() -> None:
    to = writer()
    old = config_map(to)
    put(to, CONFIG_MAPS, {**old, "data": {"k": "2"}})

    with pytest.raises(Conflict) as raised:
        put(to, CONFIG_MAPS, {**old, "data": {"k": "3"}})

    assert raised.value.status.message == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


def test_an_update_without_a_resource_version_is_unconditional_where_the_resource_allows_it() -> None:
    to = writer()
    config_map(to)
    create(to, LEASES, {"metadata": {"name": "a"}})

    put(to, CONFIG_MAPS, {"metadata": {"name": "a"}, "data": {"k": "3"}})
    with pytest.raises(Invalid) as raised:
        put(to, LEASES, {"metadata": {"name": "a"}})

    assert [cause.field for cause in raised.value.causes] == ["metadata.resourceVersion"]
    assert (raised.value.status.kind, raised.value.status.group) == ("leases", "coordination.k8s.io")


def test_a_resource_version_must_be_a_number() -> None:
    to = writer()
    config_map(to)

    with pytest.raises(APIError, match='parsing "x"') as raised:
        put(to, CONFIG_MAPS, {"metadata": {"name": "a", "resourceVersion": "x"}})

    assert raised.value.code == 500


def test_a_missing_object_is_created_only_where_the_resource_allows_it() -> None:
    to = writer()

    created = put(to, LEASES, {"metadata": {"name": "a", "resourceVersion": "7"}, "spec": {"holderIdentity": "me"}})
    with pytest.raises(NotFound) as raised:
        put(to, CONFIG_MAPS, {"metadata": {"name": "a"}})

    assert created.is_new
    assert read(to, LEASES, "a")
    assert raised.value.status.message == 'configmaps "a" not found'


def test_another_uid_is_a_conflict() -> None:
    to = writer()
    old = config_map(to)

    with pytest.raises(Conflict, match="UID in precondition: other"):
        put(to, CONFIG_MAPS, old, uid="other")
    with pytest.raises(Conflict, match="UID in precondition: other"):
        put(to, LEASES, {"metadata": {"name": "a"}}, uid="other")


def test_immutable_metadata_is_refused() -> None:
    to = writer()
    old = config_map(to)

    with pytest.raises(Invalid) as raised:
        put(to, CONFIG_MAPS, {**old, "metadata": {**old["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})

    assert [cause.field for cause in raised.value.causes] == ["metadata.deletionTimestamp"]


def test_another_namespace_is_refused() -> None:
    to = writer()
    config_map(to)

    with pytest.raises(BadRequest):
        put(to, CONFIG_MAPS, {"metadata": {"name": "a", "namespace": "other"}})


def test_an_update_of_the_status_changes_nothing_else() -> None:
    to = writer()
    old = create(to, DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": {"replicas": 1}})

    put(to, DEPLOYMENTS, {**old, "spec": {"replicas": 5}, "status": {"replicas": 1}}, subresource="status")

    found = read(to, DEPLOYMENTS, "a")
    assert found is not None
    assert found["spec"] == {"replicas": 1}
    assert found["status"] == {"replicas": 1}
    assert found["metadata"]["generation"] == 1


def test_the_removal_of_the_last_finalizer_deletes_an_object_whose_deletion_has_begun() -> None:
    to = writer()
    config_map(to, finalizers=["x/y", "x/z"])
    delete_object(to, CONFIG_MAPS, "default", "a", DeleteOptions())
    marked = read(to, CONFIG_MAPS, "a")
    assert marked is not None

    first = put(to, CONFIG_MAPS, {**marked, "metadata": {**marked["metadata"], "finalizers": ["x/z"]}})
    marked = state(first.stored)
    assert not first.is_deleted
    last = put(to, CONFIG_MAPS, {**marked, "metadata": {**marked["metadata"], "finalizers": []}})

    assert last.is_deleted
    assert "finalizers" not in state(last.stored)["metadata"]
    assert read(to, CONFIG_MAPS, "a") is None


def test_a_pod_in_its_grace_period_is_not_deleted_by_an_update() -> None:
    to = writer()
    create(to, PODS, {"metadata": {"name": "a"}, "spec": {"nodeName": "n", "terminationGracePeriodSeconds": 30}})
    delete_object(to, PODS, "default", "a", DeleteOptions())
    marked = read(to, PODS, "a")
    assert marked is not None

    result = put(to, PODS, {**marked, "metadata": {**marked["metadata"], "labels": {"a": "b"}}})

    assert not result.is_deleted
    assert read(to, PODS, "a")


def test_a_namespace_is_gone_when_both_kinds_of_finalizers_are() -> None:
    to = writer()
    create(to, NAMESPACES, {"metadata": {"name": "other"}})
    delete_object(to, NAMESPACES, "", "other", DeleteOptions())
    marked = read(to, NAMESPACES, "other")
    assert marked is not None

    waiting = put(to, NAMESPACES, {**marked, "metadata": {**marked["metadata"], "labels": {"a": "b"}}})
    gone = put(to, NAMESPACES, {**state(waiting.stored), "spec": {"finalizers": []}}, subresource="finalize")

    assert not waiting.is_deleted
    assert gone.is_deleted
    assert read(to, NAMESPACES, "other") is None
